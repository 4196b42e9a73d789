package rpcases

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// teeth are about checks that other cases hide behind a second check, which refuses as well: mutants that lacked the first got
// through all of those.
func teeth() []Case {
	return []Case{
		{
			ID: "reg/session/too-late", Level: should, Clause: l3("13.4.3", "challenge-life"), Needs: []conformance.Capability{TurnsTime},
			Says: "a registration that comes long after the time of its options is refused",
			Run:  registrationTooLate,
		},
		{
			ID: "att/compound/no-part-valid", Level: must, Clause: l3("8.9", "compound-sufficient"),
			Needs: []conformance.Capability{Attests, Takes(attestation.FormatCompound)},
			Says:  "a compound of which no statement verifies is refused",
			Run:   statements(attestation.FormatCompound).telling(stating("spoilt signatures", attestation.Misbehaviour{BadSignature: true})).Refused,
		},
		{
			ID: "auth/envelope/white-space-in-base64url", Level: should, Clause: l3("5.1", "base64url"),
			Says: "an assertion with white space in its base64url is refused",
			Run:  Authentication{Lies: []Lie{withinBase64url("response.signature"), withinBase64url("response.authenticatorData"), withinBase64url("response.clientDataJSON")}}.Refused,
		},
		{
			ID: "reg/data/algorithms-never-offered", CVEs: []string{"CVE-2026-8830"}, Level: must, Clause: reg("20", "algorithm"),
			Says: "a key that could be verified is refused when its algorithm was not offered",
			Run:  neverOffered,
		},
	}
}

// withinBase64url is a lie that puts a line break into a member in base64url.
func withinBase64url(path string) Lie {
	return Lie{Is: "a line break in " + path, Message: func(m *Message) error {
		text, _ := m.Get(path).(string)
		m.Set(path, text[:len(text)/2]+"\n"+text[len(text)/2:])
		return nil
	}}
}

// registrationTooLate lets a day go by between options and answer.
func registrationTooLate(ctx context.Context, b *Bench) (err error) {
	there, l, err := b.laboratory(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := (Registration{}).control(ctx, there); err != nil {
		return err
	}
	p := there.Person(nil)
	offered := p.CreationOptions(ctx, Ask{})
	if offered.Outcome != subject.Accepted {
		return conformance.Control("options", fmt.Errorf("creation options: %s", offered))
	}
	message, err := p.Create(ctx, offered.Options(), Lie{})
	if err != nil {
		return conformance.Control("an answer that is late", err)
	}
	l.Later(24 * time.Hour)
	answer, err := p.Posts(ctx, subject.CreationResult, message, Lie{})
	if err != nil {
		return conformance.Control("an answer that is late", err)
	}
	return there.MustRefuse("a registration a day after its options", answer)
}

// neverOffered registers keys of all algorithms that the options lack and that servers know.
func neverOffered(ctx context.Context, b *Bench) error {
	var all []cose.Algorithm
	var lies []Lie
	for _, a := range []cose.Algorithm{cose.ESP256, cose.Ed25519, cose.ES384, cose.RS384, cose.PS256} {
		if !b.Has.Has(Offers(a)) {
			all = append(all, a)
			lies = append(lies, Lie{Is: "a key for " + a.String(), Client: client.Misbehaviour{Algorithms: []cose.Algorithm{a}}})
		}
	}
	if len(lies) == 0 {
		return conformance.Skip("the server offers all of them")
	}
	return Registration{Lies: lies, Model: func(m *virtualauth.Model) { m.Algorithms = append(m.Algorithms, all...) }}.Refused(ctx, b)
}
