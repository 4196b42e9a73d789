package journeys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/progress"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// House is what the journeys of one test process share: the configuration, the
// lab with its browser, and the line to whoever watches the run.
type House struct {
	config   *config.Config
	lab      *lab.Lab
	shut     error   // why there is no lab
	hybrid   *string // why there is no phone over hybrid; nil as long as nobody has asked
	progress *progress.Client
	browser  string // what ran; the lab is closed when the reports are written
	notes    []string
}

// open raises the lab. A browser that cannot be had is not the end: it is why
// the journeys that need one are skipped, or fail when the driver is required.
func (h *House) open(ctx context.Context) {
	h.lab, h.shut = lab.Open(ctx, lab.Options{
		BrowserPath: h.config.Browser.Path,
		Headed:      h.config.Browser.Mode == config.Headed,
		Seed:        h.config.Suite.Seed,
	})
	if h.lab == nil {
		return
	}
	h.browser = h.lab.Version()
	if differences := h.lab.Differences(); len(differences) > 0 {
		h.notes = append(h.notes, "This browser's WebAuthn automation differs from the known one (Chromium 156): "+strings.Join(differences, "; "))
	}
}

func (h *House) close(context.Context) error {
	var errs []error
	if h.lab != nil {
		errs = append(errs, h.lab.Close())
	}
	return errors.Join(append(errs, h.progress.Close())...)
}

// lacks says why a driver cannot be used here, or nothing when it can.
func (h *House) lacks(ctx context.Context, driver config.Driver) string {
	switch {
	case !h.config.Drivers.Has(driver):
		return fmt.Sprintf("drivers.enabled does not list %s", driver)
	case h.shut != nil && driver != config.API:
		return h.shut.Error()
	case driver == config.Hybrid:
		return h.lacksHybrid(ctx)
	}
	return ""
}

// lacksHybrid asks the lab once for all that a phone over hybrid needs.
func (h *House) lacksHybrid(ctx context.Context) string {
	if h.hybrid == nil {
		reason := ""
		if err := h.lab.HybridReady(ctx); err != nil {
			reason = err.Error()
		}
		h.hybrid = &reason
	}
	return *h.hybrid
}

// policy returns what the organisation accepts in a journey: its own policy,
// or, when it states none, that of the configuration. A relying party at
// rp.url has one already.
func (h *House) policy(own policy.Policy) (policy.Policy, error) {
	if stated(own) || h.config.RP.URL != "" {
		return own, nil
	}
	switch name := h.config.RP.Policy; name {
	case config.PolicyOpen:
		return policy.Policy{}, nil
	case config.PolicyApprovedApp:
		return onlyTheApp(), nil
	case config.PolicyAttested:
		return policy.Sample(policy.SampleAttested)
	default:
		document, err := os.ReadFile(name)
		if err != nil {
			return policy.Policy{}, fmt.Errorf("rp.policy: %w", err)
		}
		return policy.Parse(document)
	}
}

// pictures reports whether a picture is wanted, for a step or for a failure.
func (h *House) pictures(failed bool) bool {
	switch h.config.Evidence.Screenshots {
	case config.ScreenshotsAlways:
		return true
	case config.ScreenshotsOnFailure:
		return failed
	}
	return false
}

// forget removes the evidence that an earlier run kept of a journey, which is given by its unique name.
func (h *House) forget(journey string) error {
	return os.RemoveAll(filepath.Join(h.config.Evidence.Dir, journey))
}

// keep writes evidence and returns its path relative to the reports, with slashes.
func (h *House) keep(journey, name string, data []byte) (string, error) {
	path := filepath.Join(h.config.Evidence.Dir, journey, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	relative, err := filepath.Rel(h.config.Reports.Dir, path)
	if err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	return filepath.ToSlash(relative), nil
}

// announce tells the watcher how many journeys will run; Ginkgo calls it on one process only.
func (h *House) announce(report Report) {
	client, err := progress.Dial(os.Getenv(config.EnvProgress))
	if err != nil {
		return // BeforeSuite dials again and reports it
	}
	client.Send(progress.Event{Event: progress.Plan, Total: report.PreRunStats.SpecsThatWillRun})
	_ = client.Close()
}

func (h *House) begins(report SpecReport) {
	if report.State.Is(types.SpecStateSkipped | types.SpecStatePending) {
		return
	}
	id, title := named(report)
	h.progress.Send(progress.Event{Event: progress.Start, ID: id, Title: title, Process: report.ParallelProcess})
}

func (h *House) ends(report SpecReport) {
	if leftOut(report) {
		return
	}
	result := resultOf(report, h.config)
	event := progress.Event{
		Event: progress.End, ID: result.ID, Title: result.Title, State: progress.State(report.State.String()),
		Seconds: report.RunTime.Seconds(), Message: result.Reason, Process: report.ParallelProcess,
	}
	if f := result.Failure; f != nil {
		event.Step, event.Message, event.Rerun = f.Step, f.Message, result.Reproduce
		if len(f.Evidence) > 0 {
			event.Evidence = filepath.Join(h.config.Reports.Dir, filepath.FromSlash(f.Evidence[0]))
		}
	}
	h.progress.Send(event)
}

// named splits a journey's text into its id and its sentence.
func named(report SpecReport) (id, title string) {
	id, title, _ = strings.Cut(report.LeafNodeText, " ")
	return id, title
}
