package rpcases

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"unicode"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// uniqueness is about credential ids, of which no two may be the same (WebAuthn L3 §7.1 steps 25 and 26), and about the list of
// what an account has.
func uniqueness() []Case {
	return slices.Concat(duplicateIDs(), similarIDs(), accountLists(), clientWords())
}

// duplicateIDs are about a credential id that is taken. That such a registration fails is recommended; that its owner keeps the
// credential, and nobody else gets into the account by it, is not up to anybody.
func duplicateIDs() []Case {
	known := reg("26", "credential-id-unique")
	return []Case{
		{
			ID: "reg/unique/own-id-again", Aliases: []string{"S-UNQ-001"}, Level: should, Clause: known,
			Says: "a credential id that the person registered before is refused, and the first credential stays",
			Run:  ownIDAgain,
		},
		{
			ID: "reg/unique/id-of-another", Aliases: []string{"S-UNQ-002"}, Level: should, Clause: known,
			Says: "a credential id that somebody else registered is refused",
			Run: func(ctx context.Context, b *Bench) error {
				_, _, answer, err := takeover(ctx, b)
				if err != nil {
					return err
				}
				return b.MustRefuse("registration of the id of somebody else's credential", answer)
			},
		},
		{
			ID: "reg/unique/owner-keeps-credential", Aliases: []string{"S-UNQ-003"}, Level: must, Clause: known,
			Says: "whoever owns a credential still signs in with it after somebody else tried to register its id",
			Run: func(ctx context.Context, b *Bench) error {
				owner, _, answer, err := takeover(ctx, b)
				if err == nil {
					err = b.MustDecide("registration of the id of somebody else's credential", answer)
				}
				if err != nil {
					return err
				}
				return owner.mustSignIn(ctx, Ask{}, "the owner signs in afterwards")
			},
		},
		{
			ID: "auth/unique/key-of-a-taken-id", Aliases: []string{"S-UNQ-004"}, Level: must, Clause: auth("6", "credential-of-account"),
			Says: "a key that somebody else tried to register under a credential's id does not sign in its owner",
			Run:  keyOfATakenID,
		},
	}
}

// signsUp returns somebody with an honest registration behind them.
func (b *Bench) signsUp(ctx context.Context, ask Ask, model Model) (*Person, error) {
	p := b.Person(model)
	return p, conformance.Control("honest control", p.mustRegister(ctx, ask, Lie{}, "honest registration"))
}

// mustRegister registers the person, and wants it to be accepted.
func (p *Person) mustRegister(ctx context.Context, ask Ask, lie Lie, what string) error {
	answer, err := p.Registers(ctx, ask, lie)
	if err != nil {
		return conformance.Control(what, err)
	}
	return p.bench.MustAccept(what, answer)
}

// mustSignIn signs the person in honestly, and wants it to be accepted.
func (p *Person) mustSignIn(ctx context.Context, ask Ask, what string) error {
	return Authentication{Ask: ask}.honest(ctx, p, what)
}

// withNewDevice is the same person, account and browser, with another authenticator.
func (p *Person) withNewDevice(model Model) *Person {
	other := *p
	other.NewDevice(model)
	return &other
}

// credential is the newest on the person's device.
func (p *Person) credential() virtualauth.Credential {
	all := p.Device.Credentials()
	if len(all) == 0 {
		return virtualauth.Credential{}
	}
	return all[len(all)-1]
}

func ownIDAgain(ctx context.Context, b *Bench) error {
	p, err := b.signsUp(ctx, Ask{}, nil)
	if err != nil {
		return err
	}
	again := p.withNewDevice(nil)
	answer, err := again.Registers(ctx, Ask{}, Lie{Is: "an id that is taken", Device: virtualauth.Misbehaviour{CredentialID: p.credential().ID}})
	if err != nil {
		return conformance.Control("registration of the same id", err)
	}
	if err := b.MustRefuse("registration of the same id", answer); err != nil {
		return err
	}
	return p.mustSignIn(ctx, Ask{}, "signing in with the first credential afterwards")
}

// takeover lets somebody register a key of their own under the id of another's credential.
func takeover(ctx context.Context, b *Bench) (owner, other *Person, answer subject.Answer, err error) {
	if owner, err = b.signsUp(ctx, Ask{}, nil); err != nil {
		return nil, nil, answer, err
	}
	other = b.Person(nil)
	answer, err = other.Registers(ctx, Ask{}, Lie{Is: "an id that is taken", Device: virtualauth.Misbehaviour{CredentialID: owner.credential().ID}})
	return owner, other, answer, conformance.Control("registration of the id of somebody else's credential", err)
}

