package rpcases

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// origin is a row of the matrix: origins that stand in client data in place of the page's own, in both ceremonies.
type origin struct {
	reg, auth string // ids
	sheet     string
	level     conformance.Level
	says      string
	want      judgement
	// of makes the origins from that of the page; none when there are none of the kind, and the case is then skipped.
	of   func(s site, p Policy) []string
	in   Variant
	cves []string
}

var atOriginMatrix = alike(l3("13.4.9", "origin-expected"))

// inMatrix turns rows into cases.
func inMatrix(rows []origin) []Case {
	var all []told
	for _, row := range rows {
		all = append(all, told{
			reg: row.reg, auth: row.auth, sheet: row.sheet, level: row.level, at: atOriginMatrix, says: row.says, want: row.want, in: row.in, cves: row.cves,
			liesOf: func(b *Bench) ([]Lie, error) { return row.lies(b) },
		})
	}
	return inBoth(all)
}

func (row origin) lies(b *Bench) ([]Lie, error) {
	page, err := parseSite(b.RP.Origin())
	if err != nil {
		return nil, conformance.Skip("the origin of the page is none of the web: %v", err)
	}
	var lies []Lie
	for _, other := range row.of(page, b.Policy) {
		shown, _ := json.Marshal(other) // a string always is JSON
		lies = append(lies, Lie{Is: "the origin " + string(shown), Client: editClientData(func(d *ClientData) { d.Set("origin", other) })})
	}
	if len(lies) == 0 {
		return nil, conformance.Skip("there is no such origin for a page on %s", page)
	}
	return lies, nil
}

