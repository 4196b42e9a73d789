package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// finger is somebody who puts this finger on the sensor and reads it well.
func finger(name string) virtualauth.Consent { return virtualauth.Consent{Present: true, Finger: name} }

// enrolment is a request of authenticatorBioEnrollment under a token.
func (s *stage) enrolment(k uvToken, sub ctap2.BioEnrollmentSubCommand, parameters any) *ctap2.BioEnrollmentRequest {
	s.t.Helper()
	raw := encoded(s.t, parameters)
	return &ctap2.BioEnrollmentRequest{
		Modality: 1, SubCommand: &sub, Parameters: raw, PINUVAuthProtocol: k.number(),
		PINUVAuthParam: k.mac(slices.Concat([]byte{1, byte(sub)}, raw)),
	}
}

func (s *stage) enrol(k uvToken, sub ctap2.BioEnrollmentSubCommand, parameters any) (*ctap2.BioEnrollmentResponse, error) {
	s.t.Helper()
	return ctap2.BioEnrollment(s.t.Context(), s, s.enrolment(k, sub, parameters))
}

// ofFinger are the parameters that name a finger.
func ofFinger(id []byte) ctap2.BioEnrollmentParameters {
	return ctap2.BioEnrollmentParameters{TemplateID: id}
}

// samples puts fingers on the sensor until one is enrolled or they run out, and returns the template id and what was said of
// each.
func (s *stage) samples(k uvToken, fingers ...virtualauth.Consent) (id []byte, said []ctap2.SampleStatus, left uint) {
	s.t.Helper()
	for i, consent := range fingers {
		s.person.consent = consent
		sub, parameters := ctap2.EnrollBegin, ctap2.BioEnrollmentParameters{}
		if i > 0 {
			sub, parameters = ctap2.EnrollCaptureNextSample, ofFinger(id)
		}
		r, err := s.enrol(k, sub, parameters)
		s.must(sub.String(), err)
		if i == 0 {
			id = r.TemplateID
		} else if r.TemplateID != nil {
			s.t.Error("the template id was told again")
		}
		said, left = append(said, *r.LastSample), *r.RemainingSamples
	}
	return id, said, left
}

// enrolFinger enrols a finger, which must succeed.
func (s *stage) enrolFinger(k uvToken, name string) []byte {
	s.t.Helper()
	id, said, left := s.samples(k, finger(name), finger(name), finger(name), finger(name))
	if left != 0 {
		s.t.Fatalf("%s is not enrolled: %v", name, said)
	}
	return id
}

// says are options of getInfo: whether they are there, and true.
func (s *stage) says(option string) string {
	s.t.Helper()
	info, err := ctap2.GetInfo(s.t.Context(), s)
	s.must("getInfo", err)
	value, there := info.Options[option]
	switch {
	case !there:
		return "absent"
	case value:
		return "true"
	}
	return "false"
}

func TestTheSensorIsDescribed(t *testing.T) {
	s := newStage(t, securityKey())
	r, err := ctap2.BioEnrollment(t.Context(), s, &ctap2.BioEnrollmentRequest{GetModality: true})
	if err != nil || r.Modality != ctap2.ModalityFingerprint {
		t.Errorf("A-BIO-001: %+v, %v", r, err)
	}
	r, err = s.enrol(noToken, ctap2.GetFingerprintSensorInfo, nil)
	if err != nil || r.FingerprintKind != ctap2.SensorTouch || r.MaxCaptureSamples != 4 || r.MaxFriendlyName != 64 {
		t.Errorf("A-BIO-002: %+v, %v", r, err)
	}
	model := securityKey()
	model.Sensor = virtualauth.SensorModel{Swipe: true, Samples: 7, MaxNameLength: 9}
	other := newStage(t, model)
	r, err = other.enrol(noToken, ctap2.GetFingerprintSensorInfo, nil)
	if err != nil || r.FingerprintKind != ctap2.SensorSwipe || r.MaxCaptureSamples != 7 || r.MaxFriendlyName != 9 {
		t.Errorf("A-BIO-002: %+v, %v", r, err)
	}
}

