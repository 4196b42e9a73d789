package scenarios

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/passkeylab/passkeylab/harness/config"
)

// specified is how many scenarios each group of the product specification has; their numbers have no gaps.
var specified = map[string]int{
	"REG": 25, "WP": 20, "EX": 14, "DEL": 16, "SI": 14, "MFA": 12, "POL": 14, "PH": 21, "RP": 15, "AX": 12, "L10": 8, "SEC": 16,
}

// starred are the essential ones of the product specification. More may be essential here, none of these less.
const starred = "REG-01 REG-02 REG-03 WP-01 WP-02 WP-03 WP-04 EX-01 EX-02 EX-03 DEL-01 DEL-02 DEL-03 SI-01 MFA-01 POL-01 PH-01 RP-01 AX-01 SEC-02"

// besides are the groups of journeys that tell no scenario: GAL takes the pictures of the gallery, ACC is about passwords and
// sessions, which OWASP ASVS asks for and the product specification does not name.
const besides = "GAL ACC"

// owed are the scenarios that no journey tells, and why. One that is told by now must leave this table.
var owed = map[string]string{}

// ids are all scenarios of the product specification, in its order.
func ids() []string {
	var all []string
	for _, group := range strings.Fields(chapters) {
		for n := range specified[group] {
			all = append(all, fmt.Sprintf("%s-%02d", group, n+1))
		}
	}
	return all
}

func journeys(t *testing.T) map[string][]Case {
	t.Helper()
	cases, err := Journeys()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string][]Case{}
	for _, one := range cases {
		byID[one.ID] = append(byID[one.ID], one)
	}
	return byID
}

func TestTheSpecificationHas187Scenarios(t *testing.T) {
	if n := len(ids()); n != 187 {
		t.Errorf("the tables name %d", n)
	}
	if len(specified) != len(strings.Fields(chapters)) {
		t.Errorf("groups are %s here and %v there", chapters, specified)
	}
}

func TestEveryScenarioIsOneJourneyOrIsOwedWithAReason(t *testing.T) {
	told := journeys(t)
	excused := map[string]string{}
	for reason, list := range owed {
		for _, id := range strings.Fields(list) {
			excused[id] = reason
		}
	}
	for _, id := range ids() {
		switch n, reason := len(told[id]), excused[id]; {
		case n == 1 && reason != "":
			t.Errorf("%s is told in %s: remove it from the table of what is owed", id, told[id][0].Location)
		case n == 0 && reason == "":
			t.Errorf("no journey tells %s, and the table of what is owed gives no reason", id)
		case n > 1:
			t.Errorf("%s is declared %d times, in %s and %s", id, n, told[id][0].Location, told[id][1].Location)
		}
		delete(told, id)
		delete(excused, id)
	}
	for id, cases := range told {
		if group, _, _ := strings.Cut(id, "-"); slices.Contains(strings.Fields(besides), group) {
			continue
		}
		t.Errorf("%s: %s is no scenario of the product specification", cases[0].Location, id)
	}
	for id := range excused {
		t.Errorf("%s is owed and no scenario of the product specification", id)
	}
}

func TestStarredScenariosAreEssential(t *testing.T) {
	told := journeys(t)
	for _, id := range strings.Fields(starred) {
		if cases := told[id]; len(cases) == 1 && cases[0].Priority != "essential" {
			t.Errorf("%s: %s is %s", cases[0].Location, id, cases[0].Priority)
		}
	}
}

