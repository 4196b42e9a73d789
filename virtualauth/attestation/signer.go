package attestation

import "github.com/passkeylab/passkeylab/virtualauth/cose"

// Signer signs metadata.
type Signer struct {
	// Chain are certificates in DER, the signer's first, without the root.
	Chain [][]byte
	// Sign makes an ES256 signature as JSON Web Signatures want it: r ‖ s, 64 bytes (RFC 7518 §3.4).
	Sign func(input []byte) (signature []byte, err error)
}

// MetadataSigner returns who signs metadata in the name of a host: a certificate below an intermediate below MetadataRoot.
// Of the lies it knows those about certificates and chains, and BadSignature.
func (a *Authority) MetadataSigner(host string, lies Misbehaviour) (Signer, error) {
	s := Subject{Authority: a, Misbehave: lies, lies: true}
	by, err := s.issuingAuthority().intermediate("test metadata root", "metadata CA", nil)
	if err != nil {
		return Signer{}, err
	}
	key, err := a.key("metadata signer "+host, cose.ES256)
	if err != nil {
		return Signer{}, err
	}
	p := profile{subject: []attribute{{oidCountry, ourCountry}, {oidOrganization, ourOrganization}, {oidCommonName, host}}, hosts: []string{host}}
	signer, err := s.sealed(p, key, by)
	if err != nil {
		return Signer{}, err
	}
	return Signer{Chain: s.x5c(signer), Sign: func(input []byte) ([]byte, error) {
		signature, err := key.sign(input)
		if err != nil {
			return nil, err
		}
		return rawSignature(s.spoiled(signature, key.Public()), key.Public()), nil
	}}, nil
}