func TestFingersComeAndGo(t *testing.T) {
	s := newStage(t, securityKey())
	k := s.token(pinuv.BE, "")
	if got := s.says("bioEnroll") + s.says("uv"); got != "falsefalse" {
		t.Errorf("without fingers bioEnroll and uv are %s", got)
	}
	left := s.enrolFinger(k, "left thumb")
	if got := s.says("bioEnroll") + s.says("uv"); got != "truetrue" {
		t.Errorf("A-BIO-004: with a finger bioEnroll and uv are %s", got)
	}
	right := s.enrolFinger(k, "right thumb")
	parameters := ofFinger(right)
	parameters.FriendlyName = new("the good one")
	_, err := s.enrol(k, ctap2.SetFriendlyName, parameters)
	s.must("A-BIO-006", err)
	listed, err := s.enrol(k, ctap2.EnumerateEnrollments, nil)
	s.must("A-BIO-005", err)
	if len(listed.Templates) != 2 || !bytes.Equal(listed.Templates[0].ID, left) || listed.Templates[0].FriendlyName != "" ||
		!bytes.Equal(listed.Templates[1].ID, right) || listed.Templates[1].FriendlyName != "the good one" {
		t.Errorf("A-BIO-005: %+v", listed.Templates)
	}
	copied := s.Fingers()
	copied[0].TemplateID[0]++
	if again := s.Fingers(); !bytes.Equal(again[0].TemplateID, left) {
		t.Error("the authenticator sees what is done to a copy")
	}
	for _, id := range [][]byte{left, right} {
		_, err := s.enrol(k, ctap2.RemoveEnrollment, ofFinger(id))
		s.must("A-BIO-007", err)
	}
	if got := s.says("bioEnroll") + s.says("uv"); got != "falsefalse" || len(s.Fingers()) > 0 {
		t.Errorf("A-BIO-007: bioEnroll and uv are %s with fingers %v", got, s.Fingers())
	}
}

// TestSamples says what becomes of each sample of an enrolment that needs four good ones, with the left thumb enrolled.
func TestSamples(t *testing.T) {
	bad := func(status ctap2.SampleStatus) virtualauth.Consent {
		return virtualauth.Consent{Present: true, Finger: "index", Sample: status}
	}
	index, nobody := finger("index"), virtualauth.Consent{}
	for _, c := range []struct {
		row, name string
		fingers   []virtualauth.Consent
		said      []ctap2.SampleStatus
		left      uint
	}{
		{"A-BIO-004", "four good ones", []virtualauth.Consent{index, index, index, index}, make([]ctap2.SampleStatus, 4), 0},
		{"", "one too high, and one smeared", []virtualauth.Consent{index, bad(ctap2.SampleTooHigh), bad(ctap2.SamplePoorQuality), index},
			[]ctap2.SampleStatus{ctap2.SampleGood, ctap2.SampleTooHigh, ctap2.SamplePoorQuality, ctap2.SampleGood}, 2},
		{"", "the other hand in between", []virtualauth.Consent{index, finger("little"), index},
			[]ctap2.SampleStatus{ctap2.SampleGood, ctap2.SampleMergeFailure, ctap2.SampleGood}, 2},
		{"", "a finger that is enrolled", []virtualauth.Consent{finger("left thumb"), index},
			[]ctap2.SampleStatus{ctap2.SampleExists, ctap2.SampleGood}, 3},
		{"A-BIO-018", "nobody, and somebody too late", []virtualauth.Consent{nobody, {Present: true, Late: true}},
			[]ctap2.SampleStatus{ctap2.SampleNoUserActivity, ctap2.SampleNoUserActivity}, 4},
		{"", "somebody who does not say which finger", []virtualauth.Consent{finger(""), finger(""), finger(""), finger("")}, make([]ctap2.SampleStatus, 4), 0},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			k := s.token(pinuv.BE, "")
			s.enrolFinger(k, "left thumb")
			id, said, left := s.samples(k, c.fingers...)
			if !slices.Equal(said, c.said) || left != c.left {
				t.Errorf("%v with %d left, want %v with %d", said, left, c.said, c.left)
			}
			kept := slices.ContainsFunc(s.Fingers(), func(f virtualauth.Finger) bool { return bytes.Equal(f.TemplateID, id) })
			if kept != (left == 0) {
				t.Errorf("enrolled: %t, with %d samples left", kept, left)
			}
		})
	}
}

