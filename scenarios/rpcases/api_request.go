package rpcases

import (
	"context"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// apiRequest is about what options to sign in contain (FIDO's server API, WebAuthn L3 §5.5).
func apiRequest() []Case {
	return []Case{
		{
			ID: "api/request/whole", Aliases: []string{"S-API-005"}, Level: must, Clause: l3("5.5", "request-options"),
			Says: "options to sign in have every member that a client needs, and list the person's credential and no other",
			Run:  wholeRequest,
		},
		{
			ID: "api/request/verification-by-default", Aliases: []string{"S-API-031"}, Level: must, Clause: l3("5.8.6", "user-verification"),
			Says: "whoever does not speak of user verification gets options that prefer it",
			Run: verificationIs(Ask{Edit: func(members map[string]any) { delete(members, "userVerification") }}, func(b *Bench, uv *string) error {
				return firstFalse(claim{"userVerification", "preferred, or more", uv == nil || is(uv, "preferred") || is(uv, "required"), uv})
			}),
		},
		{
			ID: "api/request/verification-unknown", Aliases: []string{"S-API-032"}, Level: policy, Clause: l3("5.8.6", "user-verification"),
			Says: "a requirement of user verification that nobody knows is refused, or does not become less than preferred",
			Run: verificationIs(Ask{UserVerification: "bogus"}, func(b *Bench, uv *string) error {
				if is(uv, "bogus") {
					b.Advise("the options repeat a user verification requirement that does not exist")
				}
				return firstFalse(claim{"userVerification", "not discouraged", !is(uv, "discouraged"), uv})
			}),
		},
		{
			ID: "api/request/rp-id-of-the-registration", Aliases: []string{"S-API-034"}, Level: must, Clause: l3("5.5", "rp-id"),
			Says: "the RP ID at sign-in is that of the registration",
			Run:  sameRPID,
		},
		{
			ID: "api/request/all-credentials-listed", Aliases: []string{"S-API-033"}, Level: should, Clause: l3("5.8.3", "descriptor-transports"),
			Says: "three credentials of one person are listed once each, with the transports that their registrations told",
			Run:  allListed,
		},
		{
			ID: "api/request/unknown-user", Aliases: []string{"S-API-027"}, Level: policy, Clause: l3("14.6.2", "username-enumeration"),
			Says: "whoever names an account that does not exist is told so, or gets options that look like any other, as the relying party says",
			Run:  unknownUser,
		},
		{
			ID: "api/request/unknown-user-looks-the-same", Aliases: []string{"S-API-028"}, CVEs: []string{"CVE-2024-39912"}, Level: policy,
			Clause: l3("14.6.2", "username-enumeration"), Needs: []conformance.Capability{Configured(FakesAccounts)},
			Says: "options for an account that does not exist list the same made-up credentials each time, which look like real ones",
			Run:  in(FakesAccounts, looksTheSame),
		},
		{
			ID: "api/request/no-credential-yet", Aliases: []string{"S-API-029"}, Level: policy, Clause: api("user-without-credentials"),
			Says: "whoever asked for options to register and never finished is refused at sign-in, or has no credential listed",
			Run:  noCredentialYet,
		},
		{
			ID: "api/request/no-user-name", Aliases: []string{"S-API-030"}, Level: policy, Clause: l3("5.5", "allow-credentials"),
			Says: "options to sign in without a user name are refused, or list no credential",
			Run:  noUserName,
		},
	}
}

func wholeRequest(ctx context.Context, b *Bench) error {
	p, err := b.registered(ctx)
	if err != nil {
		return err
	}
	v, err := p.request(ctx, Ask{UserVerification: "required", Extensions: map[string]any{"example.extension": true}})
	if err != nil {
		return err
	}
	page, _ := parseSite(b.RP.Origin()) // without a host, every RP ID is wrong
	id := p.Device.Credentials()[0].ID
	listed := len(v.AllowCredentials) == 1 && v.AllowCredentials[0].Type == "public-key" && string(v.AllowCredentials[0].Bytes()) == string(id)
	if err := firstFalse(
		claim{"challenge", "at least 16 bytes in base64url", len(decoded(v.Challenge)) >= 16, v.Challenge},
		claim{"rpId", "the page's host, or a domain above it", v.RPID == nil || page.within(*v.RPID), v.RPID},
		claim{"timeout", "more than 0, where there is one", v.Timeout == nil || *v.Timeout > 0, v.Timeout},
		claim{"allowCredentials", "the person's credential and no other", listed, v.AllowCredentials},
		claim{"userVerification", "required, as it was asked for", is(v.UserVerification, "required"), v.UserVerification},
	); err != nil {
		return err
	}
	return b.echoed(claim{"extensions", "the extension that was asked for", string(v.Extensions["example.extension"]) == "true", v.Extensions})
}

// verificationIs asks for options to sign in, which may be refused, and looks at their user verification.
func verificationIs(ask Ask, judge func(b *Bench, uv *string) error) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := b.registered(ctx)
		if err != nil {
			return err
		}
		offered := p.RequestOptions(ctx, ask)
		if err := b.MustDecide("options to sign in", offered); err != nil {
			return err
		}
		if offered.Outcome != subject.Accepted && ask.UserVerification != "" {
			return nil
		}
		var v requestView
		if err := p.read(offered, "options to sign in", &v); err != nil {
			return err
		}
		return judge(b, v.UserVerification)
	}
}

