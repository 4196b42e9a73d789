package virtualauth

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// plain is the vault that anybody would write first: two slices, and a walk over them for every question. The indexed one must
// not differ from it in any answer.
type plain struct {
	records []*record
	parties []*rpArrival
}

// rpArrival is one time that a relying party came; after it has gone, it may come again.
type rpArrival struct{ hash [32]byte }

func (p *plain) newestFirst(match func(*record) bool) []*record {
	var found []*record
	for _, r := range slices.Backward(p.records) {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

// listed are the discoverable records of a relying party.
func (p *plain) listed(hash [32]byte) []*record {
	return p.newestFirst(func(r *record) bool { return r.Discoverable && r.rpIDHash() == hash })
}

func (p *plain) add(r *record) {
	if r.Discoverable && len(p.listed(r.rpIDHash())) == 0 {
		p.parties = append(p.parties, &rpArrival{r.rpIDHash()})
	}
	p.records = append(p.records, r)
}

func (p *plain) remove(r *record) {
	p.records = slices.DeleteFunc(p.records, func(other *record) bool { return other == r })
	p.parties = slices.DeleteFunc(p.parties, func(rp *rpArrival) bool { return len(p.listed(rp.hash)) == 0 })
}

func (p *plain) blobBytes() (sum int) {
	for _, r := range p.records {
		if r.LargeBlob != nil {
			sum += len(r.LargeBlob.Data)
		}
	}
	return sum
}

func first(found []*record) *record {
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// compare asks both everything there is to ask about a few RPs, users and ids.
func compare(t *testing.T, step int, v *vault, p *plain, ids [][]byte) {
	t.Helper()
	same := func(what string, got, want []*record) {
		if !slices.Equal(got, want) {
			t.Fatalf("step %d: %s: %d records, want %d, or in another order", step, what, len(got), len(want))
		}
	}
	everyone := func(*record) bool { return true }
	same("oldest first", v.oldestFirst(), p.records)
	same("newest first", v.newestFirst(everyone), p.newestFirst(everyone))
	discoverable := p.newestFirst(func(r *record) bool { return r.Discoverable })
	if v.count() != len(p.records) || v.discoverable() != len(discoverable) || v.blobBytes != p.blobBytes() {
		t.Fatalf("step %d: counts %d and %d and %d bytes of blobs, want %d and %d and %d", step,
			v.count(), v.discoverable(), v.blobBytes, len(p.records), len(discoverable), p.blobBytes())
	}
	for _, rp := range rps {
		hash := authdata.HashRPID(rp)
		same("of "+rp, v.discoverableOf(rp), p.listed(hash))
		same("named of "+rp, v.named(rp, ids), p.newestFirst(func(r *record) bool {
			return r.rpIDHash() == hash && slices.ContainsFunc(ids, func(id []byte) bool { return bytes.Equal(id, r.ID) })
		}))
		for _, user := range users {
			want := first(p.newestFirst(func(r *record) bool {
				return r.Discoverable && r.rpIDHash() == hash && bytes.Equal(r.UserHandle, user)
			}))
			if got := v.ofAccount(rp, user); got != want {
				t.Fatalf("step %d: account %s of %s: %p, want %p", step, user, rp, got, want)
			}
		}
	}
	for _, id := range ids {
		if got, want := v.find(id), first(p.newestFirst(func(r *record) bool { return bytes.Equal(r.ID, id) })); got != want {
			t.Fatalf("step %d: find %x: %p, want %p", step, id, got, want)
		}
	}
}

// enumerations are one of relying parties and one of the credentials of the first of them, begun together and continued while
// the vault changes; beside them, what is left to come by the plain list: all that was there in the beginning.
type enumerations struct {
	party       *party
	record      *record
	partiesLeft []*rpArrival
	recordsLeft []*record
}

func begin(t *testing.T, v *vault, p *plain) *enumerations {
	t.Helper()
	if v.parties.newest == nil || len(p.parties) == 0 {
		if v.parties != (chain[party]{}) || len(p.parties) != 0 {
			t.Fatalf("%d relying parties, want %d", v.parties.length, len(p.parties))
		}
		return nil
	}
	e := &enumerations{party: v.parties.newest, record: v.parties.newest.records.newest}
	e.partiesLeft = slices.Clone(p.parties)
	slices.Reverse(e.partiesLeft)
	e.recordsLeft = p.listed(e.party.hash)
	if v.parties.length != len(e.partiesLeft) || e.party.records.length != len(e.recordsLeft) || v.party(e.party.hash) != e.party {
		t.Fatalf("%d relying parties, the first with %d credentials; want %d and %d",
			v.parties.length, e.party.records.length, len(e.partiesLeft), len(e.recordsLeft))
	}
	if e.party.hash != e.partiesLeft[0].hash || e.record != e.recordsLeft[0] {
		t.Fatal("the wrong relying party or credential is the first")
	}
	e.partiesLeft, e.recordsLeft = e.partiesLeft[1:], e.recordsLeft[1:]
	return e
}

// next continues both and reports whether anything is left.
func (e *enumerations) next(t *testing.T, v *vault, p *plain) bool {
	t.Helper()
	for len(e.partiesLeft) > 0 && !slices.Contains(p.parties, e.partiesLeft[0]) {
		e.partiesLeft = e.partiesLeft[1:]
	}
	for len(e.recordsLeft) > 0 && !slices.Contains(p.records, e.recordsLeft[0]) {
		e.recordsLeft = e.recordsLeft[1:]
	}
	if e.party != nil {
		e.party = v.partyAfter(e.party)
		if len(e.partiesLeft) == 0 != (e.party == nil) || e.party != nil && (e.party.hash != e.partiesLeft[0].hash || e.party.records.newest == nil) {
			t.Fatalf("the next relying party is %v; %d are left", e.party, len(e.partiesLeft))
		}
	}
	if e.record != nil {
		e.record = v.recordAfter(e.record)
		if e.record != first(e.recordsLeft) {
			t.Fatalf("the next credential is %v; %d are left", e.record, len(e.recordsLeft))
		}
	}
	e.partiesLeft, e.recordsLeft = e.partiesLeft[min(1, len(e.partiesLeft)):], e.recordsLeft[min(1, len(e.recordsLeft)):]
	return e.party != nil || e.record != nil
}

var (
	rps = []string{
		"a.example", "b.example", "c.example", "d.example", "e.example", "", "https://f.example", "never.example",
	}
	users = [][]byte{[]byte("ada"), []byte("bea"), {}, []byte("nobody")}
)

// randomRecord is one of a few relying parties, of some of which only the hash is known.
func randomRecord(random *rand.Rand, step int) *record {
	r := &record{Credential: Credential{
		ID:   []byte{byte(step), byte(step >> 8)},
		RPID: rps[random.IntN(7)], UserHandle: users[random.IntN(3)], Discoverable: random.IntN(3) > 0,
	}}
	if r.RPID == "https://f.example" && random.IntN(2) == 0 {
		hash := authdata.HashRPID(r.RPID)
		r.RPID, r.RPIDHash = "", hash[:]
	}
	r.LargeBlob = randomBlob(random)
	return r
}

func randomBlob(random *rand.Rand) *LargeBlob {
	if random.IntN(2) == 0 {
		return nil
	}
	return &LargeBlob{Data: make([]byte, random.IntN(9))}
}

func TestTheVaultAnswersLikeAPlainList(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var v vault
			var p plain
			var gone *record
			var listing *enumerations
			for step := range 400 {
				removals := 3 + step/50%2*4 // of ten; so it fills and empties by turns
				switch {
				case len(p.records) > 0 && random.IntN(10) < removals:
					gone = p.records[random.IntN(len(p.records))]
					v.remove(gone)
					p.remove(gone)
				default:
					r := randomRecord(random, step)
					v.add(r)
					p.add(r)
				}
				if gone != nil {
					v.remove(gone) // once more, which changes nothing
				}
				if len(p.records) > 0 {
					r := p.records[random.IntN(len(p.records))]
					v.edit(r, func(c *Credential) { c.LargeBlob = randomBlob(random) })
				}
				ids := [][]byte{{byte(random.IntN(step + 1)), byte(random.IntN(2))}, []byte("unknown")}
				for range random.IntN(4) {
					if len(p.records) > 0 {
						ids = append(ids, p.records[random.IntN(len(p.records))].ID)
					}
				}
				compare(t, step, &v, &p, append(ids, ids...))
				if listing == nil {
					listing = begin(t, &v, &p)
				} else if random.IntN(3) == 0 && !listing.next(t, &v, &p) {
					listing = nil
				}
			}
		})
	}
}

