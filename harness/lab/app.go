package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// PhoneWithApp returns a phone on which the organisation's app can be opened (phone.OpenApp): it reaches the stage's relying party
// as an app does, over HTTP. It needs neither browser nor hybrid.
func (s *Stage) PhoneWithApp(settings phone.Settings) (*phone.Phone, error) {
	it, err := phone.New(settings, phone.World{
		Clock: machineClock{}, Rand: s.random, Service: s.services(),
		Equip: func(_ string, world *virtualauth.World) { world.Authority = s.authority },
	})
	if err != nil {
		return nil, fmt.Errorf("lab: a phone with the app: %w", err)
	}
	return it, nil
}

// services returns what the apps of one phone talk to: only the organisation's own app has something to talk to.
func (s *Stage) services() func(key string) phone.Service {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, s.reach(address))
	}}
	s.closers = append(s.closers, func() error { transport.CloseIdleConnections(); return nil })
	return orgapp.Party{
		Origin: s.Origin, RPID: s.RPID(), HTTP: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		OnToken: func(token string) { s.Trace.Decoder.Redactor.Add(token) },
	}.Services()
}
