package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
)

// registrationEnvelope is about the JSON of a registration response (WebAuthn L3 §5.1).
func registrationEnvelope() []Case {
	return []Case{
		{
			ID: "reg/envelope/listed-afterwards", Aliases: []string{"S-ENR-001", "S-API-025"}, Level: must, Clause: reg("27", "stored"),
			Says: "a registered credential is listed in the exclude list of the next options, by its id",
			Run:  listedAfterwards,
		},
		{
			ID: "reg/envelope/id-missing", Aliases: []string{"S-ENR-002"}, Level: must, Clause: l3("5.1", "credential-id"),
			Says: "a registration without id is refused",
			Run:  Registration{Lie: Lie{Is: "no id", Message: without("id")}}.Refused,
		},
		{
			ID: "reg/envelope/id-of-another-type", Aliases: []string{"S-ENR-003"}, Level: must, Clause: l3("5.1", "credential-id"),
			Says: "a registration whose id is no string is refused",
			Run:  Registration{Lies: wrongTypes("id")}.Refused,
		},
		{
			ID: "reg/envelope/type-not-public-key", Aliases: []string{"S-ENR-007"}, Level: must, Clause: l3("5.8.2", "credential-type"),
			Says: "a registration of another type than public-key is refused",
			Run:  Registration{Lie: Lie{Is: "type password", Client: client.Misbehaviour{CredentialType: "password"}}}.Refused,
		},
		{
			ID: "reg/envelope/response-no-object", Aliases: []string{"S-ENR-009"}, Level: must, Clause: l3("5.1", "response"),
			Says: "a registration whose response is no object is refused",
			Run:  Registration{Lies: wrongObjects("response")}.Refused,
		},
		{
			ID: "reg/envelope/unknown-members", Aliases: []string{"S-ENR-028"}, Level: should, Clause: l3("5.1", "unknown-members"),
			Says: "members that nobody knows yet are ignored",
			Run: Registration{Lie: Lie{Is: "unknown members", Message: func(m *Message) error {
				m.Set("fromTheFuture", map[string]any{"a": []int{1}})
				m.Set("response.fromTheFuture", true)
				return nil
			}}}.Accepted,
		},
	}
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
	again := p.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("options after a registration", again); err != nil {
		return err
	}
	made := p.Device.Credentials()
	listed := descriptors(again, "excludeCredentials")
	if len(listed) != 1 || listed[0].Type != "public-key" || string(listed[0].Bytes()) != string(made[0].ID) {
		return &conformance.Mismatch{What: "excludeCredentials", Want: "the new credential and no other", Got: fmt.Sprintf("%+v", listed)}
	}
	return nil
}
