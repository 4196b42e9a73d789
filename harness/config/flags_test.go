package config

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
)

func TestRegisteredFlagsReachTheSettings(t *testing.T) {
	fs := flag.NewFlagSet("suite", flag.ContinueOnError)
	flags := RegisterFlags(fs)
	if err := fs.Parse([]string{"-browser.mode=headed", "-suite.fail_fast", "--suite.procs", "2"}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{Dir: t.TempDir(), Env: []string{}, Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if c.Browser.Mode != Headed || !c.Suite.FailFast || c.Suite.Procs != 2 {
		t.Errorf("got %+v %+v", c.Browser, c.Suite)
	}
}

func TestMistakesInFlagsAreToldWithAllOthers(t *testing.T) {
	fs := flag.NewFlagSet("suite", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	flags := RegisterFlags(fs)
	if err := fs.Parse([]string{"-browser.mode=loud", "-suite.fail_fast=maybe"}); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Options{Dir: t.TempDir(), Env: []string{}, Flags: flags})
	if got := len(problemsOf(err)); got != 2 || !strings.Contains(err.Error(), "flag -browser.mode") {
		t.Errorf("got %v", err)
	}
}

func TestFlagHelpNamesEveryKey(t *testing.T) {
	fs := flag.NewFlagSet("suite", flag.ContinueOnError)
	RegisterFlags(fs)
	var help strings.Builder
	fs.SetOutput(&help)
	fs.PrintDefaults()
	for _, key := range Keys() {
		if !strings.Contains(help.String(), "-"+key.Name) {
			t.Errorf("no help for %s", key.Name)
		}
	}
}

func TestSettingAnUnknownFlagByName(t *testing.T) {
	var unknown *UnknownKeyError
	if err := NewFlags("").Set("browser.mood", "x"); !errors.As(err, &unknown) || unknown.Nearest != "browser.mode" {
		t.Errorf("got %v", err)
	}
}
