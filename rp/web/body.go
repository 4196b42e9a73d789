package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
)

// readBody reads a JSON body as it is. That it must be announced as JSON keeps plain forms of other sites out.
func (v *visit) readBody() ([]byte, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, badRequest(fmt.Errorf("content type is %q; send application/json", v.r.Header.Get("Content-Type")))
	}
	if v.r.ContentLength > maxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(v.r.Body)
	if err != nil {
		return nil, badRequest(err)
	}
	return body, nil
}

// readJSON reads a JSON object into a struct: unknown members, a second value or none at all are errors.
func (v *visit) readJSON(into any) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	if err := decodeStrictly(body, into); err != nil {
		return badRequest(err)
	}
	return nil
}

func decodeStrictly(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
