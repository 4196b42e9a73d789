package mutate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// certificate is a small one with an extension.
func certificate(t testing.TB) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "leaf"}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// attested is authenticator data with an id of two bytes and a key of two members.
const attested = "1111111111111111111111111111111111111111111111111111111111111111 41 00000005 22222222222222222222222222222222 0002 abcd a2 01 02 03 26"

// message is JSON with everything in it, and its layers.
func message(t testing.TB) ([]byte, Layers) {
	t.Helper()
	data := unhex(t, attested)
	object := append([]byte{0xa2, 0x68}, "authData"...)
	object = append(append(append(object, 0x58, byte(len(data))), data...), 0x63, 'x', '5', 'c', 0x81)
	der := certificate(t)
	object = append(appendHead(object, cborBytes, uint64(len(der)), false), der...)
	encode := base64.RawURLEncoding.EncodeToString
	return []byte(`{"id":"AAA","n":1.50,"ok":true,"response":{"clientDataJSON":"` + encode([]byte(`{"type":"webauthn.get","a":[1,null]}`)) + `","attestationObject":"` + encode(object) + `"}}`),
		Layers{
			"response/clientDataJSON": JSON, "response/attestationObject": CBOR, "response/attestationObject/authData": AuthData,
			"response/attestationObject/x5c/*": DER,
		}
}

func TestWhatIsNotChangedIsEncodedAsItWas(t *testing.T) {
	whole, layers := message(t)
	for name, test := range map[string]struct {
		message []byte
		shape   Shape
	}{
		"a message in layers": {whole, JSON}, "a certificate": {certificate(t), DER}, "authenticator data": {unhex(t, attested), AuthData},
		"CBOR of every kind": {unhex(t, "a6 01 20 02 f4 03 fa 47c35000 04 c1 1a 514b67b0 41 aa 82 60 40 62 6869 a0"), CBOR}, "no JSON": {[]byte("{"), JSON},
		"bytes left over": {unhex(t, "80 00"), CBOR}, "short authenticator data": {[]byte{1}, AuthData}, "no TLV": {[]byte{0x30, 0x80}, DER}, "nothing": {nil, CBOR},
	} {
		if got := Open("", test.message, test.shape, layers).Encode(); !bytes.Equal(got, test.message) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, test.message)
		}
	}
}

func TestEverythingInAMessageHasAPath(t *testing.T) {
	whole, layers := message(t)
	paths := Open("", whole, JSON, layers).Paths()
	for _, want := range []string{
		"", "id", "response/clientDataJSON/type", "response/clientDataJSON/a/1", "response/attestationObject/authData/flags",
		"response/attestationObject/authData/publicKey/3", "response/attestationObject/x5c/0/0/1", "response/attestationObject/x5c/0/0/7/0/0/2",
	} {
		if !slices.Contains(paths, want) {
			t.Errorf("no path %q in %q", want, paths)
		}
	}
	if named := Open("signed", unhex(t, attested), AuthData, nil).Paths(); !slices.Contains(named, "signed/rpIdHash") || named[0] != "signed" {
		t.Errorf("%q", named)
	}
}

func TestWhatEditsDo(t *testing.T) {
	const object, array = `{"a":"x","b":[1,2]}`, "82 01 02"
	for recipe, test := range map[string]struct {
		shape      Shape
		give, want string
	}{
		"a remove 0":               {JSON, object, `{"b":[1,2]}`},
		"a type 2":                 {JSON, object, `{"a":42,"b":[1,2]}`},
		"a rename 1":               {JSON, object, `{"ab":"x","b":[1,2]}`},
		"b/0 repeat 0":             {JSON, object, `{"a":"x","b":[1,2,1]}`},
		"b/0 swap 0":               {JSON, object, `{"a":"x","b":[2,1]}`},
		"b add 0":                  {JSON, object, `{"a":"x","b":[1,2,null]}`},
		". add 1":                  {JSON, object, `{"a":"x","b":[1,2],"unknownb":true}`},
		"b nest 0":                 {JSON, object, `{"a":"x","b":[[1,2]]}`},
		"a flip 0":                 {JSON, object, `{"a":"y","b":[1,2]}`},
		"a lengthen 1":             {JSON, object, `{"a":"xBB","b":[1,2]}`},
		"a overlong 0":             {JSON, object, `{"a":"\u0078","b":[1,2]}`},
		". cut 0":                  {JSON, object, `{"a":"x","b":[1,2]`},
		"a remove 0; b/1 remove 0": {JSON, object, `{"b":[1]}`},
		"nowhere remove 0":         {JSON, object, object},
		". lie 0":                  {CBOR, array, "830102"},
		". overlong 0":             {CBOR, array, "9b00000000000000020102"},
		". indefinite 0":           {CBOR, array, "9f0102ff"},
		"0 type 0":                 {CBOR, array, "82f602"},
		"1 trail 0":                {CBOR, array, "82010200"},
		"3 rename 4":               {CBOR, "a1 03 26", "a10426"},
		"-1 remove 0":              {CBOR, "a1 20 01", "a0"},
		"0 bump 0":                 {DER, "30 03 02 01 05", "3003020106"},
		"0 shorten 0":              {DER, "30 03 02 01 05", "30020200"},
		"0 tag 4":                  {DER, "30 03 02 01 05", "3003040105"},
		"0 lie 1":                  {DER, "30 03 02 01 05", "3003020005"},
		". indefinite 1":           {DER, "30 00", "30800000"},
		"0 fill 1":                 {DER, "30 03 02 01 05", "30030201ff"},
	} {
		give := []byte(test.give)
		if test.shape != JSON {
			give = unhex(t, test.give)
		}
		r, err := ParseRecipe(recipe)
		if err != nil {
			t.Fatal(err)
		}
		tree := Open("", give, test.shape, nil)
		r.Apply(tree)
		got := string(tree.Encode())
		if test.shape != JSON {
			got = hex.EncodeToString(tree.Encode())
		}
		if got != test.want || r.String() != recipe {
			t.Errorf("%s (%s): got %s, want %s", recipe, r, got, test.want)
		}
	}
}

