package mds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"
)

// BLOB is the list of all models, verified (FIDO Metadata Service 3.1.1 §3.1.6). It is never changed.
type BLOB struct {
	// Number is "no": it grows with every change.
	Number int
	// NextUpdate is the day, in UTC, by which there will be another; after its end the BLOB is stale.
	NextUpdate time.Time
	// Entries are those that can be used.
	Entries []*Entry
	// Problems are *EntryError, one for each entry that was left out.
	Problems []error

	byAAGUID map[uuid.UUID]*Entry
	byKey    map[string]*Entry
}

// Stale is true once the day of NextUpdate is over.
func (b *BLOB) Stale(now time.Time) bool { return !now.Before(b.NextUpdate.AddDate(0, 0, 1)) }

// Entry returns what is said about a model of FIDO2.
func (b *BLOB) Entry(aaguid uuid.UUID) (*Entry, bool) {
	entry, found := b.byAAGUID[aaguid]
	return entry, found && aaguid != uuid.Nil
}

// EntryOfKey returns what is said about a model without an AAGUID, which is one of FIDO U2F, by the identifier of the key
// in its attestation certificate: see KeyIdentifier.
func (b *BLOB) EntryOfKey(identifier string) (*Entry, bool) {
	entry, found := b.byKey[strings.ToLower(identifier)]
	return entry, found
}

// payload is the JSON of a BLOB. Its legalHeader is left alone.
type payload struct {
	number     int
	nextUpdate string
	entries    []json.RawMessage
	seen       map[string]bool
}

// parsePayload reads the JSON member by member, so that a list of millions of entries is refused before it fills memory.
func parsePayload(text []byte) (*BLOB, error) {
	p := payload{seen: map[string]bool{}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := p.read(decoder); err != nil {
		return nil, &BLOBError{StepPayload, err}
	}
	for _, name := range []string{"no", "nextUpdate", "entries"} {
		if !p.seen[name] {
			return nil, refuse(StepPayload, "it has no member %q", name)
		}
	}
	blob := &BLOB{Number: p.number, byAAGUID: map[uuid.UUID]*Entry{}, byKey: map[string]*Entry{}}
	var err error
	if blob.NextUpdate, err = time.Parse(time.DateOnly, p.nextUpdate); err != nil {
		return nil, refuse(StepPayload, "nextUpdate: %w", err)
	}
	if blob.Number < 0 {
		return nil, refuse(StepPayload, "no is %d; it must not be negative", blob.Number)
	}
	blob.fill(p.entries)
	return blob, nil
}

// read reads one object and nothing behind it.
func (p *payload) read(decoder *json.Decoder) error {
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if p.seen[name] {
			return fmt.Errorf("it has the member %s twice", clip([]byte(name)))
		}
		if err := p.member(decoder, name); err != nil {
			return fmt.Errorf("%s: %w", clip([]byte(name)), err)
		}
	}
	if err := expect(decoder, '}'); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// member reads the value of one member; those that nobody here needs are skipped.
func (p *payload) member(decoder *json.Decoder, name string) error {
	switch name {
	case "no":
		p.seen[name] = true
		return decoder.Decode(&p.number)
	case "nextUpdate":
		p.seen[name] = true
		return decoder.Decode(&p.nextUpdate)
	case "entries":
		p.seen[name] = true
		return p.list(decoder)
	}
	var skipped json.RawMessage
	return decoder.Decode(&skipped)
}

func (p *payload) list(decoder *json.Decoder) error {
	if err := expect(decoder, '['); err != nil {
		return err
	}
	for decoder.More() {
		if len(p.entries) == maxEntries {
			return fmt.Errorf("more than %d of them", maxEntries)
		}
		var entry json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			return err
		}
		p.entries = append(p.entries, entry)
	}
	return expect(decoder, ']')
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != delimiter {
		return fmt.Errorf("expected %s", delimiter)
	}
	return nil
}

// claims are who claims an AAGUID or a key identifier, by the entry's index.
type claims map[string][]int

// fill reads the entries, and leaves out those that cannot be read or that speak of the same authenticator as another.
func (b *BLOB) fill(list []json.RawMessage) {
	parsed := make([]*Entry, len(list))
	claimed := claims{}
	for i, text := range list {
		entry, err := parseEntry(text)
		if err != nil {
			b.Problems = append(b.Problems, &EntryError{i, err})
			continue
		}
		parsed[i] = entry
		for _, name := range entry.names() {
			claimed[name] = append(claimed[name], i)
		}
	}
	for i, entry := range parsed {
		if entry == nil {
			continue
		}
		if name := claimed.contested(entry); name != "" {
			b.Problems = append(b.Problems, &EntryError{i, fmt.Errorf("%s: %w", name, ErrDuplicate)})
			continue
		}
		b.add(entry)
	}
}

// contested returns a name of the entry that another one has as well.
func (c claims) contested(entry *Entry) string {
	for _, name := range entry.names() {
		if len(c[name]) > 1 {
			return name
		}
	}
	return ""
}

func (b *BLOB) add(entry *Entry) {
	b.Entries = append(b.Entries, entry)
	if entry.AAGUID != uuid.Nil {
		b.byAAGUID[entry.AAGUID] = entry
	}
	for _, identifier := range entry.KeyIdentifiers {
		b.byKey[identifier] = entry
	}
}

// parseEntry reads one entry with the types of go-webauthn.
func parseEntry(text []byte) (*Entry, error) {
	var raw metadata.EntryJSON
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	read, err := raw.Parse()
	if err != nil {
		return nil, err
	}
	if statement := read.MetadataStatement.AaGUID; statement != uuid.Nil && statement != read.AaGUID {
		return nil, fmt.Errorf("it is about %s and its statement about %s", read.AaGUID, statement)
	}
	entry := &Entry{
		AAGUID: read.AaGUID, Statement: read.MetadataStatement, Reports: inOrder(read.StatusReports), Changed: read.TimeOfLastStatusChange,
	}
	for _, identifier := range read.AttestationCertificateKeyIdentifiers {
		if entry.KeyIdentifiers = append(entry.KeyIdentifiers, strings.ToLower(identifier)); len(identifier) != 40 {
			return nil, fmt.Errorf("key identifier %s has not 40 hexadecimal digits", clip([]byte(identifier)))
		}
	}
	return entry, nil
}
