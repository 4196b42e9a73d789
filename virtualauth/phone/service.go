package phone

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Service is what a provider's app talks to: the service of its organisation, by an API of its own. Its methods fail with a
// *RefusedError when the service said no, with ErrSignInAgain or ErrProveAgain when it wants to know anew who asks, and with
// anything else when no answer came. They call the authenticator in the goroutine that called them.
type Service interface {
	// RPID is the relying party that the app's passkeys are for.
	RPID() string
	// SignIn signs the user in and returns the name that the app shows.
	SignIn(ctx context.Context, login Login) (displayName string, err error)
	// SignOut ends the app's session.
	SignOut(ctx context.Context) error
	// Prove renews the proof with a one-time code.
	Prove(ctx context.Context, code string) error
	// Create lets the app's own authenticator make a passkey and registers it.
	Create(ctx context.Context, in Creation) error
	// Deleted reports that a passkey was deleted in the app. One that the service does not know is no failure.
	Deleted(ctx context.Context, credentialID []byte) error
}

// Login is what somebody typed into an app.
type Login struct{ UserName, Password, Code string }

// Creation is what a Service needs to make a passkey.
type Creation struct {
	// Device is the authenticator of the app.
	Device ctap2.Transport
	// Provider is the Key of the provider, OS that of the phone.
	Provider string
	OS       OS
	// Unattested says that the app cannot prove what it is at the moment: without an attestation statement.
	Unattested bool
}

// RefusedError says that a service refused, for good.
type RefusedError struct {
	// Code is the service's word for it, Words what it says to people.
	Code, Words string
}

// Error tells both.
func (e *RefusedError) Error() string {
	return "phone: the service refused: " + e.Code + ": " + e.Words
}
