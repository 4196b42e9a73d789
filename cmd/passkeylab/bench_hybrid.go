package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// ceremonyLimit bounds one ceremony, in which nothing waits for a person.
const ceremonyLimit = 30 * time.Second

// benchedCall is a ceremony of a page: a description, and the script that starts it. Each makes window.ended a promise of when
// it began and ended, in milliseconds since 1970.
type benchedCall struct{ says, script string }

// benchedCalls are the two ceremonies, as short as pages can ask for them: no page of the relying party's is timed.
func benchedCalls() []benchedCall {
	const timed = `(async (call) => {
		const now = () => performance.timeOrigin + performance.now(), began = now();
		await call();
		return [began, now()];
	})`
	return []benchedCall{
		{"registration", `(window.ended = ` + timed + `(() => navigator.credentials.create({publicKey: {
			rp: {name: "Larkspur"}, user: {id: crypto.getRandomValues(new Uint8Array(16)), name: "mia", displayName: "Mia"},
			challenge: new Uint8Array(32), pubKeyCredParams: [{type: "public-key", alg: -7}], hints: ["hybrid"],
			authenticatorSelection: {residentKey: "required", userVerification: "required", authenticatorAttachment: "cross-platform"},
		}})), true)`},
		{"sign-in", `(window.ended = ` + timed + `(() => navigator.credentials.get({publicKey: {
			challenge: new Uint8Array(32), hints: ["hybrid"], userVerification: "required",
		}})), true)`},
	}
}

// reach is where the time of one ceremony over hybrid went.
type reach struct {
	shown time.Duration // from the page's call until the browser says that its dialog shows the code
	read  time.Duration // from then until the phone has read it: the browser draws, the camera looks
	told  time.Duration // from then until the page's promise resolves: tunnel, advert, handshake, the phone's key, and back
}

func (r reach) whole() time.Duration { return r.shown + r.read + r.told }

// benchHybrid times ceremonies with a phone over the hybrid transport and prints where the time goes. A machine that has no
// such phone is told so, and why.
func (a app) benchHybrid(ctx context.Context, loaded *config.Config, rounds int) (err error) {
	if rounds == 0 {
		return nil
	}
	l, err := lab.Open(ctx, lab.Options{BrowserPath: loaded.Browser.Path, Headed: loaded.Browser.Mode == config.Headed})
	if l != nil {
		defer func() { err = errors.Join(err, l.Close()) }()
	}
	if err == nil {
		err = l.HybridReady(ctx)
	}
	if err != nil {
		fmt.Fprintf(a.out, "no ceremony over hybrid: %s\n", oneLine(err.Error()))
		return nil
	}
	stage, err := l.Raise(ctx, lab.StageOptions{ID: "bench", Hybrid: true})
	if stage != nil {
		defer func() { err = errors.Join(err, stage.Close()) }()
	}
	if err != nil {
		return err
	}
	if err := stage.Reach.Phone.Change(func(s *phone.Settings) { *s = phone.Android() }); err != nil {
		return err
	}
	// A page that makes no request of its own, as the sign-in page does.
	if err := stage.Page.Goto(ctx, stage.Origin+"/help/faq"); err != nil {
		return err
	}
	for _, call := range benchedCalls() {
		var reaches []reach
		for range rounds {
			r, err := timeReach(ctx, stage, call.script)
			if err != nil {
				return fmt.Errorf("time one %s over hybrid: %w", call.says, err)
			}
			reaches = append(reaches, r)
		}
		a.printReaches(call.says, reaches)
	}
	return nil
}

// timeReach carries out one ceremony.
func timeReach(ctx context.Context, stage *lab.Stage, script string) (reach, error) {
	ctx, cancel := context.WithTimeout(ctx, ceremonyLimit)
	defer cancel()
	film := len(stage.Reach.Film(0))
	var started bool
	if err := stage.Page.Evaluate(ctx, script, &started); err != nil {
		return reach{}, err
	}
	var read time.Time
	eye := stage.Reach.Camera()
	outcome, err := phone.Person{}.Scan(ctx, stage.Reach.Phone, func(ctx context.Context) (string, error) {
		text, err := eye(ctx)
		read = time.Now()
		return text, err
	})
	if err = errors.Join(err, outcome.Err); err != nil {
		return reach{}, fmt.Errorf("the phone, at %s: %w", outcome.State, err)
	}
	var ended [2]float64
	if err := stage.Page.Evaluate(ctx, `window.ended`, &ended); err != nil {
		return reach{}, fmt.Errorf("the page's promise: %w", err)
	}
	if _, err := stage.Reach.Dialog.AwaitState(ctx, dialog.Closed); err != nil {
		return reach{}, fmt.Errorf("the end of the dialog: %w", err)
	}
	shown := shownAt(stage.Reach.Film(film))
	return reach{shown: shown.Sub(pageTime(ended[0])), read: read.Sub(shown), told: pageTime(ended[1]).Sub(read)}, nil
}

// shownAt is when the browser's dialog came to the code.
func shownAt(film []lab.Frame) time.Time {
	i := slices.IndexFunc(film, func(f lab.Frame) bool { return f.Dialog == dialog.QRCode })
	if i < 0 {
		return time.Time{}
	}
	return film[i].At
}

// pageTime reads the time of a page, in milliseconds since 1970.
func pageTime(milliseconds float64) time.Time {
	return time.UnixMicro(int64(milliseconds * 1000))
}

// printReaches prints how long ceremonies took, and their parts.
func (a app) printReaches(says string, reaches []reach) {
	for _, row := range []struct {
		says string
		part func(reach) time.Duration
	}{
		{"one " + says + " over hybrid", reach.whole},
		{"  until there is a code", func(r reach) time.Duration { return r.shown }},
		{"  until the phone has read it", func(r reach) time.Duration { return r.read }},
		{"  from there to the promise", func(r reach) time.Duration { return r.told }},
	} {
		times := make([]time.Duration, len(reaches))
		for i, r := range reaches {
			times[i] = row.part(r)
		}
		slices.Sort(times)
		fmt.Fprintf(a.out, "%-32s median %6.0f ms   fastest %5.0f ms   nine of ten within %5.0f ms   (%s)\n", row.says,
			inMilliseconds(quantile(times, 50)), inMilliseconds(times[0]), inMilliseconds(quantile(times, 90)), count(len(times), "round", "rounds"))
	}
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile is the time within which a share of them lies, in per cent; they are sorted.
func quantile(times []time.Duration, percent int) time.Duration {
	return times[max(0, (len(times)*percent+99)/100-1)]
}
