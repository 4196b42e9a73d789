package trace

// shape says what the members of a CBOR map are, so that a message can be read and its secrets left out.
type shape struct {
	// numbers and texts name the members by their keys. Members that are not listed are shown without a name.
	numbers map[int64]member
	texts   map[string]member
	// perSubCommand replaces the shape of the member subCommandParams by the number of the sub-command.
	perSubCommand map[int64]*shape
	// hidden says that not even a malformed message is shown: what cannot be read may be a secret.
	hidden bool
}

// member is one member of a map.
type member struct {
	name   string
	secret bool
	// inner is the shape of the maps in it, also when they are in a list.
	inner *shape
	// values are the names of its values.
	values map[int64]string
	// note puts a value that is a number into words.
	note func(int64) string
	// inside is the shape of CBOR that is wrapped in a byte string.
	inside *shape
}

// exchange is what a command sends and what comes back.
type exchange struct{ request, response *shape }

// The shapes of CTAP 2.3, section by section. They are never written after the program has started.
//
// Secret are PINs (and what they are encrypted in), tokens, hmac-secret salts and outputs, large-blob keys, credBlobs. What is
// public by its nature, as key agreement keys and MACs are, is shown. Authenticator data is shown as it was signed; the
// outputs of hmac-secret in it are encrypted under a key that no trace has.
var (
	hmacSecretInput = &shape{numbers: map[int64]member{ // §12.7
		1: {name: "keyAgreement"}, 2: {name: "saltEnc", secret: true}, 3: {name: "saltAuth"}, 4: {name: "pinUvAuthProtocol"},
	}}
	largeBlobExtension = &shape{texts: map[string]member{ // §12.4
		"write": {secret: true}, "blob": {secret: true},
	}}
	// extensionMembers are inputs and outputs of extensions, by their identifiers (§12).
	extensionMembers = &shape{texts: map[string]member{
		"hmac-secret": {secret: true, inner: hmacSecretInput}, "hmac-secret-mc": {secret: true, inner: hmacSecretInput},
		"credBlob": {secret: true}, "largeBlob": {inner: largeBlobExtension},
	}}

	makeCredentialShape = exchange{ // §6.1
		&shape{numbers: map[int64]member{
			1: {name: "clientDataHash"}, 2: {name: "rp"}, 3: {name: "user"}, 4: {name: "pubKeyCredParams"}, 5: {name: "excludeList"},
			6: {name: "extensions", inner: extensionMembers}, 7: {name: "options"}, 8: {name: "pinUvAuthParam"},
			9: {name: "pinUvAuthProtocol"}, 10: {name: "enterpriseAttestation"}, 11: {name: "attestationFormatsPreference"},
		}},
		&shape{numbers: map[int64]member{
			1: {name: "fmt"}, 2: {name: "authData"}, 3: {name: "attStmt"}, 4: {name: "epAtt"}, 5: {name: "largeBlobKey", secret: true},
			6: {name: "unsignedExtensionOutputs", inner: extensionMembers},
		}},
	}
	assertion = &shape{numbers: map[int64]member{ // §6.2.2, §6.3
		1: {name: "credential"}, 2: {name: "authData"}, 3: {name: "signature"}, 4: {name: "user"}, 5: {name: "numberOfCredentials"},
		6: {name: "userSelected"}, 7: {name: "largeBlobKey", secret: true}, 8: {name: "unsignedExtensionOutputs", inner: extensionMembers},
	}}
	getAssertionShape = exchange{ // §6.2
		&shape{numbers: map[int64]member{
			1: {name: "rpId"}, 2: {name: "clientDataHash"}, 3: {name: "allowList"}, 4: {name: "extensions", inner: extensionMembers},
			5: {name: "options"}, 6: {name: "pinUvAuthParam"}, 7: {name: "pinUvAuthProtocol"},
		}}, assertion,
	}
	getInfoShape = exchange{nil, &shape{numbers: map[int64]member{ // §6.4
		1: {name: "versions"}, 2: {name: "extensions"}, 3: {name: "aaguid"}, 4: {name: "options"}, 5: {name: "maxMsgSize"},
		6: {name: "pinUvAuthProtocols"}, 7: {name: "maxCredentialCountInList"}, 8: {name: "maxCredentialIdLength"},
		9: {name: "transports"}, 10: {name: "algorithms"}, 11: {name: "maxSerializedLargeBlobArray"}, 12: {name: "forcePINChange"},
		13: {name: "minPINLength"}, 14: {name: "firmwareVersion"}, 15: {name: "maxCredBlobLength"},
		16: {name: "maxRPIDsForSetMinPINLength"}, 17: {name: "preferredPlatformUvAttempts"}, 18: {name: "uvModality"},
		19: {name: "certifications"}, 20: {name: "remainingDiscoverableCredentials"}, 21: {name: "vendorPrototypeConfigCommands"},
		22: {name: "attestationFormats"}, 23: {name: "uvCountSinceLastPinEntry"}, 24: {name: "longTouchForReset"},
		25: {name: "encIdentifier"}, 26: {name: "transportsForReset"}, 27: {name: "pinComplexityPolicy"},
		28: {name: "pinComplexityPolicyURL"}, 29: {name: "maxPINLength"}, 30: {name: "encCredStoreState"},
		31: {name: "authenticatorConfigCommands"},
	}}}
	clientPINShape = exchange{ // §6.5.5
		&shape{hidden: true, numbers: map[int64]member{
			1: {name: "pinUvAuthProtocol"}, 2: {name: "subCommand", values: map[int64]string{
				1: "getPINRetries", 2: "getKeyAgreement", 3: "setPIN", 4: "changePIN", 5: "getPinToken",
				6: "getPinUvAuthTokenUsingUvWithPermissions", 7: "getUVRetries", 9: "getPinUvAuthTokenUsingPinWithPermissions",
			}},
			3: {name: "keyAgreement"}, 4: {name: "pinUvAuthParam"}, 5: {name: "newPinEnc", secret: true},
			6: {name: "pinHashEnc", secret: true}, 9: {name: "permissions"}, 10: {name: "rpId"},
		}},
		&shape{hidden: true, numbers: map[int64]member{
			1: {name: "keyAgreement"}, 2: {name: "pinUvAuthToken", secret: true}, 3: {name: "pinRetries"}, 4: {name: "powerCycleState"},
			5: {name: "uvRetries"},
		}},
	}
	fingerprint    = &shape{numbers: map[int64]member{1: {name: "templateId"}, 2: {name: "templateFriendlyName"}}}
	bioEnrollShape = exchange{ // §6.7
		&shape{numbers: map[int64]member{
			1: {name: "modality"}, 2: {name: "subCommand", values: map[int64]string{
				1: "enrollBegin", 2: "enrollCaptureNextSample", 3: "cancelCurrentEnrollment", 4: "enumerateEnrollments",
				5: "setFriendlyName", 6: "removeEnrollment", 7: "getFingerprintSensorInfo",
			}},
			3: {name: "subCommandParams", inner: &shape{numbers: map[int64]member{
				1: {name: "templateId"}, 2: {name: "templateFriendlyName"}, 3: {name: "timeoutMilliseconds"},
			}}},
			4: {name: "pinUvAuthProtocol"}, 5: {name: "pinUvAuthParam"}, 6: {name: "getModality"},
		}},
		&shape{numbers: map[int64]member{
			1: {name: "modality"}, 2: {name: "fingerprintKind", values: map[int64]string{1: "touch", 2: "swipe"}},
			3: {name: "maxCaptureSamplesRequiredForEnroll"}, 4: {name: "templateId"}, 5: {name: "lastEnrollSampleStatus"},
			6: {name: "remainingSamples"}, 7: {name: "templateInfos", inner: fingerprint}, 8: {name: "maxTemplateFriendlyName"},
		}},
	}
	credentialManagementShape = exchange{ // §6.8
		&shape{numbers: map[int64]member{
			1: {name: "subCommand", values: map[int64]string{
				1: "getCredsMetadata", 2: "enumerateRPsBegin", 3: "enumerateRPsGetNextRP", 4: "enumerateCredentialsBegin",
				5: "enumerateCredentialsGetNextCredential", 6: "deleteCredential", 7: "updateUserInformation",
			}},
			2: {name: "subCommandParams", inner: &shape{numbers: map[int64]member{1: {name: "rpIDHash"}, 2: {name: "credentialId"}, 3: {name: "user"}}}},
			3: {name: "pinUvAuthProtocol"}, 4: {name: "pinUvAuthParam"},
		}},
		&shape{numbers: map[int64]member{
			1: {name: "existingResidentCredentialsCount"}, 2: {name: "maxPossibleRemainingResidentCredentialsCount"}, 3: {name: "rp"},
			4: {name: "rpIDHash"}, 5: {name: "totalRPs"}, 6: {name: "user"}, 7: {name: "credentialID"}, 8: {name: "publicKey"},
			9: {name: "totalCredentials"}, 10: {name: "credProtect"}, 11: {name: "largeBlobKey", secret: true}, 12: {name: "thirdPartyPayment"},
		}},
	}
	largeBlobsShape = exchange{ // §6.10.2: what travels is encrypted under large-blob keys already
		&shape{numbers: map[int64]member{
			1: {name: "get"}, 2: {name: "set"}, 3: {name: "offset"}, 4: {name: "length"}, 5: {name: "pinUvAuthParam"}, 6: {name: "pinUvAuthProtocol"},
		}},
		&shape{numbers: map[int64]member{1: {name: "config"}}},
	}
	configShape = exchange{ // §6.11
		&shape{
			numbers: map[int64]member{
				1: {name: "subCommand", values: map[int64]string{
					1: "enableEnterpriseAttestation", 2: "toggleAlwaysUv", 3: "setMinPINLength", 4: "enableLongTouchForReset", 0xff: "vendorPrototype",
				}},
				2: {name: "subCommandParams"}, 3: {name: "pinUvAuthProtocol"}, 4: {name: "pinUvAuthParam"},
			},
			perSubCommand: map[int64]*shape{
				3: {numbers: map[int64]member{
					1: {name: "newMinPINLength"}, 2: {name: "minPinLengthRPIDs"}, 3: {name: "forceChangePin"}, 4: {name: "pinComplexityPolicy"},
				}},
				0xff: {numbers: map[int64]member{1: {name: "vendorCommandId"}}},
			},
		}, nil,
	}
)

// exchanges are all commands with parameters or results, by command byte (CTAP 2.3 §6).
var exchanges = map[byte]exchange{
	0x01: makeCredentialShape, 0x02: getAssertionShape, 0x04: getInfoShape, 0x06: clientPINShape, 0x08: {nil, assertion},
	0x09: bioEnrollShape, 0x0a: credentialManagementShape, 0x0c: largeBlobsShape, 0x0d: configShape,
	0x41: credentialManagementShape, 0x40: bioEnrollShape, // the prototypes of CTAP 2.1-PRE
}
