package virtualauth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// The messages of U2F as this file writes and reads them, by FIDO U2F Raw Message Formats 1.2 and with nothing but the
// standard library.

const (
	u2fRegister, u2fAuthenticate, u2fVersion   = 1, 2, 3
	enforcePresence, checkOnly, ignorePresence = 3, 7, 8
	swOK, swTouch, swDisabled, swData          = 0x9000, 0x6985, 0x6986, 0x6a80
	swLength, swUnknown                        = 0x6700, 0x6d00
	appID                                      = "https://login.example/app-id.json"
)

var (
	challenge   = sha256.Sum256([]byte("challenge"))
	application = sha256.Sum256([]byte(appID))
	u2fModel    = virtualauth.Model{Versions: []string{"U2F_V2", "FIDO_2_0"}}
	synced      = virtualauth.Model{Versions: u2fModel.Versions, Backup: virtualauth.Synced} // its keys may leave
)

// registered is the response to a registration.
type registered struct {
	public      *ecdsa.PublicKey
	point       []byte
	keyHandle   []byte
	certificate *x509.Certificate
	signature   []byte
}

func readRegistration(response []byte) (r registered, err error) {
	if len(response) < 67 || response[0] != 5 {
		return r, fmt.Errorf("response %x", response)
	}
	r.point = response[1:66]
	if r.public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), r.point); err != nil {
		return r, err
	}
	end := 67 + int(response[66])
	r.keyHandle = response[67:end]
	var certificate asn1.RawValue
	if r.signature, err = asn1.Unmarshal(response[end:], &certificate); err != nil {
		return r, err
	}
	r.certificate, err = x509.ParseCertificate(certificate.FullBytes)
	return r, err
}

// verify checks the signature with the certificate's key.
func (r registered) verify() error {
	message := slices.Concat([]byte{0}, application[:], challenge[:], r.keyHandle, r.point)
	return verifyES256(r.certificate.PublicKey.(*ecdsa.PublicKey), message, r.signature)
}

func verifyES256(key *ecdsa.PublicKey, message, signature []byte) error {
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(key, digest[:], signature) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// verifyAuthentication checks a response to an authentication and returns its presence byte and its counter.
func (r registered) verifyAuthentication(response []byte) (presence byte, counter uint32, err error) {
	if len(response) < 5 {
		return 0, 0, fmt.Errorf("response %x", response)
	}
	message := slices.Concat(application[:], response[:5], challenge[:])
	return response[0], binary.BigEndian.Uint32(response[1:]), verifyES256(r.public, message, response[5:])
}

func registerMessage() []byte { return append(bytes.Clone(challenge[:]), application[:]...) }

func authenticateMessage(application, keyHandle []byte) []byte {
	return slices.Concat(challenge[:], application, []byte{byte(len(keyHandle))}, keyHandle)
}

// u2f sends a command; only failures fail the test.
func (s *stage) u2f(instruction, p1 byte, data []byte) (response []byte, status uint16) {
	s.t.Helper()
	response, status, err := s.U2F(s.t.Context(), instruction, p1, data)
	if err != nil {
		s.t.Fatal(err)
	}
	if status != swOK && response != nil {
		s.t.Errorf("status %04x came with %x", status, response)
	}
	return response, status
}

// registerU2F registers by U2F, which must succeed.
func (s *stage) registerU2F() registered {
	s.t.Helper()
	response, status := s.u2f(u2fRegister, 0, registerMessage())
	if status != swOK {
		s.t.Fatalf("register: %04x", status)
	}
	r, err := readRegistration(response)
	if err == nil {
		err = r.verify()
	}
	if err != nil {
		s.t.Fatalf("register: %v", err)
	}
	return r
}

// A-U2F-001.
func TestU2FRegistration(t *testing.T) {
	s := newStage(t, u2fModel)
	r := s.registerU2F()
	if err := r.certificate.CheckSignatureFrom(r.certificate); err == nil {
		t.Error("a certificate of a credential is no authority")
	}
	if err := r.certificate.CheckSignature(r.certificate.SignatureAlgorithm, r.certificate.RawTBSCertificate, r.certificate.Signature); err != nil {
		t.Errorf("its certificate: %v", err)
	}
	if got := s.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToCreate}) {
		t.Errorf("asked %q", got)
	}
	all := s.Credentials()
	if len(all) != 1 || !bytes.Equal(all[0].ID, r.keyHandle) || !bytes.Equal(all[0].RPIDHash, application[:]) || all[0].RPID != "" ||
		all[0].Discoverable || all[0].Algorithm != cose.ES256 || all[0].SignCount != 0 {
		t.Errorf("remembered: %+v", all)
	}
	all[0].RPIDHash[0] ^= 1
	if again := s.Credentials(); !bytes.Equal(again[0].RPIDHash, application[:]) {
		t.Error("it shares memory with its owner")
	}
	if other := newStage(t, u2fModel).registerU2F(); !bytes.Equal(other.certificate.Raw, r.certificate.Raw) || !bytes.Equal(other.signature, r.signature) {
		t.Error("the same seed made another registration")
	}
	if again := s.registerU2F(); bytes.Equal(again.keyHandle, r.keyHandle) || again.public.Equal(r.public) {
		t.Error("registered twice with one key")
	}
}

