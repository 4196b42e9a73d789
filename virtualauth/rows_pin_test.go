package virtualauth_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// wrong is a PIN that is never the one that is set.
const wrong = "0000"

// tries offers PINs for a token, one after the other, and wants these statuses.
func (p *platform) tries(pins []string, statuses ...ctap2.Status) {
	p.t.Helper()
	for i, status := range statuses {
		_, err := p.legacyToken(pins[min(i, len(pins)-1)])
		p.expect(fmt.Sprintf("try %d", i+1), err, status)
	}
}

// left wants these retries.
func (p *platform) left(retries uint, locked bool) {
	p.t.Helper()
	if got, state := p.retries(); got != retries || state != locked {
		p.t.Errorf("%d retries left, locked %v; want %d, %v", got, state, retries, locked)
	}
}

func (p *platform) option(id string, want any) {
	p.t.Helper()
	value, present := p.info().Options[id]
	if got := map[bool]any{true: value, false: nil}[present]; got != want {
		p.t.Errorf("option %s is %v, want %v", id, got, want)
	}
}

// PINs of all kinds, and what an authenticator says when they are to be set.
func TestRowsOfNewPINs(t *testing.T) {
	short := virtualauth.Model{PIN: virtualauth.PINModel{MaxLength: 10}}
	long := virtualauth.Model{PIN: virtualauth.PINModel{MinLength: 6}}
	complexity := virtualauth.Model{PIN: virtualauth.PINModel{Complex: notAllTheSame, AlwaysComplex: true}}
	for _, c := range []struct {
		ids, name string
		model     virtualauth.Model
		plaintext []byte
		want      ctap2.Status
	}{
		{"PIN-003 PIN-010 PIN-019 PIN-023", "four digits", onlyPIN, padded("2580"), ctap2.OK},
		{"PIN-052", "63 bytes", onlyPIN, padded(strings.Repeat("x", 63)), ctap2.OK},
		{"PIN-011 PIN-024", "three bytes", onlyPIN, padded("258"), ctap2.PINPolicyViolation},
		{"PIN-012 PIN-025", "80 bytes", onlyPIN, make([]byte, 80), ctap2.InvalidParameter},
		{"PIN-025", "80 bytes of PIN", onlyPIN, bytes.Repeat([]byte("x"), 80), ctap2.InvalidParameter},
		{"PIN-045", "48 bytes", onlyPIN, append([]byte("2580"), make([]byte, 44)...), ctap2.InvalidParameter},
		{"PIN-013 PIN-026", "64 bytes without a zero", onlyPIN, bytes.Repeat([]byte("x"), 64), ctap2.PINPolicyViolation},
		{"PIN-013 PIN-026", "64 bytes of sixteen code points", onlyPIN, bytes.Repeat([]byte("𝄞"), 16), ctap2.PINPolicyViolation},
		{"PIN-014 PIN-027", "as long as it may be", short, padded("0123456789"), ctap2.OK},
		{"PIN-014 PIN-027", "one longer than it may be", short, padded("0123456789a"), ctap2.PINPolicyViolation},
		{"PIN-028", "three code points of nine bytes", onlyPIN, padded("€€€"), ctap2.PINPolicyViolation},
		{"PIN-028", "four code points of twelve bytes", onlyPIN, padded("€€€€"), ctap2.OK},
		{"PIN-028", "five code points where six are asked", long, padded("€€€€€"), ctap2.PINPolicyViolation},
		{"PIN-028", "six code points", long, padded("€€€€€€"), ctap2.OK},
		{"PIN-050", "nothing but zeros", onlyPIN, make([]byte, 64), ctap2.PINPolicyViolation},
		{"PIN-051", "bytes behind a zero belong to the PIN", onlyPIN, padded("1234\x00x"), ctap2.OK},
		{"PIN-051", "no UTF-8", onlyPIN, padded("12345\xff"), ctap2.PINPolicyViolation},
		{"PIN-053", "trivial under a complexity policy", complexity, padded("1111"), ctap2.PINPolicyViolation},
		{"PIN-053", "not trivial under a complexity policy", complexity, padded("1112"), ctap2.OK},
	} {
		both(t, func(t *testing.T, protocol pinuv.Protocol) {
			t.Run(c.ids+" set "+c.name, func(t *testing.T) {
				model := c.model
				model.PIN.Supported = true
				p := newStage(t, model).platform(protocol)
				p.expect("setPIN", p.setPadded(c.plaintext), c.want)
				p.option("clientPin", c.want == ctap2.OK)
				if c.want == ctap2.OK {
					p.must(p.legacyToken(string(bytes.TrimRight(c.plaintext, "\x00"))))
				}
			})
		})
	}
}

