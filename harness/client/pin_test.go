package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// person types PINs, one after the other, and notes what she is asked.
type person struct {
	types []string
	asked []client.PINPrompt
}

var errTired = errors.New("she types no more")

func (p *person) PIN(_ context.Context, prompt client.PINPrompt) (string, error) {
	p.asked = append(p.asked, prompt)
	if len(p.types) == 0 {
		return "", errTired
	}
	next := p.types[0]
	p.types = p.types[1:]
	return next, nil
}

// verified reports the UV flag of an assertion.
func (c credential) verified(t *testing.T) bool {
	t.Helper()
	return parsed(t, raw(t, c.Response.AuthenticatorData)).Flags.Has(authdata.UV)
}

func TestMethodsOfVerification(t *testing.T) {
	for name, c := range map[string]struct {
		device func(*pinned)
		want   string // what a registration and an authentication ask of the device
		tokens string
	}{
		"token by PIN": {func(*pinned) {}, "[clientPIN 9 makeCredential clientPIN 9 getAssertion]",
			`[0x1 for "example.org" 0x2 for "example.org"]`},
		"token by PIN, protocol one": {func(p *pinned) { p.protocols = []uint{1} }, "[clientPIN 9 makeCredential clientPIN 9 getAssertion]",
			`[0x1 for "example.org" 0x2 for "example.org"]`},
		"unknown protocol first": {func(p *pinned) { p.protocols = []uint{7, 2} }, "[clientPIN 9 makeCredential clientPIN 9 getAssertion]",
			`[0x1 for "example.org" 0x2 for "example.org"]`},
		"CTAP 2.0": {func(p *pinned) { p.protocols = nil; p.options["pinUvAuthToken"] = false }, "[clientPIN 5 makeCredential clientPIN 5 getAssertion]",
			`[0x3 for "" 0x3 for ""]`},
		"token by built-in verification": {func(p *pinned) { p.options["uv"] = true }, "[clientPIN 6 makeCredential clientPIN 6 getAssertion]",
			`[0x1 for "example.org" 0x2 for "example.org"]`},
		"built-in verification without tokens": {func(p *pinned) { p.options["uv"], p.options["pinUvAuthToken"] = true, false },
			"[makeCredential getAssertion]", "[]"},
		"a finger at the second attempt": {func(p *pinned) { p.options["uv"], p.uvFails, p.attempts = true, 1, 3 },
			"[clientPIN 6 clientPIN 6 makeCredential clientPIN 6 getAssertion]", `[0x1 for "example.org" 0x2 for "example.org"]`},
		"no finger, so the PIN": {func(p *pinned) { p.options["uv"], p.uvFails = true, 9 },
			"[clientPIN 6 clientPIN 9 makeCredential clientPIN 6 clientPIN 9 getAssertion]", `[0x1 for "example.org" 0x2 for "example.org"]`},
		"fingers are blocked, so the PIN": {func(p *pinned) { p.options["uv"], p.uvBlocked = true, true },
			"[clientPIN 6 clientPIN 9 makeCredential clientPIN 6 clientPIN 9 getAssertion]", `[0x1 for "example.org" 0x2 for "example.org"]`},
		"blocked fingers of CTAP 2.0": {func(p *pinned) { p.options["uv"], p.options["pinUvAuthToken"], p.uvBlocked = true, false, true },
			"[makeCredential clientPIN 5 makeCredential getAssertion clientPIN 5 getAssertion]", `[0x3 for "" 0x3 for ""]`},
	} {
		t.Run(name, func(t *testing.T) {
			device := newPinned(t, authenticator(roaming()))
			c.device(device)
			ada := &person{types: []string{"1234", "1234"}}
			cl := &client.Client{Origin: origin, Device: device, PIN: ada.PIN}
			if made := create(t, cl, creation()); !made.signed(t).Flags.Has(authdata.UV) {
				t.Error("the registration is not verified")
			}
			if !get(t, cl, assertion()).verified(t) {
				t.Error("the authentication is not verified")
			}
			if got := fmt.Sprint(device.log); got != c.want {
				t.Errorf("asked %s, want %s", got, c.want)
			}
			if got := fmt.Sprint(device.granted); got != c.tokens {
				t.Errorf("tokens %s, want %s", got, c.tokens)
			}
		})
	}
}

