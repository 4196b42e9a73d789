package tpmstore

import (
	"crypto"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// recipe says what kind of object a key is.
type recipe struct {
	// template is the public area with an empty unique field, from which TPM2_Create makes a key.
	template tpm2.TPMTPublic
	// prefix is the template's bytes before the unique field: every public area made from it starts with them.
	prefix []byte
	// unique is the length in bytes of each part of the unique field: x and y, a modulus, or a digest.
	unique []int
	// hash is what a message is hashed with before TPM2_Sign sees it.
	hash crypto.Hash
}

// secret stands for no algorithm: it marks the handle of a secret.
const secret cose.Algorithm = 0

// recipes are all kinds of keys, whether or not the TPM at hand can make them. Never written after the program has
// started. The scheme is part of each key, so that no key can be made to sign in another way.
var recipes = map[cose.Algorithm]recipe{
	cose.ES256: ellipticRecipe(tpm2.TPMECCNistP256, 32, crypto.SHA256),
	cose.ES384: ellipticRecipe(tpm2.TPMECCNistP384, 48, crypto.SHA384),
	cose.ES512: ellipticRecipe(tpm2.TPMECCNistP521, 66, crypto.SHA512),
	cose.RS256: rsaRecipe(tpm2.TPMAlgRSASSA),
	cose.PS256: rsaRecipe(tpm2.TPMAlgRSAPSS),
	secret:     hmacRecipe(),
}

// hashes are the TPM's names of hash algorithms.
var hashes = map[crypto.Hash]tpm2.TPMIAlgHash{
	crypto.SHA256: tpm2.TPMAlgSHA256,
	crypto.SHA384: tpm2.TPMAlgSHA384,
	crypto.SHA512: tpm2.TPMAlgSHA512,
}

const (
	rsaBits     = 2048
	rsaExponent = 65537 // what a TPM means by exponent 0
)

// attributes are those of every key: made inside the TPM, never to leave it (fixedTPM, fixedParent), used by anybody who
// has the handle and the TPM. Guessing protection is off, as there is no password to guess.
func attributes() tpm2.TPMAObject {
	return tpm2.TPMAObject{
		FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, NoDA: true, SignEncrypt: true,
	}
}

func ellipticRecipe(curve tpm2.TPMECCCurve, length int, hash crypto.Hash) recipe {
	return complete(recipe{unique: []int{length, length}, hash: hash, template: tpm2.TPMTPublic{
		Type: tpm2.TPMAlgECC,
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			CurveID: curve,
			Scheme: tpm2.TPMTECCScheme{
				Scheme:  tpm2.TPMAlgECDSA,
				Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA, &tpm2.TPMSSigSchemeECDSA{HashAlg: hashes[hash]}),
			},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{}),
	}})
}

func rsaRecipe(scheme tpm2.TPMAlgID) recipe {
	parameters := &tpm2.TPMSRSAParms{KeyBits: rsaBits, Scheme: tpm2.TPMTRSAScheme{Scheme: scheme}}
	if scheme == tpm2.TPMAlgRSAPSS {
		parameters.Scheme.Details = tpm2.NewTPMUAsymScheme(scheme, &tpm2.TPMSSigSchemeRSAPSS{HashAlg: tpm2.TPMAlgSHA256})
	} else {
		parameters.Scheme.Details = tpm2.NewTPMUAsymScheme(scheme, &tpm2.TPMSSigSchemeRSASSA{HashAlg: tpm2.TPMAlgSHA256})
	}
	return complete(recipe{unique: []int{rsaBits / 8}, hash: crypto.SHA256, template: tpm2.TPMTPublic{
		Type:       tpm2.TPMAlgRSA,
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, parameters),
		Unique:     tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{}),
	}})
}

func hmacRecipe() recipe {
	return complete(recipe{unique: []int{crypto.SHA256.Size()}, hash: crypto.SHA256, template: tpm2.TPMTPublic{
		Type: tpm2.TPMAlgKeyedHash,
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgKeyedHash, &tpm2.TPMSKeyedHashParms{
			Scheme: tpm2.TPMTKeyedHashScheme{
				Scheme:  tpm2.TPMAlgHMAC,
				Details: tpm2.NewTPMUSchemeKeyedHash(tpm2.TPMAlgHMAC, &tpm2.TPMSSchemeHMAC{HashAlg: tpm2.TPMAlgSHA256}),
			},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{}),
	}})
}

// complete adds what all recipes have in common.
func complete(r recipe) recipe {
	r.template.NameAlg = tpm2.TPMAlgSHA256
	r.template.ObjectAttributes = attributes()
	encoded := tpm2.Marshal(r.template)
	r.prefix = encoded[:len(encoded)-2*len(r.unique)] // an empty part is its two bytes of length
	return r
}

// supported asks a TPM which of the recipes it takes (TPM2_TestParms). PS256 needs more than that: see saltsLikeCOSE.
func supported(m *machine) (map[cose.Algorithm]bool, error) {
	able := map[cose.Algorithm]bool{}
	for algorithm, r := range recipes {
		_, err := tpm2.TestParms{Parameters: tpm2.TPMTPublicParms{Type: r.template.Type, Parameters: r.template.Parameters}}.Execute(m)
		if m.lost(err) {
			return nil, err
		}
		able[algorithm] = err == nil
	}
	if able[cose.PS256] {
		fits, err := saltsLikeCOSE(m)
		if m.lost(err) {
			return nil, err
		}
		able[cose.PS256] = err == nil && fits
	}
	return able, nil
}
