package hybrid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

// The second implementation: the same transport once more, for tests only, in the plainest way. It shares no code with the first
// but the curve, the block cipher and the hash of the standard library; where the first uses crypto/ecdh, crypto/hkdf and a CBOR
// codec, this one computes with big numbers, writes HKDF out and puts CBOR together by hand. What both make must be equal.

// secondHKDF is RFC 5869, extract and expand.
func secondHKDF(secret, salt, info []byte, length int) []byte {
	if len(salt) == 0 {
		salt = make([]byte, 32)
	}
	prk := secondMAC(salt, secret)
	var out, block []byte
	for counter := byte(1); len(out) < length; counter++ {
		block = secondMAC(prk, cat(block, info, []byte{counter}))
		out = append(out, block...)
	}
	return out[:length]
}

func secondMAC(key []byte, data ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(cat(data...))
	return mac.Sum(nil)
}

func cat(parts ...[]byte) []byte {
	out := []byte{}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func secondDerive(secret, salt []byte, purpose byte, length int) []byte {
	return secondHKDF(secret, salt, []byte{purpose, 0, 0, 0}, length)
}

// secondPoint is a public key as coordinates, and the private number if it is known.
type secondPoint struct{ d, x, y *big.Int }

func (p secondPoint) long() []byte { return cat([]byte{4}, fill(p.x), fill(p.y)) }

func (p secondPoint) short() []byte { return cat([]byte{2 + byte(p.y.Bit(0))}, fill(p.x)) }

func fill(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

// secondKey makes a key of 48 bytes as FIPS 186-5 A.2.1 has it.
func secondKey(wide []byte) secondPoint {
	c := elliptic.P256().Params()
	d := new(big.Int).SetBytes(wide)
	d.Mod(d, new(big.Int).Sub(c.N, big.NewInt(1)))
	d.Add(d, big.NewInt(1))
	x, y := times(big.NewInt(0).Set(c.Gx), c.Gy, d)
	return secondPoint{d, x, y}
}

// secondAgree is the x coordinate of what both keys agree on.
func secondAgree(private, public secondPoint) []byte {
	x, _ := times(public.x, public.y, private.d)
	return fill(x)
}

// times multiplies a point of P-256 by double-and-add in affine coordinates: slow, leaky and plain.
func times(px, py, k *big.Int) (x, y *big.Int) {
	p := elliptic.P256().Params().P
	for i := k.BitLen() - 1; i >= 0; i-- {
		if x != nil {
			x, y = plus(x, y, x, y, p)
		}
		if k.Bit(i) == 1 {
			if x == nil {
				x, y = px, py
			} else {
				x, y = plus(x, y, px, py, p)
			}
		}
	}
	return x, y
}

func plus(x1, y1, x2, y2, p *big.Int) (x, y *big.Int) {
	rise, run := new(big.Int).Sub(y2, y1), new(big.Int).Sub(x2, x1)
	if run.Sign() == 0 { // the tangent: (3x² - 3) / 2y
		rise.Mul(x1, x1).Sub(rise, big.NewInt(1)).Mul(rise, big.NewInt(3))
		run.Lsh(y1, 1)
	}
	slope := new(big.Int).Mul(rise, new(big.Int).ModInverse(run.Mod(run, p), p))
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, p)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, p)
	return x, y
}

// secondQR is the text of a QR code with keys 0 to 5, as a browser writes it.
func secondQR(key secondPoint, secret []byte, domains byte, unix uint32, linking bool, hint string) string {
	yes := byte(0xf4)
	if linking {
		yes = 0xf5
	}
	cbor := cat([]byte{0xa6, 0, 0x58, 33}, key.short(), []byte{1, 0x50}, secret, []byte{2, domains},
		[]byte{3, 0x1a, byte(unix >> 24), byte(unix >> 16), byte(unix >> 8), byte(unix)},
		[]byte{4, yes, 5, 0x60 + byte(len(hint))}, []byte(hint))
	return "FIDO:/" + secondDigits(cbor)
}

