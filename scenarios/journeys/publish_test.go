package journeys

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/reports"
)

// publish writes what the whole suite found, once, whatever happened: also
// after a set-up that failed, and after Ctrl-C.
func (h *House) publish(report Report) error {
	run := h.runOf(report)
	unraised := h.judgeCodes(report, &run)
	if err := os.MkdirAll(h.config.Reports.Dir, 0o755); err != nil {
		return fmt.Errorf("write the reports: %w", err)
	}
	write := func(path string, writer func(io.Writer) error) error {
		if path == "" {
			return nil
		}
		return writeFile(path, writer)
	}
	return errors.Join(
		unraised,
		write(h.config.Reports.JSON, func(w io.Writer) error { return reports.JSON(w, run) }),
		write(h.config.Reports.JUnit, func(w io.Writer) error { return reports.JUnit(w, run) }),
		write(h.config.Reports.HTML, func(w io.Writer) error {
			return reports.HTML(w, run, reports.Assets{Files: os.DirFS(h.config.Reports.Dir)})
		}),
		write(h.galleryFile(run), func(w io.Writer) error { return reports.Gallery(w, run) }),
	)
}

// galleryFile is where the gallery goes: beside the report that links to it, and nowhere when there is nothing in it.
func (h *House) galleryFile(run reports.Run) string {
	if h.config.Reports.HTML == "" || len(reports.Shots(run)) == 0 {
		return ""
	}
	return filepath.Join(filepath.Dir(h.config.Reports.HTML), reports.GalleryFile)
}

func writeFile(path string, writer func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the reports: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the reports: %w", err)
	}
	if err := errors.Join(writer(file), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (h *House) runOf(report Report) reports.Run {
	run := reports.Run{
		Suite: "journeys", Subject: "passkeylab reference relying party", Tool: "passkeylab",
		Edition: "product specification: passkey wizard", Seed: report.SuiteConfig.RandomSeed,
		Started: report.StartTime, Duration: report.RunTime,
		Versions: map[string]string{"go": runtime.Version()},
		Notes:    h.notes, Command: "go tool ginkgo run " + h.flags(report) + "./scenarios/journeys",
		Interrupted: strings.Contains(strings.Join(report.SpecialSuiteFailureReasons, " "), "Interrupted"),
	}
	if h.config.RP.URL != "" {
		run.Subject = h.config.RP.URL
	}
	if h.browser != "" {
		run.Versions["browser"] = h.browser
	}
	run.Notes = append(run.Notes, report.SpecialSuiteFailureReasons...)
	for _, spec := range report.SpecReports {
		if spec.LeafNodeType != types.NodeTypeIt {
			if spec.Failed() {
				run.Results = append(run.Results, setUpFailure(spec))
			}
			continue
		}
		if leftOut(spec) {
			continue
		}
		run.Results = append(run.Results, resultOf(spec, h.config))
	}
	return run
}

func (h *House) flags(report Report) string {
	flags := fmt.Sprintf("--seed=%d ", report.SuiteConfig.RandomSeed)
	if filter := report.SuiteConfig.LabelFilter; filter != "" {
		flags += fmt.Sprintf("--label-filter='%s' ", filter)
	}
	return flags
}

// setUpFailure is a failed suite node as a result: a run whose browser did not
// start must say so where people look.
func setUpFailure(spec SpecReport) reports.Result {
	return reports.Result{
		ID: "suite/" + strings.ToLower(spec.LeafNodeType.String()), Title: "the suite's own " + spec.LeafNodeType.String() + " succeeds",
		Group: "Suite", State: reports.Aborted, Started: spec.StartTime, Duration: spec.RunTime, Process: spec.ParallelProcess,
		Failure: &reports.Failure{Message: spec.Failure.Message, Location: place(spec.Failure.Location)},
	}
}

// resultOf joins what the journey told about itself with how Ginkgo saw it end.
func resultOf(spec SpecReport, settings *config.Config) reports.Result {
	var result reports.Result
	for _, entry := range spec.ReportEntries {
		if entry.Name == entryName {
			if err := json.Unmarshal([]byte(entry.StringRepresentation()), &result); err != nil {
				result.Observations = append(result.Observations, "the record of this journey could not be read: "+err.Error())
			}
		}
	}
	if result.ID == "" { // it ended before it could tell anything
		result.ID, result.Title = named(spec)
	}
	result.Group = strings.Join(spec.ContainerHierarchyTexts, ", ")
	result.Labels = spec.Labels()
	result.Location = place(spec.LeafNodeLocation)
	result.Started, result.Duration, result.Process = spec.StartTime, spec.RunTime, spec.ParallelProcess
	result.State = stateOf(spec.State)
	if result.Reproduce == "" {
		result.Reproduce = reproduce(settings.Suite.Seed, "id:"+result.ID)
	}
	if result.State.Bad() {
		if result.Failure == nil {
			result.Failure = &reports.Failure{Message: spec.Failure.Message}
		}
		if panicked := spec.Failure.ForwardedPanic; panicked != "" {
			result.Failure.Message = "panic: " + panicked
		}
		result.Failure.Location = place(spec.Failure.Location)
	} else {
		result.Failure = nil
	}
	return result
}

// reproduce is the line that plays what a filter selects again.
func reproduce(seed int64, filter string) string {
	return fmt.Sprintf("go tool ginkgo run --seed=%d --label-filter='%s' ./scenarios/journeys", seed, filter)
}

// leftOut reports whether a filter kept the journey from running: it is not
// part of this run. A journey that skipped itself has said why.
func leftOut(spec SpecReport) bool {
	return spec.State.Is(types.SpecStateSkipped|types.SpecStatePending) && spec.Failure.Message == ""
}

func place(location types.CodeLocation) string {
	if location.FileName == "" {
		return ""
	}
	// The folder that the code was built in says nothing to the reader of a report.
	name := location.FileName
	if _, within, found := strings.Cut(name, "/scenarios/"); found {
		name = "scenarios/" + within
	}
	return fmt.Sprintf("%s:%d", name, location.LineNumber)
}

func stateOf(state types.SpecState) reports.State {
	switch {
	case state.Is(types.SpecStatePassed):
		return reports.Passed
	case state.Is(types.SpecStateSkipped | types.SpecStatePending):
		return reports.Skipped
	case state.Is(types.SpecStateFailed | types.SpecStateTimedout):
		return reports.Failed
	}
	return reports.Aborted
}
