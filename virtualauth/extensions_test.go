package virtualauth_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// withInputs edits extension inputs into a registration.
func withInputs(t testing.TB, values map[string]any) func(*ctap2.MakeCredentialRequest) {
	t.Helper()
	raw := inputs(t, values)
	return func(r *ctap2.MakeCredentialRequest) { r.Extensions = raw }
}

// notDiscoverable edits a registration.
func notDiscoverable(r *ctap2.MakeCredentialRequest) { r.Options = nil }

// assertion is a request for one credential, or for any when id is nil.
func assertion(id []byte, extensions map[string]cbor.RawMessage) *ctap2.GetAssertionRequest {
	request := &ctap2.GetAssertionRequest{RPID: rpID, ClientDataHash: dataHash[:], Extensions: extensions}
	if id != nil {
		request.AllowList = []ctap2.Descriptor{{ID: id, Type: ctap2.PublicKey}}
	}
	return request
}

// signed are the extension outputs of authenticator data, read with nothing but a CBOR decoder. Without the ED flag there must
// be no bytes either.
func (s *stage) signed(authData []byte) map[string]any {
	s.t.Helper()
	v := s.view(authData)
	if authData[32]&0x80 == 0 {
		if len(v.rest) > 0 {
			s.t.Errorf("bytes behind authenticator data without ED: %x", v.rest)
		}
		return nil
	}
	var outputs map[string]any
	if err := cbor.Unmarshal(v.rest, &outputs); err != nil || len(outputs) == 0 {
		s.t.Errorf("extension outputs %x: %v", v.rest, err)
	}
	return outputs
}

// said is the answer of one extension in registration and in assertion; nil where it said nothing.
type said struct {
	row, name     string
	create        any // input of registration; nil for none
	assert        any // input of assertion; nil for none
	made, used    any // outputs
	status, later ctap2.Status
}

// TestSignedExtensions holds for each extension whose output is signed what it says to each input.
func TestSignedExtensions(t *testing.T) {
	for identifier, cases := range map[string][]said{
		"credProtect": {
			{row: "A-EXT-029", name: "level 1", create: 1, made: uint64(1)},
			{row: "A-EXT-030", name: "level 2", create: 2, made: uint64(2), later: ctap2.NoCredentials},
			{row: "A-EXT-031", name: "level 3", create: 3, made: uint64(3), later: ctap2.NoCredentials},
			{row: "A-EXT-033", name: "level 0", create: 0, status: ctap2.InvalidParameter},
			{row: "A-EXT-033", name: "level 4", create: 4, status: ctap2.InvalidParameter},
			{row: "A-EXT-033", name: "a text", create: "2", status: ctap2.UnexpectedType},
			{row: "A-EXT-033", name: "null", create: cbor.RawMessage{0xf6}, status: ctap2.UnexpectedType},
			{row: "A-EXT-034", name: "not asked"},
		},
		"credBlob": {
			{row: "A-EXT-036", name: "stored", create: []byte("blob"), assert: true, made: true, used: []byte("blob")},
			{row: "A-EXT-036", name: "an empty one", create: []byte{}, assert: true, made: true, used: []byte{}},
			{row: "A-EXT-037", name: "not stored", assert: true, used: []byte{}},
			{row: "A-EXT-038", name: "as long as fits", create: make([]byte, 32), assert: true, made: true, used: make([]byte, 32)},
			{row: "A-EXT-038", name: "a byte longer", create: make([]byte, 33), assert: true, made: false, used: []byte{}},
			{row: "A-EXT-040", name: "not asked for", create: []byte("blob"), assert: false, made: true},
			{row: "A-EXT-040", name: "asked for with a number", create: []byte("blob"), assert: 1, made: true, later: ctap2.UnexpectedType},
			{row: "", name: "a text", create: "blob", status: ctap2.UnexpectedType},
		},
		"thirdPartyPayment": {
			{row: "A-EXT-064", name: "enabled", create: true, assert: true, made: true, used: true},
			{row: "A-EXT-066", name: "not enabled", assert: true, used: false},
			{row: "A-EXT-066", name: "refused", create: false, assert: true, used: false},
			{row: "", name: "enabled and not asked for", create: true, assert: false, made: true},
			{row: "", name: "a number", create: 1, status: ctap2.UnexpectedType},
			{row: "", name: "asked for with a number", assert: 1, later: ctap2.UnexpectedType},
		},
		"hmac-secret": {
			{row: "A-EXT-001 A-EXT-007", name: "asked for", create: true, made: true},
			{row: "", name: "refused", create: false},
			{row: "A-EXT-004 A-EXT-010", name: "a text", create: "yes", status: ctap2.UnexpectedType},
		},
		"minPinLength": {
			{row: "A-EXT-061", name: "not on the list", create: true},
			{row: "", name: "a text", create: "yes", status: ctap2.UnexpectedType},
		},
		"pinComplexityPolicy": {
			{row: "A-EXT-063", name: "not on the list", create: true},
			{row: "", name: "a text", create: "yes", status: ctap2.UnexpectedType},
		},
		"nobody knows this": {{name: "ignored", create: "x", assert: 1}},
	} {
		for _, c := range cases {
			t.Run(identifier+", "+c.row+" "+c.name, func(t *testing.T) { c.check(t, identifier) })
		}
	}
}

