package subject_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// stopped is a clock that moves only when somebody waits.
type stopped struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
	told  []time.Duration
}

func newStopped() *stopped { return &stopped{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *stopped) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stopped) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.waits = c.now.Add(d), append(c.waits, d)
	return ctx.Err()
}

// pace is one with this clock.
func (c *stopped) pace(change ...func(*subject.Pace)) *subject.Pace {
	p := &subject.Pace{Now: c.read, Wait: c.wait, Tell: func(d time.Duration) { c.told = append(c.told, d) }}
	for _, one := range change {
		one(p)
	}
	return p
}

// busy puts off the first requests, each as the next of some answers says, and accepts those that come then. It keeps their bodies.
type busy struct {
	puts   []func(http.Header) int
	mu     sync.Mutex
	bodies []string
}

// ServeHTTP implements http.Handler.
func (b *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies = append(b.bodies, string(body))
	if len(b.bodies) <= len(b.puts) {
		status := b.puts[len(b.bodies)-1](w.Header())
		w.WriteHeader(status)
		io.WriteString(w, `{"status":"failed","errorMessage":"too many requests"}`)
		return
	}
	io.WriteString(w, `{"status":"ok","errorMessage":""}`)
}

// off is an answer that puts a request off; without a header's name it does not say for how long.
func off(status int, header, value string) func(http.Header) int {
	return func(h http.Header) int {
		if header != "" {
			h.Set(header, value)
		}
		return status
	}
}

// ask puts one request to a busy server, and returns its answer.
func ask(t *testing.T, server *busy, pace *subject.Pace, request subject.Request) subject.Answer {
	t.Helper()
	rp, err := subject.FIDOServer{Base: "http://rp.example", Pace: pace}.InProcess(server)
	if err != nil {
		t.Fatal(err)
	}
	request.Endpoint = subject.CreationOptions
	return rp.Visit().Do(t.Context(), request)
}

func TestWhatABusyServerPutsOffIsAskedAgainWhenItsTimeHasCome(t *testing.T) {
	for name, test := range map[string]struct {
		puts []func(http.Header) int
		want []time.Duration
	}{
		"seconds":                       {[]func(http.Header) int{off(429, "Retry-After", "5")}, []time.Duration{5 * time.Second}},
		"twice":                         {[]func(http.Header) int{off(429, "Retry-After", "5"), off(429, "Retry-After", "2")}, []time.Duration{5 * time.Second, 2 * time.Second}},
		"a service that is unavailable": {[]func(http.Header) int{off(503, "Retry-After", "7")}, []time.Duration{7 * time.Second}},
		"a name of its own":             {[]func(http.Header) int{off(429, "X-Retry-After", "3")}, []time.Duration{3 * time.Second}},
		"a date":                        {[]func(http.Header) int{off(429, "Retry-After", "Fri, 02 Jan 2026 03:04:35 GMT")}, []time.Duration{30 * time.Second}},
		"a date by a clock of its own": {[]func(http.Header) int{func(h http.Header) int {
			h.Set("Date", "Mon, 01 Jan 2035 00:00:00 GMT")
			return off(429, "Retry-After", "Mon, 01 Jan 2035 00:00:09 GMT")(h)
		}}, []time.Duration{9 * time.Second}},
		"a date that is over":      {[]func(http.Header) int{off(429, "Retry-After", "Fri, 02 Jan 2026 03:00:00 GMT")}, []time.Duration{time.Second}},
		"no time":                  {[]func(http.Header) int{off(429, "Retry-After", "0"), off(429, "Retry-After", "0")}, []time.Duration{time.Second, 2 * time.Second}},
		"no word of how long":      {[]func(http.Header) int{off(429, "", ""), off(429, "", ""), off(429, "", "")}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}},
		"a word that nobody reads": {[]func(http.Header) int{off(429, "Retry-After", "soon")}, []time.Duration{time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			clock, server := newStopped(), &busy{puts: test.puts}
			pace := clock.pace()
			answer := ask(t, server, pace, subject.Request{Body: []byte(`{"username":"mia"}`)})
			if answer.Outcome != subject.Accepted {
				t.Fatalf("got %s", answer)
			}
			if !slices.Equal(clock.waits, test.want) || !slices.Equal(clock.told, test.want) {
				t.Errorf("waited %v and told %v, want %v", clock.waits, clock.told, test.want)
			}
			var altogether time.Duration
			for _, wait := range test.want {
				altogether += wait
			}
			if times, waited := pace.Waited(); times != len(test.want) || waited != altogether {
				t.Errorf("waited %d times and %s, want %d and %s", times, waited, len(test.want), altogether)
			}
			for _, body := range server.bodies {
				if body != `{"username":"mia"}` {
					t.Errorf("the request that was repeated has the body %q", body)
				}
			}
			if len(server.bodies) != len(test.puts)+1 {
				t.Errorf("%d requests, want %d", len(server.bodies), len(test.puts)+1)
			}
		})
	}
}

func TestWhatABusyServerDecidedIsNotAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		put     func(http.Header) int
		request subject.Request
		want    subject.Outcome
	}{
		"a server that is broken and says no time": {off(503, "", ""), subject.Request{}, subject.ServerError},
		"a server that broke":                      {off(500, "Retry-After", "5"), subject.Request{}, subject.ServerError},
		"a refusal":                                {off(403, "Retry-After", "5"), subject.Request{}, subject.Refused},
		"a request that is sent once":              {off(429, "Retry-After", "5"), subject.Request{Once: true}, subject.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			clock, server := newStopped(), &busy{puts: []func(http.Header) int{test.put}}
			if answer := ask(t, server, clock.pace(), test.request); answer.Outcome != test.want {
				t.Errorf("got %s, want %s", answer, test.want)
			}
			if len(server.bodies) != 1 || len(clock.waits) > 0 {
				t.Errorf("%d requests, waited %v", len(server.bodies), clock.waits)
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	always := slices.Repeat([]func(http.Header) int{off(429, "Retry-After", "40")}, 100)
	for name, test := range map[string]struct {
		patience time.Duration
		puts     []func(http.Header) int
		want     []time.Duration
	}{
		"after what the target says":    {100 * time.Second, always, []time.Duration{40 * time.Second, 40 * time.Second}},
		"at once, when it says none":    {-1, always, nil},
		"at a time that is far off":     {0, []func(http.Header) int{off(429, "Retry-After", "99999999999999999999")}, nil},
		"at a date that is far off":     {0, []func(http.Header) int{off(429, "Retry-After", "Fri, 02 Jan 2099 03:00:00 GMT")}, nil},
		"after ten minutes by itself":   {0, always, slices.Repeat([]time.Duration{40 * time.Second}, 12)},
		"with a request put off always": {time.Hour * 999, always, slices.Repeat([]time.Duration{40 * time.Second}, 12)},
	} {
		t.Run(name, func(t *testing.T) {
			clock, server := newStopped(), &busy{puts: test.puts}
			answer := ask(t, server, clock.pace(func(p *subject.Pace) { p.Patience = test.patience }), subject.Request{})
			var throttled *subject.ThrottledError
			if answer.Outcome != subject.Throttled || !errors.As(answer.Err, &throttled) {
				t.Fatalf("got %s: %v", answer, answer.Err)
			}
			if !slices.Equal(clock.waits, test.want) {
				t.Errorf("waited %v, want %v", clock.waits, test.want)
			}
			for _, fix := range []string{"raise the server's limit", "--rate", "limits.pause"} {
				if !strings.Contains(answer.String(), fix) {
					t.Errorf("%q does not name %q", answer, fix)
				}
			}
			if answer.Outcome.Broke() || answer.Outcome.Refuses() {
				t.Error("it is neither a refusal nor a crash")
			}
		})
	}
}

func TestRequestsAreSpaced(t *testing.T) {
	clock, server := newStopped(), &busy{}
	rp, err := subject.FIDOServer{Base: "http://rp.example", Pace: clock.pace(func(p *subject.Pace) { p.Pause = 200 * time.Millisecond })}.InProcess(server)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if answer := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationOptions}); answer.Outcome != subject.Accepted {
			t.Fatal(answer)
		}
	}
	if want := []time.Duration{200 * time.Millisecond, 200 * time.Millisecond}; !slices.Equal(clock.waits, want) || clock.told != nil {
		t.Errorf("waited %v, told %v; want %v, and nothing told", clock.waits, clock.told, want)
	}
}

