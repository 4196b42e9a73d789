package subject

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
)

// byteForm is how an application writes bytes in JSON. The zero value is base64url without padding, WebAuthn's own.
type byteForm struct {
	// read is bytes as the application wrote them; write is them as it wants them.
	read  func(any) ([]byte, bool)
	write func([]byte) any
}

var byteForms = map[string]byteForm{
	"base64url": {},
	"base64": {
		read: func(v any) ([]byte, bool) {
			text, isText := v.(string)
			decoded, err := base64.StdEncoding.DecodeString(text)
			return decoded, isText && err == nil
		},
		write: func(b []byte) any { return base64.StdEncoding.EncodeToString(b) },
	},
	"array": {
		read: readArray,
		write: func(b []byte) any {
			numbers := make([]any, len(b))
			for i, one := range b {
				numbers[i] = json.Number(strconv.Itoa(int(one)))
			}
			return numbers
		},
	},
}

func readArray(v any) ([]byte, bool) {
	numbers, ok := v.([]any)
	if !ok {
		return nil, false
	}
	decoded := make([]byte, len(numbers))
	for i, number := range numbers {
		n, isNumber := number.(json.Number)
		one, err := strconv.ParseUint(n.String(), 10, 8)
		if !isNumber || err != nil {
			return nil, false
		}
		decoded[i] = byte(one)
	}
	return decoded, true
}

// optionBytes and responseBytes are where bytes stand; * is every element of a list.
var (
	optionBytes   = [][]string{{"challenge"}, {"user", "id"}, {"excludeCredentials", "*", "id"}, {"allowCredentials", "*", "id"}}
	responseBytes = [][]string{
		{"id"}, {"rawId"}, {"response", "clientDataJSON"}, {"response", "attestationObject"}, {"response", "authenticatorData"},
		{"response", "signature"}, {"response", "userHandle"}, {"response", "publicKey"},
	}
)

// options rewrites those of an application in WebAuthn's form. What is not as the form says stays as it is.
func (f byteForm) options(options any) {
	if f.read == nil {
		return
	}
	for _, path := range optionBytes {
		rewrite(options, path, func(v any) any {
			if decoded, ok := f.read(v); ok {
				return base64.RawURLEncoding.EncodeToString(decoded)
			}
			return v
		})
	}
}

// response rewrites a response as the application wants it. A member that holds no bytes cannot be said in that form.
func (f byteForm) response(response any) (err error) {
	if f.write == nil {
		return nil
	}
	for _, path := range responseBytes {
		rewrite(response, path, func(v any) any {
			text, isText := v.(string)
			decoded, wrong := base64.RawURLEncoding.Strict().DecodeString(text)
			switch {
			case v == nil:
				return v
			case !isText || wrong != nil:
				err = fmt.Errorf("%v holds no base64url, and the application takes bytes in another form", path)
				return v
			}
			return f.write(decoded)
		})
	}
	return err
}

// rewrite changes the value at a path, where there is one.
func rewrite(v any, path []string, change func(any) any) {
	if path[0] == "*" {
		if list, ok := v.([]any); ok {
			for _, one := range list {
				rewrite(one, path[1:], change)
			}
		}
		return
	}
	members, ok := v.(map[string]any)
	if !ok {
		return
	}
	inner, there := members[path[0]]
	switch {
	case !there:
	case len(path) == 1:
		members[path[0]] = change(inner)
	default:
		rewrite(inner, path[1:], change)
	}
}
