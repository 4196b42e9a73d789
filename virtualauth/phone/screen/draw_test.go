package screen

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

var update = flag.Bool("update", false, "write the golden files anew")

// parts renders all fixtures in one skin, each below its name.
func parts(t *testing.T, skin phone.OS) string {
	t.Helper()
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	p, err := loadPages(a)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for i, f := range fixtures() {
		f.view.Skin, f.view.Revision = skin, 7
		f.view.Status = phone.StatusBar{Time: "10:24", Bluetooth: i%2 == 0, Network: i%3 > 0, Battery: 84, Work: i%5 == 0}
		all.WriteString("<!-- " + f.name + " -->\n")
		d := draw(facts{base: "/ada/", name: "Ada's phone", read: f.read, note: f.note, apps: f.apps}, f.view)
		if err := p.all.ExecuteTemplate(&all, "screen", d); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		all.WriteString("\n")
	}
	return all.String()
}

func TestEveryScreenIsDrawnAsItWas(t *testing.T) {
	for _, skin := range []phone.OS{phone.AndroidOS, phone.IOS} {
		t.Run(skin.String(), func(t *testing.T) {
			golden := filepath.Join("testdata", strings.ToLower(skin.String())+".html")
			got := parts(t, skin)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Fatalf("%s:%d: got\n%s\nwant\n%s\n(go test -update writes the file anew)", golden, i+1, g[i], w[i])
				}
			}
			if len(g) != len(w) {
				t.Errorf("%d lines, %d wanted", len(g), len(w))
			}
		})
	}
}

// screensOfThePhone are the names of all screens that package phone declares.
func screensOfThePhone(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../view.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`Screen\w+ +Screen = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, m[1])
	}
	if len(names) < 30 {
		t.Fatalf("only %d screens in view.go; this test would see nothing", len(names))
	}
	return names
}

func TestEveryScreenOfThePhoneHasItsLookAndAFixture(t *testing.T) {
	shown := map[phone.Screen]bool{}
	for _, f := range fixtures() {
		shown[f.view.Screen] = true
	}
	for _, name := range screensOfThePhone(t) {
		if _, known := appearances[phone.Screen(name)]; !known {
			t.Errorf("nobody said what %s looks like", name)
		}
		if !shown[phone.Screen(name)] {
			t.Errorf("no fixture shows %s", name)
		}
	}
}

func TestEverythingThatCanBeTappedIsOnThePage(t *testing.T) {
	for _, skin := range []phone.OS{phone.AndroidOS, phone.IOS} {
		drawn := strings.Split(parts(t, skin), "<!-- ")[1:]
		for i, f := range fixtures() {
			var ids []string
			for _, e := range f.view.Entries {
				ids = append(ids, e.ID)
			}
			for _, c := range f.view.Controls {
				ids = append(ids, c.ID)
			}
			for _, id := range ids {
				if n := strings.Count(drawn[i], `data-control="`+id+`"`); n != 1 {
					t.Errorf("%v, %s: %s is there %d times", skin, f.name, id, n)
				}
			}
		}
	}
}

func TestEveryIconIsInTheSprite(t *testing.T) {
	sprite, err := templateFiles.ReadFile("templates/sprite.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, skin := range []phone.OS{phone.AndroidOS, phone.IOS} {
		for _, use := range regexp.MustCompile(`href="#(i-\w+)"`).FindAllStringSubmatch(parts(t, skin), -1) {
			if !bytes.Contains(sprite, []byte(`id="`+use[1]+`"`)) {
				t.Errorf("there is no icon %s", use[1])
			}
		}
	}
}

func TestOnIOSWhatAgreesComesFirstAndOnAndroidLast(t *testing.T) {
	v := phone.View{Screen: phone.ScreenComputer, Controls: []phone.Control{agree("yes", "Yes"), {ID: "side", Kind: phone.KindButton}, decline("no", "No")}}
	for skin, want := range map[phone.OS]string{phone.AndroidOS: "no side yes", phone.IOS: "yes side no"} {
		v.Skin = skin
		var ids []string
		for _, c := range draw(facts{}, v).Buttons {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%v: %s", skin, got)
		}
	}
}

func TestAMarkIsMadeOfTheFirstTwoWords(t *testing.T) {
	for name, want := range map[string]string{"Google Password Manager": "GP", "Larkspur ID (Android)": "LI", "Bitwarden": "B", "1Password": "1", "": "", "(x)": ""} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
