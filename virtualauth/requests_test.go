package virtualauth_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// fields is a request as a map, to be edited into one that no honest client would send.
type fields = map[any]any

func asFields(t testing.TB, request any) fields {
	t.Helper()
	encoded, err := ctap2.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var all fields
	if err := cbor.Unmarshal(encoded, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// exchange sends raw parameters and returns the status.
func (s *stage) exchange(command ctap2.Command, parameters any) ctap2.Status {
	s.t.Helper()
	request, err := ctap2.EncodeRequest(command, parameters)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := s.Exchange(s.t.Context(), request)
	if err != nil {
		s.t.Fatal(err)
	}
	return ctap2.Status(response[0])
}

type edit struct {
	name string
	edit func(fields)
	want ctap2.Status
}

func set(key, value any) func(fields) { return func(f fields) { f[key] = value } }
func drop(key any) func(fields)       { return func(f fields) { delete(f, key) } }
func in(outer any, inner func(fields)) func(fields) {
	return func(f fields) { inner(f[outer].(fields)) }
}

func key(n uint64) any { return n }

var (
	public     = fields{"type": "public-key", "id": []byte{1, 2, 3}}
	es256      = fields{"type": "public-key", "alg": -7}
	listOf     = func(entries ...any) any { return entries }
	manyPublic = func(n int) any {
		list := make([]any, n)
		for i := range list {
			list[i] = public
		}
		return list
	}
)

var makeCredentialEdits = []edit{
	{"MC-001: nothing", func(fields) {}, ctap2.OK},
	{"MC-002: no client data hash", drop(key(1)), ctap2.MissingParameter},
	{"MC-003: client data hash as text", set(key(1), "hash"), ctap2.UnexpectedType},
	{"MC-069: client data hash of 31 bytes", set(key(1), make([]byte, 31)), ctap2.InvalidLength},
	{"MC-069: client data hash of no bytes", set(key(1), []byte{}), ctap2.InvalidLength},
	{"MC-004: no rp", drop(key(2)), ctap2.MissingParameter},
	{"MC-005: rp as text", set(key(2), rpID), ctap2.UnexpectedType},
	{"MC-070: no rp.id", in(key(2), drop("id")), ctap2.MissingParameter},
	{"MC-013: rp.id as bytes", in(key(2), set("id", []byte(rpID))), ctap2.UnexpectedType},
	{"MC-014: rp.name as a number", in(key(2), set("name", 1)), ctap2.UnexpectedType},
	{"MC-015 MC-052: an unknown member of rp", in(key(2), set("icon", "x")), ctap2.OK},
	{"no rp.name", in(key(2), drop("name")), ctap2.OK},
	{"MC-006: no user", drop(key(3)), ctap2.MissingParameter},
	{"MC-007: user as an array", set(key(3), listOf()), ctap2.UnexpectedType},
	{"MC-072: no user.id", in(key(3), drop("id")), ctap2.MissingParameter},
	{"MC-016: user.id as text", in(key(3), set("id", "x")), ctap2.UnexpectedType},
	{"MC-075 GA-029: user.id of no bytes", in(key(3), set("id", []byte{})), ctap2.InvalidLength},
	{"MC-073: user.id of 64 bytes", in(key(3), set("id", make([]byte, 64))), ctap2.OK},
	{"MC-074: user.id of 65 bytes", in(key(3), set("id", make([]byte, 65))), ctap2.InvalidLength},
	{"MC-018: user.displayName as null", in(key(3), set("displayName", nil)), ctap2.UnexpectedType},
	{"MC-008: no algorithms", drop(key(4)), ctap2.MissingParameter},
	{"MC-009: algorithms as a map", set(key(4), fields{}), ctap2.UnexpectedType},
	{"MC-076: an empty list of algorithms", set(key(4), listOf()), ctap2.UnsupportedAlgorithm},
	{"MC-026: an algorithm nobody has", set(key(4), listOf(fields{"type": "public-key", "alg": -65535})), ctap2.UnsupportedAlgorithm},
	{"MC-079: an algorithm beyond 32 bits", set(key(4), listOf(fields{"type": "public-key", "alg": int64(-1) << 63}, es256)), ctap2.OK},
	{"MC-027: a credential type nobody has", set(key(4), listOf(fields{"type": "gold", "alg": -7})), ctap2.UnsupportedAlgorithm},
	{"MC-020: the supported algorithm last", set(key(4), listOf(fields{"type": "public-key", "alg": -65535}, es256)), ctap2.OK},
	{"MC-022: an algorithm without a type", set(key(4), listOf(fields{"alg": -7})), ctap2.InvalidCBOR},
	{"MC-024: a type without an algorithm", set(key(4), listOf(fields{"type": "public-key"})), ctap2.InvalidCBOR},
	{"MC-078: a malformed algorithm behind a good one", set(key(4), listOf(es256, fields{"alg": -7})), ctap2.InvalidCBOR},
	{"MC-025: an algorithm as text", set(key(4), listOf(fields{"type": "public-key", "alg": "ES256"})), ctap2.UnexpectedType},
	{"MC-021: an algorithm that is no map", set(key(4), listOf(-7)), ctap2.UnexpectedType},
	{"MC-010: an exclude list as a map", set(key(5), fields{}), ctap2.UnexpectedType},
	{"MC-098: an empty exclude list", set(key(5), listOf()), ctap2.OK},
	{"an excluded stranger", set(key(5), listOf(public)), ctap2.OK},
	{"MC-033: an excluded id without a type", set(key(5), listOf(fields{"id": []byte{1}})), ctap2.MissingParameter},
	{"MC-035: an excluded type without an id", set(key(5), listOf(fields{"type": "public-key"})), ctap2.MissingParameter},
	{"MC-036: an excluded id as text", set(key(5), listOf(fields{"type": "public-key", "id": "x"})), ctap2.UnexpectedType},
	{"MC-028: an excluded type nobody has", set(key(5), listOf(fields{"type": "gold", "id": []byte{1}})), ctap2.OK},
	{"as many excluded as it takes", set(key(5), manyPublic(8)), ctap2.OK},
	{"MC-096: more excluded than it takes", set(key(5), manyPublic(9)), ctap2.LimitExceeded},
	{"MC-011: extensions as an array", set(key(6), listOf()), ctap2.UnexpectedType},
	{"MC-056: an unknown extension", set(key(6), fields{"x": nil}), ctap2.OK},
	{"MC-017: user.name as bytes", in(key(3), set("name", []byte("x"))), ctap2.UnexpectedType},
	{"MC-018: user.displayName as a number", in(key(3), set("displayName", 1)), ctap2.UnexpectedType},
	{"MC-019: user.icon as a number", in(key(3), set("icon", 1)), ctap2.OK},
	{"MC-053: a user without names", func(f fields) { f[key(3)] = fields{"id": []byte{1}} }, ctap2.OK},
	{"MC-023: a type that is no text", set(key(4), listOf(fields{"type": 1, "alg": -7})), ctap2.UnexpectedType},
	{"MC-077: the same algorithm twice", set(key(4), listOf(es256, es256)), ctap2.OK},
	{"MC-032: an excluded id that is no map", set(key(5), listOf(1)), ctap2.UnexpectedType},
	{"MC-034: an excluded type that is no text", set(key(5), listOf(fields{"id": []byte{1}, "type": 1})), ctap2.UnexpectedType},
	{"MC-055: an excluded stranger with unknown members", set(key(5), listOf(fields{"id": []byte{1}, "type": "public-key", "transports": listOf(), "x": 1})), ctap2.OK},
	{"MC-071: an empty rp.id", in(key(2), set("id", "")), ctap2.MissingParameter},
	{"MC-051: names that are not ASCII", in(key(3), set("displayName", "Ärmel €uro 名")), ctap2.OK},
	{"CBR-019: a text key beside the number it spells", set("1", "x"), ctap2.OK},
	{"MC-012: options as an array", set(key(7), listOf()), ctap2.UnexpectedType},
	{"no options", drop(key(7)), ctap2.OK},
	{"MC-080: an option as a number", in(key(7), set("rk", 1)), ctap2.UnexpectedType},
	{"MC-038: an unknown option", in(key(7), set("zz", 1)), ctap2.OK},
	{"MC-040: up true", in(key(7), set("up", true)), ctap2.OK},
	{"MC-041: up false", in(key(7), set("up", false)), ctap2.InvalidOption},
	{"MC-063: a PIN/UV auth parameter alone", set(key(8), make([]byte, 16)), ctap2.MissingParameter},
	{"MC-062: an unsupported PIN/UV auth protocol", func(f fields) { f[key(8)], f[key(9)] = make([]byte, 16), 2 }, ctap2.InvalidParameter},
	{"EPA-005: enterprise attestation", set(key(10), 1), ctap2.InvalidParameter},
	{"EPA-007: enterprise attestation as text", set(key(10), "1"), ctap2.UnexpectedType},
	{"MC-031: formats as text", set(key(11), "none"), ctap2.UnexpectedType},
	{"MC-104: an unknown parameter", set(key(0x7f), nil), ctap2.OK},
}

var getAssertionEdits = []edit{
	{"GA-001: nothing", func(fields) {}, ctap2.OK},
	{"GA-002: no RP ID", drop(key(1)), ctap2.MissingParameter},
	{"GA-003: RP ID as bytes", set(key(1), []byte(rpID)), ctap2.UnexpectedType},
	{"another RP ID", set(key(1), "other.example"), ctap2.NoCredentials},
	{"GA-004: no client data hash", drop(key(2)), ctap2.MissingParameter},
	{"GA-005: client data hash as text", set(key(2), "hash"), ctap2.UnexpectedType},
	{"client data hash of 33 bytes", set(key(2), make([]byte, 33)), ctap2.InvalidLength},
	{"GA-006: an allow list as a map", set(key(3), fields{}), ctap2.UnexpectedType},
	{"GA-043: an empty allow list", set(key(3), listOf()), ctap2.OK},
	{"GA-047: an allowed stranger", set(key(3), listOf(public)), ctap2.NoCredentials},
	{"GA-047: an allowed id of no bytes", set(key(3), listOf(fields{"type": "public-key", "id": []byte{}})), ctap2.NoCredentials},
	{"an allowed type nobody has", set(key(3), listOf(fields{"type": "gold", "id": []byte{1}})), ctap2.NoCredentials},
	{"GA-013: an allowed id without a type", set(key(3), listOf(fields{"id": []byte{1}})), ctap2.MissingParameter},
	{"GA-015: an allowed type without an id", set(key(3), listOf(fields{"type": "public-key"})), ctap2.MissingParameter},
	{"GA-007 GA-012: an allowed id that is no map", set(key(3), listOf(1)), ctap2.UnexpectedType},
	{"GA-063: more allowed than it takes", set(key(3), manyPublic(9)), ctap2.LimitExceeded},
	{"extensions as text", set(key(4), "x"), ctap2.UnexpectedType},
	{"GA-040: an unknown extension", set(key(4), fields{"x": 1}), ctap2.OK},
	{"options as a number", set(key(5), 1), ctap2.UnexpectedType},
	{"no options", drop(key(5)), ctap2.OK},
	{"GA-014: an allowed type that is no text", set(key(3), listOf(fields{"id": []byte{1}, "type": 1})), ctap2.UnexpectedType},
	{"GA-016: an allowed id as text", set(key(3), listOf(fields{"id": "x", "type": "public-key"})), ctap2.UnexpectedType},
	{"GA-062: an option as a number", in(key(5), set("uv", 1)), ctap2.UnexpectedType},
	{"GA-032: uv false", in(key(5), set("uv", false)), ctap2.OK},
	{"GA-009: up true", in(key(5), set("up", true)), ctap2.OK},
	{"GA-030: rk true", in(key(5), set("rk", true)), ctap2.UnsupportedOption},
	{"GA-030: rk false", in(key(5), set("rk", false)), ctap2.UnsupportedOption},
	{"GA-008: an unknown option", in(key(5), set("zz", false)), ctap2.OK},
	{"GA-037: a PIN/UV auth parameter alone", set(key(6), make([]byte, 16)), ctap2.MissingParameter},
	{"GA-036: an unsupported PIN/UV auth protocol", func(f fields) { f[key(6)], f[key(7)] = make([]byte, 16), 1 }, ctap2.InvalidParameter},
	{"an unknown parameter", set(key(0x7f), "x"), ctap2.OK},
}

// TestRequestsEdited: a malformed request is a valid one, edited. Each edit has its status, and makeCredential leaves a
// credential behind only when it says OK.
func TestRequestsEdited(t *testing.T) {
	model := virtualauth.Model{MaxCredentialsInList: 8}
	for _, c := range makeCredentialEdits {
		t.Run("makeCredential with "+c.name, func(t *testing.T) {
			s := newStage(t, model)
			request := asFields(t, registration("ada"))
			if !strings.HasSuffix(c.name, "no options") {
				request[key(7)] = fields{"uv": true}
			}
			c.edit(request)
			if got := s.exchange(ctap2.CommandMakeCredential, request); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if made := len(s.Credentials()) == 1; made != (c.want == ctap2.OK) {
				t.Errorf("there are %d credentials after %v", len(s.Credentials()), c.want)
			}
		})
	}
	for _, c := range getAssertionEdits {
		t.Run("getAssertion with "+c.name, func(t *testing.T) {
			s := newStage(t, model)
			s.register("ada")
			request := asFields(t, authentication())
			c.edit(request)
			if got := s.exchange(ctap2.CommandGetAssertion, request); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if used := s.Credentials()[0].SignCount == 1; used != (c.want == ctap2.OK) {
				t.Errorf("the counter is %d after %v", s.Credentials()[0].SignCount, c.want)
			}
		})
	}
}

// INF-007, GNA-001, CBR-001 to CBR-004.
func TestRequestsThatAreNoCommand(t *testing.T) {
	for _, c := range []struct {
		name    string
		request []byte
		want    ctap2.Status
	}{
		{"nothing", nil, ctap2.InvalidLength},
		{"an unknown command", []byte{0x77}, ctap2.InvalidCommand},
		{"a vendor's command", []byte{0x40, 0xa0}, ctap2.InvalidCommand},
		{"makeCredential without parameters", []byte{0x01}, ctap2.InvalidCBOR},
		{"getAssertion without parameters", []byte{0x02}, ctap2.InvalidCBOR},
		{"an array of parameters", []byte{0x01, 0x80}, ctap2.UnexpectedType},
		{"getInfo with parameters", []byte{0x04, 0xa0}, ctap2.InvalidLength},
		{"reset with parameters", []byte{0x07, 0xa0}, ctap2.InvalidLength},
		{"getNextAssertion out of the blue", []byte{0x08}, ctap2.NotAllowed},
		{"as much as fits", append([]byte{0x77}, make([]byte, 7608)...), ctap2.InvalidCommand},
		{"more than fits", append([]byte{0x77}, make([]byte, 7609)...), ctap2.RequestTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			response, err := newStage(t, virtualauth.Model{}).Exchange(t.Context(), c.request)
			if err != nil || len(response) != 1 || ctap2.Status(response[0]) != c.want {
				t.Errorf("got %x, %v; want %v", response, err, c.want)
			}
		})
	}
}

func TestAWorldThatLacksSomethingIsAnError(t *testing.T) {
	for _, c := range []struct {
		world virtualauth.World
		want  string
	}{
		{virtualauth.World{Rand: seeded(1)}, "Clock"},
		{virtualauth.World{Clock: &clock{}}, "Rand"},
	} {
		_, err := virtualauth.New(virtualauth.Model{}, c.world).Exchange(t.Context(), []byte{0x04})
		var missing *virtualauth.WorldError
		if !errors.As(err, &missing) || missing.Missing != c.want {
			t.Errorf("got %v, want a WorldError about %s", err, c.want)
		}
	}
}

// A failure of the surroundings is no status: a harness must not take a broken helper for a refusal.
func TestFailuresOfTheWorldAreErrors(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.person.err = io.ErrUnexpectedEOF
	if _, err := ctap2.MakeCredential(t.Context(), s, registration("ada")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a failing User: %v", err)
	}
	broken := virtualauth.New(virtualauth.Model{}, virtualauth.World{Clock: s.clock, Rand: io.LimitReader(seeded(1), 20)})
	if _, err := ctap2.MakeCredential(t.Context(), broken, registration("ada")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("randomness that ends: %v", err)
	}
	if len(broken.Credentials()) != 0 {
		t.Error("a credential was left behind")
	}
}

// FuzzExchange sends anything at all, to an authenticator that can do everything, with a PIN and two accounts.
func FuzzExchange(f *testing.F) {
	p := withPIN(f, everything, pin)
	p.register("ada")
	p.register("bea")
	for _, sample := range p.samples() {
		f.Add(sample)
	}
	for _, command := range []ctap2.Command{
		ctap2.CommandGetInfo, ctap2.CommandReset, ctap2.CommandGetNextAssertion, ctap2.CommandSelection, 0x77,
	} {
		f.Add([]byte{byte(command)})
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		response, err := p.Exchange(context.Background(), request)
		if err != nil || len(response) == 0 {
			t.Fatalf("%x was answered with %x, %v", request, response, err)
		}
		if status := ctap2.Status(response[0]); strings.HasPrefix(status.String(), "unknown") {
			t.Errorf("%x was answered with %v", request, status)
		}
		if len(response) > 1 {
			var body fields
			if ctap2.Status(response[0]) != ctap2.OK || ctap2.Unmarshal(response[1:], &body) != nil {
				t.Errorf("%x was answered with %x", request, response)
			}
		}
	})
}
