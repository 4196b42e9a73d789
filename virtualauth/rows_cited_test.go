package virtualauth_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rowIDs are the ids of rows in a text, ranges such as "GA-034 to A-GA-039" too.
var rowIDs = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,2})-([0-9]{3})\b(?: to (?:A-)?[A-Z][A-Z0-9]{1,2}-([0-9]{3})\b)?`)

// namedRows returns all that a text names.
func namedRows(text string) map[string]bool {
	named := map[string]bool{}
	for _, match := range rowIDs.FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(match[2])
		last, _ := strconv.Atoi(match[3])
		for number := first; number <= max(first, last); number++ {
			named[fmt.Sprintf("%s-%03d", match[1], number)] = true
		}
	}
	return named
}

// rowList reads the committed list: how many rows each group has, and those that are excused.
func rowList(t *testing.T) (groups map[string]int, excused map[string]bool) {
	t.Helper()
	text, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	groups, excused = map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		rows, why, isExcuse := strings.Cut(line, ": ")
		group, count, isGroup := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case isExcuse && why != "":
			maps.Copy(excused, namedRows(rows))
		case isGroup:
			if groups[group], err = strconv.Atoi(count); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		default:
			t.Fatalf("%q is neither a group nor an excuse", line)
		}
	}
	return groups, excused
}

// citedRows are those that the tests of this package and those below name.
func citedRows(t *testing.T) map[string]bool {
	t.Helper()
	cited := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || path == "rows_cited_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		maps.Copy(cited, namedRows(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return cited
}

// Each row of the list of authenticator cases is held by a test that names it, or excused, and no test names a row that there is
// not.
func TestEveryRowIsHeldOrExcused(t *testing.T) {
	groups, excused := rowList(t)
	cited := citedRows(t)
	total := 0
	for group, count := range groups {
		total += count
		for number := 1; number <= count; number++ {
			if id := fmt.Sprintf("%s-%03d", group, number); cited[id] == excused[id] {
				t.Errorf("%s: named by a test: %v, excused: %v", id, cited[id], excused[id])
			}
		}
	}
	for _, id := range slices.Concat(slices.Collect(maps.Keys(cited)), slices.Collect(maps.Keys(excused))) {
		group, digits, _ := strings.Cut(id, "-")
		number, _ := strconv.Atoi(digits)
		if count, listed := groups[group]; listed && (number == 0 || number > count) {
			t.Errorf("%s is no row: the group has %d", id, count)
		}
	}
	t.Logf("%d rows: %d held by tests, %d excused", total, total-len(excused), len(excused))
}
