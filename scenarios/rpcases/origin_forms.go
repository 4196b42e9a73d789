package rpcases

import (
	"strings"
)

// originForms is about spellings of the page's origin that only a parser takes for it (WebAuthn L3 §13.4.9; HTML, serialisation of
// an origin).
func originForms() []Case {
	return append(inMatrix([]origin{
		{
			reg: "reg/origin/other-scheme", auth: "auth/origin/other-scheme", sheet: "S-ORI-005", level: must, want: refused, cves: []string{"CVE-2026-30964"},
			says: "the page's host without TLS is refused",
			of: func(s site, _ Policy) []string {
				if s.scheme != "https" {
					return nil
				}
				return []string{"http" + strings.TrimPrefix(s.String(), "https")}
			},
		},
		{
			reg: "reg/origin/other-port", auth: "auth/origin/other-port", sheet: "S-ORI-006", level: policy, cves: []string{"CVE-2026-30964"},
			says: "another port of the page's host is treated as the relying party says that it is", want: byPolicyOf(func(p Policy) string { return p.Ports }), of: otherPort,
		},
		{
			reg: "reg/origin/other-port-where-it-may-be", auth: "auth/origin/other-port-where-it-may-be", level: policy, want: accepted, in: WideOrigins,
			says: "another port of the page's host is accepted where the relying party expects any", of: otherPort,
		},
		{
			reg: "reg/origin/default-port", auth: "auth/origin/default-port", sheet: "S-ORI-007", level: should, want: refused,
			says: "an origin that names the port of its scheme, as no browser does, is refused",
			of: func(s site, _ Policy) []string {
				if s.port != "" {
					return nil
				}
				return []string{s.String() + map[string]string{"https": ":443", "http": ":80"}[s.scheme]}
			},
		},
		{
			reg: "reg/origin/trailing-slash", auth: "auth/origin/trailing-slash", sheet: "S-ORI-008", level: should, want: refused,
			says: "an origin with a slash behind it, which is none, is refused", of: followed("/"),
		},
		{
			reg: "reg/origin/path-or-query", auth: "auth/origin/path-or-query", sheet: "S-ORI-009", level: must, want: refused,
			says: "an address with path, query or fragment is refused", of: followed("/login", "?next=1", "#top", "/?"),
		},
		{
			reg: "reg/origin/as-user-of-another", auth: "auth/origin/as-user-of-another", sheet: "S-ORI-010", level: must, want: refused,
			says: "an address of another site that has the page's host for a user name is refused", of: followed("@evil.example", ":x@evil.example"),
		},
		{
			reg: "reg/origin/with-user-of-another", auth: "auth/origin/with-user-of-another", sheet: "S-ORI-011", level: must, want: refused,
			says: "an address of the page's host with a user name before it is refused",
			of: func(s site, _ Policy) []string {
				return []string{s.with("evil.example@" + s.host), s.with("a:b@" + s.host), s.with("@" + s.host)}
			},
		},
		{
			reg: "reg/origin/host-in-capitals", auth: "auth/origin/host-in-capitals", sheet: "S-ORI-012", level: should, want: refused,
			says: "a host in capital letters, as no browser writes it, is refused", of: func(s site, _ Policy) []string { return []string{s.with(strings.ToUpper(s.host))} },
		},
		{
			reg: "reg/origin/scheme-in-capitals", auth: "auth/origin/scheme-in-capitals", sheet: "S-ORI-013", level: should, want: refused,
			says: "a scheme in capital letters, as no browser writes it, is refused",
			of: func(s site, _ Policy) []string {
				return []string{strings.ToUpper(s.scheme) + strings.TrimPrefix(s.String(), s.scheme)}
			},
		},
		{
			reg: "reg/origin/opaque", auth: "auth/origin/opaque", sheet: "S-ORI-015", level: must, want: refused,
			says: "the text null, the origin of what has none, is refused", of: always("null"),
		},
		{
			reg: "reg/origin/with-white-space", auth: "auth/origin/with-white-space", sheet: "S-ORI-017", level: must, want: refused,
			says: "an origin with white space or a zero byte at its ends is refused",
			of: func(s site, _ Policy) []string {
				var all []string
				for _, blank := range []string{" ", "\t", "\n", "\r\n", "\x00", "\u00a0"} {
					all = append(all, s.String()+blank, blank+s.String())
				}
				return all
			},
		},
		{
			reg: "reg/origin/backslashes", auth: "auth/origin/backslashes", sheet: "S-ORI-023", level: must, want: refused,
			says: "an address with backslashes, which parsers read in two ways, is refused",
			of: func(s site, _ Policy) []string {
				return []string{s.String() + `\@evil.example`, s.String() + `\.evil.example`, s.scheme + `:\\` + s.host, s.scheme + `:/\` + s.host, s.scheme + ":" + s.host}
			},
		},
		{
			reg: "reg/origin/in-another-line", auth: "auth/origin/in-another-line", sheet: "S-ORI-025", level: must, want: refused,
			says: "the page's origin in the second line of a text is refused",
			of: func(s site, _ Policy) []string {
				return []string{"https://evil.example\n" + s.String(), s.String() + "\nhttps://evil.example", "https://evil.example\r\n" + s.String() + "\r\n"}
			},
		},
		{
			reg: "reg/origin/scheme-of-another-kind", auth: "auth/origin/scheme-of-another-kind", sheet: "S-ORI-026", level: must, want: refused,
			says: "the page's host under a scheme that is not of the web is refused",
			of: func(s site, _ Policy) []string {
				rest := strings.TrimPrefix(s.String(), s.scheme)
				return []string{"ftp" + rest, "ws" + rest, "wss" + rest, "file" + rest, "file:///" + s.host, rest[1:], s.host}
			},
		},
	}), inBoth([]told{
		{
			reg: "reg/origin/json-null", auth: "auth/origin/json-null", sheet: "S-ORI-016", level: must, at: atOriginMatrix, want: refused,
			says: "an origin that is null is refused", lies: []Lie{withJSON("origin", "null")},
		},
		{
			reg: "reg/origin/within-an-array", auth: "auth/origin/within-an-array", sheet: "S-ORI-036", level: must, at: atOrigin, want: refused,
			says: "an array whose only element is the right origin is refused",
			lies: []Lie{{Is: "the origin within an array", Client: editClientData(func(d *ClientData) { d.Set("origin", []string{d.Text("origin")}) })}},
		},
	})...)
}

func otherPort(s site, _ Policy) []string {
	other := s
	if other.port = "8443"; s.port == other.port {
		other.port = "9443"
	}
	return []string{other.String()}
}

// followed is the page's origin with each of some texts behind it.
func followed(by ...string) func(site, Policy) []string {
	return func(s site, _ Policy) []string {
		var all []string
		for _, text := range by {
			all = append(all, s.String()+text)
		}
		return all
	}
}

// always is the same text for every page.
func always(texts ...string) func(site, Policy) []string {
	return func(site, Policy) []string { return texts }
}

// originLists is about origins that a relying party has on a list, and about those that are not on it.
func originLists() []Case {
	return inMatrix([]origin{
		{
			reg: "reg/origin/app-on-no-list", auth: "auth/origin/app-on-no-list", sheet: "S-ORI-027", level: must, want: refused,
			says: "the origin of an Android app that is on no list is refused", of: always(androidApp + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		},
		{
			reg: "reg/origin/app-on-the-list", auth: "auth/origin/app-on-the-list", sheet: "S-ORI-028", level: policy, want: accepted, in: WideOrigins,
			says: "the origin of an Android app that is on the list is accepted", of: func(_ site, p Policy) []string { return p.origins(androidApp) },
		},
		{
			reg: "reg/origin/app-that-resembles-one", auth: "auth/origin/app-that-resembles-one", sheet: "S-ORI-029", level: must, want: refused, in: WideOrigins,
			says: "the origin of an Android app that only resembles one on the list is refused",
			of: func(_ site, p Policy) []string {
				var all []string
				for _, app := range p.origins(androidApp) {
					hash := strings.TrimPrefix(app, androidApp)
					all = append(all, androidApp+"AAAA"+hash[4:], app+"=", androidApp+otherCase(hash), app[:len(app)-1], strings.ToUpper(androidApp)+hash, app+" ")
				}
				return all
			},
		},
		{
			reg: "reg/origin/app-of-apple", auth: "auth/origin/app-of-apple", sheet: "S-ORI-030", level: must, want: refused,
			says: "the origin of an iOS app that is on no list is refused", of: always("ios:bundle-id:com.example.evil"),
		},
		{
			reg: "reg/origin/each-on-the-list", auth: "auth/origin/each-on-the-list", sheet: "S-ORI-031", level: policy, want: accepted, in: WideOrigins,
			says: "each web origin on the list is accepted", of: func(s site, p Policy) []string { return append([]string{s.String()}, p.origins("http")...) },
		},
		{
			reg: "reg/origin/list-as-a-text", auth: "auth/origin/list-as-a-text", sheet: "S-ORI-032", level: must, want: refused, in: WideOrigins,
			says: "two origins of the list in one text are refused",
			of: func(s site, p Policy) []string {
				var all []string
				for _, other := range p.origins("http") {
					for _, between := range []string{"", ",", ", ", " ", "|", ";"} {
						all = append(all, s.String()+between+other)
					}
				}
				return all
			},
		},
		{
			reg: "reg/origin/localhost", auth: "auth/origin/localhost", sheet: "S-ORI-033", level: policy, want: accepted, in: OnLocalhost,
			says: "localhost without TLS is accepted where the page is served there", of: func(s site, _ Policy) []string { return []string{s.String()} },
		},
		{
			reg: "reg/origin/addresses-of-localhost", auth: "auth/origin/addresses-of-localhost", sheet: "S-ORI-034", level: must, want: refused, in: OnLocalhost,
			says: "the addresses of localhost, and its name with a dot, are refused where the page is served by its name",
			of: func(s site, _ Policy) []string {
				return []string{s.with("127.0.0.1"), s.with("[::1]"), s.with("localhost."), s.with("0.0.0.0")}
			},
		},
		{
			reg: "reg/origin/browser-extension", auth: "auth/origin/browser-extension", sheet: "S-ORI-035", level: policy, want: refused,
			says: "the origin of a browser extension that is on no list is refused",
			of:   always("chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "moz-extension://00000000-0000-4000-8000-000000000000"),
		},
	})
}

const (
	androidApp = "android:apk-key-hash:"
	// punycoded is the ASCII form of a host with a letter that ASCII has not: bücher.
	punycoded = "xn--bcher-kva"
)

// origins are those of the list that begin in some way.
func (p Policy) origins(prefix string) []string {
	var all []string
	for _, listed := range p.Origins {
		if strings.HasPrefix(listed, prefix) {
			all = append(all, listed)
		}
	}
	return all
}
