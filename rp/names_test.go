package rp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestVisibleLength(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "phone": 5, "é": 1, "e\u0301": 1, "日本語": 3, "👩‍👩‍👧": 1, "👍🏽": 1, "🇩🇪🇯🇵": 2, "🇩🇪x": 2, "a\u200db": 2, "❤️": 1, "कि": 1, "ガ": 1, "\uff76\uff9e": 1,
		"\u1112\u1161\u11ab": 1, "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F": 1,
	} {
		if got := visibleLength(s); got != want {
			t.Errorf("%q counts %d, want %d", s, got, want)
		}
	}
	if name, err := checkName(strings.Repeat("👩‍👩‍👧", 64)); err != nil || visibleLength(name) != 64 {
		t.Errorf("64 families: %v", err)
	}
	if _, err := checkName(strings.Repeat("ば", 65)); err == nil {
		t.Error("65 kana are accepted")
	}
	if got, want := shorten("ab👩‍👩‍👧🇩🇪c", 4), "ab👩‍👩‍👧🇩🇪"; got != want {
		t.Errorf("cut to four characters it is %q, want %q", got, want)
	}
}

func FuzzCheckName(f *testing.F) {
	for _, seed := range []string{"", " phone ", "<img onerror>", "a\u202eb", "\u200f\u05d0", "👩‍👩‍👧", "\xff", strings.Repeat("x", 100), "e\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		name, err := checkName(input)
		if err != nil {
			if fields := FieldErrors(err); len(fields) != 1 || name != "" {
				t.Fatalf("%q: %v with %q", input, err, name)
			}
			return
		}
		if !utf8.ValidString(name) || hasForbidden(name) || visibleLength(name) > MaxName || visibleLength(name) == 0 && !hasVisible(name) {
			t.Fatalf("%q was accepted as %q", input, name)
		}
		if again, err := checkName(name); err != nil || again != name {
			t.Fatalf("%q is not stable: %q, %v", name, again, err)
		}
		taken := []Credential{{ID: []byte{1}, Name: name}}
		free := freeName(name, taken, nil)
		if sameName(free, name) {
			t.Fatalf("%q is offered although taken", free)
		}
		if visibleLength(free) > MaxName {
			t.Fatalf("the offer %q is too long", free)
		}
	})
}

func FuzzParseCreation(f *testing.F) {
	for _, seed := range []string{"", "{}", "[]", `{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oWNmbXRkbm9uZQ"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		parsed, err := parseCreation(body)
		if (err == nil) != (parsed != nil) {
			t.Fatalf("%v with %v", err, parsed)
		}
		if parsed != nil && len(parsed.Response.AttestationObject.AuthData.AttData.CredentialID) > 1023 {
			t.Fatal("a credential id of more than 1023 bytes")
		}
	})
}

func FuzzMatchCode(f *testing.F) {
	f.Add("123456", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U", int64(1_900_000_000))
	f.Add("", "", int64(0))
	f.Fuzz(func(t *testing.T, typed, secret string, unix int64) {
		a := account{totpSecret: secret}
		at := time.Unix(unix, 0)
		result, step := matchCode(a, typed, at)
		if result == codeRight && step != stepAt(at) {
			t.Fatalf("%q matched step %d at %d", typed, step, unix)
		}
		if secret == "" && result == codeRight {
			t.Fatal("an account without codes accepted one")
		}
	})
}

// Every code of the source has an entry in the table, and every entry a status and a screen: L10-08 and 7.4.
func TestEveryCodeHasAScreen(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		declared++
		info, ok := codeTable[Code(text)]
		if !ok || info.Screen == "" || info.Status == 0 || info.Stray == "" {
			t.Errorf("%s has no complete entry: %+v", spec.Names[0].Name, info)
		}
		return true
	})
	if declared == 0 || declared != len(codeTable) || declared != len(Codes()) {
		t.Errorf("%d codes declared, %d in the table", declared, len(codeTable))
	}
	for code, info := range map[Code]CodeInfo{
		CodeProviderNotAllowed: {E2, 403, StrayYes}, CodeLimitReached: {E4, 409, StrayNo}, CodeChallengeExpired: {E7, 410, StrayYes},
		CodeChallengeUsed: {E7, 409, StrayYes}, CodeVerificationFailed: {E10, 422, StrayYes}, CodeUnavailable: {E9, 503, StrayUnknown},
		CodeSessionExpired: {E6, 401, StrayNo}, CodeRateLimited: {E11, 429, StrayNo}, "no such code": {E10, 422, StrayYes},
	} {
		if code.Info() != info {
			t.Errorf("%s means %+v, want %+v", code, code.Info(), info)
		}
	}
}

func TestScreenWords(t *testing.T) {
	run := &Run{Flow: FlowSame, PhoneOS: IOS, Screen: E2, Problem: refuse(CodeProviderNotAllowed, nil)}
	for word, want := range map[string]Screen{
		"confirm": S2, "prove": S2a, "get-app": S3, "turn-on": S5i, "save-in": S7, "waiting": S8, "checking": S9, "name": S10, "done": S11, "problem": E2,
	} {
		if got, ok := run.ScreenByWord(word); !ok || got != want || got.Word() != word {
			t.Errorf("%s is %s, %v", word, got, ok)
		}
	}
	for _, word := range []string{"which-phone", "key-kind", "", "nonsense"} {
		if got, ok := run.ScreenByWord(word); ok {
			t.Errorf("%s is %s in flow C", word, got)
		}
	}
	if _, ok := (&Run{Flow: FlowAny}).ScreenByWord("problem"); ok {
		t.Error("a run without a problem has a problem screen")
	}
}
