package rpconformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// open opens what check.target names, with the failures that it is known for.
func open(ctx context.Context, by config.Check) (*rpcases.Suite, []conformance.Expected, error) {
	if by.Target == config.TargetReference {
		suite, err := rpcases.Reference(ctx)
		return suite, rpcases.ReferenceFailures(conformance.Profile(by.Profile)), err
	}
	target, err := rpcases.ReadTarget(by.Target)
	if err != nil {
		return nil, nil, err
	}
	expected, err := target.Failures()
	if err != nil {
		return nil, nil, err
	}
	suite, err := target.Open(ctx)
	return suite, expected, err
}

// publish writes the reports that the settings ask for into the folder rp beside the journeys'.
func publish(run reports.Run, settings config.Reports) error {
	return errors.Join(
		write(settings.JSON, func(w io.Writer) error { return reports.JSON(w, run) }),
		write(settings.JUnit, func(w io.Writer) error { return reports.JUnit(w, run) }),
		write(settings.HTML, func(w io.Writer) error { return reports.HTML(w, run, reports.Assets{}) }),
	)
}

func write(path string, writer func(io.Writer) error) (err error) {
	if path == "" {
		return nil
	}
	path = filepath.Join(filepath.Dir(path), "rp", filepath.Base(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return writer(file)
}
