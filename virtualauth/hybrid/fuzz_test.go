package hybrid

import (
	"bytes"
	"errors"
	"testing"
)

// An advert opens under its own key, and what opens seals again to itself.
func FuzzAdvert(f *testing.F) {
	for _, v := range storedVectors(f) {
		f.Add(unhex(f, v.Advert), unhex(f, v.Secret), unhex(f, v.Salt))
	}
	f.Add(make([]byte, advertLength), []byte{1}, []byte{})
	f.Fuzz(func(t *testing.T, sent, secret, salt []byte) {
		if len(sent) != advertLength {
			return
		}
		key, err := keyFor(secret, salt, purposeEIDKey, eidKeyLength)
		if err != nil {
			t.Fatal(err)
		}
		e, ours := Advert(sent).open(key)
		if !ours {
			return
		}
		if again, err := e.seal(key); err != nil || again != Advert(sent) {
			t.Errorf("%x opens as %x, which seals as %x, %v", sent, e, again, err)
		}
	})
}

// Whatever comes as a frame, only what was sealed opens, and it opens once.
func FuzzFrame(f *testing.F) {
	for _, v := range storedVectors(f) {
		f.Add(unhex(f, v.Frames[0]), unhex(f, v.ClientKey), unhex(f, v.Message))
	}
	f.Add([]byte{}, make([]byte, keyLength), []byte{})
	f.Add(make([]byte, tagLength), make([]byte, keyLength), []byte{31})
	f.Fuzz(func(t *testing.T, frame, key, padded []byte) {
		if len(key) != keyLength {
			return
		}
		o := outcome{client: [keyLength]byte(key)}
		client, phone := clientCrypter(o), phoneCrypter(o)
		var wrong *ProtocolError
		if _, err := phone.open(frame); err != nil && !errors.As(err, &wrong) {
			t.Errorf("%x: %v", frame, err)
		}
		// The same with a frame that does decrypt, whatever its padding is.
		phone.received = 0
		sealed, err := client.seal(padded)
		if err != nil {
			t.Fatal(err)
		}
		message, err := phone.open(sealed)
		if err != nil && !errors.As(err, &wrong) {
			t.Errorf("%x: %v", padded, err)
		}
		if err == nil && !bytes.HasPrefix(padded, message) {
			t.Errorf("%x holds %x", padded, message)
		}
		if _, err := phone.open(sealed); err == nil {
			t.Errorf("%x opens twice", sealed)
		}
		if back, err := unpad(pad(padded)); err != nil || !bytes.Equal(back, padded) {
			t.Errorf("%x comes back as %x, %v", padded, back, err)
		}
	})
}

// No message of a client shakes the hand of a phone but that of the client who has the key and the PSK.
func FuzzClientHandshake(f *testing.F) {
	for _, v := range storedVectors(f) {
		f.Add(unhex(f, v.First), v.Pattern == "KNpsk0")
	}
	f.Add([]byte{}, true)
	f.Add(make([]byte, messageLength), false)
	vectors := storedVectors(f)
	f.Fuzz(func(t *testing.T, message []byte, byQR bool) {
		v := vectors[0]
		if !byQR {
			v = vectors[len(vectors)-1]
		}
		static, psk := keyFrom(t, v.StaticWide), unhex(t, v.PSK)
		var err error
		if byQR {
			_, _, err = responder{psk: psk}.respondKN(bytes.NewReader(unhex(t, v.PhoneWide)), static.PublicKey(), message)
		} else {
			_, _, err = responder{psk: psk, identity: static}.respondNK(bytes.NewReader(unhex(t, v.PhoneWide)), message)
		}
		judgeHandshake(t, err, bytes.Equal(message, unhex(t, v.First)), message)
	})
}

