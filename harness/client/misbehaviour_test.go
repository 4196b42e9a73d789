package client_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// lies are told in a registration; seen looks for the lie in the response.
func registrationLies() map[string]struct {
	lie  client.Misbehaviour
	seen func(*testing.T, credential) bool
} {
	other := uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	long := bytes.Repeat([]byte{7}, 1024)
	count := uint32(77)
	type entry = struct {
		lie  client.Misbehaviour
		seen func(*testing.T, credential) bool
	}
	return map[string]entry{
		"type":      {client.Misbehaviour{Type: "webauthn.get"}, func(t *testing.T, c credential) bool { return c.clientData(t).Type == "webauthn.get" }},
		"challenge": {client.Misbehaviour{Challenge: []byte("x")}, func(t *testing.T, c credential) bool { return c.clientData(t).Challenge == "eA" }},
		"origin": {client.Misbehaviour{Origin: "https://evil.example"}, func(t *testing.T, c credential) bool {
			return c.clientData(t).Origin == "https://evil.example" && c.signed(t).RPIDHash == authdata.HashRPID("example.org")
		}},
		"cross origin": {client.Misbehaviour{CrossOrigin: true}, func(t *testing.T, c credential) bool { return *c.clientData(t).CrossOrigin }},
		"top origin": {client.Misbehaviour{TopOrigin: "https://evil.example"}, func(t *testing.T, c credential) bool {
			return *c.clientData(t).CrossOrigin && c.clientData(t).TopOrigin == "https://evil.example"
		}},
		"edited client data": {client.Misbehaviour{EditClientData: func(honest []byte) []byte { return append([]byte(" "), honest...) }}, func(t *testing.T, c credential) bool {
			return raw(t, c.Response.ClientDataJSON)[0] == ' ' && c.clientData(t).Type == "webauthn.create"
		}},
		"client data": {client.Misbehaviour{ClientDataJSON: []byte("{}")}, func(t *testing.T, c credential) bool { return c.Response.ClientDataJSON == "e30" }},
		"RP ID": {client.Misbehaviour{RPID: "evil.example"}, func(t *testing.T, c credential) bool {
			return c.signed(t).RPIDHash == authdata.HashRPID("evil.example")
		}},
		"RP ID hash": {client.Misbehaviour{SpoilRPIDHash: true}, func(t *testing.T, c credential) bool {
			return c.signed(t).RPIDHash != authdata.HashRPID("example.org")
		}},
		"flags": {client.Misbehaviour{FlipFlags: authdata.UV | authdata.BS}, func(t *testing.T, c credential) bool {
			return c.signed(t).Flags&(authdata.UV|authdata.BS) == authdata.BS
		}},
		"counter": {client.Misbehaviour{SignCount: &count}, func(t *testing.T, c credential) bool { return c.signed(t).SignCount == count }},
		"AAGUID":  {client.Misbehaviour{AAGUID: other}, func(t *testing.T, c credential) bool { return c.signed(t).Credential.AAGUID == other }},
		"long credential id": {client.Misbehaviour{CredentialID: long}, func(t *testing.T, c credential) bool {
			return bytes.Equal(c.signed(t).Credential.ID, long) && bytes.Equal(raw(t, c.ID), long) && c.RawID == c.ID
		}},
		"outer AAGUID": {client.Misbehaviour{OuterAAGUID: other}, func(t *testing.T, c credential) bool {
			return parsed(t, raw(t, c.Response.AuthenticatorData)).Credential.AAGUID == other && c.signed(t).Credential.AAGUID != other
		}},
		"outer key":       {client.Misbehaviour{OuterPublicKey: []byte{1}}, func(_ *testing.T, c credential) bool { return c.Response.PublicKey == "AQ" }},
		"outer algorithm": {client.Misbehaviour{OuterAlgorithm: cose.RS256}, func(_ *testing.T, c credential) bool { return c.Response.PublicKeyAlgorithm == -257 }},
		"raw id":          {client.Misbehaviour{RawID: []byte{1}}, func(_ *testing.T, c credential) bool { return c.RawID == "AQ" && c.ID != "AQ" }},
		"credential type": {client.Misbehaviour{CredentialType: "password"}, func(_ *testing.T, c credential) bool { return c.Type == "password" }},
		"transports":      {client.Misbehaviour{Transports: []string{"ble"}}, func(_ *testing.T, c credential) bool { return slices.Equal(c.Response.Transports, []string{"ble"}) }},
		"attachment":      {client.Misbehaviour{Attachment: "platform"}, func(_ *testing.T, c credential) bool { return c.AuthenticatorAttachment == "platform" }},
		"credProps": {client.Misbehaviour{DenyDiscoverable: true}, func(_ *testing.T, c credential) bool {
			return c.ClientExtensionResults["credProps"].(map[string]any)["rk"] == false
		}},
		"unasked extension": {client.Misbehaviour{UnaskedExtension: true}, func(_ *testing.T, c credential) bool { return c.ClientExtensionResults["appid"] == true }},
		"omit":              {client.Misbehaviour{Omit: "attestationObject"}, func(_ *testing.T, c credential) bool { return c.Response.AttestationObject == "" && c.ID != "" }},
		"keep attestation": {client.Misbehaviour{KeepAttestation: true}, func(t *testing.T, c credential) bool {
			return c.attestation(t).Fmt == "packed" && c.signed(t).Credential.AAGUID != uuid.Nil
		}},
		"trailing byte": {client.Misbehaviour{TrailingByte: true}, func(t *testing.T, c credential) bool {
			object := raw(t, c.Response.AttestationObject)
			return object[len(object)-1] == 0
		}},
		"algorithms":      {client.Misbehaviour{Algorithms: []cose.Algorithm{cose.EdDSA}}, func(_ *testing.T, c credential) bool { return c.Response.PublicKeyAlgorithm == -8 }},
		"no verification": {client.Misbehaviour{SkipVerification: true, SkipDiscoverable: true}, func(t *testing.T, c credential) bool { return !c.signed(t).Flags.Has(authdata.UV) }},
		"not discoverable": {client.Misbehaviour{SkipDiscoverable: true}, func(_ *testing.T, c credential) bool {
			return len(c.ClientExtensionResults["credProps"].(map[string]any)) == 0
		}},
	}
}

