package virtualauth_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// stubborn is a key store that cannot delete.
type stubborn struct {
	*keystore.Software
	asked int
}

var errStubborn = errors.New("this store deletes nothing")

func (s *stubborn) Delete(context.Context, keystore.Handle) error {
	s.asked++
	return errStubborn
}

// A credential that is kept is answered for, even when the key of the one that it replaces cannot be deleted.
func TestAReplacedKeyThatStaysSpoilsNothing(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	store := &stubborn{Software: keystore.NewSoftware(seeded(3))}
	s.Authenticator = virtualauth.New(virtualauth.Model{}, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(2), Keys: store})
	first, second := registration("ada"), registration("ada")
	for _, request := range []*ctap2.MakeCredentialRequest{first, second} {
		if _, err := ctap2.MakeCredential(t.Context(), s, request); err != nil {
			t.Fatal(err)
		}
	}
	if held := s.Credentials(); len(held) != 1 || store.asked != 1 {
		t.Errorf("%d credentials, %d keys were to be deleted, want one of each", len(held), store.asked)
	}
}

// A reset tries to delete every key, and says so when it cannot.
func TestAResetTriesEveryKey(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	store := &stubborn{Software: keystore.NewSoftware(seeded(3))}
	s.Authenticator = virtualauth.New(virtualauth.Model{}, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(2), Keys: store})
	for _, name := range []string{"ada", "bea", "cleo"} {
		if _, err := ctap2.MakeCredential(t.Context(), s, registration(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ctap2.Reset(t.Context(), s); !errors.Is(err, errStubborn) {
		t.Errorf("reset: %v", err)
	}
	if left := s.Credentials(); len(left) != 0 || store.asked != 3 {
		t.Errorf("%d credentials are left and %d keys were to be deleted, want none and 3", len(left), store.asked)
	}
}

// A U2F message ends what other commands have begun.
func TestU2FEndsEnumerations(t *testing.T) {
	model := verifier()
	model.Versions = u2fModel.Versions
	s := newStage(t, model)
	if err := s.enumerationEnds(func() {}); err == nil {
		t.Error("the control: an enumeration ends by itself")
	}
	s = newStage(t, model)
	if err := s.enumerationEnds(func() {
		if _, status := s.u2f(u2fVersion, 0, nil); status != swOK {
			t.Fatalf("version: %04x", status)
		}
	}); err != nil {
		t.Error(err)
	}
}

// What comes from elsewhere must be a credential, and find room.
func TestImportsAreJudged(t *testing.T) {
	from := newStage(t, virtualauth.Model{Backup: virtualauth.Synced})
	if _, err := ctap2.MakeCredential(t.Context(), from, registration("ada")); err != nil {
		t.Fatal(err)
	}
	good, err := from.Export(t.Context(), from.Credentials()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(*virtualauth.Portable)
		want  error
	}{
		"the control":                      {func(*virtualauth.Portable) {}, nil},
		"no id":                            {func(p *virtualauth.Portable) { p.ID = nil }, virtualauth.ErrMalformedCredential},
		"an id of 1024 bytes":              {func(p *virtualauth.Portable) { p.ID = make([]byte, 1024) }, virtualauth.ErrMalformedCredential},
		"an id of 1023 bytes":              {func(p *virtualauth.Portable) { p.ID = make([]byte, 1023) }, nil},
		"no relying party":                 {func(p *virtualauth.Portable) { p.RPID = "" }, virtualauth.ErrMalformedCredential},
		"an RP ID and the hash of one":     {func(p *virtualauth.Portable) { p.RPIDHash = make([]byte, 32) }, virtualauth.ErrMalformedCredential},
		"an RP ID and an empty hash":       {func(p *virtualauth.Portable) { p.RPIDHash = []byte{} }, virtualauth.ErrMalformedCredential},
		"half a hash of an RP ID":          {byU2F(16), virtualauth.ErrMalformedCredential},
		"the hash of an RP ID, as U2F has": {byU2F(32), nil},
		"a passkey with a hash alone": {func(p *virtualauth.Portable) {
			p.RPID, p.RPIDHash = "", make([]byte, 32)
		}, virtualauth.ErrMalformedCredential},
		"a user handle of 65 bytes":        {func(p *virtualauth.Portable) { p.UserHandle = make([]byte, 65) }, virtualauth.ErrMalformedCredential},
		"a passkey without a user handle":  {func(p *virtualauth.Portable) { p.UserHandle = nil }, virtualauth.ErrMalformedCredential},
		"no passkey and so no user handle": {func(p *virtualauth.Portable) { p.UserHandle, p.Discoverable = nil, false }, nil},
		"the strictest policy":             {func(p *virtualauth.Portable) { p.CredProtect = ctap2.UVRequired }, nil},
		"a policy that there is not":       {func(p *virtualauth.Portable) { p.CredProtect = 4 }, virtualauth.ErrMalformedCredential},
		"a large-blob key":                 {func(p *virtualauth.Portable) { p.LargeBlobKey = make([]byte, 32) }, nil},
		"half a large-blob key":            {func(p *virtualauth.Portable) { p.LargeBlobKey = make([]byte, 16) }, virtualauth.ErrMalformedCredential},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.spoil(&p)
			to := newStage(t, virtualauth.Model{})
			if err := to.Import(t.Context(), p); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if held := len(to.Credentials()); (held == 1) != (c.want == nil) {
				t.Errorf("%d credentials are held", held)
			}
		})
	}
	t.Run("no room", func(t *testing.T) {
		to := newStage(t, virtualauth.Model{MaxDiscoverable: 1})
		if _, err := ctap2.MakeCredential(t.Context(), to, registration("bea")); err != nil {
			t.Fatal(err)
		}
		p := good
		p.ID = slices.Repeat([]byte{9}, 32)
		if err := to.Import(t.Context(), p); !errors.Is(err, virtualauth.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
	})
}

// A platform leaves ids out of lists that are longer than the device says, so a long one that was imported must be told.
func TestTheLongestIDIsTold(t *testing.T) {
	from := newStage(t, virtualauth.Model{Backup: virtualauth.Synced})
	if _, err := ctap2.MakeCredential(t.Context(), from, registration("ada")); err != nil {
		t.Fatal(err)
	}
	long, err := from.Export(t.Context(), from.Credentials()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	long.ID = slices.Repeat([]byte{7}, 64)
	model := securityKey()
	model.MaxCredentialsInList = 4
	to := newStage(t, model)
	for _, want := range []uint{32, 64} {
		info, err := ctap2.GetInfo(t.Context(), to)
		if err != nil || info.MaxCredentialIDLength != want {
			t.Errorf("told %+v (%v), want %d", info, err, want)
		}
		if err := to.Import(t.Context(), long); err != nil && want == 32 {
			t.Fatal(err)
		}
	}
}

func byU2F(hash int) func(*virtualauth.Portable) {
	return func(p *virtualauth.Portable) {
		p.RPID, p.RPIDHash, p.UserHandle, p.Discoverable = "", make([]byte, hash), nil, false
	}
}

// Without room a refused import leaves no key behind either, and what needs no room is taken.
func TestImportsFindRoomOrLeaveNoKey(t *testing.T) {
	for name, c := range map[string]struct {
		model        virtualauth.Model
		discoverable bool
		want         error
	}{
		"room":                         {virtualauth.Model{MaxDiscoverable: 2}, true, nil},
		"no room":                      {virtualauth.Model{MaxDiscoverable: 1}, true, virtualauth.ErrFull},
		"no room for any passkey":      {virtualauth.Model{NonDiscoverableOnly: true}, true, virtualauth.ErrFull},
		"no room that it needs":        {virtualauth.Model{MaxDiscoverable: 1}, false, nil},
		"no passkey where none can be": {virtualauth.Model{NonDiscoverableOnly: true}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, keys := newSlow(t, c.model)
			if !c.model.NonDiscoverableOnly {
				s.register("bea")
			}
			p := s.portable("ada")
			p.Discoverable = c.discoverable
			if err := s.Import(t.Context(), p); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if keys.keys != len(s.Credentials()) {
				t.Errorf("%d keys for %d credentials", keys.keys, len(s.Credentials()))
			}
		})
	}
}

// A blob that comes with a credential has the room that one made here would have, on models without the extension too.
func TestTheBlobsOfImportsFindRoom(t *testing.T) {
	const least = 1024 // of large blobs, in every model
	blobs := func(credBlob, largeBlob int) func(*virtualauth.Portable) {
		return func(p *virtualauth.Portable) {
			p.CredBlob = make([]byte, credBlob)
			p.LargeBlob = &virtualauth.LargeBlob{Data: make([]byte, largeBlob), OriginalSize: 5000}
		}
	}
	long := virtualauth.Model{CredBlob: 64, LargeBlobs: 2 * least}
	for name, c := range map[string]struct {
		model virtualauth.Model
		first int // bytes of the large blob of the credential that is there already
		with  func(*virtualauth.Portable)
		want  error
	}{
		"the shortest limits":              {virtualauth.Model{}, 0, blobs(32, least), nil},
		"a credBlob that is too long":      {virtualauth.Model{}, 0, blobs(33, 0), virtualauth.ErrBlobTooLong},
		"a large blob that is too long":    {virtualauth.Model{}, 0, blobs(0, least+1), virtualauth.ErrBlobTooLong},
		"longer limits":                    {long, 0, blobs(64, 2*least), nil},
		"a credBlob beyond them":           {long, 0, blobs(65, 0), virtualauth.ErrBlobTooLong},
		"what another large blob has left": {long, least, blobs(0, least), nil},
		"more than that":                   {long, least, blobs(0, least+1), virtualauth.ErrBlobTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			s, keys := newSlow(t, c.model)
			first := s.portable("bea")
			blobs(0, c.first)(&first)
			s.must("import the first", s.Import(t.Context(), first))
			p := s.portable("ada")
			p.ID = []byte("another id")
			c.with(&p)
			if err := s.Import(t.Context(), p); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if want := map[bool]int{true: 2, false: 1}[c.want == nil]; len(s.Credentials()) != want || keys.keys != want {
				t.Errorf("%d credentials and %d keys, want %d", len(s.Credentials()), keys.keys, want)
			}
		})
	}
}

