package rpcases

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// apiCreation is about what options to register contain (FIDO's server API, WebAuthn L3 §5.4).
func apiCreation() []Case {
	return []Case{
		{
			ID: "api/creation/whole", Aliases: []string{"S-API-001"}, Level: must, Clause: l3("5.4", "creation-options"),
			Says: "options to register have every member that a client needs, and what was asked for",
			Run:  wholeCreation,
		},
		{
			ID: "api/creation/attestation-none", Aliases: []string{"S-API-002"}, Level: must, Clause: l3("5.4.7", "attestation-conveyance"),
			Says: "whoever asks for no attestation gets options that ask for none",
			Run:  attestationIs(Ask{Attestation: "none"}, "none"),
		},
		{
			ID: "api/creation/attestation-by-default", Aliases: []string{"S-API-007"}, Level: must, Clause: l3("5.4.7", "attestation-conveyance"),
			Says: "whoever does not speak of attestation gets options that ask for none",
			Run:  attestationIs(Ask{Edit: func(members map[string]any) { delete(members, "attestation") }}, "none"),
		},
		{
			ID: "api/creation/attestation-asked-for", Aliases: []string{"S-API-008"}, Level: should, Clause: l3("5.4.7", "attestation-conveyance"),
			Says: "options ask for the attestation that was asked for, or for less",
			Run:  attestationEchoed,
		},
		{
			ID: "api/creation/attestation-unknown", Aliases: []string{"S-API-009"}, Level: policy, Clause: l3("5.4.7", "attestation-conveyance"),
			Says: "an attestation conveyance that nobody knows is refused, or counts as one that exists",
			Run:  attestationUnknown,
		},
		{
			ID: "api/creation/verification-asked-for", Aliases: []string{"S-API-004"}, Level: must, Clause: api("userVerification"),
			Says: "options require user verification when they are asked to",
			Run: creationHolds(Ask{UserVerification: "required"}, func(v creationView) []claim {
				uv := v.AuthenticatorSelection.UserVerification
				return []claim{{"authenticatorSelection.userVerification", "required", is(uv, "required"), uv}}
			}),
		},
		{
			ID: "api/creation/unknown-members", Aliases: []string{"S-API-017"}, Level: should, Clause: api("unknown-members"),
			Says: "members of a request for options that nobody knows are ignored",
			Run: creationHolds(Ask{Edit: func(members map[string]any) {
				members["fromTheFuture"] = map[string]any{"a": []int{1}}
				members["authenticatorSelection"].(map[string]any)["fromTheFuture"] = true
			}}, func(creationView) []claim { return nil }),
		},
		{
			ID: "api/creation/discoverable-asked-for", Aliases: []string{"S-API-040"}, Level: should, Clause: l3("5.4.4", "require-resident-key"),
			Says: "requireResidentKey is true exactly when residentKey is required",
			Run:  discoverable,
		},
		{
			ID: "api/creation/hints-and-formats", Aliases: []string{"S-API-042"}, Level: should, Clause: l3("5.8.8", "hints"),
			Says: "hints and attestationFormats, where they are there, are lists of strings",
			Run:  creationHolds(Ask{}, func(creationView) []claim { return nil }), // the kinds of all members are checked when they are read
		},
		{
			ID: "api/creation/algorithms-that-everybody-has", Aliases: []string{"S-API-023"}, Level: should, Clause: l3("5.4", "pub-key-cred-params"),
			Says: "options offer EdDSA, ES256 and RS256, so that every authenticator has one of them",
			Run:  creationHolds(Ask{}, offering(cose.EdDSA, cose.ES256, cose.RS256)),
		},
		{
			ID: "api/creation/algorithms-that-fido-requires", Aliases: []string{"S-API-024"}, Level: should, Clause: api("algorithms"),
			Says: "options offer the algorithms that FIDO requires of a server, but for RS1, which is too weak by now",
			Run:  requiredAlgorithms,
		},
		{
			ID: "api/creation/fully-specified-algorithms", Aliases: []string{"S-API-043"}, Level: should, Clause: l3("5.4", "fully-specified-algorithms"),
			Says: "options offer no algorithm with its curve in its name without the older one that every authenticator knows",
			Run:  creationHolds(Ask{}, withOlderOnes),
		},
		{
			ID: "api/creation/other-credentials-not-listed", Aliases: []string{"S-API-026"}, Level: must, Clause: l3("14.6.3", "credential-id-privacy"),
			Says: "options do not list credentials of somebody else",
			Run:  othersNotListed,
		},
	}
}

