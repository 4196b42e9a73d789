// Package virtualauth is an authenticator in software. It answers CTAP2 honestly, or misbehaves exactly as told.
//
// Make one with New, or with Open when its credentials are to survive a restart, and hand it to the callers of package ctap2,
// to a phone, to a CTAPHID device, or to whatever else speaks to a ctap2.Transport; the Example does without all of them.
//
//	Model         what kind of authenticator it claims to be; package provider holds known ones
//	World         everything it needs from outside: user, keys, clock, randomness, store
//	Misbehaviour  lies, one field each; the zero value is honest
//	Credentials…  its own screen: look at credentials, delete, export and import them
//	U2F           CTAP1: the same credentials by other messages
//	Requests      what it was asked lately, by CTAP2 and by U2F, and what it answered
//
// A request is decoded once, strictly, into the structs of package ctap2; handlers, one file a command, see structs only and
// return structs or a ctap2.Status; one function turns errors into status bytes.
//
// # Attestation
//
// Model.Attestation and what stands beside it choose the statement format, World.Authority issues the certificates. Package
// attestation makes the statements, and its package metadata describes a model to relying parties by what getInfo answers.
//
// # Keys and memory
//
// Private keys live in World.Keys, a keystore.KeyStore: in memory, in sealed handles, or in a TPM. For algorithms that it lacks,
// models with SoftwareFallback take World.Fallback. Everything else that must outlive the process is in World.Store; package
// vaultfile keeps it in an encrypted file. A change is durable before it is answered, be it a new credential, a counter or a
// wrong PIN. Export and Import move single credentials with all that belongs to them, as far as there is room for it;
// ExportAccount and ImportAccount move passkeys in FIDO's Credential Exchange Format, by way of package cxf. Device-bound
// credentials stay.
//
// # The same again
//
// Time and randomness come from the World alone. With the same seed, the same clock and the software key store, the same
// requests in the same order give the same bytes: credential ids, keys, signatures, tokens, and the file of package
// vaultfile. What is not repeated: keys and signatures of a TPM; requests that come from several goroutines, whose order is
// the scheduler's; and whatever a platform draws from randomness of its own, such as its key agreement key.
//
// # What is implemented
//
// What there is, by section of CTAP 2.3; a Model chooses from it:
//
//	§6.1   makeCredential
//	§6.2   getAssertion
//	§6.3   getNextAssertion
//	§6.4   getInfo
//	§6.5   clientPIN
//	           getPINRetries
//	           getKeyAgreement
//	           setPIN
//	           changePIN
//	           getPinToken
//	           getPinUvAuthTokenUsingUvWithPermissions
//	           getUVRetries
//	           getPinUvAuthTokenUsingPinWithPermissions
//	§6.6   reset
//	§6.7   bioEnrollment
//	           enrollBegin
//	           enrollCaptureNextSample
//	           cancelCurrentEnrollment
//	           enumerateEnrollments
//	           setFriendlyName
//	           removeEnrollment
//	           getFingerprintSensorInfo
//	§6.8   credentialManagement
//	           getCredsMetadata
//	           enumerateRPsBegin
//	           enumerateRPsGetNextRP
//	           enumerateCredentialsBegin
//	           enumerateCredentialsGetNextCredential
//	           deleteCredential
//	           updateUserInformation
//	§6.9   selection
//	§6.10  largeBlobs
//	§6.11  config
//	           enableEnterpriseAttestation
//	           toggleAlwaysUv
//	           setMinPINLength
//	           enableLongTouchForReset
//	           vendorPrototype
//	§6.12  bioEnrollment (prototype)
//	§6.13  credentialManagement (prototype)
//	§12    extensions
//	           credProtect
//	           credBlob
//	           largeBlobKey
//	           largeBlob
//	           minPinLength
//	           pinComplexityPolicy
//	           hmac-secret
//	           hmac-secret-mc
//	           thirdPartyPayment
//	           prf
//	PIN/UV auth protocols: 1, 2
//	versions: U2F_V2, FIDO_2_0, FIDO_2_1_PRE, FIDO_2_1, FIDO_2_2, FIDO_2_3
//
// The extension prf is not one of CTAP: it is what clients send to phones instead of hmac-secret (WebAuthn L3 §10.1.4), because the
// tunnel encrypts already.
//
// The package shares no code with anything that checks credentials. What it makes is judged by strangers.
package virtualauth
