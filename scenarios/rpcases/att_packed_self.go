package rpcases

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// selfAttesting skips a case about self attestation where the relying party says that it accepts none.
func selfAttesting(run Run) Run {
	return func(ctx context.Context, b *Bench) error {
		if b.Policy.SelfAttestation == "refuse" {
			return conformance.Skip("the relying party says that it accepts no self attestation (policy.selfAttestation)")
		}
		return run(ctx, b)
	}
}