// A batch of keys has one certificate.
func TestU2FRegistrationOfABatch(t *testing.T) {
	maker := newStage(t, synced)
	batch := maker.registerU2F() // any P-256 key with a certificate will do
	key := maker.Credentials()[0]
	portable, err := maker.Export(t.Context(), key.ID)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS8PrivateKey(portable.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	failing := false
	s := newStage(t, u2fModel)
	s.Authenticator = virtualauth.New(u2fModel, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(2), U2F: &virtualauth.U2FAttestation{
		Certificate: batch.certificate.Raw,
		Sign: func(_ context.Context, message []byte) ([]byte, error) {
			if failing {
				return nil, errU2FBroken
			}
			digest := sha256.Sum256(message)
			return private.(*ecdsa.PrivateKey).Sign(nil, digest[:], crypto.SHA256)
		},
	}})
	for range 2 {
		if r := s.registerU2F(); !bytes.Equal(r.certificate.Raw, batch.certificate.Raw) || r.public.Equal(batch.public) {
			t.Error("not by the batch's certificate")
		}
	}
	failing = true
	if _, _, err := s.U2F(t.Context(), u2fRegister, 0, registerMessage()); !errors.Is(err, errU2FBroken) {
		t.Errorf("got %v", err)
	}
	if len(s.Credentials()) != 2 {
		t.Error("a registration that failed left a credential")
	}
}

// A-U2F-002 and A-U2F-015.
func TestU2FAuthentication(t *testing.T) {
	s := newStage(t, u2fModel)
	r := s.registerU2F()
	s.person.Reasons()
	for i, c := range []struct {
		control, presence byte
	}{{enforcePresence, 1}, {ignorePresence, 0}, {enforcePresence, 1}} {
		response, status := s.u2f(u2fAuthenticate, c.control, authenticateMessage(application[:], r.keyHandle))
		if status != swOK {
			t.Fatalf("control %02x: %04x", c.control, status)
		}
		presence, counter, err := r.verifyAuthentication(response)
		if err != nil || presence != c.presence || counter != uint32(i+1) {
			t.Errorf("control %02x: presence %d, counter %d, %v", c.control, presence, counter, err)
		}
		if asked := len(s.person.Reasons()); asked != int(c.presence) {
			t.Errorf("control %02x: asked %d times", c.control, asked)
		}
	}
	if got := s.Credentials()[0]; got.SignCount != 3 || got.LastUsedAt.IsZero() {
		t.Errorf("remembered: %+v", got)
	}
}