func keyOfATakenID(ctx context.Context, b *Bench) error {
	owner, other, answer, err := takeover(ctx, b)
	if err == nil {
		err = b.MustDecide("registration of the id of somebody else's credential", answer)
	}
	if err != nil {
		return err
	}
	disguised := *other // their key, the owner's name
	disguised.Name, disguised.Browser = owner.Name, b.RP.Visit()
	signedIn, err := disguised.SignsIn(ctx, Ask{}, Lie{})
	if err != nil {
		return conformance.Control("signing in as the owner", err)
	}
	return b.MustRefuse("signing in as the owner with another key under the id", signedIn)
}

// similarIDs are about ids that only a careless data base takes for the same.
func similarIDs() []Case {
	bytewise := l3("4", "credential-id-bytes")
	return []Case{
		{
			ID: "reg/unique/letter-case", Aliases: []string{"S-UNQ-005"}, Level: should, Clause: bytewise,
			Says: "two credential ids that differ, in base64url, in nothing but upper and lower case are two credentials",
			Run: func(ctx context.Context, b *Bench) error {
				return registersAll(ctx, b, func(id []byte) [][]byte { return [][]byte{id, swapped(id)} })
			},
		},
		{
			ID: "auth/unique/letter-case", Aliases: []string{"S-UNQ-006"}, Level: should, Clause: bytewise,
			Says: "of two people whose credential ids differ in nothing but upper and lower case each signs in to their own account",
			Run:  caseOfTwoPeople,
		},
		{
			ID: "reg/unique/padding", Aliases: []string{"S-UNQ-007"}, Level: should, Clause: bytewise,
			Says: "credential ids that differ in nothing but a zero byte or a space at their end are different credentials",
			Run: func(ctx context.Context, b *Bench) error {
				return registersAll(ctx, b, func(id []byte) [][]byte {
					return [][]byte{id, append(slices.Clone(id), 0), append(slices.Clone(id), ' ')}
				})
			},
		},
	}
}

// bytes returns randomness of the trial.
func (b *Bench) bytes(n int) []byte {
	random := make([]byte, n)
	_, _ = io.ReadFull(b.Rand, random) // it never fails
	return random
}

// lettered returns 24 bytes that are nothing but letters in base64url, others for each trial.
func (b *Bench) lettered() []byte {
	random := b.bytes(32)
	for i := range random {
		random[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[int(random[i])%52]
	}
	id, _ := base64.RawURLEncoding.DecodeString(string(random)) // letters always are base64url
	return id
}

// swapped is the id whose base64url has small letters for capital ones, and the other way round.
func swapped(id []byte) []byte {
	letters := []rune(base64.RawURLEncoding.EncodeToString(id))
	for i, r := range letters {
		if letters[i] = unicode.ToUpper(r); unicode.IsUpper(r) {
			letters[i] = unicode.ToLower(r)
		}
	}
	other, _ := base64.RawURLEncoding.DecodeString(string(letters))
	return other
}

// registersAll lets one person register several ids, each with an authenticator of its own, and sign in with each of them.
func registersAll(ctx context.Context, b *Bench, similar func(id []byte) [][]byte) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	var devices []*Person
	for i, id := range similar(b.lettered()) {
		if i > 0 {
			p = p.withNewDevice(nil)
		}
		devices = append(devices, p)
		what := fmt.Sprintf("registration of the id %s", base64.RawURLEncoding.EncodeToString(id))
		if err := p.mustRegister(ctx, Ask{}, Lie{Is: "a chosen id", Device: virtualauth.Misbehaviour{CredentialID: id}}, what); err != nil {
			if i == 0 {
				return conformance.Control(what, err)
			}
			return err
		}
	}
	for i, one := range devices {
		if err := one.mustSignIn(ctx, Ask{}, fmt.Sprintf("signing in with credential %d of %d", i+1, len(devices))); err != nil {
			return err
		}
	}
	return nil
}

