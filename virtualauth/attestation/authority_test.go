package attestation_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// everything is all that an authority gives out: roots, metadata and a statement of each format, in an order.
func everything(t *testing.T, authority *attestation.Authority, formats []attestation.Format) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, f := range formats {
		s := newStage(t, cose.ES256)
		s.Authority, s.Type = authority, attestation.Basic
		all[string(f)] = s.make(f).Body
		s.Serial = "1"
		all[string(f)+" for enterprises"] = s.make(f).Body
	}
	for name, get := range map[string]func() (*x509.Certificate, error){"root": authority.Root, "metadata root": authority.MetadataRoot} {
		certificate, err := get()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = certificate.Raw
	}
	jwt, err := metadata.BLOB{NextUpdate: now}.Sign(authority)
	if err != nil {
		t.Fatal(err)
	}
	all["metadata"] = jwt
	return all
}

// TestAnAuthorityIsItsSeedAndTime: nothing else goes into its certificates and signatures, not even the order of requests.
func TestAnAuthorityIsItsSeedAndTime(t *testing.T) {
	formats := attestation.Formats()
	first := everything(t, attestation.NewAuthority([]byte("a"), start), formats)
	slices.Reverse(formats)
	again := everything(t, attestation.NewAuthority([]byte("a"), start.Add(999*time.Millisecond)), formats)
	seed := everything(t, attestation.NewAuthority([]byte("b"), start), formats)
	later := everything(t, attestation.NewAuthority([]byte("a"), start.Add(time.Second)), formats)
	if len(first) < 19 {
		t.Fatalf("only %d things", len(first))
	}
	for name, bytesOf := range first {
		if !bytes.Equal(bytesOf, again[name]) {
			t.Errorf("%s differs with the same seed and time", name)
		}
		if name == "none" || name == "none for enterprises" {
			continue
		}
		if bytes.Equal(bytesOf, seed[name]) {
			t.Errorf("%s is the same for another seed", name)
		}
		if bytes.Equal(bytesOf, later[name]) {
			t.Errorf("%s is the same for another time", name)
		}
	}
}

// TestCertificatesAreMadeOnce: the second statement of a model carries the very certificates of the first, and makes none.
func TestCertificatesAreMadeOnce(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Type = attestation.Basic
	first := s.leaf(s.make(attestation.FormatPacked))[0]
	if !first.Equal(s.leaf(s.make(attestation.FormatPacked))[0]) {
		t.Error("another certificate for the same model")
	}
	s.Serial = "2"
	individual := s.leaf(s.make(attestation.FormatPacked))[0]
	s.Serial = "3"
	if other := s.leaf(s.make(attestation.FormatPacked))[0]; other.Equal(individual) || individual.Equal(first) {
		t.Error("two devices, one certificate")
	}
	s.Serial = ""
	if allocations := testing.AllocsPerRun(20, func() { s.make(attestation.FormatPacked) }); allocations > 200 {
		t.Errorf("%v allocations for a statement: certificates are made anew", allocations)
	}
}

// TestEachModelAndDeviceHasItsOwnCertificate: what an authority remembers of one must not serve the next.
func TestEachModelAndDeviceHasItsOwnCertificate(t *testing.T) {
	for _, f := range []attestation.Format{attestation.FormatPacked, attestation.FormatTPM} {
		s := newStage(t, cose.ES256)
		s.Type = attestation.Basic
		for _, serial := range []string{"", "A", "B", ""} {
			for _, aaguid := range []uuid.UUID{keyAAGUID, uuid.MustParse("11111111-2222-4333-8444-555555555555"), keyAAGUID} {
				s.Serial, s.Credential.AAGUID = serial, aaguid
				s.encode()
				made := s.make(f)
				if err := s.verdict(made); err != nil {
					t.Errorf("%s of %v, serial number %q: %v", f, aaguid, serial, err)
				}
				if told := serialOf(s.leaf(made)[0]); told != serial {
					t.Errorf("%s: serial number %q, want %q", f, told, serial)
				}
			}
		}
		key, err := s.Credential.Key()
		if err != nil {
			t.Fatal(err)
		}
		s.TPM = softTPM(t, key, cose.RS256)
		if err := s.verdict(s.make(f)); err != nil {
			t.Errorf("%s with another TPM: %v", f, err)
		}
	}
}

// serialOf is the serial number of the device in a certificate.
func serialOf(c *x509.Certificate) string {
	var serial []byte
	_ = decodeExactly(extension(c, 1, 3, 6, 1, 4, 1, 45724, 1, 1, 2), &serial) // none stays empty
	return string(serial)
}

