package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// This file is about our own relying party as a program that ends and begins: all that it knows it must find again in
// its database. The origin, the port and the file stay the same.

// ErrElsewhere says that a relying party that runs elsewhere was to be stopped or started.
var ErrElsewhere = errors.New("lab: only our own relying party can be stopped and started")

// GoDown ends the relying party, as a crash or an update would. Browsers find nobody at its address until ComeUp. RP is
// of no use meanwhile.
func (s *Stage) GoDown() error {
	if s.RP == nil {
		return ErrElsewhere
	}
	s.config.Policy = s.RP.Policy() // an administrator writes it into the file that the next start reads
	if err := errors.Join(s.site.close(), s.closeDatabase()); err != nil {
		return fmt.Errorf("lab: stop the relying party: %w", err)
	}
	return nil
}

// ComeUp starts the relying party again on the same database and address, after GoDown. change, unless nil, alters its
// configuration first, as an operator may between two starts; RP is then another value.
func (s *Stage) ComeUp(ctx context.Context, change func(*rp.Config)) error {
	if s.RP == nil {
		return ErrElsewhere
	}
	if change != nil {
		change(&s.config)
	}
	site, err := listenAt(s.site.listener.Addr().String(), s.Origin)
	if err != nil {
		return fmt.Errorf("lab: start the relying party again: %w", err)
	}
	s.site = site
	if err := s.startParty(ctx); err != nil {
		return fmt.Errorf("lab: start the relying party again: %w", err)
	}
	if err := site.serve(s, s.RP); err != nil {
		return fmt.Errorf("lab: start the relying party again: %w", err)
	}
	return nil
}

// Restart is GoDown and ComeUp.
func (s *Stage) Restart(ctx context.Context, change func(*rp.Config)) error {
	if err := s.GoDown(); err != nil {
		return err
	}
	return s.ComeUp(ctx, change)
}

// startParty opens the database and makes the relying party from the stage's configuration.
func (s *Stage) startParty(ctx context.Context) (err error) {
	if s.db, err = store.Open(ctx, s.database, store.Options{Readers: 2, Trace: s.asked.add}); err != nil {
		return err
	}
	s.config.Store = s.db
	party, err := rp.New(s.config)
	if err == nil {
		s.RP = party
	}
	return err
}

// closeDatabase closes the relying party's database, if it is open.
func (s *Stage) closeDatabase() error {
	if s.db == nil {
		return nil
	}
	open := s.db
	s.db = nil
	return open.Close()
}

// Node is another process of the same relying party: it has the stage's database and origin, an address of its own, and
// a clock of its own. It ends with the stage.
type Node struct {
	RP   *rp.RelyingParty
	site *site
}

// AddNode starts a node whose clock differs from the stage's for good: it is ahead by that much, or behind. A visitor
// reaches it with Visitor.Through, as behind a load balancer.
func (s *Stage) AddNode(ctx context.Context, ahead time.Duration) (*Node, error) {
	if s.RP == nil {
		return nil, ErrElsewhere
	}
	site, err := listenAt("127.0.0.1:0", s.Origin)
	if err != nil {
		return nil, fmt.Errorf("lab: add a node: %w", err)
	}
	s.closers = append(s.closers, site.close)
	db, err := store.Open(ctx, s.database, store.Options{Readers: 2, Trace: s.asked.add})
	if err != nil {
		return nil, fmt.Errorf("lab: add a node: %w", err)
	}
	s.closers = append(s.closers, db.Close)
	config := s.config
	config.Policy, config.Store, config.Clock = s.RP.Policy(), db, skewed{s.Clock, ahead}
	node := &Node{site: site}
	if node.RP, err = rp.New(config); err == nil {
		err = site.serve(s, node.RP)
	}
	if err != nil {
		return nil, fmt.Errorf("lab: add a node: %w", err)
	}
	return node, nil
}

// skewed is a clock that goes like another one and shows something else.
type skewed struct {
	clock *Clock
	ahead time.Duration
}

// Now implements rp.Clock.
func (c skewed) Now() time.Time { return c.clock.Now().Add(c.ahead) }
