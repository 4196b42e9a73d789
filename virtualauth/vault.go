package virtualauth

import (
	"cmp"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// vault holds records in the order of their creation and finds them by what CTAP asks for: an id, a relying party, an account;
// and it holds the relying parties that have discoverable ones. What one operation costs does not grow with the number of
// records or relying parties, only with the number of those that it finds. The zero vault is empty. Its owner locks it.
type vault struct {
	byID      map[string]*record
	byRP      map[[32]byte]*party        // by RP ID hash
	byAccount map[account]*chain[record] // discoverable ones
	all       chain[record]
	parties   chain[party]
	// discoverables is how many records are discoverable.
	discoverables int
	// longestID is the length in bytes of the longest id that was ever here.
	longestID int
	// blobBytes is how long the blobs of the extension largeBlob are, all together.
	blobBytes int
	// sequence is what the next record gets.
	sequence uint64
	// changes counts those of the set of credentials and of what they say, uses aside (CTAP 2.3 §6.4, encCredStoreState).
	changes uint64
}

// party is a relying party with its discoverable records, one at least. It arrived with the first of them.
type party struct {
	hash    [32]byte // of its RP ID
	records chain[record]
	link    link[party]
}

// account names one account of one relying party.
type account struct {
	rpIDHash   [32]byte
	userHandle string
}

// place is where a record stands: its rank by creation, and its neighbours in each chain.
type place struct {
	sequence               uint64
	inAll, inRP, inAccount link[record]
}

func inAll(r *record) *link[record]     { return &r.inAll }
func inRP(r *record) *link[record]      { return &r.inRP }
func inAccount(r *record) *link[record] { return &r.inAccount }
func inParties(p *party) *link[party]   { return &p.link }

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
	p := v.party(authdata.HashRPID(rpID))
	if p == nil {
		return nil
	}
	return slices.Collect(p.records.newestFirst(inRP))
}

// ofAccount finds the newest discoverable credential of an account, or nil.
func (v *vault) ofAccount(rpID string, userHandle []byte) *record {
	if c := v.byAccount[account{authdata.HashRPID(rpID), string(userHandle)}]; c != nil {
		return c.newest
	}
	return nil
}

// party returns the relying party with an RP ID hash, or nil when it has no discoverable record.
func (v *vault) party(hash [32]byte) *party { return v.byRP[hash] }

// partyAfter returns the relying party that arrived before p, or nil when p is the last. Like recordAfter, it goes on from one
// that is here no more, and what arrived meanwhile does not come.
func (v *vault) partyAfter(p *party) *party {
	for p = p.link.older; p != nil && v.byRP[p.hash] != p; p = p.link.older {
	}
	return p
}

// recordAfter returns the discoverable record of the same relying party that was made before r, or nil when r is the last. It
// goes on from one that is here no more; what was made meanwhile does not come.
func (v *vault) recordAfter(r *record) *record {
	for r = r.inRP.older; r != nil && v.find(r.ID) != r; r = r.inRP.older {
	}
	return r
}

// newestFirst returns all records that match, latest creation first. It looks at every one.
func (v *vault) newestFirst(match func(*record) bool) []*record {
	var found []*record
	for r := range v.all.newestFirst(inAll) {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

// oldestFirst returns all records in the order of their creation.
func (v *vault) oldestFirst() []*record {
	return slices.AppendSeq(make([]*record, 0, v.count()), v.all.oldestFirst(inAll))
}

func (v *vault) count() int { return v.all.length }

func (v *vault) discoverable() int { return v.discoverables }

// add makes r the newest record. It must be new, and no record with its id may be here.
func (v *vault) add(r *record) {
	if v.byID == nil {
		v.byID, v.byRP, v.byAccount = map[string]*record{}, map[[32]byte]*party{}, map[account]*chain[record]{}
	}
	r.sequence = v.sequence
	v.sequence++
	v.changes++
	v.byID[string(r.ID)] = r
	v.longestID = max(v.longestID, len(r.ID))
	v.all.join(r, inAll)
	v.blobBytes += r.blobLength()
	if r.Discoverable {
		v.list(r)
	}
}

// remove takes a record out; one that is not here stays so.
func (v *vault) remove(r *record) {
	if v.find(r.ID) != r {
		return
	}
	v.changes++
	delete(v.byID, string(r.ID))
	v.all.leave(r, inAll)
	v.blobBytes -= r.blobLength()
	if r.Discoverable {
		v.unlist(r)
	}
}

// edit makes a record say something else, though not where it belongs: its id, relying party and account stay, and whether it
// is discoverable.
func (v *vault) edit(r *record, edit func(*Credential)) {
	v.blobBytes -= r.blobLength()
	edit(&r.Credential)
	v.blobBytes += r.blobLength()
}

// list makes a record one that is found without its id.
func (v *vault) list(r *record) {
	v.discoverables++
	owner := account{r.rpIDHash(), string(r.UserHandle)}
	p, c := v.byRP[owner.rpIDHash], v.byAccount[owner]
	if p == nil {
		p = &party{hash: owner.rpIDHash}
		v.byRP[p.hash] = p
		v.parties.join(p, inParties)
	}
	if c == nil {
		c = new(chain[record])
		v.byAccount[owner] = c
	}
	p.records.join(r, inRP)
	c.join(r, inAccount)
}

// unlist also forgets a relying party or an account that has no record left, lest those of long ago stay for ever.
func (v *vault) unlist(r *record) {
	v.discoverables--
	owner := account{r.rpIDHash(), string(r.UserHandle)}
	p, c := v.byRP[owner.rpIDHash], v.byAccount[owner]
	p.records.leave(r, inRP)
	if p.records.length == 0 {
		delete(v.byRP, p.hash)
		v.parties.leave(p, inParties)
	}
	c.leave(r, inAccount)
	if c.length == 0 {
		delete(v.byAccount, owner)
	}
}
