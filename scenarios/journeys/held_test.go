package journeys

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// besideTheComputer is the phone over hybrid: a browser on a computer reaches it by a code, Bluetooth and a tunnel. Its person
// taps its screens; what she means to do is said before she scans, what she waits with can be changed meanwhile.
type besideTheComputer struct {
	phone  *phone.Phone
	camera phone.CameraSource // looks at the browser's window
	screen *lab.Screen        // the phone's page, once she taps that; nil: she taps the phone itself

	mu      sync.Mutex
	person  phone.Person
	moods   map[string]lab.Mood // by Provider.Key
	changed chan struct{}       // closed and replaced when a mood changes
	putAway context.CancelFunc  // ends the ceremony under way; nil without one
	over    chan struct{}       // closed when it has ended
	slipped error               // why she could not go on tapping
}

// hold gives a person a phone as it comes out of its box: Android 15, without any provider.
func hold(it *phone.Phone, camera phone.CameraSource) (*besideTheComputer, error) {
	b := &besideTheComputer{phone: it, camera: camera, moods: map[string]lab.Mood{}, changed: make(chan struct{})}
	return b, it.Change(func(s *phone.Settings) { *s = phone.Settings{Name: "Mia's phone"} })
}

// close puts the phone away for good, and tells what she could not tap on its page.
func (b *besideTheComputer) close() error {
	b.putDown()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slipped
}

// putDown ends the ceremony under way, if there is one, and waits for it.
func (b *besideTheComputer) putDown() {
	b.mu.Lock()
	end, over := b.putAway, b.over
	b.mu.Unlock()
	if end != nil {
		end()
		<-over
	}
}

// builtIn are the providers that come with phones: old systems offer them too.
func builtIn(in provider.Provider) bool {
	return slices.Contains([]string{provider.GooglePasswordManager().Name, provider.SamsungPass().Name, provider.ApplePasswords().Name}, in.Name)
}

// has puts a provider on the phone, unless it is there.
func (b *besideTheComputer) has(in provider.Provider) error {
	settings := b.phone.Settings()
	if settings.Find(in.Name) != nil {
		return nil
	}
	return b.phone.Change(func(s *phone.Settings) {
		s.Providers = append(s.Providers, phone.Provider{Provider: in, BuiltIn: builtIn(in)})
	})
}

func (b *besideTheComputer) Held(in provider.Provider) ([]virtualauth.Credential, error) {
	if err := b.has(in); err != nil {
		return nil, err
	}
	var held []virtualauth.Credential
	for _, passkey := range b.phone.Passkeys() {
		if passkey.Provider == in.Name {
			held = append(held, passkey.Credential)
		}
	}
	return held, nil
}

// Unattended is the provider as the phone's own browser reaches it, with a person who agrees to everything.
func (b *besideTheComputer) Unattended(in provider.Provider) (ctap2.Transport, error) {
	return unattended{phone: b.phone, person: phone.Person{Provider: in.Name}}, b.has(in)
}

type unattended struct {
	phone  *phone.Phone
	person phone.Person
}

// Exchange implements ctap2.Transport.
func (u unattended) Exchange(ctx context.Context, request []byte) (response []byte, err error) {
	err = u.person.With(ctx, u.phone, func(ctx context.Context) error {
		response, err = u.phone.SameDevice().Exchange(ctx, request)
		return err
	})
	return response, err
}

func (b *besideTheComputer) Choose(in provider.Provider) error {
	b.mu.Lock()
	b.person.Provider = in.Name
	b.mu.Unlock()
	return b.has(in)
}

func (b *besideTheComputer) Feel(in provider.Provider, mood lab.Mood) error {
	b.mu.Lock()
	b.moods[in.Name] = mood
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
	return b.has(in)
}

// Asked is one prompt for each request that came to the phone, by what it has shown last about it. The phone asks before
// anybody has chosen a provider, so the provider plays no part.
func (b *besideTheComputer) Asked(provider.Provider) []virtualauth.Prompt {
	var prompts []virtualauth.Prompt
	for _, event := range b.phone.Trace() {
		switch event.What {
		case phone.Asked:
			if prompt, ok := promptOf(event.Bytes); ok {
				prompts = append(prompts, prompt)
			}
		case phone.Shown:
			if reason, ok := reasonsShown[event.View.Screen]; ok && len(prompts) > 0 {
				prompts[len(prompts)-1].Reason = reason
			}
		}
	}
	return prompts
}

// reasonsShown are the screens on which a phone says something else than what it was asked for.
var reasonsShown = map[phone.Screen]virtualauth.Reason{
	phone.ScreenExcluded: virtualauth.ToShowExcluded, phone.ScreenDuplicate: virtualauth.ToExplainDuplicate,
	phone.ScreenNoPasskeys: virtualauth.ToExplainNone,
}

