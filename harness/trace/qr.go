package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/reports"
)

// qrPrefix is what a QR code of a hybrid transaction begins with (CTAP 2.3 §11.5.1).
const qrPrefix = "FIDO:/"

// qrSecretLength is that of the secret in it, in bytes.
const qrSecretLength = 16

// qrShape are the members of a QR code (CTAP 2.3 §11.5.1).
var qrShape = &shape{hidden: true, numbers: map[int64]member{
	0: {name: "publicKey"}, 1: {name: "secret", secret: true}, 2: {name: "knownDomains"}, 3: {name: "time", note: unixTime},
	4: {name: "linking"}, 5: {name: "request"}, 6: {name: "nonDiscoverable"},
}}

func unixTime(n int64) string {
	const last = 253402300799 // the last second of the year 9999
	if n < 0 || n > last {
		return ""
	}
	return time.Unix(n, 0).UTC().Format(time.RFC3339)
}

// Scanned remembers the secret of a QR code, given as its text, so that the adverts that answer it can be opened. It is for
// observers that leave secrets out of their events; nothing of the code is shown. A text that is no such code is ignored.
func (h *Hybrid) Scanned(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.qr(&reports.Exchange{}, []byte(text))
}

// qr shows a QR code, given as its text or as the CBOR in it.
func (h *Hybrid) qr(x *reports.Exchange, data []byte) {
	x.Title = "QR code"
	h.linked = false
	if strings.HasPrefix(strings.ToUpper(string(data)), qrPrefix) {
		digits := string(data[len(qrPrefix):])
		content, err := undigits(digits)
		if err != nil {
			wrong(x, "the code is not %s and digits in groups: %v", qrPrefix, err)
			return
		}
		say(x, "%s and %d digits", qrPrefix, len(digits))
		data, x.Length = content, len(content)
	}
	say(x, "%s", wrapped(annotated(data, qrShape)))
	var content struct {
		PublicKey []byte `cbor:"0,keyasint"`
		Secret    []byte `cbor:"1,keyasint"`
		Request   string `cbor:"5,keyasint"`
	}
	if err := cbor.Unmarshal(data, &content); err != nil {
		wrong(x, "the content is not the CBOR map of CTAP 2.3 §11.5.1")
		return
	}
	if request := content.Request; request != "" {
		names := map[string]string{"mc": "to make a credential", "ga": "to use a credential", "dcp": "to present a digital credential", "dci": "to issue a digital credential"}
		x.Title += " " + firstOf(names[request], "for "+request)
	}
	if len(content.PublicKey) != 33 {
		wrong(x, "publicKey has %d bytes instead of 33, a compressed P-256 point", len(content.PublicKey))
	}
	if len(content.Secret) != qrSecretLength {
		wrong(x, "secret has %d bytes instead of %d", len(content.Secret), qrSecretLength)
	} else {
		h.remember(content.PublicKey, content.Secret)
	}
}

// remember keeps the secret of a QR code. Observers that leave it out zero it; then the one that is known already stays, if it is
// that of the same code.
func (h *Hybrid) remember(code, secret []byte) {
	switch {
	case !zeros(secret):
		h.code, h.secret = code, secret
	case !bytes.Equal(h.code, code):
		h.code, h.secret = code, nil
	}
}

func zeros(data []byte) bool { return strings.Trim(string(data), "\x00") == "" }

// undigits turns decimal digits back into bytes. Every 17 digits are 7 bytes, little-endian; a shorter group at the end has 3, 5,
// 8, 10, 13 or 15 digits for 1 to 6 bytes.
func undigits(digits string) ([]byte, error) {
	widths := map[int]int{17: 7, 15: 6, 13: 5, 10: 4, 8: 3, 5: 2, 3: 1}
	var data []byte
	for at := 0; at < len(digits); {
		group := digits[at:min(at+17, len(digits))]
		size := widths[len(group)]
		if size == 0 {
			return nil, fmt.Errorf("the last group has %d digits", len(group))
		}
		var n uint64
		for i := range len(group) {
			if group[i] < '0' || group[i] > '9' {
				return nil, fmt.Errorf("%q at digit %d", group[i], at+i+1)
			}
			n = 10*n + uint64(group[i]-'0')
		}
		var le [8]byte
		binary.LittleEndian.PutUint64(le[:], n)
		if !zeros(le[size:]) {
			return nil, fmt.Errorf("the group at digit %d does not fit into %d bytes", at+1, size)
		}
		data = append(data, le[:size]...)
		at += len(group)
	}
	return data, nil
}
