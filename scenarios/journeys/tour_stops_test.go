package journeys

import (
	"context"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the stops of the tour but those that name a problem.

// outsideStops are what somebody sees who is not signed in.
func outsideStops() []stop {
	return []stop{
		{"sign-in", page.SignIn, "", outside("/sign-in")},
		{"sign-in-refused", page.SignIn, page.AlertPart, then(outside("/sign-in"),
			submitting("/sign-in", map[string]string{"userName": "mia", "password": "wrong", "code": "000000"}))},
		{"sign-in-after-sign-out", page.SignIn, page.SignInNotice, then(opening("/security-info"), submitting("/sign-out", nil))},
		{"sign-up", page.SignUp, "", outside("/sign-up")},
		{"sign-up-refused", page.SignUp, page.InvalidField, then(outside("/sign-up"), submitting("/sign-up", map[string]string{"password": "short"}))},
		{"sign-up-code", page.SignUpCode, "", enrols},
		{"sign-up-code-refused", page.SignUpCode, page.InvalidField, then(enrols,
			submitting("/sign-up/code", map[string]string{"password": "correct horse ada", "code": "000000"}))},
		{"help", page.Help, "", outside("/help/faq")},
		{"no-such-page", page.HTTPError, "", opening("/no-such-page")},
		{"SI-unknown", page.Unknown, "", func(ctx context.Context, g *guide) error {
			if err := g.holds(ctx, viaApp, provider.LarkspurIDAndroid()); err != nil {
				return err
			}
			if err := deletingAll(ctx, g); err != nil {
				return err
			}
			return g.failsToSignInWith(ctx, provider.LarkspurIDAndroid())
		}},
		{"SI-stray", page.Stray, "", func(ctx context.Context, g *guide) error {
			if err := g.saves(ctx, viaApp, provider.SamsungPass()); err != nil {
				return err
			}
			return g.failsToSignInWith(ctx, provider.SamsungPass())
		}},
		{"SI-blocked", page.Blocked, "", func(ctx context.Context, g *guide) error {
			if err := g.holds(ctx, viaAny, provider.ApplePasswords()); err != nil {
				return err
			}
			if err := g.accepts(ctx, onlyTheApp()); err != nil {
				return err
			}
			return g.failsToSignInWith(ctx, provider.ApplePasswords())
		}},
		{"SI-failed", page.Failed, "", func(ctx context.Context, g *guide) error {
			visitor, err := g.goesOut(ctx)
			if err != nil {
				return err
			}
			if err := g.entersWith(ctx, visitor, []byte("{}")); err != nil {
				return err
			}
			return g.shows(ctx, "/sign-in/problem")
		}},
	}
}

// enrols signs somebody new up, as far as the code.
func enrols(ctx context.Context, g *guide) error {
	return then(outside("/sign-up"), submitting("/sign-up", map[string]string{
		"userName": "ada-" + g.who.UserName, "displayName": "Ada", "password": "correct horse ada",
	}))(ctx, g)
}

// failsToSignInWith shows why a passkey of a provider signs nobody in.
func (g *guide) failsToSignInWith(ctx context.Context, in provider.Provider) error {
	if err := g.signsInWith(ctx, in, lab.Platform); err != nil {
		return err
	}
	return g.shows(ctx, "/sign-in/problem")
}

// infoStops are Security info, its dialogs, and what else is there but for the wizard.
func infoStops() []stop {
	showsOne := then(having(viaApp, provider.LarkspurIDAndroid()), opening("/security-info"))
	return []stop{
		{"S0-empty", page.S0, page.On(page.Hero), opening("/security-info")},
		{"S0", page.S0, page.On(page.CardBlocked), aFullList},
		{"S0-details", page.S0, page.OpenDetails, then(showsOne, pressing(page.CardDetails))},
		{"S0-delete", page.S0, page.On(page.DialogDelete), then(showsOne, pressing(page.DeleteCard))},
		{"S0-rename", page.S0, page.On(page.DialogRename), then(showsOne, pressing(page.RenameCard))},
		{"S0-rename-refused", page.S0, page.InvalidField, then(showsOne, pressing(page.RenameCard),
			func(ctx context.Context, g *guide) error { return page.RenameTo(ctx, g.Page, " ") }, pressing(page.DialogConfirm))},
		{"S0-removal", page.S0, page.On(page.Removal), then(having(viaAny, provider.GooglePasswordManager()),
			deletingAll, opening("/security-info"))},
		{"S0-offer-here", page.S0, page.On(page.OfferHere), func(ctx context.Context, g *guide) error {
			if err := g.holds(ctx, viaAny, provider.Bitwarden()); err != nil {
				return err
			}
			if err := g.signsInWith(ctx, provider.Bitwarden(), lab.CrossPlatform); err != nil {
				return err
			}
			return g.shows(ctx, "/security-info")
		}},
		{"S0-limit", page.S0, page.LimitReached, then(having(viaApp, provider.LarkspurIDAndroid()), accepting(policy.Policy{MaxPasskeys: 1}), opening("/security-info"))},
		{"S0-list-failed", page.S0, page.On(page.ListFailed), func(ctx context.Context, g *guide) error {
			g.undo = append(g.undo, func(ctx context.Context) error { return g.FailCredentialLists(ctx, false) })
			if err := g.FailCredentialLists(ctx, true); err != nil {
				return err
			}
			return g.shows(ctx, "/security-info")
		}},
		{"rename", page.Rename, "", then(having(viaApp, provider.LarkspurIDAndroid()), openingPasskey("rename"))},
		{"rename-refused", page.Rename, page.InvalidField, then(having(viaApp, provider.LarkspurIDAndroid()), openingPasskey("rename"),
			func(ctx context.Context, g *guide) error {
				key, err := g.onlyPasskey(ctx)
				if err != nil {
					return err
				}
				return page.Submit(ctx, g.Page, passkeyPath(key, "rename"), map[string]string{"name": ""})
			})},
		{"delete", page.Delete, "", then(having(viaApp, provider.LarkspurIDAndroid()), openingPasskey("delete"))},
		{"sign-out-everywhere", page.SignOutEverywhere, "", opening("/security-info/sign-out-everywhere")},
		{"password", page.NewPassword, "", opening(passwordPath)},
		{"password-refused", page.NewPassword, page.InvalidField, then(opening(passwordPath),
			submitting(passwordPath, map[string]string{"currentPassword": "wrong", "newPassword": "Larkspur"}))},
		{"password-locked", page.NewPassword, page.AlertPart, then(opening(passwordPath), guessesThePassword)},
		{"sessions", page.Sessions, page.On(page.EndSession), isSignedInTwice},
		{"session-over", page.Sessions, page.On(page.SessionOver), then(opening("/security-info/sessions"), isToldOfTheEnd)},
		{"outbox-empty", page.Outbox, "", opening("/outbox")},
		{"outbox", page.Outbox, page.On(page.Notice), then(having(viaApp, provider.LarkspurIDAndroid()), opening("/outbox"))},
		{"F1", page.F1, "", then(accepting(campaign()), opening("/security-info"))},
		{"F1-forced", page.F1, "", snoozesToTheEnd},
	}
}

func passkeyPath(key, word string) string { return "/security-info/passkeys/" + key + "/" + word }

// openingPasskey shows the page of the account's only passkey.
func openingPasskey(word string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		key, err := g.onlyPasskey(ctx)
		if err != nil {
			return err
		}
		return g.shows(ctx, passkeyPath(key, word))
	}
}

