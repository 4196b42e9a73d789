package virtualauth

// search is what getAssertion looks for.
type search struct {
	rpID     string
	named    bool // only what ids name
	ids      [][]byte
	verified bool
}

// locate finds the credentials that will do, newest first (CTAP 2.3 §6.2.2, credential location step). Of several that an
// allow list names any will do, and the RP wants one.
func (a *Authenticator) locate(s search) []Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	var matching []*record
	if s.named {
		matching = a.vault.named(s.rpID, s.ids)
	} else {
		matching = a.vault.discoverableOf(s.rpID)
	}
	found := make([]Credential, 0, len(matching))
	for _, r := range matching {
		if a.mayUse(r, s.verified, s.named) {
			found = append(found, r.Credential) // a snapshot
		}
	}
	if s.named && len(found) > 1 {
		return found[:1]
	}
	return found
}
