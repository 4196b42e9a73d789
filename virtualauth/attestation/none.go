package attestation

// none makes the empty statement (WebAuthn L3 §8.7).
func none(Subject) (members, error) { return members{}, nil }
