package virtualauth_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

var attestedModel = virtualauth.Model{
	AAGUID:      uuid.MustParse("5d2c1b0a-9f8e-4d7c-8b6a-594837261504"),
	Algorithms:  []cose.Algorithm{cose.ES256, cose.EdDSA},
	Transports:  []string{"usb"},
	Attestation: attestation.FormatPacked, AttestationType: attestation.Basic,
	PIN: virtualauth.PINModel{Supported: true}, CredentialManagement: true, Extensions: []string{"credProtect", "hmac-secret"},
	Config: virtualauth.ConfigModel{Enterprise: true}, // the stage has an authority then
}

// leafOf is the first certificate of a statement.
func leafOf(t *testing.T, body cbor.RawMessage) []byte {
	t.Helper()
	var statement struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(body, &statement); err != nil || len(statement.X5C) == 0 {
		t.Fatal(err)
	}
	return statement.X5C[0]
}

// hasSerial reports whether the first certificate of a packed statement carries a serial number.
func hasSerial(t testing.TB, response *ctap2.MakeCredentialResponse) bool {
	t.Helper()
	var statement struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(response.Statement, &statement); err != nil {
		t.Fatal(err)
	}
	if len(statement.X5C) == 0 {
		return false
	}
	leaf, err := x509.ParseCertificate(statement.X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range leaf.Extensions {
		if e.Id.String() == "1.3.6.1.4.1.45724.1.1.2" {
			return true
		}
	}
	return false
}

func TestAModelsCertificateIsTrustedThroughItsMetadata(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(*virtualauth.Model)
		types []attestation.Type
	}{
		{"basic", func(*virtualauth.Model) {}, []attestation.Type{attestation.Basic}},
		{"basic, by an Ed25519 key", func(m *virtualauth.Model) { m.AttestationKey = cose.EdDSA }, []attestation.Type{attestation.Basic}},
		{"self", func(m *virtualauth.Model) { m.AttestationType = attestation.Self }, []attestation.Type{attestation.Self}},
		{"compound of two", func(m *virtualauth.Model) {
			m.Attestation, m.Compound = attestation.FormatCompound, []attestation.Format{attestation.FormatPacked, attestation.FormatPacked}
		}, []attestation.Type{attestation.Basic}},
	} {
		model := attestedModel
		c.edit(&model)
		s := newStage(t, model)
		response, err := judged(t, s, c.types, nil)
		if err != nil || response.Format != string(model.Attestation) {
			t.Errorf("%s: %q: %+v", c.name, response.Format, err)
		}
		if model.AttestationKey != 0 && claimedAlgorithm(t, response) != model.AttestationKey {
			t.Errorf("%s: signed with %v", c.name, claimedAlgorithm(t, response))
		}
		s.Misbehave.Attestation.BadSignature = true
		if _, err := judged(t, s, c.types, nil); err == nil {
			t.Errorf("%s: a bad signature is accepted", c.name)
		}
	}
}

// claimedAlgorithm is the "alg" of a statement.
func claimedAlgorithm(t *testing.T, response *ctap2.MakeCredentialResponse) cose.Algorithm {
	t.Helper()
	var statement struct {
		Algorithm cose.Algorithm `cbor:"alg"`
	}
	if err := cbor.Unmarshal(response.Statement, &statement); err != nil {
		t.Fatal(err)
	}
	return statement.Algorithm
}