// promptOf is what a CTAP2 request makes a phone ask.
func promptOf(request []byte) (virtualauth.Prompt, bool) {
	if len(request) == 0 {
		return virtualauth.Prompt{}, false
	}
	var create ctap2.MakeCredentialRequest
	var get ctap2.GetAssertionRequest
	switch ctap2.Command(request[0]) {
	case ctap2.CommandMakeCredential:
		err := ctap2.Unmarshal(request[1:], &create)
		return virtualauth.Prompt{
			Reason: virtualauth.ToCreate, RPID: create.RP.ID, RPName: create.RP.Name, Verify: verified(create.Options),
			Accounts: []virtualauth.Account{{UserName: create.User.Name, DisplayName: create.User.DisplayName}},
		}, err == nil
	case ctap2.CommandGetAssertion:
		err := ctap2.Unmarshal(request[1:], &get)
		return virtualauth.Prompt{Reason: virtualauth.ToSignIn, RPID: get.RPID, Verify: verified(get.Options)}, err == nil
	}
	return virtualauth.Prompt{}, false
}

func verified(options *ctap2.Options) bool {
	return options != nil && options.UserVerification != nil && *options.UserVerification
}

func (b *besideTheComputer) SavedIn() []string {
	var names []string
	for _, passkey := range b.phone.Passkeys() {
		names = append(names, passkey.Provider)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Shows is the phone's screen in the words of a report.
func (b *besideTheComputer) Shows() reports.View { return phoneShows(b.phone.View(), "") }

// phoneShows is what a phone showed, as the report draws it, and what was tapped there.
func phoneShows(view phone.View, tapped string) reports.View {
	shown := reports.View{
		Name: reports.ViewPhone, State: strings.TrimSpace(view.State.String() + " " + view.State.Name()), Title: view.Title, Text: view.Text,
		Skin: reports.SkinAndroid, Status: []reports.Field{{Name: "Time", Value: view.Status.Time}, onOrOff("Bluetooth", view.Status.Bluetooth), onOrOff("Network", view.Status.Network)},
	}
	if view.Skin == phone.IOS {
		shown.Skin = reports.SkinIOS
	}
	for _, entry := range view.Entries {
		shown.Controls = append(shown.Controls, reports.Control{Label: strings.TrimSpace(entry.Label + " " + entry.Detail), Off: entry.Off, Primary: entry.Selected, Tapped: entry.ID == tapped})
		if entry.Selected && view.Screen == phone.ScreenSheet {
			shown.Provider = entry.Label
		}
	}
	for _, control := range view.Controls {
		shown.Controls = append(shown.Controls, reports.Control{Label: control.Label, Primary: control.Role == phone.Agree, Tapped: control.ID == tapped})
	}
	return shown
}

func onOrOff(name string, on bool) reports.Field {
	if on {
		return reports.Field{Name: name, Value: "on"}
	}
	return reports.Field{Name: name, Value: "off"}
}

func (b *besideTheComputer) Beside() {} // it is, always

func (b *besideTheComputer) IPhone(version int) error {
	return b.phone.Change(func(s *phone.Settings) { s.OS, s.Version = phone.IOS, version })
}

func (b *besideTheComputer) Scope() rp.DeviceScope { return rp.ScopeOtherDevice }

// newestIn is the row of a provider's newest passkey, where the phone asks with which one to sign in; empty without one.
func (b *besideTheComputer) newestIn(key string) (row string) {
	for _, passkey := range b.phone.Passkeys() {
		if passkey.Provider == key {
			row = "passkey-" + hex.EncodeToString(passkey.ID)
		}
	}
	return row
}

// moodSteps are what a mood makes her do at the provider sheet. The caller holds b.mu.
func (b *besideTheComputer) moodSteps() phone.Script {
	switch b.mood() {
	case lab.Waits:
		return phone.Script{{At: phone.P11.String(), Do: phone.Wait, Until: b.agrees}}
	case lab.Declines:
		return phone.Script{{At: phone.P11.String(), Do: phone.GiveUp}}
	}
	return nil
}

// mood is that about the provider that she means to choose, or else about any. The caller holds b.mu.
func (b *besideTheComputer) mood() lab.Mood {
	if mood, said := b.moods[b.person.Provider]; said {
		return mood
	}
	for _, mood := range b.moods {
		return mood
	}
	return lab.Agrees
}

// agrees waits until she does.
func (b *besideTheComputer) agrees(ctx context.Context) error {
	for {
		b.mu.Lock()
		mood, changed := b.mood(), b.changed
		b.mu.Unlock()
		if mood == lab.Agrees {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