// creationHolds asks for options, and wants claims about them to hold.
func creationHolds(ask Ask, claims func(creationView) []claim) Run {
	return func(ctx context.Context, b *Bench) error {
		view, err := b.Person(nil).creation(ctx, ask)
		if err != nil {
			return err
		}
		return firstFalse(claims(view)...)
	}
}

func wholeCreation(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	v, err := p.creation(ctx, Ask{Attestation: "direct", Extensions: map[string]any{"example.extension": true}})
	if err != nil {
		return err
	}
	var handle []byte
	if v.User.ID != nil {
		handle = decoded(*v.User.ID)
	}
	usable := slices.ContainsFunc(v.PubKeyCredParams, func(o parameter) bool { return o.Type == "public-key" && o.Alg != nil })
	echo := v.Extensions["example.extension"]
	page, _ := parseSite(b.RP.Origin()) // without a host, every RP ID is wrong
	if err := firstFalse(
		claim{"rp.name", "a text", filled(v.RP.Name), v.RP.Name},
		claim{"rp.id", "the page's host, or a domain above it", v.RP.ID == nil || page.within(*v.RP.ID), v.RP.ID},
		claim{"user.name", "a text", filled(v.User.Name), v.User.Name},
		claim{"user.displayName", "a text", filled(v.User.DisplayName), v.User.DisplayName},
		claim{"user.id", "1 to 64 bytes in base64url", len(handle) >= 1 && len(handle) <= 64, v.User.ID},
		claim{"challenge", "at least 16 bytes in base64url", len(decoded(v.Challenge)) >= 16, v.Challenge},
		claim{"pubKeyCredParams", "a type public-key and an algorithm", usable, v.PubKeyCredParams},
		claim{"timeout", "more than 0, where there is one", v.Timeout == nil || *v.Timeout > 0, v.Timeout},
	); err != nil {
		return err
	}
	if err := b.echoed(claim{"extensions", "the extension that was asked for", string(echo) == "true", v.Extensions}); err != nil {
		return err
	}
	return b.echoed(claim{"attestation", "direct", is(v.Attestation, "direct"), v.Attestation})
}

// within reports whether a domain is the site's host or one above it.
func (s site) within(domain string) bool {
	return domain != "" && (s.host == domain || strings.HasSuffix(s.host, "."+domain))
}

// conveyances are all, from the one that asks for least.
var conveyances = []string{"none", "indirect", "direct", "enterprise"}

// An application may want attestation whatever it is asked: that is its own to decide.
func attestationIs(ask Ask, want string) Run {
	holds := creationHolds(ask, func(v creationView) []claim {
		return []claim{{"attestation", want, v.Attestation == nil && want == "none" || is(v.Attestation, want), v.Attestation}}
	})
	return func(ctx context.Context, b *Bench) error {
		err := holds(ctx, b)
		if b.suite.OwnShape && errors.As(err, new(*conformance.Mismatch)) {
			return conformance.Skip("the application asks for attestation by itself: %v", err)
		}
		return err
	}
}

func attestationEchoed(ctx context.Context, b *Bench) error {
	for i, asked := range conveyances[1:] {
		p := b.Person(nil)
		offered := p.CreationOptions(ctx, Ask{Attestation: asked})
		if asked == "enterprise" && offered.Outcome != subject.Accepted { // FIDO's API does not have it
			if err := b.MustDecide("options with attestation enterprise", offered); err != nil {
				return err
			}
			continue
		}
		var v creationView
		if err := p.read(offered, "options with attestation "+asked, &v); err != nil {
			return err
		}
		if v.Attestation != nil && !slices.Contains(conveyances[:i+2], *v.Attestation) {
			return firstFalse(claim{"attestation, asked for " + asked, asked + " or less", false, v.Attestation})
		}
		if !is(v.Attestation, asked) {
			b.Observe("asked for attestation %s, the options ask for %s", asked, shown(v.Attestation))
		}
	}
	return nil
}

