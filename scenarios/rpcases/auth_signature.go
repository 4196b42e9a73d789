package rpcases

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"slices"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// authenticationSignature is about the signature of an assertion (WebAuthn L3 §7.2 steps 20 and 21).
func authenticationSignature() []Case {
	return slices.Concat(signedBytes(), ecdsaValues(), ecdsaEncodings(), otherCurves(), rsaSignatures(), edwardsSignatures())
}

// signedBytes are about what is signed: authenticator data and the hash of client data, in this order, and nothing else.
func signedBytes() []Case {
	signature := auth("21", "signature")
	return []Case{
		{
			ID: "auth/signature/does-not-verify", Aliases: []string{"S-ENA-021"}, Level: must, Clause: signature,
			Says: "a signature that does not verify is refused",
			Run:  Authentication{Lie: Lie{Is: "a spoilt signature", Device: virtualauth.Misbehaviour{BadSignature: true}}}.Refused,
		},
		{
			ID: "auth/signature/forged-and-ids-disagree", CVEs: []string{"CVE-2026-0723"}, Level: must, Clause: signature,
			Says: "a signature that does not verify is refused though another check has failed before it, that of id and rawId",
			Run: Authentication{Lie: Lie{
				Is: "a spoilt signature, and a rawId that differs from id", Device: virtualauth.Misbehaviour{BadSignature: true},
				Client: client.Misbehaviour{RawID: []byte("another credential id, of 32 byte")},
			}}.Refused,
		},
		{
			ID: "auth/signature/another-client-data-hash", Aliases: []string{"S-SIG-001"}, Level: must, Clause: signature,
			Says: "a signature over the hash of other client data is refused",
			Run: Authentication{Lie: Lie{Is: "a signature over another client data hash", Sign: over(func(data, _ []byte) []byte {
				other := sha256.Sum256([]byte(`{"type":"webauthn.get"}`))
				return append(data, other[:]...)
			})}}.Refused,
		},
		{
			ID: "auth/signature/parts-only", Aliases: []string{"S-SIG-002"}, Level: must, Clause: signature,
			Says: "a signature over one part alone, or over both in the wrong order, is refused",
			Run: Authentication{Lies: []Lie{
				{Is: "a signature over authenticator data alone", Sign: over(func(data, _ []byte) []byte { return data })},
				{Is: "a signature over the client data hash alone", Sign: over(func(_, hash []byte) []byte { return hash })},
				{Is: "a signature over hash and data, in this order", Sign: over(func(data, hash []byte) []byte { return slices.Concat(hash, data) })},
			}}.Refused,
		},
		{
			ID: "auth/signature/client-data-not-hashed", Aliases: []string{"S-SIG-003"}, Level: must, Clause: auth("20", "client-data-hash"),
			Says: "a signature over client data that was not hashed is refused",
			Run:  clientDataNotHashed,
		},
		{
			ID: "auth/signature/authenticator-data-altered", Aliases: []string{"S-SIG-004"}, Level: must, Clause: signature,
			Says: "authenticator data that was altered after it was signed is refused",
			Run: Authentication{Lies: []Lie{
				{Is: "flags that were altered after signing", Client: client.Misbehaviour{FlipFlags: authdata.UV}},
				{Is: "a counter that was altered after signing", Device: virtualauth.Misbehaviour{AlterSigned: true}},
				{Is: "an RP ID hash that was altered after signing", Client: client.Misbehaviour{SpoilRPIDHash: true}},
			}}.Refused,
		},
		{
			ID: "auth/signature/client-data-altered", Aliases: []string{"S-SIG-005"}, Level: must, Clause: signature,
			Says: "client data that got another member after it was signed is refused",
			Run: Authentication{Lie: Lie{Is: "client data that was altered after signing", Message: func(m *Message) error {
				data := parseClientData(m.Bytes("response.clientDataJSON"))
				data.Set("added", "later")
				m.SetBytes("response.clientDataJSON", data.encode())
				return nil
			}}}.Refused,
		},
		{
			ID: "auth/signature/another-hash", Aliases: []string{"S-SIG-017"}, Level: must, Clause: l3("5.8.5", "algorithm-hash"),
			Needs: []conformance.Capability{Offers(cose.ES256)},
			Says:  "a signature for ES256 over a hash of SHA-384 is refused",
			Run:   Authentication{Model: only(cose.ES256), Lie: Lie{Is: "a signature over SHA-384", Sign: signSHA384}}.Refused,
		},
		{
			ID: "auth/signature/a-megabyte", Aliases: []string{"S-SIG-029"}, Level: robust, Clause: l3("6.5.5", "signature-format"),
			Says: "a signature of a megabyte is refused, and nothing breaks",
			Run: Authentication{Lie: Lie{Is: "a signature of a megabyte", Message: func(m *Message) error {
				m.SetBytes("response.signature", make([]byte, 1<<20))
				return nil
			}}}.Refused,
		},
	}
}

// over signs honestly, but something else than what is to be signed: authenticator data and the hash of client data behind it.
func over(other func(data, hash []byte) []byte) Sign {
	return func(message []byte, key crypto.Signer) ([]byte, error) {
		at := max(len(message)-sha256.Size, 0)
		return signHonestly(other(slices.Clone(message[:at]), message[at:]), key)
	}
}

// signHonestly signs as the key's algorithm says: SHA-256, or none for the keys that hash by themselves.
func signHonestly(message []byte, key crypto.Signer) ([]byte, error) {
	if isEdwards(key) {
		return key.Sign(nil, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	return key.Sign(nil, digest[:], crypto.SHA256) // without randomness: RFC 6979
}

func signSHA384(message []byte, key crypto.Signer) ([]byte, error) {
	digest := sha512.Sum384(message)
	return key.Sign(nil, digest[:], crypto.SHA384)
}

// clientDataNotHashed lets the key sign client data as they are. The client tells what they are.
func clientDataNotHashed(ctx context.Context, b *Bench) error {
	var told []byte
	lie := Lie{
		Is:     "a signature over client data that were not hashed",
		Client: rawClientData(func(honest []byte) []byte { told = slices.Clone(honest); return honest }),
		Sign:   over(func(data, _ []byte) []byte { return append(data, told...) }),
	}
	return Authentication{Lie: lie}.Refused(ctx, b)
}

// only makes an authenticator that has one algorithm.
func only(algorithm cose.Algorithm) Model {
	return func(m *virtualauth.Model) { m.Algorithms = []cose.Algorithm{algorithm} }
}
