package mds_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/mds"
)

func TestAnEntryAnswersWhatTheStatementSays(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	e, found := read(t, s, list(1, entry(model, m.root))).Entry(model)
	if !found {
		t.Fatal("not found")
	}
	if e.Description() != "Key of the tests" || e.Icon() != "data:image/png;base64,iVBORw0KGgo=" || e.Status(now) != metadata.FidoCertifiedL1 || e.Level(now) != mds.L1 {
		t.Errorf("got %q %q %q %s", e.Description(), e.Icon(), e.Status(now), e.Level(now))
	}
	if want := []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA}; !slices.Equal(e.Algorithms(), want) {
		t.Errorf("got %v", e.Algorithms())
	}
	statement := e.Statement
	if statement.AuthenticatorVersion != 5 || !slices.Contains(statement.KeyProtection, "secure_element") || len(statement.AttestationRootCertificates) != 1 ||
		statement.UserVerificationDetails[0][0].UserVerificationMethod != "passcode_external" {
		t.Errorf("got %+v", statement)
	}
	if e.Changed != time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("changed %s", e.Changed)
	}
	for _, nobody := range []uuid.UUID{uuid.Nil, uuid.MustParse("99999999-0000-4000-8000-000000000000")} {
		if _, found := read(t, s, list(1, entry(model))).Entry(nobody); found {
			t.Errorf("%s is listed", nobody)
		}
	}
}

func TestAnEntrySaysWhatTheModelCanDo(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	able := entry(model, m.root)
	statement := able["metadataStatement"].(object)
	statement["authenticatorGetInfo"] = object{"versions": []string{"FIDO_2_1"}, "aaguid": strings.ReplaceAll(model.String(), "-", ""), "options": object{"rk": true, "clientPin": true}, "extensions": []string{"hmac-secret"}}
	plain := entry(model)
	plain["metadataStatement"] = with(plain["metadataStatement"].(object), "userVerificationDetails", [][]object{{{"userVerificationMethod": "presence_internal"}}})
	e, _ := read(t, s, list(1, able)).Entry(model)
	if !e.VerifiesUser() || !e.KeepsPasskeys() || !e.DerivesSecrets() || e.Roots() == nil || e.Warned(nil, now) {
		t.Errorf("an able one: %v %v %v %v %v", e.VerifiesUser(), e.KeepsPasskeys(), e.DerivesSecrets(), e.Roots(), e.Warned(nil, now))
	}
	e, _ = read(t, s, list(1, with(plain, "statusReports", []object{report("RETIRED", "2020-01-01")}))).Entry(model)
	if e.VerifiesUser() || e.KeepsPasskeys() || e.DerivesSecrets() || e.Roots() != nil || !e.Warned(nil, now) {
		t.Errorf("a plain one: %v %v %v %v %v", e.VerifiesUser(), e.KeepsPasskeys(), e.DerivesSecrets(), e.Roots(), e.Warned(nil, now))
	}
	e, _ = read(t, s, list(1, entry(model))).Entry(model)
	if !e.VerifiesUser() {
		t.Error("the methods of verification were overlooked")
	}
}

