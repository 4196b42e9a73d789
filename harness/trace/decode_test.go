package trace

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/reports"
)

const (
	rpID      = "reg-04.localhost"
	origin    = "https://reg-04.localhost:8443"
	challenge = "wPv6kqJ4dWJ0bGV0LWNoYWxsZW5nZS0zMg"
)

// made is what an honest client and authenticator would send; a test changes one thing before it is encoded.
type made struct {
	clientData map[string]any
	rpIDHash   []byte
	flags      byte
	counter    []byte
	aaguid     []byte
	id         []byte
	idLength   []byte
	key        []byte
	extensions []byte
	tail       []byte // bytes after the end of the authenticator data
	cut        int    // when positive, the authenticator data ends here
	format     string
	statement  any
	response   map[string]any // members of response that replace the honest ones
	outer      map[string]any // members of the credential that replace the honest ones
}

func honest() *made {
	hash := sha256.Sum256([]byte(rpID))
	return &made{
		clientData: map[string]any{"type": "webauthn.create", "challenge": challenge, "origin": origin, "crossOrigin": false},
		rpIDHash:   hash[:],
		flags:      flagUP | flagUV | flagBE | flagBS | flagAT,
		counter:    []byte{0, 0, 1, 2},
		aaguid:     []byte{0xea, 0x9b, 0x8d, 0x66, 0x4d, 0x01, 0x1d, 0x21, 0x3c, 0xe4, 0xb6, 0xb4, 0x8c, 0xb5, 0x75, 0xd4},
		id:         []byte("a credential id.."),
		idLength:   []byte{0, 17},
		key:        encode(map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}),
		format:     "none",
		statement:  map[string]any{},
	}
}