func TestRowsOfKeyAgreement(t *testing.T) {
	runRows(t, []row{
		{ids: "PIN-001 PIN-002", says: "the key agreement key is a COSE_Key of five members", run: func(p *platform) {
			response, err := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
			if err != nil {
				p.t.Fatal(err)
			}
			var key map[int]any
			if err := cbor.Unmarshal(response.KeyAgreement, &key); err != nil {
				p.t.Fatal(err)
			}
			x, _ := key[-2].([]byte)
			y, _ := key[-3].([]byte)
			if len(key) != 5 || key[1] != uint64(2) || key[3] != int64(-25) || key[-1] != uint64(1) || len(x) != 32 || len(y) != 32 {
				p.t.Errorf("key agreement key %v", key)
			}
		}},
		{ids: "PIN-046", says: "newPinEnc of no whole blocks", run: func(p *platform) {
			key, secret := p.agree()
			encrypted := make([]byte, 65)
			_, err := p.call(ctap2.SetPIN, ctap2.ClientPINRequest{
				KeyAgreement: key, NewPINEnc: encrypted, PINUVAuthParam: secret.Authenticate(encrypted),
			})
			p.expect("setPIN", err, ctap2.InvalidParameter)
		}},
		{ids: "PIN-047 PIN-048 PIN-049", says: "a platform key that is no point of the curve", pin: pin, run: func(p *platform) {
			for name, edit := range map[string]func(map[int]any){
				"off the curve":    func(k map[int]any) { k[-3] = k[-2] },
				"the origin":       func(k map[int]any) { k[-2], k[-3] = make([]byte, 32), make([]byte, 32) },
				"no x":             func(k map[int]any) { delete(k, -2) },
				"no y":             func(k map[int]any) { delete(k, -3) },
				"x of 31 bytes":    func(k map[int]any) { k[-2] = make([]byte, 31) },
				"the key type OKP": func(k map[int]any) { k[1] = 1 },
				"the curve P-384":  func(k map[int]any) { k[-1] = 2 },
			} {
				malformed := p.editedKey(edit)
				for _, sub := range []ctap2.ClientPINSubCommand{ctap2.ChangePIN, ctap2.GetPINToken, ctap2.GetTokenUsingPIN, ctap2.GetTokenUsingUV} {
					r := completeRequest()
					r.KeyAgreement = malformed
					if sub == ctap2.GetPINToken {
						r.Permissions, r.RPID = nil, nil
					}
					_, err := p.call(sub, r)
					p.expect(fmt.Sprintf("%s, sub-command %d", name, sub), err, ctap2.InvalidParameter)
				}
			}
			p.left(8, false)
		}},
		{ids: "PIN-047 PIN-048 PIN-049", says: "a platform key that is no point, in setPIN", run: func(p *platform) {
			r := completeRequest()
			r.KeyAgreement = p.editedKey(func(k map[int]any) { k[-3] = k[-2] })
			_, err := p.call(ctap2.SetPIN, r)
			p.expect("setPIN", err, ctap2.InvalidParameter)
			p.option("clientPin", false)
		}},
	})
}

// editedKey is a platform key as a map, edited.
func (p *platform) editedKey(edit func(map[int]any)) []byte {
	p.t.Helper()
	key, _ := p.agree()
	var members map[int]any
	if err := cbor.Unmarshal(key, &members); err != nil {
		p.t.Fatal(err)
	}
	edit(members)
	encoded, err := ctap2.Marshal(members)
	if err != nil {
		p.t.Fatal(err)
	}
	return encoded
}

// completeRequest has every parameter but the key.
func completeRequest() ctap2.ClientPINRequest {
	return ctap2.ClientPINRequest{
		NewPINEnc: make([]byte, 64), PINHashEnc: make([]byte, 16), PINUVAuthParam: make([]byte, 16),
		Permissions: new(uint(pinuv.MC)), RPID: new(rpID),
	}
}

