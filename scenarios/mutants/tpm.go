package mutants

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
)

// tpmStatement is what a TPM said: TPMS_ATTEST of a certification and TPMT_PUBLIC of the certified key (TPM 2.0 Part 2
// §10.12.12, §12.2.4).
type tpmStatement struct {
	version        string
	info, public   []byte
	magic          uint32
	kind           uint16
	extraData      []byte
	name           []byte
	infoRest       []byte
	area           pubArea
	manufacturer   bool // of the TPM, in the certificate's alternative name; model and version, too
	model, release bool
}

// pubArea is TPMT_PUBLIC, as far as it is read.
type pubArea struct {
	kind, nameAlg uint16
	curve         uint16
	exponent      uint32
	unique        [][]byte // the modulus, or both coordinates
	rest          []byte
}

// Numbers of TPM 2.0.
const (
	tpmGenerated     = 0xff544347
	tpmAttestCertify = 0x8017
	tpmRSA           = 0x0001
	tpmECC           = 0x0023
	tpmNull          = 0x0010
)

// tpmHashes are TPM_ALG_ID of hash functions; tpmCurves are the curves of COSE by TPM_ECC_CURVE.
var (
	tpmHashes = map[uint16]crypto.Hash{0x0004: crypto.SHA1, 0x000b: crypto.SHA256, 0x000c: crypto.SHA384, 0x000d: crypto.SHA512}
	tpmCurves = map[uint16]int64{3: 1, 4: 2, 5: 3}
)

// tpmReader takes parts off the front of a structure. Once it was short, everything is empty.
type tpmReader struct {
	rest  []byte
	short bool
}

func (r *tpmReader) take(length int) []byte {
	if r.short || len(r.rest) < length {
		r.short, r.rest = true, nil
		return nil
	}
	part := r.rest[:length]
	r.rest = r.rest[length:]
	return part
}

func (r *tpmReader) number(length int) (n uint32) {
	for _, b := range r.take(length) {
		n = n<<8 | uint32(b)
	}
	return n
}

func (r *tpmReader) short16() uint16 { return uint16(r.number(2)) }
func (r *tpmReader) sized() []byte   { return r.take(int(r.number(2))) }

var errTPM = errors.New("a structure of the TPM ends too early")

func (t *tpmStatement) parse() error {
	r := tpmReader{rest: t.info}
	t.magic, t.kind = r.number(4), r.short16()
	r.sized() // qualifiedSigner
	t.extraData = r.sized()
	r.take(17 + 8) // clockInfo, firmwareVersion
	t.name = r.sized()
	r.sized() // qualifiedName
	t.infoRest = r.rest
	if r.short || !t.area.parse(t.public) {
		return errTPM
	}
	return nil
}

func (p *pubArea) parse(data []byte) bool {
	r := tpmReader{rest: data}
	p.kind, p.nameAlg = r.short16(), r.short16()
	r.take(4) // objectAttributes
	r.sized() // authPolicy
	if r.short16() != tpmNull {
		r.take(4) // symmetric: key bits and mode
	}
	if r.short16() != tpmNull {
		r.take(2) // scheme: hash
	}
	switch p.kind {
	case tpmRSA:
		r.take(2) // key bits
		if p.exponent = r.number(4); p.exponent == 0 {
			p.exponent = 65537
		}
		p.unique = [][]byte{r.sized()}
	case tpmECC:
		p.curve = r.short16()
		if r.short16() != tpmNull {
			r.take(2) // kdf: hash
		}
		p.unique = [][]byte{r.sized(), r.sized()}
	default:
		return false
	}
	p.rest = r.rest
	return !r.short
}

// matches compares with the credential's key.
func (p *pubArea) matches(k publicKey) bool {
	number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
	if p.kind == tpmRSA {
		return k.kind == kindRSA && number(p.unique[0]).Cmp(number(k.n)) == 0 && number(k.e).Cmp(big.NewInt(int64(p.exponent))) == 0
	}
	return k.kind == kindEC2 && tpmCurves[p.curve] == k.curve && number(p.unique[0]).Cmp(number(k.x)) == 0 && number(p.unique[1]).Cmp(number(k.y)) == 0
}

