package walk

import (
	"testing"
)

// Walks that once found something, and what that was.
func TestWalksThatFoundSomething(t *testing.T) {
	start := "browser desktop; press password-sign-in code=right; press add; press primary method=passkey; begin; "
	for name, events := range map[string]string{
		"an answer again after its run went on elsewhere":      start + "phone app; tab; press add; press primary method=passkey; again",
		"an answer that arrives after the session's end":       start + "phone google held; ends-all-sessions; arrives",
		"an answer to the ceremony of the session before":      start + "tab; press sign-out; press password-sign-in code=right; tab; phone google",
		"an answer after a forged one has used the challenge":  start + "phone google held; tab; arrives; again",
		"an answer held until its run went on elsewhere":       start + "phone app held; settle; press primary; begin; press secondary-different; press primary; arrives",
		"a passkey that is removed while it is being named":    start + "phone samsung; admin-removes; reload",
		"a passkey that is removed while its end is shown":     start + "phone samsung; press secondary-keep; admin-removes; press primary",
		"the outcome of a passkey that was stored and is gone": start + "phone samsung held; arrives; admin-removes; look",
	} {
		t.Run(name, func(t *testing.T) { again(t, &texts{}, []string{events}) })
	}
}
