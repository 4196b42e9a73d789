package attestation

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// Object identifiers of the attributes in a subject (RFC 5280 §4.1.2.4), and of the extensions that FIDO defines
// (WebAuthn L3 §8.2.1 and §8.2.2).
var (
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}

	oidSerialNumber = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 2} // id-fido-gen-ce-sernum
	oidAAGUID       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
)

// The honest parts of every subject. AA is a country code that ISO 3166 leaves to its users, so that nobody's country makes
// authenticators that do not exist.
const (
	ourCountry      = "AA"
	ourOrganization = "passkeylab"
	ourUnit         = "Authenticator Attestation"
)

// attribute is one part of a distinguished name.
type attribute struct {
	oid   asn1.ObjectIdentifier
	value string
}

// printable says that an attribute is a PrintableString; all others are UTF8Strings (WebAuthn L3 §8.2.1).
func (a attribute) printable() bool { return a.oid.Equal(oidCountry) }

// subject is the name of a certificate authority.
func subject(commonName string) []byte {
	return encodeName([]attribute{{oidCountry, ourCountry}, {oidOrganization, ourOrganization}, {oidCommonName, commonName}})
}

// encodeName returns a distinguished name in DER, one relative name for each attribute. Attributes without a value are left
// out. pkix.Name will not do, because it chooses the string types by itself.
func encodeName(attributes []attribute) []byte {
	name := pkix.RDNSequence{}
	for _, a := range attributes {
		if a.value == "" {
			continue
		}
		name = append(name, pkix.RelativeDistinguishedNameSET{a.typeAndValue()})
	}
	return mustDER(name)
}

// joinName makes one relative name of all those in a distinguished name.
func joinName(name []byte) []byte {
	var apart pkix.RDNSequence
	if _, err := asn1.Unmarshal(name, &apart); err != nil {
		return name
	}
	return mustDER(pkix.RDNSequence{slices.Concat(apart...)})
}

func (a attribute) typeAndValue() pkix.AttributeTypeAndValue {
	tag := asn1.TagUTF8String
	if a.printable() {
		tag = asn1.TagPrintableString
	}
	return pkix.AttributeTypeAndValue{Type: a.oid, Value: asn1.RawValue{Tag: tag, Bytes: []byte(a.value)}}
}

// mustDER encodes values whose types are fixed in this package, so that it fails on every run or never.
func mustDER(value any) []byte {
	der, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return der
}
