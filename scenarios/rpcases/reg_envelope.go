package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// registrationEnvelope is about the JSON of a registration response, and of no other (WebAuthn L3 §5.2.1).
func registrationEnvelope() []Case {
	encoded := []string{"response.clientDataJSON", "response.attestationObject"}
	return []Case{
		{
			ID: "reg/envelope/listed-afterwards", Aliases: []string{"S-ENR-001", "S-API-025"}, Level: must, Clause: reg("27", "stored"),
			Says: "a registered credential is listed in the exclude list of the next options, by its id",
			Run:  listedAfterwards,
		},
		{
			ID: "reg/envelope/attestation-missing", Aliases: []string{"S-ENR-013"}, Level: must, Clause: reg("13", "attestation-object"),
			Says: "a registration without attestation object is refused",
			Run:  Registration{Lie: Lie{Is: "no attestationObject", Message: without("response.attestationObject")}}.Refused,
		},
		{
			ID: "reg/envelope/attestation-of-another-type", Aliases: []string{"S-ENR-014"}, Level: must, Clause: reg("13", "attestation-object"),
			Says: "a registration whose attestation object is no string is refused",
			Run:  Registration{Lies: wrongTypes("response.attestationObject")}.Refused,
		},
		{
			ID: "reg/envelope/attestation-empty", Aliases: []string{"S-ENR-015"}, Level: must, Clause: reg("13", "attestation-object"),
			Says: "a registration whose attestation object is empty is refused",
			Run:  Registration{Lie: Lie{Is: "an empty attestationObject", Message: set("response.attestationObject", "")}}.Refused,
		},
		{
			ID: "reg/envelope/plain-base64", Aliases: []string{"S-ENR-021"}, Level: robust, Clause: l3("5.1", "base64url"),
			Says: "client data and attestation object in the alphabet of plain base64 are decided on, and of use where they are accepted",
			Run: Registration{Lies: append(spelt("clientDataJSON", encoded[:1], edit{"in plain base64", plainBase64}),
				spelt("attestationObject", encoded[1:], edit{"in plain base64", plainBase64})...)}.OfUse,
		},
		{
			ID: "reg/envelope/white-space-in-base64url", Aliases: []string{"S-ENR-022"}, Level: should, Clause: l3("5.1", "base64url"),
			Says: "client data or an attestation object with white space in its base64url is refused",
			Run: Registration{Lies: append(spelt("clientDataJSON", encoded[:1], withBlanks()...),
				spelt("attestationObject", encoded[1:], withBlanks()...)...)}.Refused,
		},
		{
			ID: "reg/envelope/transports-unknown", Aliases: []string{"S-ENR-032"}, Level: should, Clause: reg("27", "transports"),
			Says: "transports that nobody knows, twice the same, and out of order are accepted",
			Run:  Registration{Lies: transportsOf([]any{"usb", "carrier-pigeon", "usb", "ble"}, []any{"x", "usb"}, []any{})}.Accepted,
		},
		{
			ID: "reg/envelope/transports-of-another-type", Aliases: []string{"S-ENR-033"}, Level: should, Clause: l3("5.2.1", "transports"),
			Says: "transports that are no list of strings are refused",
			Run:  Registration{Lies: transportsOf("usb", []any{"usb", 7}, []any{[]any{"usb"}}, map[string]any{"usb": true}, 1)}.Refused,
		},
		{
			ID: "reg/envelope/key-outside", Aliases: []string{"S-ENR-034"}, Level: should, Clause: l3("5.2.1", "public-key"),
			Says: "a public key beside the attestation object is not the one that signs anybody in",
			Run:  keyOutside,
		},
		{
			ID: "reg/envelope/data-outside", Aliases: []string{"S-ENR-035"}, Level: should, Clause: l3("5.2.1", "authenticator-data"),
			Says: "authenticator data beside the attestation object is ignored, or the registration refused",
			Run: Registration{Lies: []Lie{
				{Is: "authenticator data of another model beside the attestation object", Client: client.Misbehaviour{OuterAAGUID: LabAAGUID}},
				{Is: "no authenticator data beside the attestation object", Message: without("response.authenticatorData")},
				{Is: "nonsense beside the attestation object", Message: set("response.authenticatorData", "AAAA")},
			}}.OfUse,
		},
		{
			ID: "reg/envelope/algorithm-outside", Aliases: []string{"S-ENR-036"}, Level: should, Clause: l3("5.2.1", "public-key-algorithm"),
			Says: "an algorithm beside the attestation object is ignored, or the registration refused",
			Run: Registration{Lies: []Lie{
				{Is: "publicKeyAlgorithm RS256", Message: set("response.publicKeyAlgorithm", -257)},
				{Is: "publicKeyAlgorithm 0", Message: set("response.publicKeyAlgorithm", 0)},
			}, Model: onlyES256}.OfUse,
		},
		{
			ID: "reg/envelope/id-of-another", Aliases: []string{"S-ENR-019"}, Level: should, Clause: reg("27", "attested-id"),
			Says: "a credential is never kept under an id of the envelope that is another than the attested one",
			Run:  idOfAnother,
		},
		{
			ID: "reg/envelope/id-with-spare-bits", Aliases: []string{"S-ENR-023"}, Level: robust, Clause: l3("5.1", "base64url"),
			Says: "another spelling of the same id makes no second credential",
			Run:  idRespelt,
		},
		{
			ID: "reg/envelope/of-an-assertion", Aliases: []string{"S-ENR-037"}, Level: must, Clause: reg("7", "type"),
			Says: "an assertion is refused at registration",
			Run:  assertionAtRegistration,
		},
	}
}

// transportsOf are lies about response.transports.
func transportsOf(values ...any) []Lie {
	var lies []Lie
	for _, value := range values {
		lies = append(lies, Lie{Is: fmt.Sprintf("the transports %v", value), Message: set("response.transports", value)})
	}
	return lies
}

// OfUse wants each lie to be refused, and nothing to be left of it, or to be accepted, and its owner to sign in with what came of
// it.
func (r Registration) OfUse(ctx context.Context, b *Bench) error {
	return r.tell(ctx, b, (*Bench).MustDecide, func(p *Person, lie Lie, answer subject.Answer) error { return r.settled(ctx, p, lie, answer) })
}

// signsInAfter wants the person to sign in with what a registration made.
func (p *Person) signsInAfter(ctx context.Context, what string) error {
	answer, err := p.SignsIn(ctx, Ask{}, Lie{})
	if err != nil {
		return &conformance.Mismatch{What: "signing in after a " + what, Want: "options for the credential that was accepted", Got: err.Error()}
	}
	return p.bench.MustAccept("signing in after a "+what, answer)
}

func listedAfterwards(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	answer, err := p.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	return p.lists(ctx, "options after a registration", "the new credential and no other", [][]byte{p.Device.Credentials()[0].ID})
}