func TestLiesInRegistration(t *testing.T) {
	for name, c := range registrationLies() {
		t.Run(name, func(t *testing.T) {
			device := deaf{authenticator(roaming())}
			if honest := create(t, &client.Client{Origin: origin, Device: device}, creation()); name != "trailing byte" && c.seen(t, honest) {
				t.Error("an honest client looks the same: the check cannot fail")
			}
			device = deaf{authenticator(roaming())}
			liar := &client.Client{Origin: origin, Device: device, Misbehave: c.lie}
			made := lenient(t, liar)
			if !c.seen(t, made) {
				t.Errorf("the lie is not in the response: %+v", made)
			}
		})
	}
}

// lenient decodes what may not be a well-formed response.
func lenient(t *testing.T, c *client.Client) credential {
	t.Helper()
	data, err := c.Create(t.Context(), creation().json())
	return decode(t, data, err)
}

func TestHiddenAttestation(t *testing.T) {
	c := &client.Client{Origin: origin, Device: authenticator(roaming()), Misbehave: client.Misbehaviour{HideAttestation: true}}
	if got := create(t, c, creation().with("attestation", "direct")).attestation(t).Fmt; got != "none" {
		t.Errorf("format %s", got)
	}
}

func TestIgnoredLists(t *testing.T) {
	a := authenticator(roaming())
	c := &client.Client{Origin: origin, Device: a}
	made := create(t, c, creation())
	list := []options{{"type": "public-key", "id": made.ID}}
	liar := &client.Client{Origin: origin, Device: a, Misbehave: client.Misbehaviour{IgnoreExcludeList: true}}
	create(t, liar, creation().with("excludeCredentials", list).with("user", options{"id": "AA", "name": "b", "displayName": "B"}))
	liar.Misbehave = client.Misbehaviour{IgnoreAllowList: true}
	list[0]["id"] = "AAAA"
	if got := get(t, liar, assertion().with("allowCredentials", list)); got.ID == "AAAA" {
		t.Error("the allow list was obeyed")
	}
}

