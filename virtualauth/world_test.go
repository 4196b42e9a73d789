package virtualauth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// clock stands still until it is told to move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// person answers every prompt in the same way and remembers it.
type person struct {
	mu      sync.Mutex
	consent virtualauth.Consent
	err     error
	asked   []virtualauth.Prompt
	// meanwhile happens while she is asked.
	meanwhile func()
}

var (
	agrees      = virtualauth.Consent{Present: true, Verified: true}
	onlyTouches = virtualauth.Consent{Present: true}
	refuses     = virtualauth.Consent{Refused: true}
	isLate      = virtualauth.Consent{Late: true}
	isAway      = virtualauth.Consent{}
)

func (p *person) Consent(_ context.Context, prompt virtualauth.Prompt) (virtualauth.Consent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, prompt)
	if p.meanwhile != nil {
		p.meanwhile()
	}
	return p.consent, p.err
}

// Reasons returns why she was asked since the last call.
func (p *person) Reasons() []virtualauth.Reason {
	p.mu.Lock()
	defer p.mu.Unlock()
	var reasons []virtualauth.Reason
	for _, prompt := range p.asked {
		reasons = append(reasons, prompt.Reason)
	}
	p.asked = nil
	return reasons
}

// stage is an authenticator with the world around it.
type stage struct {
	*virtualauth.Authenticator
	t      testing.TB
	clock  *clock
	person *person
}

func newStage(t testing.TB, model virtualauth.Model) *stage {
	s := &stage{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, person: &person{consent: agrees}}
	world := virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(1)}
	if model.Config.Enterprise {
		world.Authority = authority // which enterprise attestation needs
	}
	s.Authenticator = virtualauth.New(model, world)
	return s
}

// authority issues the certificates of all tests.
var authority = attestation.NewAuthority([]byte("stage"), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))

func seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

const rpID = "login.example"

// dataHash is the client data hash of all ceremonies here.
var dataHash = sha256.Sum256([]byte("client data"))

// registration is a valid request for a discoverable, verified credential of a user; tests edit it.
func registration(user string) *ctap2.MakeCredentialRequest {
	return &ctap2.MakeCredentialRequest{
		ClientDataHash: dataHash[:],
		RP:             ctap2.RelyingParty{ID: rpID, Name: "Login"},
		User:           ctap2.User{ID: []byte("id of " + user), Name: user, DisplayName: "Ms " + user},
		Parameters:     []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:        &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	}
}

// authentication is a valid verified request for any credential; tests edit it.
func authentication() *ctap2.GetAssertionRequest {
	return &ctap2.GetAssertionRequest{
		RPID: rpID, ClientDataHash: dataHash[:], Options: &ctap2.Options{UserVerification: new(true)},
	}
}

// register registers a user, who must succeed.
func (s *stage) register(user string) view {
	s.t.Helper()
	response, err := ctap2.MakeCredential(s.t.Context(), s, registration(user))
	if err != nil {
		s.t.Fatalf("register %s: %v", user, err)
	}
	return s.view(response.AuthData)
}

// signIn signs in with any credential, which must succeed.
func (s *stage) signIn() *ctap2.GetAssertionResponse {
	s.t.Helper()
	response, err := ctap2.GetAssertion(s.t.Context(), s, authentication())
	if err != nil {
		s.t.Fatalf("sign in: %v", err)
	}
	return response
}

// view is authenticator data as this test file reads it, by the table of WebAuthn L3 §6.1 and with nothing but the standard
// library and a CBOR decoder: the code under test has no say in it.
type view struct {
	hash           [32]byte
	up, uv, be, bs bool
	count          uint32
	aaguid, id     []byte
	key            map[int]any
	rest           []byte
}

func (s *stage) view(data []byte) view {
	s.t.Helper()
	v, err := look(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func look(data []byte) (v view, err error) {
	if len(data) < 37 {
		return v, fmt.Errorf("authenticator data of %d bytes", len(data))
	}
	copy(v.hash[:], data)
	flags := data[32]
	v.up, v.uv, v.be, v.bs = flags&0x01 != 0, flags&0x04 != 0, flags&0x08 != 0, flags&0x10 != 0
	v.count, v.rest = binary.BigEndian.Uint32(data[33:]), data[37:]
	if flags&0x40 == 0 {
		return v, nil
	}
	v.aaguid = v.rest[:16]
	length := int(binary.BigEndian.Uint16(v.rest[16:]))
	v.id, v.rest = v.rest[18:18+length], v.rest[18+length:]
	v.rest, err = cbor.UnmarshalFirst(v.rest, &v.key)
	return v, err
}

// verify checks a signature with the COSE_Key of a view and the standard library.
func (v view) verify(message, signature []byte) error {
	digest := sha256.Sum256(message)
	bytesAt := func(label int) []byte {
		b, _ := v.key[label].([]byte)
		return b
	}
	good := false
	switch v.key[3] {
	case int64(-7):
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, bytesAt(-2)...), bytesAt(-3)...))
		if err != nil {
			return err
		}
		good = ecdsa.VerifyASN1(public, digest[:], signature)
	case int64(-8):
		good = ed25519.Verify(bytesAt(-2), message, signature)
	case int64(-257):
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(bytesAt(-1)), E: int(new(big.Int).SetBytes(bytesAt(-2)).Int64())}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	}
	if !good {
		return errors.New("the signature is wrong")
	}
	return nil
}

// verifyAssertion checks the signature of an assertion with the key of a registration.
func (v view) verifyAssertion(response *ctap2.GetAssertionResponse) error {
	return v.verify(append(bytes.Clone(response.AuthData), dataHash[:]...), response.Signature)
}

// statusOf is the Status of an error of the callers in ctap2; other errors fail the test.
func (s *stage) statusOf(err error) ctap2.Status {
	s.t.Helper()
	status, known := ctap2.StatusOf(err)
	if !known {
		s.t.Fatalf("not a status: %v", err)
	}
	return status
}
