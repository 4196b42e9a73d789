package phone

import (
	"context"
	"fmt"
	"slices"
)

// Ids of the controls of P11 and P12.
const (
	sheetContinue = "sheet-continue"
	sheetSensor   = "sheet-sensor"
	sheetCancel   = "sheet-cancel"
	moreOptions   = "more-options"
	otherDevice   = "another-device"
	optionsBack   = "options-back"
	openPasswords = "open-passwords"
)

// picking is the user in front of the provider sheet: P11 and P12.
type picking struct {
	*ceremony
	question
	selected string // the id of the row
	missed   bool   // the sensor did not recognise her
}

// pick is P11 and P12: the user chooses. Where Android merges the two she is verified by the same touch.
func (c *ceremony) pick(ctx context.Context, q question) (choice, error) {
	if err := c.enter(ctx, P11); err != nil {
		return choice{}, err
	}
	p := &picking{ceremony: c, question: q, selected: q.first}
	for {
		s, all := p.now()
		if len(all) == 0 {
			if chosen, err := p.nothing(ctx); err != nil || chosen.provider != "" {
				return chosen, err
			}
			continue
		}
		at := all[max(slices.IndexFunc(all, func(o choice) bool { return o.id == p.selected }), 0)]
		r, err := c.ask(ctx, p.sheet(s, all, at))
		if err != nil {
			return choice{}, err
		}
		p.missed = false
		act := sheetTaps[r.control]
		if act == nil { // a row
			p.selected = r.control
			continue
		}
		if chosen, done, err := act(p, ctx, at); done || err != nil {
			return chosen, err
		}
	}
}

// sheetTaps say what a tap on the sheet does: with the row that is selected, it may end the choice.
//
// Never written after the program has started.
var sheetTaps = map[string]func(p *picking, ctx context.Context, at choice) (choice, bool, error){
	sheetContinue: func(_ *picking, _ context.Context, at choice) (choice, bool, error) { return at, true, nil },
	sheetCancel: func(*picking, context.Context, choice) (choice, bool, error) {
		return choice{}, true, ErrDeclined
	},
	sheetSensor: func(p *picking, ctx context.Context, at choice) (choice, bool, error) {
		if err := p.enter(ctx, P14); err != nil {
			return choice{}, true, err
		}
		if p.recognised() {
			p.unlocked = true
			return at, true, nil
		}
		p.missed = true
		return choice{}, false, p.enter(ctx, P11)
	},
	moreOptions: (*picking).options,
	otherDevice: func(p *picking, ctx context.Context, _ choice) (choice, bool, error) {
		chosen, err := p.securityKey(ctx)
		return chosen, true, err
	},
}

// now returns the settings, and the choices by them.
func (p *picking) now() (Settings, []choice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings, p.choices(p.settings)
}

// sheet is P11.
func (p *picking) sheet(s Settings, all []choice, at choice) screen {
	sheet := screen{id: ScreenSheet, title: p.title, text: p.text}
	if p.missed {
		sheet.text = "Not recognised. Try again."
	}
	for _, o := range all {
		if p.listed || o.id == at.id {
			sheet.entries = append(sheet.entries, o.entry(o.id == at.id))
		}
	}
	sheet.controls = []Control{agree(sheetContinue, "Continue")}
	if p.mergeable(s, at) {
		sheet.controls[0] = Control{ID: sheetSensor, Label: "Touch the fingerprint sensor", Kind: KindSensor, Role: Agree}
	}
	if p.listed {
		sheet.controls = append(sheet.controls, link(otherDevice, "Another device"))
	} else {
		sheet.controls = append(sheet.controls, link(moreOptions, "Save another way"))
	}
	sheet.controls = append(sheet.controls, decline(sheetCancel, "Cancel"))
	return sheet
}

func (o choice) entry(selected bool) Entry {
	return Entry{ID: o.id, Label: o.label, Detail: o.detail, Count: o.count, Selected: selected, Kind: KindChoice}
}

