package metadata_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	gometadata "github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
)

var (
	start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	// aKey is what a security key answers to getInfo, written by hand:
	// {1: ["FIDO_2_0", "FIDO_2_1"], 3: 16 bytes, 4: {"rk": true, "clientPin": false}, 5: 1200, 9: ["usb", "nfc"],
	//  10: [{"alg": -7, "type": "public-key"}, {"alg": -8, "type": "public-key"}], 14: 259,
	//  21: [18446744073709551615], 22: ["packed"], 25: h'00', 28: h'68'}
	aKey = "ab" + "01" + "82" + "684649444f5f325f30" + "684649444f5f325f31" + "03" + "50" + "000102030405060708090a0b0c0d0e0f" +
		"04" + "a2" + "62726bf5" + "69636c69656e7450696ef4" + "05" + "1904b0" + "09" + "82" + "63757362" + "636e6663" +
		"0a" + "82" + "a263616c672664747970656a7075626c69632d6b6579" + "a263616c672764747970656a7075626c69632d6b6579" +
		"0e" + "190103" + "15" + "81" + "1bffffffffffffffff" + "16" + "81" + "667061636b6564" + "1819" + "4100" + "181c" + "4168"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// describe makes the entry of aKey.
func describe(t *testing.T, edit func(*metadata.Model)) metadata.Entry {
	t.Helper()
	info, err := metadata.ParseGetInfo(unhex(t, aKey))
	if err != nil {
		t.Fatal(err)
	}
	m := metadata.Model{GetInfo: info, Description: "A key for tests", Since: start}
	if edit != nil {
		edit(&m)
	}
	entry, err := metadata.Describe(m)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// The whole entry of a model, as a relying party reads it: what getInfo tells is taken over, the rest has truthful defaults.
func TestAStatementSaysWhatGetInfoSays(t *testing.T) {
	got, err := json.MarshalIndent(describe(t, func(m *metadata.Model) { m.Icon = "data:," }), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/statement.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// MTA-005 MTA-031 MTA-032 MTA-033 MTA-034 MTA-035 MTA-036 MTA-037: what getInfo does not tell.
func TestWhatAMakerSaysIsTaken(t *testing.T) {
	s := describe(t, func(m *metadata.Model) {
		m.AlternativeDescriptions = map[string]string{"de-CH": "Ein Schlüssel"}
		m.FriendlyNames = map[string]string{"en-US": "Key"}
		m.UserVerification = []string{"fingerprint_internal"}
		m.KeyProtection, m.MatcherProtection = []string{"hardware"}, []string{"on_chip"}
		m.CryptoStrength, m.MultiDevice, m.KeyScope = 192, "explicit", "public-key-credential-source"
		m.IconDark, m.ProviderLogoLight, m.ProviderLogoDark, m.CXConfigURL = "data:,d", "data:,l", "data:,n", "https://x.test/cx"
		m.AttestationTypes = []attestation.Type{attestation.Basic}
	}).Statement
	got := fmt.Sprintln(s.AlternativeDescriptions, s.FriendlyNames, s.UserVerification, s.KeyProtection, s.MatcherProtection,
		s.CryptoStrength, s.MultiDevice, s.KeyScope, s.IconDark, s.ProviderLogoLight, s.ProviderLogoDark, s.CXConfigURL, s.AttestationTypes)
	want := "map[de-CH:Ein Schlüssel] map[en-US:Key] [[{fingerprint_internal}]] [hardware] [on_chip] 192 explicit " +
		"public-key-credential-source data:,d data:,l data:,n https://x.test/cx [basic_full]\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheDefaultIconIsAPicture(t *testing.T) {
	data, found := strings.CutPrefix(describe(t, nil).Statement.Icon, "data:image/png;base64,")
	if !found {
		t.Fatal("no data URL")
	}
	if _, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data))); err != nil {
		t.Error(err)
	}
}

func TestDescriptionsAreNeededAndBounded(t *testing.T) {
	for _, d := range []string{"", strings.Repeat("é", 201)} {
		if _, err := metadata.Describe(metadata.Model{Description: d}); !errors.Is(err, metadata.ErrDescription) {
			t.Errorf("%d characters: %v", len(d), err)
		}
	}
	if _, err := metadata.Describe(metadata.Model{Description: strings.Repeat("é", 200)}); err != nil {
		t.Error(err)
	}
}

func TestAttachmentFollowsFromGetInfo(t *testing.T) {
	for _, c := range []struct {
		plat       bool
		transports []string
		want       string
	}{
		{true, []string{"internal"}, "[internal]"},
		{false, nil, "[external]"},
		{false, []string{"ble", "hybrid"}, "[external wireless bluetooth]"},
	} {
		entry := describe(t, func(m *metadata.Model) {
			m.GetInfo.Options, m.GetInfo.Transports = map[string]bool{"plat": c.plat, "uv": true}, c.transports
			m.GetInfo.Algorithms = nil
		})
		if got := fmt.Sprint(entry.Statement.AttachmentHint); got != c.want {
			t.Errorf("%v: got %s, want %s", c.transports, got, c.want)
		}
		if got := fmt.Sprint(entry.Statement.UserVerification, entry.Statement.Algorithms); got != "[[{presence_internal}] [{passcode_internal}]] [secp256r1_ecdsa_sha256_raw]" {
			t.Error(got)
		}
	}
}

func TestVerificationFollowsFromTheModality(t *testing.T) {
	for modality, want := range map[uint64]string{
		0: "passcode_internal", 0x02: "fingerprint_internal", 0x14: "passcode_internal faceprint_internal",
		0x1ea: "fingerprint_internal voiceprint_internal location_internal eyeprint_internal pattern_internal handprint_internal",
		0x400: "passcode_internal", // all of some, which says nothing about which
	} {
		entry := describe(t, func(m *metadata.Model) {
			m.GetInfo.Options, m.GetInfo.UVModality = map[string]bool{"uv": false}, modality
		})
		var got []string
		for _, alternative := range entry.Statement.UserVerification[1:] {
			got = append(got, alternative[0].Method)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%#x: got %q, want %s", modality, got, want)
		}
	}
}

func TestU2FModelsAreFoundByTheirCertificates(t *testing.T) {
	root, err := attestation.NewAuthority(nil, start).Root()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := metadata.Describe(metadata.Model{Description: "An old key", Since: start})
	if err != nil || entry.AAGUID != "" || entry.Statement.ProtocolFamily != "u2f" || entry.Statement.GetInfo != nil {
		t.Errorf("%+v, %v", entry, err)
	}
	entry, err = metadata.Describe(metadata.Model{Description: "An old key", Since: start, Certificates: certificates(root)})
	want := hex.EncodeToString(attestation.KeyIdentifier(root.PublicKey))
	if err != nil || fmt.Sprint(entry.KeyIdentifiers, entry.Statement.KeyIdentifiers) != "["+want+"] ["+want+"]" || len(want) != 40 {
		t.Errorf("%v, want %s; %v", entry.KeyIdentifiers, want, err)
	}
}

func TestParseGetInfoRefuses(t *testing.T) {
	for name, input := range map[string]string{
		"nothing": "", "an array": "80", "an empty map": "a0", "a key twice": "a2" + "0181" + "684649444f5f325f30" + "0180",
		"bytes left over": aKey + "00", "a short AAGUID": "a2" + "0181" + "684649444f5f325f30" + "034100",
		"an indefinite map": "bf" + aKey[2:] + "ff", "text for a number": "a2" + "0181" + "684649444f5f325f30" + "056131",
	} {
		if _, err := metadata.ParseGetInfo(unhex(t, input)); !errors.Is(err, metadata.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseGetInfo(f *testing.F) {
	f.Add(unhex(f, aKey))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, input []byte) {
		info, err := metadata.ParseGetInfo(input)
		if err != nil {
			if !errors.Is(err, metadata.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		entry, err := metadata.Describe(metadata.Model{GetInfo: info, Description: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(entry); err != nil {
			t.Fatal(err)
		}
	})
}

// load reads a BLOB with go-webauthn, which trusts the authority's metadata root.
func load(t *testing.T, authority *attestation.Authority, blob metadata.BLOB) (*gometadata.Metadata, error) {
	t.Helper()
	jwt, err := blob.Sign(authority)
	if err != nil {
		t.Fatal(err)
	}
	root, err := authority.MetadataRoot()
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := gometadata.NewDecoder(gometadata.WithRootCertificate(base64.StdEncoding.EncodeToString(root.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := decoder.DecodeBytes(jwt)
	if err != nil {
		return nil, err
	}
	return decoder.Parse(payload)
}

func TestGoWebAuthnReadsTheBLOB(t *testing.T) {
	authority := attestation.NewAuthority([]byte("seed"), start)
	root, err := authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	blob := metadata.BLOB{Number: 42, NextUpdate: start.AddDate(0, 1, 0), Entries: []metadata.Entry{
		describe(t, func(m *metadata.Model) {
			m.Roots = certificates(root)
			m.Status = []metadata.StatusReport{{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2024-02-01"}, {Status: "REVOKED", EffectiveDate: "2025-02-01", BatchCertificate: root.Raw}}
		}),
	}}
	got, err := load(t, authority, blob)
	if err != nil {
		t.Fatal(err)
	}
	if got.Parsed.Number != 42 || got.Parsed.NextUpdate.Format(time.DateOnly) != "2024-02-01" || len(got.Parsed.Entries) != 1 {
		t.Fatalf("%+v", got.Parsed)
	}
	entry := got.Parsed.Entries[0]
	if entry.AaGUID != uuid.MustParse("00010203-0405-0607-0809-0a0b0c0d0e0f") || entry.MetadataStatement.AuthenticatorGetInfo.AaGUID != entry.AaGUID {
		t.Errorf("AAGUID %v", entry.AaGUID)
	}
	if len(entry.StatusReports) != 2 || entry.StatusReports[1].Status != gometadata.Revoked || !entry.StatusReports[1].BatchCertificate.Equal(root) {
		t.Errorf("%+v", entry.StatusReports)
	}
	if roots := entry.MetadataStatement.AttestationRootCertificates; len(roots) != 1 || !roots[0].Equal(root) {
		t.Errorf("%d roots", len(roots))
	}
}

func TestEqualListsGiveEqualBytes(t *testing.T) {
	sign := func(seed string, number int) []byte {
		blob := metadata.BLOB{Number: number, NextUpdate: start, Entries: []metadata.Entry{describe(t, nil)}}
		jwt, err := blob.Sign(attestation.NewAuthority([]byte(seed), start))
		if err != nil {
			t.Fatal(err)
		}
		return jwt
	}
	if !bytes.Equal(sign("a", 1), sign("a", 1)) {
		t.Error("the same list differs")
	}
	if bytes.Equal(sign("a", 1), sign("a", 2)) || bytes.Equal(sign("a", 1), sign("b", 1)) {
		t.Error("another list, or another authority, makes no difference")
	}
}

func TestGoWebAuthnRefusesLiesAboutTheList(t *testing.T) {
	for _, c := range []struct {
		name, why string
		lie       metadata.Misbehaviour
	}{
		{"bad signature", "signature is invalid", metadata.Misbehaviour{BadSignature: true}},
		{"foreign root", "x509", metadata.Misbehaviour{ForeignRoot: true}},
		{"gap in the chain", "chain is malformed", metadata.Misbehaviour{OmitIntermediate: true}},
		{"no chain", "signature is invalid", metadata.Misbehaviour{OmitChain: true}},
		{"expired", "Leaf certificate is on issuers revocation list", metadata.Misbehaviour{Expired: true}},
		{"none", "'none' signature type is not allowed", metadata.Misbehaviour{Algorithm: "none"}},
		{"HS256", "key is of invalid type", metadata.Misbehaviour{Algorithm: "HS256"}},
		{"x5u", "x5u encountered", metadata.Misbehaviour{X5U: "https://elsewhere.test/chain"}},
	} {
		authority := attestation.NewAuthority(nil, start)
		blob := metadata.BLOB{Number: 1, NextUpdate: start}
		if _, err := load(t, authority, blob); err != nil {
			t.Fatalf("honest: %v", err)
		}
		blob.Misbehave = c.lie
		if _, err := load(t, authority, blob); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", c.name, err, c.why)
		}
	}
}

// go-webauthn does not look at the signer's name; the name is in the certificate for those who do.
func TestTheSignerHasAName(t *testing.T) {
	for _, c := range []struct{ lie, want string }{{"", metadata.Host}, {"mds.elsewhere.test", "mds.elsewhere.test"}} {
		jwt, err := metadata.BLOB{NextUpdate: start, Misbehave: metadata.Misbehaviour{Host: c.lie}}.Sign(attestation.NewAuthority(nil, start))
		if err != nil {
			t.Fatal(err)
		}
		if err := signer(t, jwt).VerifyHostname(c.want); err != nil {
			t.Error(err)
		}
	}
}

func TestAnEmptyListIsAList(t *testing.T) {
	jwt, err := metadata.BLOB{NextUpdate: start}.Sign(attestation.NewAuthority(nil, start))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(jwt), ".")[1])
	if err != nil || !strings.Contains(string(payload), `"entries":[]`) {
		t.Errorf("%s, %v", payload, err)
	}
}

func TestAnUnknownForgeryIsAnError(t *testing.T) {
	blob := metadata.BLOB{NextUpdate: start, Misbehave: metadata.Misbehaviour{Algorithm: "ES999"}}
	if _, err := blob.Sign(attestation.NewAuthority(nil, start)); err == nil {
		t.Error("signed")
	}
}
