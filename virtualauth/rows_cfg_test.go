package virtualauth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// acfg is a fresh token for authenticatorConfig.
func (p *platform) acfg() []byte {
	p.t.Helper()
	return p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.ACFG}))
}

// minimum asks for a minimum PIN length.
func minimum(length uint) ctap2.MinPINLengthParameters {
	return ctap2.MinPINLengthParameters{NewMinPINLength: &length}
}

func TestRowsOfConfig(t *testing.T) {
	unprotected := everything
	unprotected.Verification = virtualauth.VerificationMissing
	always := unprotected
	always.AlwaysVerify = true
	onlyAlways := virtualauth.Model{Config: virtualauth.ConfigModel{ToggleAlwaysUV: true}}
	runRows(t, []row{
		{ids: "CFG-001 EPA-001", says: "enableEnterpriseAttestation", model: everything, pin: pin, run: func(p *platform) {
			p.option("ep", false)
			p.expect("enable", p.config(p.acfg(), ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
			p.option("ep", true)
			p.expect("again", p.config(p.acfg(), ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
			p.option("ep", true)
		}},
		{ids: "CFG-022", says: "alwaysUv refuses U2F", model: everything, pin: pin, run: func(p *platform) {
			key := p.registerU2F()
			p.expect("toggle", p.config(p.acfg(), ctap2.ToggleAlwaysUV, nil), ctap2.OK)
			for instruction, data := range map[byte][]byte{u2fRegister: registerMessage(), u2fAuthenticate: ours(key.keyHandle)} {
				if response, status := p.u2f(instruction, enforcePresence, data); status != swDisabled || len(response) != 0 {
					p.t.Errorf("command %d: %04x", instruction, status)
				}
			}
		}},
		{ids: "CFG-002", says: "toggleAlwaysUv", model: everything, pin: pin, run: func(p *platform) {
			for _, on := range []bool{true, false} {
				p.expect("toggle", p.config(p.acfg(), ctap2.ToggleAlwaysUV, nil), ctap2.OK)
				p.option("alwaysUv", on)
				p.option("makeCredUvNotRqd", map[bool]any{true: nil, false: true}[on])
				if slices.Contains(p.info().Versions, "U2F_V2") == on {
					p.t.Errorf("alwaysUv %v beside versions %v", on, p.info().Versions)
				}
			}
		}},
		{ids: "CFG-003 CFG-015 CFG-016 CFG-020", says: "the minimum only goes up", model: everything, pin: "25802580", run: func(p *platform) {
			token := p.must(p.tokenByPIN("25802580", wanted{permissions: pinuv.ACFG}))
			for _, step := range []struct {
				length uint
				want   ctap2.Status
				then   uint
			}{
				{6, ctap2.OK, 6}, {4, ctap2.PINPolicyViolation, 6}, {6, ctap2.OK, 6}, {33, ctap2.PINPolicyViolation, 6},
				{64, ctap2.PINPolicyViolation, 6}, {1 << 32, ctap2.PINPolicyViolation, 6}, {8, ctap2.OK, 8},
			} {
				p.expect(fmt.Sprint(step.length), p.config(token, ctap2.SetMinPINLength, minimum(step.length)), step.want)
				if got := p.info().MinPINLength; got != step.then {
					p.t.Errorf("after %d it is %d, want %d", step.length, got, step.then)
				}
			}
			p.expect("without any parameters", p.config(token, ctap2.SetMinPINLength, nil), ctap2.OK)
			if *p.info().ForcePINChange {
				p.t.Error("a PIN that is long enough must be changed")
			}
		}},
		{ids: "CFG-004 CFG-019 CFG-021", says: "RP IDs that may learn the minimum", model: everything, pin: pin, run: func(p *platform) {
			token := p.acfg()
			for _, list := range [][]string{{"a.example", "b.example"}, {"c.example"}, {}} {
				p.expect(strings.Join(list, " "), p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{RPIDs: list}), ctap2.OK)
			}
			p.expect("one too many", p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{
				RPIDs: []string{"a.example", "b.example", "c.example"}, NewMinPINLength: new(uint(6)),
			}), ctap2.KeyStoreFull)
			if got := p.info().MinPINLength; got != 4 {
				p.t.Errorf("a refused request has raised the minimum to %d", got)
			}
		}},
		{ids: "CFG-005", says: "forceChangePin", model: everything, pin: pin, run: func(p *platform) {
			token := p.acfg()
			p.expect("false", p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{ForceChangePIN: new(false)}), ctap2.OK)
			if *p.info().ForcePINChange {
				p.t.Error("false was taken for true")
			}
			p.forceChange()
		}},
		{ids: "CFG-006", says: "the complexity policy", model: everything, pin: "1111", run: func(p *platform) {
			if *p.info().PINComplexityPolicy {
				p.t.Error("the policy is on from the start")
			}
			token := p.must(p.tokenByPIN("1111", wanted{permissions: pinuv.ACFG}))
			p.expect("off", p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{PINComplexityPolicy: new(false)}), ctap2.OK)
			p.expect("on", p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{PINComplexityPolicy: new(true)}), ctap2.OK)
			if info := p.info(); !*info.PINComplexityPolicy || !*info.ForcePINChange {
				p.t.Errorf("policy %v, change %v", *info.PINComplexityPolicy, *info.ForcePINChange)
			}
			p.expect("another trivial PIN", p.changePIN("1111", "2222"), ctap2.PINPolicyViolation)
			p.expect("a better one", p.changePIN("1111", "1212"), ctap2.OK)
		}},
		{ids: "CFG-006", says: "no complexity policy to switch on", model: virtualauth.Model{Config: everything.Config}, pin: pin, run: func(p *platform) {
			err := p.config(p.acfg(), ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{PINComplexityPolicy: new(true)})
			p.expect("on", err, ctap2.InvalidParameter)
			if p.info().PINComplexityPolicy != nil {
				p.t.Error("getInfo tells of a policy")
			}
		}},
		{ids: "CFG-007 RST-005", says: "enableLongTouchForReset", model: everything, pin: pin, run: func(p *platform) {
			if *p.info().LongTouchForReset {
				p.t.Error("it is on from the start")
			}
			p.expect("enable", p.config(p.acfg(), ctap2.EnableLongTouchForReset, nil), ctap2.OK)
			if !*p.info().LongTouchForReset {
				p.t.Error("it is still off")
			}
			p.expect("a short touch", ctap2.Reset(t.Context(), p), ctap2.OperationDenied)
			p.option("clientPin", true)
			p.person.consent.LongTouch = true
			p.expect("a long touch", ctap2.Reset(t.Context(), p), ctap2.OK)
			if *p.info().LongTouchForReset {
				p.t.Error("reset left it on")
			}
		}},
		{ids: "CFG-008", says: "no sub-command", model: everything, run: func(p *platform) {
			if got := p.exchange(ctap2.CommandConfig, fields{}); got != ctap2.MissingParameter {
				p.t.Errorf("got %v", got)
			}
		}},
		{ids: "CFG-009", says: "a sub-command that does not exist", model: everything, pin: pin, run: func(p *platform) {
			for _, sub := range []ctap2.ConfigSubCommand{0, 5, 0xfe, 0x100} {
				p.expect(fmt.Sprint(sub), p.config(p.acfg(), sub, nil), ctap2.InvalidSubcommand)
			}
		}},
		{ids: "CFG-009 CFG-024", says: "sub-commands that the model lacks", model: onlyAlways, pin: pin, run: func(p *platform) {
			for _, sub := range []ctap2.ConfigSubCommand{
				ctap2.EnableEnterpriseAttestation, ctap2.SetMinPINLength, ctap2.EnableLongTouchForReset, ctap2.VendorPrototype,
			} {
				p.expect(fmt.Sprint(sub), p.config(p.acfg(), sub, nil), ctap2.InvalidSubcommand)
			}
			p.option("ep", nil)
			p.option("setMinPINLength", nil)
		}},
		{ids: "CFG-010", says: "no token", model: everything, pin: pin, run: func(p *platform) {
			p.expect("toggle", p.config(nil, ctap2.ToggleAlwaysUV, nil), ctap2.PUATRequired)
		}},
		{ids: "CFG-011 CFG-012", says: "a MAC without a protocol, or of one that does not exist", model: everything, pin: pin, run: func(p *platform) {
			request := fields{key(1): 2, key(4): make([]byte, 32)}
			if got := p.exchange(ctap2.CommandConfig, request); got != ctap2.MissingParameter {
				p.t.Errorf("no protocol: %v", got)
			}
			for _, number := range []uint{0, 3} {
				request[key(3)] = number
				if got := p.exchange(ctap2.CommandConfig, request); got != ctap2.InvalidParameter {
					p.t.Errorf("protocol %d: %v", number, got)
				}
			}
		}},
		{ids: "CFG-013", says: "a token without acfg", model: everything, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{pinuv.MC | pinuv.GA | pinuv.CM, rpID}))
			p.expect("toggle", p.config(token, ctap2.ToggleAlwaysUV, nil), ctap2.PINAuthInvalid)
		}},
		{ids: "CFG-014", says: "a MAC over other bytes", model: everything, pin: pin, run: func(p *platform) {
			token := p.acfg()
			for name, message := range map[string][]byte{
				"without the prefix":     {0x0d, 0x02},
				"of another sub-command": ctap2.ConfigMessage(ctap2.EnableEnterpriseAttestation, nil),
				"of other parameters":    ctap2.ConfigMessage(ctap2.ToggleAlwaysUV, []byte{0xa0}),
			} {
				sub := ctap2.ToggleAlwaysUV
				err := ctap2.Config(t.Context(), p, &ctap2.ConfigRequest{
					SubCommand: &sub, Protocol: new(uint(p.protocol)), PINUVAuthParam: p.protocol.Authenticate(token, message),
				})
				p.expect(name, err, ctap2.PINAuthInvalid)
			}
			p.option("alwaysUv", false)
		}},
		{ids: "CFG-017", says: "forceChangePin without a PIN", model: unprotected, run: func(p *platform) {
			err := p.config(nil, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{ForceChangePIN: new(true), NewMinPINLength: new(uint(6))})
			p.expect("force", err, ctap2.PINNotSet)
			if got := p.info().MinPINLength; got != 4 {
				p.t.Errorf("a refused request has raised the minimum to %d", got)
			}
		}},
		{ids: "CFG-005", says: "forceChangePin ends the persistent token", model: everything, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
			before := reveal(t, token, p.info().EncIdentifier, "encIdentifier")
			p.forceChange()
			if reveal(t, token, p.info().EncIdentifier, "encIdentifier") == before {
				p.t.Error("it still reads the identifier")
			}
		}},
		{ids: "CFG-018", says: "a minimum beyond the PIN that is set", model: everything, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{pinuv.ACFG | pinuv.MC, rpID}))
			p.expect("raise", p.config(token, ctap2.SetMinPINLength, minimum(8)), ctap2.OK)
			if !*p.info().ForcePINChange {
				p.t.Error("the PIN need not be changed")
			}
			_, err := p.create(token, "ada")
			p.expect("create", err, ctap2.PINAuthInvalid)
			p.expect("a short one", p.changePIN(pin, "1234567"), ctap2.PINPolicyViolation)
			p.expect("a longer one", p.changePIN(pin, "12345678"), ctap2.OK)
		}},
		{ids: "CFG-023 RST-007 RST-008 EPA-011", says: "reset restores what it was as new", model: everything, pin: pin, run: func(p *platform) {
			asNew := newStage(t, everything).info()
			token := p.acfg()
			p.expect("ep", p.config(token, ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
			p.expect("alwaysUv", p.config(token, ctap2.ToggleAlwaysUV, nil), ctap2.OK)
			p.expect("minimum", p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{
				NewMinPINLength: new(uint(8)), RPIDs: []string{rpID}, PINComplexityPolicy: new(true),
			}), ctap2.OK)
			p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			now := p.info()
			asNew.EncIdentifier, asNew.EncCredStoreState, now.EncIdentifier, now.EncCredStoreState = nil, nil, nil, nil
			if fmt.Sprintf("%+v", flat(t, asNew)) != fmt.Sprintf("%+v", flat(t, now)) {
				p.t.Errorf("after reset\n got %+v\nwant %+v", flat(t, now), flat(t, asNew))
			}
			p.left(8, false)
		}},
		{ids: "CFG-025", says: "vendor prototypes", model: everything, pin: pin, run: func(p *platform) {
			token := p.acfg()
			for number, want := range map[uint64]ctap2.Status{7: ctap2.OK, 1 << 40: ctap2.OK, 8: ctap2.InvalidParameter} {
				p.expect(fmt.Sprint(number), p.config(token, ctap2.VendorPrototype, ctap2.VendorParameters{Command: &number}), want)
			}
			p.expect("no number", p.config(token, ctap2.VendorPrototype, fields{}), ctap2.MissingParameter)
			p.expect("no parameters", p.config(token, ctap2.VendorPrototype, nil), ctap2.MissingParameter)
			p.expect("a number as text", p.config(token, ctap2.VendorPrototype, fields{1: "7"}), ctap2.UnexpectedType)
		}},
		{ids: "CFG-026", says: "no token where nothing protects", model: unprotected, run: func(p *platform) {
			p.expect("minimum", p.config(nil, ctap2.SetMinPINLength, minimum(6)), ctap2.OK)
			p.expect("ep", p.config(nil, ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
			p.expect("a PIN below the minimum", p.setPIN("12345"), ctap2.PINPolicyViolation)
		}},
		{ids: "CFG-026", says: "no token to switch alwaysUv off where nothing protects", model: always, run: func(p *platform) {
			p.expect("minimum", p.config(nil, ctap2.SetMinPINLength, minimum(6)), ctap2.PUATRequired)
			p.expect("toggle", p.config(nil, ctap2.ToggleAlwaysUV, nil), ctap2.OK)
			p.option("alwaysUv", false)
			p.expect("minimum", p.config(nil, ctap2.SetMinPINLength, minimum(6)), ctap2.OK)
		}},
		{ids: "CFG-008", says: "members of wrong types", model: everything, pin: pin, run: func(p *platform) {
			for name, request := range map[string]fields{
				"sub-command as text": {key(1): "x"}, "parameters as an array": {key(1): 2, key(2): listOf()},
				"protocol as text": {key(1): 2, key(3): "x"}, "MAC as text": {key(1): 2, key(4): "x"},
			} {
				if got := p.exchange(ctap2.CommandConfig, request); got != ctap2.UnexpectedType {
					p.t.Errorf("%s: %v", name, got)
				}
			}
			p.expect("a length as text", p.config(p.acfg(), ctap2.SetMinPINLength, fields{1: "x"}), ctap2.UnexpectedType)
		}},
	})
}