func TestWhoCannotBeVerified(t *testing.T) {
	for name, c := range map[string]struct {
		device func(*pinned)
		nobody bool // there is nobody to ask
	}{
		"nobody to ask":               {func(*pinned) {}, true},
		"no PIN set":                  {func(p *pinned) { p.options["clientPin"] = false }, false},
		"the PIN is for other things": {func(p *pinned) { p.options["noMcGaPermissionsWithClientPin"] = true }, false},
		"unknown protocols":           {func(p *pinned) { p.protocols = []uint{7} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			device := newPinned(t, authenticator(roaming()))
			c.device(device)
			cl := &client.Client{Origin: origin, Device: device}
			if !c.nobody {
				cl.PIN = (&person{types: []string{"1234"}}).PIN
			}
			_, err := cl.Create(t.Context(), creation().json())
			rejected(t, err, client.NotAllowedError)
			_, err = cl.Get(t.Context(), assertion().json())
			if rejected(t, err, client.NotAllowedError); slices.Contains(device.log, "makeCredential") || slices.Contains(device.log, "getAssertion") {
				t.Errorf("the device was bothered with %v", device.log)
			}
		})
	}
}

func TestWrongPINs(t *testing.T) {
	device := newPinned(t, authenticator(roaming()))
	ada := &person{types: []string{"0000", "1111", "1234"}}
	create(t, &client.Client{Origin: origin, Device: device, PIN: ada.PIN}, creation())
	want := []client.PINPrompt{{RPID: "example.org", Retries: 8}, {RPID: "example.org", Wrong: true, Retries: 7}, {RPID: "example.org", Wrong: true, Retries: 6}}
	if !slices.Equal(ada.asked, want) {
		t.Errorf("asked %+v", ada.asked)
	}
	for name, c := range map[string]struct {
		device func(*pinned)
		types  []string
		cause  error
	}{
		"blocked by the last wrong one": {func(p *pinned) { p.retries = 1 }, []string{"0000"}, ctap2.PINBlocked},
		"blocked before":                {func(p *pinned) { p.retries = 0 }, nil, ctap2.PINBlocked},
		"asleep":                        {func(p *pinned) { p.asleep = true }, nil, ctap2.PINAuthBlocked},
		"to be changed":                 {func(p *pinned) { p.force = true }, nil, client.ErrPINChangeRequired},
		"she gives up":                  {func(*pinned) {}, nil, errTired},
	} {
		t.Run(name, func(t *testing.T) {
			device := newPinned(t, authenticator(roaming()))
			c.device(device)
			_, err := (&client.Client{Origin: origin, Device: device, PIN: (&person{types: c.types}).PIN}).Create(t.Context(), creation().json())
			if rejected(t, err, client.NotAllowedError); !errors.Is(err, c.cause) {
				t.Errorf("the cause is %v, want %v", errors.Unwrap(err), c.cause)
			}
		})
	}
}

// silentForce is a device whose getInfo does not say that the PIN must be changed.
type silentForce struct{ *pinned }

func (s silentForce) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	force := s.force
	if ctap2.Command(request[0]) == ctap2.CommandGetInfo {
		s.force = false
	}
	response, err := s.pinned.Exchange(ctx, request)
	s.force = force
	return response, err
}

func TestChangeThatIsToldLate(t *testing.T) {
	device := newPinned(t, authenticator(roaming()))
	device.force = true
	c := &client.Client{Origin: origin, Device: silentForce{device}, PIN: (&person{types: []string{"1234"}}).PIN}
	_, err := c.Create(t.Context(), creation().json())
	if rejected(t, err, client.NotAllowedError); !errors.Is(err, client.ErrPINChangeRequired) {
		t.Errorf("the cause is %v", errors.Unwrap(err))
	}
}

