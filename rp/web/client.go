package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

// families are the browsers we can name, the more specific first: every one of them claims to be some other too.
var families = []struct{ mark, name string }{
	{"Edg", "Edge"}, {"OPR", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
	{"CriOS", "Chrome"}, {"Google Chrome", "Chrome"}, {"Chromium", "Chromium"}, {"HeadlessChrome", "Chromium"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
}

// clientOf tells the little that is kept about a browser: its family and the network part of its address.
func clientOf(r *http.Request) rp.Client {
	seen := r.Header.Get("Sec-CH-UA") + " " + r.UserAgent()
	client := rp.Client{IPPrefix: networkOf(r.RemoteAddr)}
	for _, f := range families {
		if strings.Contains(seen, f.mark) {
			client.Family = f.name
			break
		}
	}
	return client
}

// networkOf cuts an address down to its network: 24 bits of IPv4, 48 of IPv6.
func networkOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return ""
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// phoneOf tells whether the browser runs on a phone, and on which. Client hints say it outright; browsers
// without them are known by their old name.
func phoneOf(r *http.Request) (rp.PhoneOS, bool) {
	agent := r.UserAgent()
	switch platform := strings.Trim(r.Header.Get("Sec-CH-UA-Platform"), `"`); {
	case platform == "Android":
		return rp.Android, true
	case platform == "iOS":
		return rp.IOS, true
	case platform != "":
		return "", false
	case strings.Contains(agent, "Android"):
		return rp.Android, true
	case strings.Contains(agent, "iPhone"), strings.Contains(agent, "iPad"):
		return rp.IOS, true
	}
	return "", false
}