func (c said) check(t *testing.T, identifier string) {
	s := newStage(t, securityKey())
	only := func(input any) map[string]cbor.RawMessage {
		if input == nil {
			return nil
		}
		return inputs(t, map[string]any{identifier: input})
	}
	made, err := s.registerAt(rpID, "ada", func(r *ctap2.MakeCredentialRequest) { r.Extensions = only(c.create) })
	s.expect("register", err, c.status)
	if err != nil {
		if len(s.Credentials()) > 0 {
			t.Error("a refused registration left a credential")
		}
		return
	}
	if got := s.signed(made.AuthData)[identifier]; !same(got, c.made) {
		t.Errorf("registration says %v, want %v", got, c.made)
	}
	used, err := ctap2.GetAssertion(t.Context(), s, assertion(nil, only(c.assert)))
	s.expect("sign in", err, c.later)
	if err != nil {
		return
	}
	if got := s.signed(used.AuthData)[identifier]; !same(got, c.used) {
		t.Errorf("assertion says %v, want %v", got, c.used)
	}
	if made.UnsignedExtensions != nil || used.UnsignedExtensions != nil {
		t.Error("outputs outside authenticator data")
	}
}

// same compares outputs, of which byte strings are not comparable.
func same(a, b any) bool { return fmt.Sprintf("%T %v", a, a) == fmt.Sprintf("%T %v", b, b) }

// TestExtensionsOfCredentialsThatAreNotDiscoverable says which of them hold.
func TestExtensionsOfCredentialsThatAreNotDiscoverable(t *testing.T) {
	s := newStage(t, securityKey())
	made, err := s.registerAt(rpID, "ada", notDiscoverable, withInputs(t, map[string]any{
		"hmac-secret": true, "credBlob": []byte("blob"), "thirdPartyPayment": true,
	}))
	s.must("register", err)
	if got := s.signed(made.AuthData); got["hmac-secret"] != true || got["credBlob"] != false || got["thirdPartyPayment"] != true {
		t.Errorf("A-EXT-001 A-EXT-039 A-EXT-065: registration says %v", got)
	}
	used, err := ctap2.GetAssertion(t.Context(), s, assertion(s.view(made.AuthData).id, inputs(t, map[string]any{
		"credBlob": true, "thirdPartyPayment": true,
	})))
	s.must("sign in", err)
	if got := s.signed(used.AuthData); len(got["credBlob"].([]byte)) > 0 || got["thirdPartyPayment"] != true {
		t.Errorf("A-EXT-039 A-EXT-065: assertion says %v", got)
	}
}

