package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// accountBinding is about whose credential it is that signs in (WebAuthn L3 §7.2 steps 5 and 6).
func accountBinding() []Case {
	ofAccount, listed := auth("6", "credential-of-account"), auth("5", "allow-credentials")
	named, nobody := Ask{}, Ask{NoUserName: true}
	discovers, identifies := []conformance.Capability{Discovers}, []conformance.Capability{Identifies}
	return []Case{
		{
			ID: "auth/account/credential-of-another", Aliases: []string{"S-UNQ-008", "S-UNQ-010"}, Level: must, Clause: ofAccount, Needs: identifies,
			Says: "somebody's credential does not sign in another account, whose user name was given",
			Run:  strangers{Registered: Ask{}, Ask: named, Is: "the credential of another account"}.run,
		},
		{
			ID: "auth/account/handle-of-the-named-account", Aliases: []string{"S-UNQ-009"}, Level: must, Clause: ofAccount, Needs: identifies,
			Says: "somebody's credential does not sign in another account because its user handle was sent with it",
			Run: strangers{Registered: Ask{ResidentKey: "required"}, Ask: named, Is: "the credential of one account and the user handle of the other",
				Handle: func(victim, _ *Person) []byte { return victim.credential().UserHandle }}.run,
		},
		{
			ID: "auth/account/own-handle-under-another-name", Level: must, Clause: ofAccount, Needs: identifies,
			Says: "somebody's credential, with its own user handle, does not sign in another account, whose user name was given",
			Run:  strangers{Registered: Ask{ResidentKey: "required"}, Ask: named, Is: "credential and user handle of another account"}.run,
		},
		{
			ID: "auth/account/no-handle-and-no-name", Aliases: []string{"S-UNQ-011"}, Level: must, Clause: ofAccount, Needs: discovers,
			Says: "without a user name, an assertion that has no user handle is refused",
			Run: Authentication{
				Registered: Ask{ResidentKey: "required"}, Ask: nobody, Lie: Lie{Is: "no user handle", Client: client.Misbehaviour{OmitUserHandle: true}},
			}.Refused,
		},
		{
			ID: "auth/account/handle-of-another-and-no-name", Aliases: []string{"S-UNQ-012"}, Level: must, Clause: ofAccount, Needs: discovers,
			Says: "without a user name, an assertion with the user handle of another account is refused",
			Run: strangers{Registered: Ask{ResidentKey: "required"}, Ask: nobody, Is: "the user handle of another account",
				Handle: func(victim, _ *Person) []byte { return victim.credential().UserHandle }}.run,
		},
		{
			ID: "auth/account/handle-of-nobody", Aliases: []string{"S-UNQ-013"}, Level: must, Clause: ofAccount, Needs: discovers,
			Says: "without a user name, an assertion with a user handle that no account has is refused",
			Run: Authentication{
				Registered: Ask{ResidentKey: "required"}, Ask: nobody, Lie: Lie{Is: "a user handle of nobody", Client: client.Misbehaviour{UserHandle: make([]byte, 32)}},
			}.Refused,
		},
		{
			ID: "auth/account/name-for-a-handle", Aliases: []string{"S-UNQ-014"}, Level: must, Clause: ofAccount, Needs: discovers,
			Says: "without a user name, an assertion whose user handle is the user name is refused",
			Run: func(ctx context.Context, b *Bench) error {
				return wrongHandle(ctx, b, nobody, "the user name for a user handle", func(p *Person) []byte { return []byte(p.Name) })
			},
		},
		{
			ID: "auth/account/wrong-handle-with-the-name", Aliases: []string{"S-UNQ-015"}, Level: must, Clause: ofAccount,
			Says: "with the right user name, an assertion with a wrong user handle is refused",
			Run: func(ctx context.Context, b *Bench) error {
				return wrongHandle(ctx, b, named, "a user handle with one bit changed", func(p *Person) []byte {
					handle := append([]byte(nil), p.credential().UserHandle...)
					handle[0] ^= 1
					return handle
				})
			},
		},
		{
			ID: "auth/account/right-handle-with-the-name", Aliases: []string{"S-UNQ-016"}, Level: must, Clause: ofAccount,
			Says: "with the right user name, an assertion with the right user handle is accepted",
			Run:  rightHandle,
		},
		{
			ID: "auth/account/unknown-credential", Aliases: []string{"S-UNQ-017"}, Level: must, Clause: ofAccount,
			Says: "a credential id that nobody has is refused",
			Run: Authentication{Lie: Lie{
				Is: "a credential id of nobody", Client: client.Misbehaviour{CredentialID: []byte("a credential id that nobody has.")},
			}}.Refused,
		},
		{
			ID: "auth/account/credential-not-listed", Aliases: []string{"S-UNQ-018"}, Level: must, Clause: listed,
			Says: "a credential of the account that the options did not list is refused",
			Run:  credentialNotListed,
		},
		{
			ID: "auth/account/signature-of-the-other-credential", Aliases: []string{"S-UNQ-019"}, Level: must, Clause: auth("21", "signature"),
			Says: "the signature of one credential is refused under the id of another of the same account",
			Run:  signatureOfTheOther,
		},
	}
}

