package virtualauth

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plain is the vault that anybody would write first: one slice, and a walk over it for every question. The indexed one must
// not differ from it in any answer.
type plain []*record

func (p plain) newestFirst(match func(*record) bool) []*record {
	var found []*record
	for _, r := range slices.Backward(p) {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

func (p plain) remove(r *record) plain {
	return slices.DeleteFunc(p, func(other *record) bool { return other == r })
}

func first(found []*record) *record {
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// compare asks both everything there is to ask about a few RPs, users and ids.
func compare(t *testing.T, step int, v *vault, p plain, ids [][]byte) {
	t.Helper()
	same := func(what string, got, want []*record) {
		if !slices.Equal(got, want) {
			t.Fatalf("step %d: %s: %d records, want %d, or in another order", step, what, len(got), len(want))
		}
	}
	everyone := func(*record) bool { return true }
	same("oldest first", v.oldestFirst(), p)
	same("newest first", v.newestFirst(everyone), p.newestFirst(everyone))
	discoverable := p.newestFirst(func(r *record) bool { return r.Discoverable })
	if v.count() != len(p) || v.discoverable() != len(discoverable) {
		t.Fatalf("step %d: counts %d and %d, want %d and %d", step, v.count(), v.discoverable(), len(p), len(discoverable))
	}
	told := map[string]bool{}
	same("relying parties", v.relyingParties(), p.newestFirst(func(r *record) bool {
		again := told[r.RPID]
		told[r.RPID] = again || r.Discoverable
		return r.Discoverable && !again
	}))
	same("of no hash", v.discoverableOfHash([]byte("short")), nil)
	for _, rp := range rps {
		hash := sha256.Sum256([]byte(rp))
		same("of the hash of "+rp, v.discoverableOfHash(hash[:]), v.discoverableOf(rp))
		same("of "+rp, v.discoverableOf(rp), p.newestFirst(func(r *record) bool { return r.Discoverable && r.RPID == rp }))
		same("named of "+rp, v.named(rp, ids), p.newestFirst(func(r *record) bool {
			return r.RPID == rp && slices.ContainsFunc(ids, func(id []byte) bool { return bytes.Equal(id, r.ID) })
		}))
		for _, user := range users {
			want := first(p.newestFirst(func(r *record) bool {
				return r.Discoverable && r.RPID == rp && bytes.Equal(r.UserHandle, user)
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

var (
	rps   = []string{"a.example", "b.example", "", "never.example"}
	users = [][]byte{[]byte("ada"), []byte("bea"), {}, []byte("nobody")}
)

func TestTheVaultAnswersLikeAPlainList(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var v vault
			var p plain
			var gone *record
			for step := range 400 {
				if len(p) > 0 && random.IntN(10) < 4 {
					gone = p[random.IntN(len(p))]
					v.remove(gone)
					p = p.remove(gone)
				} else {
					r := &record{Credential: Credential{
						ID:   []byte{byte(step), byte(step >> 8)},
						RPID: rps[random.IntN(3)], UserHandle: users[random.IntN(3)], Discoverable: random.IntN(3) > 0,
					}}
					v.add(r)
					p = append(p, r)
				}
				if gone != nil {
					v.remove(gone) // once more, which changes nothing
				}
				ids := [][]byte{{byte(random.IntN(step + 1)), byte(random.IntN(2))}, []byte("unknown")}
				for range random.IntN(4) {
					if len(p) > 0 {
						ids = append(ids, p[random.IntN(len(p))].ID)
					}
				}
				compare(t, step, &v, p, append(ids, ids...))
			}
		})
	}
}

// What is forgotten must leave nothing behind, or a long run grows for ever.
func TestAnEmptiedVaultHoldsNothing(t *testing.T) {
	var v vault
	for i := range 100 {
		v.add(&record{Credential: Credential{ID: []byte{byte(i)}, RPID: fmt.Sprint(i % 7), UserHandle: []byte{byte(i % 3)}, Discoverable: true}})
	}
	for _, r := range v.oldestFirst() {
		v.remove(r)
	}
	if len(v.byID) != 0 || len(v.byRP) != 0 || len(v.byAccount) != 0 || v.all != (chain{}) {
		t.Errorf("left behind: %+v", v)
	}
}
