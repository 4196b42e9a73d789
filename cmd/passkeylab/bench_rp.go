package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/passkeylab/passkeylab/virtualauth"
)

// rpBenchOptions say how the relying party is timed.
type rpBenchOptions struct {
	rounds        int
	signIns       int    // a turn
	registrations int    // a turn
	clients       int    // at a time
	stored        int    // the many passkeys
	profile       string // a file, "" for none
}

func (o *rpBenchOptions) register(flags *pflag.FlagSet) {
	flags.IntVar(&o.rounds, "rp-rounds", 5, "how often the relying party takes its turns; 0: not at all")
	flags.IntVar(&o.signIns, "sign-ins", 1000, "how many sign-ins a turn has; 0: none")
	flags.IntVar(&o.registrations, "registrations", 200, "how many registrations a turn has; 0: none")
	flags.IntVar(&o.clients, "clients", 64, "how many of either run at a time; those who wait for the disk share a commit")
	flags.IntVar(&o.stored, "stored", 1_000_000, "how many stored passkeys are compared with 1000; 0: none")
	flags.StringVar(&o.profile, "profile", "", "a `file` for the relying party's processor profile, for go tool pprof")
}

func (o *rpBenchOptions) wrong() bool {
	return min(o.rounds, o.signIns, o.registrations, o.stored) < 0 || o.clients < 1
}

const (
	crowdTimed = 5000 // passkeys that are stored where throughput is timed
	crowdFew   = 1000 // passkeys that many are compared with

	registrationsEach = 4 // by one visitor at most, one after the other
)

// rpBench times relying parties that take turns, so that what else the machine does spoils all alike.
type rpBench struct {
	rpBenchOptions
	key  virtualauth.Portable
	turn int // how many members had their turn
}

// benchRP times the relying party and prints what was found, beside what was aimed at.
func (a app) benchRP(ctx context.Context, o rpBenchOptions) error {
	if o.rounds == 0 {
		return nil
	}
	key, err := crowdKey(ctx)
	if err != nil {
		return err
	}
	bench := &rpBench{rpBenchOptions: o, key: key}
	fmt.Fprintf(a.out, "the relying party over loopback: %s, each of %s and %s by %s at a time%s\n", count(o.rounds, "turn", "turns"),
		count(o.signIns, "sign-in", "sign-ins"), count(o.registrations, "registration", "registrations"),
		count(o.clients, "client", "clients"), machineLoad())
	return errors.Join(a.benchThroughput(ctx, bench), a.benchStored(ctx, bench))
}

// machineLoad says how busy the machine is, where the system tells.
func machineLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 2 {
		return "; load average " + strings.Join(fields[:3], ", ")
	}
	return ""
}

// benchThroughput times sign-ins and registrations, with a disk that is waited for and without, beside bare verification.
func (a app) benchThroughput(ctx context.Context, b *rpBench) (err error) {
	public := base64.RawURLEncoding.EncodeToString(b.key.PublicKey)
	durable, err := a.startBenched(ctx, benchedOptions{stored: crowdTimed, publicKey: public, profile: b.profile})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, durable.close()) }()
	hasty, err := a.startBenched(ctx, benchedOptions{stored: crowdTimed, publicKey: public, notDurable: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hasty.close()) }()
	least, err := a.startBenched(ctx, benchedOptions{floor: true, publicKey: public})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, least.close()) }()
	bare, err := newBareVerifier(durable.origin, b.key.PublicKey)
	if err != nil {
		return err
	}
	connections := benchedConnections(b.clients)
	defer connections.CloseIdleConnections()
	for _, kind := range []benchedKind{
		{"sign-in", b.signIns, b.signInBatch, bare.signIns, least, 2.5},
		{"registration", b.registrations, b.registrationBatch, bare.registrations, nil, 0},
	} {
		if kind.each == 0 {
			continue
		}
		var found pace
		for range b.rounds {
			waited, err := kind.batch(ctx, durable, connections)
			if err != nil {
				return err
			}
			hurried, err := kind.batch(ctx, hasty, connections)
			if err != nil {
				return err
			}
			verified, err := kind.bare(waited.answers)
			if err != nil {
				return err
			}
			found.add(waited, hurried, verified)
			if kind.least == nil {
				continue
			}
			behind, err := kind.batch(ctx, kind.least, connections)
			if err != nil {
				return err
			}
			found.addLeast(waited, behind)
		}
		found.print(a.out, kind.says, kind.aim)
	}
	return nil
}

