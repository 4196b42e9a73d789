package hybrid

import (
	"context"
	"encoding/json"
)

// digitalRequest is what a browser asks of a wallet, as far as it takes to refuse it (CTAP 2.3 §11.5.1.3, type 3).
type digitalRequest struct {
	Origin  string `json:"origin"`
	Type    string `json:"requestType"`
	Request struct {
		Digital *struct {
			Requests []struct {
				Protocol string `json:"protocol"`
			} `json:"requests"`
		} `json:"digital"`
	} `json:"request"`
}

// digitalRefusal is the answer of a person who has nothing to show. The browser's page learns no more than that
// nothing came of it.
const digitalRefusal = `{"response":{"digital":{"error":"USER_CANCELED"}}}`

// parseDigitalRequest fails with a *ProtocolError.
func parseDigitalRequest(payload []byte) (digitalRequest, error) {
	var r digitalRequest
	if err := json.Unmarshal(payload, &r); err != nil {
		return digitalRequest{}, &ProtocolError{Problem: "a JSON message cannot be read", Err: err}
	}
	if r.Origin == "" || r.Type == "" || r.Request.Digital == nil || len(r.Request.Digital.Requests) == 0 {
		return digitalRequest{}, &ProtocolError{Problem: "a JSON message is no request for digital credentials"}
	}
	return r, nil
}

// refuse answers a request for digital credentials.
func (s *service) refuse(ctx context.Context, payload []byte) error {
	if _, err := parseDigitalRequest(payload); err != nil {
		return err
	}
	return s.transmit(ctx, typeJSON, []byte(digitalRefusal), frameLie{})
}