// flat is a response as a map, for comparison without pointers.
func flat(t testing.TB, response any) fields { return asFields(t, response) }

func TestConfigIsMissingWhereThereIsNothingToConfigure(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	if got := s.exchange(ctap2.CommandConfig, fields{key(1): 2}); got != ctap2.InvalidCommand {
		t.Errorf("config: %v", got)
	}
	if got := s.exchange(ctap2.CommandClientPIN, fields{key(2): 1}); got != ctap2.InvalidCommand {
		t.Errorf("clientPIN: %v", got)
	}
}

func TestRowsOfReset(t *testing.T) {
	tokensOnly := everything
	runRows(t, []row{
		{ids: "RST-001 RST-010", says: "every credential is gone", pin: pin, run: func(p *platform) {
			made, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada")
			p.expect("create", err, ctap2.OK)
			other := registration("bea")
			other.Options.ResidentKey = nil
			unlisted, err := ctap2.MakeCredential(t.Context(), p, other)
			p.expect("create one that is not discoverable", err, ctap2.OK)
			p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			for name, list := range map[string][]ctap2.Descriptor{
				"any": nil, "the discoverable one": {{ID: p.view(made.AuthData).id, Type: ctap2.PublicKey}},
				"the other": {{ID: p.view(unlisted.AuthData).id, Type: ctap2.PublicKey}},
			} {
				r := authentication()
				r.AllowList = list
				_, err := ctap2.GetAssertion(t.Context(), p, r)
				p.expect(name, err, ctap2.NoCredentials)
			}
		}},
		{ids: "RST-002 RST-004", says: "late or declined, nothing is erased", pin: pin, run: func(p *platform) {
			for consent, want := range map[virtualauth.Consent]ctap2.Status{
				isLate: ctap2.UserActionTimeout, refuses: ctap2.OperationDenied, isAway: ctap2.OperationDenied,
			} {
				p.person.consent = consent
				p.expect("reset", ctap2.Reset(t.Context(), p), want)
				p.option("clientPin", true)
			}
		}},
		{ids: "RST-003", says: "only ten seconds after power-up", pin: pin, run: func(p *platform) {
			p.clock.Move(10*time.Second + 1)
			p.expect("too late", ctap2.Reset(t.Context(), p), ctap2.NotAllowed)
			p.PowerCycle()
			p.expect("after a power cycle", ctap2.Reset(t.Context(), p), ctap2.OK)
		}},
		{ids: "RST-006", says: "not over every transport", model: everything, pin: pin, run: func(p *platform) {
			p.expect("nfc", ctap2.Reset(virtualauth.Over(t.Context(), "nfc"), p), ctap2.NotAllowed)
			p.expect("usb", ctap2.Reset(virtualauth.Over(t.Context(), "usb"), p), ctap2.OK)
			p.expect("untold", ctap2.Reset(t.Context(), p), ctap2.OK)
		}},
		{ids: "RST-011", says: "tokens are worth nothing", model: tokensOnly, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			persistent := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
			p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			_, err := p.create(token, "ada")
			p.expect("create", err, ctap2.PINAuthInvalid)
			p.expect("setPIN", p.setPIN(pin), ctap2.OK)
			if string(persistent) == string(p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))) {
				p.t.Error("the persistent token is the old one")
			}
		}},
		{ids: "RST-012", says: "key handles of U2F are worth nothing", model: everything, pin: pin, run: func(p *platform) {
			handle := p.registerU2F().keyHandle
			for i, want := range []uint16{swOK, swData} {
				if _, status := p.u2f(u2fAuthenticate, enforcePresence, ours(handle)); status != want {
					p.t.Errorf("authentication %d: %04x, want %04x", i, status, want)
				}
				p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			}
		}},
		{ids: "RST-013", says: "a blocked PIN is no obstacle", model: virtualauth.Model{PIN: virtualauth.PINModel{Retries: 1}}, pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINBlocked)
			p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			p.expect("setPIN", p.setPIN(pin), ctap2.OK)
			p.must(p.legacyToken(pin))
		}},
		{ids: "RST-014", says: "the model stays what it is", model: everything, pin: pin, run: func(p *platform) {
			before := p.info()
			p.expect("reset", ctap2.Reset(t.Context(), p), ctap2.OK)
			if after := p.info(); before.AAGUID != after.AAGUID || before.FirmwareVersion != after.FirmwareVersion {
				p.t.Errorf("before %+v, after %+v", before, after)
			}
		}},
	})
}

func TestRowsOfSelection(t *testing.T) {
	for consent, want := range map[virtualauth.Consent]ctap2.Status{
		agrees: ctap2.OK, refuses: ctap2.OperationDenied, isLate: ctap2.UserActionTimeout, // SEL-002 SEL-003 SEL-004; SEL-001 below
	} {
		s := newStage(t, mandatory)
		s.person.consent = consent
		s.expect("selection", ctap2.Selection(t.Context(), s), want)
	}
	older := newStage(t, virtualauth.Model{Versions: []string{"U2F_V2"}})
	for command := range ctap2.Command(0x40) {
		if got := older.exchange(command, nil); got != ctap2.InvalidCommand {
			t.Errorf("%v of a U2F key: %v", command, got)
		}
	}
	old := newStage(t, virtualauth.Model{Versions: []string{"FIDO_2_0"}})
	old.expect("SEL-005: selection before CTAP 2.1", ctap2.Selection(t.Context(), old), ctap2.InvalidCommand)
}
