package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// apiOptions is about what the options endpoints answer, and about the form of every answer (FIDO server API, WebAuthn L3 §5.4).
func apiOptions() []Case {
	return []Case{
		{
			ID: "api/options/challenges-differ", Aliases: []string{"S-API-003", "S-API-006"}, Level: must, Clause: l3("13.4.3", "challenge-random"),
			Says: "two options for the same person have different challenges, each of at least 16 bytes",
			Run:  challengesDiffer,
		},
		{
			ID: "api/answers/refusal-says-why", Aliases: []string{"S-API-035.r"}, Level: must, Clause: api("failure"),
			Says: "a refusal is HTTP 4xx with status failed and an errorMessage",
			Run:  refusalSaysWhy,
		},
	}
}

func challengesDiffer(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	answer, err := p.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	seen := map[string]bool{}
	for i, ask := range []func(context.Context, Ask) subject.Answer{p.CreationOptions, p.CreationOptions, p.RequestOptions, p.RequestOptions} {
		offered := ask(ctx, Ask{})
		if err := b.MustAccept("options", offered); err != nil {
			return err
		}
		challenge := (&Message{Members: map[string]any{"challenge": text(offered.Members["challenge"])}}).Bytes("challenge")
		what := fmt.Sprintf("challenge %d", i+1)
		if len(challenge) < 16 {
			return &conformance.Mismatch{What: what, Want: "at least 16 bytes in base64url", Got: string(offered.Members["challenge"])}
		}
		if seen[string(challenge)] {
			return &conformance.Mismatch{What: what, Want: "one that was not there before", Got: string(offered.Members["challenge"])}
		}
		seen[string(challenge)] = true
	}
	return nil
}

func refusalSaysWhy(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	answer, err := b.Person(nil).Registers(ctx, Ask{}, Lie{Is: "no id", Message: without("id")})
	if err != nil {
		return conformance.Control("registration with no id", err)
	}
	if err := b.MustRefuse("registration with no id", answer); err != nil {
		return err
	}
	if answer.Outcome != subject.Refused || len(answer.Complaints) > 0 {
		return &conformance.Mismatch{What: "the refusal", Want: "HTTP 4xx, status failed and an errorMessage", Got: fmt.Sprintf("%s %v", answer, answer.Complaints)}
	}
	return nil
}
