package lab

import (
	"fmt"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// observePhone tells the trace what a phone sends and receives. Requests and responses of CTAP2 come as frames of the tunnel,
// so they are not told twice.
func (s *Stage) observePhone(e phone.Event) {
	s.Reach.film.shows(e)
	if e.What != phone.Hybrid {
		return
	}
	s.Trace.Event(trace.Event{
		At: e.At, Half: reports.PartyPhone, Layer: e.Layer, Direction: e.Direction, Title: e.Title, Bytes: e.Bytes,
	})
}

// observeBus tells the trace what the browser asks of Bluetooth, and which adverts it hears.
func (s *Stage) observeBus(e bluetooth.Event) {
	told := trace.Event{At: e.At, Half: reports.PartyAir, Layer: reports.LayerDBus, Title: e.Title, Problem: e.Error}
	switch e.Kind {
	case bluetooth.Called:
		told.Half, told.Direction = reports.PartyComputer, trace.Sent
		if len(e.Args) > 0 {
			told.Bytes = fmt.Append(nil, e.Args...)
		}
	case bluetooth.Heard:
		told.Half, told.Layer, told.Direction = reports.PartyComputer, reports.LayerAdvert, trace.Received
		if e.Advert != nil {
			told.Bytes = e.Advert[:]
		}
	case bluetooth.Lost, bluetooth.Held, bluetooth.Changed:
	default:
		return // what the phone sends it tells itself
	}
	s.Trace.Event(told)
}
