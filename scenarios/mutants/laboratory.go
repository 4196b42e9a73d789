package mutants

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Laboratory holds cases against mutants that are configured as a reference is.
type Laboratory struct {
	// Profile is the book that is judged by: the strictest, so that what is only recommended has teeth, too. Mutants are held
	// against what only FIDO's profile wants under that.
	Profile conformance.Profile

	settings Settings
	policy   rpcases.Policy
	policies map[rpcases.Variant]rpcases.Policy
	variants map[rpcases.Variant]func(*Settings)
	has      conformance.Capabilities
}

// NewLaboratory returns one whose mutants offer what a reference offers, and trust what it trusts. has is what a probe of the
// reference found.
func NewLaboratory(ctx context.Context, reference *rpcases.Suite, has conformance.Capabilities) (*Laboratory, error) {
	l := &Laboratory{Profile: conformance.L3Recommended, policy: reference.Policy, policies: reference.Policies}
	root, err := rpcases.Authority().Root()
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	l.settings = Settings{Origin: reference.RP.Origin(), Related: reference.Policy.Origins, Roots: x509.NewCertPool(), Now: time.Now}
	if l.settings.RPID, err = rpID(ctx, reference.RP); err != nil {
		return nil, err
	}
	l.settings.Roots.AddCert(root)
	for algorithm := range shapes {
		if has.Has(rpcases.Offers(algorithm)) {
			l.settings.Algorithms = append(l.settings.Algorithms, algorithm)
		}
	}
	slices.SortFunc(l.settings.Algorithms, func(a, b cose.Algorithm) int { return int(b - a) })
	if l.variants, err = variants(ctx, reference); err != nil {
		return nil, err
	}
	honest, err := l.Suite(Mutant{}, nil)
	if err == nil {
		l.has, err = honest.Probe(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("mutants: the honest relying party: %w", err)
	}
	return l, nil
}

// rpID reads the RP ID out of creation options.
func rpID(ctx context.Context, reference subject.RelyingParty) (string, error) {
	var options struct{ RP struct{ ID string } }
	answer := reference.Visit().Do(ctx, subject.Request{Endpoint: subject.CreationOptions, Body: []byte(`{"username":"mutants","displayName":"Mutants"}`)})
	if err := json.Unmarshal(answer.Options(), &options); err != nil {
		return "", fmt.Errorf("mutants: the reference gives no options: %s", answer)
	}
	return options.RP.ID, nil
}

// Suite returns the cases held against a new relying party in this process; the zero Mutant is the honest one. refused hears of
// every step that refused a response, and may be nil.
func (l *Laboratory) Suite(m Mutant, refused func(step string)) (*rpcases.Suite, error) {
	s := l.settings
	s.Without, s.Instead, s.Refused = m.Without, m.Instead, refused
	suite := &rpcases.Suite{Policy: l.policy, Policies: l.policies, Variants: map[rpcases.Variant]subject.RelyingParty{}, Run: "m"}
	suite.Laboratory = func(context.Context) (*rpcases.Laboratory, error) { return timed(s) }
	var err error
	suite.RP, err = open(s, "without "+m.Name)
	for v, configure := range l.variants {
		if err == nil {
			other := s
			configure(&other)
			suite.Variants[v], err = open(other, "without "+m.Name+", "+string(v))
		}
	}
	return suite, err
}

// open starts a relying party. Its randomness follows from its title.
func open(s Settings, title string) (subject.RelyingParty, error) {
	s.Rand = rand.NewChaCha8(sha256.Sum256([]byte(title)))
	server := subject.FIDOServer{Title: title, Base: s.Origin, Paths: map[subject.Endpoint]string{subject.Removal: pathRemoval}}
	return server.InProcess(New(s))
}

// timed starts one whose time can be turned. It is never stopped, so that starting it again loses nothing.
func timed(s Settings) (*rpcases.Laboratory, error) {
	var turning sync.Mutex
	var ahead time.Duration
	s.Now = func() time.Time {
		turning.Lock()
		defer turning.Unlock()
		return time.Now().Add(ahead)
	}
	running, err := open(s, "timed")
	return &rpcases.Laboratory{
		RP: running,
		Later: func(d time.Duration) {
			turning.Lock()
			defer turning.Unlock()
			ahead += d
		},
		Again: func(context.Context) (subject.RelyingParty, error) { return running, nil },
		Close: func() error { return nil },
	}, err
}

// Held is what came of one case.
type Held struct {
	reports.Result
	// Refused are the steps that refused somebody.
	Refused []string
}

// hold runs one case against a relying party of its own.
func (l *Laboratory) hold(ctx context.Context, m Mutant, c rpcases.Case, by conformance.Profile) (Held, error) {
	var h Held
	suite, err := l.Suite(m, func(step string) { h.Refused = append(h.Refused, step) })
	if err != nil {
		return h, err
	}
	runner := suite.Runner()
	runner.Cases, runner.Profile, runner.Has, runner.Keep = []rpcases.Case{c}, by, l.has, 1
	finding, err := runner.Run(ctx)
	if err == nil && len(finding.Run.Results) != 1 {
		err = errors.Join(errors.New("mutants: interrupted"), ctx.Err())
	}
	if err != nil {
		return h, err
	}
	h.Result = finding.Run.Results[0]
	return h, suite.Close()
}

// Honest holds cases against the honest relying party, each against one of its own. What came of them is in their order.
func (l *Laboratory) Honest(ctx context.Context, cases []rpcases.Case) ([]Held, error) {
	return each(cases, func(c rpcases.Case) (Held, error) { return l.hold(ctx, Mutant{}, c, l.Profile) })
}

// strictest is the profile under which a mismatch of a case is a failure.
func (l *Laboratory) strictest(c rpcases.Case) conformance.Profile {
	if c.Level == conformance.Interop {
		return conformance.FIDO
	}
	return l.Profile
}

// workers is how many cases run at a time.
const workers = 2

// each calls a function for each of several things, some at a time, and returns what it returned in their order.
func each[T, R any](things []T, do func(T) (R, error)) ([]R, error) {
	results, errs := make([]R, len(things)), make([]error, len(things))
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				results[i], errs[i] = do(things[i])
			}
		})
	}
	for i := range things {
		next <- i
	}
	close(next)
	group.Wait()
	return results, errors.Join(errs...)
}
