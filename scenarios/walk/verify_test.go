package walk

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// How long a challenge lives by the specification, and the proof behind it.
const (
	challengeLife = 6 * time.Minute
	proofLife     = 5 * time.Minute
)

// verify posts an answer and judges what the relying party makes of it: stored only if everything was in order, and
// refused only for what is the matter.
func (w *walker) verify(c *ceremony, m made, from sender) *reply {
	before, run := w.entries().ceremonyOf(c), w.entries().runAt(c.run)
	w.truth.last, w.truth.lastOf, w.truth.lastBy = m, c, from
	q := request{method: http.MethodPost, url: c.run + "/verify", json: m.body, cookies: from.cookies}
	if c.app {
		q.url, q.app, q.token = appAPI+"/passkeys/verify", true, from.token
	}
	r := w.send(q)
	a := r.json()
	switch {
	case r.status == http.StatusCreated && c.accepted != nil:
		if !bytes.Equal(c.accepted, m.body) {
			w.fail("a second response to one challenge was accepted")
		}
	case r.status == http.StatusCreated:
		w.stored(c, m, before, from.session)
	default:
		w.refused(c, m, before, r)
		if c.app {
			break
		}
		w.showsRefusal(c, before, run, a)
	}
	if signal := a.SignalUnknown; signal != nil {
		w.checkUnknown(m, signal.CredentialID, r)
	}
	return r
}

// stored is the first invariant: a row implies a ceremony consumed once, in this session's run, within its life, under a
// policy that passed at that instant.
func (w *walker) stored(c *ceremony, m made, before *ceremonyRow, session int) {
	now := w.clock.Now()
	for _, wrong := range []struct {
		bad  bool
		what string
	}{
		{c.answered, "though its challenge was used before"},
		{before == nil || !before.open, "though its challenge was closed"},
		{!m.authentic || m.forge == "taken" && len(w.truth.stored) > 0, "though it was forged: " + m.forge},
		{m.forge == "no-uv", "without user verification"},
		{session != c.session || !c.app && session != w.session, "for a session that did not ask"},
		{!now.Before(c.issued.Add(challengeLife)), "after the challenge's life"},
		{!c.issued.Before(c.proofAt.Add(proofLife)), "for options issued on a stale proof"},
		{w.rule.rechecks && !now.Before(w.proven(c).Add(proofLife)), "on a stale proof that the policy rechecks"},
		{!w.rule.accepts(m.kept, c.flow), "against the policy " + w.rule.name},
		{len(w.truth.stored) >= w.rule.limit, "beyond the limit"},
		{w.truth.gone[m.id], "though its id was deleted before"},
		{w.truth.superseded[c.run], "in a run that went on elsewhere"},
	} {
		if wrong.bad {
			w.fail("stored a passkey %s", wrong.what)
		}
	}
	c.answered, c.accepted = true, m.body
	w.truth.stored = append(w.truth.stored, m.id)
	if !c.app {
		w.truth.resultOf[c.run] = m.id
	}
	w.truth.kept[m.id], w.truth.madeAt[m.id] = m.kept, now
	delete(w.truth.strays, m.id) // another session had sent it before
	w.truth.count(rp.ActionPasskeyAdded)
}

// reasons are what must be the matter for each code.
func (w *walker) reasons(c *ceremony, m made, before *ceremonyRow) map[string]bool {
	now := w.clock.Now()
	open := before != nil && before.open
	refusedByPolicy := !w.rule.accepts(m.kept, c.flow)
	return map[string]bool{
		"ceremony.challenge_used":        !open,
		"ceremony.challenge_expired":     !now.Before(c.issued.Add(proofLife)), // the proof may end it sooner than its life
		"ceremony.verification_failed":   !m.authentic || w.isForeign(c),
		"ceremony.attestation_invalid":   w.rule.attests,
		"policy.attestation_required":    w.rule.attests,
		"ceremony.uv_required":           m.forge == "no-uv",
		"store.duplicate_credential":     w.truth.has(m.id),
		"policy.provider_not_allowed":    refusedByPolicy,
		"policy.synced_not_allowed":      m.kept.synced && (refusedByPolicy || w.rule.attests),
		"policy.limit_reached":           len(w.truth.stored) >= w.rule.limit,
		"policy.method_disabled":         w.rule.closed,
		"policy.self_service_off":        w.rule.closed,
		"policy.attestation_blocks_flow": w.rule.attests,
		"auth.proof_stale":               w.rule.rechecks,
		"auth.session_expired":           true,
		"wizard.run_superseded":          w.truth.superseded[c.run],
		"http.not_found":                 !c.app && c.session != w.session,
		"rp.rate_limited":                true,
	}
}

