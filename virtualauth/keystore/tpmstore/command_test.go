package tpmstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"
)

// recorder is a TPM that keeps the last command, and answers all with the same.
type recorder struct {
	link
	command, response []byte
}

func (r *recorder) Send(command []byte) ([]byte, error) {
	r.command = bytes.Clone(command)
	return r.response, nil
}

// The commands are those of go-tpm, byte for byte.
func TestTheCommandsOfAnAssertionAreEncodedLikeThoseOfGoTPM(t *testing.T) {
	tpm := &recorder{response: unhex(t, "8001 0000000a 00000101")} // TPM_RC_FAILURE
	name := tpm2.TPM2BName{Buffer: []byte{0, 0x0b, 1}}             // go-tpm wants one, and does not send it
	m := &machine{link: tpm, root: object{0x80000001, name}, current: object{0x80000002, name}}
	public := tpm2.New2B(recipes[-7].template)
	w := wrapped{public: public.Bytes(), private: bytes.Repeat([]byte{7}, 128)}
	digest := bytes.Repeat([]byte{9}, 32)
	for name, both := range map[string]struct{ own, theirs func() error }{
		"TPM2_FlushContext": {
			func() error { return m.flush(&object{handle: 0x80000003}) },
			func() error {
				_, err := tpm2.FlushContext{FlushHandle: tpm2.TPMHandle(0x80000003)}.Execute(tpm)
				return err
			},
		},
		"TPM2_Load": {
			func() error { return (&machine{link: tpm, root: m.root}).load(nil, w) },
			func() error {
				_, err := tpm2.Load{
					ParentHandle: m.root.auth(), InPrivate: tpm2.TPM2BPrivate{Buffer: w.private}, InPublic: public,
				}.Execute(tpm)
				return err
			},
		},
		"TPM2_Sign": {
			func() error { _, err := m.sign(digest); return err },
			func() error {
				_, err := tpm2.Sign{
					KeyHandle: m.current.auth(), Digest: tpm2.TPM2BDigest{Buffer: digest},
					Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck, Hierarchy: tpm2.TPMRHNull},
				}.Execute(tpm)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ownError := both.own()
			own := tpm.command
			if theirs := both.theirs(); !errors.Is(ownError, tpm2.TPMRCFailure) || !errors.Is(theirs, tpm2.TPMRCFailure) {
				t.Errorf("fails with %v, go-tpm with %v", ownError, theirs)
			}
			if !bytes.Equal(own, tpm.command) {
				t.Errorf("sends\n%x, go-tpm\n%x", own, tpm.command)
			}
		})
	}
}

// What the responses must not be, and the one of each command that is right.
func TestMalformedResponsesOfTheTPMAreErrors(t *testing.T) {
	sign := func(m *machine) error {
		m.current.handle = 0x80000002
		signature, err := m.sign(make([]byte, 32))
		if err == nil {
			_, err = encodeSignature(signature)
		}
		return err
	}
	load := func(m *machine) error { return m.load(nil, wrapped{}) }
	for name, c := range map[string]struct {
		run      func(*machine) error
		response []byte
		right    bool
	}{
		"nothing":                         {load, nil, false},
		"half a header":                   {load, unhex(t, "8002 0000000a"), false},
		"longer than its header says":     {load, unhex(t, "8002 0000000a 00000000 00"), false},
		"loaded":                          {load, success(t, "80000002 00000004 0002 aabb"), true},
		"loaded, without a handle":        {load, unhex(t, "8002 0000000a 00000000"), false},
		"loaded, as handle 0":             {load, success(t, "00000000 00000004 0002 aabb"), false},
		"loaded, without a name":          {load, success(t, "80000002 00000000"), false},
		"loaded, with half a name":        {load, success(t, "80000002 00000003 0002 aa"), false},
		"loaded, with more than a name":   {load, success(t, "80000002 00000005 0002 aabb 00"), false},
		"loaded, with endless parameters": {load, success(t, "80000002 ffffffff 0002 aabb"), false},
		"signed":                          {sign, success(t, "0000000a 0018 000b 0001 01 0001 02"), true},
		"signed by RSA":                   {sign, success(t, "00000007 0014 000b 0001 01"), true},
		"signed by HMAC":                  {sign, success(t, "00000007 0005 000b 0001 01"), false},
		"signed, without a signature":     {sign, success(t, "00000000"), false},
		"signed, with r alone":            {sign, success(t, "00000007 0018 000b 0001 01"), false},
		"signed, and something behind":    {sign, success(t, "0000000b 0018 000b 0001 01 0001 02 ff"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.run(&machine{link: &recorder{response: c.response}}); (err == nil) != c.right {
				t.Errorf("got %v", err)
			}
		})
	}
}

// success is the response to an authorised command that begins with these bytes behind the header.
func success(t *testing.T, body string) []byte {
	data := append(unhex(t, body), 0, 0, 0, 0, 0) // and an empty session
	header := binary.BigEndian.AppendUint32([]byte{0x80, 0x02}, uint32(responseHeader+len(data)))
	return append(append(header, 0, 0, 0, 0), data...)
}

// What a TPM answers is judged, whatever it is: it may be behind a socket.
func FuzzResponse(f *testing.F) {
	f.Fuzz(func(t *testing.T, response []byte) {
		m := &machine{link: &recorder{response: response}}
		if m.load(nil, wrapped{}) == nil && (m.current.handle == 0 || len(m.current.name.Buffer) > len(response)) {
			t.Errorf("loaded %+v", m.current)
		}
		signature, err := m.sign(nil)
		if err != nil {
			return
		}
		if encoded, err := encodeSignature(signature); err == nil && len(encoded) > len(signature)+8 {
			t.Errorf("%x became %x", signature, encoded)
		}
	})
}
