package trace

import (
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/passkeylab/passkeylab/reports"
)

const (
	advertLength = 20 // bytes of service data: 16 of encrypted EID, 4 of tag
	eidLength    = 16 // bytes
)

// advert shows the service data of an advert (CTAP 2.3 §11.5.1), or an EID that its observer has opened.
func (h *Hybrid) advert(x *reports.Exchange, data []byte) {
	x.Title, x.Hex = "advert", hexOf(data)
	switch len(data) {
	case eidLength:
		x.Title = "advert, opened"
		eid(x, data)
	case advertLength:
		say(x, "encrypted EID h'%x', tag h'%x'", data[:eidLength], data[eidLength:])
		h.open(x, data)
	default:
		wrong(x, "it has %d bytes instead of %d", len(data), advertLength)
	}
}

// open decrypts an advert with the secret of the QR code:
//
//	key  = HKDF-SHA-256(secret, no salt, info = uint32 1 little-endian), 64 bytes
//	tag  = the first 4 bytes of HMAC-SHA-256(key[32:], encrypted EID)
//	EID  = AES-256(key[:32]), one block
func (h *Hybrid) open(x *reports.Exchange, data []byte) {
	if h.secret == nil {
		say(x, "sealed: the secret of the QR code is not known here")
		return
	}
	key, err := hkdf.Key(sha256.New, h.secret, nil, "\x01\x00\x00\x00", 64)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, key[32:])
	mac.Write(data[:eidLength])
	if !hmac.Equal(mac.Sum(nil)[:4], data[eidLength:]) {
		say(x, "not for this QR code: the tag does not fit, so a browser ignores it")
		return
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return
	}
	plain := make([]byte, eidLength)
	block.Decrypt(plain, data[:eidLength])
	eid(x, plain)
}

// eid shows the fields of an opened EID:
//
//	 0       flags, zero
//	 1..10   nonce
//	11..13   routing id, which the tunnel server gave
//	14..15   tunnel domain, little-endian
func eid(x *reports.Exchange, plain []byte) {
	domain := binary.LittleEndian.Uint16(plain[14:])
	say(x, "flags 0x%02x\nnonce h'%x'\nrouting id h'%x'\ntunnel domain %d, %s", plain[0], plain[1:11], plain[11:14], domain, firstOf(domainName(domain), "which nobody has"))
	if plain[0] != 0 {
		wrong(x, "the flags are 0x%02x, not zero", plain[0])
	}
	if domainName(domain) == "" {
		wrong(x, "tunnel domain %d is reserved", domain)
	}
}

// domainName is the host of a tunnel domain; empty for a reserved one. Those from 256 are hashed: the first 8 bytes of
// SHA-256("caBLEv2 tunnel server domain", the id little-endian, a zero), as a little-endian number of which the lowest 2 bits choose
// the top-level domain and the others, 5 bits at a time from the lowest, the letters.
func domainName(id uint16) string {
	if id < 256 {
		return map[uint16]string{0: "cable.ua5v.com", 1: "cable.auth.com"}[id]
	}
	sum := sha256.Sum256(append([]byte("caBLEv2 tunnel server domain"), byte(id), byte(id>>8), 0))
	v := binary.LittleEndian.Uint64(sum[:8])
	top := [4]string{".com", ".org", ".net", ".info"}[v&3]
	name := "cable."
	for v >>= 2; v != 0; v >>= 5 {
		name += string("abcdefghijklmnopqrstuvwxyz234567"[v&31])
	}
	return name + top
}