// required are the parameters of each sub-command, by the keys of CTAP 2.3 §6.5.5.
var required = map[ctap2.ClientPINSubCommand][]uint64{
	ctap2.GetKeyAgreement:  {1},
	ctap2.SetPIN:           {1, 3, 4, 5},
	ctap2.ChangePIN:        {1, 3, 4, 5, 6},
	ctap2.GetPINToken:      {1, 3, 6},
	ctap2.GetTokenUsingPIN: {1, 3, 6, 9},
	ctap2.GetTokenUsingUV:  {1, 3, 9},
}

func TestRowsOfMalformedClientPINRequests(t *testing.T) {
	runRows(t, []row{
		{ids: "PIN-037 PIN-039 PIN-041 PIN-042 TOK-019", says: "each required member missing in turn", pin: pin, run: func(p *platform) {
			for sub, keys := range required {
				for _, missing := range keys {
					request := p.fields(sub)
					delete(request, missing)
					if got := p.exchange(ctap2.CommandClientPIN, request); got != ctap2.MissingParameter {
						p.t.Errorf("sub-command %d without member %d: %v", sub, missing, got)
					}
				}
			}
		}},
		{ids: "PIN-036 PIN-040", says: "each member of a wrong type", pin: pin, run: func(p *platform) {
			for sub, keys := range required {
				for _, k := range append(keys, 2) {
					for _, value := range []any{"text", true, nil, listOf(1, 2)} {
						request := p.fields(sub)
						request[k] = value
						if got := p.exchange(ctap2.CommandClientPIN, request); got != ctap2.UnexpectedType {
							p.t.Errorf("sub-command %d with member %d as %v: %v", sub, k, value, got)
						}
					}
				}
			}
		}},
		{ids: "PIN-034", says: "no sub-command", run: func(p *platform) {
			if got := p.exchange(ctap2.CommandClientPIN, fields{}); got != ctap2.MissingParameter {
				p.t.Errorf("got %v", got)
			}
		}},
		{ids: "PIN-035", says: "a sub-command that does not exist", run: func(p *platform) {
			for _, sub := range []ctap2.ClientPINSubCommand{0x00, 0x08, 0x0a, 0xff, 1 << 20} {
				_, err := p.call(sub, ctap2.ClientPINRequest{})
				p.expect(fmt.Sprint(sub), err, ctap2.InvalidSubcommand)
			}
		}},
		{ids: "PIN-038", says: "a protocol that does not exist", pin: pin, run: func(p *platform) {
			for sub := range required {
				for _, number := range []uint{0, 3, 255} {
					request := p.fields(sub)
					request[key(1)] = number
					if got := p.exchange(ctap2.CommandClientPIN, request); got != ctap2.InvalidParameter {
						p.t.Errorf("sub-command %d of protocol %d: %v", sub, number, got)
					}
				}
			}
		}},
		{ids: "TOK-036", says: "sub-commands that the model lacks", model: virtualauth.Model{
			Verification: virtualauth.VerificationMissing, PIN: virtualauth.PINModel{LegacyTokens: true},
		}, run: func(p *platform) {
			for _, sub := range []ctap2.ClientPINSubCommand{ctap2.GetTokenUsingPIN, ctap2.GetTokenUsingUV, ctap2.GetUVRetries} {
				_, err := p.call(sub, ctap2.ClientPINRequest{})
				p.expect(fmt.Sprint(sub), err, ctap2.InvalidSubcommand)
			}
			p.option("pinUvAuthToken", nil)
		}},
	})
}

// fields is a complete request for a sub-command with a good platform key, and without the members that it forbids.
func (p *platform) fields(sub ctap2.ClientPINSubCommand) fields {
	p.t.Helper()
	r := completeRequest()
	r.KeyAgreement, _ = p.agree()
	r.Protocol, r.SubCommand = new(uint(p.protocol)), &sub
	if sub == ctap2.GetPINToken {
		r.Permissions, r.RPID = nil, nil
	}
	return asFields(p.t, r)
}

