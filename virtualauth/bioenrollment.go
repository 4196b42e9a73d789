package virtualauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// maxTimeout is the longest that a client can ask to wait for a finger, in milliseconds: a day, which is for ever.
const maxTimeout = 24 * 60 * 60 * 1000

// bioRequest is one sub-command of authenticatorBioEnrollment with its parameters decoded.
type bioRequest struct {
	*ctap2.BioEnrollmentRequest
	parameters ctap2.BioEnrollmentParameters
}

// bioSubCommand is one sub-command: what it does, what must be there, and whether a token with the permission be is needed.
type bioSubCommand struct {
	do       func(a *Authenticator, ctx context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error)
	complete func(p ctap2.BioEnrollmentParameters) bool // nil: no parameter is required
	open     bool                                       // no token is needed
	keeps    state                                      // what stays pending
}

// bioSubCommands are all of CTAP 2.3 §6.7; whatever they do not hold is INVALID_SUBCOMMAND. Never written after the program has
// started.
var bioSubCommands = map[ctap2.BioEnrollmentSubCommand]bioSubCommand{
	ctap2.EnrollBegin:              {do: (*Authenticator).enrollBegin},
	ctap2.EnrollCaptureNextSample:  {do: (*Authenticator).enrollCaptureNextSample, complete: namesFinger, keeps: pendingEnrolment},
	ctap2.CancelCurrentEnrollment:  {do: (*Authenticator).cancelCurrentEnrollment, open: true},
	ctap2.EnumerateEnrollments:     {do: (*Authenticator).enumerateEnrollments},
	ctap2.SetFriendlyName:          {do: (*Authenticator).setFriendlyName, complete: renamesFinger},
	ctap2.RemoveEnrollment:         {do: (*Authenticator).removeEnrollment, complete: namesFinger},
	ctap2.GetFingerprintSensorInfo: {do: (*Authenticator).getFingerprintSensorInfo, open: true},
}

// bioSubCommandNames are their names, by number.
func bioSubCommandNames() (names []string) {
	for _, number := range slices.Sorted(maps.Keys(bioSubCommands)) {
		names = append(names, number.String())
	}
	return names
}

func namesFinger(p ctap2.BioEnrollmentParameters) bool { return p.TemplateID != nil }

func renamesFinger(p ctap2.BioEnrollmentParameters) bool {
	return p.TemplateID != nil && p.FriendlyName != nil
}

// bioEnrollment is authenticatorBioEnrollment (CTAP 2.3 §6.7). getModality wins over any sub-command beside it.
func (a *Authenticator) bioEnrollment(ctx context.Context, r *ctap2.BioEnrollmentRequest) (*ctap2.BioEnrollmentResponse, error) {
	if r.GetModality {
		a.dropPending(0)
		return &ctap2.BioEnrollmentResponse{Modality: ctap2.ModalityFingerprint}, nil
	}
	if r.SubCommand == nil {
		return nil, ctap2.MissingParameter
	}
	sub, known := bioSubCommands[*r.SubCommand]
	if !known {
		return nil, ctap2.InvalidSubcommand
	}
	a.dropPending(sub.keeps)
	if r.Modality > ctap2.ModalityFingerprint {
		return nil, ctap2.InvalidParameter
	}
	request := bioRequest{BioEnrollmentRequest: r}
	if err := decodeParameters(r.Parameters, &request.parameters); err != nil {
		return nil, err
	}
	if !sub.open {
		complete := r.Modality != 0 && (sub.complete == nil || sub.complete(request.parameters))
		if err := a.authoriseBio(r, complete); err != nil {
			return nil, err
		}
	}
	return sub.do(a, ctx, request)
}

// getFingerprintSensorInfo describes the sensor (CTAP 2.3 §6.7.3).
func (a *Authenticator) getFingerprintSensorInfo(context.Context, bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	s := a.model.Sensor
	return &ctap2.BioEnrollmentResponse{
		FingerprintKind: s.kind(), MaxCaptureSamples: s.samples(), MaxFriendlyName: s.maxNameLength(),
	}, nil
}

// enrollBegin starts a new finger and takes its first sample (CTAP 2.3 §6.7.4).
func (a *Authenticator) enrollBegin(ctx context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	id := make([]byte, templateIDLength)
	if _, err := io.ReadFull(a.world.Rand, id); err != nil {
		return nil, fmt.Errorf("make a template id: %w", err)
	}
	a.mu.Lock()
	full := len(a.storage.Fingers) >= a.model.Fingerprints
	if !full {
		a.unfinished.finger = &enrolment{finger: Finger{TemplateID: id}, left: a.model.Sensor.samples()}
	}
	a.mu.Unlock()
	if full {
		return nil, ctap2.FPDatabaseFull
	}
	response, err := a.takeSample(ctx, r)
	if response != nil {
		response.TemplateID = id
	}
	return response, err
}

