package rpcases

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// accountLists are about what an account has: one user handle, and all its credentials.
func accountLists() []Case {
	return []Case{
		{
			ID: "api/options/user-handle-stays", Aliases: []string{"S-UNQ-022"}, Level: must, Clause: l3("5.4.3", "user-handle-stays"),
			Says: "an account has the same user handle at its second registration, and the first credential still signs in",
			Run:  userHandleStays,
		},
		{
			ID: "api/options/twenty-credentials", Aliases: []string{"S-UNQ-023"}, Level: robust, Clause: l3("5.4", "exclude-credentials"),
			Says: "an account with twenty credentials lists them all in the exclude list, and each of two signs in",
			Run:  twentyCredentials,
		},
		{
			ID: "api/options/user-handle-of-the-client", Aliases: []string{"S-UNQ-024"}, Level: robust, Clause: l3("5.4.3", "user-handle-made-by-server"),
			Says: "a user handle that a client brings with its request for options is ignored",
			Run:  userHandleOfTheClient,
		},
		{
			ID: "reg/unique/same-model-twice", Aliases: []string{"S-UNQ-028"}, Level: should, Clause: l3("5.4", "exclude-credentials"),
			Says: "a second authenticator of the same model, whose credential has another id, is accepted",
			Run:  sameModelTwice,
		},
		{
			ID: "auth/unique/removed-credential", Aliases: []string{"S-UNQ-020"}, Level: must, Clause: auth("6", "credential-of-account"),
			Needs: []conformance.Capability{Removes},
			Says:  "a credential that was removed signs nobody in",
			Run:   removedCredential,
		},
		{
			ID: "reg/unique/removed-id-again", Aliases: []string{"S-UNQ-021"}, Level: policy, Clause: reg("26", "credential-id-unique"),
			Needs: []conformance.Capability{Removes},
			Says:  "the id of a credential that was removed is registered again, or refused, and only the new key can sign in",
			Run:   removedIDAgain,
		},
	}
}

// userOf is the user of creation options.
func userOf(offered subject.Answer) (user struct{ ID string }) {
	_ = json.Unmarshal(offered.Members["user"], &user) // what is no user has no id
	return user
}

