package journeys

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds what the stops of the tour have in common: how a run gets where it must be.

// The rows of S1, as forms name them, and where the phone is.
const (
	viaApp      = "app"
	viaKey      = "security-key"
	viaAny      = "passkey"
	besidePhone = ""        // the pages are on a computer
	onThePhone  = "Android" // the pages are on the phone
	onTheIPhone = "iOS"
)

// begins starts a run over the API. The last argument is what the browser says that it runs on.
func (g *guide) begins(ctx context.Context, method, runsOn string) error {
	g.visitor.Phone = runsOn
	return g.visitor.StartRun(ctx, method)
}

// walks takes the run to the screen whose address ends with a word, or, without one, to the ceremony.
func (g *guide) walks(ctx context.Context, phone rp.PhoneOS, to string) error {
	for _, at := range []struct {
		screen rp.Screen
		extra  url.Values
	}{
		{rp.S3, nil}, {rp.S4, url.Values{"phone": {string(phone)}}}, {rp.S5a, nil}, {rp.S5i, nil}, {rp.S6, nil},
		{rp.K1, url.Values{"key": {"usb"}}},
	} {
		if at.screen.Word() == to {
			return nil
		}
		form := url.Values{"from": {string(at.screen)}, "event": {"next"}}
		for name, values := range at.extra {
			form[name] = values
		}
		// A screen that this flow does not have answers with the screen that it is on.
		if err := g.posts(ctx, g.visitor.Run+"/"+at.screen.Word(), form); err != nil {
			return err
		}
	}
	return nil
}

// standsAt begins a run and shows the screen whose address ends with the word.
func standsAt(method, runsOn string, phone rp.PhoneOS, word string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		if err := g.begins(ctx, method, runsOn); err != nil {
			return err
		}
		if err := g.walks(ctx, phone, word); err != nil {
			return err
		}
		return g.shows(ctx, g.visitor.Run+"/"+word)
	}
}

// asks begins a run, walks to its ceremony and asks for options, which it returns.
func (g *guide) asks(ctx context.Context, method, runsOn string) ([]byte, error) {
	if err := g.begins(ctx, method, runsOn); err != nil {
		return nil, err
	}
	if err := g.walks(ctx, rp.Android, ""); err != nil {
		return nil, err
	}
	return g.asksAgain(ctx)
}

func (g *guide) asksAgain(ctx context.Context) ([]byte, error) {
	reply, options, err := g.visitor.Options(ctx)
	return options, good(reply, err)
}

// answers makes a passkey in a provider for options and sends it in; a refusal is what some stops want.
func (g *guide) answers(ctx context.Context, options []byte, in provider.Provider) (*lab.Reply, error) {
	device := g.deviceOf(in)
	if g.visitor.Phone == besidePhone {
		device.Attachment = lab.CrossPlatform
	}
	made, err := device.Create(ctx, options)
	if err != nil {
		return nil, err
	}
	return g.visitor.Verify(ctx, made)
}

// browserSays begins a run and lets its ceremony end with what a browser's page reports.
func browserSays(name, method, runsOn string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		if _, err := g.asks(ctx, method, runsOn); err != nil {
			return err
		}
		return g.reports(ctx, name)
	}
}

func (g *guide) reports(ctx context.Context, name string) error {
	if err := g.sends(ctx, g.visitor.Run+"/client-error", `{"name":"`+name+`"}`); err != nil {
		return err
	}
	return g.showsProblem(ctx)
}

func (g *guide) showsProblem(ctx context.Context) error {
	return g.shows(ctx, g.visitor.Run+"/problem")
}

// presses presses a control of the page that is open.
func (g *guide) presses(ctx context.Context, hook page.Hook) error {
	return page.PressHook(ctx, g.Page, hook)
}

// then does one thing after the other.
func then(all ...func(context.Context, *guide) error) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		for _, do := range all {
			if err := do(ctx, g); err != nil {
				return err
			}
		}
		return nil
	}
}

// opening shows an address.
func opening(path string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error { return g.shows(ctx, path) }
}

// outside shows an address to somebody who is not signed in.
func outside(path string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		if _, err := g.goesOut(ctx); err != nil {
			return err
		}
		return g.shows(ctx, path)
	}
}

// pressing presses a control.
func pressing(hook page.Hook) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error { return g.presses(ctx, hook) }
}

// seeing waits for a screen.
func seeing(step page.Step) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		_, err := page.Await(ctx, g.Page, step)
		return err
	}
}

// submitting posts a form from the window to an address, or, where it begins with a word, to that screen of the run.
func submitting(path string, fields map[string]string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		address := path
		if !strings.HasPrefix(path, "/") {
			address = g.visitor.Run + "/" + path
		}
		return page.Submit(ctx, g.Page, address, fields)
	}
}