// accepting changes the policy.
func accepting(accepted policy.Policy) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error { return g.accepts(ctx, accepted) }
}

// wizardStops are the screens of the wizard up to the ceremony.
func wizardStops() []stop {
	off := false
	stale := func(ctx context.Context, g *guide) error { return g.Clock.Advance(6 * time.Minute) }
	confirms := then(stale, standsAt(viaApp, besidePhone, rp.Android, "get-app"))
	proves := then(having(viaAny, provider.Bitwarden()), confirms, submitting("confirm", map[string]string{"from": "S2", "event": "next"}))
	wrong := map[string]string{"from": "S2a", "event": "prove", "code": "000000"}
	inTheApp := then(standsAt(string(rp.AddInApp), besidePhone, "", "get-app"), submitting("get-app", map[string]string{"from": "S3", "event": "next"}))
	return []stop{
		{"S1", page.S1, "", opening("/security-info/add")},
		{"S1-refused", page.S1, page.FieldError, then(opening("/security-info/add"), submitting("/security-info/add", nil))},
		{"S1-closed", page.S1, page.ClosedMethod, then(accepting(policy.Policy{IsSelfServiceRegistrationAllowed: &off}), opening("/security-info/add"))},
		{"S2", page.S2, "", confirms},
		{"S2a", page.S2a, page.PasskeyProof, proves},
		{"S2a-refused", page.S2a, page.InvalidField, then(proves, submitting("prove", wrong))},
		{"S2a-locked", page.S2a, page.AlertPart, then(proves, submitting("prove", wrong), submitting("prove", wrong), submitting("prove", wrong),
			submitting("prove", wrong), submitting("prove", wrong))},
		{"S2a-outside-the-wizard", page.S2a, "", opening("/security-info/prove?return=/security-info")},
		{"S3", page.S3, "", standsAt(viaApp, besidePhone, rp.Android, "get-app")},
		{"S3-on-the-phone", page.S3, "", standsAt(viaApp, onThePhone, rp.Android, "get-app")},
		{"S3-proof-ends", page.S3, page.On(page.Stay), then(standsAt(viaApp, besidePhone, rp.Android, "get-app"),
			func(ctx context.Context, g *guide) error { return g.Clock.Advance(4*time.Minute + time.Second) },
			func(ctx context.Context, g *guide) error { return g.shows(ctx, g.visitor.Run+"/get-app") })},
		{"S4", page.S4, "", standsAt(viaApp, besidePhone, rp.Android, "which-phone")},
		{"S4-refused", page.S4, page.FieldError, then(standsAt(viaApp, besidePhone, rp.Android, "which-phone"),
			submitting("which-phone", map[string]string{"from": "S4", "event": "next"}))},
		{"S5a", page.S5a, "", standsAt(viaApp, besidePhone, rp.Android, "turn-on")},
		{"S5i", page.S5i, "", standsAt(viaApp, besidePhone, rp.IOS, "turn-on")},
		{"S6", page.S6, "", standsAt(viaApp, besidePhone, rp.Android, "get-ready")},
		{"S6-iPhone", page.S6, "", standsAt(viaApp, besidePhone, rp.IOS, "get-ready")},
		{"V1", page.V1, "", inTheApp},
		{"V2", page.V2, page.On(page.NotSeen), then(inTheApp, submitting("in-app", map[string]string{"from": "V1", "event": "next"}))},
		{"K1", page.K1, "", standsAt(viaKey, besidePhone, "", "key-kind")},
		{"K1-refused", page.K1, page.FieldError, then(standsAt(viaKey, besidePhone, "", "key-kind"),
			submitting("key-kind", map[string]string{"from": "K1", "event": "next"}))},
	}
}

