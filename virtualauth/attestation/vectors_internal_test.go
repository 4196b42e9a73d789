package attestation

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// vector is one of WebAuthn L3 §16, in hexadecimal digits.
type vector struct {
	Name           string `json:"name"`
	Object         string `json:"attestationObject"`
	ClientData     string `json:"clientDataJSON"`
	CredentialKey  string `json:"credential_private_key"`
	AttestationKey string `json:"attestation_private_key"`
}

// TestTheW3CsVectorsAreMadeAgain: with the keys, the certificates and what the TPM said in the vectors of WebAuthn L3 §16, every
// format makes the very bytes that stand there.
func TestTheW3CsVectorsAreMadeAgain(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) < 15 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			var object struct {
				Format    Format          `cbor:"fmt"`
				Statement cbor.RawMessage `cbor:"attStmt"`
				AuthData  []byte          `cbor:"authData"`
			}
			if err := cbor.Unmarshal(unhex(t, v.Object), &object); err != nil {
				t.Fatal(err)
			}
			s, by := subjectOf(t, v, object.AuthData)
			var given struct {
				X5C      [][]byte `cbor:"x5c"`
				CertInfo []byte   `cbor:"certInfo"`
				PubArea  []byte   `cbor:"pubArea"`
			}
			if err := cbor.Unmarshal(object.Statement, &given); err != nil {
				t.Fatal(err)
			}
			if len(given.X5C) > 0 {
				if by.certificate, err = x509.ParseCertificate(given.X5C[0]); err != nil {
					t.Fatal(err)
				}
			}
			statement, err := again(s, by, object.Format, Certification{Attest: given.CertInfo, Public: given.PubArea})
			if err != nil {
				t.Fatal(err)
			}
			if made, err := encoder.Marshal(statement); err != nil || !bytes.Equal(made, object.Statement) {
				t.Errorf("%v\n got %x\nwant %x", err, made, []byte(object.Statement))
			}
		})
	}
}

// again makes the statement with what the vector gives.
func again(s Subject, by *issuer, format Format, c Certification) (members, error) {
	switch format {
	case FormatPacked:
		if by.certificate == nil {
			return packed(s)
		}
		return packedBy(s, by)
	case FormatTPM:
		var err error
		if c.Signature, err = by.key.sign(c.Attest); err != nil {
			return nil, err
		}
		return tpmBy(s, by, c)
	case FormatFIDOU2F:
		return fidoU2FBy(s, by)
	case FormatAndroidKey:
		return androidKeyBy(s, by)
	case FormatApple:
		return members{"x5c": s.x5c(by)}, nil
	}
	return none(s)
}

func subjectOf(t *testing.T, v vector, authData []byte) (Subject, *issuer) {
	t.Helper()
	hash := sha256.Sum256(unhex(t, v.ClientData))
	data, err := authdata.Parse(authData)
	if err != nil {
		t.Fatal(err)
	}
	s := Subject{AuthData: authData, ClientDataHash: hash[:], Credential: *data.Credential, Algorithm: cose.ES256}
	by := &issuer{}
	if v.AttestationKey != "" {
		by.key = attestationKey{cose.ES256, p256(t, v.AttestationKey)}
	}
	if strings.HasSuffix(v.Name, "-es256") && v.CredentialKey != "" {
		credential := attestationKey{cose.ES256, p256(t, v.CredentialKey)}
		s.Sign = credential.sign
		if v.AttestationKey == "" {
			by.key = credential
		}
	}
	return s, by
}

func p256(t *testing.T, scalar string) crypto.Signer {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unhex(t, scalar))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
