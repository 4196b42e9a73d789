package rpcases

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// sessionBound is about what a challenge belongs to: a browser, a ceremony, an account, what its options required (WebAuthn L3
// §13.4.3).
func sessionBound() []Case {
	return []Case{
		{
			ID: "auth/session/of-another-browser", Aliases: []string{"S-SES-009"}, Level: must, Clause: l3("13.4.3", "challenge-of-session"),
			Says: "an assertion is refused in another browser than the one that asked for its options",
			Run:  ofAnotherBrowser,
		},
		{
			ID: "auth/session/challenge-of-a-registration", Aliases: []string{"S-SES-010"}, Level: must, Clause: auth("11", "challenge"),
			Says: "an assertion over the challenge of a registration is refused",
			Run:  challengeOfRegistration,
		},
		{
			ID: "reg/session/challenge-of-a-sign-in", Aliases: []string{"S-SES-011"}, Level: must, Clause: reg("8", "challenge"),
			Says: "a registration over the challenge of a sign-in is refused",
			Run:  challengeOfSignIn,
		},
		{
			ID: "reg/session/options-of-another-person", Aliases: []string{"S-SES-012"}, Level: must, Clause: l3("13.4.3", "challenge-of-account"),
			Says: "a registration is refused in the browser of somebody else, who asked for options of their own",
			Run:  optionsOfAnother,
		},
		{
			ID: "auth/session/options-of-another-person", Aliases: []string{"S-SES-013"}, Level: must, Clause: auth("6", "user-identified"),
			Says: "the assertion of one person is refused as the answer to options of another", Needs: []conformance.Capability{Identifies},
			Run: assertionOfAnother,
		},
		{
			ID: "reg/session/another-person-in-between", Aliases: []string{"S-SES-020"}, Level: should, Clause: l3("13.4.3", "challenge-of-account"),
			Says: "a registration is never kept for somebody else who asked for options in the same browser in between",
			Run:  anotherInBetween,
		},
		{
			ID: "auth/session/verification-of-other-options", Aliases: []string{"S-SES-024"}, Level: should, Clause: auth("17", "user-verified"),
			Says: "options that require user verification are not weakened by others of the same browser that do not",
			Run:  verificationOfOthers,
		},
		{
			ID: "reg/session/attestation-of-other-options", Aliases: []string{"S-SES-025"}, Level: robust, Clause: reg("24", "attestation-acceptable"),
			Says: "a registration without attestation, as its options wanted it, is decided on after others wanted more",
			Run:  attestationOfOthers,
		},
	}
}