// originHosts is about hosts that resemble the page's (WebAuthn L3 §13.4.9).
func originHosts() []Case {
	return inMatrix([]origin{
		{
			reg: "reg/origin/host-as-suffix", auth: "auth/origin/host-as-suffix", sheet: "S-ORI-001", level: must, want: refused,
			says: "a host that only ends like the page's is refused", cves: []string{"web-auth#143", "lbuchs#122", "lbuchs#123"},
			of: func(s site, _ Policy) []string { return []string{s.with("evil" + s.host), s.with("evil-" + s.host)} },
		},
		{
			reg: "reg/origin/host-as-prefix", auth: "auth/origin/host-as-prefix", sheet: "S-ORI-002", level: must, want: refused,
			says: "a host that only begins like the page's is refused",
			of: func(s site, _ Policy) []string {
				return []string{s.with(s.host + ".evil.example"), s.with(s.host + "-evil.example"), s.with(s.host + "evil")}
			},
		},
		{
			reg: "reg/origin/subdomain", auth: "auth/origin/subdomain", sheet: "S-ORI-003", level: policy, want: byPolicyOf(func(p Policy) string { return p.Subdomains }),
			says: "a subdomain of the page's host is treated as the relying party says that it is", of: subdomains,
		},
		{
			reg: "reg/origin/subdomain-where-it-may-be", auth: "auth/origin/subdomain-where-it-may-be", level: policy, want: accepted, in: WideOrigins,
			says: "a subdomain of the page's host is accepted where the relying party expects any", of: subdomains,
		},
		{
			reg: "reg/origin/subdomain-of-another", auth: "auth/origin/subdomain-of-another", level: must, want: refused, in: WideOrigins,
			says: "a host that is no subdomain is refused where the relying party expects any subdomain",
			of: func(s site, _ Policy) []string {
				return []string{
					s.with("evil" + s.host), s.with(s.host + ".evil.example"), s.with("." + s.host), s.with("a..b." + s.host), s.with("Sub." + s.host), s.with("sub." + s.host + "."),
					s.with("sub.evil.example/." + s.host), s.with("evil.example?." + s.host), s.with("evil.example#." + s.host), s.with("me@sub." + s.host), s.with("*." + s.host),
					"http" + strings.TrimPrefix(s.with("sub."+s.host), s.scheme), s.with("sub."+s.host) + ":0443", s.with("sub."+s.host) + ":",
				}
			},
		},
		{
			reg: "reg/origin/parent", auth: "auth/origin/parent", sheet: "S-ORI-004", level: must, want: refused, says: "the domain above the page's host is refused",
			of: func(s site, _ Policy) []string {
				if _, parent, more := strings.Cut(s.host, "."); more {
					return []string{s.with(parent)}
				}
				return nil
			},
		},
		{
			reg: "reg/origin/trailing-dot", auth: "auth/origin/trailing-dot", sheet: "S-ORI-014", level: must, want: refused,
			says: "the page's host with a dot behind it is refused", of: func(s site, _ Policy) []string { return []string{s.with(s.host + ".")} },
		},
		{
			reg: "reg/origin/unicode-host", auth: "auth/origin/unicode-host", sheet: "S-ORI-018", level: should, want: refused, in: WideOrigins,
			says: "a host in Unicode is refused where its ASCII form is expected",
			of: func(_ site, p Policy) []string {
				for _, listed := range p.Origins {
					if strings.Contains(listed, punycoded) {
						return []string{strings.Replace(listed, punycoded, "bücher", 1), strings.Replace(listed, punycoded, "BÜCHER", 1)}
					}
				}
				return nil
			},
		},
		{
			reg: "reg/origin/homoglyph", auth: "auth/origin/homoglyph", sheet: "S-ORI-019", level: must, want: refused,
			says: "the page's host with a letter that only looks the same is refused",
			of: func(s site, _ Policy) []string {
				return replaced(s, strings.NewReplacer("a", "а", "e", "е", "o", "о", "p", "р", "c", "с", "x", "х", "y", "у", "i", "і")) // to Cyrillic
			},
		},
		{
			reg: "reg/origin/full-width", auth: "auth/origin/full-width", sheet: "S-ORI-020", level: must, want: refused,
			says: "the page's host in letters or dots of full width is refused", of: fullWidth,
		},
		{
			reg: "reg/origin/invisible-signs", auth: "auth/origin/invisible-signs", sheet: "S-ORI-021", level: must, want: refused,
			says: "the page's host with a sign in it that nobody sees is refused",
			of: func(s site, _ Policy) []string {
				first, rest := s.host[:1], s.host[1:]
				return []string{s.with(first + "\u00ad" + rest), s.with(first + "\u200d" + rest), s.with(first + "\u200b" + rest)}
			},
		},
		{
			reg: "reg/origin/percent-encoded", auth: "auth/origin/percent-encoded", sheet: "S-ORI-022", level: must, want: refused,
			says: "the page's host with a letter in percent encoding is refused",
			of: func(s site, _ Policy) []string {
				return []string{s.with(percent(s.host[0]) + s.host[1:]), s.with(s.host[:len(s.host)-1] + percent(s.host[len(s.host)-1]))}
			},
		},
		{
			reg: "reg/origin/dot-as-any-letter", auth: "auth/origin/dot-as-any-letter", sheet: "S-ORI-024", level: must, want: refused,
			says: "the page's host with another letter in place of its dot is refused",
			of: func(s site, _ Policy) []string {
				return replaced(s, strings.NewReplacer(".", "x"))
			},
		},
	})
}

func subdomains(s site, _ Policy) []string {
	return []string{s.with("sub." + s.host), s.with("a.b." + s.host)}
}

// replaced is the site with the letters of its host replaced; none when there is nothing to replace.
func replaced(s site, by *strings.Replacer) []string {
	if host := by.Replace(s.host); host != s.host {
		return []string{s.with(host)}
	}
	return nil
}

// fullWidth writes the host's first letter, or its dots, in the forms of full width, which Unicode takes for the same.
func fullWidth(s site, _ Policy) []string {
	var all []string
	if letter := rune(s.host[0]); unicode.IsLetter(letter) {
		all = append(all, s.with(string(letter-'a'+'ａ')+s.host[1:]))
	}
	if strings.Contains(s.host, ".") {
		all = append(all, s.with(strings.ReplaceAll(s.host, ".", "。")), s.with(strings.ReplaceAll(s.host, ".", "．")))
	}
	return all
}

func percent(letter byte) string {
	const digits = "0123456789ABCDEF"
	return "%" + string(digits[letter>>4]) + string(digits[letter&15])
}
