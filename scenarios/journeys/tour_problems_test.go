package journeys

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the stops of the tour that name a problem.

func problemStops() []stop {
	off := false
	starts := submitting("/security-info/add", map[string]string{"method": viaApp})
	return []stop{
		{"E1", page.E1, "", browserSays("NotAllowedError", viaApp, besidePhone)},
		{"E1-on-the-phone", page.E1, "", browserSays("NotAllowedError", viaApp, onThePhone)},
		{"E1-key", page.E1, "", browserSays("NotAllowedError", viaKey, besidePhone)},
		{"E1-any", page.E1, "", browserSays("timer", viaAny, besidePhone)},
		{"E3", page.E3, "", browserSays("InvalidStateError", viaApp, besidePhone)},
		{"E4", page.E4, "", then(having(viaApp, provider.LarkspurIDAndroid()), accepting(policy.Policy{MaxPasskeys: 1}), opening("/security-info/add"))},
		{"E5a", page.E5a, "", then(accepting(policy.Policy{State: policy.StateDisabled}), opening("/security-info/add"))},
		{"E5b", page.E5b, "", then(opening("/security-info"), accepting(policy.Policy{IsSelfServiceRegistrationAllowed: &off}), starts)},
		{"E5c", page.E5c, "", then(opening("/security-info"), accepting(policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly}), starts)},
		{"E5d", page.E5d, "", then(isGuest, opening("/security-info/add"))},
		{"E6", page.E6, "", outside("/security-info/add/a-run-of-before/name")},
		{"E7", page.E7, "", expires},
		{"E7-continued-elsewhere", page.E7, "", goesOnElsewhere},
		{"E8", page.E8, "", browserSays("NotSupportedError", viaApp, besidePhone)},
		{"E9", page.E9, "", then(losing("*/outcome"), browserSays("network", viaApp, besidePhone))},
		{"E10", page.E10, "", isRefusedWithoutDetails},
		{"E11", page.E11, "", triesTooOften},
		{"E12", page.E12, "", isSettled},
	}
}

// wrongPlaceStops are the screens about passkeys that were saved where they must not be.
func wrongPlaceStops() []stop {
	saves := func(method string, in provider.Provider) func(context.Context, *guide) error {
		return func(ctx context.Context, g *guide) error {
			if err := g.saves(ctx, method, in); err != nil {
				return err
			}
			return g.showsProblem(ctx)
		}
	}
	unknown := provider.Unknown(uuid.MustParse("7c1d2f0e-52f4-4f3a-9b52-2f0f6f5b9a11"))
	return []stop{
		{"E2", page.E2, "", saves(viaApp, provider.GooglePasswordManager())},
		{"E2-unknown", page.E2, "", saves(viaApp, unknown)},
		{"E2-key", page.E2, "", saves(viaKey, provider.USBSecurityKey())},
		{"E2-again-and-again", page.E2, page.On(page.Hints), savesAgainAndAgain},
		{"E2b", page.E2b, "", func(ctx context.Context, g *guide) error {
			if err := g.accepts(ctx, policy.Policy{PasskeyTypes: policy.TypeDeviceBound}); err != nil {
				return err
			}
			options, err := g.asks(ctx, viaApp, besidePhone)
			if err != nil {
				return err
			}
			if err := g.isRefused(ctx, options, provider.GooglePasswordManager()); err != nil {
				return err
			}
			return g.showsProblem(ctx)
		}},
	}
}

func isGuest(ctx context.Context, g *guide) error {
	return g.RP.SetMembership(ctx, g.who.ID, rp.Membership{Guest: true})
}

// savesAgainAndAgain saves in the wrong place until the page has more advice.
func savesAgainAndAgain(ctx context.Context, g *guide) error {
	if err := g.saves(ctx, viaApp, provider.GooglePasswordManager()); err != nil {
		return err
	}
	for range 2 {
		if err := g.retries(ctx, "E2"); err != nil {
			return err
		}
		options, err := g.asksAgain(ctx)
		if err != nil {
			return err
		}
		if err := g.isRefused(ctx, options, provider.GooglePasswordManager()); err != nil {
			return err
		}
	}
	return g.showsProblem(ctx)
}

// retries presses the primary action of the run's problem, over the API.
func (g *guide) retries(ctx context.Context, from string) error {
	reply, err := g.visitor.Post(ctx, g.visitor.Run+"/problem", map[string][]string{"from": {from}, "event": {"retry"}})
	if err == nil && reply.Status != http.StatusTooManyRequests { // a pause is what some stops want
		err = good(reply, nil)
	}
	return err
}

// expires answers a challenge after its life, with a proof that is younger.
func expires(ctx context.Context, g *guide) error {
	options, err := g.asks(ctx, viaApp, besidePhone)
	if err != nil {
		return err
	}
	if err := g.Clock.Advance(4 * time.Minute); err != nil {
		return err
	}
	code, err := g.CodeFor(ctx, g.who)
	if err != nil {
		return err
	}
	if err := g.posts(ctx, "/security-info/prove", map[string][]string{"code": {code}, "return": {"/security-info"}}); err != nil {
		return err
	}
	if err := g.Clock.Advance(4 * time.Minute); err != nil {
		return err
	}
	if err := g.isRefused(ctx, options, provider.SamsungPass()); err != nil {
		return err
	}
	return g.showsProblem(ctx)
}

// goesOnElsewhere shows a run that another one has taken the place of.
func goesOnElsewhere(ctx context.Context, g *guide) error {
	if err := g.begins(ctx, viaApp, besidePhone); err != nil {
		return err
	}
	first := g.visitor.Run
	if err := g.begins(ctx, viaApp, besidePhone); err != nil {
		return err
	}
	return g.shows(ctx, first+"/get-app")
}

// isRefusedWithoutDetails answers with what is no answer.
func isRefusedWithoutDetails(ctx context.Context, g *guide) error {
	if _, err := g.asks(ctx, viaApp, besidePhone); err != nil {
		return err
	}
	if err := g.sends(ctx, g.visitor.Run+"/verify", "{}"); err != nil {
		return err
	}
	return g.showsProblem(ctx)
}

// triesTooOften lets ceremonies fail until the wizard asks for a pause.
func triesTooOften(ctx context.Context, g *guide) error {
	if _, err := g.asks(ctx, viaAny, besidePhone); err != nil {
		return err
	}
	for range 5 {
		if err := g.sends(ctx, g.visitor.Run+"/client-error", `{"name":"NotAllowedError"}`); err != nil {
			return err
		}
		if err := g.retries(ctx, "E1"); err != nil {
			return err
		}
		if _, _, err := g.visitor.Options(ctx); err != nil { // the last time there are none
			return err
		}
	}
	return g.showsProblem(ctx)
}

// isSettled loses a reply and ends the doubt, as the page of E9 does in the end.
func isSettled(ctx context.Context, g *guide) error {
	if _, err := g.asks(ctx, viaApp, besidePhone); err != nil {
		return err
	}
	if err := g.sends(ctx, g.visitor.Run+"/client-error", `{"name":"network"}`); err != nil {
		return err
	}
	if err := g.sends(ctx, g.visitor.Run+"/outcome", "{}"); err != nil {
		return err
	}
	return g.showsProblem(ctx)
}
