package rpcases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Capabilities that cases need. Those of algorithms are Offers, those of other configurations Configured.
const (
	// Attests is a relying party that asks for attestation when it is told to.
	Attests conformance.Capability = "attestation on request"
	// Verifies is one that requires user verification when it is told to.
	Verifies conformance.Capability = "user verification on request"
	// Prefers is one that does not require user verification where that was only preferred.
	Prefers conformance.Capability = "user verification that is only preferred"
	// Discovers is one that gives options to sign in without a user name.
	Discovers conformance.Capability = "sign-in without a user name"
	// Identifies is one that knows from the request for options who wants to sign in.
	Identifies conformance.Capability = "sign-in with a user name"
	// Removes is one that is told how to remove a credential.
	Removes conformance.Capability = "removal of a credential"
	// TrustsLab is one that trusts the suite's own attestation authority (Policy.TrustsLab).
	TrustsLab conformance.Capability = "trust in this suite's attestation authority"
)

// Offers is a relying party whose options offer an algorithm.
func Offers(algorithm cose.Algorithm) conformance.Capability {
	return conformance.Capability("the algorithm " + algorithm.String())
}

// Variant is the same relying party in another configuration: what a policy does can only be seen where it is in force.
type Variant string

// The variants. A target names those that it has; the reference relying party has them all.
const (
	AttestationRequired Variant = "attestation-required" // AttestationRequired: a statement must lead to a root.
	OnlyLabModels       Variant = "only-lab-models"      // OnlyLabModels: one AAGUID is allowed, [LabAAGUID].
	DeviceBoundOnly     Variant = "device-bound-only"    // DeviceBoundOnly: BE must be clear.
	SyncedOnly          Variant = "synced-only"          // SyncedOnly: BE must be set.
	Framed              Variant = "framed"               // Framed: pages of Policy.TopOrigins may frame the relying party's.
	WideOrigins         Variant = "wide-origins"         // WideOrigins: those of Policy.Origins, all subdomains and all ports.
	OnLocalhost         Variant = "localhost"            // OnLocalhost: the page is at http://localhost, at some port.
	FakesAccounts       Variant = "fake-accounts"        // FakesAccounts: who does not exist gets options like everybody else.
)

func allVariants() []Variant {
	return []Variant{AttestationRequired, OnlyLabModels, DeviceBoundOnly, SyncedOnly, Framed, WideOrigins, OnLocalhost, FakesAccounts, LabMetadata, MetadataRequired}
}

// is reports whether the relying party itself is what a variant would be: then no other one is needed.
func (s *Suite) is(v Variant) bool {
	p := s.Policy
	switch v {
	case Framed:
		return len(p.TopOrigins) > 0
	case WideOrigins:
		return len(p.Origins) > 0 && p.Subdomains == "accept" && p.Ports == "accept"
	case FakesAccounts:
		return p.Enumeration == "fake"
	case OnLocalhost:
		page, err := parseSite(s.RP.Origin())
		return err == nil && page.local()
	}
	return false
}

// policyOf is what was decided in a variant.
func (s *Suite) policyOf(v Variant) Policy {
	if decided, ok := s.Policies[v]; ok {
		return decided
	}
	return s.Policy
}

// LabAAGUID is the model that OnlyLabModels allows.
var LabAAGUID = uuid.MustParse("7f3c2b1a-5d4e-4f60-8a91-b2c3d4e5f607")

// Configured is a relying party that has a variant.
func Configured(v Variant) conformance.Capability {
	return conformance.Capability("a configuration with " + string(v))
}

// In returns the bench of a variant: people made there meet the relying party in that configuration. A case that calls it needs
// Configured(v).
func (b *Bench) In(v Variant) *Bench {
	if b.suite.Variants[v] == nil { // it is one itself
		return b
	}
	other := b.meeting(b.suite.Variants[v])
	other.suite.Policy = b.suite.policyOf(v)
	other.Policy = other.suite.Policy
	return other
}

// in runs a case in a variant.
func in(v Variant, run Run) Run {
	return func(ctx context.Context, b *Bench) error { return run(ctx, b.In(v)) }
}