// having registers a passkey of a provider.
func having(method string, in provider.Provider) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error { return g.holds(ctx, method, in) }
}

// signsInWith signs somebody in with a passkey over the API, from a browser without a session, and lends the window what came of
// it: a session, or the reason why there is none.
func (g *guide) signsInWith(ctx context.Context, in provider.Provider, attachment string) error {
	visitor, err := g.goesOut(ctx)
	if err != nil {
		return err
	}
	reply, err := visitor.PostJSON(ctx, "/sign-in/options", []byte("{}"))
	if err = good(reply, err); err != nil {
		return err
	}
	var asked struct{ PublicKey json.RawMessage }
	if err := json.Unmarshal(reply.Body, &asked); err != nil {
		return err
	}
	device := g.deviceOf(in)
	device.Attachment = attachment
	answer, err := device.Get(ctx, asked.PublicKey)
	if err != nil {
		return err
	}
	return g.entersWith(ctx, visitor, answer)
}

// entersWith posts an assertion and lends the window the visitor's cookies.
func (g *guide) entersWith(ctx context.Context, visitor *lab.Visitor, answer []byte) error {
	reply, err := visitor.PostJSON(ctx, "/sign-in/verify", answer)
	if err == nil && reply.Status >= http.StatusInternalServerError {
		err = good(reply, nil)
	}
	if err != nil {
		return err
	}
	g.visitor = visitor
	return g.Lend(ctx, visitor)
}

// saves makes a passkey in a provider that the organisation refuses, from now on: it is there, and not here.
func (g *guide) saves(ctx context.Context, method string, in provider.Provider) error {
	if err := g.accepts(ctx, onlyTheApp()); err != nil {
		return err
	}
	options, err := g.asks(ctx, method, besidePhone)
	if err != nil {
		return err
	}
	return g.isRefused(ctx, options, in)
}

// isRefused makes a passkey for options and finds that it is refused.
func (g *guide) isRefused(ctx context.Context, options []byte, in provider.Provider) error {
	reply, err := g.answers(ctx, options, in)
	if err == nil && reply.Status < http.StatusBadRequest {
		err = &Unexpected{What: "the answer to a passkey in " + in.Name, Expected: "a refusal", Got: reply.String()}
	}
	return err
}

// deletingAll deletes every passkey of the account, as the page's script does.
func deletingAll(ctx context.Context, g *guide) error {
	list, err := g.Passkeys(ctx, g.who)
	if err != nil {
		return err
	}
	for _, one := range list {
		reply, err := g.visitor.PostForJSON(ctx, passkeyPath(one.Key(), "delete"), nil)
		if err := good(reply, err); err != nil {
			return err
		}
	}
	return nil
}

// onlyPasskey returns the key of the account's only passkey.
func (g *guide) onlyPasskey(ctx context.Context) (string, error) {
	list, err := g.Passkeys(ctx, g.who)
	if err == nil && len(list) != 1 {
		err = &Unexpected{What: "the account's passkeys", Expected: "one", Got: strconv.Itoa(len(list))}
	}
	if err != nil {
		return "", err
	}
	return list[0].Key(), nil
}

// aFullList is Security info with all that it can have at once: the app's passkey, used just now; one that the policy refuses
// meanwhile; a security key; and the reminder of a passkey that was saved in the wrong place.
func aFullList(ctx context.Context, g *guide) error {
	inApp, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
	for _, do := range []func(context.Context, *guide) error{having(viaApp, inApp), having(viaAny, google), having(viaKey, provider.USBSecurityKey())} {
		if err := do(ctx, g); err != nil {
			return err
		}
	}
	if err := g.saves(ctx, viaApp, provider.SamsungPass()); err != nil {
		return err
	}
	if err := g.accepts(ctx, policy.BlockList(google.Model.AAGUID)); err != nil {
		return err
	}
	if err := g.signsInWith(ctx, inApp, lab.Platform); err != nil {
		return err
	}
	return g.shows(ctx, "/security-info")
}

// campaign is the policy of an organisation that asks for passkeys until it insists.
func campaign() policy.Policy {
	return policy.Policy{RegistrationCampaign: policy.Campaign{State: policy.StateEnabled, EnforceRegistrationAfterAllowedSnoozes: true}}
}

// snoozesToTheEnd puts the campaign's question off until that cannot be done any more.
func snoozesToTheEnd(ctx context.Context, g *guide) error {
	for range policy.AllowedSnoozes {
		if err := g.accepts(ctx, campaign()); err != nil {
			return err
		}
		if err := g.posts(ctx, "/security-info/prompt", nil); err != nil {
			return err
		}
		if err := g.accepts(ctx, policy.Policy{}); err != nil { // else signing in leads to the question
			return err
		}
		if err := g.signsIn(ctx); err != nil {
			return err
		}
	}
	return then(accepting(campaign()), opening("/security-info"))(ctx, g)
}
