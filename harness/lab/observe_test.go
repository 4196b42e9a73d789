package lab

import (
	"testing"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// TestWhatIsObservedIsToldOnce gives a stage each kind of event of the bus and of the phone.
func TestWhatIsObservedIsToldOnce(t *testing.T) {
	advert := &hybrid.Advert{1, 2, 3}
	type told struct{ from, to, layer string }
	for name, c := range map[string]struct {
		bus   bluetooth.Event
		phone phone.Event
		want  *told // nil: somebody else tells it
	}{
		"the browser calls BlueZ":      {bus: bluetooth.Event{Kind: bluetooth.Called, Title: "StartDiscovery"}, want: &told{reports.PartyComputer, reports.PartyAir, reports.LayerDBus}},
		"the browser hears an advert":  {bus: bluetooth.Event{Kind: bluetooth.Heard, Advert: advert}, want: &told{reports.PartyAir, reports.PartyComputer, reports.LayerAdvert}},
		"an advert is lost":            {bus: bluetooth.Event{Kind: bluetooth.Lost, Advert: advert}, want: &told{reports.PartyAir, reports.PartyAir, reports.LayerDBus}},
		"an advert is held":            {bus: bluetooth.Event{Kind: bluetooth.Held, Advert: advert}, want: &told{reports.PartyAir, reports.PartyAir, reports.LayerDBus}},
		"the adapter is switched off":  {bus: bluetooth.Event{Kind: bluetooth.Changed}, want: &told{reports.PartyAir, reports.PartyAir, reports.LayerDBus}},
		"the air has the phone's":      {bus: bluetooth.Event{Kind: bluetooth.Sent, Advert: advert}},
		"the phone sends a handshake":  {phone: phone.Event{What: phone.Hybrid, Layer: reports.LayerHandshake, Direction: trace.Sent, Bytes: make([]byte, 81)}, want: &told{reports.PartyPhone, reports.PartyComputer, reports.LayerHandshake}},
		"the phone shows a screen":     {phone: phone.Event{What: phone.Shown, View: phone.View{Screen: phone.ScreenCamera}}},
		"the phone has a CTAP request": {phone: phone.Event{What: phone.Asked, Bytes: []byte{4}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Stage{Trace: &trace.Recorder{Decoder: trace.Decoder{Redactor: &trace.Redactor{}}}, Reach: &Reach{film: film{news: make(chan struct{}, 1)}}}
			if c.bus.Kind != "" {
				s.observeBus(c.bus)
			} else {
				s.observePhone(c.phone)
			}
			var result reports.Result
			s.Trace.Fill(&result)
			var got []told
			for _, ceremony := range result.Ceremonies {
				for _, e := range ceremony.Exchanges {
					got = append(got, told{e.From, e.To, e.Layer})
				}
			}
			if c.want == nil && len(got) != 0 || c.want != nil && (len(got) != 1 || got[0] != *c.want) {
				t.Errorf("told %+v, want %+v", got, c.want)
			}
			if frames := s.Reach.Film(0); (len(frames) == 1) != (c.phone.What == phone.Shown) {
				t.Errorf("the film has %d frames", len(frames))
			}
		})
	}
}
