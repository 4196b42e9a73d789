package virtualauth_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/cxf"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

// tape is a transport that writes down every byte in both directions.
type tape struct {
	device *virtualauth.Authenticator
	bytes.Buffer
}

func (t *tape) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	response, err := t.device.Exchange(ctx, request)
	fmt.Fprintf(t, "%x\n%x\n%v\n", request, response, err)
	return response, err
}

// performance is a hundred ceremonies of every kind, and everything that can be seen of them afterwards.
func performance(t *testing.T) []byte {
	model := manager
	model.ZeroCounter, model.PersistentTokens, model.CredentialManagement = false, true, true
	model.Attestation, model.DuplicateUser = attestation.FormatPacked, virtualauth.KeepBoth
	o := vaultfile.Options{Path: filepath.Join(t.TempDir(), "vault"), Key: make([]byte, 32), Rand: seeded(8)}
	file, err := vaultfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, model)
	random := seeded(1)
	s.Authenticator, err = virtualauth.Open(t.Context(), model, virtualauth.World{
		User: s.person, Clock: s.clock, Rand: random, Keys: keystore.NewSoftware(seeded(2)), Store: file,
	})
	s.must("open", err)
	s.must("set the PIN", s.platform(pinuv.Two).setPIN(thePIN))
	seen := &tape{device: s.Authenticator}
	for i := range 100 {
		s.clock.Move(time.Second)
		ceremony(s, seen, i)
	}
	for _, r := range s.Requests() { // those of the PIN too, which depend on every response before them
		fmt.Fprintf(seen, "%v %x %x %v\n", r.At, r.Command, r.Parameters, r.Status)
	}
	for _, c := range s.Credentials() {
		fmt.Fprintf(seen, "%+v\n", c)
	}
	account, stayed := s.ExportAccount(t.Context())
	document, err := cxf.Encode(&cxf.Header{Timestamp: s.clock.Now(), Accounts: []cxf.Account{account}})
	s.must("export", err)
	fmt.Fprintf(seen, "%s\n%d\n%x\n", document, len(stayed), fileContent(s, o.Path))
	s.must("close", file.Close())
	return seen.Bytes()
}

func fileContent(s *stage, path string) []byte {
	s.t.Helper()
	content, err := os.ReadFile(path)
	s.must("read the file", err)
	return content
}

// ceremony is the i-th one. Some are refused.
func ceremony(s *stage, seen *tape, i int) {
	ctx, user := s.t.Context(), fmt.Sprint("user ", i%9)
	switch i % 7 {
	case 0, 1, 2:
		request := registration(user)
		request.Parameters[0].Algorithm = []cose.Algorithm{cose.ES256, cose.EdDSA}[i%2]
		withInputs(s.t, map[string]any{"hmac-secret": true, "credBlob": []byte(user)})(request)
		_, _ = ctap2.MakeCredential(ctx, seen, request)
	case 3, 4:
		_, _ = ctap2.GetAssertion(ctx, seen, authentication())
		_, _ = ctap2.GetNextAssertion(ctx, seen)
	case 5:
		_, _ = ctap2.GetInfo(ctx, seen)
		token := s.token(pinuv.CM, "")
		_, err := ctap2.CredentialManagement(ctx, seen, s.managed(token, ctap2.GetCredsMetadata, nil))
		s.must("look at the credentials", err)
	case 6:
		p := s.agreed(pinuv.Two)
		request := assertion(nil, inputs(s.t, map[string]any{"hmac-secret": p.ask(s.t, make([]byte, 32))}))
		_, _ = ctap2.GetAssertion(ctx, seen, request)
		seen.device.PowerCycle()
	}
}

// Same seed, same clock, same bytes: requests, responses, the log, what is stored, what is exported, and the file itself.
func TestAHundredCeremoniesRepeatThemselves(t *testing.T) {
	first, second := performance(t), performance(t)
	if !bytes.Equal(first, second) {
		at := 0
		for at < min(len(first), len(second)) && first[at] == second[at] {
			at++
		}
		t.Fatalf("the two differ from byte %d on:\n%.200s\n%.200s", at, first[max(0, at-80):], second[max(0, at-80):])
	}
	if ok := bytes.Count(first, []byte("\n00a")); ok < 80 {
		t.Errorf("only %d exchanges succeeded: this proves little", ok)
	}
}
