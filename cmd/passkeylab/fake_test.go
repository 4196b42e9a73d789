package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/progress"
	"github.com/passkeylab/passkeylab/reports"
)

// fakeGinkgo stands in for `go tool ginkgo run` in scripts: it tells the news of a suite of three journeys the way a real
// one does. FAKE says what happens.
func fakeGinkgo() {
	leave(fmt.Sprintf("%s\n", strings.Join(os.Args[1:], " ")), "args.txt")
	leave(strings.Join(os.Environ(), "\n"), "env.txt")
	fmt.Println("Running Suite: journeys (Ginkgo's own words)")
	os.Exit(play(os.Getenv("FAKE")))
}

func play(what string) int {
	if what == "build" {
		fmt.Println("journey_test.go:1:1: syntax error")
		return 1
	}
	settings, err := config.Load(config.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	client, err := progress.Dial(os.Getenv(config.EnvProgress))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer client.Close()
	run := reports.Run{Suite: "journeys", Tool: "passkeylab", Seed: 7, Started: time.Unix(1_800_000_000, 0).UTC(), Duration: time.Second}
	if what == "empty" {
		client.Send(progress.Event{Event: progress.Plan})
		write(settings.Reports.JSON, run)
		return 1
	}
	client.Send(progress.Event{Event: progress.Plan, Total: 3})
	add := func(id, title string, state progress.State, kind reports.State) {
		client.Send(progress.Event{Event: progress.Start, ID: id, Title: title})
		event := progress.Event{Event: progress.End, ID: id, Title: title, State: state, Seconds: 1.24}
		result := reports.Result{ID: id, Title: title, State: kind, Started: run.Started, Duration: 1240 * time.Millisecond}
		switch kind {
		case reports.Failed:
			event.Step, event.Message, event.Rerun = "she saves it there", "expected screen S10\ngot E2", "go tool ginkgo run --label-filter='id:"+id+"' ./scenarios/journeys"
			event.Evidence = filepath.Join(settings.Evidence.Dir, id, "failure.jpg")
			result.Failure = &reports.Failure{Step: event.Step, Message: event.Message}
			result.Reproduce = event.Rerun
		case reports.Skipped:
			event.Message = "this driver is  not here"
			result.Reason = event.Message
		}
		client.Send(event)
		run.Results = append(run.Results, result)
	}
	add("REG-04", "adds a passkey on this device", progress.Passed, reports.Passed)
	if what == "hang" {
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		leave("", "started")
		<-interrupted
		run.Interrupted = true
		write(settings.Reports.JSON, run)
		return 1
	}
	state, kind := progress.Passed, reports.Passed
	if what == "fail" {
		state, kind = progress.Failed, reports.Failed
	}
	add("WP-01", "saves in the wrong provider, is told where, retries, succeeds", state, kind)
	add("REG-01", "uses a phone", progress.Skipped, reports.Skipped)
	if what == "crash" {
		fmt.Println("panic: the suite's own AfterSuite")
		return 1
	}
	write(settings.Reports.JSON, run)
	if what == "fail" {
		return 1
	}
	return 0
}

func write(path string, run reports.Run) {
	if path == "" {
		return
	}
	if err := writeReport(path, func(w io.Writer) error { return reports.JSON(w, run) }); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// leave keeps something for the script to look at.
func leave(text, name string) {
	if err := os.WriteFile(filepath.Join(os.Getenv("WORK"), name), []byte(text), 0o644); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// serving ADDRESS-FILE takes a port until the script ends and writes its address into a file.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serving variable")
	}
	listener, err := listen(context.Background(), "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	ts.Setenv(args[0], listener.Addr().String())
}