// enrollCaptureNextSample takes one more sample (CTAP 2.3 §6.7.4).
func (a *Authenticator) enrollCaptureNextSample(ctx context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	a.mu.Lock()
	pending := a.unfinished.finger
	a.mu.Unlock()
	switch {
	case pending == nil:
		return nil, ctap2.NotAllowed
	case !bytes.Equal(pending.finger.TemplateID, r.parameters.TemplateID):
		return nil, ctap2.InvalidOption
	}
	return a.takeSample(ctx, r)
}

// takeSample asks for a finger. Nobody there in time is a sample status, not an error; a refusal ends the enrolment.
func (a *Authenticator) takeSample(ctx context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	prompt := Prompt{Reason: ToEnrol, Timeout: time.Duration(min(r.parameters.TimeoutMilliseconds, maxTimeout)) * time.Millisecond}
	asked := a.world.Clock.Now()
	consent, err := a.world.User.Consent(ctx, prompt)
	if err == nil && ctx.Err() == nil && consent.Refused {
		err = ctap2.OperationDenied
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		a.dropPending(0)
		return nil, sampleError(prompt, err)
	}
	late := prompt.Timeout > 0 && a.world.Clock.Now().Sub(asked) > prompt.Timeout
	sample := consent.Sample
	if late || consent.Late || !consent.Present {
		sample = ctap2.SampleNoUserActivity
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	pending := a.unfinished.finger
	if pending == nil { // a power cycle meanwhile
		return nil, ctap2.NotAllowed
	}
	if sample = pending.judge(&a.storage, consent.Finger, sample); a.Misbehave.AcceptAnySample {
		sample = ctap2.SampleGood
	}
	if sample == ctap2.SampleGood {
		a.countSample(pending, consent.Finger)
	}
	return &ctap2.BioEnrollmentResponse{LastSample: &sample, RemainingSamples: new(pending.left)}, nil
}

// countSample counts a good sample, and keeps the finger with its last one.
func (a *Authenticator) countSample(e *enrolment, name string) {
	e.finger.Name = name
	if e.left--; e.left == 0 {
		a.storage.Fingers = append(a.storage.Fingers, e.finger)
		a.unfinished.finger = nil
	}
}

func sampleError(p Prompt, err error) error {
	if status, is := ctap2.StatusOf(err); is {
		return status
	}
	return fmt.Errorf("ask the user to %s: %w", p.Reason, err)
}

// cancelCurrentEnrollment succeeds whether or not there is anything to cancel (CTAP 2.3 §6.7.5); the finger itself is gone by
// now, like anything else that was pending.
func (a *Authenticator) cancelCurrentEnrollment(context.Context, bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	return nil, nil
}

// enumerateEnrollments lists the fingers; without any it is INVALID_OPTION (CTAP 2.3 §6.7.6).
func (a *Authenticator) enumerateEnrollments(context.Context, bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	response := &ctap2.BioEnrollmentResponse{}
	for _, f := range a.Fingers() {
		response.Templates = append(response.Templates, ctap2.TemplateInfo{ID: f.TemplateID, FriendlyName: f.FriendlyName})
	}
	if response.Templates == nil {
		return nil, ctap2.InvalidOption
	}
	return response, nil
}

// setFriendlyName names a finger (CTAP 2.3 §6.7.7).
func (a *Authenticator) setFriendlyName(_ context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	if uint(len(*r.parameters.FriendlyName)) > a.model.Sensor.maxNameLength() {
		return nil, ctap2.InvalidLength
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.storage.finger(r.parameters.TemplateID)
	if i < 0 {
		return nil, ctap2.InvalidOption
	}
	a.storage.Fingers[i].FriendlyName = *r.parameters.FriendlyName
	return nil, nil
}

// removeEnrollment forgets a finger (CTAP 2.3 §6.7.8).
func (a *Authenticator) removeEnrollment(_ context.Context, r bioRequest) (*ctap2.BioEnrollmentResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.storage.finger(r.parameters.TemplateID)
	if i < 0 {
		return nil, ctap2.InvalidOption
	}
	a.storage.Fingers = append(a.storage.Fingers[:i], a.storage.Fingers[i+1:]...)
	return nil, nil
}
