package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// blobs is a device with a large-blob array, a client of it, and one credential.
func blobs(t *testing.T) (*extended, *client.Client, credential) {
	t.Helper()
	device := newExtended(t, authenticator(roaming()), "largeBlobKey")
	device.options["largeBlobs"] = true
	device.blobKey = bytes.Repeat([]byte{7}, 32)
	c := &client.Client{Origin: origin, Device: device}
	made := create(t, c, extensions(options{"largeBlob": options{"support": "required"}}))
	if got := made.outputs(t); got != `{"largeBlob":{"supported":true}}` {
		t.Fatalf("outputs %s", got)
	}
	return device, c, made
}

func (c credential) writes(blob []byte) options {
	return assertion().with("allowCredentials", []options{{"type": "public-key", "id": c.ID}}).
		with("extensions", options{"largeBlob": options{"write": b64(blob)}})
}

var reads = options{"largeBlob": options{"read": true}}

func sum16(data []byte) []byte { sum := sha256.Sum256(data); return sum[:16] }

// entries takes the array apart, which must end with its checksum.
func (e *extended) entries(t *testing.T) (list []map[int]any) {
	t.Helper()
	end := len(e.array) - 16
	if end < 0 || !bytes.Equal(sum16(e.array[:end]), e.array[end:]) {
		t.Fatalf("the array %x has a wrong checksum", e.array)
	}
	if err := cbor.Unmarshal(e.array[:end], &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (e *extended) setEntries(list ...any) {
	e.t.Helper()
	encoded := e.encode(list)
	e.array = append(encoded, sum16(encoded)...)
}

func TestLargeBlobArray(t *testing.T) {
	device, c, made := blobs(t)
	if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != `{"largeBlob":{}}` {
		t.Errorf("nothing was written, read %s", got)
	}
	// Entries that are another credential's, or no entries at all, stay as they are.
	device.setEntries(map[int]any{1: make([]byte, 40), 2: make([]byte, 12), 3: 9}, "garbage")
	blob := bytes.Repeat([]byte("large blob "), 20)
	if got := get(t, c, made.writes(blob)).outputs(t); got != `{"largeBlob":{"written":true}}` {
		t.Fatalf("write %s", got)
	}
	if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != fmt.Sprintf(`{"largeBlob":{"blob":%q}}`, b64(blob)) {
		t.Errorf("read %s", got)
	}
	if bytes.Contains(device.array, []byte("garbage")) == false || bytes.Contains(device.array, []byte("large blob")) {
		t.Errorf("the array is %q", device.array)
	}
	// A second blob takes the first one's place, also an empty one.
	for _, second := range [][]byte{[]byte("second"), {}} {
		if got := get(t, c, made.writes(second)).outputs(t); got != `{"largeBlob":{"written":true}}` {
			t.Fatalf("write %s", got)
		}
		if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != fmt.Sprintf(`{"largeBlob":{"blob":%q}}`, b64(second)) {
			t.Errorf("read %s", got)
		}
	}
	var raw []cbor.RawMessage
	if err := cbor.Unmarshal(device.array[:len(device.array)-16], &raw); err != nil || len(raw) != 3 {
		t.Errorf("%d entries, %v", len(raw), err)
	}
	// Another key finds nothing.
	device.blobKey = bytes.Repeat([]byte{8}, 32)
	if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != `{"largeBlob":{}}` {
		t.Errorf("another credential read %s", got)
	}
}

func TestEntriesAreAsSpecified(t *testing.T) {
	device, c, made := blobs(t)
	get(t, c, made.writes(make([]byte, 1000)))
	list := device.entries(t)
	if len(list) != 1 || len(list[0]) != 3 {
		t.Fatalf("entries %v", list)
	}
	ciphertext, nonce, size := list[0][1].([]byte), list[0][2].([]byte), list[0][3].(uint64)
	if len(nonce) != 12 || size != 1000 || len(ciphertext) > 100 {
		t.Errorf("nonce of %d bytes, size %d, %d bytes of compressed zeros", len(nonce), size, len(ciphertext))
	}
}

func TestDamagedArrays(t *testing.T) {
	for name, damage := range map[string]func(*extended){
		"a wrong checksum": func(e *extended) { e.array[len(e.array)-1] ^= 1 },
		"too short":        func(e *extended) { e.array = e.array[:5] },
		"no array": func(e *extended) {
			body := e.encode(map[string]any{})
			e.array = append(body, sum16(body)...)
		},
		"another size":  func(e *extended) { e.respell(func(m map[int]any) { m[3] = 8 }) },
		"another nonce": func(e *extended) { e.respell(func(m map[int]any) { m[2].([]byte)[0] ^= 1 }) },
		"a short nonce": func(e *extended) { e.respell(func(m map[int]any) { m[2] = []byte{1} }) },
		"a huge size":   func(e *extended) { e.respell(func(m map[int]any) { m[3] = uint64(1) << 62 }) },
	} {
		t.Run(name, func(t *testing.T) {
			device, c, made := blobs(t)
			get(t, c, made.writes([]byte("blob")))
			damage(device)
			if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != `{"largeBlob":{}}` {
				t.Errorf("read %s", got)
			}
			if got := get(t, c, made.writes([]byte("anew"))).outputs(t); got != `{"largeBlob":{"written":true}}` {
				t.Errorf("write %s", got)
			}
			if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != `{"largeBlob":{"blob":"YW5ldw"}}` {
				t.Errorf("read %s", got)
			}
		})
	}
}

// respell edits the only entry.
func (e *extended) respell(edit func(map[int]any)) {
	entry := e.entries(e.t)[0]
	edit(entry)
	e.setEntries(entry)
}

// What does not compress travels in several pieces, and what does not fit is not written.
func TestLargeBlobsInPieces(t *testing.T) {
	device, c, made := blobs(t)
	device.room = 20000
	noise := make([]byte, 16000)
	rand.NewChaCha8([32]byte{}).Read(noise)
	if got := get(t, c, made.writes(noise)).outputs(t); got != `{"largeBlob":{"written":true}}` || device.pieces != 3 {
		t.Errorf("write %s in %d pieces", got, device.pieces)
	}
	if got := get(t, c, assertion().with("extensions", reads)); got.outputs(t) != fmt.Sprintf(`{"largeBlob":{"blob":%q}}`, b64(noise)) {
		t.Error("read something else")
	}
	before := slices.Clone(device.array)
	device.room = 15000
	if got := get(t, c, made.writes(append(noise, 1))).outputs(t); got != `{"largeBlob":{"written":false}}` || !bytes.Equal(device.array, before) {
		t.Errorf("write %s", got)
	}
}

// Devices that keep blobs by themselves get and give them in the assertion, compressed.
func TestLargeBlobByExtension(t *testing.T) {
	device := newExtended(t, authenticator(roaming()), "largeBlob")
	device.unsigned["largeBlob"] = ctap2.LargeBlobCreateOutput{Supported: true}
	c := &client.Client{Origin: origin, Device: device}
	made := create(t, c, extensions(options{"largeBlob": options{"support": "required"}}))
	if got := made.outputs(t); got != `{"largeBlob":{"supported":true}}` {
		t.Errorf("at creation %s", got)
	}
	device.unsigned["largeBlob"] = ctap2.LargeBlobGetOutput{Written: new(true)}
	if got := get(t, c, made.writes([]byte("blob blob blob blob"))).outputs(t); got != `{"largeBlob":{"written":true}}` {
		t.Errorf("write %s", got)
	}
	var in ctap2.LargeBlobGetInput
	device.decode(device.inputs["largeBlob"], &in)
	if in.OriginalSize == nil || *in.OriginalSize != 19 || in.Read != nil {
		t.Errorf("the device got %+v", in)
	}
	for name, out := range map[string]struct {
		output ctap2.LargeBlobGetOutput
		want   string
	}{
		"back":      {ctap2.LargeBlobGetOutput{Blob: in.Write, OriginalSize: in.OriginalSize}, `{"largeBlob":{"blob":"` + base64.RawURLEncoding.EncodeToString([]byte("blob blob blob blob")) + `"}}`},
		"nothing":   {ctap2.LargeBlobGetOutput{}, `{"largeBlob":{}}`},
		"no size":   {ctap2.LargeBlobGetOutput{Blob: in.Write}, `{"largeBlob":{}}`},
		"no blob":   {ctap2.LargeBlobGetOutput{OriginalSize: in.OriginalSize}, `{"largeBlob":{}}`},
		"damaged":   {ctap2.LargeBlobGetOutput{Blob: ctap2.Bytes{0xff}, OriginalSize: new(uint(9))}, `{"largeBlob":{}}`},
		"too large": {ctap2.LargeBlobGetOutput{Blob: in.Write, OriginalSize: new(uint(1 << 40))}, `{"largeBlob":{}}`},
		"shorter":   {ctap2.LargeBlobGetOutput{Blob: in.Write, OriginalSize: new(uint(20))}, `{"largeBlob":{}}`},
	} {
		device.unsigned["largeBlob"] = out.output
		if got := get(t, c, assertion().with("extensions", reads)).outputs(t); got != out.want {
			t.Errorf("%s: %s, want %s", name, got, out.want)
		}
	}
	device.unsigned["largeBlob"] = ctap2.LargeBlobGetOutput{Written: new(false)}
	if got := get(t, c, made.writes([]byte("blob"))).outputs(t); got != `{"largeBlob":{"written":false}}` {
		t.Errorf("write %s", got)
	}
}

// Writing needs a verified user where there is a way to verify, whatever the options say.
func TestWritingVerifies(t *testing.T) {
	_, c, made := blobs(t)
	if got := get(t, c, made.writes([]byte("x")).with("userVerification", "discouraged")); !got.verified(t) {
		t.Error("not verified")
	}
	if got := get(t, c, assertion().with("userVerification", "discouraged").with("extensions", reads)); got.verified(t) {
		t.Error("verified for reading")
	}
}
