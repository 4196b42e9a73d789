package walk

import (
	"strings"
	"testing"
)

// Walks that once found something, and what that was; the last is one that chance seldom finds.
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
		"an old address after the reply was lost":              start + "phone app-ios held; revisit 3",
		"an old address of a key's run, after the same":        "browser desktop; press password-sign-in code=right; press add; press primary method=app; back; press primary method=security-key; press primary key=nfc; begin; phone undisclosed unsent; revisit 4",
		"an old address of a key's run on a phone":             "browser android; press password-sign-in code=right; press hero-add; press primary method=security-key; press primary key=usb; begin; phone bitwarden held; revisit 4",
		"an old address of a phone's run":                      "browser desktop; press password-sign-in code=right; press add; press primary method=app; press primary; press primary phone=ios; press primary; press primary; begin; phone app held; revisit 4",
		"a run that ends with its session, by another policy":  start + "policy disabled; signs-in-again; phone usb forge=type",
		"a key's run that ends with its session":               "browser android; press password-sign-in code=right; press add; press primary method=security-key; policy app; press primary key=nfc; begin; signs-in-again; phone app-ios",
		"a flow that the policy closes under a ceremony":       "browser ios; press password-sign-in code=right; press add; press primary; press primary; press primary; begin; policy attested; phone google // browser ios; press password-sign-in code=right; press add; press primary; press primary; press primary; begin; policy attested; revisit 4; press primary; begin",
		"an answer in the app after its sign-out":              "app-signs-in right; app-creates app held; app-signs-out; arrives",
		"an answer in the app after another sign-in":           "app-signs-in right; app-creates app held; app-signs-out; app-signs-in right; arrives",
		"an answer in the app while it has another session":    "app-signs-in right; app-creates app-ios held; app-signs-in right; arrives",
		"an error of a run that another policy has ended":      start + "policy attested; signs-in-again; back",
		"an answer that is lost, under another policy":         start + "policy two; signs-in-again; phone app-ios held",
		"a key that said nothing, under another policy":        "browser desktop; press password-sign-in code=right; press add; press primary method=security-key; press primary key=usb; begin; policy attested; phone usb",
		"a limit that is reached while a ceremony waits":       start + "app-signs-in right; app-creates app; policy one; phone google",
	} {
		t.Run(name, func(t *testing.T) { again(t, &texts{}, strings.Split(events, "//")) })
	}
}