func TestLiesInAuthentication(t *testing.T) {
	a := authenticator(roaming())
	made := create(t, &client.Client{Origin: origin, Device: a}, creation())
	public, err := x509.ParsePKIXPublicKey(raw(t, made.Response.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	key := public.(*ecdsa.PublicKey)
	for name, c := range map[string]struct {
		lie  client.Misbehaviour
		fits bool // whether the signature still does
		seen func(*testing.T, credential) bool
	}{
		"origin": {client.Misbehaviour{Origin: "https://evil.example"}, true, func(t *testing.T, c credential) bool { return c.clientData(t).Origin == "https://evil.example" }},
		"type":   {client.Misbehaviour{Type: "webauthn.create"}, true, func(t *testing.T, c credential) bool { return c.clientData(t).Type == "webauthn.create" }},
		"flags": {client.Misbehaviour{FlipFlags: authdata.UV}, false, func(t *testing.T, c credential) bool {
			return !parsed(t, raw(t, c.Response.AuthenticatorData)).Flags.Has(authdata.UV)
		}},
		"no UV": {client.Misbehaviour{SkipVerification: true}, true, func(t *testing.T, c credential) bool {
			return !parsed(t, raw(t, c.Response.AuthenticatorData)).Flags.Has(authdata.UV)
		}},
		"signature": {client.Misbehaviour{SpoilSignature: true}, false, func(*testing.T, credential) bool { return true }},
		"handle":    {client.Misbehaviour{UserHandle: []byte{1}}, true, func(_ *testing.T, c credential) bool { return *c.Response.UserHandle == "AQ" }},
		"no handle": {client.Misbehaviour{OmitUserHandle: true}, true, func(_ *testing.T, c credential) bool { return c.Response.UserHandle == nil }},
		"id": {client.Misbehaviour{CredentialID: make([]byte, 1024)}, true, func(_ *testing.T, c credential) bool {
			return c.ID == base64.RawURLEncoding.EncodeToString(make([]byte, 1024))
		}},
		"attest bit": {client.Misbehaviour{FlipFlags: authdata.AT}, false, func(t *testing.T, c credential) bool {
			return raw(t, c.Response.AuthenticatorData)[32]&byte(authdata.AT) != 0
		}},
		"unasked": {client.Misbehaviour{UnaskedExtension: true}, true, func(_ *testing.T, c credential) bool { return c.ClientExtensionResults["appid"] == true }},
		"omit":    {client.Misbehaviour{Omit: "signature"}, false, func(_ *testing.T, c credential) bool { return c.Response.Signature == "" }},
	} {
		t.Run(name, func(t *testing.T) {
			got := get(t, &client.Client{Origin: origin, Device: a, Misbehave: c.lie}, assertion())
			if !c.seen(t, got) || verifies(t, key, got) != c.fits {
				t.Errorf("the lie is not in %+v, or the signature fits: %v", got, verifies(t, key, got))
			}
		})
	}
}

// Outputs of client extensions are unsigned: nothing but what follows from them gives these lies away.
func TestLiesAboutExtensions(t *testing.T) {
	device := newExtended(t, authenticator(roaming()), "hmac-secret", "credProtect", "largeBlobKey")
	device.options["largeBlobs"] = true
	eval := options{"prf": options{"eval": options{"first": "AA"}}}
	for _, c := range []struct {
		name string
		lie  client.Misbehaviour
		o    options
		lied string // outputs that must be there
		kept string // an input that must not reach the device
	}{
		{"PRF", client.Misbehaviour{ClaimPRF: true}, extensions(eval), `{"prf":{"enabled":true}}`, ""},
		{"large blobs", client.Misbehaviour{ClaimLargeBlob: true}, extensions(options{"largeBlob": options{}}), `{"largeBlob":{"supported":true}}`, ""},
		{"written", client.Misbehaviour{ClaimLargeBlob: true}, nil, "", ""},
		{"protection", client.Misbehaviour{SkipCredProtect: true},
			extensions(options{"credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true}), `{}`, "credProtect"},
		{"AppID", client.Misbehaviour{ClaimAppID: true}, assertion().with("extensions", options{"appid": oldName}), `{"appid":true}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := &client.Client{Origin: origin, Device: device, Misbehave: c.lie}
			_, creating := c.o["rp"]
			switch {
			case creating:
				if got := create(t, cl, c.o).outputs(t); got != c.lied || device.inputs[c.kept] != nil {
					t.Errorf("outputs %s, inputs %v", got, device.inputs)
				}
				cl.Misbehave = client.Misbehaviour{}
				if got := create(t, cl, c.o).outputs(t); got == c.lied && (c.kept == "" || device.inputs[c.kept] == nil) {
					t.Errorf("an honest client looks the same: %s, %v", got, device.inputs)
				}
			case c.name == "written":
				list := []options{{"type": "public-key", "id": create(t, cl, creation()).ID}}
				c.o = assertion().with("allowCredentials", list).with("extensions", options{"largeBlob": options{"write": "AQ"}})
				if got := get(t, cl, c.o).outputs(t); got != `{"largeBlob":{"written":true}}` || device.array != nil {
					t.Errorf("outputs %s", got)
				}
			default:
				if got := get(t, cl, c.o).outputs(t); got != c.lied {
					t.Errorf("outputs %s", got)
				}
			}
		})
	}
	honest := get(t, &client.Client{Origin: origin, Device: device}, assertion().with("extensions", eval)).outputs(t)
	spoilt := get(t, &client.Client{Origin: origin, Device: device, Misbehave: client.Misbehaviour{SpoilPRF: true}}, assertion().with("extensions", eval)).outputs(t)
	if honest == spoilt || len(honest) != len(spoilt) {
		t.Errorf("honest %s, spoilt %s", honest, spoilt)
	}
}

func TestUnattestedCredentialIsPassedOn(t *testing.T) {
	a := authenticator(roaming())
	a.Misbehave = virtualauth.Misbehaviour{OmitCredential: true}
	made := create(t, &client.Client{Origin: origin, Device: a}, creation())
	if data := made.signed(t); data.Credential != nil {
		t.Errorf("authenticator data %+v", data)
	}
}

// TestEveryLieIsReadAndTold walks the source: a field that no code reads asserts nothing, a field that no test sets is not tested.
func TestEveryLieIsReadAndTold(t *testing.T) {
	read, told := map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		test := strings.HasSuffix(name, "_test.go")
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr: // c.Misbehave.X, or m.X where m is c.Misbehave
				inner, chained := n.X.(*ast.SelectorExpr)
				short, named := n.X.(*ast.Ident)
				if !test && (chained && inner.Sel.Name == "Misbehave" || named && short.Name == "m") {
					read[n.Sel.Name] = true
				}
			case *ast.CompositeLit:
				if selector, ok := n.Type.(*ast.SelectorExpr); test && ok && selector.Sel.Name == "Misbehaviour" {
					for _, element := range n.Elts {
						told[element.(*ast.KeyValueExpr).Key.(*ast.Ident).Name] = true
					}
				}
			}
			return true
		})
	}
	kind := reflect.TypeFor[client.Misbehaviour]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if !read[name] {
			t.Errorf("no code reads Misbehaviour.%s", name)
		}
		if !told[name] {
			t.Errorf("no test sets Misbehaviour.%s", name)
		}
	}
}
