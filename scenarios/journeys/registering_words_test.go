package journeys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-rod/rod/lib/proto"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// This file holds the words for adding a passkey step by step.

// goesOn presses the primary button of a screen and finds itself on another one, at that place of the wizard.
func (p *Person) goesOn(to page.Step, place string) page.Screen {
	GinkgoHelper()
	p.pressesHook(page.Primary)
	screen := p.sees(to)
	p.finds("the title tells the place in the wizard", screen.Title, gomega.ContainSubstring(place))
	return screen
}

// picks picks an option by its name and goes on to the screen that follows,
// pressing Next where the option alone does not lead on.
func (p *Person) picks(option string, to page.Step) {
	GinkgoHelper()
	p.does("picks "+option, func(ctx context.Context) error {
		before, err := page.Settled(ctx, p.Page)
		if err != nil {
			return err
		}
		if err := page.Press(ctx, p.Page, "radio", option); err != nil {
			return err
		}
		if before.Step == page.S4 { // a press on a phone goes on by itself
			return nil
		}
		return page.PressHook(ctx, p.Page, page.Primary)
	})
	p.sees(to)
}

// pressesTwice presses a button twice at the same place, as fast as a mouse can.
func (p *Person) pressesTwice(name string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("double-clicks %q", name), func(ctx context.Context) error {
		button, err := p.Page.ByRole(ctx, "button", name)
		if err != nil {
			return err
		}
		button = button.Context(ctx)
		if err := button.ScrollIntoView(); err != nil {
			return err
		}
		place, err := button.WaitInteractable()
		if err != nil {
			return err
		}
		mouse := p.Page.Rod.Mouse
		if err := mouse.MoveTo(*place); err != nil {
			return err
		}
		for click := 1; click <= 2; click++ {
			if err := mouse.Click(proto.InputMouseButtonLeft, click); err != nil {
				return err
			}
		}
		return nil
	})
}

// findsTyped finds what stands in the text field with that label.
func (p *Person) findsTyped(label, text string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("finds %q in the field %s", text, label), func(ctx context.Context) error {
		field, err := p.Page.ByRole(ctx, "textbox", label)
		if err != nil {
			return err
		}
		value, err := field.Context(ctx).Property("value")
		if err != nil {
			return err
		}
		return holds("the field "+label, value.Str(), gomega.Equal(text))
	})
}

// findsPicked finds that the option with that name is the one picked.
func (p *Person) findsPicked(option string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("finds %s picked", option), func(ctx context.Context) error {
		radio, err := p.Page.ByRole(ctx, "radio", option)
		if err != nil {
			return err
		}
		checked, err := radio.Context(ctx).Property("checked")
		if err != nil {
			return err
		}
		return holds(option+" is picked", checked.Bool(), gomega.BeTrue())
	})
}

// neverOpened finds that the window never asked for a screen of the wizard, by the last words of their addresses.
func (p *Person) neverOpened(words ...string) {
	GinkgoHelper()
	var opened []string
	for _, request := range p.Page.Requests() {
		if request.Kind == "Document" && request.Method == "GET" && slices.ContainsFunc(words, func(word string) bool {
			return strings.HasSuffix(request.URL, "/"+word)
		}) {
			opened = append(opened, request.URL)
		}
	}
	p.finds(fmt.Sprintf("the screens %q were never opened", words), opened, gomega.BeEmpty())
}

// movesToANewTab closes the tab and goes on in a new one, with the same cookies.
func (p *Person) movesToANewTab() {
	GinkgoHelper()
	p.does("closes the tab and opens a new one", func(ctx context.Context) error {
		if err := p.Page.Close(); err != nil {
			return err
		}
		fresh, err := p.Context.NewPage(ctx)
		if err != nil {
			return err
		}
		p.Page, p.scene = fresh, &window{journey: p.place, page: fresh}
		return nil
	})
}

// findsBrokenOff finds that the browser's one call and the server's one ceremony have ended for that reason, without a response.
func (p *Person) findsBrokenOff(calls *browser.Spy, reasons ...string) {
	GinkgoHelper()
	p.comesToFind("the browser's call is over without a passkey", func(context.Context) (any, error) { return calls.Calls(), nil },
		gomega.ConsistOf(gomega.And(gomega.HaveField("Name", "create"), gomega.HaveField("Outcome", gomega.And(gomega.Not(gomega.BeEmpty()), gomega.Not(gomega.Equal("ok")))))))
	p.findsDeadChallenge(reasons...)
}

// findsDeadChallenge finds that the one ceremony's challenge has ended for one of the reasons.
func (p *Person) findsDeadChallenge(reasons ...string) {
	GinkgoHelper()
	party := p.inside("the store's ceremonies")
	p.comesToFind("the challenge is dead", func(ctx context.Context) (any, error) { return party.Ceremonies(ctx, p.Account.ID) },
		gomega.ContainElement(gomega.And(
			gomega.HaveField("Kind", rp.KindCreate), gomega.HaveField("ConsumedAt.IsZero()", false), gomega.HaveField("ClientErrorName", gomega.BeElementOf(reasons)),
		)))
}

// creation is what a page asked navigator.credentials.create for, as far as a spy can see: buffers are empty to it.
type creation struct {
	PublicKey struct {
		Hints                  []string `json:"hints"`
		AuthenticatorSelection struct {
			AuthenticatorAttachment string `json:"authenticatorAttachment"`
		} `json:"authenticatorSelection"`
	} `json:"publicKey"`
}

