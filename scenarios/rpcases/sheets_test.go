package rpcases_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// sheets are the fact sheets of the specification, by group: S-API-001 to S-API-043, of which those in both stand for two, one
// of a registration (S-API-035.r) and one of an authentication (S-API-035.a). open is how many may be neither a case nor
// excused yet; it only ever goes down.
var sheets = []struct {
	group string
	last  int
	both  string
	open  int
}{
	{"API", 43, "35-39", 0},
	{"ENR", 39, "", 0},
	{"ENA", 32, "", 0},
	{"CDJ", 83, "37-79 82-83", 0},
	{"ORI", 36, "1-36", 0},
	{"SES", 25, "22", 0},
	{"ADA", 52, "24-25 28-35 45-49", 0},
	{"KEY", 60, "", 0},
	{"AOB", 27, "", 0},
	{"FNO", 9, "", 0},
	{"FPS", 17, "", 0},
	{"FPF", 52, "", 0},
	{"FTP", 33, "", 0},
	{"FAK", 15, "", 0},
	{"FSN", 10, "", 0},
	{"FU2", 12, "", 0},
	{"FAP", 7, "", 0},
	{"FCO", 8, "", 0},
	{"TRU", 22, "", 0},
	{"UNQ", 28, "", 0},
	{"SIG", 29, "", 0},
	{"CNT", 17, "", 0},
	{"BKP", 12, "", 0},
	{"EXT", 18, "14 16", 0},
	{"LIM", 10, "1-10", 0},
	{"ROR", 7, "6-7", 0},
	{"VEC", 16, "", 0},
}

// ids expands one group.
func ids(group string, last int, both string) []string {
	twice := map[int]bool{}
	for _, span := range strings.Fields(both) {
		from, to, many := strings.Cut(span, "-")
		if !many {
			to = from
		}
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(to)
		for n := a; n <= b; n++ {
			twice[n] = true
		}
	}
	var all []string
	for n := 1; n <= last; n++ {
		id := fmt.Sprintf("S-%s-%03d", group, n)
		if twice[n] {
			all = append(all, id+".r", id+".a")
			continue
		}
		all = append(all, id)
	}
	return all
}

// Every fact sheet is a case, or is excused with a reason, and no case claims one that does not exist.
func TestEverySheetIsACaseOrExcused(t *testing.T) {
	const count = 835
	covered, excused, known := map[string][]string{}, map[string]string{}, map[string]bool{}
	for _, c := range rpcases.Cases() {
		for _, alias := range c.Aliases {
			covered[alias] = append(covered[alias], c.ID)
		}
	}
	for _, e := range rpcases.Excuses() {
		if e.Reason == "" || excused[e.ID] != "" {
			t.Errorf("%s: its excuse has no reason, or there are two", e.ID)
		}
		excused[e.ID] = e.Reason
	}
	total := 0
	for _, s := range sheets {
		var missing []string
		for _, id := range ids(s.group, s.last, s.both) {
			known[id] = true
			total++
			switch {
			case covered[id] != nil && excused[id] != "":
				t.Errorf("%s is excused, and is covered by %v", id, covered[id])
			case covered[id] == nil && excused[id] == "":
				missing = append(missing, id)
			}
		}
		if len(missing) > s.open {
			t.Errorf("%s: %d are neither a case nor excused, and the table allows %d: %v", s.group, len(missing), s.open, missing)
		}
	}
	if total != count {
		t.Errorf("the table has %d sheets, and there are %d", total, count)
	}
	for _, claimed := range slices.Concat(keys(covered), keys(excused)) {
		if !known[claimed] {
			t.Errorf("%s is no fact sheet", claimed)
		}
	}
}

func keys[V any](m map[string]V) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}