// Listing copies nothing up front: each step takes as many allocations beside many as beside few.
func TestListingCopiesNothing(t *testing.T) {
	steps := map[string]func(a *Authenticator, r managementRequest) error{
		"enumerateRPs": func(a *Authenticator, r managementRequest) error {
			_, err := a.enumerateRPsBegin(t.Context(), r)
			if err == nil {
				_, err = a.enumerateRPsGetNextRP(t.Context(), r)
			}
			return err
		},
		"enumerateCredentials": func(a *Authenticator, r managementRequest) error {
			_, err := a.enumerateCredentialsBegin(t.Context(), r)
			if err == nil {
				_, err = a.enumerateCredentialsGetNextCredential(t.Context(), r)
			}
			return err
		},
	}
	hash := authdata.HashRPID("site0.example")
	r := managementRequest{CredentialManagementRequest: &ctap2.CredentialManagementRequest{}}
	r.parameters.RPIDHash = hash[:]
	for name, list := range steps {
		allocations := map[int]float64{}
		for _, others := range []int{4, 4_000} {
			each := 1 // as many relying parties as there can be
			if name == "enumerateCredentials" {
				each = others
			}
			a := populated(t, listable(), others, each)
			allocations[others] = testing.AllocsPerRun(10, func() {
				if err := list(a, r); err != nil {
					t.Fatal(name, err)
				}
			})
		}
		if allocations[4] != allocations[4_000] {
			t.Errorf("%s takes %v allocations beside 4 and beside 4000 credentials", name, allocations)
		}
	}
}

// What is forgotten must leave nothing behind, or a long run grows for ever.
func TestAnEmptiedVaultHoldsNothing(t *testing.T) {
	var v vault
	for i := range 100 {
		v.add(&record{Credential: Credential{ID: []byte{byte(i)}, RPID: fmt.Sprint(i % 7), UserHandle: []byte{byte(i % 3)}, Discoverable: true, ExtensionData: ExtensionData{LargeBlob: &LargeBlob{Data: []byte("blob")}}}})
	}
	for _, r := range v.oldestFirst() {
		v.remove(r)
	}
	if len(v.byID) != 0 || len(v.byRP) != 0 || len(v.byAccount) != 0 || v.all != (chain[record]{}) || v.parties != (chain[party]{}) || v.blobBytes != 0 {
		t.Errorf("left behind: %+v", v)
	}
}
