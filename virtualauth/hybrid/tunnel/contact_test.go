package tunnel_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

// payload is the header of a desktop that asks for its phone.
func payload(digits string) http.Header { return http.Header{"X-Cable-Client-Payload": {digits}} }

// meeting is where a notice sends the phone.
func meeting(t *testing.T, notice, wantPayload string) string {
	t.Helper()
	if len(notice) < 19 || notice[19:] != wantPayload {
		t.Fatalf("the notice is %x", notice)
	}
	return "/cable/connect/" + hex.EncodeToString([]byte(notice[:3])) + "/" + hex.EncodeToString([]byte(notice[3:19]))
}

func awaitListening(t *testing.T, server *tunnel.Server, want int) {
	t.Helper()
	if !eventually(func() bool { return server.Metrics().Listening == want }) {
		t.Errorf("%d phones listen, not %d", server.Metrics().Listening, want)
	}
}

func TestALinkedDesktopReachesItsPhone(t *testing.T) {
	server := start(t, tunnel.Options{})
	listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
	for _, round := range []string{"once", "and once more"} {
		desktop, response := open(t, server, "/cable/contact/"+contactID, payload(hex.EncodeToString([]byte(round))))
		if got := response.Header.Get("Sec-WebSocket-Protocol"); got != "fido.cable" {
			t.Errorf("the desktop's subprotocol is %q", got)
		}
		if got := response.Header.Values("X-caBLE-Signal-Connection"); len(got) != 0 {
			t.Errorf("a signal is promised: %q", got)
		}
		send(t, desktop, "early")
		phone, _ := open(t, server, meeting(t, receive(t, listening), round), nil)
		if got := receive(t, phone); got != "early" {
			t.Errorf("the phone received %q", got)
		}
		send(t, phone, "answer")
		if got := receive(t, desktop); got != "answer" {
			t.Errorf("the desktop received %q", got)
		}
		_ = desktop.Close(websocket.StatusNormalClosure, "")
		closed(t, phone)
	}
	if m := server.Metrics(); m.FromDesktop.Messages != 2 || m.FromPhone.Messages != 2 || m.Requests["contact 101"] != 2 {
		t.Errorf("the metrics are %+v", m)
	}
}

func TestAPhoneThatWasAwayLearnsWhoWaits(t *testing.T) {
	server := start(t, tunnel.Options{})
	listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
	awaitListening(t, server, 1)
	_ = listening.Close(websocket.StatusNormalClosure, "")
	awaitListening(t, server, 0)
	open(t, server, "/cable/contact/"+contactID, payload("01"))
	gone, _ := open(t, server, "/cable/contact/"+contactID, payload("02"))
	_ = gone.Close(websocket.StatusNormalClosure, "")
	awaitEnd(t, server, "desktop left")
	open(t, server, "/cable/contact/"+contactID, payload("03"))

	again, _ := open(t, server, "/cable/listen/"+contactID, nil)
	meeting(t, receive(t, again), "\x01")
	meeting(t, receive(t, again), "\x03") // nothing of the desktop that has left
}

func TestADesktopMayAskBeforeThePhoneEverListened(t *testing.T) {
	server := start(t, tunnel.Options{})
	open(t, server, "/cable/contact/"+contactID, payload("01"))
	listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
	meeting(t, receive(t, listening), "\x01")
}

func TestWhoListensLastIsThePhone(t *testing.T) {
	server := start(t, tunnel.Options{})
	first, _ := open(t, server, "/cable/listen/"+contactID, nil)
	awaitListening(t, server, 1)
	second, _ := open(t, server, "/cable/listen/"+contactID, nil)
	if got := closed(t, first); got != 4000 {
		t.Errorf("the first is closed by %d", got)
	}
	open(t, server, "/cable/contact/"+contactID, payload("01"))
	meeting(t, receive(t, second), "\x01")
	awaitListening(t, server, 1)
}

func TestAContactIDThatWasTakenBackIsGone(t *testing.T) {
	server := start(t, tunnel.Options{})
	listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
	awaitListening(t, server, 1)
	_ = listening.Close(websocket.StatusNormalClosure, "")
	awaitListening(t, server, 0)
	waiting, _ := open(t, server, "/cable/contact/"+contactID, payload("01"))
	unlink := func() {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://cable.ua5v.com/cable/listen/"+contactID, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client(t, server).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusNoContent {
			t.Errorf("the answer is %s", response.Status)
		}
	}
	unlink()
	if got := closed(t, waiting); got != websocket.StatusGoingAway {
		t.Errorf("the desktop that waits is closed by %d", got)
	}
	if code, words := status(t, server, "/cable/contact/"+contactID, payload("01")); code != http.StatusGone || !strings.Contains(words, "forget the link") {
		t.Errorf("%d %s", code, words)
	}
	unlink() // of an id that nobody knows

	listening, _ = open(t, server, "/cable/listen/"+contactID, nil)
	awaitListening(t, server, 1)
	unlink()
	if got := closed(t, listening); got != 4000 {
		t.Errorf("the phone is closed by %d", got)
	}
	awaitListening(t, server, 0)
	open(t, server, "/cable/listen/"+contactID, nil) // linked anew
	awaitListening(t, server, 1)
	open(t, server, "/cable/contact/"+contactID, payload("01"))
}

func TestASilentPhoneIsTakenForGone(t *testing.T) {
	var now clock
	limits := tunnel.Limits{Ping: 31 * time.Second}
	server := start(t, tunnel.Options{Limits: limits, Clock: &now})
	alive, _ := open(t, server, "/cable/listen/YWxpdmU", nil)
	heard := alive.CloseRead(t.Context()) // it answers pings
	awaitListening(t, server, 1)
	now.pass(t, limits.Ping)
	now.pass(t, limits.Ping) // either the next ping is due, or the answer to the first never came
	if heard.Err() != nil || server.Metrics().Listening != 1 {
		t.Error("a phone that answers was sent away")
	}
	_ = alive.Close(websocket.StatusNormalClosure, "")
	awaitListening(t, server, 0)

	open(t, server, "/cable/listen/"+contactID, nil) // it reads nothing, and so answers nothing
	awaitListening(t, server, 1)
	now.pass(t, limits.Ping)
	now.pass(t, limits.Ping)
	awaitListening(t, server, 0)
}

func TestAPhoneThatListensDoesNotSpeak(t *testing.T) {
	server := start(t, tunnel.Options{})
	listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
	send(t, listening, "hello")
	if got := closed(t, listening); got != websocket.StatusPolicyViolation {
		t.Errorf("it is closed by %d", got)
	}
}
