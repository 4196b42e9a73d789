package rpcases

import (
	"context"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// vectorsFile is the W3C's test data, with a note of where it is from.
//
//go:embed testdata/w3c-level3.json
var vectorsFile []byte

// hexBytes are bytes that a file has in hexadecimal digits.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(digits []byte) (err error) {
	*b, err = hex.DecodeString(string(digits))
	return err
}

// vector is one of WebAuthn L3 §16: a registration and a sign-in with the same credential, whose challenges it fixes.
type vector struct {
	Section, Name  string
	CredentialID   hexBytes
	Registration   struct{ Challenge, ClientDataJSON, AttestationObject hexBytes }
	Authentication struct{ Challenge, ClientDataJSON, AuthenticatorData, Signature hexBytes }
}

// readVectors returns the certificate that their attestation leads to, and the vectors.
func readVectors() (root *x509.Certificate, all []vector, err error) {
	var file struct {
		Root    hexBytes
		Vectors []vector
	}
	if err := json.Unmarshal(vectorsFile, &file); err != nil {
		return nil, nil, fmt.Errorf("rpcases: vectors: %w", err)
	}
	root, err = x509.ParseCertificate(file.Root)
	return root, file.Vectors, err
}

// VectorRoot is the certificate that attestation in the W3C's test vectors leads to (WebAuthn L3 §16.1).
func VectorRoot() (*x509.Certificate, error) {
	root, _, err := readVectors()
	return root, err
}

// Example is a relying party that the W3C's test vectors can be put to (Suite.Example).
const Example conformance.Capability = "test vectors: being https://example.org, with challenges that are dictated"

// officialVectors replays the vectors of WebAuthn L3 §16, which fix the challenge: only a relying party of this process can be
// given one. Each case has one that nobody has used before.
func officialVectors() []Case {
	play := func(v, says string, sheet string, level conformance.Level, run Run) Case {
		all, _ := vectorNamed(v)
		return Case{
			ID: "vector/" + inID(v), Aliases: []string{sheet}, Level: level, Clause: l3(all.Section, "vector-"+inID(v)),
			Needs: []conformance.Capability{Example}, Says: says, Run: run,
		}
	}
	ok := func(v, says, sheet string, level conformance.Level) Case {
		return play(v, says, sheet, level, vectorRun(v, cose.Algorithm(0), (*Bench).MustAccept))
	}
	with := func(algorithm cose.Algorithm, v, says, sheet string) Case {
		return play(v, says, sheet, optional, vectorRun(v, algorithm, (*Bench).MustAccept))
	}
	const u2f, tpm = "fido-u2f-es256", "tpm-es256"
	unlisted := func(judge func(*Bench, string, subject.Answer) error) Run { return vectorRun(tpm, 0, judge) }
	return []Case{
		ok("none-es256", "the vector with ES256 and no attestation is accepted", "S-VEC-001", must),
		ok("packed-self-es256", "the vector with self attestation is accepted", "S-VEC-002", must),
		ok("none-es256-crossOrigin", "the vector in a frame of another origin is accepted by a relying party that lets itself be framed", "S-VEC-003", policy),
		ok("none-es256-topOrigin", "the vector that names the framing page is accepted by a relying party that lets that page frame it", "S-VEC-004", policy),
		ok("none-es256-long-credential-id", "the vector with a credential id of 1023 bytes is accepted", "S-VEC-005", must),
		ok("packed-es256", "the vector with packed attestation is accepted", "S-VEC-006", must),
		with(cose.ES384, "packed-es384", "the vector with a credential for ES384 is accepted", "S-VEC-007"),
		with(cose.ES512, "packed-es512", "the vector with a credential for ES512 is accepted", "S-VEC-008"),
		with(cose.RS256, "packed-rs256", "the vector with a credential for RS256 is accepted", "S-VEC-009"),
		with(cose.EdDSA, "packed-eddsa", "the vector with a credential for Ed25519 is accepted", "S-VEC-010"),
		with(cose.Ed448, "packed-ed448", "the vector with a credential for Ed448 is accepted", "S-VEC-011"),
		play(tpm, "the vector of a TPM, whose manufacturer nobody has listed, is dealt with as the relying party says", "S-VEC-012", optional,
			byPolicy(func(p Policy) string { return p.UnlistedTPMs }, unlisted((*Bench).MustRefuse), unlisted((*Bench).MustAccept), unlisted((*Bench).MustDecide))),
		ok("android-key-es256", "the vector of Android's key store is accepted", "S-VEC-013", optional),
		play("android-key-es256-empty-lists", "the older vector of Android's key store, whose authorization lists are empty, is refused", "S-VEC-014", optional,
			vectorRefused("android-key-es256-empty-lists", "android-key-es256")),
		play("android-key-es256-integer-levels", "the oldest vector of Android's key store, whose security levels are integers, is refused", "S-VEC-014", optional,
			vectorRefused("android-key-es256-integer-levels", "android-key-es256")),
		ok("apple-es256", "the vector of Apple's anonymous attestation is accepted", "S-VEC-015", optional),
		play(u2f, "the vector of a U2F key, which has an AAGUID, is refused under the profile fido, and accepted under the others", "S-VEC-016", optional,
			byProfile(vectorRun(u2f, 0, (*Bench).MustRefuse), vectorRun(u2f, 0, (*Bench).MustAccept))),
	}
}

