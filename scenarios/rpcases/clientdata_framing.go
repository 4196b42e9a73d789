package rpcases

import (
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
)

// strangeTop is the origin of a page that may frame nobody's.
const strangeTop = "https://framing.example"

// clientDataFraming is about ceremonies in a frame of another origin (WebAuthn L3 §7.1 steps 10 and 11, §7.2 steps 13 and 14).
func clientDataFraming() []Case {
	return inBoth([]told{
		{
			reg: "reg/client-data/framed", auth: "auth/client-data/framed", sheet: "S-CDJ-071", level: policy, at: atCrossOrigin,
			says: "a ceremony in a frame of another origin is treated as the relying party says that it is", want: byPolicyOf(Policy.framing),
			lies: []Lie{{Is: "crossOrigin true", Client: client.Misbehaviour{CrossOrigin: true}}},
		},
		{
			reg: "reg/client-data/framed-where-it-may-be", auth: "auth/client-data/framed-where-it-may-be", level: policy, at: atCrossOrigin, in: Framed,
			says: "a ceremony in a frame of another origin is accepted where the relying party expects to be framed", want: accepted,
			lies: []Lie{{Is: "crossOrigin true", Client: client.Misbehaviour{CrossOrigin: true}}},
		},
		{
			reg: "reg/client-data/cross-origin-false", auth: "auth/client-data/cross-origin-false", sheet: "S-CDJ-072", level: must, at: atMembers,
			says: "client data that says that nobody frames the page is accepted", want: accepted, lies: []Lie{withMember("crossOrigin", false)},
		},
		{
			reg: "reg/client-data/cross-origin-missing", auth: "auth/client-data/cross-origin-missing", sheet: "S-CDJ-073", level: must, at: atMembers,
			says: "client data that does not say whether anybody frames the page is accepted", want: accepted, lies: []Lie{withoutMember("crossOrigin")},
		},
		{
			reg: "reg/client-data/cross-origin-of-another-kind", auth: "auth/client-data/cross-origin-of-another-kind", sheet: "S-CDJ-074", level: should, at: atMembers,
			says: "client data whose crossOrigin is no boolean is refused", want: refused,
			lies: []Lie{withJSON("crossOrigin", `"true"`), withJSON("crossOrigin", "1"), withJSON("crossOrigin", "null")},
		},
		{
			reg: "reg/client-data/framed-by-a-stranger", auth: "auth/client-data/framed-by-a-stranger", sheet: "S-CDJ-075", level: policy, at: atTopOrigin,
			says: "a ceremony in a frame of a page that is on no list is treated as the relying party says that it is", want: byPolicyOf(Policy.strangers),
			lies: []Lie{{Is: "a topOrigin that nobody knows", Client: client.Misbehaviour{TopOrigin: strangeTop}}},
		},
		{
			reg: "reg/client-data/framed-by-a-partner", auth: "auth/client-data/framed-by-a-partner", sheet: "S-CDJ-076", level: policy, at: atTopOrigin, in: Framed,
			says: "a ceremony in a frame of each page on the list is accepted", want: accepted, liesOf: framedByPartners,
		},
		{
			reg: "reg/client-data/framed-by-another-than-a-partner", auth: "auth/client-data/framed-by-another-than-a-partner", sheet: "S-CDJ-077", level: must, at: atTopOrigin,
			in:   Framed,
			says: "a ceremony in a frame of a page that is not on the list is refused", want: refused, liesOf: framedByNeighbours,
		},
		{
			reg: "reg/client-data/top-origin-without-a-frame", auth: "auth/client-data/top-origin-without-a-frame", sheet: "S-CDJ-078", level: should, at: atMembers,
			says: "a topOrigin in client data that says that nobody frames the page is refused", want: refused,
			lies: []Lie{{Is: "a topOrigin and crossOrigin false", Client: editClientData(func(d *ClientData) { d.Set("topOrigin", strangeTop) })}},
		},
		{
			reg: "reg/client-data/partner-without-a-frame", auth: "auth/client-data/partner-without-a-frame", level: should, at: atMembers, in: Framed,
			says: "a topOrigin that is on the list, in client data that says that nobody frames the page, is refused", want: refused,
			liesOf: func(b *Bench) ([]Lie, error) {
				return []Lie{{Is: "a topOrigin of the list and crossOrigin false", Client: editClientData(func(d *ClientData) { d.Set("topOrigin", b.Policy.TopOrigins[0]) })}}, nil
			},
		},
		{
			reg: "reg/client-data/top-origin-of-another-kind", auth: "auth/client-data/top-origin-of-another-kind", sheet: "S-CDJ-079", level: should, at: atMembers,
			says: "client data whose topOrigin is no string is refused", want: refused, lies: wrongClientTypes("topOrigin"),
		},
	})
}

// framing is whether ceremonies in a frame are accepted, strangers whether they are in frames of pages that no list names.
func (p Policy) framing() string {
	if p.CrossOrigin == "" && len(p.TopOrigins) > 0 {
		return "accept"
	}
	return p.CrossOrigin
}

func (p Policy) strangers() string {
	if len(p.TopOrigins) > 0 {
		return "refuse"
	}
	if p.CrossOrigin == "refuse" {
		return "refuse"
	}
	return "" // whoever may be framed by anybody, and does not say so, is observed
}

func framedByPartners(b *Bench) ([]Lie, error) {
	var lies []Lie
	for _, top := range b.Policy.TopOrigins {
		lies = append(lies, Lie{Is: "the topOrigin " + top, Client: client.Misbehaviour{TopOrigin: top}})
	}
	return lies, nil
}

// framedByNeighbours are top origins that resemble the first of the list.
func framedByNeighbours(b *Bench) ([]Lie, error) {
	partner, err := parseSite(b.Policy.TopOrigins[0])
	if err != nil {
		return nil, conformance.Skip("the first of policy.topOrigins is no origin of the web: %v", err)
	}
	var lies []Lie
	for _, top := range []string{
		strangeTop, partner.with("sub." + partner.host), partner.with(partner.host + ".evil.example"), partner.with("evil" + partner.host),
		partner.String() + ".", partner.String() + ":8443", partner.String() + "/", "null",
	} {
		lies = append(lies, Lie{Is: "the topOrigin " + top, Client: client.Misbehaviour{TopOrigin: top}})
	}
	return lies, nil
}
