package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// check says what is wrong with the flags, before anybody is asked anything: a run may take minutes, and its findings must have
// somewhere to go.
func (o *checkRPOptions) check(cmd *cobra.Command) error {
	changed := cmd.Flags().Changed
	switch {
	case changed("only") && len(o.only) == 0:
		return usage("--only is empty, and selects nothing; write it like --only='reg/*', or leave it out for all cases")
	case changed("replay") && o.replay == "":
		return usage("--replay is empty; name the case to show; passkeylab cases --suite=rp lists them")
	case o.replay != "" && len(o.only) > 0:
		return usage("--replay shows one case, and --only chooses some; give one of them")
	case o.repeat < 1:
		return usage("--repeat %d: each case runs once at least", o.repeat)
	case o.parallel < 1:
		return usage("--parallel %d: one case at a time is the least", o.parallel)
	case o.caseTimeout < 0:
		return usage("--case-timeout %s: a case needs some time", o.caseTimeout)
	}
	return o.checkFiles()
}

// checkFiles says which report cannot be written.
func (o *checkRPOptions) checkFiles() error {
	taken := map[string]string{}
	for _, file := range []struct{ flag, path string }{{"--json", o.json}, {"--junit", o.junit}, {"--html", o.html}} {
		if file.path == "" {
			continue
		}
		path := filepath.Clean(file.path)
		if other := taken[path]; other != "" {
			return usage("%s and %s are the same file, %s; the second would replace the first", other, file.flag, file.path)
		}
		taken[path] = file.flag
		if err := canWrite(path); err != nil {
			return usage("%s %s: %w", file.flag, file.path, err)
		}
	}
	return nil
}

// canWrite makes the folder of a file, and tries whether it takes one.
func canWrite(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("this is a folder; name a file in it")
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("its folder cannot be made: %w", err)
	}
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("its folder cannot be written to: %w", err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// selection reads which cases run. --replay is about one.
func (o *checkRPOptions) selection(all []conformance.Case[*rpcases.Bench]) ([]conformance.Pattern, error) {
	texts := o.only
	if o.replay != "" {
		texts = []string{o.replay}
	}
	patterns, err := conformance.ParsePatterns(texts)
	if err != nil {
		return nil, &exit{code: exitUsage, cause: err}
	}
	chosen, err := conformance.Choose(all, patterns)
	if err != nil {
		return nil, usage("%w; see: passkeylab cases --suite=rp", err)
	}
	if one := slices.IndexFunc(chosen, func(c conformance.Case[*rpcases.Bench]) bool { return c.ID == o.replay }); o.replay != "" && one < 0 && len(chosen) > 1 {
		var ids []string
		for _, c := range chosen {
			ids = append(ids, c.ID)
		}
		most := min(len(ids), 6)
		return nil, usage("--replay shows one case, and %s is %d of them: %s%s", o.replay, len(ids), strings.Join(ids[:most], ", "), map[bool]string{true: ", …"}[len(ids) > most])
	}
	return patterns, nil
}
