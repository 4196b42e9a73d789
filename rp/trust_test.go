package rp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
)

var keyModel = uuid.MustParse("2fc0579f-8113-47ea-b116-bb5a8db9202a")

// packed makes statements of WebAuthn L3 §8.2 with a certificate of the maker's for the model.
func (m *maker) packed(model uuid.UUID) func(*parts, *ecdsa.PrivateKey, []byte, []byte) {
	return func(p *parts, _ *ecdsa.PrivateKey, authData, clientDataHash []byte) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			m.t.Fatal(err)
		}
		value, err := asn1.Marshal(model[:])
		if err != nil {
			m.t.Fatal(err)
		}
		leaf := m.issue(&x509.Certificate{
			SerialNumber: big.NewInt(3), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), BasicConstraintsValid: true,
			Subject:         pkix.Name{Country: []string{"SE"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Key"},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value}},
		}, m.root, key)
		digest := sha256.Sum256(append(append([]byte{}, authData...), clientDataHash...))
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			m.t.Fatal(err)
		}
		p.format, p.statement = "packed", map[string]any{"alg": -7, "sig": signature, "x5c": [][]byte{leaf.Raw}}
	}
}

// models is a Metadata that a test writes down.
type models map[uuid.UUID]rp.Model

func (m models) Model(_ context.Context, aaguid uuid.UUID, _ []*x509.Certificate) (rp.Model, bool) {
	model, known := m[aaguid]
	return model, known
}

func goodModel(m *maker) rp.Model {
	return rp.Model{Name: "Key", Roots: m.pool(), Certified: true, UserVerification: true, ResidentKeys: true, Secrets: true}
}

func securityKey() *device {
	d := newDevice(keyModel)
	d.transports = []string{"usb", "nfc"}
	return d
}

