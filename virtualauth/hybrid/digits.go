package hybrid

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	chunkBytes  = 7
	chunkDigits = 17
)

// digitsFor is how many digits 0 to 7 bytes take: as many as their largest number has.
var digitsFor = [chunkBytes + 1]int{0, 3, 5, 8, 10, 13, 15, chunkDigits}

// encodeDigits writes bytes as decimal digits, for which QR codes have a dense mode (CTAP 2.3 §11.5.1): seven bytes, as a
// little-endian number, are seventeen digits.
func encodeDigits(data []byte) string {
	var text strings.Builder
	for len(data) > 0 {
		var chunk [8]byte
		n := copy(chunk[:chunkBytes], data)
		fmt.Fprintf(&text, "%0*d", digitsFor[n], binary.LittleEndian.Uint64(chunk[:]))
		data = data[n:]
	}
	return text.String()
}

// decodeDigits reverses encodeDigits, and says what is wrong otherwise.
func decodeDigits(text string) ([]byte, error) {
	var data []byte
	for at := 0; at < len(text); at += chunkDigits {
		digits := text[at:min(at+chunkDigits, len(text))]
		n := bytesIn(len(digits))
		if n == 0 {
			return nil, &QRError{Part: "digits", Problem: fmt.Sprintf("the last %d digits encode no whole number of bytes", len(digits))}
		}
		if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			return nil, &QRError{Part: "digits", Problem: fmt.Sprintf("character %d is no digit", at+i+1)}
		}
		v, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || v>>(8*n) != 0 {
			return nil, &QRError{Part: "digits", Problem: fmt.Sprintf("%s is too large for %d bytes", digits, n)}
		}
		var chunk [8]byte
		binary.LittleEndian.PutUint64(chunk[:], v)
		data = append(data, chunk[:n]...)
	}
	return data, nil
}

// bytesIn is how many bytes some digits encode; 0 when none do.
func bytesIn(digits int) int {
	for n, d := range digitsFor {
		if d == digits {
			return n
		}
	}
	return 0
}
