package phone

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// Phone is a phone. Its methods are safe for concurrent use.
type Phone struct {
	world     World
	root      []byte             // World.Root
	computers *hybrid.Remembered // those that it remembers

	mu       sync.Mutex // guards all below
	settings Settings
	devices  map[string]*virtualauth.Authenticator // by Provider.Key
	revision uint64
	changed  chan struct{} // closed and replaced at each revision
	shown    screen        // what is beneath the overlays
	covers   []cover       // what is over it, the topmost last
	ceremony *ceremony     // nil without one
	outcomes []Outcome
	trace    []Event
	ended    State               // of the last ceremony, while its last screen is there
	begun    int                 // ceremonies
	apps     map[string]*account // who is signed in to the app of a provider, by Provider.Key
	dropped  bool                // Settings.DropAt has come to pass
	broken   bool                // Settings.Interrupt has
}

// New returns a phone that lies there idle. It fails with a *WorldError, a *SettingsError, or as World.Keys and World.Store do.
func New(settings Settings, world World) (*Phone, error) {
	if err := world.check(); err != nil {
		return nil, err
	}
	world.Rand = &lockedReader{reader: world.Rand}
	p := &Phone{world: world, root: world.Root, devices: map[string]*virtualauth.Authenticator{}, apps: map[string]*account{}, changed: make(chan struct{}), shown: home()}
	if err := p.drawSecrets(); err != nil {
		return nil, err
	}
	if err := p.adopt(settings.clone()); err != nil {
		return nil, err
	}
	return p, nil
}

// drawSecrets makes what linking needs.
func (p *Phone) drawSecrets() error {
	secrets := make([]byte, rootLength+contactLength)
	if _, err := io.ReadFull(p.world.Rand, secrets); err != nil {
		return fmt.Errorf("phone: draw its secrets: %w", err)
	}
	if p.root == nil {
		p.root = secrets[:rootLength]
	}
	p.computers = &hybrid.Remembered{ContactID: secrets[rootLength:]}
	return nil
}

// Lengths in bytes.
const (
	rootLength    = 32
	contactLength = 16
)

// lockedReader makes a reader safe for concurrent use.
type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.Read(b)
}

// adopt makes new settings those of the phone, if they can be. The caller holds p.mu, or is the only one who has the phone.
func (p *Phone) adopt(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	for _, entry := range s.Providers {
		if p.devices[entry.Key()] != nil {
			continue
		}
		device, err := p.install(entry)
		if err != nil {
			return fmt.Errorf("phone: install %s: %w", entry.Key(), err)
		}
		p.devices[entry.Key()] = device
	}
	for _, entry := range p.settings.Providers {
		if s.Find(entry.Key()) == nil {
			delete(p.devices, entry.Key()) // and with it its passkeys, as when an app is removed with its data
			delete(p.apps, entry.Key())
		}
	}
	if s.DropAt != p.settings.DropAt {
		p.dropped = false
	}
	if s.Interrupt != p.settings.Interrupt {
		p.broken = false
	}
	p.settings = s
	return nil
}

// Settings returns the settings as they are now.
func (p *Phone) Settings() Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings.clone()
}

// Change changes the settings, whatever the phone is doing: a ceremony that waits for what has changed goes on. A provider that
// is left out is gone with its passkeys; one that is Missing keeps them. It fails like New, and then nothing has changed.
func (p *Phone) Change(change func(*Settings)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.settings.clone()
	change(&s)
	if err := p.adopt(s); err != nil {
		return err
	}
	p.note(Event{What: Happened, Title: "settings changed"})
	p.moveOn()
	p.bump()
	return nil
}

// bump tells everybody who waits that something has changed. The caller holds p.mu.
func (p *Phone) bump() {
	p.revision++
	close(p.changed)
	p.changed = make(chan struct{})
}

// View returns what the phone shows.
func (p *Phone) View() View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view()
}

// Await waits until the phone shows something of a later revision, and returns it, or the error of ctx.
func (p *Phone) Await(ctx context.Context, revision uint64) (View, error) {
	for {
		p.mu.Lock()
		view, changed := p.view(), p.changed
		p.mu.Unlock()
		if view.Revision > revision {
			return view, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return view, ctx.Err()
		}
	}
}

// view puts the topmost screen together. The caller holds p.mu.
func (p *Phone) view() View {
	s := p.top()
	v := View{
		Revision: p.revision, Screen: s.id, Skin: p.settings.OS, Title: s.title, Text: s.text,
		Entries: slices.Clone(s.entries), Controls: slices.Clone(s.controls), Busy: s.busy, Error: s.class,
		Status: StatusBar{
			Time: p.world.Clock.Now().UTC().Format("15:04"), Battery: battery, Work: p.settings.Profile == Work,
			Bluetooth: p.settings.Bluetooth == On, Network: p.settings.Network != Offline,
		},
	}
	if v.State = p.ended; p.ceremony != nil {
		v.State = p.ceremony.state
	}
	return v
}

const battery = 84 // percent, always

// top is the screen that is seen. The caller holds p.mu.
func (p *Phone) top() screen {
	if n := len(p.covers); n > 0 {
		return p.covers[n-1](p)
	}
	return p.shown
}

// show puts a screen beneath the covers. The caller holds p.mu.
func (p *Phone) show(s screen) {
	p.shown = s
	p.bump()
	p.noteView()
}

// noteView notes what is shown. The caller holds p.mu.
func (p *Phone) noteView() {
	v := p.view()
	p.note(Event{What: Shown, Title: v.Title, View: v})
}

// Tap taps a row or a control by its id. It fails with a *TapError when there is nothing of the sort.
func (p *Phone) Tap(control string) error { return p.touch(control, "") }

// Enter types a text into a control that is typed into and sends it off. It fails like Tap.
func (p *Phone) Enter(control, text string) error { return p.touch(control, text) }

func (p *Phone) touch(control, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.top()
	v := p.view()
	if !slices.Contains(v.ids(), control) {
		return &TapError{Control: control, Screen: v.Screen, There: v.ids()}
	}
	p.note(Event{What: Tapped, Title: v.Title, Control: control})
	if act := s.acts[control]; act != nil {
		if err := act(p); err != nil {
			return fmt.Errorf("phone: %s: %w", control, err)
		}
		p.moveOn()
		p.bump()
		p.noteView()
		return nil
	}
	return p.answer(control, text)
}

// answer hands a tap to the ceremony that waits for it; screens that nobody waits at are notices, and go away.
func (p *Phone) answer(control, text string) error {
	if p.ceremony == nil {
		if p.ended == P16 {
			p.note(Event{What: Came, State: P17, Title: P17.Name()})
		}
		p.ended = P0
		p.show(home())
		return nil
	}
	p.ceremony.tapped = append(p.ceremony.tapped, reply{control, text})
	p.shown.entries, p.shown.controls = nil, nil // nothing is tapped twice
	p.bump()
	return nil
}

// OpenSettings opens the phone's Settings over whatever it shows.
func (p *Phone) OpenSettings() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.covers = append(p.covers, settingsCover)
	p.bump()
	p.noteView()
}

// after waits until some of the phone's time has passed, or ctx has ended.
func (p *Phone) after(ctx context.Context, d time.Duration) error {
	select {
	case <-p.world.Clock.After(d):
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}
