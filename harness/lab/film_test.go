package lab

import (
	"context"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// at is a moment of a film.
func at(second int) time.Time { return time.Date(2026, 11, 23, 9, 0, second, 0, time.UTC) }

func newFilm() *film { return &film{news: make(chan struct{}, 1)} }

func screenAt(second int, screen phone.Screen) phone.Event {
	return phone.Event{At: at(second), What: phone.Shown, View: phone.View{Screen: screen, Status: phone.StatusBar{Time: at(second).Format("15:04:05")}}}
}

func TestATapBelongsToTheScreenThatItLeaves(t *testing.T) {
	f := newFilm()
	f.shows(screenAt(0, phone.ScreenCamera))
	f.shows(phone.Event{What: phone.Tapped, Control: "chip"})
	f.shows(screenAt(1, phone.ScreenComputer))
	if len(f.frames) != 2 || f.frames[0].Tapped != "chip" || f.frames[1].Tapped != "" {
		t.Errorf("the frames are %+v", f.frames)
	}
}

func TestATapBeforeAnyScreenIsNoFrame(t *testing.T) {
	f := newFilm()
	f.shows(phone.Event{What: phone.Tapped, Control: "chip"})
	if len(f.frames) != 0 {
		t.Errorf("the frames are %+v", f.frames)
	}
}

func TestWhatLooksTheSameIsOneFrame(t *testing.T) {
	f := newFilm()
	f.shows(screenAt(0, phone.ScreenSheet))
	later := screenAt(1, phone.ScreenSheet) // the clock has moved
	later.View.Revision = 7
	f.shows(later)
	if len(f.frames) != 1 || f.frames[0].At != at(0) || f.frames[0].Phone.Revision != 7 {
		t.Errorf("the frames are %+v, want one, as it is now", f.frames)
	}
}

func TestWhatLooksDifferentIsAnotherFrame(t *testing.T) {
	for name, change := range map[string]func(*phone.View){
		"another screen":  func(v *phone.View) { v.Screen = phone.ScreenError },
		"another state":   func(v *phone.View) { v.State = phone.P9 },
		"another title":   func(v *phone.View) { v.Title = "Connected" },
		"another text":    func(v *phone.View) { v.Text = "Wait." },
		"another row":     func(v *phone.View) { v.Entries = []phone.Entry{{ID: "mia"}} },
		"another control": func(v *phone.View) { v.Controls = []phone.Control{{ID: "ok"}} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilm()
			f.shows(screenAt(0, phone.ScreenSheet))
			next := screenAt(1, phone.ScreenSheet)
			change(&next.View)
			f.shows(next)
			if len(f.frames) != 2 {
				t.Errorf("the frames are %+v", f.frames)
			}
		})
	}
}

func TestAFrameTellsBothSides(t *testing.T) {
	f := newFilm()
	f.shows(screenAt(0, phone.ScreenHome))
	f.steps(dialog.Moment{Step: dialog.QRCode, At: at(1)})
	f.shows(screenAt(2, phone.ScreenCamera))
	if len(f.frames) != 3 || f.frames[1].Phone.Screen != phone.ScreenHome || f.frames[2].Dialog != dialog.QRCode {
		t.Errorf("the frames are %+v", f.frames)
	}
	r := &Reach{film: film{frames: f.frames}}
	if rest := r.Film(2); len(rest) != 1 || rest[0].At != at(2) || len(r.Film(9)) != 0 {
		t.Errorf("from the third on there are %+v", rest)
	}
}

// TestPicturesGoToTheNewestFrame takes a picture for what came before it, and none that shows nothing new.
func TestPicturesGoToTheNewestFrame(t *testing.T) {
	f := newFilm()
	ctx, cancel := context.WithCancel(t.Context())
	asked, given := make(chan struct{}), make(chan string)
	f.pictures = func(context.Context) ([]byte, error) {
		asked <- struct{}{}
		return []byte(<-given), nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.run(ctx)
	}()
	f.shows(screenAt(0, phone.ScreenHome))
	<-asked
	f.shows(screenAt(1, phone.ScreenCamera)) // while the picture is taken: they share the next one
	f.shows(screenAt(2, phone.ScreenChip))
	given <- "code"
	<-asked
	given <- "connecting"
	f.shows(screenAt(3, phone.ScreenComputer))
	<-asked
	given <- "connecting"
	cancel()
	<-ended
	for i, want := range []string{"code", "", "connecting", ""} {
		if got := string(f.frames[i].Window); got != want {
			t.Errorf("frame %d has the picture %q, want %q", i, got, want)
		}
	}
}
