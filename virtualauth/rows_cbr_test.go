package virtualauth_test

import (
	"bytes"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// asBytes is a valid makeCredential without options, byte by byte, so that its encoding can be spoilt.
//
//	01                            makeCredential
//	a4                            4 members
//	01 58 20 …                    the client data hash
//	02 a2 62 id … 64 name …       the RP
//	03 a1 62 id 41 01             the user
//	04 81 a2 63 alg 26 64 type …  ES256
func asBytes() []byte {
	return unhex("01 a4 01 5820", strings.Repeat("aa", 32),
		"02 a2 626964 6d", hex.EncodeToString([]byte("login.example")), "646e616d65 654c6f67696e",
		"03 a1 626964 4101",
		"04 81 a2 63616c67 26 6474797065 6a", hex.EncodeToString([]byte("public-key")))
}

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// instead replaces a piece of it, which must be there exactly once.
func instead(old, replacement string) func([]byte) []byte {
	return func(b []byte) []byte {
		if bytes.Count(b, unhex(old)) != 1 {
			panic(old)
		}
		return bytes.Replace(b, unhex(old), unhex(replacement), 1)
	}
}

func TestRowsOfMessageEncoding(t *testing.T) {
	more := func(members byte, extra string) func([]byte) []byte { // members in all, with more of them at the end
		return func(b []byte) []byte {
			b[1] = 0xa0 | members
			return append(b, unhex(extra)...)
		}
	}
	for _, c := range []struct {
		ids, says string
		edit      func([]byte) []byte
		want      ctap2.Status
	}{
		{"MC-001", "the request itself", func(b []byte) []byte { return b }, ctap2.OK},
		{"CBR-001", "no command byte", func([]byte) []byte { return nil }, ctap2.InvalidLength},
		{"CBR-002", "command 0x0f", func(b []byte) []byte { b[0] = 0x0f; return b }, ctap2.InvalidCommand},
		{"CBR-002", "command 0x3f", func(b []byte) []byte { b[0] = 0x3f; return b }, ctap2.InvalidCommand},
		{"CBR-002", "command 0x42", func(b []byte) []byte { b[0] = 0x42; return b }, ctap2.InvalidCommand},
		{"CBR-002", "command 0xff", func(b []byte) []byte { b[0] = 0xff; return b }, ctap2.InvalidCommand},
		{"CBR-003", "the command byte alone", func(b []byte) []byte { return b[:1] }, ctap2.InvalidCBOR},
		{"CBR-004", "an array in place of the map", func([]byte) []byte { return unhex("01 80") }, ctap2.UnexpectedType},
		{"CBR-005", "the last byte is missing", func(b []byte) []byte { return b[:len(b)-1] }, ctap2.InvalidCBOR},
		{"CBR-006", "a byte behind the map", func(b []byte) []byte { return append(b, 0) }, ctap2.InvalidCBOR},
		{"CBR-007", "keys out of order", instead("03a16269644101", "00a16269644101"), ctap2.InvalidCBOR},
		{"CBR-008", "a key twice", more(5, "0480"), ctap2.InvalidCBOR},
		{"CBR-009", "a key of rp twice", instead("02a2626964", "02a362696461 61 626964"), ctap2.InvalidCBOR},
		{"CBR-009", "a key of user twice, apart", instead("03a16269644101", "03a362696441016161 00 6269644101"), ctap2.InvalidCBOR},
		{"CBR-010", "a key in two bytes", instead("03a1626964", "1803a1626964"), ctap2.InvalidCBOR},
		{"CBR-010", "a length in two bytes", instead("6269644101", "6269645801 01"), ctap2.InvalidCBOR},
		{"CBR-011", "a map without a length", instead("03a16269644101", "03bf6269644101ff"), ctap2.InvalidCBOR},
		{"CBR-011", "an array without a length", instead("0481a2", "049fa2"), ctap2.InvalidCBOR},
		{"CBR-011", "a byte string without a length", instead("6269644101", "6269645f4101ff"), ctap2.InvalidCBOR},
		{"CBR-011", "a text without a length", instead("646e616d65654c6f67696e", "646e616d657f654c6f67696eff"), ctap2.InvalidCBOR},
		{"CBR-012", "a tag", instead("6269644101", "626964c24101"), ctap2.InvalidCBOR},
		{"CBR-013", "a float", instead("6269644101", "626964fb3ff0000000000000"), ctap2.UnexpectedType},
		{"CBR-013", "a half float", instead("6269644101", "626964f93c00"), ctap2.UnexpectedType},
		{"CBR-013", "undefined", instead("6269644101", "626964f7"), ctap2.UnexpectedType},
		{"CBR-013", "simple value 32", instead("6269644101", "626964f820"), ctap2.UnexpectedType},
		{"CBR-014", "an unknown extension five levels deep", more(5, "06a16178 81818101"), ctap2.InvalidCBOR},
		{"CBR-014", "an unknown extension four levels deep", more(5, "06a16178 818101"), ctap2.OK},
		{"CBR-015", "text that is not UTF-8", instead("654c6f67696e", "654c6f6769ff"), ctap2.InvalidCBOR},
		{"MC-050", "a text cut inside a code point", instead("654c6f67696e", "654c6f67e282"), ctap2.InvalidCBOR},
		{"CBR-016", "a byte string of 2^32-1 bytes", instead("6269644101", "6269645affffffff01"), ctap2.InvalidCBOR},
		{"CBR-016", "an array of 2^32-1 elements", instead("0481a2", "049affffffffa2"), ctap2.InvalidCBOR},
		{"CBR-019", "a byte-string key that spells id", instead("03a1626964", "03a1426964"), ctap2.UnexpectedType},
	} {
		t.Run(c.ids+": "+c.says, func(t *testing.T) {
			s := newStage(t, virtualauth.Model{})
			response, err := s.Exchange(t.Context(), c.edit(asBytes()))
			if err != nil || len(response) == 0 || ctap2.Status(response[0]) != c.want {
				t.Errorf("got %x, %v; want %v", response, err, c.want)
			}
			if made := len(s.Credentials()) == 1; made != (c.want == ctap2.OK) {
				t.Errorf("%d credentials after %v", len(s.Credentials()), c.want)
			}
			if response, err = s.Exchange(t.Context(), asBytes()); err != nil || response[0] != 0 {
				t.Errorf("the next good request: %x, %v", response, err)
			}
		})
	}
}

// CBR-017, CBR-018: a message of exactly the size that getInfo tells, and one byte more.
func TestRowsOfMessageSize(t *testing.T) {
	for _, c := range []struct {
		beyond int
		want   ctap2.Status
	}{{0, ctap2.OK}, {1, ctap2.RequestTooLarge}} {
		s := newStage(t, virtualauth.Model{MaxMessageSize: 1024})
		request := registration("ada")
		size := func() int {
			encoded, err := ctap2.EncodeRequest(ctap2.CommandMakeCredential, request)
			if err != nil {
				t.Fatal(err)
			}
			return len(encoded)
		}
		request.RP.Name = strings.Repeat("x", 256) // from here on each byte more is one byte more
		request.RP.Name = strings.Repeat("x", 256+int(s.info().MaxMessageSize)-size()+c.beyond)
		if got := size(); got != 1024+c.beyond {
			t.Fatalf("a request of %d bytes", got)
		}
		_, err := ctap2.MakeCredential(t.Context(), s, request)
		s.expect("create", err, c.want)
	}
}

// CBR-021: a thousand spoilt requests of each command, and the next good one works.
func TestSpoiltRequestsLeaveItWorking(t *testing.T) {
	p := withPIN(t, everything, pin)
	random := rand.New(rand.NewPCG(1, 2))
	for _, request := range p.samples() {
		for range 1000 {
			spoilt := bytes.Clone(request)
			for range 1 + random.IntN(3) {
				spoilt[random.IntN(len(spoilt))] ^= 1 << random.IntN(8)
			}
			if spoilt[0] == byte(ctap2.CommandReset) {
				continue // it would do as told
			}
			if response, err := p.Exchange(t.Context(), spoilt); err != nil || len(response) == 0 {
				t.Fatalf("%x: %x, %v", spoilt, response, err)
			}
		}
		p.PowerCycle()
		p.must(p.tokenByUV(toSignIn))
	}
}

// samples are valid requests of all commands that take parameters.
func (p *platform) samples() (samples [][]byte) {
	p.t.Helper()
	token := p.must(p.tokenByPIN(pin, wanted{0x23, rpID}))
	create, sign, sub := registration("ada"), authentication(), ctap2.ToggleAlwaysUV
	create.Parameters = append(create.Parameters, ctap2.Parameters{Algorithm: cose.EdDSA, Type: ctap2.PublicKey})
	create.PINUVAuthParam, create.PINUVAuthProtocol = p.protocol.Authenticate(token, dataHash[:]), uint(p.protocol)
	add := func(command ctap2.Command, parameters any) {
		encoded, err := ctap2.EncodeRequest(command, parameters)
		if err != nil {
			p.t.Fatal(err)
		}
		samples = append(samples, encoded)
	}
	add(ctap2.CommandMakeCredential, create)
	add(ctap2.CommandGetAssertion, sign)
	add(ctap2.CommandConfig, &ctap2.ConfigRequest{
		SubCommand: &sub, Protocol: new(uint(p.protocol)), PINUVAuthParam: p.protocol.Authenticate(token, ctap2.ConfigMessage(sub, nil)),
	})
	for _, sub := range slices.Sorted(maps.Keys(required)) {
		add(ctap2.CommandClientPIN, p.fields(sub))
	}
	return samples
}
