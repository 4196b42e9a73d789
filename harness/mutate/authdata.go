package mutate

import "encoding/binary"

// The flags that say what follows (WebAuthn L3 §6.1).
const (
	flagAT = 0x40
	flagED = 0x80
)

// authData reads authenticator data by its fields: 32 bytes of rpIdHash, 1 of flags, 4 of signCount, and, where AT is set, 16 of
// aaguid, 2 of idLength, the credential's id, and its key. What is left is extensions.
func (o *opener) authData(message []byte) (*Node, bool) {
	n := &Node{shape: AuthData, kind: list}
	field := func(name string, size int) []byte {
		size = min(size, len(message))
		value := message[:size]
		message = message[size:]
		n.children = append(n.children, &Node{name: name, data: clone(value)})
		return value
	}
	if len(message) < 37 {
		return nil, false
	}
	field("rpIdHash", 32)
	flags := field("flags", 1)[0]
	field("signCount", 4)
	if flags&flagAT != 0 && len(message) >= 18 {
		field("aaguid", 16)
		length := field("idLength", 2)
		field("credentialId", int(binary.BigEndian.Uint16(length)))
		if key, rest, ok := o.cbor(message, "", 0); ok {
			key.name = "publicKey"
			n.children, message = append(n.children, key), rest
		}
	}
	if flags&flagED != 0 {
		if extensions, rest, ok := o.cbor(message, "", 0); ok {
			extensions.name = "extensions"
			n.children, message = append(n.children, extensions), rest
		}
	}
	if len(message) > 0 {
		field("rest", len(message))
	}
	return n, true
}