// strangers are two people of whom one tries to sign in to the other's account.
type strangers struct {
	// Registered is how both registered, Ask how the one asks for options, in the other's name.
	Registered, Ask Ask
	// Is says what the stranger does.
	Is string
	// Handle is the user handle that is sent; nil for the stranger's own.
	Handle func(victim, stranger *Person) []byte
}

func (s strangers) run(ctx context.Context, b *Bench) error {
	var people [2]*Person
	for i := range people {
		p, err := Authentication{Registered: s.Registered, Ask: s.Ask}.control(ctx, b)
		if err != nil {
			return err
		}
		people[i] = p
	}
	victim, stranger := people[0], people[1]
	lie := Lie{Is: s.Is}
	if s.Handle != nil {
		lie.Client.UserHandle = s.Handle(victim, stranger)
	}
	disguised := *stranger
	disguised.Name, disguised.Browser = victim.Name, b.RP.Visit()
	if err := disguised.mustNotSignIn(ctx, s.Ask, lie); err != nil {
		return err
	}
	if err := stranger.mustSignIn(ctx, s.Ask, "the stranger's own sign-in afterwards"); err != nil {
		return err
	}
	return victim.mustSignIn(ctx, s.Ask, "the other's sign-in afterwards")
}

// wrongHandle signs somebody in with a user handle that depends on who they are.
func wrongHandle(ctx context.Context, b *Bench, ask Ask, is string, handle func(*Person) []byte) error {
	a := Authentication{Registered: Ask{ResidentKey: "required"}, Ask: ask}
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	fresh := *p
	fresh.Browser = b.RP.Visit()
	answer, err := fresh.SignsIn(ctx, ask, Lie{Is: is, Client: client.Misbehaviour{UserHandle: handle(p)}})
	if err != nil {
		return conformance.Control("sign-in with "+is, err)
	}
	if err := b.MustRefuse("sign-in with "+is, answer); err != nil {
		return err
	}
	return a.honest(ctx, p, "an honest sign-in afterwards")
}

func rightHandle(ctx context.Context, b *Bench) error {
	p, err := b.signsUp(ctx, Ask{}, nil)
	if err != nil {
		return err
	}
	lie := Lie{Is: "the right user handle", Client: client.Misbehaviour{UserHandle: p.credential().UserHandle}}
	answer, err := p.SignsIn(ctx, Ask{}, lie)
	if err != nil {
		return conformance.Control("sign-in with the right user handle", err)
	}
	return b.MustAccept("sign-in with the right user handle", answer)
}

// earlierOptions are options that were given before the account got its second credential: they list the first alone. The second
// person has the second credential, in the browser of the first.
func earlierOptions(ctx context.Context, b *Bench) (offered subject.Answer, first, second *Person, err error) {
	if first, err = b.signsUp(ctx, Ask{}, nil); err != nil {
		return offered, nil, nil, err
	}
	offered = first.RequestOptions(ctx, Ask{})
	second = first.withNewDevice(nil)
	second.Browser = b.RP.Visit() // so that nothing happens to the session of the options
	err = b.MustAccept("options for one credential", offered)
	if err == nil {
		err = second.mustRegister(ctx, Ask{}, Lie{}, "registration of a second credential")
	}
	second.Browser = first.Browser
	if n := len(descriptors(offered, "allowCredentials")); err == nil && n != 1 {
		return offered, nil, nil, conformance.Skip("the options list %d credentials of an account that has one", n)
	}
	return offered, first, second, conformance.Control("honest control", err)
}

func credentialNotListed(ctx context.Context, b *Bench) error {
	offered, first, _, err := earlierOptions(ctx, b)
	if err != nil {
		return err
	}
	message, err := first.Get(ctx, offered.Options(), Lie{})
	var answer subject.Answer
	if err == nil {
		answer, err = first.Posts(ctx, subject.RequestResult, message, Lie{})
	}
	if err == nil {
		err = b.MustAccept("the credential that the options listed", answer)
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	offered, _, second, err := earlierOptions(ctx, b)
	if err != nil {
		return err
	}
	if err := second.mustNotAnswer(ctx, offered, Lie{Is: "a credential that the options did not list"}); err != nil {
		return err
	}
	return second.mustSignIn(ctx, Ask{}, "signing in with it when it is listed")
}

func signatureOfTheOther(ctx context.Context, b *Bench) error {
	first, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	second := first.withNewDevice(nil)
	if err := second.mustRegister(ctx, Ask{}, Lie{}, "registration of a second credential"); err != nil {
		return conformance.Control("honest control", err)
	}
	lie := Lie{Is: "the signature of one credential under the id of the other", Client: client.Misbehaviour{CredentialID: second.credential().ID}}
	if err := first.mustNotSignIn(ctx, Ask{}, lie); err != nil {
		return err
	}
	for i, p := range []*Person{first, second} {
		if err := p.mustSignIn(ctx, Ask{}, fmt.Sprintf("signing in with credential %d afterwards", i+1)); err != nil {
			return err
		}
	}
	return nil
}
