package attestation_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	gometadata "github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/google/go-tpm/tpm2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

var (
	// start is when the test authority begins; now is when registrations happen. go-webauthn looks at the real clock, so
	// its day must be between start and a hundred years later.
	start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	now   = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

	keyAAGUID = uuid.MustParse("0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877")
)

// testAuthority is the one of all tests: RSA keys take a while to derive.
var testAuthority = sync.OnceValue(func() *attestation.Authority { return attestation.NewAuthority([]byte("seed"), start) })

// stage is one registration about to happen.
type stage struct {
	t *testing.T
	attestation.Subject
}

func newStage(t *testing.T, algorithm cose.Algorithm) *stage {
	t.Helper()
	store := keystore.NewSoftware(rand.NewChaCha8([32]byte{1}))
	handle, key, err := store.Create(t.Context(), algorithm)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, Subject: attestation.Subject{
		Credential: authdata.AttestedCredential{AAGUID: keyAAGUID, ID: bytes.Repeat([]byte{7}, 32), PublicKey: key.Encode()},
		Algorithm:  algorithm, Time: now, Authority: testAuthority(),
		Sign: func(message []byte) ([]byte, error) { return store.Sign(context.Background(), handle, message) },
		TPM:  softTPM(t, key, cose.ES256),
	}}
	hash := sha256.Sum256([]byte("client data"))
	s.ClientDataHash = hash[:]
	s.encode()
	return s
}

// encode makes authenticator data of the credential.
func (s *stage) encode() {
	credential := s.Credential
	data := authdata.Data{RPIDHash: authdata.HashRPID("example.org"), Flags: authdata.UP, SignCount: 1, Credential: &credential}
	s.AuthData = data.Encode()
}

// zeroAAGUID is what U2F authenticators have.
func (s *stage) zeroAAGUID() {
	s.Credential.AAGUID = uuid.Nil
	s.encode()
}

func (s *stage) make(format attestation.Format) attestation.Statement {
	s.t.Helper()
	statement, err := attestation.Make(format, s.Subject)
	if err != nil {
		s.t.Fatal(err)
	}
	return statement
}

// judge is a relying party that trusts the stage's authority.
func (s *stage) judge() judge {
	root, err := s.Authority.Root()
	if err != nil {
		s.t.Fatal(err)
	}
	return judge{root: root, now: now, fido: true, enterprise: s.Serial != ""}
}

// verdict lets the independent verifier judge a statement.
func (s *stage) verdict(made attestation.Statement) error {
	s.t.Helper()
	e, err := read(string(made.Format), made.Body, s.AuthData, s.ClientDataHash)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.judge().verify(e)
}

// stepOf is the step that refused, or empty.
func stepOf(err error) step {
	var r *refused
	if errors.As(err, &r) {
		return r.step
	}
	return ""
}