func TestAReportOnABatchCountsForThatBatch(t *testing.T) {
	s, m, other := newService(t), newMaker(t, "maker"), newMaker(t, "other")
	about := func(member string, c *x509.Certificate) object {
		return with(entry(model, m.root), "statusReports", []object{with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), member, c.Raw)})
	}
	tests := []struct {
		name  string
		entry object
		chain []*x509.Certificate
		want  bool
	}{
		{"the batch is this one", about("batchCertificate", m.chain[1]), m.chain, true},
		{"the batch is another", about("batchCertificate", other.chain[1]), m.chain, false},
		{"the certificate is this one", about("certificate", m.chain[0]), m.chain, true},
		{"the certificate is another", about("certificate", other.chain[0]), m.chain, false},
		{"the batch is all under this root", about("batchCertificate", m.root), m.chain, true},
		{"the batch is all under another root", about("batchCertificate", other.root), m.chain, false},
		{"nobody knows the batch", about("batchCertificate", other.chain[1]), nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, _ := read(t, s, list(1, test.entry)).Entry(model)
			if got := e.Warned(test.chain, now); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTheLevelIsWhatTheLatestReportAboutItSays(t *testing.T) {
	s := newService(t)
	tests := []struct {
		name    string
		reports []object
		level   mds.Level
		status  metadata.AuthenticatorStatus
	}{
		{"none was ever made", nil, mds.Uncertified, ""},
		{"certified higher later", []object{report("FIDO_CERTIFIED", "2020-01-01"), report("FIDO_CERTIFIED_L2plus", "2024-01-01")}, mds.L2Plus, "FIDO_CERTIFIED_L2plus"},
		{"the latest day stands first", []object{report("FIDO_CERTIFIED_L3", "2024-01-01"), report("FIDO_CERTIFIED_L1", "2020-01-01")}, mds.L3, "FIDO_CERTIFIED_L3"},
		{"without days the last counts", []object{report("FIDO_CERTIFIED_L2", ""), report("FIDO_CERTIFIED_L1plus", "2020-01-01")}, mds.L1Plus, "FIDO_CERTIFIED_L1plus"},
		{"an update takes no certificate away", []object{report("FIDO_CERTIFIED_L2", "2020-01-01"), report("UPDATE_AVAILABLE", "2024-01-01")}, mds.L2, "UPDATE_AVAILABLE"},
		{"a report of tomorrow does not count", []object{report("FIDO_CERTIFIED_L1", "2020-01-01"), report("FIDO_CERTIFIED_L3plus", "2031-06-02")}, mds.L1, "FIDO_CERTIFIED_L1"},
		{"a report that has ended does not count", []object{report("FIDO_CERTIFIED_L1", "2020-01-01"), with(report("FIDO_CERTIFIED_L3", "2021-01-01"), "sunsetDate", "2031-01-01")}, mds.L1, "FIDO_CERTIFIED_L1"},
		{"certification was taken back", []object{report("FIDO_CERTIFIED_L1", "2020-01-01"), report("NOT_FIDO_CERTIFIED", "2024-01-01")}, mds.Uncertified, "NOT_FIDO_CERTIFIED"},
		{"a state of the future says nothing about the level", []object{report("FIDO_CERTIFIED_L1", "2020-01-01"), report("BLESSED", "2024-01-01")}, mds.L1, "BLESSED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, _ := read(t, s, list(1, with(entry(model), "statusReports", test.reports))).Entry(model)
			if e.Level(now) != test.level || e.Status(now) != test.status {
				t.Errorf("got %s, %s", e.Level(now), e.Status(now))
			}
		})
	}
}

func TestAnAttestationIsTrusted(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	identifier, err := mds.KeyIdentifier(m.chain[0])
	if err != nil {
		t.Fatal(err)
	}
	u2f := with(with(entry(uuid.Nil, m.root), "aaguid", nil), "attestationCertificateKeyIdentifiers", []string{identifier})
	u2f["metadataStatement"] = with(u2f["metadataStatement"].(object), "aaguid", nil)
	critical := template("maker key")
	critical.DNSNames = nil
	critical.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: []byte{0x30, 0x04, 0xa4, 0x02, 0x30, 0x00}}}
	tpm := []*x509.Certificate{issue(t, critical, m.chain[1], key("maker key").Public(), key("maker batch")), m.chain[1]}
	batch := with(entry(model, m.root), "statusReports", []object{report("FIDO_CERTIFIED_L2", "2020-01-01"),
		with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), "batchCertificate", newMaker(t, "other").chain[1].Raw)})
	tests := []struct {
		name   string
		entry  object
		aaguid uuid.UUID
		chain  []*x509.Certificate
		root   *x509.Certificate
	}{
		{"its chain leads to the listed root", entry(model, newMaker(t, "other").root, m.root), model, m.chain, m.root},
		{"its chain brings the root as well", entry(model, m.root), model, append(slices.Clone(m.chain), m.root), m.root},
		{"the batch is listed instead of the root", entry(model, m.chain[1]), model, m.chain, m.chain[1]},
		{"the very certificate is listed", entry(model, m.chain[0]), model, m.chain[:1], m.chain[0]},
		{"it has no AAGUID, and its key is listed", u2f, uuid.Nil, m.chain, m.root},
		{"its certificate is that of a TPM", entry(model, m.root), model, tpm, m.root},
		{"another batch is compromised", batch, model, m.chain, m.root},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			decision, err := read(t, s, list(1, test.entry)).Trust(test.aaguid, test.chain, mds.Requirements{Level: mds.L1}, now)
			if err != nil {
				t.Fatal(err)
			}
			if !decision.Root.Equal(test.root) || decision.Level < mds.L1 || decision.Entry == nil || decision.Stale {
				t.Errorf("got %+v", decision)
			}
		})
	}
}

