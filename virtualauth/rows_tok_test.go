package virtualauth_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

func TestRowsOfTokensByPIN(t *testing.T) {
	noMC := virtualauth.Model{Verification: virtualauth.VerificationMissing, PIN: virtualauth.PINModel{NoCeremonies: true}}
	all := pinuv.MC | pinuv.GA | pinuv.CM | pinuv.ACFG
	refuses := func(ids, says string, model virtualauth.Model, w wanted, want ctap2.Status) row {
		return row{ids: ids, says: says, model: model, pin: pin, run: func(p *platform) {
			_, err := p.tokenByPIN(pin, w)
			p.expect("the token", err, want)
			p.left(8, false)
		}}
	}
	runRows(t, []row{
		{ids: "PIN-005 TOK-001", says: "a legacy token is 32 bytes", pin: pin, run: func(p *platform) {
			if token := p.must(p.legacyToken(pin)); len(token) != 32 {
				p.t.Errorf("%d bytes", len(token))
			}
		}},
		{ids: "PIN-006 TOK-002", says: "a legacy token creates", pin: pin, model: onlyPIN, run: func(p *platform) {
			response, err := p.create(p.must(p.legacyToken(pin)), "ada")
			p.expect("create", err, ctap2.OK)
			if v := p.view(response.AuthData); !v.uv || !v.up {
				p.t.Errorf("UV %v, UP %v", v.uv, v.up)
			}
		}},
		{ids: "PIN-007 TOK-003", says: "a fresh legacy token signs in", pin: pin, model: onlyPIN, run: func(p *platform) {
			_, err := p.create(p.must(p.legacyToken(pin)), "ada")
			p.expect("create", err, ctap2.OK)
			response, err := p.assert(p.must(p.legacyToken(pin)))
			p.expect("assert", err, ctap2.OK)
			if v := p.view(response.AuthData); !v.uv || !v.up {
				p.t.Errorf("UV %v, UP %v", v.uv, v.up)
			}
		}},
		{ids: "TOK-007", says: "a legacy token configures nothing", model: everything, pin: pin, run: func(p *platform) {
			err := p.config(p.must(p.legacyToken(pin)), ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{NewMinPINLength: new(uint(6))})
			p.expect("setMinPINLength", err, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-004 TOK-005 TOK-006", says: "nor does it manage credentials, fingers or blobs", model: securityKey(), pin: pin, run: func(p *platform) {
			k := uvToken{uint(p.protocol), p.must(p.legacyToken(pin))}
			_, err := p.manage(k, ctap2.GetCredsMetadata, nil)
			p.expect("getCredsMetadata", err, ctap2.PINAuthInvalid)
			_, err = p.enrol(k, ctap2.EnrollBegin, nil)
			p.expect("enrollBegin", err, ctap2.PINAuthInvalid)
			_, err = p.blobs(fragment(k, arrayOf(40), 0, new(uint(40))))
			p.expect("a large blob", err, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-009", says: "all permissions at once", model: everything, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{all, rpID}))
			p.expect("config", p.config(token, ctap2.ToggleAlwaysUV, nil), ctap2.OK)
			_, err := p.create(token, "ada")
			p.expect("create", err, ctap2.OK)
		}},
		{ids: "TOK-010 MC-091", says: "mc alone, with its RP ID", pin: pin, run: func(p *platform) {
			response, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada")
			p.expect("create", err, ctap2.OK)
			if !p.view(response.AuthData).uv {
				p.t.Error("UV is clear")
			}
		}},
		{ids: "TOK-011", says: "mc, then ga", pin: pin, run: func(p *platform) {
			_, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada")
			p.expect("create", err, ctap2.OK)
			_, err = p.assert(p.must(p.tokenByPIN(pin, toSignIn)))
			p.expect("assert", err, ctap2.OK)
		}},
		refuses("TOK-018", "no permissions", everything, wanted{0, rpID}, ctap2.InvalidParameter),
		refuses("TOK-020", "mc without an RP ID", everything, wanted{permissions: pinuv.MC}, ctap2.MissingParameter),
		refuses("TOK-020", "ga without an RP ID", everything, wanted{permissions: pinuv.GA | pinuv.CM}, ctap2.MissingParameter),
		refuses("TOK-021", "undefined permissions beside mc", everything, wanted{pinuv.MC | 0x80 | 0x4000, rpID}, ctap2.OK),
		refuses("TOK-022", "cm without credMgmt", onlyPIN, wanted{pinuv.CM, rpID}, ctap2.UnauthorizedPerm),
		refuses("TOK-023", "be without bioEnroll", everything, wanted{pinuv.BE, rpID}, ctap2.UnauthorizedPerm),
		refuses("TOK-024", "lbw without largeBlobs", everything, wanted{pinuv.LBW, rpID}, ctap2.UnauthorizedPerm),
		refuses("TOK-025", "acfg without authnrCfg", onlyPIN, wanted{pinuv.ACFG, rpID}, ctap2.UnauthorizedPerm),
		refuses("TOK-012", "pcmr without perCredMgmtRO", onlyPIN, wanted{permissions: pinuv.PCMR}, ctap2.UnauthorizedPerm),
		refuses("TOK-012", "pcmr beside others", everything, wanted{pinuv.PCMR | pinuv.CM, rpID}, ctap2.UnauthorizedPerm),
		refuses("TOK-012", "pcmr alone", everything, wanted{permissions: pinuv.PCMR}, ctap2.OK),
		refuses("TOK-026", "mc where PINs may not create", noMC, toCreate, ctap2.UnauthorizedPerm),
		refuses("TOK-026", "ga where PINs may not create", noMC, toSignIn, ctap2.UnauthorizedPerm),
		{ids: "TOK-026", says: "a legacy token is good for nothing where PINs may not create", model: noMC, pin: pin, run: func(p *platform) {
			token := p.must(p.legacyToken(pin))
			_, err := p.create(token, "ada")
			p.expect("create", err, ctap2.PINAuthInvalid)
			_, err = p.assert(token)
			p.expect("sign in", err, ctap2.PINAuthInvalid)
			p.option("noMcGaPermissionsWithClientPin", true)
		}},
		{ids: "TOK-029", says: "no PIN is set", run: func(p *platform) {
			_, err := p.tokenByPIN(pin, toCreate)
			p.expect("with permissions", err, ctap2.PINNotSet)
			_, err = p.legacyToken(pin)
			p.expect("getPinToken", err, ctap2.PINNotSet)
		}},
		{ids: "TOK-030", says: "permissions are judged before the PIN", model: virtualauth.Model{PIN: virtualauth.PINModel{Retries: 1}}, pin: pin, run: func(p *platform) {
			p.tries([]string{wrong}, ctap2.PINBlocked)
			_, err := p.tokenByPIN(pin, wanted{permissions: pinuv.BE})
			p.expect("the token", err, ctap2.UnauthorizedPerm)
		}},
		{ids: "TOK-031", says: "getPinToken takes neither permissions nor an RP ID", pin: pin, run: func(p *platform) {
			_, err := p.tokenBy(ctap2.GetPINToken, pin, ctap2.ClientPINRequest{Permissions: new(uint(1))})
			p.expect("permissions", err, ctap2.InvalidParameter)
			_, err = p.tokenBy(ctap2.GetPINToken, pin, ctap2.ClientPINRequest{RPID: new(rpID)})
			p.expect("an RP ID", err, ctap2.InvalidParameter)
		}},
	})
}

func TestRowsOfTokensByBuiltInVerification(t *testing.T) {
	unable := everything
	unable.UVConfig = false
	fingers := virtualauth.Model{Verification: virtualauth.VerificationNotSetUp}
	runRows(t, []row{
		{ids: "TOK-014", says: "all permissions at once", model: everything, run: func(p *platform) {
			p.must(p.tokenByUV(wanted{pinuv.MC | pinuv.GA | pinuv.CM | pinuv.ACFG, rpID}))
			if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToAuthorize}) {
				p.t.Errorf("asked %q", got)
			}
		}},
		{ids: "TOK-015", says: "an immediate ceremony asks for no second gesture", run: func(p *platform) {
			token := p.must(p.tokenByUV(toCreate))
			p.person.Reasons()
			response, err := p.create(token, "ada")
			p.expect("create", err, ctap2.OK)
			if v := p.view(response.AuthData); !v.up || !v.uv || len(p.person.Reasons()) != 0 {
				p.t.Errorf("UP %v, UV %v, or the user was asked again", v.up, v.uv)
			}
			token = p.must(p.tokenByUV(toSignIn))
			p.person.Reasons()
			_, err = p.assert(token)
			p.expect("assert", err, ctap2.OK)
			if len(p.person.Reasons()) != 0 {
				p.t.Error("the user was asked again to sign in")
			}
		}},
		{ids: "TOK-015", says: "presence lasts thirty seconds", run: func(p *platform) {
			token := p.must(p.tokenByUV(wanted{pinuv.GA | pinuv.MC, rpID}))
			_, err := p.assert(token, func(r *ctap2.GetAssertionRequest) { r.Options = &ctap2.Options{UserPresence: new(false)} })
			p.expect("a silent assertion", err, ctap2.NoCredentials)
			p.clock.Move(31 * time.Second)
			p.person.Reasons()
			_, err = p.create(token, "ada")
			p.expect("create", err, ctap2.OK)
			if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToCreate}) {
				p.t.Errorf("asked %q", got)
			}
		}},
		{ids: "TOK-016", says: "mc, then ga", run: func(p *platform) {
			_, err := p.create(p.must(p.tokenByUV(toCreate)), "ada")
			p.expect("create", err, ctap2.OK)
			_, err = p.assert(p.must(p.tokenByUV(toSignIn)))
			p.expect("assert", err, ctap2.OK)
		}},
		{ids: "TOK-017", says: "the persistent token is the same by PIN and by verification", model: everything, pin: pin, run: func(p *platform) {
			byPIN := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
			if !bytes.Equal(byPIN, p.must(p.tokenByUV(wanted{permissions: pinuv.PCMR}))) {
				p.t.Error("they differ")
			}
		}},
		{ids: "TOK-027", says: "be without uvBioEnroll", model: virtualauth.Model{Fingerprints: 5}, run: func(p *platform) {
			_, err := p.tokenByUV(wanted{permissions: pinuv.BE})
			p.expect("the token", err, ctap2.UnauthorizedPerm)
		}},
		{ids: "TOK-028", says: "acfg without uvAcfg", model: unable, run: func(p *platform) {
			_, err := p.tokenByUV(wanted{permissions: pinuv.ACFG})
			p.expect("the token", err, ctap2.UnauthorizedPerm)
		}},
		{ids: "TOK-032", says: "verification that is not set up", model: fingers, run: func(p *platform) {
			_, err := p.tokenByUV(toCreate)
			p.expect("the token", err, ctap2.NotAllowed)
		}},
		{ids: "TOK-033 TOK-034", says: "failures are counted until it is blocked", pin: pin, run: func(p *platform) {
			p.person.consent = onlyTouches
			for left := uint(5); left > 0; left-- {
				_, err := p.tokenByUV(toCreate)
				p.expect("a wrong finger", err, map[bool]ctap2.Status{true: ctap2.UVInvalid, false: ctap2.UVBlocked}[left > 1])
				if got := p.uvRetries(); got != left-1 {
					p.t.Errorf("%d retries left, want %d", got, left-1)
				}
			}
			p.person.consent = agrees
			p.person.Reasons()
			_, err := p.tokenByUV(toCreate)
			p.expect("the right finger", err, ctap2.UVBlocked)
			if len(p.person.Reasons()) != 0 {
				p.t.Error("the user was asked although nothing could come of it")
			}
			p.must(p.legacyToken(pin)) // the right PIN unblocks
			if got := p.uvRetries(); got != 5 {
				p.t.Errorf("%d retries left after the right PIN", got)
			}
			p.must(p.tokenByUV(toCreate))
		}},
		{ids: "TOK-034", says: "a success sets the count back", run: func(p *platform) {
			p.person.consent = onlyTouches
			_, _ = p.tokenByUV(toCreate)
			p.person.consent = agrees
			p.must(p.tokenByUV(toCreate))
			if got := p.uvRetries(); got != 5 {
				p.t.Errorf("%d retries left", got)
			}
		}},
		{ids: "TOK-035", says: "nobody is there, or she declines", run: func(p *platform) {
			for consent, want := range map[virtualauth.Consent]ctap2.Status{isLate: ctap2.UserActionTimeout, refuses: ctap2.OperationDenied} {
				p.person.consent = consent
				_, err := p.tokenByUV(toCreate)
				p.expect("the token", err, want)
			}
			if got := p.uvRetries(); got != 5 {
				p.t.Errorf("%d retries left: only wrong fingers count", got)
			}
		}},
	})
}