// gowebauthn lets go-webauthn judge a statement, with metadata that our authority has signed.
func (s *stage) gowebauthn(made attestation.Statement, provider gometadata.Provider) error {
	s.t.Helper()
	encoded, err := cbor.Marshal(map[string]any{"fmt": string(made.Format), "attStmt": made.Body, "authData": s.AuthData})
	if err != nil {
		s.t.Fatal(err)
	}
	var object protocol.AttestationObject
	if err := webauthncbor.Unmarshal(encoded, &object); err != nil {
		return err
	}
	if err := object.AuthData.Unmarshal(object.RawAuthData); err != nil {
		s.t.Fatal(err)
	}
	return object.VerifyAttestation(s.ClientDataHash, provider, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
}

// provider is go-webauthn's metadata provider with every check turned on, fed with a BLOB of the given models.
func (s *stage) provider(models ...metadata.Model) gometadata.Provider {
	s.t.Helper()
	blob := metadata.BLOB{Number: 7, NextUpdate: now.AddDate(0, 1, 0)}
	for _, m := range models {
		entry, err := metadata.Describe(m)
		if err != nil {
			s.t.Fatal(err)
		}
		blob.Entries = append(blob.Entries, entry)
	}
	parsed, err := load(s.Authority, blob)
	if err != nil {
		s.t.Fatal(err)
	}
	provider, err := memory.New(
		memory.WithMetadata(parsed.ToMap()), memory.WithMetadataKeyIdentifiers(parsed.ToKeyIdentifierMap()),
		memory.WithValidateEntry(true), memory.WithValidateEntryKeyIdentifier(true), memory.WithValidateTrustAnchor(true),
		memory.WithValidateStatus(true), memory.WithValidateAttestationTypes(true), memory.WithValidateAAGUID(true),
		memory.WithValidateAttestationFormats(true), memory.WithValidateAlgorithms(true),
		memory.WithStatusUndesired([]gometadata.AuthenticatorStatus{gometadata.Revoked}),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	return provider
}

// load signs a BLOB and lets go-webauthn read it.
func load(authority *attestation.Authority, blob metadata.BLOB) (*gometadata.Metadata, error) {
	jwt, err := blob.Sign(authority)
	if err != nil {
		return nil, err
	}
	root, err := authority.MetadataRoot()
	if err != nil {
		return nil, err
	}
	return loadJWT(jwt, root)
}

// model describes the stage's authenticator.
func (s *stage) model(formats ...attestation.Format) metadata.Model {
	root, err := s.Authority.Root()
	if err != nil {
		s.t.Fatal(err)
	}
	info := &metadata.GetInfo{
		Versions: []string{"FIDO_2_0", "FIDO_2_1"}, AAGUID: metadata.AAGUID(s.Credential.AAGUID),
		Options: map[string]bool{"rk": true}, Transports: []string{"usb"},
	}
	for _, a := range []cose.Algorithm{cose.ES256, cose.EdDSA, cose.RS256} {
		info.Algorithms = append(info.Algorithms, metadata.Parameters{Type: "public-key", Algorithm: int(a)})
	}
	for _, f := range formats {
		info.AttestationFormats = append(info.AttestationFormats, string(f))
	}
	return metadata.Model{
		GetInfo: info, Description: "A key for tests", Roots: []*x509.Certificate{root}, Since: start,
		AttestationTypes: []attestation.Type{attestation.Basic, attestation.AttCA},
	}
}

// softTPM stands in for a TPM: its structures are made with go-tpm, its keys are in software.
func softTPM(t *testing.T, certified cose.Key, algorithm cose.Algorithm) *attestation.TPM {
	t.Helper()
	store := keystore.NewSoftware(rand.NewChaCha8([32]byte{2}))
	handle, aik, err := store.Create(t.Context(), algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return &attestation.TPM{
		AttestationKey: func() (cose.Key, error) { return aik, nil },
		Certify: func(extraData []byte) (c attestation.Certification, err error) {
			public, err := publicArea(certified.Public())
			if err != nil {
				return c, err
			}
			c.Public = tpm2.Marshal(public)
			c.Attest = certifyInfo(c.Public, extraData)
			c.Signature, err = store.Sign(context.Background(), handle, c.Attest)
			return c, err
		},
	}
}

// publicArea is a TPM's view of a public key.
func publicArea(public crypto.PublicKey) (*tpm2.TPMTPublic, error) {
	area := &tpm2.TPMTPublic{NameAlg: tpm2.TPMAlgSHA256, ObjectAttributes: tpm2.TPMAObject{
		FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, SignEncrypt: true,
	}}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return nil, err
		}
		curves := map[elliptic.Curve]tpm2.TPMECCCurve{elliptic.P256(): tpm2.TPMECCNistP256, elliptic.P384(): tpm2.TPMECCNistP384}
		half := len(point) / 2
		area.Type = tpm2.TPMAlgECC
		area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: curves[k.Curve]})
		area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
			X: tpm2.TPM2BECCParameter{Buffer: point[1 : 1+half]}, Y: tpm2.TPM2BECCParameter{Buffer: point[1+half:]},
		})
	case *rsa.PublicKey:
		area.Type = tpm2.TPMAlgRSA
		area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: tpm2.TPMKeyBits(k.N.BitLen())})
		area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: k.N.Bytes()})
	default:
		return nil, errors.New("no such key in a TPM")
	}
	return area, nil
}

func certifyInfo(public, extraData []byte) []byte {
	name := sha256.Sum256(public)
	return tpm2.Marshal(&tpm2.TPMSAttest{
		Magic: tpm2.TPMGeneratedValue, Type: tpm2.TPMSTAttestCertify,
		QualifiedSigner: tpm2.TPM2BName{Buffer: []byte("signer")}, ExtraData: tpm2.TPM2BData{Buffer: extraData},
		ClockInfo: tpm2.TPMSClockInfo{Clock: 1, ResetCount: 2, RestartCount: 3, Safe: true}, FirmwareVersion: 4,
		Attested: tpm2.NewTPMUAttest(tpm2.TPMSTAttestCertify, &tpm2.TPMSCertifyInfo{
			Name:          tpm2.TPM2BName{Buffer: slices.Concat([]byte{0, 0xb}, name[:])},
			QualifiedName: tpm2.TPM2BName{Buffer: []byte("qualified")},
		}),
	})
}

// leaf returns the first certificate of a statement, alone.
func (s *stage) leaf(made attestation.Statement) []*x509.Certificate {
	s.t.Helper()
	var statement struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(made.Body, &statement); err != nil {
		s.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(statement.X5C[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return []*x509.Certificate{leaf}
}

// reason is all that go-webauthn says about an error.
func reason(err error) string {
	all := ""
	for e := err; e != nil; e = errors.Unwrap(e) {
		var known *protocol.Error
		if errors.As(e, &known) {
			all += known.Details + " | " + known.DevInfo + " | "
		}
		all += e.Error() + " | "
	}
	return all
}
