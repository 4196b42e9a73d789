package virtualauth

import (
	"bytes"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file holds what the managing commands ask of the PIN/UV auth tokens that they are given, beside what all commands ask.

// authoriseBlobs judges a write of large blobs; an authenticator that protects nothing takes it from anybody (CTAP 2.3
// §6.10.2).
func (a *Authenticator) authoriseBlobs(r *ctap2.LargeBlobsRequest) error {
	if !a.read(func(a *Authenticator) bool { return a.protected() || a.alwaysUV() }) {
		return nil
	}
	_, err := a.verifyToken(authorization{
		protocol: r.PINUVAuthProtocol, param: r.PINUVAuthParam, message: r.Message(), permission: pinuv.LBW,
	})
	return err
}

// authoriseBio judges a sub-command of authenticatorBioEnrollment; complete says that its parameters are all there (CTAP 2.3
// §6.7.4 to §6.7.8).
func (a *Authenticator) authoriseBio(r *ctap2.BioEnrollmentRequest, complete bool) error {
	if r.PINUVAuthParam != nil && !complete {
		return ctap2.MissingParameter
	}
	_, err := a.verifyToken(authorization{
		protocol: r.PINUVAuthProtocol, param: r.PINUVAuthParam, message: r.Message(), permission: a.model.needed(pinuv.BE),
	})
	return err
}

// authorization is what a sub-command of authenticatorCredentialManagement asks of a token (CTAP 2.3 §6.8.2 to §6.8.6).
func (a *Authenticator) authorization(r managementRequest, sub managementSubCommand) authorization {
	return authorization{
		protocol: r.PINUVAuthProtocol, param: r.PINUVAuthParam, message: r.Message(),
		permission: a.model.needed(pinuv.CM), readOnly: sub.reads,
	}
}

// authoriseManagement judges a sub-command of authenticatorCredentialManagement. A token that is bound to an RP ID is good for
// the credentials of that relying party only: CTAP 2.3 §6.8.4 would have it bound to none for listing them, but §6.5.5.7 and
// CTAP 2.1 do not, and clients in the field rely on it.
func (a *Authenticator) authoriseManagement(r managementRequest, sub managementSubCommand) error {
	switch {
	case r.PINUVAuthParam == nil && !a.Misbehave.ManageWithoutToken:
		return ctap2.PUATRequired
	case sub.complete != nil && !sub.complete(r.parameters):
		return ctap2.MissingParameter
	case r.PINUVAuthParam == nil: // a lie
		return nil
	}
	boundTo, err := a.verifyToken(a.authorization(r, sub))
	if err == nil && boundTo != "" && !a.inScope(sub.scope, boundTo, r.parameters) {
		return ctap2.PINAuthInvalid
	}
	return err
}

// inScope reports whether a token that is bound to an RP ID may do this.
func (a *Authenticator) inScope(scope managementScope, rpID string, p ctap2.CredentialManagementParameters) bool {
	switch scope {
	case oneRP:
		hash := authdata.HashRPID(rpID)
		return bytes.Equal(hash[:], p.RPIDHash)
	case oneCredential:
		a.mu.Lock()
		defer a.mu.Unlock()
		r := a.managed(p.Credential)
		return r == nil || r.RPID == rpID // what is not here is nobody's; the sub-command says so
	}
	return false
}

// mortal returns the end of the protocol whose token a request came under, so that an enumeration can see at each step whether
// the token has expired (CTAP 2.3 §6, stateful commands). It is nil where time ends nothing: under the persistent token, and
// under a lie. Commands that replace tokens drop the enumeration anyway. The caller holds the mutex.
func (a *Authenticator) mortal(r managementRequest) *pinuv.Authenticator {
	auth := a.authorization(r, managementSubCommand{reads: true})
	if auth.protocol == nil || a.verifyPersistent(pinuv.Protocol(*auth.protocol), auth) {
		return nil
	}
	end, err := a.end(*auth.protocol)
	if err != nil {
		return nil
	}
	return end
}
