package attestation

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Authority is the test certificate authority of all formats: one root, below it one intermediate for each format, and
// below that what authenticators attest with.
//
//	passkeylab test root ─┬─ … packed CA ────────── an attestation certificate for each AAGUID (and serial number)
//	                      ├─ … tpm CA ───────────── one for each attestation key of a TPM
//	                      ├─ … android-key CA ───── one for each credential
//	                      ├─ … apple CA ─────────── one for each credential
//	                      ├─ … android-safetynet CA one for attest.android.com
//	                      └──────────────────────── one for each U2F model: "fido-u2f" has no room for an intermediate
//	passkeylab test metadata root ── metadata CA ── the one that signs metadata
//
// Everything follows from the seed and the time: keys are derived, signatures deterministic, serial numbers hashes. What is
// asked for twice is made once. An Authority is safe for concurrent use. It proves nothing to anybody who does not choose
// to trust its root, and nobody but a test should: its private keys are as public as its seed.
type Authority struct {
	seed  []byte
	start time.Time

	mu     sync.Mutex
	issued map[string]*issuer // by label; attestation certificates as well as those of certificate authorities

	keysMu sync.Mutex
	keys   map[keyName]attestationKey
}

// keyName is what a key is derived from, besides the seed.
type keyName struct {
	label     string
	algorithm cose.Algorithm
}

// years is how long certificates are valid. The statement formats ask for no shorter life.
const years = 100

// NewAuthority returns the authority of a seed, whose certificates are valid for a hundred years from the second of start on.
// Any seed will do, the empty one included.
func NewAuthority(seed []byte, start time.Time) *Authority {
	return &Authority{seed: slices.Clone(seed), start: start.UTC(),
		issued: map[string]*issuer{}, keys: map[keyName]attestationKey{}}
}

// Root returns the certificate that a relying party has to trust in order to verify statements.
func (a *Authority) Root() (*x509.Certificate, error) {
	root, err := a.root("test root")
	if err != nil {
		return nil, err
	}
	return root.certificate, nil
}

// MetadataRoot returns the certificate that a relying party has to trust in order to verify metadata.
func (a *Authority) MetadataRoot() (*x509.Certificate, error) {
	root, err := a.root("test metadata root")
	if err != nil {
		return nil, err
	}
	return root.certificate, nil
}

// issuer is a certificate with its private key. It may be none that issues.
type issuer struct {
	certificate *x509.Certificate
	key         attestationKey
	above       []*issuer // those that a statement carries behind the certificate, the nearest first; never the root
	root        *issuer
}

// once returns what was made under a label before, or makes it. The lock is held meanwhile: two registrations at once do
// not make the same certificate twice.
func (a *Authority) once(label string, create func() (*issuer, error)) (*issuer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.issued[label]; known != nil {
		return known, nil
	}
	made, err := create()
	if err != nil {
		return nil, fmt.Errorf("attestation: issue %q: %w", label, err)
	}
	a.issued[label] = made
	return made, nil
}

// key derives a key, or remembers it: one for RSA takes a while.
func (a *Authority) key(label string, algorithm cose.Algorithm) (attestationKey, error) {
	a.keysMu.Lock()
	defer a.keysMu.Unlock()
	name := keyName{label, algorithm}
	if key, known := a.keys[name]; known {
		return key, nil
	}
	key, err := deriveKey(a.seed, label, algorithm)
	if err == nil {
		a.keys[name] = key
	}
	return key, err
}

// root makes a self-signed certificate.
func (a *Authority) root(name string) (*issuer, error) {
	return a.once(name, func() (*issuer, error) {
		key, err := a.key(name, cose.ES256)
		if err != nil {
			return nil, err
		}
		template := a.template(subject("passkeylab "+name), key.Public())
		asAuthority(template, -1)
		certificate, err := issue(template, &issuer{certificate: template, key: key}, key.Public())
		return &issuer{certificate: certificate, key: key}, err
	})
}

// intermediate makes the certificate authority of one format below a root.
func (a *Authority) intermediate(rootName, name string, edit func(*x509.Certificate)) (*issuer, error) {
	root, err := a.root(rootName)
	if err != nil {
		return nil, err
	}
	make := func() (*issuer, error) { return a.below(root, name, edit) }
	if edit != nil { // a lie is made anew each time
		return make()
	}
	return a.once(name, make)
}

// below makes a certificate authority below another.
func (a *Authority) below(parent *issuer, name string, edit func(*x509.Certificate)) (*issuer, error) {
	key, err := a.key(name, cose.ES256)
	if err != nil {
		return nil, err
	}
	template := a.template(subject("passkeylab test "+name), key.Public())
	asAuthority(template, 0)
	if edit != nil {
		edit(template)
	}
	certificate, err := issue(template, parent, key.Public())
	if err != nil {
		return nil, err
	}
	made := &issuer{certificate: certificate, key: key, root: parent}
	if parent.root != nil {
		made.root = parent.root
		made.above = append([]*issuer{parent}, parent.above...)
	}
	return made, nil
}

// stranger is another authority that gives its certificates the same names.
func (a *Authority) stranger() *Authority {
	return NewAuthority(slices.Concat([]byte("stranger to "), a.seed), a.start)
}

// template returns what every certificate has: version 3, names, the time, and a serial number and key identifiers that
// follow from the rest.
func (a *Authority) template(name []byte, public crypto.PublicKey) *x509.Certificate {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		der = nil // issue will say why, when it marshals the key again
	}
	hash := sha256.New()
	for _, part := range [][]byte{name, der} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write(part)
	}
	return &x509.Certificate{
		RawSubject:            name,
		SerialNumber:          new(big.Int).SetBytes(append([]byte{1}, hash.Sum(nil)[:15]...)), // positive, 16 bytes
		NotBefore:             a.start,
		NotAfter:              a.start.AddDate(years, 0, 0),
		BasicConstraintsValid: true, // with CA false
		SubjectKeyId:          KeyIdentifier(public),
	}
}

func asAuthority(template *x509.Certificate, pathLength int) {
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.MaxPathLen, template.MaxPathLenZero = pathLength, pathLength == 0
}

// issue signs a certificate with the issuer's key.
func issue(template *x509.Certificate, by *issuer, public crypto.PublicKey) (*x509.Certificate, error) {
	parent := *by.certificate
	parent.PublicKey = nil                                                            // or CreateCertificate would refuse to let another key sign, as some lies want
	der, err := x509.CreateCertificate(nil, template, &parent, public, by.key.Signer) // no randomness: deterministic
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// KeyIdentifier returns the 20 bytes by which metadata names the attestation certificates of U2F authenticators, which have
// no AAGUID: the SHA-1 hash of the subject public key (RFC 5280 §4.2.1.2, method 1; FIDO Metadata Statement,
// attestationCertificateKeyIdentifiers). It returns nil for a key that no certificate can carry.
func KeyIdentifier(public crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil
	}
	sum := sha1.Sum(info.PublicKey.Bytes)
	return sum[:]
}