func TestRowsOfSetAndChange(t *testing.T) {
	forcing := everything
	runRows(t, []row{
		{ids: "PIN-043", says: "setPIN when a PIN is set", pin: pin, run: func(p *platform) {
			p.expect("setPIN", p.setPIN("9999"), ctap2.PINAuthInvalid)
			p.must(p.legacyToken(pin))
		}},
		{ids: "PIN-044", says: "setPIN with a MAC over other bytes", run: func(p *platform) {
			key, secret := p.agree()
			_, err := p.call(ctap2.SetPIN, ctap2.ClientPINRequest{
				KeyAgreement: key, NewPINEnc: p.encrypt(secret, padded(pin)), PINUVAuthParam: secret.Authenticate([]byte("other")),
			})
			p.expect("setPIN", err, ctap2.PINAuthInvalid)
			p.option("clientPin", false)
		}},
		{ids: "PIN-004 PIN-020", says: "changePIN", pin: pin, run: func(p *platform) {
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.OK)
			p.tries([]string{pin, "369369"}, ctap2.PINInvalid, ctap2.OK)
		}},
		{ids: "PIN-054", says: "changePIN without a PIN", run: func(p *platform) {
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.PINNotSet)
		}},
		{ids: "PIN-055", says: "changePIN with a wrong current PIN", pin: pin, run: func(p *platform) {
			first, _ := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
			p.expect("changePIN", p.changePIN(wrong, "369369"), ctap2.PINInvalid)
			second, _ := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
			if bytes.Equal(first.KeyAgreement, second.KeyAgreement) {
				p.t.Error("the key agreement key is the old one")
			}
			p.left(7, false)
		}},
		{ids: "PIN-056", says: "changePIN with a wrong MAC and the right PIN", pin: pin, run: func(p *platform) {
			key, secret := p.agree()
			_, err := p.call(ctap2.ChangePIN, ctap2.ClientPINRequest{
				KeyAgreement: key, NewPINEnc: p.encrypt(secret, padded("369369")), PINHashEnc: p.encrypt(secret, pinHash(pin)),
				PINUVAuthParam: secret.Authenticate([]byte("other")),
			})
			p.expect("changePIN", err, ctap2.PINAuthInvalid)
			p.left(8, false)
		}},
		{ids: "PIN-058", says: "changePIN to one that is too short", pin: pin, run: func(p *platform) {
			p.expect("changePIN", p.changePIN(pin, "1"), ctap2.PINPolicyViolation)
			p.must(p.legacyToken(pin))
		}},
		{ids: "PIN-059", says: "changePIN ends a token", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.OK)
			_, err := p.create(token, "ada")
			p.expect("create", err, ctap2.PINAuthInvalid)
		}},
		{ids: "PIN-008 PIN-009 PIN-021 PIN-057 TOK-008 TOK-013", says: "a PIN that must be changed", model: forcing, pin: pin, run: func(p *platform) {
			p.forceChange()
			_, err := p.legacyToken(pin)
			p.expect("getPinToken", err, ctap2.PINInvalid)
			_, err = p.tokenByPIN(pin, toCreate)
			p.expect("a token with permissions", err, ctap2.PINPolicyViolation)
			p.left(8, false)
			p.expect("changePIN to the same", p.changePIN(pin, pin), ctap2.PINPolicyViolation)
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.OK)
			if *p.info().ForcePINChange {
				p.t.Error("forcePINChange is still true")
			}
			p.must(p.tokenByPIN("369369", toCreate))
		}},
		{ids: "PIN-022", says: "changePIN ends the persistent token", model: everything, pin: pin, run: func(p *platform) {
			first := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
			if again := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR})); !bytes.Equal(first, again) {
				p.t.Error("the persistent token changes from one time to the next")
			}
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.OK)
			if bytes.Equal(first, p.must(p.tokenByPIN("369369", wanted{permissions: pinuv.PCMR}))) {
				p.t.Error("the persistent token is the old one")
			}
		}},
	})
}

// forceChange makes the PIN one that must be changed.
func (p *platform) forceChange() {
	p.t.Helper()
	token := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.ACFG}))
	if err := p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{ForceChangePIN: new(true)}); err != nil {
		p.t.Fatal(err)
	}
	if !*p.info().ForcePINChange {
		p.t.Fatal("forcePINChange is not true")
	}
}

