package passwords

import (
	"strings"
	"testing"
)

func TestFrequentPasswordsAreKnown(t *testing.T) {
	for _, password := range []string{"password", "PassWord", "12345678", "qwertyuiop", "trustno1", "ｐａｓｓｗｏｒｄ"} {
		if !Frequent(password) {
			t.Errorf("%q is not known", password)
		}
	}
	for _, password := range []string{"", "\n", "password\n12345678", "passwor", "assword", "correct horse battery", "tschüss und winke"} {
		if Frequent(password) {
			t.Errorf("%q is said to be frequent", password)
		}
	}
}

// OWASP ASVS 5.0.0 §6.2.4 asks for the 3000 most frequent ones that the length allows.
func TestTheListIsLongEnoughAndWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for password := range strings.Lines(frequent) {
		password = strings.TrimSuffix(password, "\n")
		if len(password) < 8 || fold(password) != password || seen[password] {
			t.Errorf("%q is short, not in small letters, or there twice", password)
		}
		if seen[password] = true; !Frequent(password) {
			t.Errorf("%q is in the list and not found", password)
		}
	}
	if len(seen) < 3000 {
		t.Errorf("only %d passwords", len(seen))
	}
}

func TestPasswordsMadeOfTheWordsAround(t *testing.T) {
	words := []string{"Larkspur", "Larkspur ID", "login.larkspur.example", "mia", "Å"}
	for _, password := range []string{"larkspur", "Larkspur2026!", "LARKSPURLARKSPUR", "L4rk$pur-1", "mia-larkspur", "larkspur.example", "loginlogin", "larkspur1305", "mia larkspur id 1"} {
		if !MadeOf(password, words) {
			t.Errorf("%q is allowed", password)
		}
	}
	for _, password := range []string{"", "12345 67890", "correct horse battery", "mia-likes-larks", "larkspur grows here", "nightingale", "ååååååå1", "日本語のパスワード"} {
		if MadeOf(password, words) {
			t.Errorf("%q is refused", password)
		}
	}
	if MadeOf("larkspur", nil) || MadeOf("larkspur", []string{"", "a b"}) {
		t.Error("without words nothing is made of them")
	}
}

func FuzzMadeOf(f *testing.F) {
	f.Add("Larkspur2026!", "Larkspur ID")
	f.Add("", "")
	f.Add("\xff\xfe", "\xff")
	f.Fuzz(func(t *testing.T, password, word string) {
		if MadeOf(password, nil) || MadeOf(password, []string{word}) && len(split([]string{word})) == 0 {
			t.Errorf("%q is said to be made of %q", password, word)
		}
	})
}
