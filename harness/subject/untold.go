package subject

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// An application is told of a request what its templates take. The rest of the request must be what it would take for
// granted, or else the case's lie is not told at all, and what the application answers says nothing about it.

// usualAsk is what the members of a request for options may be where the application is not told of them.
var usualAsk = map[string]func(v any) bool{
	"username":               isText,
	"displayName":            isText,
	"attestation":            isOneOf("none"),
	"userVerification":       isOneOf("preferred"),
	"authenticatorSelection": isObject,
	"authenticatorSelection.userVerification":   isOneOf("preferred"),
	"authenticatorSelection.requireResidentKey": func(v any) bool { return v == false },
}

// usualResponse is the same for a response.
var usualResponse = map[string]func(v any) bool{
	"id":                          isText,
	"rawId":                       isText,
	"type":                        isOneOf("public-key"),
	"authenticatorAttachment":     isOneOf("platform", "cross-platform", nil),
	"clientExtensionResults":      isObject,
	"response":                    isObject,
	"response.clientDataJSON":     isText,
	"response.attestationObject":  isText,
	"response.authenticatorData":  isText,
	"response.publicKey":          isText,
	"response.publicKeyAlgorithm": func(v any) bool { _, ok := v.(json.Number); return ok },
	"response.transports":         isListOfTexts,
	"response.userHandle":         func(v any) bool { return v == nil || isText(v) },
}

// requiredResponse are members that an honest response always has.
var requiredResponse = []string{"id", "rawId", "type", "clientExtensionResults", "response"}

func isText(v any) bool   { _, ok := v.(string); return ok }
func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

func isOneOf(values ...any) func(any) bool {
	return func(v any) bool { return slices.Contains(values, v) }
}

func isListOfTexts(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(one any) bool { return !isText(one) })
}

// untoldResponse returns why a response cannot be put to an application, nil when it can.
func untoldResponse(response any, takes func(path []string) bool) error {
	members, ok := response.(map[string]any)
	if takes(nil) {
		return nil
	}
	if !ok {
		return fmt.Errorf("the response is no object, and the application takes its members")
	}
	for _, name := range requiredResponse {
		if _, there := members[name]; !there && !takes([]string{name}) {
			return fmt.Errorf("the application is not sent %s, which is missing here", name)
		}
	}
	if id, raw := members["id"], members["rawId"]; isText(id) && isText(raw) && id != raw && (!takes([]string{"id"}) || !takes([]string{"rawId"})) {
		return fmt.Errorf("the application is not sent both id and rawId, which differ here")
	}
	return untold(members, nil, usualResponse, takes)
}

// untold walks what the application is not sent.
func untold(members map[string]any, above []string, usual map[string]func(any) bool, takes func(path []string) bool) error {
	for _, name := range sorted(members) {
		path, v := append(slices.Clone(above), name), members[name]
		if takes(path) {
			continue
		}
		dotted := strings.Join(path, ".")
		if fine, known := usual[dotted]; !known || !fine(v) {
			return fmt.Errorf("the application is not sent %s, which is %s here", dotted, show(v))
		}
		if inner, ok := v.(map[string]any); ok && dotted != "clientExtensionResults" {
			if err := untold(inner, path, usual, takes); err != nil {
				return err
			}
		}
	}
	return nil
}

// untoldAsk returns why a request for options cannot be put to an application that answered it with these options: it was not
// told something, and does not do it by itself either.
func untoldAsk(ask any, options map[string]any, takes func(path []string) bool) error {
	members, ok := ask.(map[string]any)
	if takes(nil) || !ok {
		return nil
	}
	return untold(members, nil, usualAsk, func(path []string) bool { return takes(path) || did(members, path, options) })
}

// did reports whether options are as a request wants them at a path.
func did(ask map[string]any, path []string, options map[string]any) bool {
	if options == nil {
		return false
	}
	wanted, _ := at(ask, path)
	answered, there := at(options, path)
	switch strings.Join(path, ".") {
	case "authenticatorSelection":
		return false // its members are looked at
	case "authenticatorSelection.requireResidentKey":
		required, _ := at(options, []string{"authenticatorSelection", "residentKey"})
		return wanted == true && (answered == true || required == "required")
	case "extensions":
		asked, ok := wanted.(map[string]any)
		got, _ := answered.(map[string]any)
		for name := range asked {
			if _, there := got[name]; !there {
				return false
			}
		}
		return ok
	}
	return there && isText(wanted) && answered == wanted
}

func show(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(encoded) > 60 {
		return string(encoded[:60]) + "…"
	}
	return string(encoded)
}