func userHandleStays(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	first := p.CreationOptions(ctx, Ask{ResidentKey: "required"})
	err := b.MustAccept("options", first)
	if err == nil {
		err = p.mustRegister(ctx, Ask{ResidentKey: "required"}, Lie{}, "honest registration")
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	again := p.CreationOptions(ctx, Ask{ResidentKey: "required"})
	if err := b.MustAccept("options of a second registration", again); err != nil {
		return err
	}
	if was, is := userOf(first).ID, userOf(again).ID; was == "" || was != is {
		return &conformance.Mismatch{What: "user.id of a second registration", Want: fmt.Sprintf("%q, as before", was), Got: fmt.Sprintf("%q", is)}
	}
	if err := p.withNewDevice(nil).mustRegister(ctx, Ask{ResidentKey: "required"}, Lie{}, "a second registration"); err != nil {
		return err
	}
	return p.mustSignIn(ctx, Ask{}, "signing in with the first credential, and its user handle")
}

func twentyCredentials(ctx context.Context, b *Bench) error {
	const many = 20
	p, err := b.signsUp(ctx, Ask{}, nil)
	if err != nil {
		return err
	}
	want := map[string]bool{string(p.credential().ID): true}
	last := p
	for i := 1; i < many; i++ {
		last = last.withNewDevice(nil)
		if err := last.mustRegister(ctx, Ask{}, Lie{}, fmt.Sprintf("registration %d of the same account", i+1)); err != nil {
			return err
		}
		want[string(last.credential().ID)] = true
	}
	offered := p.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("options of the next", offered); err != nil {
		return err
	}
	for _, d := range descriptors(offered, "excludeCredentials") {
		delete(want, string(d.Bytes()))
	}
	if len(want) > 0 {
		return &conformance.Mismatch{What: "excludeCredentials", Want: "all twenty credentials", Got: fmt.Sprintf("%d of them are missing", len(want))}
	}
	if err := p.mustSignIn(ctx, Ask{}, "signing in with the first"); err != nil {
		return err
	}
	return last.mustSignIn(ctx, Ask{}, "signing in with the last")
}

func userHandleOfTheClient(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	const brought = "Y2hvc2VuIGJ5IHRoZSBjbGllbnQ" // base64url
	p := b.Person(nil)
	ask := Ask{Edit: func(members map[string]any) {
		members["userId"], members["id"], members["user"] = brought, brought, map[string]any{"id": brought}
	}}
	offered := p.CreationOptions(ctx, ask)
	if err := b.MustAccept("options for somebody who brings a user handle", offered); err != nil {
		return err
	}
	if userOf(offered).ID == brought {
		return &conformance.Mismatch{What: "user.id", Want: "one that the server made", Got: "the one that the client brought"}
	}
	return p.mustRegister(ctx, ask, Lie{}, "registration of somebody who brings a user handle")
}

// sharedModel is one of many of the same kind.
func sharedModel(m *virtualauth.Model) {
	m.AAGUID = uuid.MustParse("5c1f0b3e-9a6d-4f27-8b40-1d2e3f405162")
}

func sameModelTwice(ctx context.Context, b *Bench) error {
	p, err := b.signsUp(ctx, Ask{}, sharedModel)
	if err != nil {
		return err
	}
	second := p.withNewDevice(sharedModel)
	if err := second.mustRegister(ctx, Ask{}, Lie{}, "registration of a second authenticator of the model"); err != nil {
		return err
	}
	if err := p.mustSignIn(ctx, Ask{}, "signing in with the first"); err != nil {
		return err
	}
	return second.mustSignIn(ctx, Ask{}, "signing in with the second")
}

// remove asks the server to remove the newest credential on the person's device.
func (p *Person) remove(ctx context.Context) error {
	return conformance.Control("removal of the credential", p.bench.MustAccept("removal of the credential", p.removal(ctx)))
}

// removal is the request that removes the newest credential on the person's device.
func (p *Person) removal(ctx context.Context) subject.Answer {
	m := &Message{Members: map[string]any{"username": p.Name}}
	m.SetBytes("id", p.credential().ID)
	return p.Browser.Do(ctx, subject.Request{Endpoint: subject.Removal, Body: m.Encode(), Purpose: "removal of a credential"})
}

// removed is somebody with two credentials, of which the second was removed; it is on the device of the second person.
func removed(ctx context.Context, b *Bench) (kept, gone *Person, err error) {
	if kept, err = b.signsUp(ctx, Ask{}, nil); err != nil {
		return nil, nil, err
	}
	gone = kept.withNewDevice(nil)
	if err = gone.mustRegister(ctx, Ask{}, Lie{}, "registration of a second credential"); err == nil {
		err = gone.mustSignIn(ctx, Ask{}, "signing in with it")
	}
	if err == nil {
		err = gone.remove(ctx)
	}
	return kept, gone, conformance.Control("honest control", err)
}

func removedCredential(ctx context.Context, b *Bench) error {
	kept, gone, err := removed(ctx, b)
	if err != nil {
		return err
	}
	if err := gone.mustNotSignIn(ctx, Ask{}, Lie{Is: "a credential that was removed"}); err != nil {
		return err
	}
	return kept.mustSignIn(ctx, Ask{}, "signing in with the other credential")
}

func removedIDAgain(ctx context.Context, b *Bench) error {
	kept, gone, err := removed(ctx, b)
	if err != nil {
		return err
	}
	again := kept.withNewDevice(nil)
	answer, err := again.Registers(ctx, Ask{}, Lie{Is: "the id of a removed credential", Device: virtualauth.Misbehaviour{CredentialID: gone.credential().ID}})
	if err != nil {
		return conformance.Control("registration of the id again", err)
	}
	if err := b.MustDecide("registration of the id again", answer); err != nil {
		return err
	}
	if err := gone.mustNotSignIn(ctx, Ask{}, Lie{Is: "the key that was removed"}); err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return nil
	}
	return again.mustSignIn(ctx, Ask{}, "signing in with the new key")
}
