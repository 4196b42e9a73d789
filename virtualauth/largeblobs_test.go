package virtualauth_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// emptyArray is what CTAP 2.3 §6.10.1 gives as the initial serialised large-blob array.
const emptyArray = "8076be8b528d0075f7aae98d6fa57a6d3c"

// arrayOf is a serialised array with one entry that makes it size bytes long.
func arrayOf(size int) []byte {
	data := bytes.Repeat([]byte{0x5a}, size-16-4)
	array := binary.BigEndian.AppendUint16([]byte{0x81, 0x59}, uint16(len(data)))
	array = append(array, data...)
	hash := sha256.Sum256(array)
	return append(array, hash[:16]...)
}

// fragment is a request to write a piece under a token; length only with the first one.
func fragment(k uvToken, piece []byte, offset uint, length *uint) *ctap2.LargeBlobsRequest {
	request := &ctap2.LargeBlobsRequest{Set: piece, Offset: &offset, Length: length}
	if k.value != nil {
		hash := sha256.Sum256(piece)
		place := binary.LittleEndian.AppendUint32([]byte{0x0c, 0}, uint32(offset))
		request.PINUVAuthParam = k.mac(slices.Concat(bytes.Repeat([]byte{0xff}, 32), place, hash[:]))
		request.PINUVAuthProtocol = &k.protocol
	}
	return request
}

// blobs sends a request and returns what it reads.
func (s *stage) blobs(r *ctap2.LargeBlobsRequest) ([]byte, error) {
	s.t.Helper()
	response, err := ctap2.LargeBlobs(s.t.Context(), s, r)
	if err != nil {
		return nil, err
	}
	return response.Config, nil
}

// array reads all there is.
func (s *stage) array() []byte {
	s.t.Helper()
	array, err := s.blobs(&ctap2.LargeBlobsRequest{Get: new(uint(4000)), Offset: new(uint(0))})
	s.must("read the array", err)
	return array
}