// TestLargeBlobKeys are outside authenticator data, and only for discoverable credentials.
func TestLargeBlobKeys(t *testing.T) {
	s := newStage(t, securityKey())
	asking := inputs(t, map[string]any{"largeBlobKey": true})
	seen := map[string]bool{}
	for _, user := range []string{"ada", "bea"} {
		made, err := s.registerAt(rpID, user, func(r *ctap2.MakeCredentialRequest) { r.Extensions = asking })
		s.must("register", err)
		if len(made.LargeBlobKey) != 32 || s.signed(made.AuthData) != nil || seen[string(made.LargeBlobKey)] {
			t.Errorf("A-EXT-053: key %x, outputs %v", made.LargeBlobKey, s.signed(made.AuthData))
		}
		seen[string(made.LargeBlobKey)] = true
		used, err := ctap2.GetAssertion(t.Context(), s, assertion(s.view(made.AuthData).id, asking))
		s.must("sign in", err)
		if !bytes.Equal(used.LargeBlobKey, made.LargeBlobKey) || s.signed(used.AuthData) != nil {
			t.Errorf("A-EXT-054: key %x, want %x", used.LargeBlobKey, made.LargeBlobKey)
		}
		used, err = ctap2.GetAssertion(t.Context(), s, assertion(s.view(made.AuthData).id, nil))
		if err != nil || used.LargeBlobKey != nil {
			t.Errorf("unasked: key %x, %v", used.LargeBlobKey, err)
		}
	}
	without := s.enrolled(rpID, "cia")
	used, err := ctap2.GetAssertion(t.Context(), s, assertion(without, asking))
	if err != nil || used.LargeBlobKey != nil {
		t.Errorf("a credential without a key has %x, %v", used.LargeBlobKey, err)
	}
	for row, input := range map[string]any{"A-EXT-055 A-EXT-057": false, "A-EXT-056 A-EXT-058": "true"} {
		wrong := inputs(t, map[string]any{"largeBlobKey": input})
		_, err := s.registerAt(rpID, "dea", func(r *ctap2.MakeCredentialRequest) { r.Extensions = wrong })
		s.expect(row, err, ctap2.InvalidOption)
		_, err = ctap2.GetAssertion(t.Context(), s, assertion(without, wrong))
		s.expect(row, err, ctap2.InvalidOption)
	}
	_, err = s.registerAt(rpID, "dea", notDiscoverable, func(r *ctap2.MakeCredentialRequest) { r.Extensions = asking })
	s.expect("A-EXT-059", err, ctap2.InvalidOption)
}

// blobKeeper is a model with the extension largeBlob in place of the command.
func blobKeeper() virtualauth.Model {
	model := securityKey()
	model.Extensions = []string{"largeBlob"}
	return model
}

// unsigned is the output of largeBlob in a response.
func unsigned[Output any](s *stage, outputs map[string]cbor.RawMessage) (out Output) {
	s.t.Helper()
	if raw, there := outputs["largeBlob"]; there {
		s.must("read the output of largeBlob", ctap2.Unmarshal(raw, &out))
	}
	return out
}

func TestLargeBlobSupport(t *testing.T) {
	for row, c := range map[string]struct {
		input any
		want  ctap2.Status
	}{
		"A-EXT-041":              {map[string]any{"support": "preferred"}, ctap2.OK},
		"A-EXT-042":              {map[string]any{"support": "required"}, ctap2.OK},
		"A-EXT-048, empty":       {map[string]any{}, ctap2.InvalidCBOR},
		"A-EXT-048, other words": {map[string]any{"support": "maybe"}, ctap2.InvalidCBOR},
		"A-EXT-048, no text":     {map[string]any{"support": true}, ctap2.UnexpectedType},
		"A-EXT-048, no map":      {true, ctap2.UnexpectedType},
	} {
		s := newStage(t, blobKeeper())
		made, err := s.registerAt(rpID, "ada", withInputs(t, map[string]any{"largeBlob": c.input}))
		s.expect(row, err, c.want)
		if err == nil && (!unsigned[ctap2.LargeBlobCreateOutput](s, made.UnsignedExtensions).Supported || s.signed(made.AuthData) != nil) {
			t.Errorf("%s: %v", row, made.UnsignedExtensions)
		}
	}
}