// TestTheSensorWaitsAsLongAsItWasTold by the clock of the world.
func TestTheSensorWaitsAsLongAsItWasTold(t *testing.T) {
	for _, c := range []struct {
		timeout uint // milliseconds
		takes   time.Duration
		want    ctap2.SampleStatus
	}{
		{1000, time.Second, ctap2.SampleGood},
		{1000, time.Second + 1, ctap2.SampleNoUserActivity},
		{0, time.Hour, ctap2.SampleGood},
		{1 << 63, time.Hour, ctap2.SampleGood},
	} {
		s := newStage(t, securityKey())
		k := s.token(pinuv.BE, "")
		s.person.consent, s.person.meanwhile = finger("index"), func() { s.clock.Move(c.takes) }
		r, err := s.enrol(k, ctap2.EnrollBegin, ctap2.BioEnrollmentParameters{TimeoutMilliseconds: c.timeout})
		if err != nil || *r.LastSample != c.want {
			t.Errorf("A-BIO-018: %d ms, and she takes %v: %+v, %v", c.timeout, c.takes, r, err)
		}
		asked := s.person.asked[0]
		if asked.Reason != virtualauth.ToEnrol || c.timeout == 1000 && asked.Timeout != time.Second || (asked.Timeout == 0) != (c.timeout == 0) {
			t.Errorf("she was asked %+v", asked)
		}
	}
}

// TestEnrolmentRequestsAreJudged holds single requests against an authenticator with one finger.
func TestEnrolmentRequestsAreJudged(t *testing.T) {
	named := func(id []byte, name string) ctap2.BioEnrollmentParameters {
		return ctap2.BioEnrollmentParameters{TemplateID: id, FriendlyName: &name}
	}
	for _, c := range []struct {
		row, name string
		request   func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest
		want      ctap2.Status
	}{
		{"A-BIO-003", "cancelling nothing", func(s *stage, _ uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(noToken, ctap2.CancelCurrentEnrollment, nil)
		}, ctap2.OK},
		{"A-BIO-008", "no token", func(s *stage, _ uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(noToken, ctap2.EnrollBegin, nil)
		}, ctap2.PUATRequired},
		{"A-BIO-009", "a token without the permission", func(s *stage, _ uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(s.token(pinuv.CM, ""), ctap2.EnrollBegin, nil)
		}, ctap2.PINAuthInvalid},
		{"A-BIO-010", "another modality", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			r := s.enrolment(k, ctap2.EnrollBegin, nil)
			r.Modality = 2
			return r
		}, ctap2.InvalidParameter},
		{"", "no modality", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			r := s.enrolment(k, ctap2.EnrollBegin, nil)
			r.Modality = 0
			return r
		}, ctap2.MissingParameter},
		{"", "no protocol", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			r := s.enrolment(k, ctap2.EnrollBegin, nil)
			r.PINUVAuthProtocol = nil
			return r
		}, ctap2.MissingParameter},
		{"", "parameters that the MAC is not for", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			r := s.enrolment(k, ctap2.RemoveEnrollment, ofFinger([]byte{1}))
			r.Parameters = encoded(t, ofFinger(id))
			return r
		}, ctap2.PINAuthInvalid},
		{"", "neither sub-command nor getModality", func(*stage, uvToken, []byte) *ctap2.BioEnrollmentRequest {
			return &ctap2.BioEnrollmentRequest{Modality: 1}
		}, ctap2.MissingParameter},
		{"", "an unknown sub-command", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, 8, nil)
		}, ctap2.InvalidSubcommand},
		{"", "a list instead of the parameters", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.RemoveEnrollment, cbor.RawMessage{0x80})
		}, ctap2.UnexpectedType},
		{"A-BIO-011", "the next sample, and no first", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.EnrollCaptureNextSample, ofFinger(id))
		}, ctap2.NotAllowed},
		{"A-BIO-012", "the next sample of another finger", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			s.samples(k, finger("index"))
			return s.enrolment(k, ctap2.EnrollCaptureNextSample, ofFinger(id))
		}, ctap2.InvalidOption},
		{"", "the next sample of no finger", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.EnrollCaptureNextSample, nil)
		}, ctap2.MissingParameter},
		{"A-BIO-013", "listing no fingers", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			_, err := s.enrol(k, ctap2.RemoveEnrollment, ofFinger(id))
			s.must("remove", err)
			return s.enrolment(k, ctap2.EnumerateEnrollments, nil)
		}, ctap2.InvalidOption},
		{"A-BIO-014", "naming an unknown finger", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.SetFriendlyName, named([]byte{1}, "thumb"))
		}, ctap2.InvalidOption},
		{"A-BIO-015", "a name too long", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.SetFriendlyName, named(id, strings.Repeat("x", 65)))
		}, ctap2.InvalidLength},
		{"A-BIO-015", "the longest name", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.SetFriendlyName, named(id, strings.Repeat("x", 64)))
		}, ctap2.OK},
		{"", "no name", func(s *stage, k uvToken, id []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.SetFriendlyName, ofFinger(id))
		}, ctap2.MissingParameter},
		{"A-BIO-016", "removing an unknown finger", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.RemoveEnrollment, ofFinger([]byte{1}))
		}, ctap2.InvalidOption},
		{"", "removing no finger", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			return s.enrolment(k, ctap2.RemoveEnrollment, nil)
		}, ctap2.MissingParameter},
		{"A-BIO-017", "one finger too many", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			for _, name := range []string{"2", "3", "4", "5"} {
				s.enrolFinger(k, name)
			}
			return s.enrolment(k, ctap2.EnrollBegin, nil)
		}, ctap2.FPDatabaseFull},
		{"", "somebody who refuses", func(s *stage, k uvToken, _ []byte) *ctap2.BioEnrollmentRequest {
			s.person.consent = refuses
			return s.enrolment(k, ctap2.EnrollBegin, nil)
		}, ctap2.OperationDenied},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			k := s.token(pinuv.BE, "")
			id := s.enrolFinger(k, "left thumb")
			_, err := ctap2.BioEnrollment(t.Context(), s, c.request(s, k, id))
			s.expect(c.name, err, c.want)
		})
	}
}