// benchedKind is a kind of ceremony: how many make a turn, what carries them out, what verifies them barely, the least that does
// so over HTTP (nil for none), and how many times bare verification one should cost at most.
type benchedKind struct {
	says  string
	each  int
	batch func(context.Context, *benched, *http.Transport) (batchResult, error)
	bare  func([]memberAnswer) (time.Duration, error)
	least *benched
	aim   float64
}

// batchResult is what many ceremonies took.
type batchResult struct {
	answers    []memberAnswer
	wall, used time.Duration
}

func (r batchResult) rate() float64 { return float64(len(r.answers)) / r.wall.Seconds() }

func (r batchResult) each() time.Duration { return r.used / time.Duration(len(r.answers)) }

// signInBatch times sign-ins, each in a browser of its own.
func (b *rpBench) signInBatch(ctx context.Context, server *benched, connections *http.Transport) (batchResult, error) {
	members, devices, err := b.next(ctx, b.signIns, crowdOf(crowdTimed))
	if err != nil {
		return batchResult{}, err
	}
	result := batchResult{answers: make([]memberAnswer, b.signIns)}
	err = b.timed(server, &result, b.signIns, func(i int) error {
		answer, err := newBenchedVisitor(server.origin, connections).signIn(ctx, devices[i])
		result.answers[i] = memberAnswer{members[i], answer}
		return err
	})
	return result, err
}

// registrationBatch times walks through the wizard by people who are signed in. Those who have many passkeys would reach the limit.
func (b *rpBench) registrationBatch(ctx context.Context, server *benched, connections *http.Transport) (batchResult, error) {
	var visitors []*benchedVisitor
	var who []crowdMember
	for len(visitors)*registrationsEach < b.registrations {
		members, devices, err := b.next(ctx, 1, crowdOf(crowdTimed))
		if err != nil {
			return batchResult{}, err
		}
		if members[0].passkeys()+registrationsEach > 10 {
			continue
		}
		visitor := newBenchedVisitor(server.origin, connections)
		if _, err := visitor.signIn(ctx, devices[0]); err != nil {
			return batchResult{}, err
		}
		visitors, who = append(visitors, visitor), append(who, members[0])
	}
	result := batchResult{answers: make([]memberAnswer, b.registrations)}
	err := b.timed(server, &result, len(visitors), func(i int) error {
		for n := i; n < b.registrations; n += len(visitors) {
			answer, err := visitors[i].register(ctx)
			if err != nil {
				return err
			}
			result.answers[n] = memberAnswer{who[i], answer}
		}
		return nil
	})
	return result, err
}

// next are the members who have their turn, and their authenticators. In a crowd of any size they are spread over all of it.
func (b *rpBench) next(ctx context.Context, n, crowd int) (members []crowdMember, devices []*virtualauth.Authenticator, err error) {
	const stride = 7919 // a prime that divides no crowd, so that everybody's turn comes before anybody's second
	for range n {
		b.turn++
		member := crowdMember(b.turn * stride % crowd)
		device, err := member.device(ctx, b.key)
		if err != nil {
			return nil, nil, err
		}
		members, devices = append(members, member), append(devices, device)
	}
	return members, devices, nil
}

// timed lets the clients work off n pieces of work, and notes how long it took and what the relying party used meanwhile.
func (b *rpBench) timed(server *benched, result *batchResult, n int, do func(i int) error) error {
	before, err := server.used()
	if err != nil {
		return err
	}
	begun := time.Now()
	var taken atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, b.clients)
	for c := range b.clients {
		all.Go(func() {
			for errs[c] == nil {
				i := int(taken.Add(1)) - 1
				if i >= n {
					return
				}
				errs[c] = do(i)
			}
		})
	}
	all.Wait()
	result.wall = time.Since(begun)
	after, err := server.used()
	result.used = after - before
	return errors.Join(append(errs, err)...)
}
