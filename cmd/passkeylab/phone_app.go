package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// meetParty finds the relying party that --rp names. One that cannot be reached is told at once, and not when somebody has
// typed her password into the app.
func (h *holding) meetParty(ctx context.Context) error {
	if h.options.rp == "" {
		return nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	h.closers = append(h.closers, func() error { transport.CloseIdleConnections(); return nil })
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	party, err := orgapp.Connect(soon, h.options.rp, &http.Client{Transport: transport, Timeout: 30 * time.Second})
	var wrong *orgapp.AddressError
	switch {
	case err == nil:
		h.party = &party
		return nil
	case errors.As(err, &wrong):
		return usage("--rp: %w", err)
	case errors.Is(err, orgapp.ErrNoApp):
		return fmt.Errorf("--rp: %w; start passkeylab rp without --no-app", err)
	case errors.Is(err, orgapp.ErrNoParty):
		return fmt.Errorf("--rp: %w; name the address that passkeylab rp prints", err)
	}
	return fmt.Errorf("--rp: no relying party can be reached; start passkeylab rp in another terminal, and name the address that it prints: %w", err)
}

// appFor is the organisation's app for a system.
func appFor(system phone.OS) provider.Provider {
	if system == phone.IOS {
		return provider.LarkspurIDIOS()
	}
	return provider.LarkspurIDAndroid()
}