// What several are told at the same time is one wait: the second is not added to the first.
func TestEverybodyWaitsForTheSameServerTogether(t *testing.T) {
	clock := newStopped()
	pace := clock.pace()
	server := &busy{puts: []func(http.Header) int{off(429, "Retry-After", "5")}}
	if answer := ask(t, server, pace, subject.Request{}); answer.Outcome != subject.Accepted {
		t.Fatal(answer)
	}
	clock.now = clock.now.Add(-2 * time.Second) // somebody whom the server put off for as long, two seconds earlier
	other := &busy{}
	if answer := ask(t, other, pace, subject.Request{}); answer.Outcome != subject.Accepted {
		t.Fatal(answer)
	}
	if want := []time.Duration{5 * time.Second, 2 * time.Second}; !slices.Equal(clock.waits, want) {
		t.Errorf("waited %v, want %v", clock.waits, want)
	}
	if _, waited := pace.Waited(); waited != 5*time.Second {
		t.Errorf("counted %s, want 5s", waited)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	clock := newStopped()
	ctx, cancel := context.WithCancel(t.Context())
	pace := clock.pace(func(p *subject.Pace) { p.Tell = func(time.Duration) { cancel() } })
	rp, err := subject.FIDOServer{Base: "http://rp.example", Pace: pace}.InProcess(&busy{puts: []func(http.Header) int{off(429, "Retry-After", "5")}})
	if err != nil {
		t.Fatal(err)
	}
	answer := rp.Visit().Do(ctx, subject.Request{Endpoint: subject.CreationOptions})
	if answer.Outcome != subject.TimedOut || !errors.Is(answer.Err, context.Canceled) {
		t.Errorf("got %s: %v", answer, answer.Err)
	}
}

func TestACallBeforeAnEndpointIsPutOffToo(t *testing.T) {
	clock, server := newStopped(), &busy{puts: []func(http.Header) int{off(429, "Retry-After", "5"), off(429, "Retry-After", "3")}}
	application := subject.Application{
		Account:         []subject.Call{{Path: "/accounts", Body: map[string]any{"name": "${ask.username}"}}},
		CreationOptions: subject.Call{Path: "/options", Options: map[string]any{"challenge": "AA"}},
		CreationResult:  subject.Call{Path: "/result", Body: "${credential}"},
		RequestOptions:  subject.Call{Path: "/sign-in/options", Options: map[string]any{"challenge": "AA"}},
		RequestResult:   subject.Call{Path: "/sign-in", Body: "${credential}"},
	}
	rp, err := subject.Mapped{FIDOServer: subject.FIDOServer{Base: "http://rp.example", Pace: clock.pace()}, Application: application}.InProcess(server)
	if err != nil {
		t.Fatal(err)
	}
	answer := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationOptions, Body: []byte(`{"username":"mia"}`)})
	if answer.Outcome != subject.Accepted {
		t.Fatalf("got %s: %v", answer, answer.Err)
	}
	if want := []time.Duration{5 * time.Second, 3 * time.Second}; !slices.Equal(clock.waits, want) {
		t.Errorf("waited %v, want %v", clock.waits, want)
	}
}