// TestAnUnfinishedFingerIsDropped by whatever is not its next sample.
func TestAnUnfinishedFingerIsDropped(t *testing.T) {
	for _, c := range []struct {
		row, name string
		between   func(s *stage, k uvToken, id []byte)
	}{
		{"A-BIO-019", "another command", func(s *stage, _ uvToken, _ []byte) { s.says("uv") }},
		{"A-BIO-003", "cancelling it", func(s *stage, _ uvToken, _ []byte) {
			_, err := s.enrol(noToken, ctap2.CancelCurrentEnrollment, nil)
			s.must("cancel", err)
		}},
		{"", "asking for the modality", func(s *stage, _ uvToken, _ []byte) {
			_, err := ctap2.BioEnrollment(s.t.Context(), s, &ctap2.BioEnrollmentRequest{GetModality: true})
			s.must("getModality", err)
		}},
		{"", "another finger", func(s *stage, k uvToken, id []byte) { s.samples(k, finger("little")) }},
		{"", "a refusal", func(s *stage, k uvToken, id []byte) {
			s.person.consent = refuses
			_, err := s.enrol(k, ctap2.EnrollCaptureNextSample, ofFinger(id))
			s.expect("refuse", err, ctap2.OperationDenied)
		}},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			k := s.token(pinuv.BE, "")
			id, _, _ := s.samples(k, finger("index"))
			c.between(s, k, id)
			s.person.consent = finger("index")
			_, err := s.enrol(k, ctap2.EnrollCaptureNextSample, ofFinger(id))
			if status := s.statusOf(err); status != ctap2.NotAllowed && status != ctap2.InvalidOption {
				t.Errorf("the next sample: %v", err)
			}
			if len(s.Fingers()) > 0 {
				t.Errorf("enrolled %v", s.Fingers())
			}
		})
	}
}