// findsBrowserAsked finds the attachment and the hint of the one creation that the page asked the browser for.
func (p *Person) findsBrowserAsked(calls *browser.Spy, attachment, hint string) {
	GinkgoHelper()
	var asked []creation
	p.finds("the browser was asked to create exactly one passkey", calls.Count("create"), gomega.Equal(1))
	p.does(fmt.Sprintf("finds that the browser was asked for attachment %q with the hint %q", attachment, hint), func(context.Context) error {
		if err := json.Unmarshal(calls.Calls()[0].Args, &asked); err != nil {
			return err
		}
		return holds("the options", asked, gomega.ConsistOf(gomega.And(
			gomega.HaveField("PublicKey.Hints", gomega.Equal([]string{hint})),
			gomega.HaveField("PublicKey.AuthenticatorSelection.AuthenticatorAttachment", gomega.Equal(attachment)),
		)))
	})
}

// heldOn returns what a DevTools authenticator holds, after finding how many passkeys that is.
func (p *Person) heldOn(authenticator *webauthn.Authenticator, count int) []webauthn.Credential {
	GinkgoHelper()
	var held []webauthn.Credential
	p.does(fmt.Sprintf("finds %d passkeys on the authenticator", count), func(ctx context.Context) error {
		var err error
		if held, err = authenticator.Credentials(ctx); err != nil {
			return err
		}
		return holds("the authenticator's passkeys", held, gomega.HaveLen(count))
	})
	return held
}

// theCard returns the one card on Security info.
func (p *Person) theCard() page.PasskeyCard {
	GinkgoHelper()
	p.sees(page.S0)
	cards := p.cards()
	p.finds("there is one card", cards, gomega.HaveLen(1))
	return cards[0]
}

// findsNewCard finds that Security info lists one passkey, with that name, made today and never used.
func (p *Person) findsNewCard(name string) {
	GinkgoHelper()
	p.finds("its card is named "+name+", made today and never used", p.theCard(), gomega.And(
		gomega.HaveField("Name", name), gomega.HaveField("Provider", "Larkspur ID"),
		gomega.HaveField("Created", gomega.ContainSubstring("today")), gomega.HaveField("LastUsed", "Never used"),
	))
}

// findsLink finds a link by its name, and that it leads to where its address begins.
func (p *Person) findsLink(name, address string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("finds the link %q to %s", name, address), func(ctx context.Context) error {
		link, err := p.Page.ByRole(ctx, "link", name)
		if err != nil {
			return err
		}
		leads, err := link.Context(ctx).Property("href")
		if err != nil {
			return err
		}
		return holds("where the link leads", leads.Str(), gomega.HavePrefix(address))
	})
}

// excludedOnThePhone returns the exclude list of the latest ceremony that reached the phone.
func (p *Person) excludedOnThePhone() [][]byte {
	GinkgoHelper()
	var ids [][]byte
	p.does("looks at what the phone was told to exclude", func(context.Context) error {
		asked := p.Handset.Asked()
		if len(asked) == 0 {
			return &Unexpected{What: "the phone", Expected: "a request", Got: "none"}
		}
		var options creationOptions
		if err := json.Unmarshal(asked[len(asked)-1], &options); err != nil {
			return err
		}
		for _, excluded := range options.Exclude {
			ids = append(ids, excluded.ID)
		}
		return nil
	})
	return ids
}

// openRuns returns the person's runs that are neither over nor taken over.
func (p *Person) openRuns() []rp.Run {
	GinkgoHelper()
	return slices.DeleteFunc(p.runs(), func(run rp.Run) bool { return run.Over() || len(run.ResultCredentialID) > 0 })
}

// creationOptions is the part of PublicKeyCredentialCreationOptionsJSON that journeys look at (WebAuthn L3 §5.1.8).
type creationOptions struct {
	RP struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID base64URL `json:"id"`
	} `json:"user"`
	Challenge base64URL `json:"challenge"`
	Exclude   []struct {
		ID base64URL `json:"id"`
	} `json:"excludeCredentials"`
	Selection struct {
		ResidentKey        string `json:"residentKey"`
		RequireResidentKey bool   `json:"requireResidentKey"`
		UserVerification   string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	Attestation string `json:"attestation"`
	Timeout     int    `json:"timeout"`
}

// base64URL is bytes that JSON carries in base64url without padding.
type base64URL []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *base64URL) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.DecodeString(string(text))
	return err
}

// readsOptions asks for creation options several times and returns them all.
func (p *Person) readsOptions(visitor *lab.Visitor, times int) []creationOptions {
	GinkgoHelper()
	all := make([]creationOptions, times)
	p.does(fmt.Sprintf("asks for the options %d times", times), func(ctx context.Context) error {
		for i := range all {
			reply, options, err := visitor.Options(ctx)
			if err != nil {
				return err
			}
			if err := holds("the answer", reply.Status, gomega.Equal(http.StatusOK)); err != nil {
				return err
			}
			if err := json.Unmarshal(options, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// signsSomebodyUp makes another account.
func (p *Person) signsSomebodyUp(userName string) lab.Account {
	GinkgoHelper()
	var account lab.Account
	p.does(userName+" signs up", func(ctx context.Context) (err error) {
		account, err = p.AddAccount(ctx, userName, userName)
		return err
	})
	return account
}

// distinct counts the different values of one member.
func distinct(all []creationOptions, member func(creationOptions) base64URL) int {
	seen := map[string]bool{}
	for _, one := range all {
		seen[string(member(one))] = true
	}
	return len(seen)
}

func challengeOf(o creationOptions) base64URL { return o.Challenge }
func userOf(o creationOptions) base64URL      { return o.User.ID }
