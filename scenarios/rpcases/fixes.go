package rpcases

import (
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// fixFor says in one sentence what a relying party does that keeps a clause: by the demand itself, by its step, or else by the
// nearest section above it.
func fixFor(c conformance.Clause) string {
	if fix := demandFixes[c.Key()]; fix != "" {
		return fix
	}
	if c.Spec != "WebAuthn" {
		return otherFixes[c.Spec]
	}
	first, _, _ := strings.Cut(c.Step, " ")
	if c.Step == wholeReg || c.Step == wholeAuth {
		first = ""
	}
	steps := map[string]map[string]string{"7.1": registrationFixes, "7.2": authenticationFixes}[c.Section]
	if fix := steps[first]; fix != "" {
		return fix
	}
	for section := c.Section; section != ""; {
		if fix := sectionFixes[section]; fix != "" {
			return fix
		}
		dot := strings.LastIndexByte(section, '.')
		section = section[:max(dot, 0)]
	}
	return ""
}

// registrationFixes are by the step of WebAuthn L3 §7.1.
var registrationFixes = map[string]string{
	"1":  "Make the options on the server, keep them with the session, and never take one of them from the request.",
	"3":  "Refuse a response that is not an attestation response before reading anything else of it.",
	"4":  "Read client extension results only as an object, and let no extension that was not asked for decide anything.",
	"5":  "Decode the client data as UTF-8, without its byte order mark, and refuse bytes that are none.",
	"6":  "Parse the client data as JSON into the known members with their types, refuse what does not parse, and ignore unknown members.",
	"7":  "Compare the type member of the client data, as it was signed, with webauthn.create, letter by letter.",
	"8":  "Compare the challenge of the client data with the one kept in the session for this very ceremony, and use it once.",
	"9":  "Compare the origin of the client data as a whole string with a list of the origins that your pages are served from.",
	"10": "Refuse client data whose crossOrigin is true unless your registration page is meant to be framed by another origin.",
	"11": "Where topOrigin is present, compare it with a list of the pages that may frame yours, and refuse it when there is no list.",
	"12": "Hash the bytes of clientDataJSON as they came, and nothing that was made from them.",
	"13": "Decode the attestation object as CBOR, with all three members of their types and nothing behind it, and refuse anything else.",
	"14": "Compare the first 32 bytes of authenticator data with the SHA-256 of your own RP ID, which never comes from the request.",
	"15": "Refuse authenticator data without the UP flag, except in a conditional registration.",
	"16": "Where verification was required, refuse authenticator data without the UV flag.",
	"17": "Refuse authenticator data whose BS flag is set while BE is clear.",
	"18": "Decide about backup eligibility by the BE flag of authenticator data, as your policy says.",
	"19": "Decide about the backup state by the BS flag of authenticator data, as your policy says.",
	"20": "Compare the algorithm of the credential's public key with those that the options offered, and refuse any other.",
	"21": "Look the attestation format up by its exact name, and refuse one that you do not verify.",
	"22": "Verify the attestation statement by the procedure of its format, over authenticator data and the client data's hash as they came.",
	"23": "Take the trust anchors of a statement from metadata or configuration that you vouch for, never from the statement.",
	"24": "Decide whether the attestation is trustworthy by its chain and your policy, and refuse what the policy does not accept.",
	"25": "Refuse credential ids longer than 1023 bytes.",
	"26": "Refuse a credential id that any account has registered already, and enforce it by a unique index.",
	"27": "Store the new credential, with the account that the session named at the beginning, in one transaction after all checks.",
	"28": "Process the extensions that you asked for, and ignore outputs that you did not ask for, that are missing, or that you do not know.",
	"29": "Refuse the ceremony as a whole when any step fails, and leave nothing of it behind.",
	"":   "Perform every step of the registration in order, and refuse with 4xx at the first that fails.",
}

// authenticationFixes are by the step of WebAuthn L3 §7.2.
var authenticationFixes = map[string]string{
	"1":  "Make the options on the server, keep them with the session, and never take one of them from the request.",
	"3":  "Refuse a response that is not an assertion response before reading anything else of it.",
	"4":  "Read client extension results only as an object, and let no extension that was not asked for decide anything.",
	"5":  "Where the options listed credentials, refuse any credential that is not on that list.",
	"6":  "Find the account by the session, or by the user handle together with the credential id, and refuse when they do not belong together.",
	"7":  "Refuse an assertion that lacks client data, authenticator data or signature, or has one of another type.",
	"8":  "Decode the client data as UTF-8, without its byte order mark, and refuse bytes that are none.",
	"9":  "Parse the client data as JSON into the known members with their types, refuse what does not parse, and ignore unknown members.",
	"10": "Compare the type member of the client data, as it was signed, with webauthn.get, letter by letter.",
	"11": "Compare the challenge of the client data with the one kept in the session for this very ceremony, and use it once.",
	"12": "Compare the origin of the client data as a whole string with a list of the origins that your pages are served from.",
	"13": "Refuse client data whose crossOrigin is true unless your sign-in page is meant to be framed by another origin.",
	"14": "Where topOrigin is present, compare it with a list of the pages that may frame yours, and refuse it when there is no list.",
	"15": "Compare the first 32 bytes of authenticator data with the SHA-256 of your own RP ID, which never comes from the request.",
	"16": "Refuse authenticator data without the UP flag.",
	"17": "Where verification was required, refuse authenticator data without the UV flag, by what the session says and not the request.",
	"18": "Refuse authenticator data whose BS flag is set while BE is clear.",
	"19": "Compare the BE flag with the one stored at registration, and refuse an assertion in which it differs.",
	"20": "Hash the bytes of clientDataJSON as they came, and nothing that was made from them.",
	"21": "Verify the signature with the stored public key, by its own algorithm, over authenticator data and the client data's hash as they came.",
	"22": "Compare the counter with the stored one, treat one that does not grow as the sign of a clone, and store it only after all checks.",
	"23": "Process the extensions that you asked for, and ignore outputs that you did not ask for, that are missing, or that you do not know.",
	"24": "Update counter, backup state and verification of the stored credential only after every check has held.",
	"25": "Sign the person in only after every check has held, and leave nothing of a refused attempt behind.",
	"":   "Perform every step of the authentication in order, and refuse with 4xx at the first that fails.",
}

// sectionFixes are by section of WebAuthn L3; one holds for those below it.
var sectionFixes = map[string]string{
	"4":      "Keep to the terms of the specification: each credential has one id, one key and one account.",
	"5":      "Read and write the members of the API with the names and types that the specification gives them.",
	"5.1":    "Check that id, rawId, type and response are there, of their types, and agree with one another; ignore unknown members.",
	"5.2":    "Read the response's members as base64url of the bytes that the specification names, and refuse other types.",
	"5.4":    "Send creation options with every required member, and lists that your server keeps to afterwards.",
	"5.4.3":  "Give each account a random user handle of 1 to 64 bytes that says nothing about the person.",
	"5.5":    "Send request options with every required member, and lists that your server keeps to afterwards.",
	"5.8.1":  "Read the client data's members by their names and types, and tolerate members that you do not know.",
	"5.8.5":  "Name algorithms by their COSE numbers, and use the hash and the curve that each of them has.",
	"5.10.3": "Serve /.well-known/webauthn as JSON with the list of related origins, and no origin that you do not own.",
	"5.11":   "Serve /.well-known/webauthn as JSON with the list of related origins, and no origin that you do not own.",
	"6":      "Read authenticator data by its layout, byte for byte, and refuse what does not fit.",
	"6.1":    "Read authenticator data by its flags: attested data if and only if AT, extensions if and only if ED, and not a byte more.",
	"6.5":    "Read attested credential data by its lengths, decode the key as one COSE_Key, and refuse bytes left over.",
	"7":      "Perform every step of the ceremony in order, and refuse with 4xx at the first that fails.",
	"8":      "Verify the attestation statement by the procedure of its format, and refuse one that does not fit its syntax.",
	"8.2":    "Verify a packed statement's signature, algorithm, certificate requirements and AAGUID extension, or for self attestation its own key.",
	"8.3":    "Verify a tpm statement's certInfo and pubArea against each other and against the credential's key, and its certificate's requirements.",
	"8.4":    "Verify an android-key statement's signature, key, challenge and authorization lists.",
	"8.5":    "Refuse android-safetynet for new credentials, or verify its nonce, chain, host name and integrity.",
	"8.6":    "Verify a fido-u2f statement's single P-256 certificate, and its signature over the five parts.",
	"8.7":    "Accept format none only with an empty statement.",
	"8.8":    "Verify an apple statement's nonce extension and that its certificate has the credential's key.",
	"8.9":    "Verify every statement inside a compound one by its own format, and as many as your policy wants.",
	"9":      "Process the extensions that you asked for, and ignore or refuse the others as your policy says.",
	"10":     "Process the extension by its own rules, and only where you asked for it.",
	"11":     "Automate authenticators only in tests.",
	"13":     "Follow the security considerations: fresh challenges, known origins, and nothing taken from the request that the server knows itself.",
	"13.4.3": "Draw at least 16 random bytes for every challenge, keep them for one ceremony and one session, and let them run out.",
	"14":     "Say the same to somebody whose account exists and to somebody whose does not.",
	"14.6.2": "Answer for a user name that does not exist as for one that does, with a plausible list that stays the same.",
	"16":     "Verify the official test vectors: the bytes, the hash and the algorithm are all given there.",
}

// otherFixes are by specification.
var otherFixes = map[string]string{
	"FIDO server API":         "Answer with JSON that has status and errorMessage: 2xx with ok for what is accepted, 4xx with failed for what is refused.",
	"FIDO MDS":                "Verify the metadata BLOB's signature and chain, keep its latest number, and decide by the status reports of the model.",
	"MDS":                     "Verify the metadata BLOB's signature and chain, keep its latest number, and decide by the status reports of the model.",
	"CTAP":                    "Encode and decode canonical CBOR only, and refuse anything else.",
	"OWASP ASVS":              "Treat the response like any other untrusted input: bounded, validated, and bound to the session that asked for it.",
	"FIDO Metadata Statement": "Hold a statement against the metadata of the model that authenticator data names, and refuse what that model cannot have made.",
	"RFC 5280":                "Verify the whole path as RFC 5280 says, and refuse a certificate with a critical extension that you do not know.",
	"RFC 8017":                "Verify RSA signatures with a library that compares the whole padded hash, and refuse unsafe keys at registration.",
	"RFC 8032":                "Refuse Ed25519 keys of small order, and verify signatures as RFC 8032 says.",
	"RFC 8230":                "Refuse RSA keys that are incomplete, shorter than 2048 bits, or too long to verify with cheaply.",
	"RFC 8949":                "Decode CBOR with a decoder that refuses what is not well-formed, says a key twice, or goes beyond small limits of size and depth.",
	"RFC 9053":                "Demand coordinates at their full length, and refuse points that are not on the curve.",
	"Robustness":              "Bound the length and the time of a request, refuse what is beyond with 4xx, and go on serving others meanwhile.",
	"HTTP":                    "Refuse a request that you cannot read with 4xx, in bounded time and memory, and go on serving others.",
}
