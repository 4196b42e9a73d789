package attestation_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// A TPM whose attestation key takes another hash than the forger's: the name must be the only thing wrong.
func TestAForgedCertificationIsRightInAllElse(t *testing.T) {
	s := newStage(t, cose.ES256)
	key, err := s.Credential.Key()
	if err != nil {
		t.Fatal(err)
	}
	s.TPM = softTPM(t, key, cose.ES384)
	if err := s.verdict(s.make(attestation.FormatTPM)); err != nil {
		t.Fatal(err)
	}
	s.Misbehave.Name = spoilt
	if err := s.verdict(s.make(attestation.FormatTPM)); stepOf(err) != stepTPMName {
		t.Error(err)
	}
}

// A path that is too long is complete: every certificate is signed by the next, and the last by the root.
func TestAPathThatIsTooLongIsOtherwiseRight(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Type, s.Misbehave.PathTooLong = attestation.Basic, true
	var statement struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(s.make(attestation.FormatPacked).Body, &statement); err != nil {
		t.Fatal(err)
	}
	chain, err := certificates(statement.X5C)
	if err != nil || len(chain) != 3 {
		t.Fatalf("%d certificates, %v", len(chain), err)
	}
	root, err := s.Authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	for i, issuer := range []*x509.Certificate{chain[1], chain[2], root} {
		if err := chain[i].CheckSignatureFrom(issuer); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// The key description, written by hand: version 300 twice, each in the TEE; the client data hash; no unique id; nothing enforced
// by software; and by the TEE purpose {sign}, algorithm, digest {SHA-256}, no authentication required, origin generated.
func TestAndroidDescribesTheKey(t *testing.T) {
	for algorithm, number := range map[cose.Algorithm]string{cose.ES256: "03", cose.RS256: "01"} {
		s := newStage(t, algorithm)
		want := "3056" + "0202012c" + "0a0101" + "0202012c" + "0a0101" + "0420" + hex.EncodeToString(s.ClientDataHash) + "0400" + "3000" +
			"3020" + "a1053103020102" + "a2030201" + number + "a5053103020104" + "bf8377020500" + "bf853e03020100"
		leaf := s.leaf(s.make(attestation.FormatAndroidKey))[0]
		if got := hex.EncodeToString(extension(leaf, 1, 3, 6, 1, 4, 1, 11129, 2, 1, 17)); got != want {
			t.Errorf("%v\n got %s\nwant %s", algorithm, got, want)
		}
	}
}

// What the service says, member by member.
func TestSafetyNetSaysAllThatItSaid(t *testing.T) {
	s := newStage(t, cose.ES256)
	var statement struct {
		Version  string `cbor:"ver"`
		Response []byte `cbor:"response"`
	}
	if err := cbor.Unmarshal(s.make(attestation.FormatSafetyNet).Body, &statement); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(statement.Response), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	nonce := sha256.Sum256(slices.Concat(s.AuthData, s.ClientDataHash))
	digest := sha256.Sum256([]byte("passkeylab"))
	want := fmt.Sprintf(`{"nonce":%q,"timestampMs":1773500966000,"apkPackageName":"com.google.android.gms","apkDigestSha256":%[2]q,`+
		`"apkCertificateDigestSha256":[%[2]q],"ctsProfileMatch":true,"basicIntegrity":true}`,
		base64.StdEncoding.EncodeToString(nonce[:]), base64.StdEncoding.EncodeToString(digest[:]))
	if string(payload) != want || statement.Version != "252635000" {
		t.Errorf("%s\n got %s\nwant %s", statement.Version, payload, want)
	}
}

// What a lie has made is never remembered as the truth.
func TestLiesAreNotRemembered(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Type, s.Authority = attestation.Basic, attestation.NewAuthority([]byte("fresh"), start)
	s.Misbehave = attestation.Misbehaviour{Expired: true, ExpiredIntermediate: true}
	s.make(attestation.FormatPacked)
	s.Misbehave = attestation.Misbehaviour{}
	if err := s.verdict(s.make(attestation.FormatPacked)); err != nil {
		t.Error(err)
	}
}