// TestLargeBlobRequestsAreJudged holds one request against a fresh authenticator without a PIN, each from the rows of
// authenticatorLargeBlobs (CTAP 2.3 §6.10.2).
func TestLargeBlobRequestsAreJudged(t *testing.T) {
	whole := arrayOf(40)
	for _, c := range []struct {
		row, name string
		request   ctap2.LargeBlobsRequest
		want      ctap2.Status
		read      string
	}{
		{"A-LBS-002", "reading nothing", ctap2.LargeBlobsRequest{Get: new(uint(0)), Offset: new(uint(0))}, ctap2.OK, ""},
		{"A-LBS-003", "reading all", ctap2.LargeBlobsRequest{Get: new(uint(17)), Offset: new(uint(0))}, ctap2.OK, emptyArray},
		{"A-LBS-005", "no offset", ctap2.LargeBlobsRequest{Get: new(uint(17))}, ctap2.InvalidParameter, ""},
		{"A-LBS-006", "neither reading nor writing", ctap2.LargeBlobsRequest{Offset: new(uint(0))}, ctap2.InvalidParameter, ""},
		{"A-LBS-007", "both", ctap2.LargeBlobsRequest{Get: new(uint(1)), Set: whole, Offset: new(uint(0))}, ctap2.InvalidParameter, ""},
		{"A-LBS-008", "reading with a length", ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(0)), Length: new(uint(17))}, ctap2.InvalidParameter, ""},
		{"A-LBS-008", "reading with a MAC", ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(0)), PINUVAuthParam: []byte{1}}, ctap2.InvalidParameter, ""},
		{"A-LBS-008", "reading with a protocol", ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(0)), PINUVAuthProtocol: new(uint(1))}, ctap2.InvalidParameter, ""},
		{"A-LBS-009", "reading the longest fragment", ctap2.LargeBlobsRequest{Get: new(uint(7609 - 64)), Offset: new(uint(0))}, ctap2.OK, emptyArray},
		{"A-LBS-009", "reading more", ctap2.LargeBlobsRequest{Get: new(uint(7609 - 63)), Offset: new(uint(0))}, ctap2.InvalidLength, ""},
		{"A-LBS-010", "reading behind the end", ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(18))}, ctap2.InvalidParameter, ""},
		{"A-LBS-011", "reading at the end", ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(17))}, ctap2.OK, ""},
		{"A-LBS-012", "reading over the end", ctap2.LargeBlobsRequest{Get: new(uint(9)), Offset: new(uint(15))}, ctap2.OK, "6d3c"},
		{"A-LBS-013", "writing without a length", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(0))}, ctap2.InvalidParameter, ""},
		{"A-LBS-014", "writing less than an empty array", ctap2.LargeBlobsRequest{Set: whole[:16], Offset: new(uint(0)), Length: new(uint(16))}, ctap2.InvalidParameter, ""},
		{"A-LBS-015", "writing more than fits", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(0)), Length: new(uint(2049))}, ctap2.LargeBlobStorageFull, ""},
		{"A-LBS-015", "writing as much as fits", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(0)), Length: new(uint(2048))}, ctap2.OK, ""},
		{"A-LBS-016", "writing on with a length", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(1)), Length: new(uint(40))}, ctap2.InvalidParameter, ""},
		{"A-LBS-018", "writing on what was not begun", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(1))}, ctap2.InvalidSeq, ""},
		{"A-LBS-022", "writing more than announced", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(0)), Length: new(uint(39))}, ctap2.InvalidParameter, ""},
		{"A-LBS-023", "a wrong hash", ctap2.LargeBlobsRequest{Set: append(bytes.Clone(whole[:39]), 0), Offset: new(uint(0)), Length: new(uint(40))}, ctap2.IntegrityFailure, ""},
		{"A-LBS-026", "writing without a PIN", ctap2.LargeBlobsRequest{Set: whole, Offset: new(uint(0)), Length: new(uint(40))}, ctap2.OK, ""},
		{"", "a fragment too long", ctap2.LargeBlobsRequest{Set: make([]byte, 7609-63), Offset: new(uint(0)), Length: new(uint(40))}, ctap2.InvalidLength, ""},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			model := securityKey()
			if len(c.request.Set) > 2048 { // the message would be refused first
				model.MaxMessageSize = 1024
				c.request.Set = c.request.Set[:961]
			}
			s := newStage(t, model)
			read, err := s.blobs(&c.request)
			s.expect(c.name, err, c.want)
			if hex.EncodeToString(read) != c.read {
				t.Errorf("read %x, want %s", read, c.read)
			}
			complete := c.row == "A-LBS-026"
			if model.MaxMessageSize == 0 && bytes.Equal(s.array(), whole) != complete {
				t.Errorf("the array is now %x", s.array())
			}
		})
	}
}

// TestSmallestCapacity: 1024 bytes always fit, however little a model says (CTAP 2.3 §6.10.2).
func TestSmallestCapacity(t *testing.T) {
	model := securityKey()
	model.LargeBlobs = 1
	s := newStage(t, model)
	info, err := ctap2.GetInfo(t.Context(), s)
	s.must("getInfo", err)
	if info.MaxLargeBlobArray != 1024 || !info.Options["largeBlobs"] {
		t.Errorf("A-LBS-001: capacity %d, options %v", info.MaxLargeBlobArray, info.Options)
	}
	whole := arrayOf(1024)
	_, err = s.blobs(fragment(noToken, whole, 0, new(uint(1024))))
	s.expect("1024 bytes", err, ctap2.OK)
	_, err = s.blobs(fragment(noToken, whole, 0, new(uint(1025))))
	s.expect("1025 bytes", err, ctap2.LargeBlobStorageFull)
}