func secondDigits(data []byte) string {
	text := ""
	for len(data) > 0 {
		n := min(7, len(data))
		number := new(big.Int)
		for i := n - 1; i >= 0; i-- {
			number.Lsh(number, 8).Or(number, big.NewInt(int64(data[i])))
		}
		// As many digits as the largest number of so many bytes has.
		most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*n)), big.NewInt(1))
		digits := number.String()
		text += strings.Repeat("0", len(most.String())-len(digits)) + digits
		data = data[n:]
	}
	return text
}

// secondDomain names a computed tunnel server.
func secondDomain(id uint16) string {
	digest := sha256.Sum256(cat([]byte("caBLEv2 tunnel server domain"), []byte{byte(id), byte(id >> 8), 0}))
	number := new(big.Int)
	for i := 7; i >= 0; i-- {
		number.Lsh(number, 8).Or(number, big.NewInt(int64(digest[i])))
	}
	name, ending := "cable.", []string{"com", "org", "net", "info"}[number.Int64()&3]
	for number.Rsh(number, 2); number.Sign() > 0; number.Rsh(number, 5) {
		five := new(big.Int).And(number, big.NewInt(31)).Int64()
		name += "abcdefghijklmnopqrstuvwxyz234567"[five : five+1]
	}
	return name + "." + ending
}

// secondAdvert returns the plaintext and the advert.
func secondAdvert(secret, salt, nonce, routing []byte, domain uint16) (plain, advert []byte) {
	key := secondDerive(secret, salt, 1, 64)
	plain = cat([]byte{0}, nonce, routing, []byte{byte(domain), byte(domain >> 8)})
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		panic(err)
	}
	sealed := make([]byte, 16)
	block.Encrypt(sealed, plain)
	return plain, cat(sealed, secondMAC(key[32:], sealed)[:4])
}

// secondNoise is what both ends of a handshake compute, seen from above: it has all keys of both.
type secondNoise struct{ ck, h, k []byte }

func (n *secondNoise) hash(data []byte) {
	sum := sha256.Sum256(cat(n.h, data))
	n.h = sum[:]
}

func (n *secondNoise) key(material []byte) {
	out := secondHKDF(material, n.ck, nil, 64)
	n.ck, n.k = out[:32], out[32:]
}

// tag encrypts nothing with nonce 0, which each of the two messages does with a key of its own.
func (n *secondNoise) tag() []byte {
	tag := secondGCM(n.k).Seal(nil, make([]byte, 12), nil, n.h)
	n.hash(tag)
	return tag
}

func secondGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// secondShaken is the outcome of a handshake.
type secondShaken struct{ first, second, clientKey, phoneKey, hash []byte }

// secondHandshake does both sides of a handshake: KNpsk0 with static the client's key, or NKpsk0 with static the phone's.
func secondHandshake(pattern string, psk []byte, static, client, phone secondPoint) secondShaken {
	name := cat([]byte("Noise_"+pattern+"_P256_AESGCM_SHA256"), make([]byte, 32))[:32]
	n := &secondNoise{ck: name, h: name}
	n.hash(map[string][]byte{"KNpsk0": {1}, "NKpsk0": {0}}[pattern])
	n.hash(static.long())
	out := secondHKDF(psk, n.ck, nil, 96)
	n.ck = out[:32]
	n.hash(out[32:64])
	n.k = out[64:]
	n.hash(client.long())
	n.key(client.long())
	if pattern == "NKpsk0" {
		n.key(secondAgree(client, static))
	}
	first := cat(client.long(), n.tag())
	n.hash(phone.long())
	n.key(phone.long())
	n.key(secondAgree(phone, client))
	if pattern == "KNpsk0" {
		n.key(secondAgree(phone, static))
	}
	second := cat(phone.long(), n.tag())
	keys := secondHKDF(nil, n.ck, nil, 64)
	return secondShaken{first, second, keys[:32], keys[32:], n.h}
}

// secondFrame encrypts a message under a counter.
func secondFrame(key []byte, counter byte, message []byte) []byte {
	zeros := 0
	for (len(message)+zeros+1)%32 != 0 {
		zeros++
	}
	nonce := make([]byte, 12)
	nonce[11] = counter
	return secondGCM(key).Seal(nil, nonce, cat(message, make([]byte, zeros), []byte{byte(zeros)}), nil)
}

