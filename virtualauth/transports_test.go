package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/apdu"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// This file takes one authenticator through every framing: what a client learns must not depend on the road.

// road is a way to an authenticator: CTAP requests, and U2F commands in APDUs.
type road struct {
	ctap2.Transport
	message func(ctx context.Context, apdu []byte) ([]byte, error)
}

// roads builds each road to an authenticator, for the length of a test.
var roads = map[string]func(t *testing.T, s *stage) road{
	"in process": func(_ *testing.T, s *stage) road {
		return road{s, apdu.Messages{Handler: s}.Exchange}
	},
	"CTAPHID": func(t *testing.T, s *stage) road {
		h := plug(t, &ctaphid.Device{CTAP: s, Messages: apdu.Messages{Handler: s}, AwaitsUser: s.AwaitsUser, Handover: s.Handover})
		return road{h, h.Message}
	},
	"CTAPHID, small reports": func(t *testing.T, s *stage) road {
		h := plug(t, &ctaphid.Device{CTAP: s, Messages: apdu.Messages{Handler: s}, ReportSize: 48})
		return road{h, h.Message}
	},
	"APDU, extended": func(t *testing.T, s *stage) road { return tap(t, s, &apdu.Reader{}) },
	"APDU, short":    func(t *testing.T, s *stage) road { return tap(t, s, &apdu.Reader{Short: true}) },
	"APDU, blocking": func(t *testing.T, s *stage) road { return tap(t, s, &apdu.Reader{Blocking: true, Fragment: 100}) },
}

// plug connects a client to a device by a pipe.
func plug(t *testing.T, d *ctaphid.Device) *ctaphid.Host {
	t.Helper()
	ours, theirs := net.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := d.Serve(context.WithoutCancel(t.Context()), theirs); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	h, err := ctaphid.Open(t.Context(), ours, ctaphid.Settings{ReportSize: d.ReportSize})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.Close()
		serving.Wait()
	})
	return h
}

// tap holds a card to a reader.
func tap(t *testing.T, s *stage, reader *apdu.Reader) road {
	t.Helper()
	reader.Card = &apdu.Card{CTAP: s, U2F: s, AwaitsUser: s.AwaitsUser}
	if version, err := reader.Select(t.Context()); err != nil || version != "U2F_V2" {
		t.Fatalf("select: %q, %v", version, err)
	}
	return road{reader, func(ctx context.Context, message []byte) ([]byte, error) {
		c, err := apdu.ParseCommand(message)
		if err != nil {
			return nil, err
		}
		response, err := reader.Message(ctx, c.Instruction, c.P1, c.Data)
		return response.Encode(), err
	}}
}

// journey registers and signs in by CTAP2 and by U2F, checks it all, and returns every response in its order.
func (s *stage) journey(r road) (responses [][]byte) {
	t := s.t
	t.Helper()
	recording := recorder{r, &responses}
	made, err := ctap2.MakeCredential(t.Context(), recording, registration("ada"))
	if err != nil {
		t.Fatal(err)
	}
	request := authentication()
	for range 40 { // several reports, several fragments
		request.AllowList = append(request.AllowList, ctap2.Descriptor{ID: make([]byte, 64), Type: ctap2.PublicKey})
	}
	v := s.view(made.AuthData)
	request.AllowList = append(request.AllowList, ctap2.Descriptor{ID: v.id, Type: ctap2.PublicKey})
	asserted, err := ctap2.GetAssertion(t.Context(), recording, request)
	if err == nil {
		err = v.verifyAssertion(asserted)
	}
	if err != nil {
		t.Fatal(err)
	}
	request.RPID = "other.example"
	if _, err := ctap2.GetAssertion(t.Context(), recording, request); !errors.Is(err, ctap2.NoCredentials) {
		t.Errorf("elsewhere: %v", err)
	}
	if _, err := ctap2.GetInfo(t.Context(), recording); err != nil {
		t.Error(err)
	}
	u2f, err := readRegistration(r.talkU2F(t, &responses, u2fRegister, 0, registerMessage()))
	if err == nil {
		err = u2f.verify()
	}
	if err != nil {
		t.Fatal(err)
	}
	presence, _, err := u2f.verifyAuthentication(r.talkU2F(t, &responses, u2fAuthenticate, enforcePresence, ours(u2f.keyHandle)))
	if err != nil || presence != 1 {
		t.Errorf("U2F: presence %d, %v", presence, err)
	}
	return responses
}