// slowKeys is a key store during whose work something else happens.
type slowKeys struct {
	*counted
	meanwhile func()
}

func newSlow(t *testing.T, model virtualauth.Model) (*stage, *slowKeys) {
	s, keys := newStage(t, model), &slowKeys{counted: &counted{Software: keystore.NewSoftware(seeded(5))}}
	s.Authenticator = virtualauth.New(model, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(6), Keys: keys})
	return s, keys
}

func (k *slowKeys) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if happens := k.meanwhile; happens != nil {
		k.meanwhile = nil
		happens()
	}
	return k.counted.Create(ctx, algorithm)
}

// The last place can be taken by an import while a key is being made, which takes a TPM a second. An id that a lie gives twice
// replaces a credential, and makes no room unless that was a passkey.
func TestAnImportCanTakeTheLastPlace(t *testing.T) {
	for _, id := range [][]byte{nil, []byte("one id")} {
		s, keys := newSlow(t, virtualauth.Model{MaxDiscoverable: 1})
		s.Misbehave.CredentialID = id
		_, err := s.registerAt(rpID, "cea", notDiscoverable)
		s.must("register", err)
		keys.meanwhile = func() { s.must("import", s.Import(t.Context(), s.portable("ada"))) }
		_, err = ctap2.MakeCredential(t.Context(), s, registration("bea"))
		s.expect("make one more", err, ctap2.KeyStoreFull)
		if got := len(s.Credentials()); got != 2 || keys.keys != 2 {
			t.Errorf("%d keys and %d credentials", keys.keys, got)
		}
		s.Misbehave.CredentialID = nil
		s.register("ada") // which replaces, and needs no room
		if got := len(s.Credentials()); got != 2 || keys.keys != 2 {
			t.Errorf("%d keys and %d credentials after a replacement", keys.keys, got)
		}
	}
}
