package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// outputs are client extension outputs as JSON.
func (c credential) outputs(t *testing.T) string {
	t.Helper()
	data, err := json.Marshal(c.ClientExtensionResults)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func extensions(members options) options { return creation().with("extensions", members) }

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// prf is what a page gets for an input.
func (e *extended) prf(input string) string {
	salt := sha256.Sum256(append([]byte("WebAuthn PRF\x00"), input...))
	return b64(e.evaluate(salt[:]))
}

func TestInputsThatAPageMayNotGive(t *testing.T) {
	id := b64([]byte{1, 2, 3})
	allow := []options{{"type": "public-key", "id": id}}
	awkward := []options{{"type": "public-key", "id": "AQI"}, {"type": "public-key", "id": ""}}
	for name, c := range map[string]struct {
		o    options
		want string
	}{
		"prf.evalByCredential at creation":       {extensions(options{"prf": options{"evalByCredential": options{}}}), client.NotSupportedError},
		"prf.evalByCredential without a list":    {assertion().with("extensions", options{"prf": options{"evalByCredential": options{id: options{"first": "AA"}}}}), client.NotSupportedError},
		"prf.evalByCredential, an empty key":     {assertion().with("allowCredentials", awkward).with("extensions", options{"prf": options{"evalByCredential": options{"": options{"first": "AA"}}}}), client.SyntaxError},
		"prf.evalByCredential, a key with =":     {assertion().with("allowCredentials", awkward).with("extensions", options{"prf": options{"evalByCredential": options{"AQI=": options{"first": "AA"}}}}), client.SyntaxError},
		"prf.evalByCredential, a stranger":       {assertion().with("allowCredentials", allow).with("extensions", options{"prf": options{"evalByCredential": options{"AQIE": options{"first": "AA"}}}}), client.SyntaxError},
		"prf.evalByCredential, no first":         {assertion().with("allowCredentials", allow).with("extensions", options{"prf": options{"evalByCredential": options{id: options{}}}}), client.TypeError},
		"prf.eval without first":                 {extensions(options{"prf": options{"eval": options{"second": "AA"}}}), client.TypeError},
		"prf.eval without first at sign-in":      {assertion().with("extensions", options{"prf": options{"eval": options{}}}), client.TypeError},
		"prf.eval, not base64url":                {extensions(options{"prf": options{"eval": options{"first": "A"}}}), client.EncodingError},
		"hmacGetSecret, a short salt":            {assertion().with("extensions", options{"hmacGetSecret": options{"salt1": "AA"}}), client.TypeError},
		"hmacGetSecret, a short second salt":     {assertion().with("extensions", options{"hmacGetSecret": options{"salt1": b64(make([]byte, 32)), "salt2": "AA"}}), client.TypeError},
		"hmacGetSecret, a short salt at first":   {extensions(options{"hmacGetSecret": options{"salt1": "AA"}}), client.TypeError},
		"credentialProtectionPolicy, unknown":    {extensions(options{"credentialProtectionPolicy": "sometimes"}), client.TypeError},
		"largeBlob.read at creation":             {extensions(options{"largeBlob": options{"read": true}}), client.NotSupportedError},
		"largeBlob.write at creation":            {extensions(options{"largeBlob": options{"write": "AA"}}), client.NotSupportedError},
		"largeBlob.support at sign-in":           {assertion().with("extensions", options{"largeBlob": options{"support": "preferred"}}), client.NotSupportedError},
		"largeBlob.read and write":               {assertion().with("allowCredentials", allow).with("extensions", options{"largeBlob": options{"read": true, "write": "AA"}}), client.NotSupportedError},
		"largeBlob.write for no credential":      {assertion().with("extensions", options{"largeBlob": options{"write": "AA"}}), client.NotSupportedError},
		"largeBlob.write for two":                {assertion().with("allowCredentials", append(allow, allow...)).with("extensions", options{"largeBlob": options{"write": "AA"}}), client.NotSupportedError},
		"appid of another site":                  {assertion().with("extensions", options{"appid": "https://evil.example"}), client.SecurityError},
		"appid that is not secure":               {assertion().with("extensions", options{"appid": "http://example.org"}), client.SecurityError},
		"appidExclude of another site":           {extensions(options{"appidExclude": "https://evil.example/u2f.json"}), client.SecurityError},
		"appid without a host":                   {assertion().with("extensions", options{"appid": "https:///app"}), client.SecurityError},
		"appid of a public suffix":               {assertion().with("extensions", options{"appid": "https://org/"}), client.SecurityError},
		"enforced policy on a device without it": {extensions(options{"credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true}), client.NotAllowedError},
		"large blobs required, device without":   {extensions(options{"largeBlob": options{"support": "required"}}), client.NotAllowedError},
	} {
		t.Run(name, func(t *testing.T) {
			device := newExtended(t, authenticator(roaming()))
			cl := &client.Client{Origin: origin, Device: device}
			ceremony := cl.Get
			if _, creating := c.o["rp"]; creating {
				ceremony = cl.Create
			}
			_, err := ceremony(t.Context(), c.o.json())
			if rejected(t, err, c.want); slices.Contains(device.log, ctap2.CommandMakeCredential) || slices.Contains(device.log, ctap2.CommandGetAssertion) {
				t.Errorf("the device was bothered with %v", device.log)
			}
		})
	}
}

// Each input reaches a device that knows the extension, as it shall, and no other.
func TestInputsForTheDevice(t *testing.T) {
	for name, c := range map[string]struct {
		extension string
		page      options
		want      any
		outputs   string
	}{
		"credProtect": {"credProtect", options{"credentialProtectionPolicy": "userVerificationOptionalWithCredentialIDList"}, uint64(2), `{}`},
		"enforced": {"credProtect", options{"credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true},
			uint64(3), `{}`},
		"credBlob":               {"credBlob", options{"credBlob": "AQID"}, []byte{1, 2, 3}, `{"credBlob":false}`},
		"credBlob too long":      {"credBlob", options{"credBlob": b64(make([]byte, 33))}, nil, `{"credBlob":false}`},
		"minPinLength":           {"minPinLength", options{"minPinLength": true}, true, `{}`},
		"minPinLength not asked": {"minPinLength", options{"minPinLength": false}, nil, `{}`},
		"pinComplexityPolicy":    {"pinComplexityPolicy", options{"pinComplexityPolicy": true}, true, `{}`},
		"thirdPartyPayment":      {"thirdPartyPayment", options{"payment": options{"isPayment": true}}, true, `{}`},
		"hmac-secret":            {"hmac-secret", options{"hmacCreateSecret": true}, true, `{"hmacCreateSecret":false}`},
		"prf":                    {"hmac-secret", options{"prf": options{"eval": options{"first": "AA"}}}, true, `{"prf":{"enabled":false}}`},
		"largeBlobKey":           {"largeBlobKey", options{"largeBlob": options{"support": "required"}}, true, `{"largeBlob":{"supported":false}}`},
		"largeBlob":              {"largeBlob", options{"largeBlob": options{}}, map[any]any{"support": "preferred"}, `{"largeBlob":{"supported":false}}`},
		"largeBlob required":     {"largeBlob", options{"largeBlob": options{"support": "required"}}, map[any]any{"support": "required"}, `{"largeBlob":{"supported":false}}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, known := range []bool{true, false} {
				device := newExtended(t, authenticator(roaming()))
				device.options["largeBlobs"] = true
				if known {
					device.extensions = []string{c.extension}
				} else if c.page["enforceCredentialProtectionPolicy"] != nil || strings.Contains(fmt.Sprint(c.page), "required]") {
					continue // the device will not do
				}
				made := create(t, &client.Client{Origin: origin, Device: device}, extensions(c.page))
				var got any
				if raw, sent := device.inputs[c.extension]; sent {
					device.decode(raw, &got)
				}
				if want := map[bool]any{true: c.want}[known]; !reflect.DeepEqual(got, want) || want == nil && len(device.inputs) > 0 {
					t.Errorf("known %v: the device got %v, want %v", known, device.inputs, want)
				}
				if made.outputs(t) != c.outputs {
					t.Errorf("outputs %s, want %s", made.outputs(t), c.outputs)
				}
			}
		})
	}
	// A large-blob key is only for discoverable credentials.
	device := newExtended(t, authenticator(roaming()), "largeBlobKey")
	device.options["largeBlobs"] = true
	unkept := extensions(options{"largeBlob": options{}}).with("authenticatorSelection", options{"residentKey": "discouraged"})
	if create(t, &client.Client{Origin: origin, Device: device}, unkept); len(device.inputs) > 0 {
		t.Errorf("the device got %v", device.inputs)
	}
}

func TestPRF(t *testing.T) {
	device := newExtended(t, authenticator(roaming()), "hmac-secret", "hmac-secret-mc")
	device.signed["hmac-secret"] = true
	c := &client.Client{Origin: origin, Device: device}
	eval := options{"prf": options{"eval": options{"first": b64([]byte("one")), "second": b64([]byte("two"))}}}
	both := func(e *extended) string {
		return fmt.Sprintf(`"results":{"first":%q,"second":%q}`, e.prf("one"), e.prf("two"))
	}
	made := create(t, c, extensions(eval))
	if got, want := made.outputs(t), `{"prf":{"enabled":true,`+both(device)+`}}`; got != want {
		t.Errorf("at creation %s, want %s", got, want)
	}
	delete(device.signed, "hmac-secret")
	if got, want := get(t, c, assertion().with("extensions", eval)).outputs(t), `{"prf":{`+both(device)+`}}`; got != want {
		t.Errorf("at sign-in %s, want %s", got, want)
	}
	// One input gives one result, and the device without hmac-secret-mc none at creation.
	device.extensions = []string{"hmac-secret"}
	device.signed["hmac-secret"] = true
	other := extensions(eval).with("user", options{"id": "b3RoZXI", "name": "b", "displayName": "B"})
	second := create(t, c, other)
	if got := second.outputs(t); got != `{"prf":{"enabled":true}}` {
		t.Errorf("without hmac-secret-mc %s", got)
	}
	delete(device.signed, "hmac-secret")
	// The credential that signs decides about its input; the authenticator is asked silently which one that will be.
	byCredential := options{"prf": options{
		"eval":             options{"first": b64([]byte("one"))},
		"evalByCredential": options{second.ID: options{"first": b64([]byte("three"))}, "AAAA": options{"first": b64([]byte("four"))}},
	}}
	for _, c2 := range []struct {
		id, input string
	}{{second.ID, "three"}, {made.ID, "one"}} {
		list := []options{{"type": "public-key", "id": "AAAA"}, {"type": "public-key", "id": c2.id}, {"type": "public-key", "id": second.ID}}
		got := get(t, c, assertion().with("allowCredentials", list).with("extensions", byCredential))
		if want := fmt.Sprintf(`{"prf":{"results":{"first":%q}}}`, device.prf(c2.input)); got.ID != c2.id || got.outputs(t) != want {
			t.Errorf("%s signed with %s, want %s with %s", got.ID, got.outputs(t), c2.id, want)
		}
	}
	// Without inputs there is nothing to ask, and what cannot be decrypted is an error.
	if got := get(t, c, assertion().with("extensions", options{"prf": options{}})); got.outputs(t) != `{"prf":{}}` || len(device.inputs) > 0 {
		t.Errorf("without inputs %s after %v", got.outputs(t), device.inputs)
	}
	for _, wrong := range [][]byte{make([]byte, 5), make([]byte, 16+48)} {
		device.signed["hmac-secret"] = wrong
		_, err := c.Get(t.Context(), assertion().with("extensions", eval).json())
		rejected(t, err, client.NotAllowedError)
	}
}

// prf is for verified users: where verification is discouraged it is done all the same, and where it cannot be done there are no
// results. hmacGetSecret makes no such promise.
func TestPRFVerifies(t *testing.T) {
	eval := options{"prf": options{"eval": options{"first": "AA"}}}
	device := newExtended(t, authenticator(roaming()), "hmac-secret")
	c := &client.Client{Origin: origin, Device: device}
	create(t, c, creation())
	if got := get(t, c, assertion().with("userVerification", "discouraged").with("extensions", eval)); !got.verified(t) || len(device.inputs) == 0 {
		t.Errorf("UV is %v, inputs %v", got.verified(t), device.inputs)
	}
	if got := get(t, c, assertion().with("userVerification", "discouraged").with("extensions", options{"prf": options{}})); got.verified(t) {
		t.Error("verified for nothing")
	}
	unable := newExtended(t, authenticator(virtualauth.Model{Verification: virtualauth.VerificationMissing}), "hmac-secret", "hmac-secret-mc")
	unable.signed["hmac-secret"] = true
	c.Device = unable
	preferred := extensions(eval).with("authenticatorSelection", options{"userVerification": "preferred", "residentKey": "required"})
	if got := create(t, c, preferred).outputs(t); got != `{"prf":{"enabled":true}}` {
		t.Errorf("at creation %s", got)
	}
	delete(unable.signed, "hmac-secret")
	lenient := assertion().with("userVerification", "preferred")
	if got := get(t, c, lenient.with("extensions", eval)).outputs(t); got != `{"prf":{}}` {
		t.Errorf("at sign-in %s", got)
	}
	salt := make([]byte, 32)
	got := get(t, c, lenient.with("extensions", options{"hmacGetSecret": options{"salt1": b64(salt)}})).outputs(t)
	if want := fmt.Sprintf(`{"hmacGetSecret":{"output1":%q}}`, b64(unable.evaluate(salt))); got != want {
		t.Errorf("hmacGetSecret %s, want %s", got, want)
	}
}

func TestHMACSecret(t *testing.T) {
	device := newExtended(t, authenticator(roaming()), "hmac-secret", "hmac-secret-mc")
	device.signed["hmac-secret"] = true
	c := &client.Client{Origin: origin, Device: device}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	in := options{"hmacCreateSecret": true, "hmacGetSecret": options{"salt1": b64(one), "salt2": b64(two)}}
	want := fmt.Sprintf(`"hmacGetSecret":{"output1":%q,"output2":%q}`, b64(device.evaluate(one)), b64(device.evaluate(two)))
	if got := create(t, c, extensions(in)).outputs(t); got != `{"hmacCreateSecret":true,`+want+`}` {
		t.Errorf("at creation %s", got)
	}
	delete(device.signed, "hmac-secret")
	if got := get(t, c, assertion().with("extensions", in)).outputs(t); got != `{`+want+`}` {
		t.Errorf("at sign-in %s", got)
	}
}

func TestCredBlob(t *testing.T) {
	device := newExtended(t, authenticator(roaming()), "credBlob", "thirdPartyPayment")
	device.signed["credBlob"] = true
	c := &client.Client{Origin: origin, Device: device}
	if got := create(t, c, extensions(options{"credBlob": "AQID"})).outputs(t); got != `{"credBlob":true}` {
		t.Errorf("at creation %s", got)
	}
	device.signed["credBlob"] = []byte{1, 2, 3}
	if got := get(t, c, assertion().with("extensions", options{"getCredBlob": true})).outputs(t); got != `{"getCredBlob":"AQID"}` || device.inputs["credBlob"] == nil {
		t.Errorf("at sign-in %s", got)
	}
	if got := get(t, c, assertion().with("extensions", options{"payment": options{"isPayment": true}})); got.outputs(t) != `{}` || device.inputs["thirdPartyPayment"] == nil {
		t.Errorf("payment %s, inputs %v", got.outputs(t), device.inputs)
	}
	device.extensions = nil
	salt := options{"hmacGetSecret": options{"salt1": b64(make([]byte, 32))}}
	if got := get(t, c, assertion().with("extensions", salt)).outputs(t); got != `{}` {
		t.Errorf("hmacGetSecret of a device without it: %s", got)
	}
	if get(t, c, assertion().with("extensions", options{"getCredBlob": true, "payment": options{"isPayment": true}})); len(device.inputs) > 0 {
		t.Errorf("inputs %v", device.inputs)
	}
}
