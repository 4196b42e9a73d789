package rpcases

import (
	"context"
	"crypto"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// authenticationKey is about the key that an assertion is verified with: its algorithm is the one that was registered, and
// weak keys open nothing (WebAuthn L3 §7.2 step 21).
func authenticationKey() []Case {
	signature := auth("21", "signature")
	return []Case{
		{
			ID: "auth/key/of-another-credential", Aliases: []string{"S-KEY-054"}, Level: must, Clause: signature, Needs: needs(cose.ES256, cose.RS256),
			Says: "an RS256 signature by the person's other passkey is refused for one of ES256",
			Run:  signsWithTheOther,
		},
		{
			ID: "auth/key/pss-for-pkcs1", Aliases: []string{"S-KEY-055"}, Level: must, Clause: signature, Needs: needs(cose.RS256),
			Says: "a signature of PS256 is refused for a key of RS256",
			Run:  Authentication{Model: only(cose.RS256), Lie: Lie{Is: "a signature for PS256 by an RS256 key", Sign: signAs(cose.PS256)}}.Refused,
		},
		{
			ID: "auth/key/sha-1", Aliases: []string{"S-KEY-056"}, Level: must, Clause: signature, Needs: needs(cose.RS256),
			Says: "a signature over a hash of SHA-1 is refused for a key of RS256",
			Run:  Authentication{Model: only(cose.RS256), Lie: Lie{Is: "an RSA signature with SHA-1", Sign: signSHA1}}.Refused,
		},
		{
			ID: "auth/key/forged-padding", Aliases: []string{"S-KEY-057"}, Level: must, Clause: rfc(8017, "8.2.2", "padding"), Needs: needs(cose.RS256),
			Says: "a forged signature, which is a cube that begins like a padded hash, is refused for an RSA key with the exponent 3",
			Run:  whereAccepted(exponent3Key, Authentication{Model: only(cose.RS256), Equip: exponent3, Lie: Lie{Is: "a forged cube", Sign: forgeCube}}.Refused),
			Fix:  "Compare the whole padded message with what it must be, and do not parse it.",
		},
		{
			ID: "auth/key/small-order", Aliases: []string{"S-KEY-039"}, Level: should, Clause: rfc(8032, "5.1.3", "point-order"), Needs: needs(cose.EdDSA),
			Says: "a signature of zeros is refused for an Ed25519 key of small order",
			Run:  signsWithNothing,
			Fix:  "Refuse the eight points of small order at registration.",
		},
	}
}

// exponent3Key is a registration that a relying party may refuse.
var exponent3Key = Registration{Model: only(cose.RS256), Equip: exponent3}

// whereAccepted skips a case where the relying party refuses a registration that it may refuse.
func whereAccepted(r Registration, run Run) Run {
	return func(ctx context.Context, b *Bench) error {
		answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, r.Lie)
		if err != nil {
			return conformance.Control("registration with "+r.Lie.Is, err)
		}
		if err := b.MustDecide("registration", answer); err != nil {
			return err
		}
		if answer.Outcome != subject.Accepted {
			return conformance.Skip("the relying party refuses such a key at registration, as it may")
		}
		return run(ctx, b)
	}
}

// signsWithTheOther gives one account a passkey for ES256 and one for RS256, and signs with the latter in the name of the
// former.
func signsWithTheOther(ctx context.Context, b *Bench) error {
	p := b.Person(only(cose.RS256))
	answer, err := p.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("registration of a passkey for RS256", answer)
	}
	if err == nil {
		p.NewDevice(only(cose.ES256))
		if answer, err = p.Registers(ctx, Ask{}, Lie{}); err == nil {
			err = b.MustAccept("registration of a passkey for ES256", answer)
		}
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	a := Authentication{}
	if err := a.honest(ctx, p, "honest control"); err != nil {
		return conformance.Control("honest control", err)
	}
	answer, err = p.SignsIn(ctx, Ask{}, Lie{Is: "an RS256 signature", Sign: signWithRSA})
	if err != nil {
		return conformance.Control("sign-in with an RS256 signature", err)
	}
	if err := b.MustRefuse("sign-in with an RS256 signature in the name of the passkey for ES256", answer); err != nil {
		return err
	}
	return a.honest(ctx, p, "an honest sign-in afterwards")
}

// signsWithNothing registers a key with which the neutral point and the number zero are a signature of everything.
func signsWithNothing(ctx context.Context, b *Bench) error {
	if _, err := (Authentication{Model: only(cose.EdDSA)}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(only(cose.EdDSA))
	answer, err := p.Registers(ctx, Ask{}, keyWith("the neutral point", labelX, cborBytes(edwardsNeutral)))
	if err != nil {
		return conformance.Control("registration with the neutral point", err)
	}
	if err := b.MustDecide("registration with the neutral point", answer); err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return conformance.Skip("the relying party refuses such a key at registration, as it should")
	}
	nothing := func([]byte, crypto.Signer) ([]byte, error) {
		return slices.Concat(edwardsNeutral, make([]byte, 32)), nil
	}
	answer, err = p.SignsIn(ctx, Ask{}, Lie{Is: "the neutral point and zero as the signature", Sign: nothing})
	if err != nil {
		return conformance.Control("sign-in with a signature of zeros", err)
	}
	return b.MustRefuse("sign-in with a signature of zeros", answer)
}