// mergeable reports whether a touch on the sheet is enough: nothing of the provider's own comes in between.
func (p *picking) mergeable(s Settings, o choice) bool {
	entry := s.Find(o.provider)
	return s.merged() && !p.unlocked && entry.Vault == VaultOpen && entry.UV == PerformsUV
}

// options is P12: all providers that are switched on, and those that could be.
func (p *picking) options(ctx context.Context, _ choice) (choice, bool, error) {
	if err := p.enter(ctx, P12); err != nil {
		return choice{}, true, err
	}
	s, all := p.now()
	list := screen{id: ScreenOptions, title: "Save another way", text: p.text}
	for _, o := range all {
		list.entries = append(list.entries, o.entry(false))
	}
	for _, off := range s.Providers {
		if s.listed(off) && off.Off {
			id := "off-" + slug(off.Key())
			list.entries = append(list.entries, Entry{ID: id, Label: off.Name, Detail: "Other password managers", Count: -1, Off: true, Kind: KindChoice})
			list = list.on(id, open(passwordsPage))
		}
	}
	list.controls = []Control{link(otherDevice, "Another device"), decline(optionsBack, "Back")}
	r, err := p.askUnless(ctx, list, func(now Settings) bool { return len(p.choices(now)) != len(all) })
	switch {
	case err != nil:
		return choice{}, true, err
	case r.control == otherDevice:
		chosen, err := p.securityKey(ctx)
		return chosen, true, err
	case r.control == "": // a provider was switched on or off: look again
		return p.options(ctx, choice{})
	}
	if i := slices.IndexFunc(all, func(o choice) bool { return o.id == r.control }); i >= 0 {
		all[i].elsewhere = true
		return all[i], true, nil
	}
	return choice{}, false, p.enter(ctx, P11)
}

// nothing is the sheet when there is nothing to choose from. The zero choice means: look again.
func (p *picking) nothing(ctx context.Context) (choice, error) {
	s := screen{
		id: ScreenNoPasskeys, title: "No passkeys available", text: "There is no passkey for this website on this phone.",
		controls: []Control{agree("no-passkeys-close", "Close"), link(otherDevice, "Another device")},
	}
	if !p.passkey {
		s = screen{
			id: ScreenSheet, title: p.title, text: "No provider is switched on.",
			controls: []Control{link(openPasswords, "Settings"), link(otherDevice, "Another device"), decline(sheetCancel, "Cancel")},
		}.on(openPasswords, open(passwordsPage))
	}
	r, err := p.askUnless(ctx, s, func(now Settings) bool { return len(p.choices(now)) > 0 })
	switch {
	case err != nil:
		return choice{}, err
	case r.control == "":
		return choice{}, nil
	case r.control == otherDevice:
		return p.securityKey(ctx)
	}
	return choice{}, p.none
}

// securityKey lets a key answer that is held to the phone; without one its user can only give up.
func (p *picking) securityKey(ctx context.Context) (choice, error) {
	s := screen{
		id: ScreenOtherDevice, title: "Use a security key", text: "Hold the key to the back of this phone.",
		controls: []Control{decline("key-cancel", "Cancel")},
	}
	keys := map[string]choice{}
	for _, k := range p.settingsNow().Providers {
		if !k.onDevice() && !k.Missing {
			id := "key-" + slug(k.Key())
			keys[id] = choice{provider: k.Key(), id: id}
			s.controls = append(s.controls, Control{ID: id, Label: fmt.Sprintf("Hold %s to the phone", k.Name), Kind: KindSensor})
		}
	}
	if len(keys) > 0 {
		s.controls[1].Role = Agree
	}
	r, err := p.ask(ctx, s)
	if err != nil {
		return choice{}, err
	}
	chosen, held := keys[r.control]
	if !held {
		return choice{}, ErrDeclined
	}
	p.unlocked = true // the key asks for its own touch
	return chosen, nil
}