func TestLargeBlobsUnderAToken(t *testing.T) {
	whole := arrayOf(100)
	length := new(uint(100))
	for _, c := range []struct {
		row, name string
		edit      func(s *stage, r *ctap2.LargeBlobsRequest)
		want      ctap2.Status
	}{
		{"A-LBS-004", "as it should be", func(*stage, *ctap2.LargeBlobsRequest) {}, ctap2.OK},
		{"A-LBS-019", "without a MAC", func(_ *stage, r *ctap2.LargeBlobsRequest) { r.PINUVAuthParam, r.PINUVAuthProtocol = nil, nil }, ctap2.PUATRequired},
		{"A-LBS-020", "without the permission", func(s *stage, r *ctap2.LargeBlobsRequest) {
			*r = *fragment(s.token(pinuv.CM, ""), whole, 0, length)
		}, ctap2.PINAuthInvalid},
		{"A-LBS-021", "a MAC for another offset", func(s *stage, r *ctap2.LargeBlobsRequest) {
			r.PINUVAuthParam = fragment(s.token(pinuv.LBW, ""), whole, 256, nil).PINUVAuthParam
		}, ctap2.PINAuthInvalid},
		{"A-LBS-021", "a MAC for other data", func(s *stage, r *ctap2.LargeBlobsRequest) {
			r.PINUVAuthParam = fragment(s.token(pinuv.LBW, ""), whole[1:], 0, nil).PINUVAuthParam
		}, ctap2.PINAuthInvalid},
		{"", "without a protocol", func(_ *stage, r *ctap2.LargeBlobsRequest) { r.PINUVAuthProtocol = nil }, ctap2.MissingParameter},
		{"", "an unknown protocol", func(_ *stage, r *ctap2.LargeBlobsRequest) { r.PINUVAuthProtocol = new(uint(9)) }, ctap2.InvalidParameter},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			request := fragment(s.token(pinuv.LBW, ""), whole, 0, length)
			c.edit(s, request)
			_, err := s.blobs(request)
			s.expect(c.name, err, c.want)
			if written := bytes.Equal(s.array(), whole); written != (c.want == ctap2.OK) {
				t.Errorf("the array is now %x", s.array())
			}
		})
	}
}

// TestATokenServesManyWrites (A-TOK-047): no gesture belongs to a write, so none uses the permission up.
func TestATokenServesManyWrites(t *testing.T) {
	s := newStage(t, securityKey())
	k := s.token(pinuv.LBW, "")
	for size := 60; size < 65; size++ {
		whole := arrayOf(size)
		_, err := s.blobs(fragment(k, whole, 0, new(uint(size))))
		s.must("write", err)
		if !bytes.Equal(s.array(), whole) {
			t.Fatalf("%d bytes were not written", size)
		}
	}
}

// TestProtectedLargeBlobs: as soon as anything verifies the user, or has to, writing needs a token.
func TestProtectedLargeBlobs(t *testing.T) {
	whole := arrayOf(40)
	for name, c := range map[string]struct {
		edit func(*virtualauth.Model)
		want ctap2.Status
	}{
		"neither PIN nor verification": {func(*virtualauth.Model) {}, ctap2.OK},
		"verification":                 {func(m *virtualauth.Model) { *m = verifier() }, ctap2.PUATRequired},
		"verification always":          {func(m *virtualauth.Model) { m.AlwaysVerify = true }, ctap2.PUATRequired},
	} {
		model := securityKey()
		c.edit(&model)
		s := newStage(t, model)
		_, err := s.blobs(fragment(noToken, whole, 0, new(uint(40))))
		s.expect(name, err, c.want)
	}
}

// TestFragments writes an array in pieces of all sizes and reads it in pieces of another.
func TestFragments(t *testing.T) {
	whole := arrayOf(700)
	for _, size := range []int{1, 17, 236, 699} {
		s := newStage(t, securityKey())
		k := s.token(pinuv.LBW, "")
		for at := 0; at < len(whole); at += size {
			var length *uint
			if at == 0 {
				length = new(uint(len(whole)))
			}
			_, err := s.blobs(fragment(k, whole[at:min(at+size, len(whole))], uint(at), length))
			s.must("write a fragment", err)
		}
		var read []byte
		for at := uint(0); ; at += 99 {
			piece, err := s.blobs(&ctap2.LargeBlobsRequest{Get: new(uint(99)), Offset: &at})
			s.must("read a fragment", err)
			if read = append(read, piece...); len(piece) < 99 {
				break
			}
		}
		if !bytes.Equal(read, whole) {
			t.Errorf("in pieces of %d: read %x", size, read)
		}
		_, err := s.blobs(fragment(k, []byte{1}, uint(len(whole)), nil))
		s.expect("going on behind the end", err, ctap2.InvalidSeq)
	}
}

