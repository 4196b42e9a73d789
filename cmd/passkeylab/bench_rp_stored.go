package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// probes are how many people a relying party is asked for in a turn, one after the other.
const probes = 200

// probed is how long one person waited.
type probed struct{ signIn, list time.Duration }

// benchStored compares how long people wait where many passkeys are stored and where few are.
func (a app) benchStored(ctx context.Context, b *rpBench) (err error) {
	if b.stored == 0 {
		return nil
	}
	public := base64.RawURLEncoding.EncodeToString(b.key.PublicKey)
	var servers [2]*benched
	for i, stored := range []int{crowdFew, b.stored} {
		begun := time.Now()
		if servers[i], err = a.startBenched(ctx, benchedOptions{stored: stored, publicKey: public}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[i].close()) }()
		fmt.Fprintf(a.out, "  %-58s %.1f s\n", fmt.Sprintf("filling a database with %d passkeys, and opening it", stored), time.Since(begun).Seconds())
	}
	var waits [2]struct{ signIn, list measured } // medians of each turn, µs
	var signIn, list measured
	for range b.rounds {
		for i, stored := range []int{crowdFew, b.stored} {
			found, err := b.probe(ctx, servers[i], crowdOf(stored))
			if err != nil {
				return err
			}
			waits[i].signIn = append(waits[i].signIn, middle(found, func(p probed) time.Duration { return p.signIn }))
			waits[i].list = append(waits[i].list, middle(found, func(p probed) time.Duration { return p.list }))
		}
		last := len(signIn)
		signIn = append(signIn, waits[1].signIn[last]/waits[0].signIn[last])
		list = append(list, waits[1].list[last]/waits[0].list[last])
	}
	for i, stored := range []int{crowdFew, b.stored} {
		fmt.Fprintf(a.out, "  %-58s %s   µs\n", fmt.Sprintf("one sign-in beside %d passkeys", stored), waits[i].signIn)
		fmt.Fprintf(a.out, "  %-58s %s   µs\n", fmt.Sprintf("one's list beside %d passkeys", stored), waits[i].list)
	}
	fmt.Fprintln(a.out, aimed{says: "sign-in beside many, by sign-in beside few", values: signIn, most: 1.2})
	fmt.Fprintln(a.out, aimed{says: "list beside many, by list beside few", values: list, most: 1.2})
	return nil
}

// probe signs people in and shows them their list.
func (b *rpBench) probe(ctx context.Context, server *benched, crowd int) ([]probed, error) {
	connections := benchedConnections(1)
	defer connections.CloseIdleConnections()
	var found []probed
	for range probes {
		_, devices, err := b.next(ctx, 1, crowd)
		if err != nil {
			return nil, err
		}
		visitor := newBenchedVisitor(server.origin, connections)
		begun := time.Now()
		if _, err := visitor.signIn(ctx, devices[0]); err != nil {
			return nil, err
		}
		signedIn := time.Now()
		if err := visitor.list(ctx); err != nil {
			return nil, err
		}
		found = append(found, probed{signedIn.Sub(begun), time.Since(signedIn)})
	}
	return found, nil
}

// middle is the median of a part, in µs.
func middle(all []probed, part func(probed) time.Duration) float64 {
	times := make([]time.Duration, len(all))
	for i, one := range all {
		times[i] = part(one)
	}
	slices.Sort(times)
	return inMicroseconds(quantile(times, 50))
}
