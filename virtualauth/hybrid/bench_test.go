package hybrid

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"testing"
)

// BenchmarkHandshake is both ends of the handshake by QR code, in memory; BenchmarkBareCrypto is what it cannot do without. The two
// should not be far apart.
func BenchmarkHandshake(b *testing.B) {
	psk := make([]byte, keyLength)
	s, err := newKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		i, first, err := initiateKN(rand.Reader, psk, s)
		if err != nil {
			b.Fatal(err)
		}
		_, second, err := responder{psk: psk}.respondKN(rand.Reader, s.PublicKey(), first)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := i.finish(second); err != nil {
			b.Fatal(err)
		}
	}
}

// Two ephemeral keys, read by the other end, and two agreements, computed by both.
func BenchmarkBareCrypto(b *testing.B) {
	s, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var keys [2]*ecdh.PrivateKey
		var read [2]*ecdh.PublicKey
		for i := range keys {
			if keys[i], err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
				b.Fatal(err)
			}
			if read[i], err = ecdh.P256().NewPublicKey(keys[i].PublicKey().Bytes()); err != nil {
				b.Fatal(err)
			}
		}
		for _, pair := range []struct {
			private *ecdh.PrivateKey
			public  *ecdh.PublicKey
		}{{keys[0], read[1]}, {keys[1], read[0]}, {s, read[1]}, {keys[1], s.PublicKey()}} {
			shared, err := pair.private.ECDH(pair.public)
			if err != nil {
				b.Fatal(err)
			}
			_ = sha256.Sum256(shared)
		}
	}
}

// BenchmarkFrame is a request of a usual size, sealed and opened.
func BenchmarkFrame(b *testing.B) {
	client, phone := clientCrypter(outcome{}), phoneCrypter(outcome{})
	message := make([]byte, 500)
	b.ReportAllocs()
	for b.Loop() {
		frame, err := client.seal(pad(message))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := phone.open(frame); err != nil {
			b.Fatal(err)
		}
	}
}
