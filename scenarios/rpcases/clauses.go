package rpcases

import (
	"strconv"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// Levels, under shorter names: a table of cases is read column by column.
const (
	must     = conformance.Must
	should   = conformance.Should
	policy   = conformance.Policy
	robust   = conformance.Robust
	interop  = conformance.Interop
	optional = conformance.Optional
)

// The steps of the whole algorithms, for what is about all of them.
const (
	wholeReg  = "1 to 29"
	wholeAuth = "1 to 25"
)

// reg is a step of WebAuthn L3 §7.1, registering a new credential, with our own word for its demand.
func reg(step, slug string) conformance.Clause {
	return conformance.Clause{Spec: "WebAuthn", Edition: "L3", Section: "7.1", Step: step, Slug: "reg-" + slug}
}

// auth is a step of WebAuthn L3 §7.2, verifying an authentication assertion.
func auth(step, slug string) conformance.Clause {
	return conformance.Clause{Spec: "WebAuthn", Edition: "L3", Section: "7.2", Step: step, Slug: "auth-" + slug}
}

// l3 is another section of WebAuthn L3: one without numbered steps for the relying party, such as a dictionary or the verification
// procedure of a statement format. What is a step of §7.1 or §7.2 is cited by reg or auth.
func l3(section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "WebAuthn", Edition: "L3", Section: section, Slug: slug}
}

// api is the REST API of FIDO's server tests.
func api(slug string) conformance.Clause {
	return conformance.Clause{Spec: "FIDO server API", Slug: slug}
}

// rfc is a section of an RFC.
func rfc(number int, section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "RFC " + strconv.Itoa(number), Section: section, Slug: slug}
}