// TestU2FRefusals holds A-U2F-003 to A-U2F-009, A-U2F-013 and A-U2F-014.
func TestU2FRefusals(t *testing.T) {
	always := u2fModel
	always.AlwaysVerify = true
	for _, c := range []struct {
		name            string
		model           virtualauth.Model
		instruction, p1 byte
		// data is made of the key handle of a registration.
		data    func(keyHandle []byte) []byte
		consent virtualauth.Consent
		want    uint16
	}{
		{"A-U2F-003 check-only", u2fModel, u2fAuthenticate, checkOnly, ours, agrees, swTouch},
		{"A-U2F-004 a key handle of nobody", u2fModel, u2fAuthenticate, enforcePresence, strangers, agrees, swData},
		{"A-U2F-004 to check-only", u2fModel, u2fAuthenticate, checkOnly, strangers, agrees, swData},
		{"A-U2F-004 without presence", u2fModel, u2fAuthenticate, ignorePresence, strangers, agrees, swData},
		{"A-U2F-004 a key handle of no bytes", u2fModel, u2fAuthenticate, enforcePresence, func([]byte) []byte { return authenticateMessage(application[:], nil) }, agrees, swData},
		{"A-U2F-005 a registration too short", u2fModel, u2fRegister, 0, func([]byte) []byte { return make([]byte, 63) }, agrees, swLength},
		{"A-U2F-005 a registration too long", u2fModel, u2fRegister, 0, func([]byte) []byte { return make([]byte, 65) }, agrees, swLength},
		{"A-U2F-005 an authentication too short", u2fModel, u2fAuthenticate, enforcePresence, func([]byte) []byte { return make([]byte, 64) }, agrees, swLength},
		{"A-U2F-005 a key handle cut off", u2fModel, u2fAuthenticate, enforcePresence, func(h []byte) []byte { m := ours(h); return m[:len(m)-1] }, agrees, swLength},
		{"A-U2F-005 a byte too many", u2fModel, u2fAuthenticate, enforcePresence, func(h []byte) []byte { return append(ours(h), 0) }, agrees, swLength},
		{"A-U2F-005 version with data", u2fModel, u2fVersion, 0, ours, agrees, swLength},
		{"A-U2F-006 another application", u2fModel, u2fAuthenticate, enforcePresence, func(h []byte) []byte { return authenticateMessage(challenge[:], h) }, agrees, swData},
		{"A-U2F-006 another application to check-only", u2fModel, u2fAuthenticate, checkOnly, func(h []byte) []byte { return authenticateMessage(challenge[:], h) }, agrees, swData},
		{"a control byte that nobody has", u2fModel, u2fAuthenticate, 0, ours, agrees, swData},
		{"A-U2F-007 a command that nobody has", u2fModel, 4, 0, ours, agrees, swUnknown},
		{"A-U2F-009 version", u2fModel, u2fVersion, 0, func([]byte) []byte { return nil }, isAway, swOK},
		{"A-U2F-013 registration with alwaysUv", always, u2fRegister, 0, func([]byte) []byte { return registerMessage() }, agrees, swDisabled},
		{"A-U2F-013 authentication with alwaysUv", always, u2fAuthenticate, enforcePresence, ours, agrees, swDisabled},
		{"A-U2F-013 version with alwaysUv", always, u2fVersion, 0, func([]byte) []byte { return nil }, agrees, swDisabled},
		{"a command that nobody has with alwaysUv", always, 4, 0, ours, agrees, swUnknown},
		{"A-U2F-014 nobody touches it", u2fModel, u2fAuthenticate, enforcePresence, ours, isAway, swTouch},
		{"A-U2F-014 nobody touches it at registration", u2fModel, u2fRegister, 0, func([]byte) []byte { return registerMessage() }, isAway, swTouch},
		{"she declines", u2fModel, u2fAuthenticate, enforcePresence, ours, refuses, swTouch},
		{"she is late", u2fModel, u2fAuthenticate, enforcePresence, ours, isLate, swTouch},
		{"nobody touches it, nor needs to", u2fModel, u2fAuthenticate, ignorePresence, ours, isAway, swOK},
		{"a model without U2F", virtualauth.Model{}, u2fVersion, 0, func([]byte) []byte { return nil }, agrees, swUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			maker := newStage(t, synced)
			portable, err := maker.Export(t.Context(), maker.registerU2F().keyHandle)
			if err != nil {
				t.Fatal(err)
			}
			s := newStage(t, c.model)
			if err := s.Import(t.Context(), portable); err != nil {
				t.Fatal(err)
			}
			s.person.consent = c.consent
			before := s.Credentials()
			response, status := s.u2f(c.instruction, c.p1, c.data(portable.ID))
			if status != c.want {
				t.Errorf("got %04x, want %04x", status, c.want)
			}
			if c.instruction == u2fVersion && status == swOK && string(response) != "U2F_V2" {
				t.Errorf("version %q", response)
			}
			if after := s.Credentials(); status != swOK && (len(after) != len(before) || after[0].SignCount != before[0].SignCount) {
				t.Errorf("it changed: %+v", after)
			}
		})
	}
}

func ours(keyHandle []byte) []byte { return authenticateMessage(application[:], keyHandle) }

func strangers(keyHandle []byte) []byte {
	keyHandle = bytes.Clone(keyHandle)
	keyHandle[0] ^= 1
	return ours(keyHandle)
}

// A client asks again until she touches it.
func TestU2FIsPolled(t *testing.T) {
	s := newStage(t, u2fModel)
	s.person.consent = isAway
	for range 3 {
		if _, status := s.u2f(u2fRegister, 0, registerMessage()); status != swTouch {
			t.Fatalf("got %04x", status)
		}
	}
	s.person.consent = onlyTouches
	s.registerU2F()
	if len(s.Credentials()) != 1 {
		t.Error("the polls made credentials")
	}
}
