package journeys

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about attacks over HTTP.

// signsInAsVisitor returns a signed-in visitor of the person's own account.
func (p *Person) signsInAsVisitor() *lab.Visitor {
	GinkgoHelper()
	visitor := p.visits()
	p.does("signs in over the API", func(ctx context.Context) error { return visitor.SignIn(ctx, p.Account) })
	return visitor
}

// startsARun returns a signed-in visitor that stands before the ceremony.
func (p *Person) startsARun() *lab.Visitor {
	GinkgoHelper()
	return p.standsBeforeCreating(p.Account, "passkey")
}

// asksForOptions asks for creation options and returns them.
func (p *Person) asksForOptions(visitor *lab.Visitor) []byte {
	GinkgoHelper()
	var options []byte
	p.does("asks for creation options", func(ctx context.Context) error {
		reply, found, err := visitor.Options(ctx)
		if err != nil {
			return err
		}
		options = found
		return holds("the status", reply.Status, gomega.Equal(http.StatusOK))
	})
	return options
}

// answers asks for creation options and makes a credential for them, honestly,
// with a provider that no journey has used yet.
func (p *Person) answers(visitor *lab.Visitor) []byte {
	GinkgoHelper()
	return p.crafts(p.asksForOptions(visitor), provider.GooglePasswordManager(), client.Misbehaviour{})
}

// verifies posts a credential to a visitor's run.
func (p *Person) verifies(visitor *lab.Visitor, credential []byte) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("posts the credential", func(ctx context.Context) error {
		var err error
		reply, err = visitor.Verify(ctx, credential)
		return err
	})
	return reply
}

// sends posts a body with headers of the journey's choice.
func (p *Person) sends(visitor *lab.Visitor, path string, header http.Header, body string) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("posts to "+path, func(ctx context.Context) error {
		var err error
		reply, err = visitor.Do(ctx, http.MethodPost, path, header, []byte(body))
		return err
	})
	return reply
}

// findsSignInAnswered signs in with what a provider holds, by a client that lies as told, and finds the status of the answer.
func (p *Person) findsSignInAnswered(in provider.Provider, lie client.Misbehaviour, status int) {
	GinkgoHelper()
	p.finds(fmt.Sprintf("the sign-in is answered %d", status), p.signsInOverTheAPI(in, lie).Status, gomega.Equal(status))
}

// asked is what a request for sign-in options brought: the answer's shape, and what it made the database do.
type asked struct {
	shape any
	work  []string
}

// asksToSignIn asks for sign-in options under a name, in a browser of its own.
func (p *Person) asksToSignIn(userName string) (found asked) {
	GinkgoHelper()
	visitor := p.visits()
	before := len(p.Statements())
	p.does(fmt.Sprintf("asks for sign-in options as %q", userName), func(ctx context.Context) error {
		body, err := json.Marshal(map[string]any{"userName": userName, "conditional": false})
		if err != nil {
			return err
		}
		reply, err := visitor.PostJSON(ctx, "/sign-in/options", body)
		if err != nil {
			return err
		}
		var answer any
		if err := json.Unmarshal(reply.Body, &answer); err != nil {
			return err
		}
		found.shape = []any{reply.Status, slices.Sorted(maps.Keys(reply.Header)), shapeOf(answer)}
		return nil
	})
	found.work = p.Statements()[before:]
	return found
}

// shapeOf is a JSON value with each text that is drawn anew each time replaced by its length.
func shapeOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		shape := map[string]any{}
		for name, member := range value {
			if text, isText := member.(string); isText && (name == "challenge" || name == "ceremony") {
				member = len(text)
			}
			shape[name] = shapeOf(member)
		}
		return shape
	case []any:
		shape := make([]any, len(value))
		for i := range value {
			shape[i] = shapeOf(value[i])
		}
		return shape
	}
	return value
}

// mostTries is more answers that fail than any limit lets pass.
const mostTries = 100