func TestRowsOfTheLifeOfATokenInCommands(t *testing.T) {
	creates := func(p *platform, what string, token []byte, want ctap2.Status) {
		p.t.Helper()
		_, err := p.create(token, "ada")
		p.expect(what, err, want)
	}
	runRows(t, []row{
		{ids: "TOK-037", says: "not used for thirty seconds", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			p.clock.Move(30*time.Second + 1)
			creates(p, "create", token, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-038", says: "ten minutes old", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{pinuv.GA, rpID}))
			silent := func(r *ctap2.GetAssertionRequest) { r.Options = &ctap2.Options{UserPresence: new(false)} }
			_, err := p.assert(token, silent)
			p.expect("the first use", err, ctap2.NoCredentials)
			p.clock.Move(10 * time.Minute)
			_, err = p.assert(token, silent)
			p.expect("after ten minutes", err, ctap2.NoCredentials)
			p.clock.Move(1)
			_, err = p.assert(token, silent)
			p.expect("after more", err, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-039", says: "a newer token ends the older one", pin: pin, run: func(p *platform) {
			old := p.must(p.tokenByPIN(pin, toCreate))
			fresh := p.must(p.tokenByPIN(pin, toCreate))
			creates(p, "the older", old, ctap2.PINAuthInvalid)
			creates(p, "the newer", fresh, ctap2.OK)
		}},
		{ids: "TOK-039", says: "also one of the other protocol", pin: pin, run: func(p *platform) {
			old := p.must(p.tokenByPIN(pin, toCreate))
			p.must(p.platform(3 - p.protocol).legacyToken(pin))
			creates(p, "the older", old, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-040", says: "a power cycle ends it", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			p.PowerCycle()
			creates(p, "create", token, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-041", says: "but not the persistent one", model: everything, pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))
			p.PowerCycle()
			if !bytes.Equal(token, p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR}))) {
				p.t.Error("it changed")
			}
			creates(p, "which creates nothing", token, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-043 TOK-044 TOK-045", says: "a MAC by the other protocol's rules", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			r := registration("ada")
			r.PINUVAuthProtocol = uint(p.protocol)
			r.PINUVAuthParam = (3 - p.protocol).Authenticate(token, r.ClientDataHash)
			_, err := ctap2.MakeCredential(t.Context(), p, r)
			p.expect("create", err, ctap2.PINAuthInvalid)
			creates(p, "and by the right ones", token, ctap2.OK)
		}},
		{ids: "TOK-043", says: "a token of the other protocol", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			creates(p.platform(3-p.protocol), "create", token, ctap2.PINAuthInvalid)
		}},
		{ids: "TOK-046", says: "a token is never encrypted to the same bytes twice", model: everything, pin: pin, run: func(p *platform) {
			key, secret := p.agree()
			var encrypted [2][]byte
			for i := range encrypted {
				r := wanted{permissions: pinuv.PCMR}.request()
				r.KeyAgreement, r.PINHashEnc = key, p.encrypt(secret, pinHash(pin))
				response, err := p.call(ctap2.GetTokenUsingPIN, r)
				if err != nil {
					p.t.Fatal(err)
				}
				encrypted[i] = response.PINUVAuthToken
			}
			if same := bytes.Equal(encrypted[0], encrypted[1]); same != (p.protocol == pinuv.One) { // protocol one has no IV
				p.t.Errorf("equal: %v", same)
			}
		}},
		{ids: "MC-090", says: "one gesture, one ceremony", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, toCreate))
			creates(p, "the first", token, ctap2.OK)
			creates(p, "the second", token, ctap2.PINAuthInvalid)
		}},
		{ids: "MC-087 GA-050", says: "a token for the other ceremony", pin: pin, run: func(p *platform) {
			creates(p, "create with ga", p.must(p.tokenByPIN(pin, toSignIn)), ctap2.PINAuthInvalid)
			_, err := p.assert(p.must(p.tokenByPIN(pin, toCreate)))
			p.expect("sign in with mc", err, ctap2.PINAuthInvalid)
		}},
		{ids: "MC-088 GA-051", says: "a token of another RP", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{pinuv.MC | pinuv.GA, "other.example"}))
			creates(p, "create", token, ctap2.PINAuthInvalid)
			_, err := p.assert(token)
			p.expect("sign in", err, ctap2.PINAuthInvalid)
		}},
		{ids: "MC-089", says: "a legacy token is bound to the RP that it is first used for", pin: pin, run: func(p *platform) {
			token := p.must(p.legacyToken(pin))
			_, err := p.assert(token, func(r *ctap2.GetAssertionRequest) { r.Options = &ctap2.Options{UserPresence: new(false)} })
			p.expect("the first use", err, ctap2.NoCredentials)
			_, err = p.create(token, "ada", func(r *ctap2.MakeCredentialRequest) { r.RP.ID = "other.example" })
			p.expect("another RP", err, ctap2.PINAuthInvalid)
			creates(p, "the same RP", token, ctap2.OK)
		}},
		{ids: "GA-052", says: "a silent assertion leaves the token", pin: pin, run: func(p *platform) {
			creates(p, "create", p.must(p.tokenByPIN(pin, toCreate)), ctap2.OK)
			token := p.must(p.tokenByPIN(pin, toSignIn))
			response, err := p.assert(token, func(r *ctap2.GetAssertionRequest) { r.Options = &ctap2.Options{UserPresence: new(false)} })
			p.expect("silent", err, ctap2.OK)
			if v := p.view(response.AuthData); v.up || !v.uv {
				p.t.Errorf("silent: UP %v, UV %v", v.up, v.uv)
			}
			_, err = p.assert(token)
			p.expect("with presence", err, ctap2.OK)
			_, err = p.assert(token)
			p.expect("once more", err, ctap2.PINAuthInvalid)
		}},
	})
}

// The user may switch the authenticator off while it asks her.
func TestPowerIsCutWhileATokenIsAuthorized(t *testing.T) {
	p := withPIN(t, virtualauth.Model{}, pin)
	p.person.meanwhile = p.PowerCycle
	token := p.must(p.tokenByUV(toCreate))
	p.person.meanwhile = nil
	_, err := p.create(token, "ada")
	p.expect("create", err, ctap2.OK)
}
