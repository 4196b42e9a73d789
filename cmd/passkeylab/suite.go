package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/progress"
)

// suiteFolder is the suite that the command runs, from the checkout's root.
const suiteFolder = "./scenarios/journeys"

// suiteRun is one run of the journeys by Ginkgo in a process group of its own.
type suiteRun struct {
	root   string   // the checkout
	flags  []string // for ginkgo run
	env    []string // on top of this process's environment
	output io.Writer
	hear   func(progress.Event) // called for each event, one at a time
}

// play runs the suite to its end and returns Ginkgo's exit code. Signals that this process gets (Ctrl-C, or an end asked
// for) are passed on, so that the suite writes its reports; the third one kills it. The error is what kept the suite from
// being run at all.
func (s suiteRun) play(ctx context.Context) (code int, err error) {
	if _, err := os.Stat(filepath.Join(s.root, suiteFolder)); err != nil {
		return 0, usage("%s has no %s; run this in a checkout of passkeylab", s.root, suiteFolder)
	}
	news, err := progress.Listen("", s.hear)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, news.Close()) }()

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	ginkgo := exec.Command("go", append(append([]string{"tool", "ginkgo", "run"}, s.flags...), suiteFolder)...)
	ginkgo.Dir = s.root
	ginkgo.Env = append(os.Environ(), append(s.env, config.EnvProgress+"="+news.Path())...)
	ginkgo.Stdout, ginkgo.Stderr = s.output, s.output
	ginkgo.SysProcAttr = ownGroup()
	if err := ginkgo.Start(); err != nil {
		return 0, fmt.Errorf("start ginkgo; is Go installed? %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- ginkgo.Wait() }()
	return passOn(ctx, ginkgo.Process.Pid, signals, ended)
}

// passOn hands signals to the group until its leader has ended.
func passOn(ctx context.Context, group int, signals <-chan os.Signal, ended <-chan error) (int, error) {
	interrupts := 0
	interrupt := func() {
		interrupts++
		if interrupts < 3 {
			signalGroup(group, syscall.SIGINT)
			return
		}
		signalGroup(group, syscall.SIGKILL)
	}
	done := ctx.Done()
	for {
		select {
		case <-signals:
			interrupt()
		case <-done:
			done = nil
			interrupt()
		case err := <-ended:
			if interrupts > 0 {
				return exitInterrupted, nil
			}
			return codeOf(err)
		}
	}
}

// codeOf turns the end of a process into its exit code; a process that a signal ended has none and counts as bad.
func codeOf(err error) (int, error) {
	var failed *exec.ExitError
	switch {
	case err == nil:
		return exitGood, nil
	case errors.As(err, &failed) && failed.ExitCode() > 0:
		return failed.ExitCode(), nil
	case errors.As(err, &failed):
		return exitBad, fmt.Errorf("ginkgo was ended from outside: %w", err)
	}
	return exitBad, fmt.Errorf("run ginkgo: %w", err)
}

// ginkgoFlags are the flags that choose what runs; those not given are left to ginkgo.yaml.
type ginkgoFlags struct {
	procs       int
	labelFilter string
	focus       string
	skip        string
	seed        int64
	timeout     string
	failFast    bool
	verbose     bool
}

// arguments are the flags for ginkgo run. More processes than journeys do no harm, but more than cores do.
func (g ginkgoFlags) arguments(procs int) []string {
	arguments := []string{"--procs=" + strconv.Itoa(procs), "--fail-on-empty", "--no-color", "--silence-skips"}
	add := func(given bool, argument string) {
		if given {
			arguments = append(arguments, argument)
		}
	}
	add(g.labelFilter != "", "--label-filter="+g.labelFilter)
	add(g.focus != "", "--focus="+g.focus)
	add(g.skip != "", "--skip="+g.skip)
	add(g.seed != 0, "--seed="+strconv.FormatInt(g.seed, 10))
	add(g.timeout != "", "--timeout="+g.timeout)
	add(g.failFast, "--fail-fast")
	add(g.verbose, "-v")
	return arguments
}

// environment hands this command's settings on to the suite: the file, and what --set gave.
func (s *settings) environment(loaded *config.Config) []string {
	var env []string
	if loaded.File != "" {
		env = append(env, config.EnvFile+"="+loaded.File)
	}
	given := map[string]string{}
	for _, pair := range s.set {
		key, value, _ := cutPair(pair)
		given[key] = value
	}
	for _, key := range config.Keys() {
		if value, found := given[key.Name]; found {
			env = append(env, key.Env+"="+value)
		}
	}
	return env
}

// procsOf is how many processes play: what was asked for, else one a core and at most 4, because each has a browser.
func procsOf(flag, setting, cores int) int {
	switch {
	case flag > 0:
		return flag
	case setting > 0:
		return setting
	}
	return max(1, min(cores, 4))
}