func vectorNamed(name string) (vector, error) {
	_, all, err := readVectors()
	if err != nil {
		return vector{}, err
	}
	i := slices.IndexFunc(all, func(v vector) bool { return v.Name == name })
	if i < 0 {
		return vector{}, errors.New("rpcases: there is no vector " + name)
	}
	return all[i], nil
}

// vectorRun replays a vector: its registration is judged, and its sign-in must be accepted when the registration was. It is
// skipped where the algorithm is not offered; 0 is for ES256, which everybody offers.
func vectorRun(name string, algorithm cose.Algorithm, judge func(*Bench, string, subject.Answer) error) Run {
	return func(ctx context.Context, b *Bench) error {
		v, err := vectorNamed(name)
		if err != nil {
			return err
		}
		return b.atExample(ctx, func(b *Bench) error {
			p := b.Person(nil)
			answer, err := p.replays(ctx, v, algorithm)
			if err != nil {
				return err
			}
			if err := judge(b, "the vector's registration", answer); err != nil || answer.Outcome != subject.Accepted {
				return err
			}
			answer, err = p.signsInWith(ctx, v)
			if err != nil {
				return err
			}
			return b.MustAccept("the vector's sign-in", answer)
		})
	}
}

// vectorRefused wants a registration to be refused by a relying party like one that accepts the twin.
func vectorRefused(name, twin string) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := vectorRun(twin, 0, (*Bench).MustAccept)(ctx, b); err != nil {
			return conformance.Control("the vector as it stands today", err)
		}
		return vectorRun(name, 0, (*Bench).MustRefuse)(ctx, b)
	}
}

// atExample opens a new relying party of https://example.org, for one thing.
func (b *Bench) atExample(ctx context.Context, do func(*Bench) error) (err error) {
	server, err := b.suite.Example(ctx)
	if err != nil {
		return fmt.Errorf("rpcases: open the relying party of https://example.org: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	other := *b.suite
	other.RP = server
	return do(&Bench{Trial: b.Trial, RP: subject.Recorded(server, b.Trial), Policy: b.Policy, suite: &other})
}

// replays posts a vector's registration.
func (p *Person) replays(ctx context.Context, v vector, algorithm cose.Algorithm) (subject.Answer, error) {
	offered := p.Browser.Do(ctx, subject.Request{
		Endpoint: subject.CreationOptions, Body: Ask{Attestation: "direct"}.body(p.Name, subject.CreationOptions), Challenge: v.Registration.Challenge, Purpose: "options",
	})
	if err := dictatedTo(offered, v.Registration.Challenge); err != nil {
		return offered, err
	}
	if algorithm != 0 && !offers(offered, algorithm) {
		return offered, conformance.Skip("the relying party does not offer %v", algorithm)
	}
	m := v.message()
	m.SetBytes("response.clientDataJSON", v.Registration.ClientDataJSON)
	m.SetBytes("response.attestationObject", v.Registration.AttestationObject)
	m.Set("response.transports", []string{})
	return p.Posts(ctx, subject.CreationResult, m, Lie{Is: "the vector's bytes"})
}

// signsInWith posts a vector's sign-in.
func (p *Person) signsInWith(ctx context.Context, v vector) (subject.Answer, error) {
	offered := p.Browser.Do(ctx, subject.Request{
		Endpoint: subject.RequestOptions, Body: Ask{}.body(p.Name, subject.RequestOptions), Challenge: v.Authentication.Challenge, Purpose: "options",
	})
	if err := dictatedTo(offered, v.Authentication.Challenge); err != nil {
		return offered, err
	}
	m := v.message()
	m.SetBytes("response.clientDataJSON", v.Authentication.ClientDataJSON)
	m.SetBytes("response.authenticatorData", v.Authentication.AuthenticatorData)
	m.SetBytes("response.signature", v.Authentication.Signature)
	return p.Posts(ctx, subject.RequestResult, m, Lie{Is: "the vector's bytes"})
}

// dictatedTo is inconclusive unless options have the challenge that was dictated.
func dictatedTo(offered subject.Answer, challenge []byte) error {
	if offered.Outcome != subject.Accepted {
		return conformance.Control("options with the vector's challenge", errors.New(offered.String()))
	}
	m := Message{Members: map[string]any{"challenge": text(offered.Members["challenge"])}}
	if got := m.Bytes("challenge"); !slices.Equal(got, challenge) {
		return conformance.Control("options with the vector's challenge", fmt.Errorf("their challenge is %x", got))
	}
	return nil
}

// offers reports whether creation options list an algorithm.
func offers(offered subject.Answer, algorithm cose.Algorithm) bool {
	var list []struct{ Alg cose.Algorithm }
	if json.Unmarshal(offered.Members["pubKeyCredParams"], &list) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(p struct{ Alg cose.Algorithm }) bool { return p.Alg == algorithm })
}

// message is what both responses of a vector have.
func (v vector) message() *Message {
	m := &Message{Members: map[string]any{"type": "public-key", "clientExtensionResults": map[string]any{}, "getClientExtensionResults": map[string]any{}}}
	m.SetBytes("id", v.CredentialID)
	m.SetBytes("rawId", v.CredentialID)
	return m
}

// inID writes the specification's name of a vector as ids are written.
func inID(name string) string {
	return strings.NewReplacer("crossOrigin", "cross-origin", "topOrigin", "top-origin").Replace(name)
}