// tpmSteps are §8.3, and §8.3.1 for the certificate.
func tpmSteps() []Step {
	tpm := func(check func(*attempt, *statement) error) func(*attempt) error { return of("tpm", check) }
	certificate := func(holds func(*statement, *x509.Certificate) bool, otherwise string) func(*attempt) error {
		return tpm(func(_ *attempt, s *statement) error { return unless(holds(s, s.leaf()), "%s", otherwise) })
	}
	steps := []Step{
		reads("tpm/read", tpm(readTPM)),
		{Name: "tpm/version", Clause: l3("8.3", "tpm-syntax"), check: tpm(func(_ *attempt, s *statement) error {
			return unless(s.tpm.version == "2.0", "ver is not 2.0")
		})},
		{Name: "tpm/alg", Clause: l3("8.3", "tpm-algorithm"), check: tpm(func(_ *attempt, s *statement) error { return unless(s.hasAlgorithm, "alg is no number") })},
		{Name: "tpm/end", Clause: l3("8.3", "tpm-cert-info"), Also: or(l3("8.3", "tpm-public-area")), check: tpm(func(_ *attempt, s *statement) error {
			return unless(len(s.tpm.infoRest) == 0 && len(s.tpm.area.rest) == 0, "there is something behind a structure of the TPM")
		})},
		{Name: "tpm/public-key", Clause: l3("8.3", "tpm-key"), check: tpm(func(a *attempt, s *statement) error {
			return unless(s.tpm.area.matches(a.key), "pubArea is another key than the credential's")
		})},
		{Name: "tpm/magic", Clause: l3("8.3", "tpm-magic"), check: tpm(func(_ *attempt, s *statement) error {
			return unless(s.tpm.magic == tpmGenerated, "magic is not TPM_GENERATED_VALUE")
		})},
		{Name: "tpm/type", Clause: l3("8.3", "tpm-type"), check: tpm(func(_ *attempt, s *statement) error {
			return unless(s.tpm.kind == tpmAttestCertify, "type is not TPM_ST_ATTEST_CERTIFY")
		})},
		{Name: "tpm/extra-data", Clause: l3("8.3", "tpm-extra-data"), check: tpm(checkExtraData)},
		{Name: "tpm/name", Clause: l3("8.3", "tpm-name"), check: tpm(checkTPMName)},
		{Name: "tpm/signature", Clause: l3("8.3", "tpm-signature"), check: tpm(func(_ *attempt, s *statement) error {
			if !s.hasAlgorithm {
				s.algorithm = usual(s.leaf().PublicKey)
			}
			return s.byLeaf(s.tpm.info)
		})},
		// One of version 1 has no extensions, and lacks what the next steps look for as well.
		reads("tpm/certificate/version", certificate(
			func(_ *statement, c *x509.Certificate) bool { return c.Version == 3 }, "the certificate is not of version 3")),
		{Name: "tpm/certificate/subject", Clause: l3("8.3.1", "tpm-subject"), check: certificate(
			func(_ *statement, c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, []byte{0x30, 0}) }, "the subject is not empty")},
		{Name: "tpm/certificate/name", Clause: l3("8.3.1", "tpm-san"), check: certificate(
			func(s *statement, _ *x509.Certificate) bool {
				return s.tpm.manufacturer && s.tpm.model && s.tpm.release
			},
			"the alternative name lacks manufacturer, model or version")},
		{Name: "tpm/certificate/manufacturer", Clause: l3("8.3.1", "tpm-manufacturer"), check: certificate(
			func(_ *statement, c *x509.Certificate) bool { return !namesNobody(c) }, "the manufacturer is one that nobody has registered")},
		{Name: "tpm/certificate/usage", Clause: l3("8.3.1", "tpm-usage"), check: certificate(func(_ *statement, c *x509.Certificate) bool {
			return slices.ContainsFunc(c.UnknownExtKeyUsage, asn1.ObjectIdentifier{2, 23, 133, 8, 3}.Equal)
		}, "the key is not one that certifies others")},
		{Name: "tpm/certificate/authority", Clause: l3("8.3.1", "tpm-basic-constraints"), check: certificate(
			func(_ *statement, c *x509.Certificate) bool { return !c.IsCA }, "the certificate is an authority's")},
	}
	return append(steps, modelStep("tpm", "8.3"))
}

func readTPM(_ *attempt, s *statement) error {
	err := s.readMembers()
	if err == nil {
		err = s.readSignature()
	}
	if err == nil {
		err = s.readChain()
	}
	if err == nil {
		s.tpm.info, err = s.bytes("certInfo")
	}
	if err == nil {
		s.tpm.public, err = s.bytes("pubArea")
	}
	if err == nil {
		err = s.tpm.parse()
	}
	if err != nil {
		return err
	}
	if isText(s.members["ver"]) {
		_ = decoding.Unmarshal(s.members["ver"], &s.tpm.version)
	}
	s.tpm.readName(s.leaf())
	return nil
}

// checkExtraData wants the hash of what is attested to, by the hash of the statement's algorithm.
func checkExtraData(a *attempt, s *statement) error {
	hash := crypto.SHA256
	if shape, known := shapes[s.algorithm]; known && shape.hash != 0 {
		hash = shape.hash
	}
	return unless(bytes.Equal(s.tpm.extraData, digest(hash, a.signed())), "extraData is not the hash of this registration")
}

// checkTPMName wants the certified key to be pubArea: its name is nameAlg and the hash of it.
func checkTPMName(_ *attempt, s *statement) error {
	hash, known := tpmHashes[s.tpm.area.nameAlg]
	if !known {
		return errors.New("nameAlg is not known")
	}
	want := append(binary.BigEndian.AppendUint16(nil, s.tpm.area.nameAlg), digest(hash, s.tpm.public)...)
	return unless(bytes.Equal(s.tpm.name, want), "another key than pubArea was certified")
}

// readName looks for manufacturer, model and version of the TPM in the alternative name: a directory name, in one relative name
// or in several (TPM 2.0 EK Credential Profile §3.2.9).
func (t *tpmStatement) readName(leaf *x509.Certificate) {
	value, _ := extension(leaf, oidAlternative)
	has := func(last byte) bool { // 2.23.133.2.last, and a string that is not empty behind it
		id := []byte{6, 5, 0x67, 0x81, 0x05, 2, last}
		at := bytes.Index(value, id)
		return at >= 0 && len(value) > at+len(id)+1 && value[at+len(id)+1] > 0
	}
	t.manufacturer, t.model, t.release = has(1), has(2), has(3)
}

// nonce is the SHA-256 of what is attested to.
func (a *attempt) nonce() []byte {
	sum := sha256.Sum256(a.signed())
	return sum[:]
}

// namesNobody reports whether a certificate names the manufacturer that the Trusted Computing Group gave to nobody, in place of
// one of its registry.
func namesNobody(leaf *x509.Certificate) bool {
	value, _ := extension(leaf, oidAlternative)
	return bytes.Contains(value, []byte("id:00000000"))
}
