package virtualauth_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// hidChannel is one client of a device that others share. It is a ctap2.Transport.
type hidChannel struct {
	conn    net.Conn
	channel ctaphid.Channel
}

// Exchange sends one request and waits for its response.
func (c hidChannel) Exchange(_ context.Context, request []byte) ([]byte, error) {
	return c.talk(ctaphid.CommandCBOR, request)
}

func (c hidChannel) talk(command ctaphid.Command, data []byte) ([]byte, error) {
	const size = 64
	reports, err := ctaphid.Message{Channel: c.channel, Command: command, Data: data}.Reports(size)
	for i := 0; err == nil && i < len(reports); i++ {
		_, err = c.conn.Write(reports[i])
	}
	var in ctaphid.Assembler
	for whole := false; err == nil && !whole; {
		report := make([]byte, size)
		if _, err = io.ReadFull(c.conn, report); err != nil {
			break
		}
		var p ctaphid.Packet
		if p, err = ctaphid.ParsePacket(report); err == nil {
			var m ctaphid.Message
			m, whole, err = in.Add(p)
			data = m.Data
		}
	}
	return data, err
}

// A-GNA-006: what one client has begun, another cannot go on with.
func TestAnotherChannelContinuesNothing(t *testing.T) {
	s := newStage(t, everything)
	for _, user := range []string{"ada", "bea", "cia"} {
		s.register(user)
	}
	ours, theirs := net.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := (&ctaphid.Device{CTAP: s, Handover: s.Handover}).Serve(context.WithoutCancel(t.Context()), theirs); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { ours.Close() })
	var clients []hidChannel
	for id := range ctaphid.Channel(2) {
		if _, err := (hidChannel{ours, ctaphid.Broadcast}).talk(ctaphid.CommandInit, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, hidChannel{ours, id + 1})
	}
	first, second := clients[0], clients[1]
	begin := func() {
		response, err := ctap2.GetAssertion(t.Context(), first, authentication())
		if err != nil || response.Count != 3 {
			t.Fatalf("%+v, %v", response, err)
		}
	}
	begin()
	_, err := ctap2.GetNextAssertion(t.Context(), first)
	s.expect("the first goes on", err, ctap2.OK)
	_, err = ctap2.GetNextAssertion(t.Context(), second)
	s.expect("the second goes on", err, ctap2.NotAllowed)
	_, err = ctap2.GetNextAssertion(t.Context(), first)
	s.expect("the first once more", err, ctap2.NotAllowed)
	begin()
	_, err = ctap2.GetNextAssertion(t.Context(), first)
	s.expect("the first begins again", err, ctap2.OK)
}

// A request that is still under way when another client takes over, as an aborted one may be, leaves it nothing either.
func TestAHandoverWaitsForTheRequestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, everything)
		for _, user := range []string{"ada", "bea", "cia"} {
			s.register(user)
		}
		done := make(chan struct{})
		s.person.meanwhile = func() {
			go func() {
				defer close(done)
				s.Handover()
			}()
			synctest.Wait() // it waits for its turn, or would be through
		}
		response, err := ctap2.GetAssertion(t.Context(), s, authentication())
		if err != nil || response.Count != 3 {
			t.Fatalf("%+v, %v", response, err)
		}
		s.person.meanwhile = nil
		<-done
		_, err = ctap2.GetNextAssertion(t.Context(), s)
		s.expect("going on after a handover", err, ctap2.NotAllowed)
	})
}
