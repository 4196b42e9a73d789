package virtualauth

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

func TestTheJournalKeepsTheLatestInOrder(t *testing.T) {
	var j journal
	var all [][]byte
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 3*maxRequests + 7 {
		request := bytes.Repeat([]byte{byte(i)}, i*37%2000)
		all = append(all, bytes.Clone(request))
		added := newRequest(request, ctap2.Status(i%3))
		added.At = start.Add(time.Duration(i))
		j.add(added)
		for k := range request { // the caller's memory is the caller's
			request[k] = 0xff
		}
		first := max(0, len(all)-maxRequests)
		for k, r := range j.copied() {
			want := all[first+k]
			if len(want) == 0 {
				want = []byte{0}
			}
			if r.Command != ctap2.Command(want[0]) || !slices.Equal(r.Parameters, want[1:]) ||
				!r.At.Equal(start.Add(time.Duration(first+k))) || r.Status != ctap2.Status((first+k)%3) {
				t.Fatalf("after %d requests, number %d is %v %v with %d bytes", i+1, k, r.At, r.Command, len(r.Parameters))
			}
		}
	}
}