// talkU2F sends one U2F command, which must succeed, and returns its response data.
func (r road) talkU2F(t testing.TB, responses *[][]byte, instruction, p1 byte, data []byte) []byte {
	t.Helper()
	message, err := apdu.Command{Instruction: instruction, P1: p1, Data: data, Expected: 65536, Extended: true}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.message(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	*responses = append(*responses, raw)
	response, err := apdu.ParseResponse(raw)
	if err != nil || response.Status != apdu.OK {
		t.Fatalf("U2F command %02x: %v, %v", instruction, response.Status, err)
	}
	return response.Data
}

// recorder keeps the responses of a transport.
type recorder struct {
	ctap2.Transport
	responses *[][]byte
}

func (r recorder) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	response, err := r.Transport.Exchange(ctx, request)
	*r.responses = append(*r.responses, bytes.Clone(response))
	return response, err
}

// Every road leads to the same bytes.
func TestEveryRoadLeadsToTheSameBytes(t *testing.T) {
	home := newStage(t, u2fModel)
	want := home.journey(roads["in process"](t, home))
	for name, build := range roads {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, u2fModel)
			got := s.journey(build(t, s))
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
}

// The end of a client's context reaches the user, whatever the road, and comes back as KEEPALIVE_CANCEL.
func TestCancellationOnEveryRoad(t *testing.T) {
	for name, build := range roads {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, u2fModel)
			ctx, cancel := context.WithCancel(t.Context())
			s.Authenticator = virtualauth.New(u2fModel, virtualauth.World{Clock: s.clock, Rand: seeded(1), User: virtualauth.UserFunc(
				func(ctx context.Context, _ virtualauth.Prompt) (virtualauth.Consent, error) {
					cancel()
					<-ctx.Done()
					return virtualauth.Consent{}, ctx.Err()
				})})
			if _, err := ctap2.MakeCredential(ctx, build(t, s), registration("ada")); !errors.Is(err, ctap2.KeepAliveCancel) {
				t.Errorf("got %v", err)
			}
			if len(s.Credentials()) != 0 {
				t.Error("a credential was made")
			}
		})
	}
}

// An old U2F key says on each road that CTAP2 is unknown to it.
func TestAnOldKeyOnEveryRoad(t *testing.T) {
	s := newStage(t, virtualauth.Model{Versions: []string{"U2F_V2"}})
	h := plug(t, &ctaphid.Device{Messages: apdu.Messages{Handler: s}})
	if h.Info().Capabilities != 0 {
		t.Errorf("capabilities %02x", h.Info().Capabilities)
	}
	if _, err := ctap2.GetInfo(t.Context(), h); !errors.Is(err, ctaphid.InvalidCommand) {
		t.Errorf("CTAPHID: %v", err)
	}
	reader := &apdu.Reader{Card: &apdu.Card{U2F: s}}
	if version, err := reader.Select(t.Context()); err != nil || version != "U2F_V2" {
		t.Errorf("select: %q, %v", version, err)
	}
	if _, err := ctap2.GetInfo(t.Context(), reader); !errors.Is(err, apdu.InstructionNotSupported) {
		t.Errorf("APDU: %v", err)
	}
	for name, r := range map[string]road{"CTAPHID": {h, h.Message}, "APDU": tap(t, s, &apdu.Reader{})} {
		if got := r.talkU2F(t, new([][]byte), u2fVersion, 0, nil); string(got) != "U2F_V2" {
			t.Errorf("%s: version %q", name, got)
		}
	}
}

// While alwaysUv disables U2F, a card does not claim it.
func TestACardWithAlwaysUV(t *testing.T) {
	model := u2fModel
	model.AlwaysVerify = true
	s := newStage(t, model)
	reader := &apdu.Reader{Card: &apdu.Card{CTAP: s, U2F: s}}
	if version, err := reader.Select(t.Context()); err != nil || version != "FIDO_2_0" {
		t.Errorf("select: %q, %v", version, err)
	}
	if got, err := reader.Message(t.Context(), u2fRegister, 0, registerMessage()); err != nil || got.Status != apdu.CommandNotAllowed {
		t.Errorf("register: %v, %v", got.Status, err)
	}
}