func encode(value any) []byte {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	data, err := mode.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

func asJSON(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func (m *made) authData() []byte {
	data := slices.Concat(m.rpIDHash, []byte{m.flags}, m.counter)
	if m.flags&flagAT != 0 {
		data = slices.Concat(data, m.aaguid, m.idLength, m.id, m.key)
	}
	data = slices.Concat(data, m.extensions, m.tail)
	if m.cut > 0 {
		data = data[:m.cut]
	}
	return data
}

func (m *made) registration() []byte {
	response := map[string]any{
		"clientDataJSON":     b64(asJSON(m.clientData)),
		"attestationObject":  b64(encode(map[string]any{"fmt": m.format, "attStmt": m.statement, "authData": m.authData()})),
		"authenticatorData":  b64(m.authData()),
		"transports":         []string{"internal", "hybrid"},
		"publicKeyAlgorithm": -7,
	}
	return m.credential(response)
}

func (m *made) authentication() []byte {
	m.clientData["type"] = "webauthn.get"
	m.flags &^= flagAT
	return m.credential(map[string]any{
		"clientDataJSON": b64(asJSON(m.clientData)), "authenticatorData": b64(m.authData()),
		"signature": b64(append([]byte{0x30, 68}, make([]byte, 68)...)), "userHandle": "dXNlci0x",
	})
}

func (m *made) credential(response map[string]any) []byte {
	for name, value := range m.response {
		response[name] = value
	}
	credential := map[string]any{
		"id": b64(m.id), "rawId": b64(m.id), "type": "public-key", "authenticatorAttachment": "platform",
		"response": response, "clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}},
	}
	for name, value := range m.outer {
		credential[name] = value
	}
	return asJSON(credential)
}

func creationOptions() []byte {
	return asJSON(map[string]any{"publicKey": map[string]any{
		"rp": map[string]any{"id": rpID, "name": "Larkspur"}, "user": map[string]any{"id": "dXNlci0x", "name": "ada@example.org", "displayName": "Ada"},
		"challenge": challenge, "pubKeyCredParams": []any{map[string]any{"type": "public-key", "alg": -7}, map[string]any{"type": "public-key", "alg": -257}, map[string]any{"alg": -9999}},
		"timeout": 300000, "excludeCredentials": []any{map[string]any{"id": "b2xkLWNyZWRlbnRpYWw", "type": "public-key", "transports": []string{"usb"}}},
		"authenticatorSelection": map[string]any{"residentKey": "required", "userVerification": "required"},
		"attestation":            "direct", "hints": []string{"hybrid"}, "extensions": map[string]any{"credProps": true},
	}})
}

func provider(aaguid string) string {
	if aaguid == "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" {
		return "Google Password Manager"
	}
	return ""
}

func TestRegistrationIsDecoded(t *testing.T) {
	c := Decoder{Provider: provider}.Registration(creationOptions(), honest().registration())
	if len(c.Problems) > 0 {
		t.Fatalf("an honest registration has problems: %q", c.Problems)
	}
	a := c.Authenticator
	for _, check := range []struct{ what, got, want string }{
		{"kind", c.Kind, reports.Registration}, {"RP ID", c.RPID, rpID}, {"origin", c.Origin, origin},
		{"type", c.Client.Type, "webauthn.create"}, {"challenge", c.Client.Challenge, challenge},
		{"RP ID hash", a.RPIDHashOf, rpID}, {"flags", a.FlagsByte, "0x5d"},
		{"AAGUID", a.AAGUID, "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"}, {"provider", a.Provider, "Google Password Manager"},
		{"key", a.KeySummary, "ES256 (-7), P-256"}, {"tail", c.Credential.Tail, b64(honest().id)[15:]},
		{"attestation", c.Attestation.Summary, "nothing is attested"},
		{"extensions", c.Credential.Extensions[0].Value, `{"rk":true}`},
	} {
		if check.got != check.want {
			t.Errorf("%s is %q, want %q", check.what, check.got, check.want)
		}
	}
	if a.Counter != 0x102 || c.Client.CrossOrigin == nil || *c.Client.CrossOrigin {
		t.Errorf("counter %d, crossOrigin %v", a.Counter, c.Client.CrossOrigin)
	}
	checkFlags(t, a, "UP UV BE BS AT")
	checkSegments(t, a, "rpIdHash flags signCount aaguid idLength credentialId publicKey")
}

func checkFlags(t *testing.T, a *reports.AuthenticatorData, want string) {
	t.Helper()
	var set []string
	for bit, flag := range a.Flags {
		if flag.Bit != bit {
			t.Errorf("flag %d says it is bit %d", bit, flag.Bit)
		}
		if flag.Set {
			set = append(set, flag.Name)
		}
	}
	if got := strings.Join(set, " "); got != want || len(a.Flags) != 8 {
		t.Errorf("%d flags, set are %q, want %q", len(a.Flags), got, want)
	}
}

// checkSegments proves that the map covers every byte exactly once.
func checkSegments(t *testing.T, a *reports.AuthenticatorData, names string) {
	t.Helper()
	var got []string
	offset := 0
	for _, segment := range a.Segments {
		got = append(got, segment.Name)
		if segment.Offset != offset || len(segment.Hex) != 2*segment.Length {
			t.Errorf("%s is at %d with %d bytes (%d hexadecimal digits), want it at %d", segment.Name, segment.Offset, segment.Length, len(segment.Hex), offset)
		}
		offset += segment.Length
	}
	if offset != a.TotalLength {
		t.Errorf("the map covers %d of %d bytes", offset, a.TotalLength)
	}
	if joined := strings.Join(got, " "); names != "" && joined != names {
		t.Errorf("segments are %q, want %q", joined, names)
	}
}

func TestAuthenticationIsDecoded(t *testing.T) {
	options := asJSON(map[string]any{"challenge": challenge, "rpId": rpID, "userVerification": "preferred", "allowCredentials": []any{map[string]any{"id": "b2xkLWNyZWRlbnRpYWw"}}})
	c := Decoder{}.Authentication(options, honest().authentication())
	if len(c.Problems) > 0 {
		t.Fatalf("an honest authentication has problems: %q", c.Problems)
	}
	if c.Signature == nil || c.Signature.Note != "ECDSA, DER" || c.Signature.Length != 70 || c.Credential.UserHandle != "dXNlci0x" {
		t.Errorf("signature %+v, credential %+v", c.Signature, c.Credential)
	}
	checkFlags(t, c.Authenticator, "UP UV BE BS")
	checkSegments(t, c.Authenticator, "rpIdHash flags signCount")
	if got := field(c.Options.Fields, "allowCredentials"); got != "…ZGVudGlhbA" && got != "…"+tail("b2xkLWNyZWRlbnRpYWw") {
		t.Errorf("allowCredentials is %q", got)
	}
}

func field(fields []reports.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestOptionsAreDecoded(t *testing.T) {
	c := Decoder{}.Registration(creationOptions(), nil)
	for name, want := range map[string]string{
		"rp": "Larkspur (reg-04.localhost)", "user": "ada@example.org (Ada)", "timeout": "300000 ms",
		"pubKeyCredParams": "ES256 (-7), RS256 (-257), algorithm -9999", "residentKey": "required", "attestation": "direct",
		"hints": "hybrid", "excludeCredentials": "…" + tail("b2xkLWNyZWRlbnRpYWw") + " (usb)", "extensions.credProps": "true",
	} {
		if got := field(c.Options.Fields, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if c.Client != nil || c.Authenticator != nil || len(c.Problems) != 0 {
		t.Errorf("a ceremony without response was given one: %+v", c)
	}
}

// Each case spoils one thing in an honest registration; the problem must be told, and the rest still be decoded.
func TestProblemsAreTold(t *testing.T) {
	for _, test := range []struct {
		name, says string
		spoil      func(*made)
	}{
		{"wrong type", `type is "webauthn.get"`, func(m *made) { m.clientData["type"] = "webauthn.get" }},
		{"type is a number", "type is 5, not a string", func(m *made) { m.clientData["type"] = 5 }},
		{"crossOrigin is a word", "not true or false", func(m *made) { m.clientData["crossOrigin"] = "no" }},
		{"other RP", "not the SHA-256 of the RP ID", func(m *made) { m.rpIDHash = make([]byte, 32) }},
		{"BS without BE", "BS is set without BE", func(m *made) { m.flags &^= flagBE }},
		{"reserved bit", "reserved bits are set (0x02)", func(m *made) { m.flags |= 2 }},
		{"no credential", "AT is not set", func(m *made) { m.flags &^= flagAT }},
		{"ED without extensions", "extensions at offset", func(m *made) { m.flags |= flagED }},
		{"bytes after the end", "3 bytes follow the end", func(m *made) { m.tail = []byte{1, 2, 3} }},
		{"id too long for the data", "credentialId at offset 55 needs 65535", func(m *made) { m.idLength = []byte{0xff, 0xff} }},
		{"id longer than allowed", "more than 1023", func(m *made) { m.id, m.idLength = make([]byte, 1024), []byte{4, 0} }},
		{"cut in the hash", "rpIdHash at offset 0 needs 32 and has 7", func(m *made) { m.cut = 7 }},
		{"cut in the counter", "signCount at offset 33 needs 4 and has 2", func(m *made) { m.cut = 35 }},
		{"cut in the key", "publicKey at offset 72 is not CBOR", func(m *made) { m.cut = 90 }},
		{"key is a list", "not a map with integer keys", func(m *made) { m.key = encode([]int{1}) }},
		{"key without alg", "lacks kty (1) or alg (3)", func(m *made) { m.key = encode(map[int]any{1: 2, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}) }},
		{"short coordinate", "coordinate -3 of the credential key has 31 bytes", func(m *made) {
			m.key = encode(map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 31)})
		}},
		{"short lattice key", "has 1311 bytes instead of 1312", func(m *made) { m.key = encode(map[int]any{1: 7, 3: -48, -1: make([]byte, 1311)}) }},
		{"lattice key that is none", "has no public key (-1)", func(m *made) { m.key = encode(map[int]any{1: 7, 3: -49}) }},
		{"no coordinate", "has no coordinate -2", func(m *made) { m.key = encode(map[int]any{1: 2, 3: -7, -1: 1, -3: make([]byte, 32)}) }},
		{"key not canonical", "canonical CBOR", func(m *made) { m.key = append([]byte{0xb8, 5}, m.key[1:]...) }},
		{"other algorithm in the JSON", "publicKeyAlgorithm is RS256", func(m *made) { m.response = map[string]any{"publicKeyAlgorithm": -257} }},
		{"other authenticatorData in the JSON", "differs from the one inside", func(m *made) { m.response = map[string]any{"authenticatorData": "AAAA"} }},
		{"other id", "the attested credential id ends in", func(m *made) { m.outer = map[string]any{"id": "AAAA", "rawId": "AAAA"} }},
		{"id and rawId differ", "differ", func(m *made) { m.outer = map[string]any{"rawId": "AAAA"} }},
		{"type of credential", `instead of "public-key"`, func(m *made) { m.outer = map[string]any{"type": "password"} }},
		{"padded base64", "not base64url without padding", func(m *made) {
			m.response = map[string]any{"clientDataJSON": base64.StdEncoding.EncodeToString([]byte(`{"type":"webauthn.create"}`))}
		}},
		{"no base64 at all", "clientDataJSON is not base64url", func(m *made) { m.response = map[string]any{"clientDataJSON": "%%"} }},
		{"client data missing", "clientDataJSON is missing", func(m *made) { m.response = map[string]any{"clientDataJSON": ""} }},
		{"client data is text", "not a JSON object", func(m *made) { m.response = map[string]any{"clientDataJSON": b64([]byte("hi"))} }},
		{"attestation object is text", "not the CBOR map", func(m *made) { m.response = map[string]any{"attestationObject": b64([]byte("hi"))} }},
		{"none with a statement", "format none with a statement", func(m *made) { m.statement = map[string]any{"alg": -7} }},
		{"statement is a list", "attStmt is not a map", func(m *made) { m.statement = []int{1} }},
		{"certificate is none", "x5c[0] is not an X.509", func(m *made) {
			m.format, m.statement = "packed", map[string]any{"alg": -7, "sig": []byte{1}, "x5c": [][]byte{{1, 2}}}
		}},
		{"chain is text", "x5c is not a list", func(m *made) { m.format, m.statement = "packed", map[string]any{"x5c": "a"} }},
		{"transports is a word", "not the JSON of a credential", func(m *made) { m.response = map[string]any{"transports": "usb"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := honest()
			test.spoil(m)
			c := Decoder{Provider: provider}.Registration(creationOptions(), m.registration())
			if !strings.Contains(strings.Join(c.Problems, "\n"), test.says) {
				t.Errorf("problems %q do not say %q", c.Problems, test.says)
			}
			if c.Credential == nil || c.Options == nil {
				t.Error("the rest was not decoded")
			}
			if c.Authenticator != nil {
				checkSegments(t, c.Authenticator, "")
			}
		})
	}
}

func TestKeysAreSummarised(t *testing.T) {
	for want, key := range map[string]map[int]any{
		"ES256 (-7), P-256":           {1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)},
		"ES384 (-35), P-384":          {1: 2, 3: -35, -1: 2, -2: make([]byte, 48), -3: make([]byte, 48)},
		"EdDSA (-8), Ed25519":         {1: 1, 3: -8, -1: 6, -2: make([]byte, 32)},
		"RS256 (-257), RSA 2048 bits": {1: 3, 3: -257, -1: make([]byte, 256), -2: []byte{1, 0, 1}},
		"algorithm -60, key type 9":   {1: 9, 3: -60},
		"ML-DSA-87 (-50)":             {1: 7, 3: -50, -1: make([]byte, 2592)},
		"Ed448 (-53), Ed448":          {1: 1, 3: -53, -1: 7, -2: make([]byte, 57)},
	} {
		m := honest()
		m.key = encode(key)
		m.response = map[string]any{"publicKeyAlgorithm": key[3]}
		c := Decoder{}.Registration(creationOptions(), m.registration())
		if c.Authenticator.KeySummary != want || len(c.Problems) > 0 {
			t.Errorf("got %q with problems %q, want %q", c.Authenticator.KeySummary, c.Problems, want)
		}
	}
}

func TestSelfAttestationAndExtensionsAreShown(t *testing.T) {
	m := honest()
	m.flags |= flagED
	m.extensions = encode(map[string]any{"credProtect": 2})
	m.format, m.statement = "packed", map[string]any{"alg": -7, "sig": append([]byte{0x30, 69}, make([]byte, 69)...)}
	c := Decoder{}.Registration(creationOptions(), m.registration())
	if len(c.Problems) > 0 || c.Authenticator.Extensions != `{"credProtect": 2}` {
		t.Errorf("extensions %q, problems %q", c.Authenticator.Extensions, c.Problems)
	}
	if !strings.Contains(c.Attestation.Summary, "self attestation") || field(c.Attestation.Fields, "sig") != "71 bytes, ECDSA, DER" {
		t.Errorf("attestation %+v", c.Attestation)
	}
	if got := c.Authenticator.Provider; got != "" {
		t.Errorf("an unknown AAGUID was named %q", got)
	}
}

func TestDecoderScrubs(t *testing.T) {
	m := honest()
	m.outer = map[string]any{"clientExtensionResults": map[string]any{"prf": map[string]any{"results": map[string]any{"first": "c2VjcmV0LXByZi1vdXRwdXQtMzItYnl0ZXMtbG9uZyE"}}}}
	m.clientData["note"] = "hunter2hunter2"
	redactor := &Redactor{}
	redactor.Add("hunter2hunter2")
	c := Decoder{Redactor: redactor}.Registration(creationOptions(), m.registration())
	text := string(asJSON(c))
	for _, secret := range []string{"c2VjcmV0LXByZi1v", "hunter2"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q reached the ceremony", secret)
		}
	}
	if !strings.Contains(text, challenge) {
		t.Error("the challenge, which is no secret, was scrubbed")
	}
}

func FuzzRegistration(f *testing.F) {
	f.Add(creationOptions(), honest().registration())
	f.Add([]byte(`{"rp":5}`), []byte(`{"response":{"attestationObject":"oA"}}`))
	f.Add([]byte(`{`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, options, response []byte) {
		c := Decoder{Provider: provider}.Registration(options, response)
		if c.Authenticator != nil {
			checkSegments(t, c.Authenticator, "")
		}
	})
}

func FuzzAuthenticatorData(f *testing.F) {
	f.Add(honest().authData())
	ed := honest()
	ed.flags |= flagED
	ed.extensions = encode(map[string]any{"credProtect": 2})
	f.Add(ed.authData())
	f.Add([]byte{})
	f.Add(make([]byte, 37))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &ceremony{Ceremony: reports.Ceremony{Kind: reports.Registration, RPID: rpID}}
		c.authenticatorData(data)
		if c.Authenticator == nil {
			if data != nil {
				t.Fatal("nothing was decoded")
			}
			return
		}
		checkSegments(t, c.Authenticator, "")
	})
}

func FuzzAuthentication(f *testing.F) {
	f.Add([]byte(`{"rpId":"reg-04.localhost"}`), honest().authentication())
	f.Fuzz(func(t *testing.T, options, response []byte) {
		Decoder{}.Authentication(options, response)
	})
}
