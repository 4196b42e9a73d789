package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/reports"
)

// reportOptions are the flags of passkeylab report.
type reportOptions struct {
	settings    settings
	html, junit string
	strict      bool
	print       bool
}

func (a app) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report [run.json ...]",
		Short: "Render reports again from the data of a run",
		Long: `report reads what a run found (run.json) and writes its HTML and JUnit files again; several files become one report. Without
arguments it reads the file of the last run, and writes where ginkgo.yaml says. Files that are merged must stand in one
folder, because their pictures are found from there.

Exit codes: 0 written (whatever the run found), 1 it could not be written, 2 wrong flags or settings.`,
		Example: `  passkeylab report                                        the last run again
  passkeylab report --print                                its summary on the console, nothing written
  passkeylab report --html=all.html --junit=none a.json b.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, files []string) error { return a.report(o, files) },
	}
	o.settings.register(cmd)
	cmd.Flags().StringVar(&o.html, "html", "", "HTML `file` to write; none: not written (default: reports.html of ginkgo.yaml)")
	cmd.Flags().StringVar(&o.junit, "junit", "", "JUnit `file` to write; none: not written (default: reports.junit of ginkgo.yaml)")
	cmd.Flags().BoolVar(&o.strict, "strict", false, "JUnit for readers that enforce the schema: no properties in test cases")
	cmd.Flags().BoolVar(&o.print, "print", false, "print the summary and write nothing")
	return cmd
}

func (a app) report(o reportOptions, files []string) error {
	settings, err := o.settings.load()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		if settings.Reports.JSON == "" {
			return usage("reports.json is none in ginkgo.yaml, so there is no last run; name the files to read")
		}
		files = []string{settings.Reports.JSON}
	}
	run, dir, err := readRuns(files)
	if err != nil {
		return err
	}
	if o.print {
		return reports.Summary(a.out, run, nil)
	}
	html, junit := target(o.html, settings.Reports.HTML), target(o.junit, settings.Reports.JUnit)
	writeJUnit := reports.JUnit
	if o.strict {
		writeJUnit = reports.JUnitStrict
	}
	gallery := ""
	if html != "" && len(reports.Shots(run)) > 0 {
		gallery = filepath.Join(filepath.Dir(html), reports.GalleryFile)
	}
	err = errors.Join(
		writeReport(gallery, func(w io.Writer) error { return reports.Gallery(w, run) }),
		writeReport(html, func(w io.Writer) error { return reports.HTML(w, run, reports.Assets{Files: os.DirFS(dir)}) }),
		writeReport(junit, func(w io.Writer) error { return writeJUnit(w, run) }),
	)
	if err != nil {
		return err
	}
	for _, path := range []string{html, gallery, junit} {
		if path != "" {
			fmt.Fprintln(a.out, path)
		}
	}
	return nil
}

// target chooses between a flag and a setting; empty means that the file is not written.
func target(flag, setting string) string {
	switch flag {
	case "":
		return setting
	case "none":
		return ""
	}
	return flag
}

// readRuns reads and merges the files, and returns the folder that their pictures are found from.
func readRuns(files []string) (run reports.Run, dir string, err error) {
	var runs []reports.Run
	for _, name := range files {
		one, err := readRun(name)
		if err != nil {
			return run, "", err
		}
		folder := filepath.Dir(name)
		if dir == "" {
			dir = folder
		}
		if filepath.Clean(folder) != filepath.Clean(dir) {
			return run, "", usage("%s and %s stand in different folders; put the runs to merge, and their pictures, into one", files[0], name)
		}
		runs = append(runs, one)
	}
	if len(runs) == 1 {
		return runs[0], dir, nil
	}
	return reports.Merge(runs...), dir, nil
}

func readRun(name string) (reports.Run, error) {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return reports.Run{}, fmt.Errorf("there is no run at %s; play one with passkeylab journeys, or name the file", name)
	}
	if err != nil {
		return reports.Run{}, fmt.Errorf("read the run: %w", err)
	}
	defer file.Close()
	run, err := reports.Read(bufio.NewReader(file))
	if err != nil {
		return reports.Run{}, fmt.Errorf("%s: %w", name, err)
	}
	return run, nil
}

// writeReport writes beside the target and puts the file in its place when it is whole: a report is never half of one.
func writeReport(path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(file.Name()))
		}
	}()
	buffered := bufio.NewWriter(file)
	if err := errors.Join(write(buffered), buffered.Flush(), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// cutPair splits key=value; a key is never empty.
func cutPair(pair string) (key, value string, found bool) {
	key, value, found = strings.Cut(pair, "=")
	return key, value, found && key != ""
}