// refused is the second: no row, and the passkey is remembered if, and only if, the response was authentic.
func (w *walker) refused(c *ceremony, m made, before *ceremonyRow, r *reply) {
	code := r.json().Code
	known, ok := w.reasons(c, m, before)[code]
	if !ok || !known {
		w.fail("refused a passkey with %d %s for no reason (forge %q, policy %s)", r.status, code, m.forge, w.rule.name)
	}
	if code == "ceremony.challenge_used" || code == "wizard.run_superseded" || before == nil || !before.open || w.isForeign(c) {
		// another answer, or another session, ended it
	} else if code != "rp.rate_limited" && code != "auth.session_expired" && code != "http.not_found" {
		c.answered = true
	}
	if before != nil && before.open {
		w.truth.refusedIn[c.run] = m.kept
	}
	if c.app {
		w.truth.inAppRefused[m.kept.aaguid] = m.kept
	}
	if m.authentic && !w.truth.has(m.id) && !w.truth.gone[m.id] && w.looked(c, code) {
		w.truth.strays[m.id] = m.kept
		w.truth.strayIn[c.run] = w.truth.strayIn[c.run] || before != nil && before.open
	}
}

// isForeign reports whether the latest response came from another session than the one that asked. The app may have several
// at a time, a browser has one.
func (w *walker) isForeign(c *ceremony) bool {
	if c.app {
		return c.session != w.truth.lastBy.session
	}
	return c.session != w.session
}

// looked reports whether the relying party judged the response at all: it does not while somebody sends too many, and it
// cannot for a run of somebody else, nor for an app that does not say who it is.
func (w *walker) looked(c *ceremony, code string) bool {
	another := c.app && code == "auth.session_expired" && c.session != w.truth.lastBy.session
	return !another && !slices.Contains([]string{"rp.rate_limited", "http.not_found"}, code)
}

// showsRefusal checks that a run that waited stands on the screen of the refusal.
func (w *walker) showsRefusal(c *ceremony, before *ceremonyRow, run *runRow, a answer) {
	code := rp.Code(a.Code)
	if run == nil || before == nil || !before.open || run.over || run.screen != rp.S8 && run.screen != rp.E9 || a.Code == "auth.session_expired" || a.Code == "http.not_found" {
		return
	}
	now := w.entries().runAt(c.run)
	if now != nil && now.over && w.mayNotResume(c) {
		if now.screen != rp.S1 {
			w.fail("a run that ended with the session before is on %s, want S1", now.screen)
		}
		return
	}
	if now == nil || now.screen != code.Screen() && code != rp.CodeRunSuperseded && code != rp.CodeRateLimited {
		w.fail("after %s the run is on %s, want %s", code, now.screen, code.Screen())
	}
}

// resumeLife is how old a run may be that goes on after another sign-in.
const resumeLife = 30 * time.Minute

// mayNotResume reports whether the ceremony's run ends where another session comes to it, instead of going on.
func (w *walker) mayNotResume(c *ceremony) bool {
	begun := w.truth.begun[c.run]
	return c.session != w.session && (begun.rule != w.rule.name || w.clock.Now().Sub(begun.at) >= resumeLife)
}

// checkUnknown: a browser that is told so removes the passkey, so it must be one on this device that is not stored.
func (w *walker) checkUnknown(m made, id string, r *reply) {
	if w.truth.has(id) {
		w.fail("signals that a passkey is unknown (%d %s) which is stored", r.status, r.json().Code)
	}
	if id != m.id || !m.platform || !m.authentic {
		w.fail("signals an unknown passkey that is not the one just made on this device (%d %s)", r.status, r.json().Code)
	}
}
