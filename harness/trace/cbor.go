package trace

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/reports"
)

// item cuts off one CBOR data item.
func (m *byteMap) item(name string) ([]byte, bool) {
	var raw cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(m.rest, &raw)
	if err != nil {
		m.problem("%s at offset %d is not CBOR: %v", name, m.offset, err)
		m.segment(name, m.rest, "not CBOR")
		m.broken = true
		return nil, false
	}
	data := m.rest[:len(m.rest)-len(rest)]
	m.segment(name, data, "")
	if !canonical(data) {
		m.problem("%s is not in the canonical CBOR form of CTAP2 (CTAP 2.3 §8)", name)
	}
	return data, true
}

// canonical says whether encoding the item again, by the rules of CTAP2, gives the same bytes. A date or a number that
// only a later encoding rule would change does not occur in these messages.
func canonical(data []byte) bool {
	decoder, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden}.DecMode()
	if err != nil {
		return false
	}
	encoder, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return false
	}
	var value any
	if err := decoder.Unmarshal(data, &value); err != nil {
		return false
	}
	again, err := encoder.Marshal(value)
	return err == nil && bytes.Equal(again, data)
}

// diagnose prints CBOR in diagnostic notation (RFC 8949 §8), or says why it cannot.
func diagnose(data []byte) string {
	text, err := cbor.Diagnose(data)
	if err != nil {
		return fmt.Sprintf("not CBOR (%v): h'%x'", err, data)
	}
	return text
}

// key describes a COSE_Key (RFC 9052 §7): 1 kty, 3 alg, and by kty -1 crv or n, -2 x or e, -3 y.
func (m *byteMap) key(data []byte) {
	m.Authenticator.KeyDiag = diagnose(data)
	var members map[int64]cbor.RawMessage
	if err := cbor.Unmarshal(data, &members); err != nil {
		m.problem("the credential key is not a map with integer keys: %v", err)
		m.means("not a COSE_Key")
		return
	}
	kty, hasType := integer(members[1])
	alg, hasAlg := integer(members[3])
	if !hasType || !hasAlg {
		m.problem("the credential key lacks kty (1) or alg (3)")
	}
	if hasAlg {
		m.keyAlgorithm = &alg
	}
	words := []string{algorithm(alg)}
	switch kty {
	case 1, 2:
		curve, _ := integer(members[-1])
		words = append(words, curveName(curve))
		m.coordinates(members, kty, curve)
	case 3:
		var modulus []byte
		if err := cbor.Unmarshal(members[-1], &modulus); err == nil {
			words = append(words, fmt.Sprintf("RSA %d bits", 8*len(modulus)))
		}
	case 7: // AKP: the algorithm says everything about the key (RFC 9964)
		m.wholeKey(members, alg)
	default:
		words = append(words, fmt.Sprintf("key type %d", kty))
	}
	m.Authenticator.KeySummary = strings.Join(words, ", ")
	m.means("%s", m.Authenticator.KeySummary)
}

// wholeKey checks the length of a public key that has no parts.
func (m *byteMap) wholeKey(members map[int64]cbor.RawMessage, alg int64) {
	want := map[int64]int{-48: 1312, -49: 1952, -50: 2592}[alg]
	var public []byte
	if err := cbor.Unmarshal(members[-1], &public); err != nil {
		m.problem("the credential key has no public key (-1), or not as bytes")
	} else if want > 0 && len(public) != want {
		m.problem("the credential key has %d bytes instead of %d", len(public), want)
	}
}

// coordinates checks the lengths of x and y against the curve.
func (m *byteMap) coordinates(members map[int64]cbor.RawMessage, kty, curve int64) {
	want := map[int64]int{1: 32, 2: 48, 3: 66, 6: 32, 7: 57, 8: 32}[curve]
	labels := []int64{-2, -3}
	if kty == 1 {
		labels = labels[:1]
	}
	for _, label := range labels {
		var coordinate []byte
		if err := cbor.Unmarshal(members[label], &coordinate); err != nil {
			m.problem("the credential key has no coordinate %d, or not as bytes", label)
		} else if want > 0 && len(coordinate) != want {
			m.problem("coordinate %d of the credential key has %d bytes instead of %d", label, len(coordinate), want)
		}
	}
}

