package mutants

import (
	"slices"
	"strings"
	"time"
)

// lifetime is how long a challenge may be answered.
const lifetime = 10 * time.Minute

// sessionSteps find the ceremony that a response answers (WebAuthn L3 §7.1 step 8, §7.2 step 11, §13.4.3). A response that
// passed the first of them uses its challenge up.
func sessionSteps(k kind) []Step {
	return []Step{
		reads(k.name("session/find"), findCeremony),
		{Name: k.name("session/visitor"), Clause: l3("13.4.3", "challenge-of-session"), Also: or(l3("13.4.3", "challenge-of-account")), check: func(a *attempt) error {
			return unless(a.ceremony.visitor == a.visitor, "the challenge is another visitor's")
		}},
		{Name: k.name("session/kind"), Clause: k.clause("8", "11", "challenge"), check: func(a *attempt) error {
			return unless(a.ceremony.kind == a.kind, "the challenge is one of another kind of ceremony")
		}},
		{Name: k.name("session/unused"), Clause: l3("13.4.3", "challenge-once"), check: func(a *attempt) error {
			used := a.ceremony.used
			a.ceremony.used = true
			return unless(!used, "the challenge was used before")
		}},
		{Name: k.name("session/in-time"), Clause: l3("13.4.3", "challenge-life"), check: func(a *attempt) error {
			return unless(a.rp.settings.Now().Sub(a.ceremony.begun) < lifetime, "the challenge has expired")
		}},
		{Name: k.name("client-data/challenge"), Clause: k.clause("8", "11", "challenge"), check: challenges(func(got, want string) bool { return got == want }),
			lax: []laxity{
				{name: "prefix", check: challenges(func(got, want string) bool { return len(got) >= 8 && strings.HasPrefix(want, got) })},
				{name: "begins", check: challenges(strings.HasPrefix)},
				{name: "letter-case", check: challenges(strings.EqualFold)},
				{name: "decoded", check: challenges(func(got, want string) bool { return decodedChallenge(got) == decodedChallenge(want) })},
			}},
	}
}

func challenges(same func(got, want string) bool) func(*attempt) error {
	return func(a *attempt) error {
		return unless(same(a.clientData.challenge, a.ceremony.challenge), "the challenge is not that of the options")
	}
}

// findCeremony finds the ceremony that issued the challenge, whoever it belongs to, and otherwise the visitor's newest, against
// which the steps that follow hold the response.
func findCeremony(a *attempt) error {
	newest := func(fits func(*ceremony) bool) *ceremony {
		for _, c := range slices.Backward(a.rp.ceremonies) {
			if fits(c) {
				return c
			}
		}
		return nil
	}
	a.ceremony = newest(func(c *ceremony) bool { return c.challenge == a.clientData.challenge })
	if a.ceremony == nil {
		a.ceremony = newest(func(c *ceremony) bool { return c.visitor == a.visitor && c.kind == a.kind && !c.used })
	}
	return unless(a.ceremony != nil, "no ceremony was begun")
}
