package metadata_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"image/png"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	gometadata "github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// statement is a metadata statement as another library reads it, with what it must agree with.
type statement struct {
	gometadata.StatementJSON
	model provider.Provider
	info  *metadata.GetInfo // the copy in the statement
	// members are all there are, by name.
	members map[string]any
}

// statementRule is one rule about statements, with the rows of the list of authenticator cases.
type statementRule struct {
	ids, says string
	always    bool // of models of U2F too
	holds     func(s *statement) bool
}

var statementRules = []statementRule{
	{"MTA-001", "it has a legal header", true, func(s *statement) bool { return s.LegalHeader != "" }},
	{"MTA-002", "the AAGUID is that of getInfo, and the model's", false, func(s *statement) bool {
		return s.AaGUID == s.model.Model.AAGUID.String() && uuid.UUID(s.info.AAGUID) == s.model.Model.AAGUID
	}},
	{"MTA-003", "it has no identifier of UAF or U2F", false, func(s *statement) bool {
		return s.Aaid == "" && len(s.AttestationCertificateKeyIdentifiers) == 0
	}},
	{"MTA-003", "a model of U2F has the key identifier of its certificate alone", true, func(s *statement) bool {
		return s.Aaid == "" && (s.AaGUID == "") == (len(s.AttestationCertificateKeyIdentifiers) == 1)
	}},
	{"MTA-004", "the description names it", true, func(s *statement) bool {
		return s.Description == s.model.Name && s.Description != "" && len(s.Description) <= 200
	}},
	{"MTA-006", "the version is that of the firmware", true, func(s *statement) bool {
		return uint64(s.AuthenticatorVersion) == s.info.FirmwareVersion
	}},
	{"MTA-007", "the family is fido2, or u2f for what knows nothing else", true, func(s *statement) bool {
		return s.ProtocolFamily == map[bool]string{true: "u2f", false: "fido2"}[slices.Equal(s.model.Model.Versions, []string{"U2F_V2"})]
	}},
	{"MTA-008", "upv has the versions of getInfo", false, func(s *statement) bool {
		for _, v := range s.Upv {
			if !slices.Contains(s.info.Versions, fmt.Sprintf("FIDO_%d_%d", v.Major+1, v.Minor)) {
				return false
			}
		}
		return len(s.Upv) == len(slices.DeleteFunc(slices.Clone(s.info.Versions), func(v string) bool { return v == "U2F_V2" }))
	}},
	{"MTA-009", "there is a name for each algorithm", true, func(s *statement) bool {
		return len(s.AuthenticationAlgorithms) == max(len(s.model.Model.Algorithms), 1)
	}},
	{"MTA-010", "keys are COSE keys", false, func(s *statement) bool {
		return slices.Equal(s.PublicKeyAlgAndEncodings, []gometadata.PublicKeyAlgAndEncoding{"cose"})
	}},
	{"MTA-011", "attestation is basic", true, func(s *statement) bool {
		return slices.Equal(s.AttestationTypes, []gometadata.AuthenticatorAttestationType{"basic_full"})
	}},
	{"MTA-012 INF-002", "presence and verification are those of the options, built-in by the modality", true, func(s *statement) bool {
		want := []string{"presence_internal"}
		if _, can := s.info.Options["uv"]; can {
			want = append(want, map[uint64]string{0: "passcode_internal", 2: "fingerprint_internal", 16: "faceprint_internal"}[s.info.UVModality])
		}
		return slices.Equal(slices.DeleteFunc(s.methods(), func(m string) bool { return m == "passcode_external" }), want)
	}},
	// Protocols without the option clientPin are for hmac-secret and for tokens by built-in verification.
	{"MTA-012 INF-003", "whoever takes a PIN, and has protocols for it, says passcode_external", true, func(s *statement) bool {
		_, takes := s.info.Options["clientPin"]
		return slices.Contains(s.methods(), "passcode_external") == takes && (!takes || len(s.info.PINUVAuthProtocols) > 0)
	}},
	{"MTA-013", "keys are protected by software", true, func(s *statement) bool { return slices.Equal(s.KeyProtection, []string{"software"}) }},
	{"MTA-014", "keys sign nothing else", true, func(s *statement) bool { return s.IsKeyRestricted }},
	{"MTA-015", "verification is fresh each time", true, func(s *statement) bool { return s.IsFreshUserVerificationRequired }},
	{"MTA-016", "so is what verifies", true, func(s *statement) bool { return slices.Equal(s.MatcherProtection, []string{"software"}) }},
	{"MTA-017", "keys have the strength of P-256", true, func(s *statement) bool { return s.CryptoStrength == 128 }},
	{"MTA-018", "it is attached as its transports say", true, func(s *statement) bool {
		built := s.model.Model.Attachment == virtualauth.Platform
		return len(s.AttachmentHint) > 0 && slices.Contains(s.AttachmentHint, "internal") == built &&
			slices.Contains(s.AttachmentHint, "nfc") == slices.Contains(s.info.Transports, "nfc")
	}},
	{"MTA-019 MTA-020 MTA-021", "there is no display for transactions", true, func(s *statement) bool {
		return len(s.TcDisplay) == 0 && s.TcDisplayContentType == "" && len(s.TcDisplayPNGCharacteristics) == 0
	}},
	{"MTA-022", "the root is one certificate", true, func(s *statement) bool {
		if len(s.AttestationRootCertificates) != 1 {
			return false
		}
		_, err := base64.StdEncoding.DecodeString(s.AttestationRootCertificates[0])
		return err == nil
	}},
	{"MTA-023", "there is no trust anchor for ECDAA", true, func(s *statement) bool { return len(s.EcdaaTrustAnchors) == 0 }},
	{"MTA-024", "the icon is a picture", true, func(s *statement) bool {
		data, found := strings.CutPrefix(s.Icon, "data:image/png;base64,")
		_, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
		return found && err == nil
	}},
	{"MTA-025", "the schema is 3", true, func(s *statement) bool { return s.Schema == 3 }},
	{"MTA-026", "the copy of getInfo is what a device answers", false, func(s *statement) bool {
		device := virtualauth.New(s.model.Model, virtualauth.World{Clock: still(start), Rand: rand.NewChaCha8([32]byte{9})})
		answer, err := device.Exchange(context.Background(), []byte{byte(ctap2.CommandGetInfo)})
		if err != nil {
			return false
		}
		info, err := metadata.ParseGetInfo(answer[1:])
		return err == nil && reflect.DeepEqual(info, s.info)
	}},
	{"MTA-027", "no member is one that statements had once", true, func(s *statement) bool {
		for _, name := range []string{"assertionScheme", "authenticationAlgorithm", "publicKeyAlgAndEncoding", "operatingEnv", "isSecondFactorOnly"} {
			if _, there := s.members[name]; there {
				return false
			}
		}
		return len(s.members) > 0
	}},
	{"MTA-029", "it is not FIDO's sample", true, func(s *statement) bool {
		return s.AaGUID != "0132d110-bf4e-4208-a403-ab4f5f12efe5" && !strings.Contains(s.Description, "Sample")
	}},
}

// methods are the alternatives of user verification, of one method each.
func (s *statement) methods() (names []string) {
	for _, alternative := range s.UserVerificationDetails {
		for _, m := range alternative {
			names = append(names, string(m.UserVerificationMethod))
		}
	}
	return names
}
