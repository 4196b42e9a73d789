package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/passkeylab/passkeylab/reports"
)

// The flags of the authenticator data (WebAuthn L3 §6.1).
const (
	flagUP = 1 << 0
	flagUV = 1 << 2
	flagBE = 1 << 3
	flagBS = 1 << 4
	flagAT = 1 << 6
	flagED = 1 << 7
)

// authenticatorData maps the bytes of authenticator data (WebAuthn L3 §6.1):
//
//	 0..31  SHA-256 of the RP ID
//	32      flags
//	33..36  signature counter, big-endian
//	37..    attested credential data, when AT is set (§6.5.1)
//	          16 bytes AAGUID, 2 bytes length L, L bytes credential id, credential key (CBOR)
//	   ..   extensions (a CBOR map), when ED is set
func (c *ceremony) authenticatorData(data []byte) {
	if data == nil {
		return
	}
	c.Authenticator = &reports.AuthenticatorData{TotalLength: len(data)}
	m := &byteMap{ceremony: c, rest: data}
	m.fixedPart()
	if m.flags&flagAT != 0 {
		m.credentialData()
	}
	if m.flags&flagED != 0 {
		m.extensions()
	}
	m.leftOver()
}

// byteMap cuts authenticator data into segments from front to back. Once a segment is cut short nothing follows it.
type byteMap struct {
	*ceremony
	rest   []byte
	offset int
	flags  byte
	broken bool // a segment was missing or malformed: what follows has no known place
}

// take cuts off n bytes, or reports that they are missing and takes what there is.
func (m *byteMap) take(name string, n int) []byte {
	if m.broken {
		return nil
	}
	if len(m.rest) < n {
		m.problem("authenticator data ends after %d bytes: %s at offset %d needs %d and has %d",
			m.Authenticator.TotalLength, name, m.offset, n, len(m.rest))
		m.segment(name, m.rest, "cut short")
		m.broken = true
		return nil
	}
	cut := m.rest[:n]
	m.segment(name, cut, "")
	return cut
}

func (m *byteMap) segment(name string, data []byte, meaning string) {
	m.Authenticator.Segments = append(m.Authenticator.Segments, reports.Segment{
		Name: name, Offset: m.offset, Length: len(data), Hex: hexOf(data), Meaning: meaning,
	})
	m.rest, m.offset = m.rest[len(data):], m.offset+len(data)
}

// means gives the segment that was taken last its meaning.
func (m *byteMap) means(format string, args ...any) {
	m.Authenticator.Segments[len(m.Authenticator.Segments)-1].Meaning = fmt.Sprintf(format, args...)
}

func (m *byteMap) fixedPart() {
	if hash := m.take("rpIdHash", sha256.Size); hash != nil {
		m.rpIDHash(hash)
	}
	if flags := m.take("flags", 1); flags != nil {
		m.flags = flags[0]
		m.Authenticator.FlagsByte = fmt.Sprintf("0x%02x", m.flags)
		m.Authenticator.Flags = flagList(m.flags)
		m.means("%08b", m.flags)
		m.checkFlags()
	}
	if counter := m.take("signCount", 4); counter != nil {
		m.Authenticator.Counter = binary.BigEndian.Uint32(counter)
		m.means("%d", m.Authenticator.Counter)
	}
}

// rpIDHash looks for the name whose hash it is: the RP ID asked for, or else the host of the origin.
func (m *byteMap) rpIDHash(hash []byte) {
	m.Authenticator.RPIDHash = hexOf(hash)
	for _, name := range []string{m.RPID, host(m.Origin)} {
		if sum := sha256.Sum256([]byte(name)); name != "" && string(sum[:]) == string(hash) {
			m.Authenticator.RPIDHashOf = name
			m.means("SHA-256 of %q", name)
			return
		}
	}
	if m.RPID != "" {
		m.problem("rpIdHash is not the SHA-256 of the RP ID %q", m.RPID)
		m.means("not the hash of %q", m.RPID)
	}
}

func (m *byteMap) checkFlags() {
	if m.flags&flagBS != 0 && m.flags&flagBE == 0 {
		m.problem("flags: BS is set without BE; a credential that cannot be backed up is said to be backed up")
	}
	if reserved := m.flags & 0b0010_0010; reserved != 0 {
		m.problem("flags: reserved bits are set (0x%02x)", reserved)
	}
	if m.Kind == reports.Registration && m.flags&flagAT == 0 {
		m.problem("flags: AT is not set, so a registration came without a credential")
	}
}

func flagList(flags byte) []reports.Flag {
	words := [8]struct{ name, set, clear string }{
		0: {"UP", "a person was present", "nobody was present"},
		1: {"RFU", "reserved bit 1 is set", "reserved"},
		2: {"UV", "the person was verified", "the person was not verified"},
		3: {"BE", "may be backed up (synced)", "bound to one device"},
		4: {"BS", "is backed up now", "is not backed up now"},
		5: {"RFU", "reserved bit 5 is set", "reserved"},
		6: {"AT", "carries a new credential", "carries no credential"},
		7: {"ED", "carries extension data", "carries no extension data"},
	}
	list := make([]reports.Flag, 0, len(words))
	for bit, word := range words {
		flag := reports.Flag{Name: word.name, Bit: bit, Set: flags&(1<<bit) != 0, Meaning: word.clear}
		if flag.Set {
			flag.Meaning = word.set
		}
		list = append(list, flag)
	}
	return list
}

// credentialData is the attested credential data (WebAuthn L3 §6.5.1).
func (m *byteMap) credentialData() {
	if aaguid := m.take("aaguid", 16); aaguid != nil {
		m.Authenticator.AAGUID = uuid(aaguid)
		m.Authenticator.Provider = m.provider(m.Authenticator.AAGUID)
		m.means("%s", firstOf(m.Authenticator.Provider, "unknown provider"))
	}
	var length int
	if field := m.take("idLength", 2); field != nil {
		length = int(binary.BigEndian.Uint16(field))
		m.means("%d", length)
		if length > 1023 {
			m.problem("the credential id is %d bytes long; more than 1023 is refused (WebAuthn L3 §5.8.3)", length)
		}
	}
	if id := m.take("credentialId", length); id != nil {
		m.credentialID = id
		m.means("…%s", tail(base64url(id)))
	}
	if m.broken {
		return
	}
	key, ok := m.item("publicKey")
	if ok {
		m.key(key)
	}
}

func (m *byteMap) provider(aaguid string) string {
	if m.decoder.Provider != nil {
		if name := m.decoder.Provider(aaguid); name != "" {
			return name
		}
	}
	if aaguid == "00000000-0000-0000-0000-000000000000" {
		return "not disclosed"
	}
	return ""
}

func (m *byteMap) extensions() {
	if m.broken {
		return
	}
	if data, ok := m.item("extensions"); ok {
		m.Authenticator.Extensions = annotated(data, extensionMembers)
	}
}

func (m *byteMap) leftOver() {
	if len(m.rest) == 0 || m.broken {
		return
	}
	m.problem("%d bytes follow the end of the authenticator data at offset %d", len(m.rest), m.offset)
	m.segment("left over", m.rest, "belongs to nothing")
}

func hexOf(data []byte) string { return hex.EncodeToString(data) }

func uuid(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