func TestLargeBlobsInAssertions(t *testing.T) {
	write := map[string]any{"write": []byte("compressed"), "originalSize": 99}
	for _, c := range []struct {
		row, name string
		edit      func(*virtualauth.Model)
		made      any // input of registration
		anybody   bool
		request   any
		status    ctap2.Status
		written   bool
	}{
		{row: "A-EXT-043 A-EXT-044", name: "written", made: map[string]any{"support": "preferred"}, request: write, written: true},
		{row: "A-EXT-045", name: "without an allow list", made: map[string]any{"support": "preferred"}, anybody: true, request: write},
		{row: "A-EXT-046", name: "made without the extension", request: write},
		{row: "A-EXT-047", name: "made without it, on a model where all can", edit: func(m *virtualauth.Model) { m.Storage.LargeBlobForAll = true }, request: write, written: true},
		{row: "", name: "too large", made: map[string]any{"support": "preferred"}, request: map[string]any{"write": make([]byte, 2049), "originalSize": 9}},
		{row: "", name: "as large as fits", made: map[string]any{"support": "preferred"}, request: map[string]any{"write": make([]byte, 2048), "originalSize": 9}, written: true},
		{row: "A-EXT-049", name: "nothing", request: map[string]any{}, status: ctap2.InvalidCBOR},
		{row: "A-EXT-050", name: "both", request: map[string]any{"read": true, "write": []byte{1}, "originalSize": 1}, status: ctap2.InvalidCBOR},
		{row: "A-EXT-051", name: "read with a number", request: map[string]any{"read": 1}, status: ctap2.UnexpectedType},
		{row: "A-EXT-052", name: "write a text", request: map[string]any{"write": "x", "originalSize": 1}, status: ctap2.UnexpectedType},
		{row: "A-EXT-052", name: "a size in words", request: map[string]any{"write": []byte{1}, "originalSize": "one"}, status: ctap2.UnexpectedType},
		{row: "", name: "both, without a size", request: map[string]any{"read": true, "write": []byte{1}}, status: ctap2.InvalidCBOR},
		{row: "", name: "write without a size", request: map[string]any{"write": []byte{1}}, status: ctap2.InvalidCBOR},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			model := blobKeeper()
			if c.edit != nil {
				c.edit(&model)
			}
			s := newStage(t, model)
			edit := func(*ctap2.MakeCredentialRequest) {}
			if c.made != nil {
				edit = withInputs(t, map[string]any{"largeBlob": c.made})
			}
			id := s.enrolled(rpID, "ada", edit)
			named := id
			if c.anybody {
				named = nil
			}
			used, err := ctap2.GetAssertion(t.Context(), s, assertion(named, inputs(t, map[string]any{"largeBlob": c.request})))
			s.expect("write", err, c.status)
			if err != nil {
				return
			}
			if written := unsigned[ctap2.LargeBlobGetOutput](s, used.UnsignedExtensions).Written; written == nil || *written != c.written {
				t.Errorf("written: %v", used.UnsignedExtensions)
			}
			used, err = ctap2.GetAssertion(t.Context(), s, assertion(id, inputs(t, map[string]any{"largeBlob": map[string]any{"read": true}})))
			s.must("read", err)
			out := unsigned[ctap2.LargeBlobGetOutput](s, used.UnsignedExtensions)
			want := c.request.(map[string]any)
			if c.written && (!bytes.Equal(out.Blob, want["write"].([]byte)) || *out.OriginalSize != uint(want["originalSize"].(int))) {
				t.Errorf("read %+v, want %v", out, want)
			}
			if !c.written && used.UnsignedExtensions != nil {
				t.Errorf("read %+v where nothing was written", out)
			}
		})
	}
}

// TestALargeBlobIsNotOverwrittenSilently: nobody was there to agree. Reading is as open as the array of the command is.
func TestALargeBlobIsNotOverwrittenSilently(t *testing.T) {
	s := newStage(t, blobKeeper())
	id := s.enrolled(rpID, "ada", withInputs(t, map[string]any{"largeBlob": map[string]any{"support": "required"}}))
	for _, c := range []struct {
		present bool
		input   map[string]any
		want    string
	}{
		{true, map[string]any{"write": []byte("old"), "originalSize": 3}, "written true"},
		{false, map[string]any{"write": []byte("new"), "originalSize": 3}, "written false"},
		{false, map[string]any{"read": true}, "old"},
		{false, map[string]any{"read": false}, "nothing"},
	} {
		request := assertion(id, inputs(t, map[string]any{"largeBlob": c.input}))
		request.Options = &ctap2.Options{UserPresence: &c.present}
		used, err := ctap2.GetAssertion(t.Context(), s, request)
		s.must("sign in", err)
		out, got := unsigned[ctap2.LargeBlobGetOutput](s, used.UnsignedExtensions), "nothing"
		switch {
		case out.Written != nil:
			got = fmt.Sprint("written ", *out.Written)
		case out.Blob != nil:
			got = string(out.Blob)
		}
		if got != c.want {
			t.Errorf("%v, present %t: %s, want %s", c.input, c.present, got, c.want)
		}
	}
}

// TestTheRoomForLargeBlobs is shared by all credentials.
func TestTheRoomForLargeBlobs(t *testing.T) {
	model := blobKeeper()
	model.Storage.LargeBlobForAll = true
	s := newStage(t, model)
	first, second := s.enrolled(rpID, "ada"), s.enrolled(rpID, "bea")
	for i, c := range []struct {
		id   []byte
		size int
		want bool
	}{{first, 2000, true}, {second, 49, false}, {second, 48, true}, {first, 2001, false}, {first, 10, true}, {second, 2038, true}} {
		used, err := ctap2.GetAssertion(t.Context(), s, assertion(c.id, inputs(t, map[string]any{
			"largeBlob": map[string]any{"write": make([]byte, c.size), "originalSize": 1},
		})))
		s.must("write", err)
		if written := *unsigned[ctap2.LargeBlobGetOutput](s, used.UnsignedExtensions).Written; written != c.want {
			t.Errorf("step %d, %d bytes: written %t", i, c.size, written)
		}
	}
}

