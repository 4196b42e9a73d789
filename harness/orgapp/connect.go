package orgapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The reasons for which Connect finds no relying party; both come wrapped with the address.
var (
	// ErrNoParty says that what answers there is no relying party of this project.
	ErrNoParty = errors.New("what answers there is not this relying party")
	// ErrNoApp says that the relying party has no app configured.
	ErrNoApp = errors.New("the relying party there has no app")
)

// AddressError says that an address is none of a site.
type AddressError struct{ Address string }

// Error says what an address looks like.
func (e *AddressError) Error() string {
	return fmt.Sprintf("%q is no address of a site; write scheme, host and port, such as http://localhost:8080", e.Address)
}

// Connect asks what runs at an address whether it is a relying party with the app's API, and for which RP ID: that is in the
// origins that it publishes. It fails with an *AddressError, with the error of the connection, or with ErrNoParty or ErrNoApp.
func Connect(ctx context.Context, address string, sender *http.Client) (Party, error) {
	at, err := url.Parse(address)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Hostname() == "" || strings.Trim(at.Path, "/") != "" || at.RawQuery != "" || at.User != nil {
		return Party{}, &AddressError{address}
	}
	p := Party{Origin: at.Scheme + "://" + at.Host, HTTP: sender}
	status, answer, err := p.send(ctx, request{method: http.MethodGet, path: "/.well-known/webauthn"})
	if err != nil {
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, err)
	}
	var published struct{ Origins []string }
	if status != http.StatusOK || json.Unmarshal(answer, &published) != nil || len(published.Origins) == 0 {
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, ErrNoParty)
	}
	origin, err := url.Parse(published.Origins[0])
	if err != nil || origin.Hostname() == "" {
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, ErrNoParty)
	}
	p.RPID = origin.Hostname()
	// An app that nobody has signed in to is asked to; where there is no API nothing is found.
	status, _, err = p.send(ctx, request{method: http.MethodPost, path: apiRoot + "/passkeys/options", body: struct{}{}})
	switch {
	case err != nil:
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, err)
	case status == http.StatusNotFound:
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, ErrNoApp)
	case status != http.StatusUnauthorized:
		return Party{}, fmt.Errorf("connect to %s: %w", p.Origin, ErrNoParty)
	}
	return p, nil
}