// POL-01, POL-14, SEC-13: what enforced attestation accepts, and what each statement is refused with.
func TestEnforcedAttestation(t *testing.T) {
	m, stranger := newMaker(t), newMaker(t)
	self := func(p *parts, key *ecdsa.PrivateKey, authData, clientDataHash []byte) {
		digest := sha256.Sum256(append(append([]byte{}, authData...), clientDataHash...))
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		p.format, p.statement = "packed", map[string]any{"alg": -7, "sig": signature}
	}
	change := func(f func(*rp.Model)) models {
		model := goodModel(m)
		f(&model)
		return models{keyModel: model}
	}
	good := change(func(*rp.Model) {})
	for name, c := range map[string]struct {
		known  rp.Metadata
		roots  attest.Roots
		attest func(*parts, *ecdsa.PrivateKey, []byte, []byte)
		synced bool
		code   rp.Code
	}{
		"POL-01 packed and known":        {good, attest.Roots{}, m.packed(keyModel), false, ""},
		"known by the configured roots":  {nil, attest.Roots{Packed: m.pool()}, m.packed(keyModel), false, ""},
		"unknown, but a configured root": {models{}, attest.Roots{Packed: m.pool()}, m.packed(keyModel), false, ""},
		"no statement":                   {good, attest.Roots{}, nil, false, rp.CodeAttestationRequired},
		"self attestation":               {good, attest.Roots{}, self, false, rp.CodeAttestationRequired},
		"SEC-13 a forged model":          {good, attest.Roots{}, nil, false, rp.CodeAttestationRequired},
		"POL-14 another maker's chain":   {good, attest.Roots{}, stranger.packed(keyModel), false, rp.CodeAttestationInvalid},
		"another model's certificate":    {good, attest.Roots{}, m.packed(google), false, rp.CodeAttestationInvalid},
		"an unknown model":               {models{}, attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"nobody's word for it":           {nil, attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model without certification":  {change(func(m *rp.Model) { m.Certified = false }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model that was broken":        {change(func(m *rp.Model) { m.Compromised = true }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model without verification":   {change(func(m *rp.Model) { m.UserVerification = false }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model without resident keys":  {change(func(m *rp.Model) { m.ResidentKeys = false }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model without hmac-secret":    {change(func(m *rp.Model) { m.Secrets = false }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model that signs so":          {change(func(m *rp.Model) { m.Algorithms = []webauthncose.COSEAlgorithmIdentifier{-7} }), attest.Roots{}, m.packed(keyModel), false, ""},
		"a model that signs otherwise":   {change(func(m *rp.Model) { m.Algorithms = []webauthncose.COSEAlgorithmIdentifier{-8} }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"a model without certificates":   {change(func(m *rp.Model) { m.OnlySelf = true }), attest.Roots{}, m.packed(keyModel), false, rp.CodeAttestationInvalid},
		"another format":                 {change(func(model *rp.Model) {}), attest.Roots{}, m.apple, false, rp.CodeAttestationInvalid},
		"a passkey that syncs, attested": {good, attest.Roots{}, m.packed(keyModel), true, rp.CodeSyncedNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, func(cfg *rp.Config) {
				cfg.Policy = policy.Policy{IsAttestationEnforced: true}
				cfg.Metadata, cfg.AttestationRoots = c.known, c.roots
			}).signedIn("mia")
			run := p.step(p.start(rp.Start{Method: rp.AddKey}), rp.Input{Event: rp.EventNext, KeyTransport: rp.KeyUSB}, rp.K2)
			d := securityKey()
			if d.attest = c.attest; c.synced {
				d.synced()
			}
			options := p.begin(run)
			if options.Options.Attestation != "direct" {
				t.Errorf("asks for %q", options.Options.Attestation)
			}
			_, body := d.create(t, optionsJSON(t, options))
			_, err := p.finish(run, body)
			if c.code != "" {
				refusal := wantRefused(t, err, c.code)
				if refusal.Stray != rp.StrayYes || len(p.credentials()) != 0 {
					t.Errorf("stray %s, %d stored", refusal.Stray, len(p.credentials()))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.credentials()[0]; !got.Attested || len(got.AttestationCertificates) != 1 || len(got.AttestationCertificates[0]) != 64 {
				t.Errorf("attested %v, certificates %q", got.Attested, got.AttestationCertificates)
			}
		})
	}
}

// POL-01: flows whose attestation cannot reach the page lead to the app.
func TestEnforcedAttestationBlocksFlows(t *testing.T) {
	p := newLab(t, withPolicy(policy.Policy{IsAttestationEnforced: true})).signedIn("mia")
	rows, refusal, err := p.Choices(p.ctx, p.session.ID)
	if err != nil || refusal != nil {
		t.Fatal(refusal, err)
	}
	for _, row := range rows {
		want := map[rp.AddMethod]rp.Choice{
			rp.AddApp: {LeadsTo: rp.CodeAttestationBlocksFlow}, rp.AddPasskey: {Disabled: rp.CodeAttestationBlocksFlow},
		}[row.Method]
		if row.Disabled != want.Disabled || row.LeadsTo != want.LeadsTo {
			t.Errorf("%s: disabled by %q, leads to %q, want %+v", row.Method, row.Disabled, row.LeadsTo, want)
		}
	}
	for _, start := range []rp.Start{{Method: rp.AddApp}, {Method: rp.AddApp, SameDevice: true}, {Method: rp.AddPasskey}} {
		_, err := p.StartRun(p.ctx, p.session.ID, start)
		wantRefused(t, err, rp.CodeAttestationBlocksFlow)
	}
}

// witness hears what a Metadata is asked.
type witness struct {
	aaguid uuid.UUID
	chain  []*x509.Certificate
}

func (w *witness) Model(_ context.Context, aaguid uuid.UUID, chain []*x509.Certificate) (rp.Model, bool) {
	w.aaguid, w.chain = aaguid, chain
	return rp.Model{}, false
}

// The metadata is told who attests by which certificates: only so can it know a model without an AAGUID, and which batch of one.
func TestTheMetadataIsToldTheCertificates(t *testing.T) {
	m := newMaker(t)
	for name, c := range map[string]struct {
		attest       func(*parts, *ecdsa.PrivateKey, []byte, []byte)
		certificates int
	}{"with certificates": {m.packed(keyModel), 1}, "without": {nil, 0}} {
		t.Run(name, func(t *testing.T) {
			asked := &witness{}
			p := newLab(t, func(cfg *rp.Config) { cfg.Metadata = asked }).signedIn("mia")
			d := securityKey()
			d.attest = c.attest
			p.register(d)
			if asked.aaguid != keyModel || len(asked.chain) != c.certificates || c.certificates > 0 && asked.chain[0].Subject.CommonName != "Key" {
				t.Errorf("asked about %s with %d certificates", asked.aaguid, len(asked.chain))
			}
		})
	}
}

// A model that was broken since is no longer shown as attested, though a lenient policy takes it.
func TestCompromisedModelIsNotAttested(t *testing.T) {
	m := newMaker(t)
	model := goodModel(m)
	model.Compromised = true
	p := newLab(t, func(c *rp.Config) { c.Metadata = models{keyModel: model} }).signedIn("mia")
	d := securityKey()
	d.attest = m.packed(keyModel)
	p.register(d)
	if p.credentials()[0].Attested {
		t.Error("a compromised model is marked as attested")
	}
}