// TestCredProtect is the matrix of CTAP 2.3 §12.1: policy, whether the request names the credential, whether the user is
// verified.
func TestCredProtect(t *testing.T) {
	for _, c := range []struct {
		row        string
		asked      uint // 0: not asked
		ownDefault ctap2.CredProtect
		anonymous  bool // usable unverified without its id
		named      bool // usable unverified with its id
	}{
		{"A-EXT-034", 0, 0, true, true},
		{"A-EXT-029", 1, 0, true, true},
		{"A-EXT-030 A-GA-053 A-GA-054", 2, 0, false, true},
		{"A-EXT-031 A-GA-055 A-GA-056 A-MC-094 A-MC-095", 3, 0, false, false},
		{"A-EXT-034", 0, 2, false, true},
		{"", 1, 3, true, true},
	} {
		t.Run(fmt.Sprintf("%s policy %d where the default is %d", c.row, c.asked, c.ownDefault), func(t *testing.T) {
			model := securityKey()
			model.Verification, model.Fingerprints = virtualauth.VerificationReady, 0
			model.Storage.CredProtect = c.ownDefault
			for _, discoverable := range []bool{true, false} {
				s := newStage(t, model)
				id := s.enrolled(rpID, "ada", func(r *ctap2.MakeCredentialRequest) {
					r.Options = &ctap2.Options{ResidentKey: &discoverable, UserVerification: new(true)}
					if c.asked > 0 {
						r.Extensions = inputs(t, map[string]any{"credProtect": c.asked})
					}
				})
				for _, verified := range []bool{true, false} {
					options := &ctap2.Options{UserVerification: &verified}
					for name, usable := range map[string]bool{"": discoverable && (verified || c.anonymous), string(id): verified || c.named} {
						request := assertion(nil, nil)
						if name != "" {
							request = assertion(id, nil)
						}
						request.Options = options
						_, err := ctap2.GetAssertion(t.Context(), s, request)
						want := ctap2.OK
						if !usable {
							want = ctap2.NoCredentials
						}
						s.expect(fmt.Sprintf("discoverable %t, named %t, verified %t", discoverable, name != "", verified), err, want)
					}
					excluding := registration("bea")
					excluding.Options = &ctap2.Options{UserVerification: &verified}
					excluding.ExcludeList = []ctap2.Descriptor{{ID: id, Type: ctap2.PublicKey}}
					_, err := ctap2.MakeCredential(t.Context(), s, excluding)
					want := ctap2.OK
					if verified || c.named {
						want = ctap2.CredentialExcluded
					}
					s.expect(fmt.Sprintf("excluded, verified %t", verified), err, want)
				}
			}
		})
	}
}

// TestExtensionsInNextAssertions: each credential answers for itself (A-GNA-010).
func TestExtensionsInNextAssertions(t *testing.T) {
	s := newStage(t, securityKey())
	p, ids := s.agreed(pinuv.Two), map[string][]byte{}
	for _, user := range []string{"ada", "bea", "cia"} {
		ids[user] = s.enrolled(rpID, user, withInputs(t, map[string]any{
			"credBlob": []byte("blob of " + user), "largeBlobKey": true, "hmac-secret": true,
		}))
	}
	response, err := ctap2.GetAssertion(t.Context(), s, assertion(nil, inputs(t, map[string]any{
		"credBlob": true, "largeBlobKey": true, "hmac-secret": p.ask(t, salt1),
	})))
	s.must("sign in", err)
	keys, secrets := map[string]bool{}, map[string][]byte{}
	for _, user := range []string{"cia", "bea", "ada"} {
		if got := s.signed(response.AuthData)["credBlob"]; !same(got, []byte("blob of "+user)) {
			t.Errorf("%s: %s", user, got)
		}
		keys[string(response.LargeBlobKey)] = true
		secrets[user] = p.open(t, s.signed(response.AuthData)["hmac-secret"])[0]
		if user != "ada" {
			response, err = ctap2.GetNextAssertion(t.Context(), s)
			s.must("next", err)
		}
	}
	if len(keys) != 3 {
		t.Errorf("%d large-blob keys of three credentials", len(keys))
	}
	for user, secret := range secrets {
		if alone := s.secrets(p, ids[user], false, salt1)[0]; !bytes.Equal(secret, alone) {
			t.Errorf("%s has the secret %x, and alone %x", user, secret, alone)
		}
	}
}