// Probe finds out what the relying party can do, by asking for options and by one honest registration and sign-in. Its error
// says that it cannot be judged at all: an honest client is not accepted.
func (s *Suite) Probe(ctx context.Context) (conformance.Capabilities, error) {
	s.setDefaults()
	var has conformance.Capabilities
	trial := conformance.NewTrial("probe", 0)
	defer trial.End()
	b, err := s.open(ctx, trial)
	if err != nil {
		return has, err
	}
	p := b.Person(nil)
	offered := p.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("options to register", offered); err != nil {
		return has, fmt.Errorf("rpcases: probe: %w", err)
	}
	if readCreation(offered).AuthenticatorSelection.UserVerification == "required" {
		has.Lack(Prefers, "the server requires user verification whatever it is asked for")
	} else {
		has.Add(Prefers)
	}
	for _, algorithm := range readCreation(offered).PubKeyCredParams {
		has.Add(Offers(algorithm.Alg))
	}
	if a := p.CreationOptions(ctx, Ask{Attestation: "direct"}); readCreation(a).Attestation == "direct" {
		has.Add(Attests)
	} else {
		has.Lack(Attests, "the server does not ask for attestation, though it was told to"+why(a))
	}
	if a := p.CreationOptions(ctx, Ask{UserVerification: "required"}); readCreation(a).AuthenticatorSelection.UserVerification == "required" {
		has.Add(Verifies)
	} else {
		has.Lack(Verifies, "the server does not require user verification, though it was told to"+why(a))
	}
	answer, err := p.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("an honest registration", answer)
	}
	if err == nil {
		if answer, err = p.SignsIn(ctx, Ask{}, Lie{}); err == nil {
			err = b.MustAccept("an honest sign-in", answer)
		}
	}
	if err != nil {
		return has, errors.Join(errors.New("rpcases: probe: an honest client is not accepted, so that nothing can be judged"), err)
	}
	if !s.OwnShape || len(descriptors(p.RequestOptions(ctx, Ask{}), "allowCredentials")) > 0 {
		has.Add(Identifies)
	} else {
		has.Lack(Identifies, "the options to sign in list no passkeys of the user: the application is not told who that is")
	}
	if b.Person(nil).RequestOptions(ctx, Ask{NoUserName: true}).Outcome == subject.Accepted {
		has.Add(Discovers)
	} else {
		has.Lack(Discovers, "the server gives no options without a user name")
	}
	if p.removal(ctx).Outcome == subject.Accepted {
		has.Add(Removes)
	} else {
		has.Lack(Removes, "the target does not say how a credential is removed (paths.removal)")
	}
	s.probeRelated(ctx, &has, b)
	s.probeFormats(ctx, b, &has)
	s.told(&has)
	return has, nil
}

// offeredCreation is what the probe reads of creation options.
type offeredCreation struct {
	Attestation            string
	AuthenticatorSelection struct{ UserVerification string }
	PubKeyCredParams       []struct{ Alg cose.Algorithm }
}

// readCreation is empty for options that cannot be read: cases about the options say what is wrong with them.
func readCreation(a subject.Answer) (o offeredCreation) {
	_ = json.Unmarshal(a.Options(), &o)
	return o
}

// why adds what stood in the way of asking.
func why(a subject.Answer) string {
	if a.Outcome == subject.Accepted {
		return ""
	}
	return " (" + a.String() + ")"
}

// told adds what only the target's description says.
func (s *Suite) told(has *conformance.Capabilities) {
	if s.Policy.TrustsLab {
		has.Add(TrustsLab)
	} else {
		has.Lack(TrustsLab, "the server does not trust this suite's attestation authority (policy.trustsLab)")
	}
	if s.Policy.AppID == "accept" {
		has.Add(Honours(AppID))
	} else {
		has.Lack(Honours(AppID), "the target does not say that it honours the extension appid (policy.appId: accept)")
	}
	if s.Laboratory != nil {
		has.Add(TurnsTime)
	} else {
		has.Lack(TurnsTime, "nobody can turn the server's time or start it again from here")
	}
	if s.Example != nil {
		has.Add(Example)
	} else {
		has.Lack(Example, "test vectors fix the challenge, and a server that is reached over a network cannot be given one")
	}
	for _, v := range allVariants() {
		switch {
		case s.Variants[v] == nil && !s.is(v):
			has.Lack(Configured(v), "the target has no variant "+string(v))
		case v == Framed && len(s.policyOf(v).TopOrigins) == 0:
			has.Lack(Configured(v), "the target's variant framed does not say who may frame it (policy.topOrigins)")
		default:
			has.Add(Configured(v))
		}
	}
}
