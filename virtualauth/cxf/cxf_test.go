package cxf_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cxf"
)

// document is testdata/document.json: two passkeys and a password, with members that nobody knows.
func document(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/document.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// secret is the 32 bytes n, n, n…
func secret(n byte) []byte {
	s := make([]byte, 32)
	for i := range s {
		s[i] = n
	}
	return s
}

// meant is what the document says.
func meant() *cxf.Header {
	return &cxf.Header{
		Minor: 0, ExporterRPID: "manager.example", ExporterDisplayName: "Manager", Timestamp: time.Unix(1_770_000_000, 0).UTC(),
		Accounts: []cxf.Account{{
			ID: []byte("account"), UserName: "ada", Email: "ada@mail.example", FullName: "Ada Lovelace",
			Collections: []json.RawMessage{[]byte(`{"id":"Zm9sZGVy","title":"Work","items":[]}`)},
			Items: []cxf.Item{
				{
					ID: []byte("item"), CreatedAt: time.Unix(1_760_000_000, 0).UTC(), ModifiedAt: time.Unix(0, 0).UTC(),
					Title: "Login", Subtitle: "at work",
					Credentials: []cxf.Credential{{Passkey: &cxf.Passkey{
						CredentialID: []byte{0xfb, 0xff}, RPID: "login.example", UserName: "ada", UserDisplayName: "Ada",
						UserHandle: []byte("handle"), Key: []byte("pkcs8"),
						Extensions: cxf.Extensions{
							HMACCredentials: &cxf.HMACCredentials{Algorithm: cxf.HMACSHA256, WithUV: secret(1), WithoutUV: secret(2)},
							CredBlob:        []byte("blob"), LargeBlob: &cxf.LargeBlob{UncompressedSize: 9, Data: []byte("large")}, Payments: true,
						},
					}}, {Other: []byte(`{"type":"basic-auth","username":{"fieldType":"string","value":"ada"}}`)}},
				},
				{
					ID: []byte("other"), Title: "Shop",
					Credentials: []cxf.Credential{{Passkey: &cxf.Passkey{
						CredentialID: []byte("id"), RPID: "shop.example", UserHandle: []byte{1}, Key: []byte("k"),
					}}},
				},
			},
		}},
	}
}

func TestADocumentIsRead(t *testing.T) {
	got, err := cxf.Parse([]byte(document(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, meant()) {
		t.Errorf("\n got %+v\nwant %+v", got, meant())
	}
	if passkeys := got.Passkeys(); len(passkeys) != 2 || passkeys[1].RPID != "shop.example" {
		t.Errorf("passkeys %+v", passkeys)
	}
}

func TestADocumentIsWrittenAndReadAgain(t *testing.T) {
	for name, h := range map[string]*cxf.Header{
		"with everything": meant(), "empty": {Timestamp: time.Unix(1, 0).UTC()},
		"with an empty account": {Timestamp: time.Unix(1, 0).UTC(), Accounts: []cxf.Account{{}}},
	} {
		document, err := cxf.Encode(h)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h2, err := cxf.Parse(document)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(h.Accounts) > 0 && len(h.Accounts[0].ID) == 0 {
			h.Accounts[0].ID = []byte{}
		}
		if !reflect.DeepEqual(h, h2) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, h2, h)
		}
	}
}

func TestNothingIsWrittenThatCannotBeRead(t *testing.T) {
	for place, spoil := range map[string]func(*cxf.Header){
		"timestamp":                               func(h *cxf.Header) { h.Timestamp = time.Time{} },
		"accounts[0].id":                          func(h *cxf.Header) { h.Accounts[0].ID = make([]byte, 65) },
		"accounts[0].items[0].credentials[1]":     func(h *cxf.Header) { h.Accounts[0].Items[0].Credentials[1].Other = nil },
		"accounts[0].items[1].credentials[0].key": func(h *cxf.Header) { h.Accounts[0].Items[1].Credentials[0].Passkey.Key = nil },
	} {
		h := meant()
		spoil(h)
		var wrong *cxf.Error
		if _, err := cxf.Encode(h); !errors.As(err, &wrong) || wrong.Path != place {
			t.Errorf("%s: %v", place, err)
		}
	}
	h := meant()
	h.Accounts[0].Collections[0] = []byte("{")
	if _, err := cxf.Encode(h); err == nil {
		t.Error("a collection that is no JSON was written")
	}
}

// Each edit replaces one text of the good document by another.
func TestErrorsNameThePlace(t *testing.T) {
	const passkey = "accounts[0].items[0].credentials[0]"
	for _, c := range []struct{ name, from, to, path, problem string }{
		{"no object", "{\n", "[{\n", "", "malformed"},
		{"another major version", `"major": 1`, `"major": 2`, "version.major", "is 2"},
		{"no version", `"version"`, `"versions"`, "version", "missing"},
		{"a version that is no object", `{ "major": 1, "minor": 0 }`, `1`, "version", "no JSON object"},
		{"a minor version out of range", `"minor": 0`, `"minor": 256`, "version.minor", "255"},
		{"a negative number", `"minor": 0`, `"minor": -1`, "version.minor", "no whole number"},
		{"no exporter", `"exporterRpId"`, `"x"`, "exporterRpId", "missing"},
		{"a number for a text", `"Manager"`, `7`, "exporterDisplayName", "no string"},
		{"null for a text", `"Manager"`, `null`, "exporterDisplayName", "no string"},
		{"no timestamp", `"timestamp"`, `"x"`, "timestamp", "missing"},
		{"half a second", `1770000000`, `0.5`, "timestamp", "no whole number"},
		{"a time in the far future", `1770000000`, `253402300800`, "timestamp", "9999"},
		{"accounts that are no list", `"accounts": [`, `"accounts": {}, "x": [`, "accounts", "no list"},
		{"a member twice", `"fullName"`, `"email": "x", "fullName"`, "accounts[0].email", "twice"},
		{"no e-mail address", `"email"`, `"x"`, "accounts[0].email", "missing"},
		{"a collection that is no object", `"collections": [`, `"collections": [7,`, "accounts[0].collections[0]", "no JSON object"},
		{"an item that is no object", `"items": [`, `"items": [[],`, "accounts[0].items[0]", "no JSON object"},
		{"a long id", `"aXRlbQ"`, `"` + strings.Repeat("AAAA", 22) + `"`, "accounts[0].items[0].id", "66 bytes"},
		{"an id in base64", `"aXRlbQ"`, `"+/+/"`, "accounts[0].items[0].id", "base64url"},
		{"an id with a line end", `"aXRlbQ"`, `"aXRl\nbQ"`, "accounts[0].items[0].id", "base64url"},
		{"an id with bits left over", `"aXRlbQ"`, `"aXRlbR"`, "accounts[0].items[0].id", "base64url"},
		{"a time in words", `1760000000`, `"today"`, "accounts[0].items[0].creationAt", "no whole number"},
		{"a credential without a type", `"type":"basic-auth"`, `"x": 1`, "accounts[0].items[0].credentials[1].type", "missing"},
		{"no credential id", `"credentialId": "-_8"`, `"x": 1`, passkey + ".credentialId", "missing"},
		{"an empty credential id", `"-_8"`, `""`, passkey + ".credentialId", "0 bytes"},
		{"a long credential id", `"-_8"`, `"` + strings.Repeat("AAAA", 342) + `"`, passkey + ".credentialId", "1026 bytes"},
		{"an empty RP ID", `"login.example"`, `""`, passkey + ".rpId", "0 bytes"},
		{"a long user handle", `"aGFuZGxl"`, `"` + strings.Repeat("AAAA", 22) + `"`, passkey + ".userHandle", "66 bytes"},
		{"no key", `"key": "cGtjczg"`, `"x": 1`, passkey + ".key", "missing"},
		{"extensions that are no object", `"fido2Extensions": {`, `"fido2Extensions": [], "x": {`, passkey + ".fido2Extensions", "no JSON object"},
		{"payments in words", `"payments": true`, `"payments": "yes"`, passkey + ".fido2Extensions.payments", "no boolean"},
		{"a short secret", `"credWithUV": "AQEB`, `"credWithUV": "`, passkey + ".fido2Extensions.hmacCredentials.credWithUV", "29 bytes"},
		{"another short secret", `"credWithoutUV": "AgIC`, `"credWithoutUV": "`, passkey + ".fido2Extensions.hmacCredentials.credWithoutUV", "29 bytes"},
		{"a blob without its size", `"uncompressedSize"`, `"x"`, passkey + ".fido2Extensions.largeBlob.uncompressedSize", "missing"},
		{"text that is not UTF-8", `"Manager"`, "\"\xff\"", "", "UTF-8"},
		{"bytes behind the end", "\n}\n", "\n}\n}", "", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := document(t)
			if !strings.Contains(good, c.from) {
				t.Fatalf("the document has no %s", c.from)
			}
			_, err := cxf.Parse([]byte(strings.Replace(good, c.from, c.to, 1)))
			var wrong *cxf.Error
			if !errors.As(err, &wrong) || wrong.Path != c.path ||
				!strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatExportersWriteDifferentlyIsTaken(t *testing.T) {
	for _, c := range []struct{ name, from, to string }{
		{"a later minor version", `"minor": 0`, `"minor": 7`},
		{"padding", `"aXRlbQ"`, `"aXRlbQ=="`},
		{"null for something optional", `"Ada Lovelace"`, `null`},
		{"an unknown algorithm with secrets of its own", `"hmac-sha256"`, `"hmac-sha512"`},
		{"no extensions", `"fido2Extensions"`, `"x"`},
	} {
		if _, err := cxf.Parse([]byte(strings.Replace(document(t), c.from, c.to, 1))); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(document(f)))
	f.Add([]byte(`{"version":{"major":1,"minor":0},"exporterRpId":"","exporterDisplayName":"","timestamp":0,"accounts":[]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		h, err := cxf.Parse(document)
		if err != nil {
			return
		}
		again, err := cxf.Encode(h)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		h2, err := cxf.Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		third, err := cxf.Encode(h2)
		if err != nil || string(again) != string(third) {
			t.Errorf("%v: %s became %s", err, again, third)
		}
	})
}