func attestationUnknown(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	if err := conformance.Control("honest options", b.MustAccept("honest options", p.CreationOptions(ctx, Ask{}))); err != nil {
		return err
	}
	offered := p.CreationOptions(ctx, Ask{Attestation: "bogus"})
	if err := b.MustDecide("options with attestation bogus", offered); err != nil || offered.Outcome != subject.Accepted {
		return err
	}
	var v creationView
	if err := p.read(offered, "options with attestation bogus", &v); err != nil {
		return err
	}
	if !is(v.Attestation, "bogus") {
		if err := firstFalse(claim{"attestation", "one that exists", v.Attestation == nil || slices.Contains(conveyances, *v.Attestation), v.Attestation}); err != nil {
			return err
		}
	} else {
		b.Advise("the options repeat an attestation conveyance that does not exist")
	}
	message, err := p.Create(ctx, offered.Options(), Lie{})
	if err != nil {
		return conformance.Control("an honest registration", err)
	}
	answer, err := p.Posts(ctx, subject.CreationResult, message, Lie{})
	if err != nil {
		return err
	}
	return b.MustAccept("an honest registration without attestation, which is what a client makes of bogus", answer)
}

func discoverable(ctx context.Context, b *Bench) error {
	for _, asked := range []string{"required", "preferred", "discouraged"} {
		v, err := b.Person(nil).creation(ctx, Ask{ResidentKey: asked})
		if err != nil {
			return err
		}
		s := v.AuthenticatorSelection
		old := s.RequireResidentKey != nil && *s.RequireResidentKey
		if err := firstFalse(
			claim{"requireResidentKey, asked for residentKey " + asked, "true exactly when residentKey is required",
				old == is(s.ResidentKey, "required") || s.ResidentKey == nil && old == (asked == "required"), s},
			claim{"residentKey", "required, as it was asked for", asked != "required" || is(s.ResidentKey, "required") || s.ResidentKey == nil && old, s},
		); err != nil {
			return err
		}
	}
	return nil
}

func (v creationView) offers(one cose.Algorithm) bool {
	return slices.ContainsFunc(v.PubKeyCredParams, func(o parameter) bool { return is(o.Alg, one) })
}

// offering are claims that options offer algorithms, and nothing but public keys.
func offering(algorithms ...cose.Algorithm) func(creationView) []claim {
	return func(v creationView) []claim {
		var claims []claim
		for _, a := range algorithms {
			claims = append(claims, claim{"pubKeyCredParams", a.String(), v.offers(a), v.PubKeyCredParams})
		}
		for _, o := range v.PubKeyCredParams {
			claims = append(claims, claim{"pubKeyCredParams", "only the type public-key", o.Type == "public-key", o})
		}
		return claims
	}
}

func requiredAlgorithms(ctx context.Context, b *Bench) error {
	const rs1 cose.Algorithm = -65535
	v, err := b.Person(nil).creation(ctx, Ask{})
	if err != nil {
		return err
	}
	if b.Profile == conformance.FIDO && !v.offers(rs1) {
		b.Advise("the options do not offer RS1, which FIDO's requirements of 2018 name for older TPMs")
	}
	return firstFalse(offering(cose.ES256, cose.RS256)(v)...)
}

// withOlderOnes are claims that no fully specified algorithm (RFC 9864) stands alone.
func withOlderOnes(v creationView) []claim {
	var claims []claim
	for full, older := range map[cose.Algorithm]cose.Algorithm{-9: cose.ES256, -51: cose.ES384, -52: cose.ES512, -19: cose.EdDSA} {
		claims = append(claims, claim{fmt.Sprintf("pubKeyCredParams with %d", full), older.String() + " as well", !v.offers(full) || v.offers(older), v.PubKeyCredParams})
	}
	return claims
}

func othersNotListed(ctx context.Context, b *Bench) error {
	ada, err := b.registered(ctx)
	if err != nil {
		return err
	}
	ben, err := b.registered(ctx)
	if err != nil {
		return err
	}
	if err := ada.lists(ctx, "options of one of two people", "their own credential and no other", [][]byte{ada.Device.Credentials()[0].ID}); err != nil {
		return err
	}
	return ben.lists(ctx, "options of the other", "their own credential and no other", [][]byte{ben.Device.Credentials()[0].ID})
}

// digests are what a user handle may not be made of: whoever holds it then knows the name.
func digests(name string) map[string][]byte {
	one, two := sha1.Sum([]byte(name)), sha256.Sum256([]byte(name))
	return map[string][]byte{"the user name": []byte(name), "its SHA-1": one[:], "its SHA-256": two[:]}
}