func sameRPID(ctx context.Context, b *Bench) error {
	p, err := b.registered(ctx)
	if err != nil {
		return err
	}
	creation, err := p.creation(ctx, Ask{})
	if err != nil {
		return err
	}
	request, err := p.request(ctx, Ask{})
	if err != nil {
		return err
	}
	page, _ := parseSite(b.RP.Origin())
	one, other := page.host, page.host // what a client takes when there is none
	if creation.RP.ID != nil {
		one = *creation.RP.ID
	}
	if request.RPID != nil {
		other = *request.RPID
	}
	return firstFalse(claim{"rpId", one, one == other, other})
}

func allListed(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	told := map[string][]string{}
	for _, transports := range [][]string{{"usb"}, {"nfc", "usb"}, {"ble"}} {
		p.NewDevice(func(m *virtualauth.Model) { m.Transports = transports })
		answer, err := p.Registers(ctx, Ask{}, Lie{})
		if err == nil {
			err = b.MustAccept("honest registration", answer)
		}
		if err != nil {
			return conformance.Control("honest control", err)
		}
		told[string(p.Device.Credentials()[0].ID)] = transports
	}
	v, err := p.request(ctx, Ask{})
	if err != nil {
		return err
	}
	left := len(told)
	for _, d := range v.AllowCredentials {
		transports, there := told[string(d.Bytes())]
		if !there || d.Type != "public-key" {
			return firstFalse(claim{"allowCredentials", "each of three credentials once", false, v.AllowCredentials})
		}
		delete(told, string(d.Bytes()))
		left--
		slices.Sort(d.Transports)
		if err := firstFalse(claim{"transports", shown(transports), slices.Equal(d.Transports, transports), d.Transports}); err != nil {
			return err
		}
	}
	return firstFalse(claim{"allowCredentials", "each of three credentials once", left == 0, v.AllowCredentials})
}

func unknownUser(ctx context.Context, b *Bench) error {
	if _, err := b.registered(ctx); err != nil {
		return err
	}
	const what = "options for an account that does not exist"
	offered := b.Person(nil).RequestOptions(ctx, Ask{})
	switch b.Policy.Enumeration {
	case "deny":
		return b.MustRefuse(what, offered)
	case "fake":
		return b.MustAccept(what, offered)
	}
	return b.MustDecide(what, offered)
}

// looksTheSame compares options for a person with those for names that nobody has.
func looksTheSame(ctx context.Context, b *Bench) error {
	real, err := b.registered(ctx)
	if err != nil {
		return err
	}
	known, err := real.request(ctx, Ask{})
	if err != nil {
		return conformance.Control("options of a person", err)
	}
	nobody := b.Person(nil)
	first, err := nobody.request(ctx, Ask{})
	if err != nil {
		return err
	}
	second, err := nobody.request(ctx, Ask{})
	if err != nil {
		return err
	}
	other, err := b.Person(nil).request(ctx, Ask{})
	if err != nil {
		return err
	}
	if err := firstFalse(
		claim{"made-up credentials, asked for twice", shown(first.AllowCredentials), shown(first.AllowCredentials) == shown(second.AllowCredentials), second.AllowCredentials},
		claim{"made-up credentials", "at least one", len(first.AllowCredentials) > 0, first.AllowCredentials},
		claim{"made-up credentials of another name", "others", shown(first.AllowCredentials) != shown(other.AllowCredentials), other.AllowCredentials},
		claim{"options for nobody", "the members of options for somebody", first.shape() == known.shape(), first.shape() + " in place of " + known.shape()},
	); err != nil {
		return err
	}
	for _, d := range first.AllowCredentials {
		if err := firstFalse(claim{"a made-up credential", "a type and an id of 16 bytes or more, as real ones have", d.Type == "public-key" && len(d.Bytes()) >= 16, d}); err != nil {
			return err
		}
	}
	return nil
}

// shape is which members request options have.
func (v requestView) shape() string {
	return fmt.Sprintf("rpId %t, timeout %t, userVerification %t, extensions %t", v.RPID != nil, v.Timeout != nil, v.UserVerification != nil, v.Extensions != nil)
}

func noCredentialYet(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	if err := b.MustAccept("options to register", p.CreationOptions(ctx, Ask{})); err != nil {
		return conformance.Control("options to register", err)
	}
	offered := p.RequestOptions(ctx, Ask{})
	if err := b.MustDecide("options to sign in without a credential", offered); err != nil || offered.Outcome != subject.Accepted || b.Policy.Enumeration == "fake" {
		return err
	}
	return firstFalse(claim{"allowCredentials", "none", len(descriptors(offered, "allowCredentials")) == 0, descriptors(offered, "allowCredentials")})
}

func noUserName(ctx context.Context, b *Bench) error {
	p, err := b.registered(ctx)
	if err != nil {
		return err
	}
	offered := p.RequestOptions(ctx, Ask{NoUserName: true})
	if err := b.MustDecide("options to sign in without a user name", offered); err != nil || offered.Outcome != subject.Accepted {
		return err
	}
	return firstFalse(claim{"allowCredentials", "none", len(descriptors(offered, "allowCredentials")) == 0, descriptors(offered, "allowCredentials")})
}
