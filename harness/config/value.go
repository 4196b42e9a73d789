package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2/types"
)

// none is the word that turns a report off.
const none = "none"

// parse reads one value as text, the way the environment and flags write it, into the field's Go type. base is the folder
// that relative paths start from. The error text says what the value must be; the caller adds key and place.
func (k Key) parse(text, base string) (any, string) {
	switch k.kind {
	case "word":
		return k.parseWord(text)
	case "list":
		return k.parseList(splitList(text))
	case "bool":
		return parseBool(text)
	case "int":
		return k.parseInt(text)
	case "duration":
		return k.parseDuration(text)
	case "labels":
		if _, err := types.ParseLabelFilter(text); text != "" && err != nil {
			return nil, "a Ginkgo label filter such as: essential && !(slow || hybrid)"
		}
	case "regexp":
		if _, err := regexp.Compile(text); err != nil {
			return nil, "a regular expression (" + strings.TrimPrefix(err.Error(), "error parsing regexp: ") + ")"
		}
	case "url":
		return parseURL(text)
	case "path":
		return parsePath(text, base)
	case "report":
		return parseReport(text)
	case "program":
		return parseProgram(text, base), ""
	case "policy":
		return parsePolicy(text, base)
	case "target":
		return parseTarget(text, base)
	default:
		panic("config: no parser for kind " + k.kind)
	}
	return text, ""
}

func (k Key) parseWord(text string) (any, string) {
	if !contains(k.Allowed, text) {
		return nil, oneOf(k.Allowed)
	}
	return text, ""
}

func (k Key) parseList(items []string) (any, string) {
	seen := map[string]bool{}
	for _, item := range items {
		if !contains(k.Allowed, item) {
			return nil, "a list of " + strings.Join(k.Allowed, ", ")
		}
		if seen[item] {
			return nil, "a list that names each driver once"
		}
		seen[item] = true
	}
	return items, ""
}

func (k Key) parseInt(text string) (any, string) {
	number, err := strconv.ParseInt(text, 10, 64)
	low, high := k.bounds()
	if err != nil || number < low || number > high {
		if k.max == "" {
			return nil, fmt.Sprintf("a whole number of at least %d", low)
		}
		return nil, fmt.Sprintf("a whole number from %d to %d", low, high)
	}
	return reflect.ValueOf(number).Convert(k.typ).Interface(), ""
}

func (k Key) bounds() (low, high int64) {
	low, high = 0, 1<<63-1
	if k.min != "" {
		low, _ = strconv.ParseInt(k.min, 10, 64)
	}
	if k.max != "" {
		high, _ = strconv.ParseInt(k.max, 10, 64)
	}
	return low, high
}

func (k Key) parseDuration(text string) (any, string) {
	least, _ := time.ParseDuration(k.min)
	length, err := time.ParseDuration(text)
	if err != nil || length < least {
		return nil, fmt.Sprintf("a time with its unit, such as 90s, 15m or 1h30m, of at least %s", k.min)
	}
	return length, ""
}

func parseBool(text string) (any, string) {
	switch text {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return nil, "true or false"
}

func parseURL(text string) (any, string) {
	if text == "" {
		return "", ""
	}
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" ||
		address.RawQuery != "" || address.Fragment != "" || address.User != nil {
		return nil, "an address such as https://login.example.com, without a query, or empty"
	}
	return strings.TrimSuffix(text, "/"), ""
}

func parsePath(text, base string) (any, string) {
	if text == "" || strings.ContainsRune(text, 0) {
		return nil, "the path of a folder"
	}
	return absolute(text, base), ""
}

// parseReport keeps the name: it is joined to reports.dir once every layer is known.
func parseReport(text string) (any, string) {
	if text == "" || strings.ContainsRune(text, 0) || strings.HasSuffix(text, "/") {
		return nil, "a file name, or none"
	}
	return text, ""
}

// parseProgram leaves a bare name alone, so that it is looked up on PATH.
func parseProgram(text, base string) string {
	if text == "" || !strings.ContainsRune(text, filepath.Separator) {
		return text
	}
	return absolute(text, base)
}

// Names of policies that need no file.
const (
	// PolicyOpen accepts every provider.
	PolicyOpen = "open"
	// PolicyApprovedApp accepts the organisation's own phone app only.
	PolicyApprovedApp = "approved-app"
	// PolicyAttested accepts only devices that prove their model.
	PolicyAttested = "attested"
)

func parsePolicy(text, base string) (any, string) {
	if text == PolicyOpen || text == PolicyApprovedApp || text == PolicyAttested {
		return text, ""
	}
	// A bare word is a misspelt name far more often than a file without an extension.
	if text == "" || !strings.ContainsAny(text, "./") {
		return nil, oneOf([]string{PolicyOpen, PolicyApprovedApp, PolicyAttested, "the path of a policy file"})
	}
	return absolute(text, base), ""
}

func parseTarget(text, base string) (any, string) {
	if text == TargetReference {
		return text, ""
	}
	if text == "" || !strings.ContainsAny(text, "./") {
		return nil, oneOf([]string{TargetReference, "the path of a target's YAML file"})
	}
	return absolute(text, base), ""
}

func absolute(path, base string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// splitList reads "a, b,c"; empty text is an empty list.
func splitList(text string) []string {
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// oneOf writes "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