// What only prefers verification goes on without it, and what needs none asks for none, unless the device insists.
func TestVerificationIsOnlyAskedForWhereNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		device      func(*pinned)
		requirement string
		residentKey string
		nobody      bool
		verified    bool
		log         string
	}{
		"discouraged, needed for a discoverable one": {func(*pinned) {}, "discouraged", "required", false, true, "[clientPIN 9 makeCredential]"},
		"discouraged, allowed":                       {func(*pinned) {}, "discouraged", "discouraged", false, false, "[makeCredential]"},
		"discouraged, not allowed": {func(p *pinned) { p.options["makeCredUvNotRqd"] = false }, "discouraged", "discouraged", false, true,
			"[clientPIN 9 makeCredential]"},
		"preferred, nobody to ask": {func(*pinned) {}, "preferred", "discouraged", true, false, "[makeCredential]"},
		"discouraged, always":      {func(p *pinned) { p.options["alwaysUv"] = true }, "discouraged", "discouraged", false, true, "[clientPIN 9 makeCredential]"},
	} {
		t.Run(name, func(t *testing.T) {
			device := newPinned(t, authenticator(roaming()))
			c.device(device)
			cl := &client.Client{Origin: origin, Device: device}
			if !c.nobody {
				cl.PIN = (&person{types: []string{"1234"}}).PIN
			}
			made := create(t, cl, creation().with("authenticatorSelection", options{"userVerification": c.requirement, "residentKey": c.residentKey}))
			if got := made.signed(t).Flags.Has(authdata.UV); got != c.verified || fmt.Sprint(device.log) != c.log {
				t.Errorf("UV is %v after %v, want %v after %s", got, device.log, c.verified, c.log)
			}
		})
	}
}

// A device may tell only by its status that it always verifies.
func TestVerificationThatIsToldLate(t *testing.T) {
	device := newPinned(t, authenticator(roaming()))
	device.options["alwaysUv"] = true
	c := &client.Client{Origin: origin, Device: hidden{device, "alwaysUv"}, PIN: (&person{types: []string{"1234", "1234"}}).PIN}
	create(t, c, creation())
	if got := get(t, c, assertion().with("userVerification", "discouraged")); !got.verified(t) {
		t.Error("the authentication is not verified")
	}
	if got := strings.Join(device.log[2:], " "); got != "getAssertion clientPIN 9 getAssertion" {
		t.Errorf("asked %s", got)
	}
}

// hidden is a device whose getInfo leaves out an option.
type hidden struct {
	*pinned
	option string
}

func (h hidden) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	value := h.options[h.option]
	if ctap2.Command(request[0]) == ctap2.CommandGetInfo {
		delete(h.options, h.option)
	}
	response, err := h.pinned.Exchange(ctx, request)
	h.options[h.option] = value
	return response, err
}

// Long lists are asked about silently under the token, so that credentials hidden from the unverified are found.
func TestListsUnderAToken(t *testing.T) {
	device := newPinned(t, authenticator(roaming()))
	ada := &person{types: []string{"1234", "1234", "1234"}}
	c := &client.Client{Origin: origin, Device: device, PIN: ada.PIN}
	made := create(t, c, creation())
	list := []options{{"type": "public-key", "id": "AAAA"}, {"type": "public-key", "id": made.ID}}
	_, err := c.Create(t.Context(), creation().with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
	get(t, c, assertion().with("allowCredentials", list))
	if got := fmt.Sprint(device.granted); got != `[0x1 for "example.org" 0x3 for "example.org" 0x2 for "example.org"]` {
		t.Errorf("tokens %s", got)
	}
}

func TestSettingAndChangingThePIN(t *testing.T) {
	for _, protocol := range []uint{1, 2} {
		device := newPinned(t, authenticator(roaming()))
		device.pin, device.protocols, device.force = "", []uint{protocol}, true
		c := &client.Client{Device: device}
		long := strings.Repeat("ü", 32)
		for _, step := range []struct {
			name string
			do   func() error
			want error
			pin  string
		}{
			{"set", func() error { return c.SetPIN(t.Context(), "e\u0301clair") }, nil, "éclair"}, // e and accent become one
			{"set again", func() error { return c.SetPIN(t.Context(), "4321") }, ctap2.PINAuthInvalid, "éclair"},
			{"change with a wrong one", func() error { return c.ChangePIN(t.Context(), "x", "4321") }, ctap2.PINInvalid, "éclair"},
			{"too long", func() error { return c.ChangePIN(t.Context(), "éclair", long) }, ctap2.PINPolicyViolation, "éclair"},
			{"change", func() error { return c.ChangePIN(t.Context(), "éclair", long[:62]) }, nil, long[:62]},
		} {
			if err := step.do(); !errors.Is(err, step.want) || device.pin != step.pin {
				t.Errorf("protocol %d, %s: %v, the PIN is %q", protocol, step.name, err, device.pin)
			}
		}
		if device.force {
			t.Error("the change is still forced")
		}
	}
	device := newPinned(t, authenticator(roaming()))
	device.protocols = []uint{9}
	if err := (&client.Client{Device: device}).SetPIN(t.Context(), "1234"); !errors.Is(err, pinuv.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
