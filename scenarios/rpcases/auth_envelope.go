package rpcases

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// authenticationEnvelope is about the JSON of an authentication response, and of no other (WebAuthn L3 §5.2.2).
func authenticationEnvelope() []Case {
	return []Case{
		{
			ID: "auth/envelope/honest", Aliases: []string{"S-ENA-001"}, Level: must, Clause: auth(wholeAuth, "whole"),
			Says: "an honest assertion is accepted, and the next one, too",
			Run:  Authentication{Lie: Lie{Is: "nothing unusual"}}.Accepted,
		},
		{
			ID: "auth/envelope/data-missing", Aliases: []string{"S-ENA-013"}, Level: must, Clause: auth("7", "authenticator-data"),
			Says: "an assertion without authenticator data is refused",
			Run:  Authentication{Lie: Lie{Is: "no authenticatorData", Message: without("response.authenticatorData")}}.Refused,
		},
		{
			ID: "auth/envelope/data-of-another-type", Aliases: []string{"S-ENA-014"}, Level: must, Clause: auth("7", "authenticator-data"),
			Says: "an assertion whose authenticator data is no string is refused",
			Run:  Authentication{Lies: wrongTypes("response.authenticatorData")}.Refused,
		},
		{
			ID: "auth/envelope/data-not-base64url", Aliases: []string{"S-ENA-015"}, Level: must, Clause: l3("5.2.2", "authenticator-data"),
			Says: "an assertion whose authenticator data has signs that base64url does not have is refused",
			Run:  Authentication{Lies: spelt("authenticatorData", []string{"response.authenticatorData"}, notBase64url()...)}.Refused,
		},
		{
			ID: "auth/envelope/data-empty", Aliases: []string{"S-ENA-016"}, Level: must, Clause: auth("7", "authenticator-data"),
			Says: "an assertion whose authenticator data is empty is refused",
			Run:  Authentication{Lie: Lie{Is: "an empty authenticatorData", Message: set("response.authenticatorData", "")}}.Refused,
		},
		{
			ID: "auth/envelope/signature-missing", Aliases: []string{"S-ENA-017"}, Level: must, Clause: auth("7", "signature-member"),
			Says: "an assertion without signature is refused",
			Run:  Authentication{Lie: Lie{Is: "no signature", Message: without("response.signature")}}.Refused,
		},
		{
			ID: "auth/envelope/signature-of-another-type", Aliases: []string{"S-ENA-018"}, Level: must, Clause: auth("7", "signature-member"),
			Says: "an assertion whose signature is no string is refused",
			Run:  Authentication{Lies: wrongTypes("response.signature")}.Refused,
		},
		{
			ID: "auth/envelope/signature-not-base64url", Aliases: []string{"S-ENA-019"}, Level: must, Clause: l3("5.2.2", "signature"),
			Says: "an assertion whose signature has signs that base64url does not have is refused",
			Run:  Authentication{Lies: spelt("signature", []string{"response.signature"}, notBase64url()...)}.Refused,
		},
		{
			ID: "auth/envelope/signature-empty", Aliases: []string{"S-ENA-020"}, Level: must, Clause: auth("21", "signature"),
			Says: "an assertion whose signature is empty is refused",
			Run:  Authentication{Lie: Lie{Is: "an empty signature", Message: set("response.signature", "")}}.Refused,
		},
		{
			ID: "auth/envelope/signature-in-plain-base64", Aliases: []string{"S-ENA-028"}, Level: robust, Clause: l3("5.1", "base64url"),
			Says: "a signature with padding, or in the alphabet of plain base64, is decided on",
			Run:  Authentication{Lies: spelt("signature", []string{"response.signature"}, affix("", "="), affix("", "=="), edit{"in plain base64", plainBase64})}.Observed,
		},
		{
			ID: "auth/envelope/user-handle-of-another-type", Aliases: []string{"S-ENA-022"}, Level: must, Clause: l3("5.2.2", "user-handle"),
			Says: "an assertion whose user handle is neither a string nor null is refused",
			Run:  Authentication{Lies: wrongTypes("response.userHandle")[1:]}.Refused,
		},
		{
			ID: "auth/envelope/user-handle-null", Aliases: []string{"S-ENA-023"}, Level: must, Clause: l3("5.2.2", "user-handle"),
			Says: "a user handle that is null is accepted where the user name was given",
			Run:  Authentication{Lie: Lie{Is: "userHandle null", Message: set("response.userHandle", nil)}}.Accepted,
		},
		{
			ID: "auth/envelope/user-handle-missing", Aliases: []string{"S-ENA-024"}, Level: must, Clause: auth("6", "user-identified"),
			Says: "an assertion without user handle is accepted where the user name was given", Needs: []conformance.Capability{Identifies},
			Run: Authentication{Lie: Lie{Is: "no userHandle", Client: client.Misbehaviour{OmitUserHandle: true}}}.Accepted,
		},
		{
			ID: "auth/envelope/user-handle-empty", Aliases: []string{"S-ENA-025"}, Level: robust, Clause: auth("6", "user-identified"),
			Says: "an empty user handle is decided on where the user name was given",
			Run:  Authentication{Lie: Lie{Is: "an empty userHandle", Message: set("response.userHandle", "")}}.Observed,
		},
		{
			ID: "auth/envelope/attestation-object", Aliases: []string{"S-ENA-027"}, Level: should, Clause: l3("5.2.2", "unknown-members"),
			Says: "an attestation object in an assertion, which older drafts had, is ignored",
			Run: Authentication{Lies: []Lie{
				{Is: "attestationObject null", Message: set("response.attestationObject", nil)},
				{Is: "an attestationObject", Message: set("response.attestationObject", "o2NmbXRkbm9uZQ")},
			}}.Accepted,
		},
		{
			ID: "auth/envelope/of-a-registration", Aliases: []string{"S-ENA-029"}, Level: must, Clause: auth("10", "type"),
			Says: "the response of a registration is refused at sign-in",
			Run:  registrationAtSignIn,
		},
	}
}

// registrationAtSignIn posts an honest registration where an assertion is wanted, and the honest assertion afterwards.
func registrationAtSignIn(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	other := b.Person(nil)
	offered := other.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("creation options", offered); err != nil {
		return conformance.Control("creation options", err)
	}
	message, err := other.Create(ctx, offered.Options(), Lie{})
	if err != nil {
		return conformance.Control("an honest registration", err)
	}
	if asked := p.RequestOptions(ctx, Ask{}); asked.Outcome != subject.Accepted {
		return conformance.Control("request options", b.MustAccept("request options", asked))
	}
	answer, err := p.Posts(ctx, subject.RequestResult, message, Lie{Is: "the response of a registration"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("sign-in with the response of a registration", answer); err != nil {
		return err
	}
	return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
}
