package client

import (
	"context"
	"fmt"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

func TestPieces(t *testing.T) {
	ids := func(count, length int) (list []ctap2.Descriptor) {
		for range count {
			list = append(list, ctap2.Descriptor{ID: make([]byte, length), Type: ctap2.PublicKey})
		}
		return list
	}
	for name, c := range map[string]struct {
		entries, message uint // maxCredentialCountInList, maxMsgSize
		list             []ctap2.Descriptor
		want             string
	}{
		"nothing":                          {8, 4096, nil, "[]"},
		"all at once":                      {8, 4096, ids(8, 32), "[8]"},
		"one more":                         {8, 4096, ids(9, 32), "[8 1]"},
		"a device that does not tell":      {0, 4096, ids(3, 32), "[1 1 1]"},
		"too large for a message":          {20, 1024, ids(10, 150), "[3 3 3 1]"},
		"a message whose size is not told": {20, 0, ids(10, 150), "[3 3 3 1]"},
		"larger than any message":          {20, 1024, ids(2, 1023), "[1 1]"},
	} {
		d := &device{info: &ctap2.GetInfoResponse{MaxCredentialsInList: c.entries, MaxMessageSize: c.message}}
		sizes := []int{}
		for _, piece := range d.pieces(silent{rpID: "example.org", list: c.list}) {
			sizes = append(sizes, len(piece))
		}
		if got := fmt.Sprint(sizes); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// What else the request holds leaves less room.
	d := &device{info: &ctap2.GetInfoResponse{MaxCredentialsInList: 20, MaxMessageSize: 1024}}
	full := &ctap2.GetAssertionRequest{RPID: "example.org", ClientDataHash: make([]byte, 400)}
	if got := d.pieces(silent{rpID: "example.org", list: ids(4, 150), request: full}); len(got) != 4 {
		t.Errorf("%d pieces", len(got))
	}
}

// terse answers silent questions as it may: the credential is left out when the list had one entry.
type terse struct{ knows byte }

func (d terse) Exchange(_ context.Context, request []byte) ([]byte, error) {
	var r ctap2.GetAssertionRequest
	if err := ctap2.Unmarshal(request[1:], &r); err != nil {
		return nil, err
	}
	for _, entry := range r.AllowList {
		if entry.ID[0] != d.knows {
			continue
		}
		answer := ctap2.GetAssertionResponse{AuthData: make([]byte, 37), Signature: []byte{1}}
		if len(r.AllowList) > 1 {
			answer.Credential = entry
		}
		body, err := ctap2.Marshal(answer)
		return append([]byte{0}, body...), err
	}
	return []byte{byte(ctap2.InvalidCredential)}, nil
}

func TestTerseAnswers(t *testing.T) {
	list := []ctap2.Descriptor{{ID: []byte{1}, Type: ctap2.PublicKey}, {ID: []byte{2}, Type: ctap2.PublicKey}, {ID: []byte{3}, Type: ctap2.PublicKey}}
	for _, c := range []struct {
		entries uint
		knows   byte
		want    string
	}{{1, 3, "[3]"}, {2, 2, "[2]"}, {2, 1, "[1]"}, {2, 3, "[3]"}, {2, 9, "[]"}} {
		cl := &Client{Device: terse{c.knows}}
		d := &device{info: &ctap2.GetInfoResponse{MaxCredentialsInList: c.entries, MaxMessageSize: 4096}}
		found, err := cl.known(t.Context(), d, silent{rpID: "example.org", list: list})
		ids := []byte{}
		for _, entry := range found {
			ids = append(ids, entry.ID...)
		}
		if got := fmt.Sprint(ids); err != nil || got != c.want {
			t.Errorf("%d entries at once, it knows %d: %s, %v", c.entries, c.knows, got, err)
		}
	}
}