// ceremonyStops are the screens of the ceremony and what follows it.
func ceremonyStops() []stop {
	ready := standsAt(viaApp, besidePhone, rp.Android, "save-in")
	waits := then(ready, pressing(page.Primary))
	names := then(having(viaAny, provider.GooglePasswordManager()), func(ctx context.Context, g *guide) error { return g.shows(ctx, g.visitor.Run+"/name") })
	return []stop{
		{"S7", page.S7, "", ready},
		{"S7-any", page.S7, "", standsAt(viaAny, besidePhone, "", "save-in")},
		{"S7-on-an-iPhone", page.S7, "", standsAt(viaApp, onTheIPhone, rp.IOS, "save-in")},
		{"S7-interrupted", page.S7, page.On(page.Interrupted), func(ctx context.Context, g *guide) error {
			if _, err := g.asks(ctx, viaApp, besidePhone); err != nil {
				return err
			}
			return g.shows(ctx, g.visitor.Run+"/waiting")
		}},
		{"S7-last-time", page.S7, page.On(page.LastTime), func(ctx context.Context, g *guide) error {
			if err := g.saves(ctx, viaApp, provider.GooglePasswordManager()); err != nil {
				return err
			}
			return then(opening(g.visitor.Run+"/problem"), pressing(page.Primary))(ctx, g)
		}},
		{"S7-not-begun", page.S7, page.OptionsFailed, then(losing("*/options"), ready, pressing(page.Primary))},
		{"K2", page.K2, "", standsAt(viaKey, besidePhone, "", "key-ready")},
		{"S8", page.S8, page.StillWaiting, waits},
		{"S8-cancel", page.S8, page.On(page.DialogCancelRun), then(waits, seeing(page.S8), pressing(page.Cancel))},
		{"S8-key", page.S8, page.StillWaiting, then(standsAt(viaKey, besidePhone, "", "key-ready"), pressing(page.Primary))},
		{"S9", page.S9, "", then(disturbing(browser.Fault{URL: "*/verify", Kind: browser.Slow, Delay: time.Minute}), choosing(provider.Bitwarden()), ready, pressing(page.Primary))},
		{"S9-reply-lost", page.S9, page.ReplyLost, then(losing("*/verify"), losing("*/client-error"),
			choosing(provider.Bitwarden()), ready, pressing(page.Primary))},
		{"S10", page.S10, "", names},
		{"S10-refused", page.S10, page.InvalidField, then(names, submitting("name", map[string]string{"from": "S10", "event": "name", "name": ""}))},
		{"S10-cancel", page.S10, page.On(page.DialogCancelRun), then(names, pressing(page.Cancel))},
		{"S11", page.S11, "", then(names, submitting("name", map[string]string{"from": "S10", "event": "next"}))},
	}
}

// choosing makes a provider answer the page's next ceremony.
func choosing(in provider.Provider) func(context.Context, *guide) error {
	return func(_ context.Context, g *guide) error {
		g.Handset.Choose(in)
		return nil
	}
}

// losing lets the window's requests to an address get lost.
func losing(url string) func(context.Context, *guide) error {
	return disturbing(browser.Fault{URL: url})
}

func disturbing(fault browser.Fault) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error { return g.disturbs(ctx, fault) }
}