func caseOfTwoPeople(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	id := b.lettered()
	people := []*Person{b.Person(nil), b.Person(nil)}
	for i, one := range [][]byte{id, swapped(id)} {
		lie := Lie{Is: "a chosen id", Device: virtualauth.Misbehaviour{CredentialID: one}}
		if err := people[i].mustRegister(ctx, Ask{}, lie, fmt.Sprintf("registration of person %d", i+1)); err != nil {
			return err
		}
	}
	for i, p := range people {
		if err := p.mustSignIn(ctx, Ask{}, fmt.Sprintf("signing in of person %d", i+1)); err != nil {
			return err
		}
	}
	stranger := *people[1]
	stranger.Name, stranger.Browser = people[0].Name, b.RP.Visit()
	return stranger.mustNotSignIn(ctx, Ask{}, Lie{Is: "the credential of the other person"})
}

// mustNotSignIn wants a sign-in with whatever is on the person's device to be refused, whatever the options list.
func (p *Person) mustNotSignIn(ctx context.Context, ask Ask, lie Lie) error {
	what := "sign-in with " + lie.Is
	offered := p.RequestOptions(ctx, ask)
	if offered.Outcome != subject.Accepted {
		return conformance.Control(what, fmt.Errorf("request options: %s", offered))
	}
	return p.mustNotAnswer(ctx, offered, lie)
}

// mustNotAnswer is the same for options that were given before.
func (p *Person) mustNotAnswer(ctx context.Context, offered subject.Answer, lie Lie) error {
	what := "sign-in with " + lie.Is
	message, err := p.Get(ctx, allowing(offered.Options(), p.Device.Credentials()), lie)
	if err != nil {
		return conformance.Control(what, err)
	}
	answer, err := p.Posts(ctx, subject.RequestResult, message, lie)
	if err != nil {
		return conformance.Control(what, err)
	}
	return p.bench.MustRefuse(what, answer)
}

// clientWords are about what a client says and nobody has signed.
func clientWords() []Case {
	platform := func(m *virtualauth.Model) { m.Attachment, m.Transports = virtualauth.Platform, []string{"internal"} }
	return []Case{
		{
			ID: "reg/unique/discoverable-though-discouraged", Aliases: []string{"S-UNQ-025"}, Level: should, Clause: l3("5.4.4", "resident-key"),
			Says: "a credential that is discoverable though that was discouraged is accepted",
			Run: Registration{
				Ask: Ask{ResidentKey: "discouraged", Extensions: map[string]any{"credProps": true}}, Model: func(m *virtualauth.Model) { m.AlwaysDiscoverable = true },
				Lie: Lie{Is: "credProps that tell of a discoverable credential", Message: set("clientExtensionResults.credProps", map[string]any{"rk": true})},
			}.Accepted,
		},
		{
			ID: "reg/unique/attachment-not-as-asked", Aliases: []string{"S-UNQ-026"}, Level: policy,
			Clause: l3("5.4.4", "attachment"),
			Says:   "where a platform authenticator was asked for, a client that tells of another or of none is decided on, the same each time",
			Run: Registration{Ask: Ask{Attachment: "platform"}, Model: platform, Lies: []Lie{
				{Is: "attachment cross-platform", Client: client.Misbehaviour{Attachment: client.CrossPlatform}},
				{Is: "no attachment", Message: without("authenticatorAttachment")},
			}}.Consistent,
		},
		{
			ID: "reg/unique/not-discoverable-though-required", Aliases: []string{"S-UNQ-027"}, Level: policy,
			Clause: l3("10.1.3", "cred-props"),
			Says:   "where a discoverable credential was required, a client that tells of another is decided on, the same each time",
			Run: Registration{
				Ask: Ask{ResidentKey: "required", Extensions: map[string]any{"credProps": true}},
				Lies: []Lie{
					{Is: "credProps that deny a discoverable credential", Client: client.Misbehaviour{DenyDiscoverable: true}},
				},
			}.Consistent,
		},
	}
}

// Consistent wants each lie, told three times, to be decided on in the same way each time, whichever.
func (r Registration) Consistent(ctx context.Context, b *Bench) error {
	if err := r.control(ctx, b); err != nil {
		return err
	}
	for _, lie := range r.lies() {
		var first subject.Answer
		for i := range 3 {
			answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, lie)
			if err != nil {
				return conformance.Control("registration with "+lie.Is, err)
			}
			if err := b.MustDecide("registration with "+lie.Is, answer); err != nil {
				return err
			}
			if i == 0 {
				first = answer
			}
			if answer.Outcome != first.Outcome || answer.Status != first.Status {
				return &conformance.Mismatch{What: "registration with " + lie.Is + " again", Want: first.String() + ", as before", Got: answer.String()}
			}
		}
	}
	return conformance.Control("an honest registration afterwards", r.control(ctx, b))
}
