package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestEventsOfManyProcessesArriveWholeAndInTheirOrder(t *testing.T) {
	const processes, journeys = 4, 50
	var got []Event
	server, err := Listen("", func(e Event) { got = append(got, e) })
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for process := 1; process <= processes; process++ {
		client, err := Dial(server.Path())
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() {
			for i := range journeys {
				id := fmt.Sprintf("WP-%02d", i)
				client.Send(Event{Event: Start, ID: id, Process: process})
				client.Send(Event{Event: End, ID: id, State: Passed, Message: strings.Repeat("long ", 200), Process: process})
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	next := map[int]int{}
	for _, event := range got {
		n := next[event.Process]
		next[event.Process]++
		want := []Kind{Start, End}[n%2]
		if event.Event != want || event.ID != fmt.Sprintf("WP-%02d", n/2) {
			t.Fatalf("process %d: event %d is %s %s", event.Process, n, event.Event, event.ID)
		}
	}
	if len(got) != processes*journeys*2 {
		t.Errorf("%d of %d events arrived", len(got), processes*journeys*2)
	}
}

// What was sent before Close is told, even when the connection had not been accepted yet.
func TestNothingIsLostWhenTheRunEndsAtOnce(t *testing.T) {
	for range 20 {
		heard := 0
		server, err := Listen("", func(Event) { heard++ })
		if err != nil {
			t.Fatal(err)
		}
		client, err := Dial(server.Path())
		if err != nil {
			t.Fatal(err)
		}
		client.Send(Event{Event: Plan, Total: 81})
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if err := server.Close(); err != nil || heard != 1 {
			t.Fatalf("heard %d events, %v", heard, err)
		}
	}
}

func TestWithoutAListenerTheClientIsSilent(t *testing.T) {
	client, err := Dial("")
	if err != nil || client != nil {
		t.Fatalf("got %v, %v", client, err)
	}
	client.Send(Event{Event: Start})
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

func TestDialSaysThatNobodyListens(t *testing.T) {
	if _, err := Dial(filepath.Join(t.TempDir(), "nobody")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAListenerThatHangsUpSilencesTheClient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.Close(), listener.Close()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		client.Send(Event{Event: Start})
	}
	if err := client.Close(); err == nil {
		t.Error("the loss was not reported")
	}
	client.Send(Event{Event: Start}) // after Close: nothing happens
	if err := client.Close(); err == nil {
		t.Error("a second Close forgot the loss")
	}
}

func TestAnEventThatIsNoJSONSilencesTheClient(t *testing.T) {
	heard := 0
	server, err := Listen("", func(Event) { heard++ })
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(server.Path())
	if err != nil {
		t.Fatal(err)
	}
	client.Send(Event{Event: End, Seconds: math.NaN()})
	client.Send(Event{Event: End})
	if err := client.Close(); err == nil {
		t.Error("not reported")
	}
	if err := server.Close(); err != nil || heard != 0 {
		t.Errorf("heard %d events of a client that should be silent, %v", heard, err)
	}
}

func TestLinesThatAreNoEventsAreReportedAndTheRestIsHeard(t *testing.T) {
	var got []Event
	server, err := Listen("", func(e Event) { got = append(got, e) })
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", server.Path())
	if err != nil {
		t.Fatal(err)
	}
	lines := "hello\n{\"event\":\"dance\"}\n" + `{"event":"end","id":"WP-01","state":"failed","colour":"red"}` + "\n"
	if _, err := conn.Write([]byte(lines)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	err = server.Close()
	var bad *BadLineError
	if !errors.As(err, &bad) || bad.Line != "hello" || !strings.Contains(err.Error(), "dance") || bad.Unwrap() == nil {
		t.Errorf("got %v", err)
	}
	if want := []Event{{Event: End, ID: "WP-01", State: Failed}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestCloseCutsOffAProcessThatNeverHangsUpAndLeavesNothingBehind(t *testing.T) {
	dir, err := os.MkdirTemp("", "wire") // a socket's path is short: the test's own folder may be too deep
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(dir)
	server, err := Listen(dir, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", server.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := server.Close(); err == nil {
		t.Error("the cut was not reported")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestListenSaysWhereItCannotListen(t *testing.T) {
	if _, err := Listen(filepath.Join(t.TempDir(), "missing"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	deep := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(deep, nil); err == nil {
		t.Error("a socket path longer than the system allows was accepted")
	}
	if left, err := os.ReadDir(deep); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhichStatesMakeARunFail(t *testing.T) {
	for state, want := range map[State]bool{Passed: false, Skipped: false, Pending: false, "": false, Failed: true, Panicked: true, TimedOut: true, Interrupted: true, Aborted: true} {
		if state.Bad() != want {
			t.Errorf("%q: Bad is %v", state, !want)
		}
	}
}

// FuzzParse: any line is an event of a known kind that survives the wire, or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"event":"start","id":"WP-01","title":"saved in the wrong place"}`))
	f.Add([]byte(`{"event":"end","state":"failed","seconds":1.5,"total":81}`))
	f.Add([]byte(`{"event":1}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, line []byte) {
		event, err := parse(line)
		if err != nil {
			var bad *BadLineError
			if !errors.As(err, &bad) || len(bad.Line) > 120 {
				t.Fatalf("got %v", err)
			}
			return
		}
		again, err := json.Marshal(event)
		if err != nil || bytes.ContainsRune(again, '\n') {
			t.Fatalf("%q, %v", again, err)
		}
		if second, err := parse(again); err != nil || second != event {
			t.Fatalf("%+v came back as %+v, %v", event, second, err)
		}
	})
}