func TestAnAttestationIsRefused(t *testing.T) {
	s, m, other := newService(t), newMaker(t, "maker"), newMaker(t, "other")
	reports := func(later ...object) object {
		return with(entry(model, m.root), "statusReports", append([]object{report("FIDO_CERTIFIED_L2", "2020-01-01")}, later...))
	}
	ended := template("maker key")
	ended.NotAfter = now.Add(-time.Hour)
	expired := []*x509.Certificate{issue(t, ended, m.chain[1], key("maker key").Public(), key("maker batch")), m.chain[1]}
	tests := []struct {
		name   string
		entry  object
		aaguid uuid.UUID
		chain  []*x509.Certificate
		reason mds.Reason
	}{
		{"nobody has listed the model", entry(uuid.MustParse("99999999-0000-4000-8000-000000000000"), m.root), model, m.chain, mds.NotListed},
		{"it has no AAGUID and no certificate", entry(model, m.root), uuid.Nil, nil, mds.NotListed},
		{"it has no AAGUID, and its key is not listed", entry(model, m.root), uuid.Nil, m.chain, mds.NotListed},
		{"the model was revoked", reports(report("REVOKED", "2031-06-01")), model, m.chain, mds.Revoked},
		{"the model was revoked before a certification", reports(report("REVOKED", "2021-01-01"), report("FIDO_CERTIFIED_L2", "2022-01-01")), model, m.chain, mds.Revoked},
		{"the model was retired", reports(report("RETIRED", "2021-01-01")), model, m.chain, mds.Revoked},
		{"the model was compromised and then revoked", reports(report("USER_VERIFICATION_BYPASS", "2021-01-01"), report("REVOKED", "2022-01-01")), model, m.chain, mds.Revoked},
		{"user verification can be bypassed", reports(report("USER_VERIFICATION_BYPASS", "2021-01-01")), model, m.chain, mds.Compromised},
		{"keys can be stolen from afar", reports(report("USER_KEY_REMOTE_COMPROMISE", "2021-01-01")), model, m.chain, mds.Compromised},
		{"keys can be stolen by a thief of the device", reports(report("USER_KEY_PHYSICAL_COMPROMISE", "2021-01-01")), model, m.chain, mds.Compromised},
		{"attestation keys were stolen", reports(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01")), model, m.chain, mds.Compromised},
		{"the attestation keys of its batch were stolen", reports(with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), "batchCertificate", m.chain[1].Raw)), model, m.chain, mds.Compromised},
		{"the keys under its root were stolen", reports(with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), "batchCertificate", m.root.Raw)), model, m.chain, mds.Compromised},
		{"its own attestation key was stolen, which has another certificate since", reports(with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), "certificate", expired[0].Raw)), model, m.chain, mds.Compromised},
		{"its own attestation key was stolen", reports(with(report("ATTESTATION_KEY_COMPROMISE", "2021-01-01"), "certificate", m.chain[0].Raw)), model, m.chain, mds.Compromised},
		{"the level is too low", with(entry(model, m.root), "statusReports", []object{report("SELF_ASSERTION_SUBMITTED", "2020-01-01")}), model, m.chain, mds.NotCertified},
		{"it attests by itself", entry(model, m.root), model, nil, mds.NoChain},
		{"its chain leads to somebody else's root", entry(model, m.root), model, other.chain, mds.ForeignChain},
		{"no root is listed", entry(model), model, m.chain, mds.ForeignChain},
		{"its chain has a gap", entry(model, m.root), model, m.chain[:1], mds.ForeignChain},
		{"its certificate has expired", entry(model, m.root), model, expired, mds.ForeignChain},
		{"its chain is long", entry(model, m.root), model, slices.Repeat(m.chain, 5), mds.ForeignChain},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, s, list(1, test.entry)).Trust(test.aaguid, test.chain, mds.Requirements{Level: mds.L1}, now)
			wantRefusal(t, err, test.reason)
		})
	}
}

func wantRefusal(t *testing.T, err error, reason mds.Reason) {
	t.Helper()
	var refusal *mds.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != reason {
		t.Fatalf("got %v, want %s", err, reason)
	}
	if refusal.Err == nil {
		t.Error("it does not say why")
	}
}

func TestRequirementsDecide(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	weak := with(entry(model, m.root), "statusReports", []object{report("FIDO_CERTIFIED_L2", "2020-01-01"), report("USER_KEY_PHYSICAL_COMPROMISE", "2021-01-01")})
	revoked := with(entry(model, m.root), "statusReports", []object{report("REVOKED", "2020-01-01")})
	later := time.Date(2031, 7, 2, 0, 0, 0, 0, time.UTC) // the day of nextUpdate is over
	tests := []struct {
		name   string
		entry  object
		at     time.Time
		r      mds.Requirements
		reason mds.Reason
	}{
		{"a weakness is accepted", weak, now, mds.Requirements{AllowCompromised: true, Level: mds.L2}, ""},
		{"a revocation never is", revoked, now, mds.Requirements{AllowCompromised: true}, mds.Revoked},
		{"a higher level is needed", entry(model, m.root), now, mds.Requirements{Level: mds.L1Plus}, mds.NotCertified},
		{"stale metadata is used", entry(model, m.root), later, mds.Requirements{}, ""},
		{"stale metadata is refused", entry(model, m.root), later, mds.Requirements{Fresh: true}, mds.Stale},
		{"metadata is not stale on the last day", entry(model, m.root), later.Add(-time.Second), mds.Requirements{Fresh: true}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			decision, err := read(t, s, list(1, test.entry)).Trust(model, m.chain, test.r, test.at)
			if test.reason != "" {
				wantRefusal(t, err, test.reason)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if decision.Stale != (test.at == later) {
				t.Errorf("stale: %v", decision.Stale)
			}
		})
	}
}