func TestJourneysAreSentencesOverDriversThatExist(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][A-Z0-9]+-\d\d$`)
	known := []string{string(config.DevTools), string(config.Bridge), string(config.API), string(config.Hybrid)}
	for id, cases := range journeys(t) {
		for _, one := range cases {
			if !form.MatchString(id) {
				t.Errorf("%s: the id %q is not that of a scenario", one.Location, id)
			}
			if one.Sentence == "" || strings.HasSuffix(one.Sentence, ".") || strings.Contains(one.Sentence, id) {
				t.Errorf("%s: %s says %q, want a sentence without its id and full stop", one.Location, id, one.Sentence)
			}
			for _, driver := range one.Drivers {
				if !slices.Contains(known, driver) {
					t.Errorf("%s: %s is told over %q, which is no driver", one.Location, id, driver)
				}
			}
		}
	}
}

// What a program contains is what the folder has: a journey in a file that is not embedded would be missing silently.
func TestTheListIsReadFromTheFolderItself(t *testing.T) {
	embedded, err := Journeys()
	if err != nil {
		t.Fatal(err)
	}
	there, err := journeysIn(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(embedded) == 0 || fmt.Sprint(embedded) != fmt.Sprint(there) {
		t.Errorf("%d are embedded, %d are in the folder", len(embedded), len(there))
	}
}

func TestJourneysAreReadAsTheyAreDeclared(t *testing.T) {
	const helper = "\nfunc byHybrid() Drivers { return Over(config.Hybrid).Cannot(config.Bridge, noPhone) }\nfunc two() Drivers { x(); return Over(config.API) }"
	for _, test := range []struct {
		name, call, drivers, wrong string
	}{
		{"one driver", `Journey("WP-02", "does", Over(config.API), Regular, Given{}, tell)`, "[api]", ""},
		{"two drivers and a reason", `Journey("WP-02", "does", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, "x"), Regular, Given{}, tell)`, "[bridge hybrid]", ""},
		{"drivers that a function names", `Journey("WP-02", "does", byHybrid(), Regular, Given{}, tell)`, "[hybrid]", ""},
		{"a function with two statements", `Journey("WP-02", "does", two(), Regular, Given{}, tell)`, "", "WP-02: the drivers: write them as Over"},
		{"a variable as drivers", `Journey("WP-02", "does", all, Regular, Given{}, tell)`, "", "WP-02: the drivers: write them as Over"},
		{"no driver", `Journey("WP-02", "does", Over(), Regular, Given{}, tell)`, "", "WP-02: the drivers: there is none"},
		{"a driver by its text", `Journey("WP-02", "does", Over("api"), Regular, Given{}, tell)`, "", "name each by its constant"},
		{"a sentence that is put together", `Journey("WP-02", "does" + it, Over(config.API), Regular, Given{}, tell)`, "", "WP-02: the sentence: write it as one string literal"},
		{"an id in a variable", `Journey(id, "does", Over(config.API), Regular, Given{}, tell)`, "", "the id: write it"},
		{"another priority", `Journey("WP-02", "does", Over(config.API), Urgent, Given{}, tell)`, "", "neither Essential nor Regular"},
		{"too few arguments", `Journey("WP-02", "does")`, "", "2 arguments, want 6"},
		{"no Go", `Journey(`, "", "wp_test.go:3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"journeys/wp_test.go": {Data: []byte("package journeys\nvar _ = " + test.call + helper)}}
			cases, err := journeysIn(files)
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), "wp_test.go:") {
					t.Errorf("got %v, want %q and the place", err, test.wrong)
				}
				return
			}
			want := fmt.Sprintf("[{WP-02 does WP regular %s scenarios/journeys/wp_test.go:2   []}]", test.drivers)
			if err != nil || fmt.Sprint(cases) != want {
				t.Errorf("got %v, %v, want %s", cases, err, want)
			}
		})
	}
}

func TestSuitesAreFoundByName(t *testing.T) {
	for _, suite := range Suites() {
		found, err := Find(suite.Name)
		if err != nil || found.Name != suite.Name {
			t.Errorf("%s: %v", suite.Name, err)
		}
	}
	var unknown *UnknownSuiteError
	_, err := Find("journey")
	if !errors.As(err, &unknown) || unknown.Name != "journey" || !strings.Contains(err.Error(), "what exists: journeys") {
		t.Errorf("got %v", err)
	}
}