// A claimed AAGUID does not become true by a certificate: that names the model as it is.
func TestACertificateDoesNotFollowALieAboutTheAAGUID(t *testing.T) {
	s := newStage(t, attestedModel)
	if _, err := judged(t, s, []attestation.Type{attestation.Basic}, nil); err != nil {
		t.Fatal(err)
	}
	s.Misbehave.AAGUID = new(uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"))
	if _, err := judged(t, s, []attestation.Type{attestation.Basic}, nil); err == nil {
		t.Error("accepted")
	}
}

// TestEnterpriseAttestationTellsTheDevice: with both types the certificate is the device's own; without, it is the model's.
func TestEnterpriseAttestationTellsTheDevice(t *testing.T) {
	for _, own := range []attestation.Format{"", attestation.FormatPacked, attestation.FormatApple} {
		for _, preferred := range [][]string{nil, {"none"}, {"apple", "packed"}} {
			model := everything
			model.AAGUID, model.Attestation, model.AttestationType = attestedModel.AAGUID, own, attestation.Basic
			p := withPIN(t, model, pin)
			p.expect("enable", p.config(p.acfg(), ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
			for kind := range uint(3) {
				response, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada", func(r *ctap2.MakeCredentialRequest) {
					r.AttestationFormats = preferred
					if kind != 0 {
						r.EnterpriseAttestation = &kind
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := response.Format == "packed" && hasSerial(t, response); got != (kind != 0) || response.EnterpriseAttestation != got {
					t.Errorf("own %q, preferred %q, type %d: serial number %v, epAtt %v, format %q", own, preferred, kind, got, response.EnterpriseAttestation, response.Format)
				}
			}
		}
	}
}

func TestTwoDevicesHaveTwoSerialNumbers(t *testing.T) {
	var statements []cbor.RawMessage
	for _, serial := range []string{"", "1", "2"} {
		model := attestedModel
		model.Verification = virtualauth.VerificationMissing // so that nothing protects its configuration
		s := newStage(t, model)
		s.Authenticator = virtualauth.New(model, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(1), Authority: authority, Serial: serial})
		p := s.platform(pinuv.Two)
		p.expect("enable", p.config(nil, ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
		response, err := judged(t, s, []attestation.Type{attestation.Basic}, func(r *ctap2.MakeCredentialRequest) {
			r.EnterpriseAttestation, r.Options = new(uint(2)), nil
		})
		if err != nil || !response.EnterpriseAttestation {
			t.Fatal(err)
		}
		statements = append(statements, response.Statement)
	}
	if !bytes.Equal(leafOf(t, statements[0]), leafOf(t, statements[1])) || bytes.Equal(leafOf(t, statements[1]), leafOf(t, statements[2])) {
		t.Error("the serial number makes the wrong difference")
	}
}

func TestFormatsThatNeedMoreSaySo(t *testing.T) {
	for _, c := range []struct {
		format attestation.Format
		world  virtualauth.World
		want   error
	}{
		{attestation.FormatPacked, virtualauth.World{}, attestation.ErrNoAuthority},
		{attestation.FormatApple, virtualauth.World{}, attestation.ErrNoAuthority},
		{attestation.FormatTPM, virtualauth.World{Authority: authority}, attestation.ErrNoTPM},
		{attestation.FormatCompound, virtualauth.World{Authority: authority}, attestation.ErrNoTPM},
	} {
		s := newStage(t, virtualauth.Model{})
		c.world.Clock, c.world.Rand = s.clock, seeded(1)
		s.Authenticator = virtualauth.New(virtualauth.Model{Attestation: c.format, AttestationType: attestation.Basic}, c.world)
		if _, err := ctap2.MakeCredential(t.Context(), s, registration("ada")); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.format, err, c.want)
		}
		if left := len(s.Credentials()); left != 0 {
			t.Errorf("%s: %d credentials remain of a failure", c.format, left)
		}
	}
}

// certifying is a store that certifies ES256 keys, in the way of a TPM and without one.
type certifying struct{ *keystore.Software }

func (c certifying) Supports(algorithm cose.Algorithm) bool { return algorithm == cose.ES256 }

func (c certifying) AttestationKey(ctx context.Context) (cose.Key, error) {
	_, key, err := keystore.NewSoftware(seeded(9)).Create(ctx, cose.ES256)
	return key, err
}

func (c certifying) Certify(_ context.Context, _ keystore.Handle, extraData []byte) (keystore.Certification, error) {
	return keystore.Certification{Attest: extraData, Public: []byte("public"), Signature: []byte("signature")}, nil
}

// TestAFormatThatCannotSpeakOfAKeyGivesWay to what the model can say besides, and to none at last.
func TestAFormatThatCannotSpeakOfAKeyGivesWay(t *testing.T) {
	packedAndTPM := []attestation.Format{attestation.FormatPacked, attestation.FormatTPM}
	for _, c := range []struct {
		own       attestation.Format
		compound  []attestation.Format
		algorithm cose.Algorithm
		preferred []string
		want      string
		listed    string
	}{
		{attestation.FormatTPM, nil, cose.ES256, nil, "tpm", "[tpm]"},
		{attestation.FormatTPM, nil, cose.EdDSA, nil, "none", "[tpm]"}, // which the store lacks: the key is in software
		{attestation.FormatCompound, nil, cose.ES256, nil, "compound", "[compound packed tpm]"},
		{attestation.FormatCompound, packedAndTPM, cose.ES256, []string{"tpm"}, "tpm", "[compound packed tpm]"},
		{attestation.FormatCompound, packedAndTPM, cose.ES256, []string{"none", "tpm"}, "none", "[compound packed tpm]"},
		{attestation.FormatCompound, packedAndTPM, cose.EdDSA, []string{"tpm", "compound"}, "packed", "[compound packed tpm]"},
		{attestation.FormatCompound, []attestation.Format{"fido-u2f", "packed"}, cose.EdDSA, nil, "packed", "[compound fido-u2f packed]"},
		{attestation.FormatCompound, []attestation.Format{"packed", "packed"}, cose.EdDSA, nil, "compound", "[compound packed]"},
		{attestation.FormatFIDOU2F, nil, cose.ES256, nil, "fido-u2f", "[fido-u2f]"},
		{attestation.FormatFIDOU2F, nil, cose.EdDSA, nil, "none", "[fido-u2f]"},
		{attestation.FormatNone, nil, cose.ES256, []string{"packed"}, "none", "[]"},
	} {
		t.Run(fmt.Sprintf("%s %v of %v, preferred %q", c.own, c.compound, c.algorithm, c.preferred), func(t *testing.T) {
			s := newStage(t, virtualauth.Model{})
			model := attestedModel
			model.Attestation, model.Compound, model.SoftwareFallback = c.own, c.compound, true
			s.Authenticator = virtualauth.New(model, virtualauth.World{
				User: s.person, Clock: s.clock, Rand: seeded(1), Authority: authority, Keys: certifying{keystore.NewSoftware(seeded(3))},
			})
			request := registration("ada")
			request.Parameters[0].Algorithm, request.AttestationFormats = c.algorithm, c.preferred
			response, err := ctap2.MakeCredential(t.Context(), s, request)
			if err != nil || response.Format != c.want {
				t.Fatalf("%v, want %s; %v", response, c.want, err)
			}
			if wantsZero := c.want == "fido-u2f"; slices.Equal(s.view(response.AuthData).aaguid, make([]byte, 16)) != wantsZero {
				t.Errorf("AAGUID %x", s.view(response.AuthData).aaguid)
			}
			info, err := ctap2.GetInfo(t.Context(), s)
			if err != nil || fmt.Sprint(info.AttestationFormats) != c.listed {
				t.Errorf("getInfo lists %v, want %s; %v", info.AttestationFormats, c.listed, err)
			}
		})
	}
}

// SafetyNet's response tells the time: that of the clock, in milliseconds.
func TestSafetyNetTellsTheTimeOfTheClock(t *testing.T) {
	model := attestedModel
	model.Attestation = attestation.FormatSafetyNet
	s := newStage(t, model)
	response, err := ctap2.MakeCredential(t.Context(), s, registration("ada"))
	if err != nil {
		t.Fatal(err)
	}
	var statement struct {
		Response []byte `cbor:"response"`
	}
	if err := cbor.Unmarshal(response.Statement, &statement); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(statement.Response), ".")[1])
	if want := fmt.Sprintf(`"timestampMs":%d,`, s.clock.Now().UnixMilli()); err != nil || !strings.Contains(string(payload), want) {
		t.Errorf("%s, want %s; %v", payload, want, err)
	}
}

// U2F's own registration is attested by the authority, too: its certificate comes from the root.
func TestU2FRegistrationByTheAuthority(t *testing.T) {
	s := newStage(t, u2fModel)
	s.Authenticator = virtualauth.New(u2fModel, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(1), Authority: authority})
	root, err := authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.registerU2F().certificate.CheckSignatureFrom(root); err != nil {
		t.Error(err)
	}
}