// TestAnUnfinishedWriteIsDropped: the old array stays, whatever comes between two fragments.
func TestAnUnfinishedWriteIsDropped(t *testing.T) {
	whole := arrayOf(100)
	for _, c := range []struct {
		row, name string
		between   func(*stage)
		offset    uint
		want      ctap2.Status
	}{
		{"", "nothing", func(*stage) {}, 50, ctap2.OK},
		{"", "half a minute", func(s *stage) { s.clock.Move(30 * time.Second) }, 50, ctap2.OK},
		{"", "more than that", func(s *stage) { s.clock.Move(31 * time.Second) }, 50, ctap2.InvalidSeq},
		{"A-LBS-017", "nothing, and the wrong offset", func(*stage) {}, 51, ctap2.InvalidSeq},
		{"A-LBS-024", "a power cycle", func(s *stage) { s.PowerCycle() }, 50, ctap2.InvalidSeq},
		{"A-LBS-025", "another command", func(s *stage) {
			_, err := ctap2.GetInfo(s.t.Context(), s)
			s.must("getInfo", err)
		}, 50, ctap2.InvalidSeq},
		{"A-LBS-025", "reading", func(s *stage) { s.array() }, 50, ctap2.InvalidSeq},
		{"A-LBS-017", "the wrong offset", func(s *stage) {
			_, err := s.blobs(fragment(noToken, whole[49:], 49, nil))
			s.expect("the wrong offset", err, ctap2.InvalidSeq)
		}, 50, ctap2.InvalidSeq},
		{"A-LBS-022", "too much", func(s *stage) {
			_, err := s.blobs(fragment(noToken, whole[49:], 50, nil))
			s.expect("too much", err, ctap2.InvalidParameter)
		}, 50, ctap2.InvalidSeq},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			_, err := s.blobs(fragment(noToken, whole[:50], 0, new(uint(100))))
			s.must("begin", err)
			c.between(s)
			_, err = s.blobs(fragment(noToken, whole[50:], c.offset, nil))
			s.expect("go on", err, c.want)
			want, _ := hex.DecodeString(emptyArray)
			if c.want == ctap2.OK {
				want = whole
			}
			if got := s.array(); !bytes.Equal(got, want) {
				t.Errorf("the array is %x, want %x", got, want)
			}
		})
	}
}

// TestResetEmptiesTheArray (A-RST-009) and a power cycle does not.
func TestResetEmptiesTheArray(t *testing.T) {
	s := newStage(t, securityKey())
	whole := arrayOf(60)
	_, err := s.blobs(fragment(noToken, whole, 0, new(uint(60))))
	s.must("write", err)
	s.PowerCycle()
	if !bytes.Equal(s.array(), whole) {
		t.Error("a power cycle lost the array")
	}
	s.must("reset", ctap2.Reset(t.Context(), s))
	if hex.EncodeToString(s.array()) != emptyArray {
		t.Errorf("after a reset the array is %x", s.array())
	}
}

func TestModelsWithoutLargeBlobs(t *testing.T) {
	alternative := securityKey()
	alternative.Extensions = []string{"largeBlob"} // in place of the command (CTAP 2.3 §12.4)
	for name, model := range map[string]virtualauth.Model{"an old one": {}, "one with the extension": alternative} {
		s := newStage(t, model)
		_, err := s.blobs(&ctap2.LargeBlobsRequest{Get: new(uint(1)), Offset: new(uint(0))})
		s.expect(name, err, ctap2.InvalidCommand)
		info, err := ctap2.GetInfo(t.Context(), s)
		s.must("getInfo", err)
		if _, told := info.Options["largeBlobs"]; told || info.MaxLargeBlobArray != 0 {
			t.Errorf("%s claims large blobs", name)
		}
	}
}
