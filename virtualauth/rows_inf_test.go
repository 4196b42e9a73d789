package virtualauth_test

import (
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// models are kinds of authenticators whose getInfo must hold to the rules.
var models = map[string]virtualauth.Model{
	"zero":            {},
	"mandatory":       mandatory,
	"everything":      everything,
	"only a PIN":      {Verification: virtualauth.VerificationMissing, PIN: virtualauth.PINModel{Supported: true}},
	"before 2.1":      {Versions: []string{"FIDO_2_0", "U2F_V2"}, PIN: virtualauth.PINModel{Supported: true, LegacyTokens: true}},
	"always verifies": {Versions: []string{"FIDO_2_0", "U2F_V2"}, AlwaysVerify: true},
	"tokens by UV":    {UVTokens: true, Config: virtualauth.ConfigModel{ToggleAlwaysUV: true}, UVConfig: true},
	"no ceremonies":   {PIN: virtualauth.PINModel{Supported: true, NoCeremonies: true}},
	"protocol one":    {PIN: virtualauth.PINModel{Supported: true, Protocols: []pinuv.Protocol{pinuv.One}, MinLength: 6, MaxLength: 12}},
	"small":           {MaxDiscoverable: 3, MaxCredentialsInList: 1, MaxMessageSize: 1024, Algorithms: []cose.Algorithm{cose.ES256}},
	"fingerprints":    {Fingerprints: 5, UVEnroll: true, PIN: virtualauth.PINModel{Supported: true}},
	"large blobs":     {LargeBlobs: 2048, UVTokens: true, CredentialManagement: true, Extensions: []string{"largeBlobKey", "credProtect", "hmac-secret"}},
}

// infoRule is one rule about getInfo.
type infoRule struct {
	id, says string
	holds    func(*ctap2.GetInfoResponse) bool
}

func distinct[T comparable](list []T) bool {
	seen := map[T]bool{}
	for _, element := range list {
		if seen[element] {
			return false
		}
		seen[element] = true
	}
	return true
}

func has(i *ctap2.GetInfoResponse, option string) bool {
	_, present := i.Options[option]
	return present
}

// since21 reports whether it claims CTAP 2.1 or a later version.
func since21(i *ctap2.GetInfoResponse) bool {
	return slices.ContainsFunc(i.Versions, func(v string) bool { return slices.Contains([]string{"FIDO_2_1", "FIDO_2_2", "FIDO_2_3"}, v) })
}

// implies is false only where the second does not follow from the first.
func implies(first, second bool) bool { return !first || second }

var versionsOfTheStandard = []string{"FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3", "U2F_V2"}

var infoRules = []infoRule{
	{"INF-008", "versions are known and distinct", func(i *ctap2.GetInfoResponse) bool {
		return len(i.Versions) > 0 && distinct(i.Versions) &&
			!slices.ContainsFunc(i.Versions, func(v string) bool { return !slices.Contains(versionsOfTheStandard, v) })
	}},
	{"INF-011", "maxMsgSize is at least 1024", func(i *ctap2.GetInfoResponse) bool { return i.MaxMessageSize >= 1024 }},
	{"INF-012", "protocols are distinct", func(i *ctap2.GetInfoResponse) bool { return distinct(i.PINUVAuthProtocols) }},
	{"INF-013", "PINs and tokens need a protocol", func(i *ctap2.GetInfoResponse) bool {
		return implies(has(i, "clientPin") || i.Options["pinUvAuthToken"], len(i.PINUVAuthProtocols) > 0)
	}},
	{"INF-014", "maxCredentialCountInList and maxCredentialIdLength come together", func(i *ctap2.GetInfoResponse) bool {
		return (i.MaxCredentialsInList > 0) == (i.MaxCredentialIDLength > 0)
	}},
	{"INF-020", "maxCredBlobLength goes with credBlob", func(i *ctap2.GetInfoResponse) bool {
		return (slices.Contains(i.Extensions, "credBlob") && since21(i)) == (i.MaxCredBlobLength >= 32)
	}},
	{"INF-027", "2.1: discoverable credentials can be managed, by somebody who is verified", func(i *ctap2.GetInfoResponse) bool {
		return implies(since21(i) && i.Options["rk"], i.Options["credMgmt"] && (has(i, "uv") || has(i, "clientPin")))
	}},
	{"INF-028", "2.1: verification goes with credProtect, and with tokens by protocol two", func(i *ctap2.GetInfoResponse) bool {
		return implies(since21(i) && (has(i, "uv") || has(i, "clientPin")), slices.Contains(i.Extensions, "credProtect") &&
			i.Options["pinUvAuthToken"] && slices.Contains(i.PINUVAuthProtocols, 2))
	}},
	{"INF-029", "2.1: hmac-secret", func(i *ctap2.GetInfoResponse) bool {
		return implies(since21(i), slices.Contains(i.Extensions, "hmac-secret"))
	}},
	{"INF-030", "credBlob needs credProtect", func(i *ctap2.GetInfoResponse) bool {
		return implies(slices.Contains(i.Extensions, "credBlob"), slices.Contains(i.Extensions, "credProtect"))
	}},
	{"INF-031", "largeBlobKey needs largeBlobs and rk", func(i *ctap2.GetInfoResponse) bool {
		return implies(slices.Contains(i.Extensions, "largeBlobKey"), i.Options["largeBlobs"] && i.Options["rk"])
	}},
	{"INF-032", "the extension largeBlob does not go with largeBlobs", func(i *ctap2.GetInfoResponse) bool {
		return implies(slices.Contains(i.Extensions, "largeBlob"), !i.Options["largeBlobs"])
	}},
	{"INF-015", "transports are distinct", func(i *ctap2.GetInfoResponse) bool { return distinct(i.Transports) }},
	{"INF-016", "algorithms are complete and distinct", func(i *ctap2.GetInfoResponse) bool {
		var numbers []cose.Algorithm
		for _, a := range i.Algorithms {
			if a.Type != ctap2.PublicKey || a.Algorithm == 0 {
				return false
			}
			numbers = append(numbers, a.Algorithm)
		}
		return since21(i) == (len(numbers) > 0) && distinct(numbers)
	}},
	{"INF-017", "forcePINChange goes with clientPin", func(i *ctap2.GetInfoResponse) bool {
		return (i.ForcePINChange != nil) == (has(i, "clientPin") && since21(i))
	}},
	{"INF-018", "minPINLength is at least 4", func(i *ctap2.GetInfoResponse) bool {
		return implies(has(i, "clientPin") && since21(i), i.MinPINLength >= 4)
	}},
	{"INF-019", "maxPINLength is between 8 and 63 and no less than the minimum", func(i *ctap2.GetInfoResponse) bool {
		return i.MaxPINLength == 0 || i.MaxPINLength >= max(8, i.MinPINLength) && i.MaxPINLength <= 63
	}},
	{"INF-021", "maxSerializedLargeBlobArray goes with largeBlobs", func(i *ctap2.GetInfoResponse) bool {
		return (i.Options["largeBlobs"] && since21(i)) == (i.MaxLargeBlobArray >= 1024)
	}},
	{"INF-022", "maxRPIDsForSetMinPINLength goes with setMinPINLength", func(i *ctap2.GetInfoResponse) bool {
		return (i.Options["setMinPINLength"] && since21(i)) == (i.MaxRPIDsForMinPINLength != nil)
	}},
	{"INF-023", "noMcGaPermissionsWithClientPin needs clientPin", func(i *ctap2.GetInfoResponse) bool {
		return implies(i.Options["noMcGaPermissionsWithClientPin"], has(i, "clientPin"))
	}},
	{"INF-024", "uvBioEnroll needs bioEnroll", func(i *ctap2.GetInfoResponse) bool {
		return implies(has(i, "uvBioEnroll"), has(i, "bioEnroll"))
	}},
	{"INF-025", "uvAcfg needs authnrCfg", func(i *ctap2.GetInfoResponse) bool { return implies(has(i, "uvAcfg"), i.Options["authnrCfg"]) }},
	{"INF-026", "alwaysUv goes neither with makeCredUvNotRqd nor with U2F", func(i *ctap2.GetInfoResponse) bool {
		return implies(i.Options["alwaysUv"], !i.Options["makeCredUvNotRqd"] && !slices.Contains(i.Versions, "U2F_V2"))
	}},
	{"INF-036", "attestationFormats are distinct and without none", func(i *ctap2.GetInfoResponse) bool {
		return distinct(i.AttestationFormats) && !slices.Contains(i.AttestationFormats, "none")
	}},
	{"INF-037", "encIdentifier and encCredStoreState are 32 bytes", func(i *ctap2.GetInfoResponse) bool {
		length := map[bool]int{true: 32}[i.Options["perCredMgmtRO"]]
		return len(i.EncIdentifier) == length && len(i.EncCredStoreState) == length
	}},
	{"INF-040", "transportsForReset are transports", func(i *ctap2.GetInfoResponse) bool {
		return !slices.ContainsFunc(i.TransportsForReset, func(t string) bool { return !slices.Contains(i.Transports, t) })
	}},
	{"EPA-004", "ep is absent unless supported", func(i *ctap2.GetInfoResponse) bool {
		return (has(i, "ep") && since21(i)) == slices.Contains(i.ConfigCommands, ctap2.EnableEnterpriseAttestation)
	}},
}

func TestRowsOfGetInfo(t *testing.T) {
	for name, model := range models {
		for _, rule := range infoRules {
			t.Run(rule.id+", "+name+": "+rule.says, func(t *testing.T) {
				if info := newStage(t, model).info(); !rule.holds(info) {
					t.Errorf("getInfo is %+v", flat(t, info))
				}
			})
		}
	}
}

// TestGetInfoOfEverything states every member of one model, so that none can vanish unseen: INF-001, INF-009, INF-010, INF-033,
// INF-034.
func TestGetInfoOfEverything(t *testing.T) {
	s := newStage(t, everything)
	got := flat(t, s.info())
	for _, encrypted := range []uint64{25, 30} {
		if b, _ := got[encrypted].([]byte); len(b) != 32 {
			t.Errorf("member %d is %v", encrypted, got[encrypted])
		}
		delete(got, encrypted)
	}
	want := fields{
		key(1): listOf("U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3"), key(2): listOf("credProtect", "hmac-secret", "minPinLength"),
		key(3): make([]byte, 16),
		key(4): fields{
			"rk": true, "up": true, "plat": false, "uv": true, "clientPin": false, "pinUvAuthToken": true, "alwaysUv": false,
			"makeCredUvNotRqd": true, "credMgmt": true, "perCredMgmtRO": true, "authnrCfg": true, "uvAcfg": true,
			"setMinPINLength": true, "ep": false,
		},
		key(5): key(7609), key(6): listOf(key(2), key(1)), key(7): key(8), key(9): listOf("usb", "nfc"),
		key(8):  key(32),
		key(10): listOf(fields{"alg": int64(-7), "type": "public-key"}),
		key(12): false, key(13): key(4), key(16): key(2), key(17): key(3), key(18): key(2), key(19): fields{"FIDO": key(1)},
		key(20): key(25), key(21): listOf(key(7), key(1<<40)), key(22): listOf("packed"), key(23): key(0), key(24): false,
		key(26): listOf("usb"), key(27): false, key(28): []byte("https://login.example/pins"), key(29): key(32),
		key(31): listOf(key(1), key(2), key(3), key(4), key(0xff)),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("getInfo is\n %v, want\n %v", got, want)
	}
}

// INF-039: the list of sub-commands is true.
func TestGetInfoListsTheConfigCommandsThereAre(t *testing.T) {
	for name, model := range models {
		s := newStage(t, model)
		listed := s.info().ConfigCommands
		for sub := range ctap2.ConfigSubCommand(0x101) {
			status := s.exchange(ctap2.CommandConfig, fields{key(1): sub})
			exists := status != ctap2.InvalidSubcommand && status != ctap2.InvalidCommand
			if since21(s.info()) && exists != slices.Contains(listed, sub) {
				t.Errorf("%s: sub-command %d exists: %v, listed: %v", name, sub, exists, listed)
			}
		}
	}
}

// INF-041, INF-006, CBR-020: twice the same, and canonical, since the decoder refuses the rest.
func TestGetInfoTwice(t *testing.T) {
	for name, model := range models {
		s := newStage(t, model)
		one, two := s.info(), s.info()
		if model.PersistentTokens {
			one.EncIdentifier, one.EncCredStoreState, two.EncIdentifier, two.EncCredStoreState = nil, nil, nil, nil
		}
		if fmt.Sprint(flat(t, one)) != fmt.Sprint(flat(t, two)) {
			t.Errorf("%s: %v, then %v", name, flat(t, one), flat(t, two))
		}
	}
}

// reveal decrypts a hidden member of getInfo by the formulas of CTAP 2.3 §6.4: HKDF-SHA-256 with a salt of zeros, of which the
// first block is all that 16 bytes need, and one block of CBC.
func reveal(t *testing.T, token, hidden []byte, name string) [16]byte {
	t.Helper()
	mac := func(key, message []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(message)
		return h.Sum(nil)
	}
	key := mac(mac(make([]byte, 32), token), append([]byte(name), 1))[:16]
	block, err := aes.NewCipher(key)
	if err != nil || len(hidden) != 32 {
		t.Fatal(err, len(hidden))
	}
	var plaintext [16]byte
	block.Decrypt(plaintext[:], hidden[16:])
	for i := range plaintext {
		plaintext[i] ^= hidden[i]
	}
	return plaintext
}

// INF-004, INF-005, INF-037, INF-038, GA-027, RST-015.
func TestWhatOwnersOfThePersistentTokenSee(t *testing.T) {
	p := withPIN(t, everything, pin)
	look := func() (identifier, state [16]byte, raw []byte) {
		token := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
		info := p.info()
		return reveal(t, token, info.EncIdentifier, "encIdentifier"), reveal(t, token, info.EncCredStoreState, "encCredStoreState"),
			append(bytes.Clone(info.EncIdentifier), info.EncCredStoreState...)
	}
	identifier, state, raw := look()
	again, sameState, otherRaw := look()
	if identifier != again || state != sameState {
		t.Error("they change from one look to the next")
	}
	if bytes.Equal(raw[:16], otherRaw[:16]) || bytes.Equal(raw[32:48], otherRaw[32:48]) {
		t.Error("an IV was used twice")
	}
	made := p.register("ada")
	_, created, _ := look()
	p.signIn()
	_, used, _ := look()
	if err := p.Delete(made.id); err != nil {
		t.Fatal(err)
	}
	_, deleted, _ := look()
	if created == state || used != created || deleted == created || deleted == state {
		t.Errorf("states: new %x, created %x, used %x, deleted %x", state, created, used, deleted)
	}
	p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.OK)
	p.expect("changePIN back", p.changePIN("369369", pin), ctap2.OK)
	if same, _, _ := look(); same != identifier {
		t.Error("another PIN makes another device")
	}
	p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
	p.expect("setPIN", p.setPIN(pin), ctap2.OK)
	if fresh, freshState, _ := look(); fresh == identifier || freshState == deleted || freshState == state {
		t.Error("reset left the identifier or the state")
	}
}

