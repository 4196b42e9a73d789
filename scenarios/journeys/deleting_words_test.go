package journeys

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// asksToDelete presses the Delete button of a passkey's card and finds the dialog that names it.
func (p *Person) asksToDelete(name string) {
	GinkgoHelper()
	p.presses("Delete " + name)
	p.findsDialog("Delete " + name + "?")
}

// findsDialog finds an open dialog with that accessible name.
func (p *Person) findsDialog(name string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("finds the dialog %q", name), func(ctx context.Context) error {
		_, err := p.Page.ByRole(ctx, "dialog", name)
		return err
	})
}

// findsNoDialog finds that no dialog is open.
func (p *Person) findsNoDialog() {
	GinkgoHelper()
	p.comesToFind("no dialog is open", func(ctx context.Context) (any, error) {
		return page.Shows(ctx, p.Page, page.DialogDelete) || page.Shows(ctx, p.Page, page.DialogRename), nil
	}, gomega.BeFalse())
}

// deletes deletes a passkey through its dialog and finds it gone.
func (p *Person) deletes(name string) {
	GinkgoHelper()
	p.asksToDelete(name)
	p.pressesHook(page.DialogConfirm)
	p.findsToast("Passkey deleted")
}

// findsToast finds the status message.
func (p *Person) findsToast(text string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the status message says %q", text), func(ctx context.Context) (any, error) {
		return page.TextOf(ctx, p.Page, page.Toast)
	}, gomega.ContainSubstring(text))
}

// findsFocus finds that the keyboard's focus is on the control with that name.
func (p *Person) findsFocus(name string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the focus is on %q", name), func(ctx context.Context) (any, error) {
		screen, err := page.Read(ctx, p.Page)
		return screen.Focus, err
	}, gomega.ContainSubstring(name))
}

// signsOut signs out through the page's own button.
func (p *Person) signsOut() {
	GinkgoHelper()
	p.presses("Sign out")
	p.sees(page.SignIn)
}

// usesAPasskey presses the sign-in page's passkey button.
func (p *Person) usesAPasskey() {
	GinkgoHelper()
	p.opens("/sign-in", page.SignIn)
	p.presses("Sign in with a passkey")
	p.scans()
}

// named returns the stored passkey with that name.
func (p *Person) named(name string) lab.Passkey {
	GinkgoHelper()
	for _, stored := range p.stored() {
		if stored.Name == name {
			return stored
		}
	}
	p.fail(p.ctx, fmt.Sprintf("finds the stored passkey %q", name), &Unexpected{What: "the store", Expected: name, Got: "no passkey of that name"})
	return lab.Passkey{}
}

// cardOf returns the card of the newest passkey that a provider on the handset holds.
func (p *Person) cardOf(in provider.Provider) page.PasskeyCard {
	GinkgoHelper()
	held := p.held(in)
	if len(held) == 0 {
		p.fail(p.ctx, "looks for the card of "+in.Name, &Unexpected{What: in.Name, Expected: "a passkey", Got: "none"})
	}
	id := base64.RawURLEncoding.EncodeToString(held[len(held)-1].ID)
	for _, card := range p.cards() {
		if card.Credential != "" && strings.HasSuffix(id, card.Credential) {
			return card
		}
	}
	p.fail(p.ctx, "looks for the card of "+in.Name, &Unexpected{What: "Security info", Expected: "a card whose id ends like " + id, Got: "no such card"})
	return page.PasskeyCard{}
}

// enabled reports whether the visible control with the hook can be pressed.
func (p *Person) enabled(hook page.Hook) bool {
	GinkgoHelper()
	var enabled bool
	p.does(fmt.Sprintf("looks whether the %s control can be pressed", hook), func(ctx context.Context) error {
		var err error
		enabled, err = page.Enabled(ctx, p.Page, hook)
		return err
	})
	return enabled
}

// keepsOnlyPasskeys takes password and one-time code from the person's account.
func (p *Person) keepsOnlyPasskeys() {
	GinkgoHelper()
	p.inside("the database")
	p.does("has neither password nor code any more", p.KeepOnlyPasskeys)
}

// meetsADamagedTable makes the relying party unable to read the list of passkeys, or able again.
func (p *Person) meetsADamagedTable(damaged bool) {
	GinkgoHelper()
	p.inside("the database")
	text := "meets a damaged table"
	if !damaged {
		text = "has the table mended"
	}
	p.does(text, func(ctx context.Context) error { return p.FailCredentialLists(ctx, damaged) })
}

// visitsAs signs up somebody else and returns their visitor, signed in.
func (p *Person) visitsAs(name string) *lab.Visitor {
	GinkgoHelper()
	visitor := p.visits()
	p.does(name+" signs in", func(ctx context.Context) error {
		account, err := p.Stage.AddAccount(ctx, name, strings.ToUpper(name[:1])+name[1:])
		if err != nil {
			return err
		}
		return visitor.SignIn(ctx, account)
	})
	return visitor
}

// posts sends an empty form as the page's script would, which asks for JSON.
func (p *Person) posts(visitor *lab.Visitor, path string) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("posts to "+path, func(ctx context.Context) error {
		var err error
		reply, err = visitor.PostForJSON(ctx, path, nil)
		return err
	})
	return reply
}

// adminRemoves makes an administrator remove one of the person's passkeys.
func (p *Person) adminRemoves(doomed lab.Passkey) {
	GinkgoHelper()
	party := p.inside("the administrator")
	p.does("has an admin who removes "+doomed.Name, func(ctx context.Context) error { return party.RemovePasskey(ctx, p.Account.ID, doomed.Key()) })
}