// TestModelsIgnoreExtensionsTheyLack, malformed inputs included (CTAP 2.3 §6.1.2: unsupported extensions are ignored). So is
// uvm, which WebAuthn L3 dropped, by all.
func TestModelsIgnoreExtensionsTheyLack(t *testing.T) {
	s := newStage(t, virtualauth.Model{Verification: virtualauth.VerificationMissing})
	nonsense := map[string]any{}
	for _, identifier := range append(securityKey().Extensions, "largeBlob") {
		nonsense[identifier] = "nonsense"
	}
	nonsense["uvm"] = true
	made, err := s.registerAt(rpID, "ada", withInputs(t, nonsense))
	s.must("register", err)
	used, err := ctap2.GetAssertion(t.Context(), s, assertion(nil, inputs(t, nonsense)))
	s.must("sign in", err)
	if s.signed(made.AuthData) != nil || s.signed(used.AuthData) != nil || made.UnsignedExtensions != nil || used.UnsignedExtensions != nil {
		t.Error("outputs of extensions that are not there")
	}
}

// TestThePINPolicyIsToldToTheListed relying parties (CTAP 2.3 §12.5, §12.6), as it is at that moment.
func TestThePINPolicyIsToldToTheListed(t *testing.T) {
	s := newStage(t, securityKey())
	asking := withInputs(t, map[string]any{"minPinLength": true, "pinComplexityPolicy": true})
	k := s.token(pinuv.ACFG, "")
	s.must("put it on the list", s.platform(pinuv.Two).config(k.value, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{RPIDs: []string{rpID}}))
	for rp, want := range map[string][2]any{rpID: {uint64(4), true}, "other.example": {}} {
		made, err := s.registerAt(rp, "ada", asking)
		s.must("register", err)
		got := s.signed(made.AuthData)
		if got["minPinLength"] != want[0] || got["pinComplexityPolicy"] != want[1] {
			t.Errorf("A-EXT-060 to A-EXT-063: %s learns %v, want %v", rp, got, want)
		}
	}
	refusing := withInputs(t, map[string]any{"minPinLength": false, "pinComplexityPolicy": false})
	made, err := s.registerAt(rpID, "bea", refusing)
	if err != nil || s.signed(made.AuthData) != nil {
		t.Errorf("unasked it learns %v, %v", made, err)
	}
}

// TestExtensionDataSharesNoMemory with the authenticator.
func TestExtensionDataSharesNoMemory(t *testing.T) {
	s := newStage(t, virtualauth.Model{Backup: virtualauth.Synced})
	s.plant(rpID, "ada", func(p *virtualauth.Portable) {
		p.CredBlob, p.LargeBlobKey = []byte("blob"), make([]byte, 32)
		p.LargeBlobCapable, p.LargeBlob = true, &virtualauth.LargeBlob{Data: []byte("blob"), OriginalSize: 4}
	})
	c := s.Credentials()[0]
	c.CredBlob[0]++
	c.LargeBlobKey[0]++
	c.LargeBlob.Data[0]++
	c.LargeBlob.OriginalSize++
	again := s.Credentials()[0]
	if again.CredBlob[0] == c.CredBlob[0] || again.LargeBlobKey[0] == c.LargeBlobKey[0] || again.LargeBlob.Data[0] == c.LargeBlob.Data[0] ||
		again.LargeBlob.OriginalSize == c.LargeBlob.OriginalSize {
		t.Error("the authenticator sees what is done to a copy")
	}
}

func TestGetInfoListsExtensions(t *testing.T) {
	s := newStage(t, securityKey())
	info, err := ctap2.GetInfo(t.Context(), s)
	s.must("getInfo", err)
	if !slices.Equal(info.Extensions, securityKey().Extensions) || info.MaxCredBlobLength != 32 {
		t.Errorf("A-EXT-035: extensions %v, credBlob of %d bytes", info.Extensions, info.MaxCredBlobLength)
	}
	old := newStage(t, virtualauth.Model{})
	if info, err := ctap2.GetInfo(t.Context(), old); err != nil || info.Extensions != nil || info.MaxCredBlobLength != 0 {
		t.Errorf("an old model: %+v, %v", info, err)
	}
}
