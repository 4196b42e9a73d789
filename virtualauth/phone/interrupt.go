package phone

// Interrupt lets something come in between, now.
func (p *Phone) Interrupt(kind InterruptionKind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interrupt(kind)
}

// interrupt does it. The caller holds p.mu.
func (p *Phone) interrupt(kind InterruptionKind) {
	p.note(Event{What: Happened, Title: interruptionNames[kind]})
	switch kind {
	case Call:
		p.covers = append(p.covers, callCover)
	case ScreenGoesOff:
		p.covers = append(p.covers, offCover)
	case AppKilled, PhoneDies:
		p.covers, p.shown, p.ended = nil, home(), P0
		if kind == PhoneDies {
			p.covers = []cover{deadCover}
		}
		if p.ceremony != nil {
			p.ceremony.cancel(ErrKilled)
			if p.ceremony.line != nil {
				p.ceremony.line.hangUp()
			}
		}
	}
	p.bump()
	p.noteView()
}

// interruptionNames is indexed by InterruptionKind and never written after the program has started.
var interruptionNames = [...]string{Call: "a call comes in", ScreenGoesOff: "the screen goes off", AppKilled: "the app is killed", PhoneDies: "the phone dies"}
