package rpcases

import (
	"fmt"
	"net/url"
	"strings"
)

// site is an origin of the web, taken apart.
type site struct{ scheme, host, port string }

func parseSite(origin string) (site, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return site{}, err
	}
	s := site{scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	if s.scheme != "https" && s.scheme != "http" || s.host == "" || s.String() != origin {
		return site{}, fmt.Errorf("%q is not of the form https://host or https://host:port", origin)
	}
	return s, nil
}

// String is the origin as client data has it.
func (s site) String() string { return s.with(s.host) }

// with is the origin with another host.
func (s site) with(host string) string {
	if s.port != "" {
		host += ":" + s.port
	}
	return s.scheme + "://" + host
}

// local is a site on localhost or below it.
func (s site) local() bool { return s.host == "localhost" || strings.HasSuffix(s.host, ".localhost") }