// TestAPowerCycleUnderTheFinger drops the enrolment that the sample was for.
func TestAPowerCycleUnderTheFinger(t *testing.T) {
	s := newStage(t, securityKey())
	k := s.token(pinuv.BE, "")
	s.person.consent, s.person.meanwhile = finger("index"), func() { s.PowerCycle() }
	_, err := s.enrol(k, ctap2.EnrollBegin, nil)
	s.expect("enrollBegin", err, ctap2.NotAllowed)
}

// TestASensorThatFails: failures of the surroundings are errors, and the end of the context is a cancellation.
func TestASensorThatFails(t *testing.T) {
	s := newStage(t, securityKey())
	request := s.enrolment(s.token(pinuv.BE, ""), ctap2.EnrollBegin, nil)
	s.person.err = io.ErrClosedPipe
	if _, err := ctap2.BioEnrollment(t.Context(), s, request); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken sensor gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.person.err, s.person.meanwhile = nil, cancel
	_, err := ctap2.BioEnrollment(ctx, s, request)
	s.expect("a cancelled request", err, ctap2.KeepAliveCancel)
}

// TestFingersVerify: built-in verification succeeds with an enrolled finger only, and a wrong one costs an attempt.
func TestFingersVerify(t *testing.T) {
	s := newStage(t, securityKey())
	s.enrolFinger(s.token(pinuv.BE, ""), "left thumb")
	for _, c := range []struct {
		finger string
		want   ctap2.Status
	}{{"left thumb", ctap2.OK}, {"", ctap2.OK}, {"right thumb", ctap2.PUATRequired}} {
		s.person.consent = virtualauth.Consent{Present: true, Verified: true, Finger: c.finger}
		_, err := ctap2.MakeCredential(t.Context(), s, registration("ada"))
		s.expect("verify with "+c.finger, err, c.want)
	}
	p := s.platform(pinuv.Two)
	before := p.uvRetries()
	_, err := p.tokenByUV(wanted{pinuv.GA, rpID})
	s.expect("a token by the wrong finger", err, ctap2.UVInvalid)
	if after := p.uvRetries(); after != before-1 {
		t.Errorf("uvRetries went from %d to %d", before, after)
	}
	s.person.consent.Finger = "left thumb"
	if _, err := p.tokenByUV(wanted{pinuv.GA, rpID}); err != nil {
		t.Errorf("a token by the right finger: %v", err)
	}
}

// TestFingersAreEnrolledByFinger: the option uvBioEnroll lets the first finger enrol the next.
func TestFingersAreEnrolledByFinger(t *testing.T) {
	for _, able := range []bool{true, false} {
		model := securityKey()
		model.UVEnroll = able
		s := newStage(t, model)
		s.enrolFinger(s.token(pinuv.BE, ""), "left thumb")
		s.person.consent = virtualauth.Consent{Present: true, Verified: true, Finger: "left thumb"}
		value, err := s.platform(pinuv.Two).tokenByUV(wanted{pinuv.BE, ""})
		if !able {
			s.expect("a token by finger", err, ctap2.UnauthorizedPerm)
			continue
		}
		s.must("a token by finger", err)
		s.enrolFinger(uvToken{2, value}, "right thumb")
	}
}

// TestResetForgetsFingers and a power cycle does not.
func TestResetForgetsFingers(t *testing.T) {
	s := newStage(t, securityKey())
	s.enrolFinger(s.token(pinuv.BE, ""), "left thumb")
	s.PowerCycle()
	if len(s.Fingers()) != 1 {
		t.Error("a power cycle lost a finger")
	}
	s.person.consent = agrees
	s.must("reset", ctap2.Reset(t.Context(), s))
	if len(s.Fingers()) != 0 || s.says("bioEnroll") != "false" {
		t.Error("a reset left a finger")
	}
}

func TestModelsWithoutASensor(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	_, err := ctap2.BioEnrollment(t.Context(), s, &ctap2.BioEnrollmentRequest{GetModality: true})
	s.expect("A-BIO-020", err, ctap2.InvalidCommand)
	if got := s.says("bioEnroll"); got != "absent" {
		t.Errorf("bioEnroll is %s", got)
	}
}