func ofAnotherBrowser(ctx context.Context, b *Bench) error {
	if err := (Authentication{Lie: Lie{Is: "a browser without cookies", OtherBrowser: true}}).Refused(ctx, b); err != nil {
		return err
	}
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	one, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	other := *p
	other.Browser = b.RP.Visit()
	if _, err := other.signs(ctx, Ask{}, Lie{}); err != nil {
		return err
	}
	answer, err := other.Posts(ctx, subject.RequestResult, one.message, Lie{Is: "the challenge of another browser"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("an assertion over the challenge of another browser", answer); err != nil {
		return err
	}
	return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
}

// challengeOfRegistration signs with a discoverable credential, whose user handle leaves nothing else to refuse.
func challengeOfRegistration(ctx context.Context, b *Bench) error {
	p, err := Authentication{Registered: Ask{ResidentKey: "required"}}.control(ctx, b)
	if err != nil {
		return err
	}
	request, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	creation := p.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("options to register", creation); err != nil {
		return conformance.Control("options to register", err)
	}
	message, err := p.Get(ctx, withChallenge(request.options, challengeOf(creation.Options())), Lie{})
	if err != nil {
		return conformance.Control("an assertion over the challenge of a registration", err)
	}
	answer, err := p.Posts(ctx, subject.RequestResult, message, Lie{Is: "the challenge of a registration"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("an assertion over the challenge of a registration", answer); err != nil {
		return err
	}
	return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
}

func challengeOfSignIn(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	first := p.Device.Credentials()[0].ID
	request := p.RequestOptions(ctx, Ask{})
	if err := b.MustAccept("options to sign in", request); err != nil {
		return conformance.Control("options to sign in", err)
	}
	old := p.Device
	p.NewDevice(nil)
	creation, err := p.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	p.NewDevice(nil)
	message, err := p.Create(ctx, withChallenge(creation.options, challengeOf(request.Options())), Lie{})
	if err != nil {
		return conformance.Control("a registration over the challenge of a sign-in", err)
	}
	answer, err := p.Posts(ctx, subject.CreationResult, message, Lie{Is: "the challenge of a sign-in"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a registration over the challenge of a sign-in", answer); err != nil {
		return err
	}
	if err := p.lists(ctx, "options afterwards", "the first credential and no other", [][]byte{first}); err != nil {
		return err
	}
	p.Device = old
	return p.bench.honestAgain(ctx, p)
}

// honestAgain signs somebody in.
func (b *Bench) honestAgain(ctx context.Context, p *Person) error {
	return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
}

func optionsOfAnother(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	ada, ben := b.Person(nil), b.Person(nil)
	hers, err := ada.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	if _, err := ben.makes(ctx, Ask{}, Lie{}); err != nil {
		return err
	}
	answer, err := ben.Posts(ctx, subject.CreationResult, hers.message, Lie{Is: "the challenge of another person"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a registration over the challenge of another person", answer); err != nil {
		return err
	}
	if err := ben.lists(ctx, "options of the one whose browser it was", "nothing", nil); err != nil {
		return err
	}
	return Registration{}.nothingLeft(ctx, ada, Lie{Is: "the challenge of another person"})
}

func assertionOfAnother(ctx context.Context, b *Bench) error {
	ada, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	ben, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	offered := ada.RequestOptions(ctx, Ask{})
	if err := b.MustAccept("options to sign in", offered); err != nil {
		return conformance.Control("options to sign in", err)
	}
	message, err := ben.Get(ctx, allowing(offered.Options(), ben.Device.Credentials()), Lie{})
	if err != nil {
		return conformance.Control("an assertion", err)
	}
	answer, err := ada.Posts(ctx, subject.RequestResult, message, Lie{Is: "the assertion of another person"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("the assertion of another person", answer); err != nil {
		return err
	}
	if err := b.honestAgain(ctx, ben); err != nil {
		return err
	}
	return b.honestAgain(ctx, ada)
}

// anotherInBetween is refused, or keeps the credential for the one whom the options named.
func anotherInBetween(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	ada, ben := b.Person(nil), b.Person(nil)
	ben.Browser = ada.Browser
	hers, err := ada.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	if err := b.MustAccept("options of another person", ben.CreationOptions(ctx, Ask{})); err != nil {
		return conformance.Control("options of another person", err)
	}
	answer, err := ada.Posts(ctx, subject.CreationResult, hers.message, Lie{Is: "options of another person in between"})
	if err != nil {
		return err
	}
	if err := b.MustDecide("a registration with options of another person in between", answer); err != nil {
		return err
	}
	if err := ben.lists(ctx, "options of the other person", "nothing", nil); err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return ada.lists(ctx, "options of the person who was refused", "nothing", nil)
	}
	return ada.signsInAfter(ctx, "registration with options of another person in between")
}

func verificationOfOthers(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	unverified := Lie{Is: "UV clear", Device: virtualauth.Misbehaviour{OmitUV: true}}
	weak, err := p.signs(ctx, Ask{UserVerification: "discouraged"}, unverified)
	if err != nil {
		return err
	}
	strong, err := p.signs(ctx, Ask{UserVerification: "required"}, unverified)
	if err != nil {
		return err
	}
	answer, err := p.Posts(ctx, subject.RequestResult, strong.message, unverified)
	if err != nil {
		return err
	}
	if err := b.MustRefuse("an unverified answer to options that require verification", answer); err != nil {
		return err
	}
	answer, err = p.Posts(ctx, subject.RequestResult, weak.message, unverified)
	if err != nil {
		return err
	}
	if err := b.MustDecide("an unverified answer to the options of before, which discourage verification", answer); err != nil {
		return err
	}
	return b.honestAgain(ctx, p)
}

func attestationOfOthers(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	first, err := p.makes(ctx, Ask{Attestation: "none"}, Lie{})
	if err != nil {
		return err
	}
	if err := b.MustAccept("options with attestation direct", p.CreationOptions(ctx, Ask{Attestation: "direct"})); err != nil {
		return conformance.Control("options with attestation direct", err)
	}
	lie := Lie{Is: "no attestation, after options that want one"}
	answer, err := p.Posts(ctx, subject.CreationResult, first.message, lie)
	if err != nil {
		return err
	}
	if err := b.MustDecide("a registration with "+lie.Is, answer); err != nil {
		return err
	}
	return Registration{}.settled(ctx, p, lie, answer)
}
