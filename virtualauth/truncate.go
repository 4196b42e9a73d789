package virtualauth

import (
	"strings"
	"unicode/utf8"
)

// A small authenticator does not remember long names whole (CTAP 2.3 §6.8.7; WebAuthn L3 §6.4.1). RP IDs are only told
// shortened: comparing shortened ones would confuse relying parties.

const (
	ellipsis = "…" // three bytes of UTF-8

	// The least that a model must remember, in bytes (CTAP 2.3 §6.8.7; WebAuthn L3 §6.4.1.1).
	leastRPID, leastName = 32, 64
)

// rpID shortens an RP ID to what the model remembers: the scheme, if there is one, then an ellipsis and the end, which
// is where the registrable domain stands.
func (s StorageModel) rpID(rpID string) string {
	limit := max(s.MaxRPIDLength, leastRPID)
	if s.MaxRPIDLength == 0 || len(rpID) <= limit {
		return rpID
	}
	scheme, _, found := strings.Cut(rpID, ":")
	if found {
		scheme += ":"
	} else {
		scheme = ""
	}
	kept := scheme[:min(len(scheme), limit)]
	if room := limit - len(kept) - len(ellipsis); room >= 0 {
		kept += ellipsis + rpID[len(rpID)-room:]
	}
	return strings.ToValidUTF8(kept, "")
}

// name shortens a user's name to what the model remembers, at the end of a character.
func (s StorageModel) name(name string) string {
	limit := max(s.MaxNameLength, leastName)
	if s.MaxNameLength == 0 || len(name) <= limit {
		return name
	}
	for limit > 0 && !utf8.RuneStart(name[limit]) {
		limit--
	}
	return name[:limit]
}