func TestUVCountSinceLastPINEntry(t *testing.T) {
	p := withPIN(t, mandatory, pin)
	count := func() uint { return *p.info().UVCountSinceLastPINEntry }
	p.register("ada")
	p.signIn()
	if got := count(); got != 2 {
		t.Errorf("%d after two verifications", got)
	}
	p.must(p.legacyToken(pin))
	if got := count(); got != 0 {
		t.Errorf("%d after the PIN", got)
	}
}

// Only what a key store makes keys for is listed, and the fallback in software widens it.
func TestAlgorithmsOfGetInfo(t *testing.T) {
	all := []cose.Algorithm{cose.RS256, -47, cose.ES256, cose.EdDSA}
	for _, c := range []struct {
		fallback bool
		want     []cose.Algorithm
	}{{false, []cose.Algorithm{cose.ES256}}, {true, []cose.Algorithm{cose.RS256, cose.ES256, cose.EdDSA}}} {
		person, now := &person{consent: agrees}, &clock{}
		model := mandatory
		model.Algorithms, model.SoftwareFallback = all, c.fallback
		a := virtualauth.New(model,
			virtualauth.World{User: person, Clock: now, Rand: seeded(1), Keys: newOnlyES256()})
		info, err := ctap2.GetInfo(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		var listed []cose.Algorithm
		for _, p := range info.Algorithms {
			listed = append(listed, p.Algorithm)
		}
		listed = slices.DeleteFunc(listed, func(a cose.Algorithm) bool { return a == -47 }) // a store may learn it
		if !slices.Equal(listed, c.want) {
			t.Errorf("fallback %v: listed %v, want %v", c.fallback, listed, c.want)
		}
	}
}

// A credential whose key is in the fallback lives like any other: it signs, leaves, and goes.
func TestSoftwareFallback(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	keys := newOnlyES256()
	s.Authenticator = virtualauth.New(
		virtualauth.Model{Algorithms: []cose.Algorithm{cose.ES256, cose.EdDSA}, SoftwareFallback: true, Backup: virtualauth.Synced},
		virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(1), Keys: keys})
	for _, algorithm := range []cose.Algorithm{cose.EdDSA, cose.ES256} {
		request := registration("ada")
		request.Parameters[0].Algorithm = algorithm
		response, err := ctap2.MakeCredential(t.Context(), s, request)
		if err != nil {
			t.Fatal(err)
		}
		v := s.view(response.AuthData)
		if err := v.verifyAssertion(s.signIn()); err != nil {
			t.Errorf("%v: %v", algorithm, err)
		}
		if _, err := s.Export(t.Context(), v.id); (err == nil) != (algorithm == cose.EdDSA) {
			t.Errorf("%v: export: %v", algorithm, err)
		}
	}
	if err := s.Delete(s.Credentials()[0].ID); err != nil {
		t.Error(err)
	}
	if keys.deleted != 1 {
		t.Errorf("the store was asked to delete %d keys, want its own one", keys.deleted)
	}
	request := registration("bea")
	request.Parameters[0].Algorithm = cose.EdDSA
	if _, err := ctap2.MakeCredential(t.Context(), s, request); err != nil {
		t.Fatal(err)
	}
	s.expect("reset", ctap2.Reset(t.Context(), s), ctap2.OK)
}
