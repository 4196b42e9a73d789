package rpcases

// demandFixes are by the key of a clause, for demands of which their step or section says too little.
var demandFixes = map[string]string{
	// Credentials and accounts.
	"WebAuthn/credential-id-bytes":        "Store and compare credential ids as bytes, in a binary column or a collation that folds neither case nor padding.",
	"WebAuthn/exclude-credentials":        "List all credentials of the account in excludeCredentials, and refuse nothing but an id that is taken.",
	"WebAuthn/user-handle-stays":          "Make the user handle once, when the account is made, and send the same in all creation options.",
	"WebAuthn/user-handle-made-by-server": "Make the user handle on the server, and read no user handle from the request for options.",
	"WebAuthn/resident-key":               "Accept a credential whether or not it is discoverable: discouraged is a wish and no ban.",
	"WebAuthn/attachment":                 "Treat authenticatorAttachment as a hint that the client may invent, and enforce a demand by attestation, or always in the same way.",
	"WebAuthn/cred-props":                 "Read credProps as an unsigned hint: check its type, and let a passkey prove by its first sign-in that it is discoverable.",

	// Signatures.
	"WebAuthn/signature-format":     "Verify the signature in the format of its COSE algorithm by a maintained library, with no conversion of your own before it.",
	"WebAuthn/signature-der":        "Parse ECDSA signatures as strict DER: two positive integers, minimal lengths, and nothing inside or behind beside them.",
	"WebAuthn/rsa-signature-length": "Refuse an RSA signature that is not exactly as long as the modulus, or not smaller than it.",
	"WebAuthn/algorithm-hash":       "Take hash and variant from the stored key's COSE algorithm, and never from the signature or the request.",

	// Counters and backup.
	"WebAuthn/counter-unsigned":              "Store the signature counter as an unsigned number of 32 bits, and compare it as one.",
	"WebAuthn/counter-per-credential":        "Keep a signature counter for each credential, and none for the account.",
	"WebAuthn/backup-state":                  "Accept BE with or without BS unless your policy says otherwise, and store both.",
	"WebAuthn/reg-backup-eligibility-policy": "Decide by the signed BE flag of authenticator data whether your policy accepts a synced or a device-bound credential.",
	"WebAuthn/auth-backup-state-updated":     "Let BS change from sign-in to sign-in, and store its value after each that is accepted.",

	// Extensions.
	"WebAuthn/extensions-ignored": "Accept a response in which an extension was not acted upon, and do without it.",
	"WebAuthn/auth-app-id":        "Expect the hash of the AppID only where you asked for appid and the client says that it was used, and the hash of the RP ID everywhere else.",
	"WebAuthn/app-id":             "Expect the hash of the AppID where you asked for appid, the credential is one of U2F, and the client says that it was used.",
	"WebAuthn/app-id-exclude":     "Accept a registration whose client says that it heeded appidExclude.",
	"WebAuthn/large-blob":         "Decide by your own needs about a credential without large blobs: the client's word on it is not signed.",

	// Related origins.
	"FIDO MDS/batch":           "Hold the certificates of a statement, and who has issued them, against the certificate of a status report, and count the report only where it is theirs.",
	"FIDO MDS/key-identifiers": "Look a statement without an AAGUID up by the SHA-1 hash of the key in its certificate, and verify its chain up to the anchors of the entry that names that.",

	"WebAuthn/related-origins-document": "Serve /.well-known/webauthn with HTTP 200, as application/json, and list nothing but web origins over https.",
	"WebAuthn/related-origins-redirect": "Serve /.well-known/webauthn itself, without a redirect, or with one to https of the same origin.",
	"WebAuthn/related-origins-labels":   "List at most five names, or put the origins that matter first: a browser may ignore the others.",

	// What no specification says.
	"Robustness/long-body":    "Stop reading a request behind a few hundred kilobytes, and answer 413.",
	"Robustness/slow-body":    "Read bodies with a time limit, and hold no lock, transaction or only worker while you read.",
	"Robustness/many-posts":   "Keep bad requests cheap, and limit them by client and not for everybody.",
	"Robustness/flipped-bits": "Decode authenticator data and attestation objects strictly, and verify everything that was signed.",
	"Robustness/same-answer":  "Decide by the request and what is stored alone, so that the same mistake gets the same answer.",
}