// TestCertificatesLast: a hundred years from the start on.
func TestCertificatesLast(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Type = attestation.Basic
	root, err := s.Authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{root, s.leaf(s.make(attestation.FormatPacked))[0]} {
		if !c.NotBefore.Equal(start) || !c.NotAfter.Equal(start.AddDate(100, 0, 0)) || c.SerialNumber.Sign() <= 0 || c.SerialNumber.BitLen() > 159 {
			t.Errorf("%v to %v, serial %v", c.NotBefore, c.NotAfter, c.SerialNumber)
		}
	}
}

func TestAnAuthorityServesMany(t *testing.T) {
	authority := attestation.NewAuthority([]byte("many"), start)
	want := everything(t, attestation.NewAuthority([]byte("many"), start), []attestation.Format{attestation.FormatPacked, attestation.FormatApple})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s := newStage(t, cose.ES256)
			s.Authority, s.Type = authority, attestation.Basic
			for _, f := range []attestation.Format{attestation.FormatPacked, attestation.FormatApple} {
				made, err := attestation.Make(f, s.Subject)
				if err != nil || !bytes.Equal(made.Body, want[string(f)]) {
					t.Errorf("%s: %v", f, err)
				}
			}
		})
	}
	group.Wait()
}

func TestMissingPartsAreNamed(t *testing.T) {
	boom := func() (cose.Key, error) { return cose.Key{}, io.ErrUnexpectedEOF }
	for _, c := range []struct {
		name   string
		format attestation.Format
		edit   func(*stage)
		want   error
	}{
		{"packed without an authority", attestation.FormatPacked, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"fido-u2f without an authority", attestation.FormatFIDOU2F, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"tpm without an authority", attestation.FormatTPM, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"apple without an authority", attestation.FormatApple, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"android-key without an authority", attestation.FormatAndroidKey, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"safetynet without an authority", attestation.FormatSafetyNet, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"compound without an authority", attestation.FormatCompound, func(s *stage) { s.Authority = nil }, attestation.ErrNoAuthority},
		{"tpm without a TPM", attestation.FormatTPM, func(s *stage) { s.TPM = nil }, attestation.ErrNoTPM},
		{"tpm that does not tell its key", attestation.FormatTPM, func(s *stage) { s.TPM.AttestationKey = boom }, io.ErrUnexpectedEOF},
		{"tpm that does not certify", attestation.FormatTPM, func(s *stage) {
			s.TPM.Certify = func([]byte) (c attestation.Certification, err error) { return c, io.ErrUnexpectedEOF }
		}, io.ErrUnexpectedEOF},
		{"tpm with an Ed25519 key", attestation.FormatTPM, func(s *stage) {
			key, err := s.Credential.Key()
			if err != nil {
				s.t.Fatal(err)
			}
			s.TPM = softTPM(s.t, key, cose.EdDSA)
		}, attestation.ErrUnsuitableKey},
		{"an attestation key of nobody's algorithm", attestation.FormatPacked, func(s *stage) { s.KeyAlgorithm = -999 }, attestation.ErrUnsuitableKey},
		{"u2f with a credential that is none", attestation.FormatFIDOU2F, func(s *stage) { s.Credential.PublicKey = nil }, cose.ErrMalformed},
		{"apple with a credential that is none", attestation.FormatApple, func(s *stage) { s.Credential.PublicKey = nil }, cose.ErrMalformed},
	} {
		s := newStage(t, cose.ES256)
		s.Type = attestation.Basic
		c.edit(s)
		if _, err := attestation.Make(c.format, s.Subject); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Authenticator data that a lie has cut short is attested as it is.
func TestShortAuthenticatorDataIsNoHindrance(t *testing.T) {
	for _, length := range []int{0, 31, 36, 37} {
		for _, f := range attestation.Formats() {
			s := newStage(t, cose.ES256)
			s.AuthData, s.Misbehave.Signed = s.AuthData[:length], attestation.OtherAuthData
			if _, err := attestation.Make(f, s.Subject); err != nil {
				t.Errorf("%s with %d bytes: %v", f, length, err)
			}
		}
	}
}

func TestU2FSpeaksOfES256Alone(t *testing.T) {
	s := newStage(t, cose.EdDSA)
	if _, err := attestation.Make(attestation.FormatFIDOU2F, s.Subject); !errors.Is(err, attestation.ErrUnsuitableKey) {
		t.Error(err)
	}
}

func TestSigningMayFail(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Sign = func([]byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF }
	for _, f := range []attestation.Format{attestation.FormatPacked, attestation.FormatAndroidKey} {
		if _, err := attestation.Make(f, s.Subject); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// A key store that gives no signature is its own affair, also when the signature is to be spoilt.
func TestNoSignatureIsNoneToSpoil(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Sign = func([]byte) ([]byte, error) { return nil, nil }
	s.Misbehave = attestation.Misbehaviour{BadSignature: true, TruncatedSignature: true, RawSignature: true}
	if _, err := attestation.Make(attestation.FormatPacked, s.Subject); err != nil {
		t.Error(err)
	}
}

func TestCompoundsDoNotNest(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Compound = []attestation.Format{attestation.FormatPacked, attestation.FormatCompound}
	var refused *attestation.Error
	if _, err := attestation.Make(attestation.FormatCompound, s.Subject); !errors.As(err, &refused) {
		t.Error(err)
	}
}

// TestFIDOWantsU2FWithoutAAGUID: WebAuthn does not look, FIDO's own conformance tests do.
func TestFIDOWantsU2FWithoutAAGUID(t *testing.T) {
	s := newStage(t, cose.ES256)
	if err := s.verdict(s.make(attestation.FormatFIDOU2F)); stepOf(err) != stepU2FAAGUID {
		t.Error(err)
	}
}

func TestSuits(t *testing.T) {
	for _, c := range []struct {
		format    attestation.Format
		algorithm cose.Algorithm
		want      bool
	}{
		{attestation.FormatFIDOU2F, cose.ES256, true}, {attestation.FormatFIDOU2F, cose.EdDSA, false},
		{attestation.FormatApple, cose.EdDSA, true}, {attestation.FormatApple, cose.ES256K, false},
		{attestation.FormatAndroidKey, cose.RS256, true}, {attestation.FormatAndroidKey, cose.MLDSA44, false},
		{attestation.FormatPacked, cose.MLDSA44, true}, {attestation.FormatCompound, cose.MLDSA44, true},
		{attestation.FormatNone, cose.MLDSA44, true}, {"tea-leaves", cose.ES256, false},
	} {
		if got := attestation.Suits(c.format, c.algorithm); got != c.want {
			t.Errorf("%s for %v: %v", c.format, c.algorithm, got)
		}
	}
}

// The identifier is the SHA-1 hash of the point, 0x04 ‖ x ‖ y, as RFC 5280 has it, and not of all of the key's DER.
func TestKeyIdentifiersAreHashesOfThePoint(t *testing.T) {
	root, err := testAuthority().Root()
	if err != nil {
		t.Fatal(err)
	}
	point, err := root.PublicKey.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want := sha1.Sum(point)
	if got := attestation.KeyIdentifier(root.PublicKey); !bytes.Equal(got, want[:]) || !bytes.Equal(root.SubjectKeyId, want[:]) {
		t.Errorf("%x, in the certificate %x, want %x", got, root.SubjectKeyId, want)
	}
}

func TestKeyIdentifiersOfWhatIsNoKey(t *testing.T) {
	if id := attestation.KeyIdentifier("no key"); id != nil {
		t.Errorf("%x", id)
	}
	var none crypto.PublicKey
	if id := attestation.KeyIdentifier(none); id != nil {
		t.Errorf("%x", id)
	}
}

func BenchmarkPackedBasic(b *testing.B) {
	store := keystore.NewSoftware(rand.NewChaCha8([32]byte{1}))
	_, key, err := store.Create(context.Background(), cose.ES256)
	if err != nil {
		b.Fatal(err)
	}
	s := attestation.Subject{
		AuthData: make([]byte, 200), ClientDataHash: make([]byte, 32), Algorithm: cose.ES256,
		Type: attestation.Basic, Authority: attestation.NewAuthority(nil, start),
	}
	s.Credential.PublicKey = key.Encode()
	for b.Loop() {
		if _, err := attestation.Make(attestation.FormatPacked, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPackedSelf(b *testing.B) {
	signature := make([]byte, 71)
	s := attestation.Subject{
		AuthData: make([]byte, 200), ClientDataHash: make([]byte, 32), Algorithm: cose.ES256,
		Sign: func([]byte) ([]byte, error) { return signature, nil },
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := attestation.Make(attestation.FormatPacked, s); err != nil {
			b.Fatal(err)
		}
	}
}
