package reports

import (
	"math"
	"strings"
)

func newCeremonyView(ceremony Ceremony, number int) ceremonyView {
	v := ceremonyView{Ceremony: ceremony, Number: number, Title: firstOf(strings.ToUpper(first(ceremony.Kind))+rest(ceremony.Kind), "Messages"), Ladder: newLadder(ceremony.Exchanges)}
	if ceremony.Authenticator == nil {
		return v
	}
	for i, segment := range ceremony.Authenticator.Segments {
		v.Bytes = append(v.Bytes, segmentView{
			Segment: segment,
			// The root keeps one byte visible beside a public key of 77.
			Grow: 10 + int(10*math.Sqrt(float64(segment.Length))),
			Tone: i%8 + 1,
			End:  segment.Offset + max(segment.Length, 1) - 1,
		})
	}
	return v
}

func first(s string) string { return s[:min(1, len(s))] }
func rest(s string) string  { return s[min(1, len(s)):] }