func curveName(curve int64) string {
	switch curve {
	case 1:
		return "P-256"
	case 2:
		return "P-384"
	case 3:
		return "P-521"
	case 6:
		return "Ed25519"
	case 7:
		return "Ed448"
	case 8:
		return "secp256k1"
	}
	return fmt.Sprintf("curve %d", curve)
}

func integer(raw cbor.RawMessage) (int64, bool) {
	var n int64
	return n, len(raw) > 0 && cbor.Unmarshal(raw, &n) == nil
}

// attestationObject decodes {fmt, attStmt, authData} (WebAuthn L3 §6.5) and returns the authenticator data.
func (c *ceremony) attestationObject(encoded string) []byte {
	data := c.bytes("attestationObject", encoded)
	if data == nil {
		return nil
	}
	var object struct {
		Format    string          `cbor:"fmt"`
		Statement cbor.RawMessage `cbor:"attStmt"`
		AuthData  []byte          `cbor:"authData"`
	}
	rest, err := cbor.UnmarshalFirst(data, &object)
	if err != nil {
		c.problem("attestationObject is not the CBOR map of WebAuthn L3 §6.5: %v", err)
	}
	if len(rest) > 0 && err == nil {
		c.problem("%d bytes follow the attestation object", len(rest))
	}
	c.Attestation = &reports.Attestation{Format: object.Format}
	if len(object.Statement) > 0 {
		c.statement(object.Statement)
	}
	if object.AuthData == nil {
		c.problem("attestationObject has no authData")
	}
	return object.AuthData
}

// statement summarises an attestation statement of any format by the members that formats share.
func (c *ceremony) statement(raw cbor.RawMessage) {
	a := c.Attestation
	a.Diag = diagnose(raw)
	var members map[string]cbor.RawMessage
	if err := cbor.Unmarshal(raw, &members); err != nil {
		c.problem("attStmt is not a map with text keys: %v", err)
		return
	}
	chain := c.certificates(members["x5c"])
	for _, name := range sortedKeys(members) {
		a.Fields = append(a.Fields, reports.Field{Name: name, Value: statementValue(name, members[name])})
	}
	for i, certificate := range chain {
		a.Fields = append(a.Fields, reports.Field{Name: fmt.Sprintf("x5c[%d]", i), Value: certificate})
	}
	switch {
	case a.Format == "none" && len(members) > 0:
		a.Summary = "nothing is attested, yet the statement is not empty"
		c.problem("format none with a statement that is not empty (WebAuthn L3 §8.7)")
	case a.Format == "none":
		a.Summary = "nothing is attested"
	case len(chain) > 0:
		a.Summary = fmt.Sprintf("%s, signed under a certificate chain of %d", a.Format, len(chain))
	case a.Format == "packed":
		a.Summary = "packed, self attestation: signed with the credential's own key"
	default:
		a.Summary = a.Format
	}
}

func statementValue(name string, raw cbor.RawMessage) string {
	var list []cbor.RawMessage
	if name == "x5c" && cbor.Unmarshal(raw, &list) == nil {
		return fmt.Sprintf("certificate chain of %d", len(list))
	}
	if n, ok := integer(raw); ok {
		if name == "alg" {
			return algorithm(n)
		}
		return fmt.Sprint(n)
	}
	var text string
	if cbor.Unmarshal(raw, &text) == nil {
		return text
	}
	var data []byte
	if cbor.Unmarshal(raw, &data) == nil {
		value := fmt.Sprintf("%d bytes", len(data))
		if shape := signatureShape(data); name == "sig" && shape != "" {
			value += ", " + shape
		}
		return value
	}
	return diagnose(raw)
}

// certificates tells subject, issuer and validity of each certificate of a chain.
func (c *ceremony) certificates(raw cbor.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var chain [][]byte
	if err := cbor.Unmarshal(raw, &chain); err != nil {
		c.problem("x5c is not a list of certificates: %v", err)
		return nil
	}
	var lines []string
	for i, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			c.problem("x5c[%d] is not an X.509 certificate: %v", i, err)
			lines = append(lines, fmt.Sprintf("%d bytes that are no certificate", len(der)))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s, issued by %s, valid %s to %s", certificate.Subject, certificate.Issuer,
			certificate.NotBefore.UTC().Format("2006-01-02"), certificate.NotAfter.UTC().Format("2006-01-02")))
	}
	return lines
}

func sortedKeys(members map[string]cbor.RawMessage) []string {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func base64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// host is the host name of an origin, without port.
func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
