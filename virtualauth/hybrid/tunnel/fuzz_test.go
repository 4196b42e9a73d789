package tunnel

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// FuzzRequest decodes the paths and payloads of strangers: each is understood, such that it means the same when written
// again, or refused by a status and a sentence.
func FuzzRequest(f *testing.F) {
	const id = "00112233445566778899aabbccddeeff"
	for _, path := range []string{
		"/cable/new/" + id, "/cable/connect/A1B2C3/" + strings.ToUpper(id), "/cable/contact/cGhvbmUtb2YtTWlh", "/cable/listen/cGhvbmU",
		"/", "/cable/", "/cable/new", "/cable/new//", "/cable/connect//", "/cable/listen/AA==", "/cable/new/" + id + "?", "/cable/listen/A\nA",
	} {
		f.Add(path, "a201582001")
	}
	f.Add("/cable/contact/AAAA", "0")
	f.Fuzz(func(t *testing.T, path, header string) {
		r, err := parsePath(path)
		refused(t, err)
		if err == nil {
			again, err := parsePath(written(r))
			if err != nil || again != r {
				t.Errorf("%q is %+v, and written again %+v, %v", path, r, again, err)
			}
			if r.op == opContact || r.op == opListen {
				if n := len(r.contact); n == 0 || n > maxContactID {
					t.Errorf("%q has a contact id of %d bytes", path, n)
				}
			}
		}
		payload, err := parsePayload([]string{header})
		refused(t, err)
		if err == nil && (!strings.EqualFold(fmt.Sprintf("%x", payload), header) || len(payload) == 0 || len(payload) > maxPayload) {
			t.Errorf("%q is %x", header, payload)
		}
	})
}

// written is the path of a request.
func written(r request) string {
	return map[operation]string{
		opNew:     "/cable/new/" + r.tunnel.String(),
		opConnect: "/cable/connect/" + r.routing.String() + "/" + r.tunnel.String(),
		opContact: "/cable/contact/" + base64.RawURLEncoding.EncodeToString([]byte(r.contact)),
		opListen:  "/cable/listen/" + base64.RawURLEncoding.EncodeToString([]byte(r.contact)),
	}[r.op]
}

// refused checks that an error is one that a client can be told.
func refused(t *testing.T, err error) {
	if err == nil {
		return
	}
	var r *refusal
	if !errors.As(err, &r) || r.text == "" || r.status != http.StatusBadRequest && r.status != http.StatusNotFound {
		t.Errorf("the error is %#v", err)
	}
}
