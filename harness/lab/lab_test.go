package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

func TestClockMovesOnlyWhenTold(t *testing.T) {
	clock := NewClock(time.Date(2026, 11, 23, 9, 0, 0, 999, time.UTC))
	if got := clock.Now(); got.Nanosecond() != 0 || !clock.Now().Equal(got) {
		t.Errorf("Now() = %s and later %s, want one whole second", got, clock.Now())
	}
	before := clock.Now()
	if err := clock.Advance(-time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := clock.Now().Sub(before); got != -time.Minute {
		t.Errorf("moved by %s, want -1m", got)
	}
}

func TestTheWallClockGoesByItself(t *testing.T) {
	clock, before := WallClock(), time.Now()
	if got := clock.Now(); got.Before(before.Add(-time.Second)) || got.After(time.Now()) {
		t.Errorf("Now() = %s, want the machine's %s", got, before)
	}
	if err := clock.Advance(time.Hour); !errors.Is(err, ErrWallClock) {
		t.Errorf("Advance: %v, want ErrWallClock", err)
	}
}

func TestRandomnessIsTheSeedAndTheLabel(t *testing.T) {
	draw := func(seed int64, label string) [16]byte {
		var b [16]byte
		if _, err := io.ReadFull(Randomness(seed, label), b[:]); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if first, again := draw(1, "wp-01"), draw(1, "wp-01"); first != again {
		t.Error("the same seed and label gave different bytes: a failure could not be replayed")
	}
	if draw(1, "wp-01") == draw(2, "wp-01") || draw(1, "wp-01") == draw(1, "wp-02") {
		t.Error("another seed or label gave the same bytes: two journeys would share challenges")
	}
}

func TestOwnerActsOnTheirMood(t *testing.T) {
	var owner Owner
	if got, err := owner.Consent(t.Context(), virtualauth.Prompt{Verify: true}); err != nil || !got.Present || !got.Verified {
		t.Errorf("agreeing: %+v, %v", got, err)
	}
	owner.Feels(Declines)
	if got, err := owner.Consent(t.Context(), virtualauth.Prompt{}); err != nil || !got.Refused {
		t.Errorf("declining: %+v, %v", got, err)
	}
	owner.Feels(Waits)
	answered := make(chan virtualauth.Consent, 1)
	go func() {
		consent, _ := owner.Consent(context.Background(), virtualauth.Prompt{})
		answered <- consent
	}()
	owner.Feels(Agrees)
	if got := <-answered; !got.Present {
		t.Errorf("waiting, then agreeing: %+v", got)
	}
	owner.Feels(Waits)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := owner.Consent(ctx, virtualauth.Prompt{}); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting until the request ends: %v", err)
	}
	if got := len(owner.Asked()); got != 4 {
		t.Errorf("asked %d times, want 4", got)
	}
}

// bare is a lab without a browser.
func bare(t *testing.T) *Lab {
	t.Helper()
	dir := t.TempDir()
	return &Lab{options: Options{}.withDefaults(), dir: dir}
}

func TestStageWithoutABrowser(t *testing.T) {
	l := bare(t)
	stage, err := l.Raise(t.Context(), StageOptions{ID: "bare-01", NoBrowser: true})
	if err != nil {
		t.Fatal(err)
	}
	app := provider.LarkspurIDAndroid()
	if err := stage.Give(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	stored, err := stage.RP.Credentials(t.Context(), stage.Account.ID)
	if err != nil || len(stored) != 1 {
		t.Fatalf("stored %d passkeys (%v), want 1", len(stored), err)
	}
	if held := stage.Handset.Has(app).Authenticator.Credentials(); len(held) != 1 || string(held[0].ID) != string(stored[0].ID) {
		t.Errorf("the handset holds %v, the store %x", held, stored[0].ID)
	}
	var told reports.Result
	stage.Trace.Fill(&told)
	if len(told.Ceremonies) != 1 || !told.Ceremonies[0].Accepted || told.Ceremonies[0].Kind != reports.Registration {
		t.Errorf("the trace tells %+v, want one accepted registration", told.Ceremonies)
	}
	if err := stage.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(l.dir)
	if err != nil || len(left) != 0 {
		t.Errorf("the stage left %v behind (%v)", left, err)
	}
}

func TestAStageKeepsToItsPolicy(t *testing.T) {
	stage, err := bare(t).Raise(t.Context(), StageOptions{
		ID: "bare-02", NoBrowser: true, Policy: policy.AllowList(provider.LarkspurIDAndroid().Model.AAGUID),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := stage.Give(t.Context(), provider.GooglePasswordManager()); !errors.Is(err, ErrRefused) {
		t.Errorf("a provider that the policy refuses: %v, want ErrRefused", err)
	}
}

// TestAStageTrustsItsOwnAuthority registers a device of each attestation format that needs no TPM. The statements come from one
// half of the project and are judged by the other, which share no code.
func TestAStageTrustsItsOwnAuthority(t *testing.T) {
	for _, c := range []struct {
		format   attestation.Format
		kind     attestation.Type
		attested bool
	}{
		{attestation.FormatNone, "", false},
		{attestation.FormatPacked, attestation.Self, false},
		{attestation.FormatPacked, attestation.Basic, true},
		{attestation.FormatFIDOU2F, "", true},
		{attestation.FormatAndroidKey, "", true},
		{attestation.FormatSafetyNet, "", true},
		{attestation.FormatApple, "", true},
	} {
		t.Run(strings.TrimSpace(fmt.Sprint(c.format, " ", c.kind)), func(t *testing.T) {
			stage, err := bare(t).Raise(t.Context(), StageOptions{ID: "bare-05", NoBrowser: true, Policy: policy.Policy{Attestation: policy.AttestationDirect}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := stage.Close(); err != nil {
					t.Error(err)
				}
			}()
			device := provider.USBSecurityKey()
			device.Model.Attestation, device.Model.AttestationType = c.format, c.kind
			if c.format == attestation.FormatFIDOU2F {
				device.Model.AAGUID = uuid.Nil // U2F has none (WebAuthn L3 §8.6)
			}
			if err := stage.Give(t.Context(), device); err != nil {
				t.Fatal(err)
			}
			stored, err := stage.RP.Credentials(t.Context(), stage.Account.ID)
			if err != nil || len(stored) != 1 || stored[0].Attested != c.attested || stored[0].AttestationFormat != string(c.format) {
				t.Errorf("stored %+v (%v), want one passkey of format %s, attested %v", stored, err, c.format, c.attested)
			}
		})
	}
}

func TestVisitorsAreStrangersToEachOther(t *testing.T) {
	stage, err := bare(t).Raise(t.Context(), StageOptions{ID: "bare-03", NoBrowser: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	}()
	first, err := stage.Visitor()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.SignIn(t.Context(), stage.Account); err != nil {
		t.Fatal(err)
	}
	second, err := stage.Visitor()
	if err != nil {
		t.Fatal(err)
	}
	reply, err := second.Get(t.Context(), "/security-info")
	if err != nil || reply.Status != http.StatusOK || reply.Path != "/sign-in" {
		t.Errorf("a visitor who never signed in got %v (%v), want the sign-in page", reply, err)
	}
}

func TestAWindowNeedsABrowser(t *testing.T) {
	stage, err := bare(t).Raise(t.Context(), StageOptions{ID: "bare-04"})
	if err == nil {
		t.Error("a stage with a window was raised without a browser")
	}
	if err := stage.Close(); err != nil {
		t.Error(err)
	}
}
