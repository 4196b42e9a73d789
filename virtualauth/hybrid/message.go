package hybrid

import (
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// messageType is the first byte of what a frame carries (CTAP 2.3 §11.5.1.3). Only the post-handshake message has none.
type messageType byte

// The types.
const (
	typeShutdown messageType = 0 // from the client: it will ask no more
	typeCTAP     messageType = 1 // command ‖ CBOR, or status ‖ CBOR
	typeUpdate   messageType = 2 // from the phone: a CBOR map, of which links are all there is
	typeJSON     messageType = 3 // a request for digital credentials, or its answer
)

// typeNames is never written after the program has started.
var typeNames = map[messageType]string{typeShutdown: "shutdown", typeCTAP: "CTAP", typeUpdate: "update", typeJSON: "JSON"}

// String names the type.
func (t messageType) String() string {
	if name, known := typeNames[t]; known {
		return name
	}
	return fmt.Sprintf("unknown type %d", byte(t))
}

// Feature is what a phone can do in a tunnel (CTAP 2.3 §11.5.1.3).
type Feature string

// The features. A phone that names none has FeatureCTAP.
const (
	FeatureCTAP    Feature = "ctap"
	FeatureDigital Feature = "dc"
)

// postHandshake is the phone's first message, a CBOR map (CTAP 2.3 §11.5.1.3).
type postHandshake struct {
	// Info is the answer to authenticatorGetInfo, without its status byte.
	Info     ctap2.Bytes `cbor:"1,keyasint,omitempty"`
	Link     *wireLink   `cbor:"2,keyasint,omitempty"`
	Features []Feature   `cbor:"3,keyasint,omitempty"`
}

// parsePostHandshake reads it as a client must: keys that it does not know are ignored. It fails with a *ProtocolError.
func parsePostHandshake(message []byte) (postHandshake, error) {
	var p postHandshake
	if err := ctap2.Unmarshal(message, &p); err != nil {
		return postHandshake{}, &ProtocolError{Problem: "the post-handshake message is not its map", Err: err}
	}
	if p.Features == nil {
		p.Features = []Feature{FeatureCTAP}
	}
	offersCTAP := false
	for _, f := range p.Features {
		offersCTAP = offersCTAP || f == FeatureCTAP
	}
	switch {
	case offersCTAP && len(p.Info) == 0:
		return postHandshake{}, &ProtocolError{Problem: "the phone offers CTAP without getInfo in the post-handshake message"}
	case !offersCTAP && p.Info != nil:
		return postHandshake{}, &ProtocolError{Problem: "the phone sends getInfo and does not offer CTAP"}
	case offersCTAP:
		var info ctap2.GetInfoResponse
		if err := ctap2.Unmarshal(p.Info, &info); err != nil {
			return postHandshake{}, &ProtocolError{Problem: "getInfo in the post-handshake message cannot be read", Err: err}
		}
	}
	return p, nil
}

// splitMessage takes the type off what a frame carries.
func splitMessage(message []byte) (messageType, []byte, error) {
	if len(message) == 0 {
		return 0, nil, &ProtocolError{Problem: "a frame has no message type"}
	}
	return messageType(message[0]), message[1:], nil
}
