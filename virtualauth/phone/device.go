package phone

import (
	"context"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// install makes the authenticator of a provider.
func (p *Phone) install(entry Provider) (*virtualauth.Authenticator, error) {
	key := entry.Key()
	world := virtualauth.World{User: attendant{p, key}, Clock: p.world.Clock, Rand: p.world.Rand}
	var err error
	if p.world.Keys != nil {
		if world.Keys, err = p.world.Keys(key); err != nil {
			return nil, err
		}
	}
	if p.world.Store != nil {
		if world.Store, err = p.world.Store(key); err != nil {
			return nil, err
		}
	}
	if p.world.Equip != nil {
		p.world.Equip(key, &world)
	}
	if world.Store == nil {
		return virtualauth.New(entry.Model, world), nil
	}
	return virtualauth.Open(context.Background(), entry.Model, world)
}

// attendant is the user as the authenticator of a provider knows her: what it asks becomes screens of the ceremony.
type attendant struct {
	phone    *Phone
	provider string
}

// Consent asks the user of the ceremony.
func (a attendant) Consent(ctx context.Context, prompt virtualauth.Prompt) (virtualauth.Consent, error) {
	a.phone.mu.Lock()
	c := a.phone.ceremony
	a.phone.mu.Unlock()
	if c == nil {
		return virtualauth.Consent{Refused: true}, nil
	}
	consent, err := c.consent(ctx, a.provider, prompt)
	if errors.Is(err, ErrDeclined) || errors.Is(err, ErrLockedOut) {
		c.refused = err
		return virtualauth.Consent{Refused: true}, nil
	}
	return consent, err
}

// consent is the provider's own question.
func (c *ceremony) consent(ctx context.Context, key string, prompt virtualauth.Prompt) (virtualauth.Consent, error) {
	s := c.settingsNow()
	entry := s.Find(key)
	agreed := virtualauth.Consent{Present: true, Verified: prompt.Verify}
	if prompt.Reason == virtualauth.ToExplainDuplicate {
		return agreed, c.confirm(ctx, duplicate(entry.Name, prompt), "ok")
	}
	if entry.UV == PerformsUV {
		if err := c.verify(ctx); err != nil {
			return virtualauth.Consent{}, err
		}
	}
	if prompt.Reason == virtualauth.ToCreate && entry.Broken {
		return virtualauth.Consent{}, ErrStorage
	}
	if prompt.Reason == virtualauth.ToSignIn {
		agreed.Account = max(slices.IndexFunc(prompt.Accounts, func(a virtualauth.Account) bool {
			return slices.Equal(a.CredentialID, c.chosen.credential)
		}), 0)
	}
	return agreed, nil
}

// duplicate is a provider's own screen for an account that it holds already.
func duplicate(provider string, prompt virtualauth.Prompt) screen {
	s := notice(ScreenDuplicate, "There is a passkey already", provider+" holds a passkey for this account at "+prompt.RPID+". Delete it there first.")
	if len(prompt.Accounts) > 0 && prompt.Accounts[0].UserName != "" {
		s.title = "There is a passkey for " + prompt.Accounts[0].UserName + " already"
	}
	return s
}

// askProvider is P13 and P14: the provider's own screen, and its authenticator, which asks for the rest.
func (c *ceremony) askProvider(ctx context.Context, chosen choice, request []byte) ([]byte, error) {
	if err := c.confirmProvider(ctx, chosen); err != nil {
		return nil, err
	}
	return c.use(ctx, chosen, request)
}

// use lets the authenticator of a provider answer, which asks for what it needs.
func (c *ceremony) use(ctx context.Context, chosen choice, request []byte) ([]byte, error) {
	c.chosen, c.refused = chosen, nil
	c.mu.Lock()
	device, entry := c.devices[chosen.provider], c.settings.Find(chosen.provider)
	if device == nil || entry == nil {
		c.mu.Unlock()
		return nil, c.fail(ctx, Internal, ErrStorage) // removed while it was asked
	}
	device.Misbehave = entry.misbehaviour()
	c.mu.Unlock()
	response, err := device.Exchange(ctx, request)
	switch {
	case c.refused != nil:
		return nil, c.refused
	case err != nil:
		return nil, c.fail(ctx, Internal, err)
	case ended(ctx) != nil:
		return nil, ended(ctx)
	}
	return response, c.refusal(ctx, response)
}

// misbehaviour are the lies of its authenticator, habits included.
func (p Provider) misbehaviour() virtualauth.Misbehaviour {
	m := p.Misbehave
	if p.UV == OmitsUV {
		m.OmitUV = true
	}
	if p.IgnoresExclude {
		m.IgnoreExcludeList = true
	}
	return m
}

// refusal is the status of a response as an error, after the phone has said so.
func (c *ceremony) refusal(ctx context.Context, response []byte) error {
	status := ctap2.Status(response[0])
	switch status {
	case ctap2.OK:
		return nil
	case ctap2.CredentialExcluded:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.show(screen{id: ScreenExcluded, title: "You already have a passkey", text: "There is a passkey for this account in " + c.chosen.provider + "."})
		return status
	case ctap2.OperationDenied:
		return status // its user knows
	}
	return c.fail(ctx, Internal, status)
}

// confirmProvider is P13: its own unlock, and what the system asks about a provider that was chosen behind "more options".
func (c *ceremony) confirmProvider(ctx context.Context, chosen choice) error {
	s := c.settingsNow()
	entry := s.Find(chosen.provider)
	if entry == nil || !entry.onDevice() {
		return nil
	}
	locked := entry.Vault != VaultOpen
	own := !entry.BuiltIn && !c.unlocked
	if !locked && !own && !chosen.elsewhere {
		return nil
	}
	if err := c.enter(ctx, P13); err != nil {
		return err
	}
	if locked {
		if err := c.unlockVault(ctx, *entry); err != nil {
			return err
		}
	}
	switch {
	case chosen.elsewhere && s.OS == AndroidOS && s.Preferred != chosen.provider:
		return c.askDefault(ctx, *entry)
	case own:
		return c.confirm(ctx, screen{
			id: ScreenProvider, title: entry.Name, text: "Continue with " + entry.Name + "?",
			controls: []Control{agree("provider-continue", "Continue"), decline("provider-cancel", "Cancel")},
		}, "provider-continue")
	}
	return nil
}

// unlockVault asks the user to open the provider first.
func (c *ceremony) unlockVault(ctx context.Context, entry Provider) error {
	label := "Unlock"
	if entry.Vault == SignedOut {
		label = "Sign in"
	}
	err := c.confirm(ctx, screen{
		id: ScreenUnlock, title: entry.Name + " is locked", text: label + " to go on.",
		controls: []Control{agree("provider-unlock", label), decline("provider-cancel", "Cancel")},
	}, "provider-unlock")
	if err != nil {
		return err
	}
	return c.Change(func(s *Settings) {
		if e := s.Find(entry.Key()); e != nil {
			e.Vault = VaultOpen
		}
	})
}

// askDefault asks whether the provider shall come first from now on.
func (c *ceremony) askDefault(ctx context.Context, entry Provider) error {
	r, err := c.ask(ctx, screen{
		id: ScreenProvider, title: "Use " + entry.Name + " for all your sign-ins?",
		controls: []Control{
			agree("use-once", "Use once"), {ID: "set-default", Label: "Set as default", Kind: KindButton},
			decline("provider-cancel", "Cancel"),
		},
	})
	switch {
	case err != nil:
		return err
	case r.control == "set-default":
		return c.Change(func(s *Settings) { s.Preferred = entry.Key() })
	case r.control == "use-once":
		return nil
	}
	return ErrDeclined
}
