package virtualauth_test

import (
	"fmt"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// protection is everything about PINs and verification that decides about a ceremony.
type protection struct {
	pinSet, builtIn, always, needed, noCeremonies bool
	rk, uv, up                                    option
	param                                         string // "absent", "empty", "good", "wrong", "of nothing"
}

var params = []string{"absent", "empty", "good", "wrong", "of nothing"}

// each runs a check on all situations that can be, on an authenticator of each kind.
func eachProtection(check func(protection)) {
	flags := []bool{false, true}
	for bits := range 1 << 5 {
		s := protection{pinSet: bits&1 != 0, builtIn: bits&2 != 0, always: bits&4 != 0, needed: bits&8 != 0, noCeremonies: bits&16 != 0}
		for _, rk := range flags {
			for _, uv := range options {
				for _, up := range options {
					for _, param := range params {
						s.rk, s.uv, s.up, s.param = &rk, uv, up, param
						if param == "good" && (!s.pinSet || s.noCeremonies) && !s.builtIn {
							continue // no token can be had
						}
						check(s)
					}
				}
			}
		}
	}
}

func (s protection) String() string {
	return fmt.Sprintf("PIN set %v, built-in %v, always %v, needed %v, no ceremonies by PIN %v, rk %s, uv %s, up %s, param %s",
		s.pinSet, s.builtIn, s.always, s.needed, s.noCeremonies, word(s.rk), word(s.uv), word(s.up), s.param)
}

// stage is an authenticator in this situation and a platform with a token for both ceremonies, if one can be had.
func (s protection) stage(t *testing.T) (p *platform, token []byte) {
	model := virtualauth.Model{
		AlwaysVerify: s.always, VerifyToCreate: s.needed, Verification: virtualauth.VerificationMissing,
		PIN: virtualauth.PINModel{Supported: true, NoCeremonies: s.noCeremonies},
	}
	if s.builtIn {
		model.Verification = virtualauth.VerificationReady
	}
	p = newStage(t, model).platform(pinuv.Two)
	p.plant(rpID, "ada")
	if s.pinSet {
		p.expect("setPIN", p.setPIN(pin), ctap2.OK)
	}
	if s.param != "good" {
		return p, nil
	}
	both := wanted{pinuv.MC | pinuv.GA, rpID}
	if s.pinSet && !s.noCeremonies {
		return p, p.must(p.tokenByPIN(pin, both))
	}
	return p, p.must(p.tokenByUV(both))
}

// auth returns the members pinUvAuthParam and pinUvAuthProtocol.
func (s protection) auth(token []byte) (ctap2.Bytes, uint) {
	switch s.param {
	case "empty":
		return ctap2.Bytes{}, 2
	case "good":
		return pinuv.Two.Authenticate(token, dataHash[:]), 2
	case "wrong":
		return make([]byte, 32), 2
	case "of nothing":
		return make([]byte, 32), 3
	}
	return nil, 0
}

// early is the rule up to the option steps, which both ceremonies share (CTAP 2.3 §6.1.2, §6.2.2).
func (s protection) early() ctap2.Status {
	switch {
	case s.param == "empty" && (s.pinSet || s.builtIn):
		return ctap2.PINInvalid
	case s.param == "empty":
		return ctap2.PINNotSet
	case s.param == "of nothing":
		return ctap2.InvalidParameter
	case s.param == "absent" && is(s.uv) && !s.builtIn:
		return ctap2.InvalidOption
	}
	return ctap2.OK
}

// without is the status of a ceremony that lacks verification.
func (s protection) without(pinPossible bool) ctap2.Status {
	if pinPossible && !s.noCeremonies {
		return ctap2.PUATRequired
	}
	return ctap2.OperationDenied
}

// create is the rule of makeCredential, and whether UV is set.
func (s protection) create() (status ctap2.Status, verified bool) {
	verified = s.param != "absent" || is(s.uv) || s.always && s.builtIn
	early := s.early()
	switch {
	case early != ctap2.OK:
		return early, false
	case s.up != nil && !*s.up:
		return ctap2.InvalidOption, false
	case s.always && (!verified || !s.pinSet && !s.builtIn):
		return s.without(true), false // even before a PIN is set, and whatever the param
	case (*s.rk || s.needed) && !verified && (s.pinSet || s.builtIn):
		return s.without(s.pinSet), false
	case s.param == "wrong":
		return ctap2.PINAuthInvalid, false
	}
	return ctap2.OK, verified
}

// sign is the rule of getAssertion, and whether UV is set.
func (s protection) sign() (status ctap2.Status, verified bool) {
	present := s.up == nil || *s.up
	verified = s.param != "absent" || is(s.uv) || s.always && present && s.builtIn
	early := s.early()
	switch {
	case early != ctap2.OK:
		return early, false
	case s.always && present && (!verified || !s.pinSet && !s.builtIn):
		return s.without(true), false
	case s.param == "wrong":
		return ctap2.PINAuthInvalid, false
	}
	return ctap2.OK, verified
}

// MC-039, MC-057, MC-059 to MC-065, MC-081, MC-082, MC-083, MC-084, MC-085, MC-086.
func TestProtectionOfMakeCredential(t *testing.T) {
	eachProtection(func(s protection) {
		p, token := s.stage(t)
		r := registration("bea")
		r.Options = &ctap2.Options{ResidentKey: s.rk, UserVerification: s.uv, UserPresence: s.up}
		r.PINUVAuthParam, r.PINUVAuthProtocol = s.auth(token)
		response, err := ctap2.MakeCredential(t.Context(), p, r)
		want, verified := s.create()
		if got := p.statusOf(err); got != want {
			t.Errorf("%v: got %v, want %v", s, got, want)
			return
		}
		if err == nil {
			if v := p.view(response.AuthData); !v.up || v.uv != verified {
				t.Errorf("%v: UP %v, UV %v; want UV %v", s, v.up, v.uv, verified)
			}
		}
	})
}

// GA-010, GA-031, GA-034 to GA-039, GA-048, GA-049.
func TestProtectionOfGetAssertion(t *testing.T) {
	eachProtection(func(s protection) {
		if *s.rk || s.needed {
			return // neither matters
		}
		p, token := s.stage(t)
		r := authentication()
		r.Options = &ctap2.Options{UserVerification: s.uv, UserPresence: s.up}
		r.PINUVAuthParam, r.PINUVAuthProtocol = s.auth(token)
		response, err := ctap2.GetAssertion(t.Context(), p, r)
		want, verified := s.sign()
		if got := p.statusOf(err); got != want {
			t.Errorf("%v: got %v, want %v", s, got, want)
			return
		}
		if err == nil {
			if v := p.view(response.AuthData); v.up != (s.up == nil || *s.up) || v.uv != verified {
				t.Errorf("%v: UP %v, UV %v; want UV %v", s, v.up, v.uv, verified)
			}
		}
	})
}
