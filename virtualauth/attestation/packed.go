package attestation

// packed signs authenticator data ‖ client data hash (WebAuthn L3 §8.2, signing procedure):
//
//	{"alg": algorithm, "sig": bytes}                           self attestation, by the credential's own key
//	{"alg": algorithm, "sig": bytes, "x5c": [model, issuer]}   by the attestation key of the model, or of one device
func packed(s Subject) (members, error) {
	if s.Type != Basic && s.Serial == "" {
		signature, err := s.signature(s.Sign, nil, s.signed())
		return members{"alg": s.claimed(s.Algorithm), "sig": signature}, err
	}
	if s.Authority == nil {
		return nil, ErrNoAuthority
	}
	by, err := s.attester(profile{format: FormatPacked, subject: s.device("packed"), aaguid: true})
	if err != nil {
		return nil, err
	}
	return packedBy(s, by)
}

// packedBy makes the statement with an attestation key.
func packedBy(s Subject, by *issuer) (members, error) {
	signature, err := s.signature(by.key.sign, by.key.Public(), s.signed())
	if err != nil {
		return nil, err
	}
	return members{"alg": s.claimed(by.key.algorithm), "sig": signature, "x5c": s.x5c(by)}, nil
}
