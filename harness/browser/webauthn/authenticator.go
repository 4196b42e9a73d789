package webauthn

import "context"

// Authenticator is one virtual authenticator of an environment.
type Authenticator struct {
	ID  string // given by the browser
	env *Environment
}

// with returns the arguments of a command for this authenticator.
func (a *Authenticator) with(more map[string]any) map[string]any {
	args := map[string]any{"authenticatorId": a.ID}
	for name, value := range more {
		args[name] = value
	}
	return args
}

// Remove takes the authenticator away. A ceremony that waits for it goes on waiting until its timeout.
func (a *Authenticator) Remove(ctx context.Context) error {
	return a.env.call(ctx, command{"removeVirtualAuthenticator", a.with(nil)}, nil)
}

// AddCredential stores a credential. Errors: *Error, often without a reason: duplicate id, taken user handle, odd key.
func (a *Authenticator) AddCredential(ctx context.Context, c Credential) error {
	return a.env.call(ctx, command{"addCredential", a.with(map[string]any{"credential": c})}, nil)
}

// Credential returns one credential by its id.
func (a *Authenticator) Credential(ctx context.Context, id []byte) (Credential, error) {
	var reply struct{ Credential Credential }
	err := a.env.call(ctx, command{"getCredential", a.with(map[string]any{"credentialId": id})}, &reply)
	return reply.Credential, err
}

// Credentials returns all credentials.
func (a *Authenticator) Credentials(ctx context.Context) ([]Credential, error) {
	var reply struct{ Credentials []Credential }
	err := a.env.call(ctx, command{"getCredentials", a.with(nil)}, &reply)
	return reply.Credentials, err
}

// RemoveCredential deletes one credential, as its owner may do in the provider's settings.
func (a *Authenticator) RemoveCredential(ctx context.Context, id []byte) error {
	return a.env.call(ctx, command{"removeCredential", a.with(map[string]any{"credentialId": id})}, nil)
}

// ClearCredentials deletes all credentials.
func (a *Authenticator) ClearCredentials(ctx context.Context) error {
	return a.env.call(ctx, command{"clearCredentials", a.with(nil)}, nil)
}

// SetUserVerified makes user verification succeed or fail from now on. Failing is the closest to a user who cancels.
func (a *Authenticator) SetUserVerified(ctx context.Context, verified bool) error {
	return a.env.call(ctx, command{"setUserVerified", a.with(map[string]any{"isUserVerified": verified})}, nil)
}

// SetPresence makes the user touch at once, or never. It does not release a ceremony that waits already.
func (a *Authenticator) SetPresence(ctx context.Context, present bool) error {
	return a.env.call(ctx, command{"setAutomaticPresenceSimulation", a.with(map[string]any{"enabled": present})}, nil)
}

// SetOverrides spoils the answers from now on, create and get alike; the zero value makes them honest again.
func (a *Authenticator) SetOverrides(ctx context.Context, o Overrides) error {
	return a.env.call(ctx, command{"setResponseOverrideBits", a.with(map[string]any{
		"isBogusSignature": o.BogusSignature, "isBadUV": o.BadUV, "isBadUP": o.BadUP,
	})}, nil)
}

// SetProperties changes properties of one credential.
func (a *Authenticator) SetProperties(ctx context.Context, id []byte, p Properties) error {
	args := a.with(map[string]any{"credentialId": id})
	set(args, "backupEligibility", p.BackupEligibility)
	set(args, "backupState", p.BackupState)
	set(args, "signCount", p.SignCount)
	set(args, "activeCmtgKeyIndex", p.ActiveCMTGKeyIndex)
	set(args, "generateCmtgKeyOnNextOperation", p.GenerateCMTGKeyOnNextOperation)
	return a.env.call(ctx, command{"setCredentialProperties", args}, nil)
}

// set adds a value that is there.
func set[T any](args map[string]any, name string, value *T) {
	if value != nil {
		args[name] = *value
	}
}
