package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// apiChallenges is about the challenges of options (WebAuthn L3 §13.4.3).
func apiChallenges() []Case {
	return []Case{
		{
			ID: "api/options/challenges-differ", Aliases: []string{"S-API-003", "S-API-006"}, Level: must, Clause: l3("13.4.3", "challenge-random"),
			Says: "two options for the same person have different challenges, each of at least 16 bytes",
			Run:  challengesDiffer,
		},
		{
			ID: "api/options/a-hundred-challenges", Aliases: []string{"S-API-041"}, Level: must, Clause: l3("13.4.3", "challenge-random"),
			Says: "a hundred challenges are all different, and no byte of them is always the same",
			Run:  hundredChallenges,
		},
	}
}

func challengesDiffer(ctx context.Context, b *Bench) error {
	p, err := b.registered(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, ask := range []func(context.Context, Ask) subject.Answer{p.CreationOptions, p.CreationOptions, p.RequestOptions, p.RequestOptions} {
		offered := ask(ctx, Ask{})
		if err := b.MustAccept("options", offered); err != nil {
			return err
		}
		if err := freshChallenge(fmt.Sprintf("challenge %d", i+1), text(offered.Members["challenge"]), seen); err != nil {
			return err
		}
	}
	return nil
}

// freshChallenge wants a challenge that is long enough and was never there before.
func freshChallenge(what, challenge string, seen map[string]bool) error {
	bytes := decoded(challenge)
	if len(bytes) < 16 {
		return &conformance.Mismatch{What: what, Want: "at least 16 bytes in base64url", Got: challenge}
	}
	if seen[string(bytes)] {
		return &conformance.Mismatch{What: what, Want: "one that was not there before", Got: challenge}
	}
	seen[string(bytes)] = true
	return nil
}

// hundredChallenges looks for what no good source of randomness does: a byte that never changes, or few values in all.
func hundredChallenges(ctx context.Context, b *Bench) error {
	p, seen := b.Person(nil), map[string]bool{}
	at, values := map[[2]int]int{}, map[byte]bool{}
	shortest := 1 << 20
	const count = 100
	for i := range count {
		view, err := p.creation(ctx, Ask{})
		if err != nil {
			return err
		}
		if err := freshChallenge(fmt.Sprintf("challenge %d", i+1), view.Challenge, seen); err != nil {
			return err
		}
		bytes := decoded(view.Challenge)
		shortest = min(shortest, len(bytes))
		for j, value := range bytes {
			at[[2]int{j, int(value)}]++
			values[value] = true
		}
	}
	varying := 0
	for j := range shortest {
		most := 0
		for value := range 256 {
			most = max(most, at[[2]int{j, value}])
		}
		if most < count/4 {
			varying++
		}
	}
	return firstFalse(
		claim{"bytes of a challenge that change", "at least 16", varying >= 16, varying},
		claim{"values of all bytes", "most of the 256", len(values) > 200, len(values)},
	)
}