// secondLink signs linking information.
func secondLink(phone, client secondPoint, hash []byte) []byte {
	return secondMAC(secondAgree(phone, client), hash)
}

// vector is one transaction, all in hex but the texts.
type vector struct {
	Name    string
	Pattern string
	// What it is made of.
	ClientWide, PhoneWide, StaticWide, Secret, Salt, Nonce, Routing string
	Domain                                                          uint16
	Unix                                                            uint32
	Linking                                                         bool
	Hint                                                            string
	// What comes of it.
	QR, DomainName, TunnelID, Plain, Advert, PSK, First, Second, ClientKey, PhoneKey, Hash string
	Message                                                                                string
	Frames                                                                                 []string
	Keys                                                                                   []string // of purposes 1 to 6, 64 bytes each
	LinkSignature                                                                          string
}

// secondVectors makes a few, of bytes that follow from their number.
func secondVectors() []vector {
	var vectors []vector
	for i, v := range []vector{
		{Name: "QR code at Google's tunnel server", Pattern: "KNpsk0", Hint: "mc"},
		{Name: "QR code at Apple's tunnel server, linking offered", Pattern: "KNpsk0", Domain: 1, Hint: "ga", Linking: true},
		{Name: "QR code at a computed tunnel server", Pattern: "KNpsk0", Domain: 266, Hint: "dcp"},
		{Name: "linked", Pattern: "NKpsk0", Hint: "ga"},
	} {
		material := secondHKDF([]byte(fmt.Sprintf("passkeylab hybrid vector %d", i)), nil, nil, 3*48+32+16+10+3+40)
		take := func(n int) (part []byte) { part, material = material[:n], material[n:]; return part }
		client, phone, static := take(48), take(48), take(48)
		secret, salt, message := take(16), []byte(nil), []byte(nil)
		if v.Pattern == "NKpsk0" {
			secret, salt = take(32), take(16)
		}
		nonce, routing := take(10), take(3)
		v.Unix, message = 1_767_225_600+uint32(i), material
		v.fill(static, client, phone, secret, salt, nonce, routing, message)
		vectors = append(vectors, v)
	}
	return vectors
}

func (v *vector) fill(static, client, phone, secret, salt, nonce, routing, message []byte) {
	x := hex.EncodeToString
	v.StaticWide, v.ClientWide, v.PhoneWide, v.Secret, v.Salt, v.Nonce, v.Routing = x(static), x(client), x(phone), x(secret), x(salt), x(nonce), x(routing)
	s, c, p := secondKey(static), secondKey(client), secondKey(phone)
	if v.Pattern == "KNpsk0" {
		v.QR = secondQR(s, secret, 2, v.Unix, v.Linking, v.Hint)
	}
	v.DomainName = map[uint16]string{0: "cable.ua5v.com", 1: "cable.auth.com"}[v.Domain]
	if v.Domain > 1 {
		v.DomainName = secondDomain(v.Domain)
	}
	v.TunnelID = x(secondDerive(secret, nil, 2, 16))
	plain, advert := secondAdvert(secret, salt, nonce, routing, v.Domain)
	psk := secondDerive(secret, plain, 3, 32)
	shaken := secondHandshake(v.Pattern, psk, s, c, p)
	v.Plain, v.Advert, v.PSK, v.First, v.Second = x(plain), x(advert), x(psk), x(shaken.first), x(shaken.second)
	v.ClientKey, v.PhoneKey, v.Hash, v.Message = x(shaken.clientKey), x(shaken.phoneKey), x(shaken.hash), x(message)
	for i := range 3 {
		v.Frames = append(v.Frames, x(secondFrame(shaken.clientKey, byte(i), message)), x(secondFrame(shaken.phoneKey, byte(i), message[i:])))
	}
	for purpose := range byte(6) {
		v.Keys = append(v.Keys, x(secondDerive(secret, plain, purpose+1, 64)))
	}
	v.LinkSignature = x(secondLink(p, s, shaken.hash))
}
