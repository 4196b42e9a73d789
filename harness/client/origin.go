package client

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// effectiveDomain returns the domain of an origin that may use WebAuthn: https anywhere, http on localhost and below it
// (Secure Contexts §3.1). Errors: SecurityError, as for a host that is an address (WebAuthn L3 §5.1.3 step 7).
func effectiveDomain(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fail(SecurityError, "%q is not an origin: give scheme and host, such as https://example.org", origin)
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case net.ParseIP(host) != nil:
		return "", fail(SecurityError, "the host of the origin %s is an address, not a domain", origin)
	case secure(u):
		return host, nil
	}
	return "", fail(SecurityError, "the origin %s is not secure: use https, or http on localhost", origin)
}

// secure tells whether what comes from an URL is as good as https: it is https, or http on localhost and below it.
func secure(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost"))
}

// rpIDFor returns the RP ID for who asks: for an app one of those that name it, for a page what its origin allows. Errors:
// SecurityError.
func (c *Client) rpIDFor(origin, claimed string) (string, error) {
	if len(c.RPIDs) == 0 {
		return chooseRPID(origin, claimed)
	}
	if !slices.Contains(c.RPIDs, claimed) {
		return "", fail(SecurityError, "the relying party %q does not name the app %s", claimed, origin)
	}
	return claimed, nil
}

// chooseRPID returns the RP ID for an origin (WebAuthn L3 §5.1.3 step 8, §5.1.4.1 step 7): the domain itself, or a
// registrable suffix of it that the options claim. Errors: SecurityError.
func chooseRPID(origin, claimed string) (string, error) {
	domain, err := effectiveDomain(origin)
	if err != nil {
		return "", err
	}
	if claimed == "" || claimed == domain {
		return domain, nil
	}
	registrable, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err == nil && strings.HasSuffix(domain, "."+claimed) && len(claimed) >= len(registrable) {
		return claimed, nil
	}
	return "", fail(SecurityError, "the RP ID %q is neither the domain of %s nor a registrable suffix of it", claimed, origin)
}
