package rpcases

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// AppID is the extension appid, which lets credentials of U2F sign in (WebAuthn L3 §10.1.1).
const AppID = "appid"

// Honours is a relying party that does what an extension says when it was asked for.
func Honours(extension string) conformance.Capability {
	return conformance.Capability("the extension " + extension)
}

// withAppID gives a case an AppID of the relying party's own site.
func withAppID(makes func(appID string) Run) Run {
	return func(ctx context.Context, b *Bench) error { return makes(b.RP.Origin()+"/app-id.json")(ctx, b) }
}

// claimed is an assertion for an AppID, of which the client says that it used one.
func claimed(appID string) Lie {
	return Lie{
		Is: "the hash of " + appID + ", and appid true", Device: virtualauth.Misbehaviour{HashedRPID: appID}, Message: set("clientExtensionResults.appid", true),
	}
}

// forAppID is a sign-in with lies about the AppID, asked for or not. The credential is one of U2F as far as the relying party
// wants to know and believes what it is told.
func forAppID(appID string, asked bool, lies ...Lie) appIDSignIn {
	a := appIDSignIn{Lies: lies}
	if asked {
		a.Ask = Ask{Extensions: map[string]any{AppID: appID}}
	}
	return a
}

// appIDSignIn is an Authentication whose registration depends on what the relying party can do.
type appIDSignIn Authentication

func (a appIDSignIn) in(b *Bench) Authentication {
	if b.Has.Has(Attests) && b.Has.Has(TrustsLab) {
		a.Registered, a.Model = Ask{Attestation: "direct"}, func(m *virtualauth.Model) {
			m.Attestation, m.Algorithms = attestation.FormatFIDOU2F, []cose.Algorithm{cose.ES256}
		}
	}
	return Authentication(a)
}

// Refused is that of Authentication.
func (a appIDSignIn) Refused(ctx context.Context, b *Bench) error { return a.in(b).Refused(ctx, b) }

// Accepted is that of Authentication.
func (a appIDSignIn) Accepted(ctx context.Context, b *Bench) error { return a.in(b).Accepted(ctx, b) }

// Observed is that of Authentication.
func (a appIDSignIn) Observed(ctx context.Context, b *Bench) error { return a.in(b).Observed(ctx, b) }