func TestRowsOfRetries(t *testing.T) {
	runRows(t, []row{
		{ids: "PIN-015 PIN-029", says: "eight retries at first", pin: pin, run: func(p *platform) { p.left(8, false) }},
		{ids: "PIN-016 PIN-031 PIN-065", says: "two wrong PINs, then the right one", pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid)
			p.left(6, false)
			p.tries([]string{pin}, ctap2.OK)
			p.left(8, false)
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid) // the row of wrong ones began anew
			p.left(6, false)
		}},
		{ids: "PIN-017 PIN-032 PIN-061 PIN-062", says: "three wrong PINs lock until a power cycle", pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid, ctap2.PINAuthBlocked)
			p.left(5, true)
			p.tries([]string{pin}, ctap2.PINAuthBlocked, ctap2.PINAuthBlocked)
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.PINAuthBlocked)
			p.left(5, true)
			p.PowerCycle()
			p.left(5, false)
			p.tries([]string{pin}, ctap2.OK)
			p.left(8, false)
		}},
		{ids: "PIN-063", says: "a power cycle ends the row of wrong PINs, not the count", pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid)
			p.PowerCycle()
			p.tries([]string{wrong}, ctap2.PINInvalid)
			p.left(5, false)
		}},
		{ids: "PIN-018 PIN-033", says: "all retries used up", pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid, ctap2.PINAuthBlocked)
			p.PowerCycle()
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid, ctap2.PINAuthBlocked)
			p.PowerCycle()
			p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINBlocked)
			p.left(0, false)
			p.PowerCycle()
			p.tries([]string{pin}, ctap2.PINBlocked)
			_, err := p.tokenByPIN(pin, toCreate)
			p.expect("a token with permissions", err, ctap2.PINBlocked)
			p.expect("changePIN", p.changePIN(pin, "369369"), ctap2.PINBlocked)
			p.left(0, false)
		}},
		{ids: "PIN-060", says: "a shared secret is worth nothing after a wrong PIN", pin: pin, run: func(p *platform) {
			key, secret := p.agree()
			ask := func(pin string) error {
				_, err := p.call(ctap2.GetPINToken, ctap2.ClientPINRequest{KeyAgreement: key, PINHashEnc: p.encrypt(secret, pinHash(pin))})
				return err
			}
			p.expect("wrong", ask(wrong), ctap2.PINInvalid)
			p.expect("right, by the old secret", ask(pin), ctap2.PINInvalid)
			p.left(6, false)
		}},
		{ids: "PIN-064", says: "a PIN hash of an impossible length counts as a wrong PIN", pin: pin, run: func(p *platform) {
			for _, length := range []int{17, 48} {
				key, _ := p.agree()
				_, err := p.call(ctap2.GetPINToken, ctap2.ClientPINRequest{KeyAgreement: key, PINHashEnc: make([]byte, length)})
				p.expect(fmt.Sprintf("%d bytes", length), err, ctap2.PINInvalid)
			}
			p.left(6, false)
		}},
		{ids: "PIN-064", says: "the retry is counted before the answer is known", pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINInvalid)
			p.PowerCycle()
			p.left(7, false)
		}},
		{ids: "PIN-030", says: "five built-in verifications at first", run: func(p *platform) {
			if got := p.uvRetries(); got != 5 {
				p.t.Errorf("%d retries", got)
			}
		}},
		{ids: "PIN-015", says: "the model's own number of retries", model: virtualauth.Model{PIN: virtualauth.PINModel{Retries: 3}}, pin: pin, run: func(p *platform) {
			p.left(3, false)
			p.tries([]string{wrong, wrong, wrong, pin}, ctap2.PINInvalid, ctap2.PINInvalid, ctap2.PINBlocked, ctap2.PINBlocked)
			p.left(0, false) // a power cycle would not help
		}},
	})
}

// An authenticator of before CTAP 2.1 says powerCycleState only when it is true.
func TestPowerCycleStateBefore21(t *testing.T) {
	p := withPIN(t, virtualauth.Model{Versions: []string{"FIDO_2_0"}}, pin)
	response, err := p.call(ctap2.GetPINRetries, ctap2.ClientPINRequest{})
	if err != nil || response.PowerCycleState != nil {
		t.Errorf("%+v, %v", response, err)
	}
	p.tries([]string{wrong}, ctap2.PINInvalid, ctap2.PINInvalid, ctap2.PINAuthBlocked)
	p.left(5, true)
	if slices.Contains(p.info().Versions, "FIDO_2_1") {
		t.Error("it claims 2.1")
	}
}
