package attestation

// none makes the empty statement (WebAuthn L3 §8.7).
func none(Subject) (Statement, error) {
	return Statement{Format: FormatNone, Body: []byte{0xa0}}, nil
}
