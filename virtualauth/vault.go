package virtualauth

import (
	"cmp"
	"iter"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// vault holds records in the order of their creation and finds them by what CTAP asks for: an id, an RP ID, an account. What
// one operation costs does not grow with the number of records, only with the number of those that it finds. The zero vault
// is empty. Its owner locks it.
type vault struct {
	byID      map[string]*record
	byRP      map[string]*chain   // discoverable ones
	byRPHash  map[[32]byte]string // the RP IDs of byRP by their SHA-256 hash
	byAccount map[account]*chain  // discoverable ones
	all       chain
	// discoverables is how many records are discoverable.
	discoverables int
	// longestID is the length in bytes of the longest id that was ever here.
	longestID int
	// sequence is what the next record gets.
	sequence uint64
	// changes counts those of the set of credentials and of what they say, uses aside (CTAP 2.3 §6.4, encCredStoreState).
	changes uint64
}

// account names one account of one relying party.
type account struct{ rpID, userHandle string }

func (r *record) owner() account { return account{r.RPID, string(r.UserHandle)} }

// order is one of the lists that a record stands in.
type order int

const (
	ofAll order = iota
	ofRP
	ofAccount
	orders
)

// place is where a record stands: its rank by creation, and its neighbours in each list.
type place struct {
	sequence uint64
	links    [orders]link
}

type link struct{ older, newer *record }

// chain is a list of records by creation, linked through the records themselves: joining and leaving cost the same however
// long it is.
type chain struct{ oldest, newest *record }

// join puts r at the new end.
func (c *chain) join(r *record, o order) {
	r.links[o] = link{older: c.newest}
	if c.newest == nil {
		c.oldest = r
	} else {
		c.newest.links[o].newer = r
	}
	c.newest = r
}

func (c *chain) leave(r *record, o order) {
	l := r.links[o]
	if l.older == nil {
		c.oldest = l.newer
	} else {
		l.older.links[o].newer = l.newer
	}
	if l.newer == nil {
		c.newest = l.older
	} else {
		l.newer.links[o].older = l.older
	}
	r.links[o] = link{}
}

func (c *chain) newestFirst(o order) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		if c == nil {
			return
		}
		for r := c.newest; r != nil && yield(r); r = r.links[o].older {
		}
	}
}

// find returns the record with an id, or nil.
func (v *vault) find(id []byte) *record { return v.byID[string(id)] }

// named returns the records of an RP that a list names, each once, newest first.
func (v *vault) named(rpID string, ids [][]byte) []*record {
	var found []*record
	for _, id := range ids {
		if r := v.find(id); r != nil && r.belongsTo(rpID) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *record) int { return cmp.Compare(b.sequence, a.sequence) })
	return slices.Compact(found)
}

// discoverableOf returns the discoverable records of an RP in the order in which CTAP 2.3 §6.2.2 wants assertions: latest
// creation first.
func (v *vault) discoverableOf(rpID string) []*record {
	return slices.Collect(v.byRP[rpID].newestFirst(ofRP))
}

// discoverableOfHash returns those of the RP whose ID has a SHA-256 hash.
func (v *vault) discoverableOfHash(hash []byte) []*record {
	if len(hash) != len([32]byte{}) {
		return nil
	}
	rpID, known := v.byRPHash[[32]byte(hash)]
	if !known {
		return nil
	}
	return v.discoverableOf(rpID)
}

// relyingParties returns the newest discoverable record of each RP, latest creation first.
func (v *vault) relyingParties() []*record {
	newest := make([]*record, 0, len(v.byRP))
	for _, c := range v.byRP {
		newest = append(newest, c.newest)
	}
	slices.SortFunc(newest, func(a, b *record) int { return cmp.Compare(b.sequence, a.sequence) })
	return newest
}

// ofAccount finds the newest discoverable credential of an account, or nil.
func (v *vault) ofAccount(rpID string, userHandle []byte) *record {
	if c := v.byAccount[account{rpID, string(userHandle)}]; c != nil {
		return c.newest
	}
	return nil
}

// newestFirst returns all records that match, latest creation first. It looks at every one.
func (v *vault) newestFirst(match func(*record) bool) []*record {
	var found []*record
	for r := range v.all.newestFirst(ofAll) {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

// oldestFirst returns all records in the order of their creation.
func (v *vault) oldestFirst() []*record {
	found := make([]*record, 0, v.count())
	for r := v.all.oldest; r != nil; r = r.links[ofAll].newer {
		found = append(found, r)
	}
	return found
}

func (v *vault) count() int { return len(v.byID) }

func (v *vault) discoverable() int { return v.discoverables }

// add makes r the newest record. No record with its id may be here.
func (v *vault) add(r *record) {
	if v.byID == nil {
		v.byID, v.byRP, v.byAccount = map[string]*record{}, map[string]*chain{}, map[account]*chain{}
		v.byRPHash = map[[32]byte]string{}
	}
	r.sequence = v.sequence
	v.sequence++
	v.changes++
	v.byID[string(r.ID)] = r
	v.longestID = max(v.longestID, len(r.ID))
	v.all.join(r, ofAll)
	if r.Discoverable {
		v.discoverables++
		if v.byRP[r.RPID] == nil {
			v.byRPHash[authdata.HashRPID(r.RPID)] = r.RPID
		}
		joinAt(v.byRP, r.RPID, r, ofRP)
		joinAt(v.byAccount, r.owner(), r, ofAccount)
	}
}

// remove takes a record out; one that is not here stays so.
func (v *vault) remove(r *record) {
	if v.byID[string(r.ID)] != r {
		return
	}
	v.changes++
	delete(v.byID, string(r.ID))
	v.all.leave(r, ofAll)
	if r.Discoverable {
		v.discoverables--
		leaveAt(v.byRP, r.RPID, r, ofRP)
		if v.byRP[r.RPID] == nil {
			delete(v.byRPHash, authdata.HashRPID(r.RPID))
		}
		leaveAt(v.byAccount, r.owner(), r, ofAccount)
	}
}

func joinAt[Key comparable](chains map[Key]*chain, key Key, r *record, o order) {
	c := chains[key]
	if c == nil {
		c = new(chain)
		chains[key] = c
	}
	c.join(r, o)
}

// leaveAt also forgets a chain that has become empty, lest relying parties of long ago stay for ever.
func leaveAt[Key comparable](chains map[Key]*chain, key Key, r *record, o order) {
	c := chains[key]
	c.leave(r, o)
	if c.newest == nil {
		delete(chains, key)
	}
}
