package rp

import (
	"errors"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// verdictCodes are the codes of the policy's refusals.
var verdictCodes = map[policy.Verdict]Code{
	policy.GuestNotAllowed: CodeGuest, policy.MethodDisabled: CodeMethodDisabled, policy.UserExcluded: CodeUserExcluded,
	policy.SelfServiceOff: CodeSelfServiceOff, policy.SyncedNotAllowed: CodeSyncedNotAllowed,
	policy.DeviceNotAllowed: CodeProviderNotAllowed, policy.ProviderNotAllowed: CodeProviderNotAllowed,
	policy.AttestationRequired: CodeAttestationRequired, policy.AttestationInvalid: CodeAttestationInvalid,
}

// refuseVerdict makes the refusal of a verdict, nil for the one that is none.
func refuseVerdict(verdict policy.Verdict) *Refusal {
	if verdict == policy.Accepted {
		return nil
	}
	return refuse(verdictCodes[verdict], errors.New(string(verdict)))
}

// mayAdd applies the guards of S1 that do not depend on the row, in their order, and returns the first that
// refuses: guest (E5d), passkeys off or group excluded (E5a), self-service off (E5b), limit reached (E4).
func mayAdd(p policy.Policy, user *User, stored int) *Refusal {
	if refusal := refuseVerdict(p.Registration(user.subject())); refusal != nil {
		return refusal
	}
	return limitRefusal(p, stored)
}

func limitRefusal(p policy.Policy, stored int) *Refusal {
	if stored < p.Limit() {
		return nil
	}
	refusal := refuse(CodeLimitReached, nil)
	refusal.Limit = p.Limit()
	return refusal
}

// rowRefusal is the guard that depends on the row of S1. While attestation is enforced, a passkey that a browser asks a
// phone for makes no sense: the app's attestation never comes that way (E5c). One "anywhere" makes none either, nor
// where only passkeys that stay on their device are accepted.
func rowRefusal(p policy.Policy, user *User, method AddMethod) Code {
	switch {
	case method == AddKey || method == AddInApp:
		return ""
	case p.EnforcesAttestation(user.subject()):
		return CodeAttestationBlocksFlow
	case method == AddPasskey && p.DeviceBoundOnly(user.subject()):
		return CodeSyncedNotAllowed
	}
	return ""
}

// flowMethods are the rows of S1 by the flow that they begin.
var flowMethods = map[Flow]AddMethod{
	FlowAndroid: AddApp, FlowIOS: AddApp, FlowSame: AddApp, FlowKey: AddKey, FlowAny: AddPasskey, FlowInApp: AddInApp,
}

// flowRefusal judges a flow that is under way by the policy as it is now.
func flowRefusal(p policy.Policy, user *User, flow Flow) *Refusal {
	if code := rowRefusal(p, user, flowMethods[flow]); code == CodeAttestationBlocksFlow {
		return refuse(code, nil)
	}
	return nil
}
