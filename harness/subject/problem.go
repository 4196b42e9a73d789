package subject

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is a mistake in the description of a target.
type Problem struct {
	// At is the path of the key: "application.creationResult.body.credential".
	At string
	// Says is what is wrong, and what would be right.
	Says string
}

// Error tells both.
func (p *Problem) Error() string { return p.At + ": " + p.Says }

// Nearest is the candidate with the fewest edits from a word, when few enough for a typing mistake: at most half of the
// letters. A tie goes to the first in the alphabet.
func Nearest(wrong string, candidates []string) string {
	best, fewest := "", -1
	if len(wrong) > 100 {
		return "" // no typing mistake, and the comparison costs the product of the lengths
	}
	normal := strings.NewReplacer("-", "", "_", "")
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		a, b := strings.ToLower(normal.Replace(wrong)), strings.ToLower(normal.Replace(candidate))
		edits := levenshtein.ComputeDistance(a, b)
		if edits <= max(len(a), len(b))/2 && (fewest < 0 || edits < fewest) {
			best, fewest = candidate, edits
		}
	}
	return best
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
