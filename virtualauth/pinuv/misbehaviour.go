package pinuv

// Misbehaviour is the list of lies that the authenticator's end of a protocol can tell. The zero value is honest. One field
// is one deviation, read at one line of the honest code; each comment names the clause that the lie breaks.
type Misbehaviour struct {
	// WrongSecret derives the shared secret from another point than the platform does, so that nothing it encrypts or verifies
	// fits. Breaks CTAP 2.3 §6.5.6, ecdh.
	WrongSecret bool
	// PointOffCurve spoils the key agreement key: it is on no curve, and a platform must not work with it.
	// Breaks CTAP 2.3 §6.5.6, getPublicKey; noticed by §6.5.6, ecdh.
	PointOffCurve bool
	// ConstantIV encrypts under protocol two with an IV of zeros, so that equal tokens look equal. Breaks CTAP 2.3 §6.5.7,
	// encrypt.
	ConstantIV bool
	// AcceptTruncated accepts any beginning of a right pinUvAuthParam, down to one byte. Breaks CTAP 2.3 §6.5.6 and §6.5.7,
	// verify.
	AcceptTruncated bool
	// KeepKey keeps the key agreement key after a wrong PIN. Breaks CTAP 2.3 §6.5.5.7.2, regenerate step.
	KeepKey bool
	// KeepToken issues the same token again and again, so that an old one works as long as a newer one does.
	// Breaks CTAP 2.3 §6.5.4, resetPinUvAuthToken.
	KeepToken bool
	// IgnoreTimers lets tokens live for ever. Breaks CTAP 2.3 §6.5.2.1, pinUvAuthTokenUsageTimerObserver.
	IgnoreTimers bool
}
