package phone

// screen is what a View shows, and what taps on it do.
type screen struct {
	id          Screen
	title, text string
	entries     []Entry
	controls    []Control
	busy        bool
	class       ErrorClass
	// acts are done at once when a row or control is tapped, under the phone's lock. All other taps are for the ceremony.
	acts map[string]func(*Phone) error
}

// cover is a screen that comes over the others: a call, Settings. It is drawn anew each time. The phone's lock is held.
type cover func(*Phone) screen

func agree(id, label string) Control {
	return Control{ID: id, Label: label, Kind: KindButton, Role: Agree}
}

func decline(id, label string) Control {
	return Control{ID: id, Label: label, Kind: KindButton, Role: Decline}
}

func link(id, label string) Control { return Control{ID: id, Label: label, Kind: KindLink} }

// on makes taps on a control do something at once.
func (s screen) on(control string, act func(*Phone) error) screen {
	acts := map[string]func(*Phone) error{control: act}
	for id, earlier := range s.acts {
		acts[id] = earlier
	}
	s.acts = acts
	return s
}

func home() screen { return screen{id: ScreenHome, title: "Home"} }

// uncover takes the topmost cover away.
func uncover(p *Phone) error {
	p.covers = p.covers[:len(p.covers)-1]
	return nil
}

// callCover is an incoming call.
func callCover(*Phone) screen {
	return screen{
		id: ScreenCall, title: "Incoming call", text: "Grace",
		controls: []Control{agree("call-end", "Decline call")},
	}.on("call-end", uncover)
}

// offCover is a dark screen.
func offCover(*Phone) screen {
	return screen{id: ScreenOff, title: "Screen off", controls: []Control{agree("wake", "Wake the phone")}}.on("wake", uncover)
}

// deadCover is a phone without power. Nobody switches it on out of mere agreeableness.
func deadCover(*Phone) screen {
	return screen{id: ScreenDead, title: "No power", controls: []Control{{ID: "power", Label: "Switch on", Kind: KindButton}}}.on("power", uncover)
}

// notice is a screen that stays until it is tapped away, with nobody waiting.
func notice(id Screen, title, text string) screen {
	return screen{id: id, title: title, text: text, controls: []Control{agree("ok", "OK")}}
}

// failure is the screen of an error.
func failure(class ErrorClass) screen {
	s := notice(ScreenError, "Something went wrong", class.Words())
	s.class = class
	return s
}
