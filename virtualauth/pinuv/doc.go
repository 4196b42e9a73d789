// Package pinuv holds PIN/UV auth protocols one and two, both ends, and the life of a PIN/UV auth token (CTAP 2.3 §6.5).
//
//	platform                                authenticator
//	                                        Initialize, PublicKey
//	Encapsulate(its public key)    ──key──▶ Decapsulate(the platform's public key)
//	Secret.Encrypt, Authenticate   ──PIN──▶ Secret.Verify, Decrypt
//	Secret.Decrypt                 ◀─token─ Secret.Encrypt(Token)
//	Protocol.Authenticate(token)   ──MAC──▶ Authenticator.Verify
//
// The protocols differ in what follows from the shared point Z, and in how long things are:
//
//	              one                              two
//	HMAC key      SHA-256(Z)                       HKDF-SHA-256(Z, info "CTAP2 HMAC key")
//	AES key       the same                         HKDF-SHA-256(Z, info "CTAP2 AES key")
//	ciphertext    AES-256-CBC, IV zero             IV (16 bytes) ‖ AES-256-CBC
//	MAC           first 16 bytes of HMAC-SHA-256   all 32 bytes of HMAC-SHA-256
//
// Nothing is padded. Randomness and time are passed in: with the same reader the same keys, tokens and IVs come out.
package pinuv
