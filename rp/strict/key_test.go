package strict_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp/strict"
)

// Keys written by hand from RFC 8949, RFC 9053 and RFC 8230. The points are the generators of P-256 and P-384 (SP
// 800-186 §3.2.1).
const (
	x     = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	y     = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
	x384  = "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
	y384  = "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
	point = "215820" + x + "225820" + y
	es256 = "a5" + "0102" + "0326" + "2001" + point
	eddsa = "a4" + "0101" + "0327" + "2006" + "215820"
)

func rsaKey(modulus, exponent string) string {
	return "a4" + "0103" + "03390100" + "2059" + modulus + "21" + exponent
}

// modulus is one of so many bytes, ending in a last one.
func modulus(length string, middle int, last string) string {
	return length + "c1" + strings.Repeat("55", middle) + last
}

var good2048, e65537 = modulus("0100", 254, "01"), "43010001"

func TestWhatIsAKey(t *testing.T) {
	for name, test := range map[string]struct {
		key  string
		want error
	}{
		"ES256":                             {es256, nil},
		"ES256 with its labels reversed":    {"a5" + "225820" + y + "215820" + x + "2001" + "0326" + "0102", nil},
		"EdDSA":                             {eddsa + strings.Repeat("11", 32), nil},
		"RS256":                             {rsaKey(good2048, e65537), nil},
		"RS256 with the exponent 3":         {rsaKey(good2048, "4103"), nil},
		"ES384":                             {"a5" + "0102" + "033822" + "2002" + "215830" + x384 + "225830" + y384, nil},
		"P-256 for ES384":                   {strings.Replace(es256, "0326", "033822", 1), strict.ErrForm},
		"PS256":                             {strings.Replace(rsaKey(good2048, e65537), "03390100", "033824", 1), nil},
		"nothing":                           {"", strict.ErrForm},
		"an array":                          {"80", strict.ErrForm},
		"an empty map":                      {"a0", strict.ErrForm},
		"bytes behind":                      {es256 + "00", strict.ErrForm},
		"a tag around":                      {"d9d9f7" + es256, strict.ErrForm},
		"a label twice":                     {"a6" + es256[2:] + "0326", strict.ErrForm},
		"no alg":                            {"a4" + "0102" + "2001" + point, strict.ErrForm},
		"alg by name":                       {"a5" + "0102" + "03654553323536" + "2001" + point, strict.ErrForm},
		"no kty":                            {"a4" + "0326" + "2001" + point, strict.ErrForm},
		"an unknown alg":                    {"a5" + "0102" + "033903e6" + "2001" + point, strict.ErrUnknown},
		"an RSA key for ES256":              {strings.Replace(rsaKey(good2048, e65537), "03390100", "0326", 1), strict.ErrForm},
		"an elliptic key for RS256":         {strings.Replace(es256, "0326", "03390100", 1), strict.ErrForm},
		"P-384 for ES256":                   {strings.Replace(es256, "2001", "2002", 1), strict.ErrForm},
		"X25519 for EdDSA":                  {strings.Replace(eddsa, "2006", "2004", 1) + strings.Repeat("11", 32), strict.ErrForm},
		"no crv":                            {"a4" + "0102" + "0326" + point, strict.ErrForm},
		"no y":                              {"a4" + "0102" + "0326" + "2001" + "215820" + x, strict.ErrForm},
		"a compressed point":                {"a5" + "0102" + "0326" + "2001" + "215820" + x + "22f5", strict.ErrForm},
		"an array of numbers for x":         {"a5" + "0102" + "0326" + "2001" + "21810b" + "225820" + y, strict.ErrForm},
		"a short x":                         {"a5" + "0102" + "0326" + "2001" + "21581f" + x[2:] + "225820" + y, strict.ErrForm},
		"a point off the curve":             {es256[:len(es256)-2] + "f4", strict.ErrWeak},
		"the point (0, 0)":                  {"a5" + "0102" + "0326" + "2001" + "215820" + strings.Repeat("00", 32) + "225820" + strings.Repeat("00", 32), strict.ErrWeak},
		"a private half":                    {"a6" + es256[2:] + "235820" + x, strict.ErrForm},
		"a kid":                             {"a6" + es256[2:] + "024101", strict.ErrForm},
		"a short Ed25519 key":               {strings.Replace(eddsa, "215820", "21581f", 1) + strings.Repeat("11", 31), strict.ErrForm},
		"the neutral point":                 {eddsa + "01" + strings.Repeat("00", 31), strict.ErrWeak},
		"the neutral point, x negative":     {eddsa + "01" + strings.Repeat("00", 30) + "80", strict.ErrWeak},
		"a point of order 2":                {eddsa + "ec" + strings.Repeat("ff", 30) + "7f", strict.ErrWeak},
		"a point of order 8":                {eddsa + "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", strict.ErrWeak},
		"no modulus":                        {"a3" + "0103" + "03390100" + "2143010001", strict.ErrForm},
		"an RSA modulus of 1024 bits":       {rsaKey(modulus("0080", 126, "01"), e65537), strict.ErrWeak},
		"an RSA modulus of 8200 bits":       {rsaKey(modulus("0401", 1023, "01"), e65537), strict.ErrWeak},
		"an even RSA modulus":               {rsaKey(modulus("0100", 254, "02"), e65537), strict.ErrWeak},
		"the RSA exponent 1":                {rsaKey(good2048, "4101"), strict.ErrWeak},
		"an even RSA exponent":              {rsaKey(good2048, "43010000"), strict.ErrWeak},
		"no number for the RSA exponent":    {rsaKey(good2048, "40"), strict.ErrWeak},
		"an RSA exponent of more than 2^31": {rsaKey(good2048, "450100000001"), strict.ErrWeak},
		"an RSA exponent of 72 bits":        {rsaKey(good2048, "49010000000000000001"), strict.ErrWeak},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := hex.DecodeString(test.key)
			if err != nil {
				t.Fatal(err)
			}
			if err := strict.CheckKey(encoded); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// FuzzCheckKey holds CheckKey to its errors.
func FuzzCheckKey(f *testing.F) {
	for _, seed := range []string{"", "a0", es256, eddsa + strings.Repeat("11", 32), rsaKey(good2048, e65537), es256 + "a0"} {
		encoded, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := strict.CheckKey(data)
		if err != nil && !errors.Is(err, strict.ErrForm) && !errors.Is(err, strict.ErrUnknown) && !errors.Is(err, strict.ErrWeak) {
			t.Errorf("untyped error %v", err)
		}
	})
}
