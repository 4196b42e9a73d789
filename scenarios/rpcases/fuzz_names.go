package rpcases

import (
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// fuzzID is the first word of the ids of all results of a Fuzz.
const fuzzID = "fuzz"

// The families of what is changed, by encoding.
const (
	inJSON     = "json"
	inCBOR     = "cbor"     // the attestation object and its statement
	inAuthData = "authdata" // authenticator data
	inCOSE     = "cose"     // the credential's public key
	inDER      = "der"      // signatures
	inX509     = "x509"     // attestation certificates
)

// familyOf is the family that an operation changes at a place.
func familyOf(at mutate.Place, op string) string {
	switch at.Changes(op) {
	case mutate.AuthData:
		return inAuthData
	case mutate.CBOR:
		if slices.Contains(strings.Split(at.Path, "/"), "publicKey") {
			return inCOSE
		}
		return inCBOR
	case mutate.DER:
		if strings.Contains(at.Path, "/x5c/") {
			return inX509
		}
		return inDER
	}
	return inJSON
}

// FuzzNames lists what Fuzz.Only selects among: a route, a slash and a family, "certified/x509". A pattern may also be a route
// alone, a family alone, or have reg or auth, for all registrations or sign-ins, in the route's place.
func FuzzNames() []string {
	var names []string
	for _, one := range routes() {
		for _, family := range one.families {
			names = append(names, one.name+"/"+family)
		}
	}
	return names
}

// words are what patterns select a route's families by.
func (one *route) words(families ...string) []string {
	ceremony := "auth"
	if one.registers {
		ceremony = "reg"
	}
	words := []string{one.name, ceremony}
	for _, family := range families {
		words = append(words, family, one.name+"/"+family, ceremony+"/"+family, fuzzID+"/"+one.name+"/"+family)
	}
	return words
}

// Check is an error when a pattern of Only selects nothing.
func (f Fuzz) Check() error {
	_, err := f.chosen()
	return err
}

// chosen are the routes with the families that Only selects; routes without one are left out.
func (f Fuzz) chosen() ([]*route, error) {
	used := make([]bool, len(f.Only))
	var kept []*route
	for _, one := range routes() {
		one.families = slices.DeleteFunc(one.families, func(family string) bool {
			taken := len(f.Only) == 0
			for i, p := range f.Only {
				if (conformance.Case[struct{}]{Tags: one.words(family)}).Is(p) {
					used[i], taken = true, true
				}
			}
			return !taken
		})
		if len(one.families) > 0 {
			kept = append(kept, one)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, unknownName(f.Only[i].String())
	}
	return kept, nil
}

// unknownName tells what there is.
func unknownName(wrong string) error {
	var all, families []string
	for _, one := range routes() {
		all = append(all, one.words(one.families...)...)
		families = append(families, one.families...)
	}
	slices.Sort(families)
	hint := ""
	if near := subject.Nearest(wrong, all); near != "" {
		hint = " (did you mean " + near + "?)"
	}
	return fmt.Errorf("%s selects nothing that --fuzz changes%s. Write a ceremony (%s), an encoding (%s), or both, as in certified/x509; reg and auth are all registrations and all sign-ins",
		wrong, hint, strings.Join(routeNames(), ", "), strings.Join(slices.Compact(families), ", "))
}

// routeOf is the route of a name, nil when there is none.
func routeOf(name string) *route {
	all := routes()
	if i := slices.IndexFunc(all, func(one *route) bool { return one.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

func routeNames() []string {
	var names []string
	for _, one := range routes() {
		names = append(names, one.name)
	}
	return names
}