// No message of a phone finishes the handshake of a client but that of the phone which has the PSK and, when linked, the key.
func FuzzPhoneHandshake(f *testing.F) {
	for _, v := range storedVectors(f) {
		f.Add(unhex(f, v.Second), v.Pattern == "KNpsk0")
	}
	f.Add([]byte{}, true)
	f.Add(make([]byte, messageLength), false)
	vectors := storedVectors(f)
	f.Fuzz(func(t *testing.T, message []byte, byQR bool) {
		v := vectors[0]
		if !byQR {
			v = vectors[len(vectors)-1]
		}
		static, psk, random := keyFrom(t, v.StaticWide), unhex(t, v.PSK), bytes.NewReader(unhex(t, v.ClientWide))
		i, _, err := initiateKN(random, psk, static)
		if !byQR {
			random.Reset(unhex(t, v.ClientWide))
			i, _, err = initiateNK(random, psk, static.PublicKey())
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = i.finish(message)
		judgeHandshake(t, err, bytes.Equal(message, unhex(t, v.Second)), message)
	})
}

func judgeHandshake(t *testing.T, err error, right bool, message []byte) {
	t.Helper()
	var wrong *HandshakeError
	if right != (err == nil) || err != nil && !errors.As(err, &wrong) {
		t.Errorf("%x: %v", message, err)
	}
}

func FuzzPostHandshake(f *testing.F) {
	info := []byte{0xa2, 1, 0x81, 0x68, 'F', 'I', 'D', 'O', '_', '2', '_', '0', 3, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	f.Add(append([]byte{0xa1, 1, 0x58, byte(len(info))}, info...))
	f.Add(append(append([]byte{0xa2, 1, 0x58, byte(len(info))}, info...), 3, 0x82, 0x62, 'd', 'c', 0x64, 'c', 't', 'a', 'p'))
	f.Add([]byte{0xa1, 3, 0x81, 0x62, 'd', 'c'})
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, message []byte) {
		p, err := parsePostHandshake(message)
		var wrong *ProtocolError
		if err != nil && !errors.As(err, &wrong) {
			t.Errorf("%x: %v", message, err)
		}
		if err == nil && len(p.Features) > 0 && (p.Features[0] == FeatureCTAP) && len(p.Info) == 0 {
			t.Errorf("%x offers CTAP without getInfo", message)
		}
	})
}

func FuzzUpdate(f *testing.F) {
	v := storedVectors(f)[1]
	phone, hash := keyFrom(f, v.PhoneWide), [noiseHash]byte(unhex(f, v.Hash))
	link := wireLink{
		ContactID: []byte("contact"), LinkID: make([]byte, linkIDLength), Secret: make([]byte, linkSecretLength),
		PublicKey: phone.PublicKey().Bytes(), Name: "phone", Signature: unhex(f, v.LinkSignature),
	}
	f.Add(wireUpdate{Link: &link}.encode())
	link.Secret = link.Secret[1:]
	f.Add(wireUpdate{Link: &link}.encode())
	f.Add([]byte{0xa1, 0, 0x42, 0, 0})
	f.Add([]byte{0xa1, 1, 0xa0})
	client := keyFrom(f, v.StaticWide)
	f.Fuzz(func(t *testing.T, payload []byte) {
		u, err := parseUpdate(payload)
		if err != nil {
			var wrong *ProtocolError
			if !errors.As(err, &wrong) {
				t.Errorf("%x: %v", payload, err)
			}
			return
		}
		_ = u.redacted()
		if u.Link == nil {
			return
		}
		linked, err := u.Link.judge(client, hash, 0)
		if err == nil && !bytes.Equal(linked.PublicKey, phone.PublicKey().Bytes()) {
			t.Errorf("%x links with a key that did not sign", payload)
		}
	})
}

func FuzzClientPayload(f *testing.F) {
	f.Add(clientPayload{LinkID: make([]byte, linkIDLength), Nonce: make([]byte, clientNonceLength), Hint: "ga"}.encode())
	f.Add(clientPayload{LinkID: make([]byte, linkIDLength), Nonce: make([]byte, clientNonceLength-1)}.encode())
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := parseClientPayload(payload)
		var wrong *ProtocolError
		if err != nil && !errors.As(err, &wrong) {
			t.Errorf("%x: %v", payload, err)
		}
		if err != nil {
			return
		}
		memory := &Remembered{ContactID: []byte{1}}
		if !errors.Is(memory.admit(p), ErrUnknownLink) {
			t.Errorf("%x is let in by a phone that remembers nobody", payload)
		}
		memory.Remember(LinkID(p.LinkID))
		if first, second := memory.admit(p), memory.admit(p); first != nil || !errors.Is(second, ErrReplayed) {
			t.Errorf("%x is let in with %v, and again with %v", payload, first, second)
		}
	})
}