// A change deep inside is encoded all the way out, and nothing else changes.
func TestAChangeIsReachedThroughItsLayers(t *testing.T) {
	whole, layers := message(t)
	tree := Open("", whole, JSON, layers)
	r := Recipe{{Path: "response/attestationObject/authData/flags", Op: "flip", Arg: 0}}
	if r.Apply(tree) != 1 {
		t.Fatal("nothing was done")
	}
	again := Open("", tree.Encode(), JSON, layers)
	if r.Apply(again) != 1 || !bytes.Equal(again.Encode(), whole) {
		t.Error("flipping the bit back does not give the message back")
	}
}

func TestRecipesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "a flip", "a flip x", "a flip -1", "a smash 1", "a flip 1;", "a flip 1 2"} {
		if r, err := ParseRecipe(text); err == nil {
			t.Errorf("%q is %v", text, r)
		}
	}
}

func TestDrawnEditsDoSomethingAndRepeat(t *testing.T) {
	whole, layers := message(t)
	used := map[string]bool{}
	r, again := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	tree := Open("", whole, JSON, layers)
	choices := tree.Choices(nil)
	for range 3000 {
		e := Draw(r, tree, choices)
		if e != Draw(again, tree, choices) {
			t.Fatal("the same seed drew another edit")
		}
		if (Recipe{e}).Apply(Open("", whole, JSON, layers)) != 1 {
			t.Errorf("%v does nothing", e)
		}
		used[e.Op] = true
	}
	if !bytes.Equal(tree.Encode(), whole) {
		t.Error("drawing changes the message")
	}
	if len(used) != len(operations) {
		t.Errorf("only %v were drawn", used)
	}
}

func TestOnlyWhatFitsIsDrawn(t *testing.T) {
	whole, layers := message(t)
	tree := Open("", whole, JSON, layers)
	const object = "response/attestationObject"
	for shape, want := range map[Shape][]Choice{
		JSON:     {{"id", "flip"}, {object, "remove"}, {"response/clientDataJSON", "flip"}, {"response/clientDataJSON/type", "type"}},
		CBOR:     {{object, "flip"}, {object + "/x5c/0", "remove"}, {object + "/authData/publicKey/3", "type"}},
		AuthData: {{object + "/authData", "flip"}, {object + "/authData/flags", "flip"}, {object + "/authData/idLength", "bump"}},
		DER:      {{object + "/x5c/0", "flip"}, {object + "/x5c/0/0/1", "tag"}, {object + "/x5c/0/0/7/0/0/2", "flip"}},
	} {
		choices := tree.Choices(func(at Place, op string) bool { return at.Changes(op) == shape })
		for _, c := range want {
			if !slices.Contains(choices, c) {
				t.Errorf("%d: no %v", shape, c)
			}
		}
		for other, those := range map[Shape][]Choice{JSON: {{object, "flip"}}, CBOR: {{object, "remove"}}, DER: {{object + "/x5c/0", "remove"}}} {
			if slices.Contains(choices, those[0]) && other == shape {
				t.Errorf("%d: %v", shape, those[0])
			}
		}
	}
	if none := tree.Choices(func(Place, string) bool { return false }); none != nil {
		t.Errorf("%v", none)
	}
}

func TestARecipeIsToldInWords(t *testing.T) {
	r := Recipe{{"response/signature", "flip", 3}, {"", "nest", 7}, {"id", "remove", 0}}
	if got, want := r.Says(), "a bit of response/signature flipped, and the message wrapped into lists, and id removed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, o := range operations {
		if strings.Count(o.says, "%s") != 1 {
			t.Errorf("%s does not say where", o.name)
		}
	}
}

func TestShrinking(t *testing.T) {
	r := Recipe{{"a", "flip", 9}, {"b", "flip", 300}, {"c", "cut", 3}}
	asked := 0
	got := Shrink(r, 100, func(r Recipe) bool { // b is what it takes, with at least 20
		asked++
		return slices.ContainsFunc(r, func(e Edit) bool { return e.Path == "b" && e.Arg >= 20 })
	})
	if got.String() != "b flip 32" || asked > 100 {
		t.Errorf("%s after %d", got, asked)
	}
	if got := Shrink(r, 0, func(Recipe) bool { t.Error("asked"); return true }); len(got) != 3 {
		t.Errorf("%s", got)
	}
}

func FuzzAnythingIsReadAndChanged(f *testing.F) {
	whole, _ := message(f)
	f.Add(whole, int(JSON), uint64(1))
	f.Add(certificate(f), int(DER), uint64(2))
	f.Add(unhex(f, attested), int(AuthData), uint64(3))
	f.Add(unhex(f, "a1 01 82 60 40"), int(CBOR), uint64(4))
	f.Fuzz(func(t *testing.T, content []byte, shape int, seed uint64) {
		_, layers := message(t)
		tree := Open("", content, Shape(uint(shape)%5), layers)
		if len(content) == 0 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		for range 3 {
			e := Draw(r, tree, tree.Choices(nil))
			(Recipe{e}).Apply(tree)
			tree.Encode()
		}
	})
}