// failsUntilShut posts answers that cannot be right until the relying party will not look at more, and returns how long it
// says to wait.
func (p *Person) failsUntilShut(visitor *lab.Visitor, path string) (wait time.Duration) {
	GinkgoHelper()
	p.does("posts answers that fail to "+path+" until she has to wait", func(ctx context.Context) error {
		for range mostTries {
			reply, err := visitor.PostJSON(ctx, path, []byte(`{"id":"AAAA"}`))
			if err != nil {
				return err
			}
			if reply.Status == http.StatusTooManyRequests {
				wait, err = waitIn(reply)
				return err
			}
			if err := holds("the status", reply.Status, gomega.BeElementOf(http.StatusUnprocessableEntity, http.StatusConflict)); err != nil {
				return err
			}
		}
		return &Unexpected{What: path, Expected: "an end of its patience", Got: fmt.Sprintf("%d answers looked at", mostTries)}
	})
	return wait
}

// waitIn is how long a refusal says to wait (RFC 9110 §10.2.3).
func waitIn(reply *lab.Reply) (time.Duration, error) {
	if err := holds("the code", reply.Code(), gomega.BeEquivalentTo(rp.CodeRateLimited)); err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(reply.Header.Get("Retry-After"))
	if err != nil {
		return 0, fmt.Errorf("read Retry-After: %w", err)
	}
	return time.Duration(seconds) * time.Second, holds("the seconds to wait", seconds, gomega.And(gomega.BeNumerically(">", 0), gomega.BeNumerically("<=", 60)))
}

// asksTooMuch finds that even an answer that is right is not looked at, and that the wait is told.
func (p *Person) asksTooMuch(visitor *lab.Visitor, credential []byte) {
	GinkgoHelper()
	reply := p.verifies(visitor, credential)
	p.finds("a right answer gets 429 as well", reply.Status, gomega.Equal(http.StatusTooManyRequests))
	p.does("finds how long to wait", func(context.Context) error {
		_, err := waitIn(reply)
		return err
	})
}

// secrets are what must stay out of logs, by what each is.
type secrets map[string][]byte

// keepsSecrets begins a list of secrets with those of the account.
func (p *Person) keepsSecrets() secrets {
	return secrets{"the password": []byte(p.Account.Password), "the secret of the one-time codes": []byte(p.Account.TOTPSecret)}
}

func (s secrets) add(what string, value []byte) { s[what] = value }

// addOptions adds what creation options have of the kind.
func (s secrets) addOptions(options []byte) {
	var read creationOptions
	if err := json.Unmarshal(options, &read); err == nil {
		s.add("the challenge", read.Challenge)
		s.add("the user handle", read.User.ID)
	}
}

// findsKept finds none of the secrets, however it may be written, in what the relying party has logged and audited. That log
// has to be there, or nothing could be found in it.
func (p *Person) findsKept(s secrets) {
	GinkgoHelper()
	written := p.Log.String() + fmt.Sprintf("%+v", p.audit(""))
	p.finds("the log tells what happened", written, gomega.And(
		gomega.ContainSubstring("msg=request"), gomega.ContainSubstring("passkey.added"), gomega.ContainSubstring("sign-in refused"),
	))
	for _, what := range slices.Sorted(maps.Keys(s)) {
		p.finds("the log does not have "+what, formsIn(written, s[what]), gomega.BeEmpty())
	}
}

// formsIn are the forms in which text has a secret.
func formsIn(text string, secret []byte) (found []string) {
	folded := strings.ToLower(text)
	for name, form := range map[string]string{
		"as it is": string(secret), "base64url": base64.RawURLEncoding.EncodeToString(secret), "base64": base64.RawStdEncoding.EncodeToString(secret),
		"hexadecimal": hex.EncodeToString(secret), "a list of numbers": strings.Trim(fmt.Sprint(secret), "[]"),
	} {
		if len(secret) == 0 || strings.Contains(text, form) || strings.Contains(folded, strings.ToLower(form)) {
			found = append(found, name)
		}
	}
	return found
}
