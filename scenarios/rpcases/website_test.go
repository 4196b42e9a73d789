package rpcases_test

import (
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

func TestTheSampleWebsiteIsRight(t *testing.T) {
	explains(t, rpcases.SampleWebsite,
		"Our website is a website that is used by its pages", "fill #code with ${totp.secret}", "the page calls navigator.credentials.create",
		"accepted: #methods on the page /security-info",
	)
	for _, key := range []string{"account:", "resume:", "signOut:", "register:", "signIn:", "remove:", "headed:", "browser:", "go:", "press:", "fill:", "see:", "read:", "if:", "at:"} {
		if !strings.Contains(rpcases.SampleWebsite, key) {
			t.Errorf("the sample lacks %s", key)
		}
	}
}

func TestAMistakeInAWebsiteIsToldWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown key":       {"  signIn:", "  signin:", "website.yaml:60:3: website.signin: there is no such key; did you mean signIn?"},
		"an unknown step":      {"{press: \"[data-passkey]\"}", "{click: \"[data-passkey]\"}", "website.signIn.steps.1.click: there is no such key"},
		"two steps in one":     {"{go: /sign-up}", "{go: /sign-up, see: main}", "website.account.0: a step is one of"},
		"a code of no secret":  {"keep: secret}", "keep: sceret}", "${totp.secret}: did you mean ${totp.sceret}?"},
		"no sight":             {`    accepted: {see: "#name"}` + "\n", "", "website.register.accepted: say what the page shows"},
		"an application, too":  {"website:\n", "application: {bytes: array}\nwebsite:\n", "describe application or website, not both"},
		"paths beside it":      {"website:\n", "paths: {removal: /x}\nwebsite:\n", "a website's with its steps"},
		"a list that is none":  {"  account:\n    - {go: /sign-up}\n", "  account: {}\n  resume:\n", "must be a list"},
		"a variable not there": {"with: seven-green-lanterns-42", "with: \"${env.PASSKEYLAB_NO_SUCH_WORD}\"", "the environment has no such variable"},
	} {
		content := strings.Replace(rpcases.SampleWebsite, c.old, c.new, 1)
		if content == rpcases.SampleWebsite {
			t.Fatalf("%s: nothing was changed", name)
		}
		_, err := rpcases.ReadTarget(write(t, t.TempDir(), "website.yaml", content))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
