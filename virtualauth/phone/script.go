package phone

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ScriptError says what cannot be read in the text of a script.
type ScriptError struct {
	// Line counts from 1.
	Line int
	// Problem says what is wrong and what to write.
	Problem string
}

// Error names the line.
func (e *ScriptError) Error() string {
	return fmt.Sprintf("phone: script, line %d: %s", e.Line, e.Problem)
}

// ParseScript reads a script: one step a line, "at PLACE: DEED". Empty lines, and what follows a #, are for people.
//
//	at P11: tap Save another way
//	at P12: tap Bitwarden
//	at P14: wait 30s
//	at P14: type 0000        # the wrong PIN
//	at call: ignore
//
// PLACE is a state, or a Screen; DEED is one of tap LABEL, type TEXT, wait DURATION, decline, ignore, kill, die, off. It fails
// with a *ScriptError.
func ParseScript(text string) (Script, error) {
	var script Script
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		step, problem := parseStep(line)
		if problem != "" {
			return nil, &ScriptError{Line: i + 1, Problem: problem}
		}
		script = append(script, step)
	}
	return script, nil
}

// parseStep reads one line, or says what is wrong with it.
func parseStep(line string) (s Step, problem string) {
	place, deed, found := strings.Cut(line, ":")
	place, isAt := strings.CutPrefix(strings.TrimSpace(place), "at ")
	if !found || !isAt || strings.TrimSpace(place) == "" {
		return s, fmt.Sprintf("%q: write it as \"at P7: decline\"", line)
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(deed), " ")
	s = Step{At: strings.TrimSpace(place), Do: Deed(word), Text: strings.TrimSpace(rest)}
	if state, err := ParseState(s.At); err == nil {
		s.At = state.String()
	} else if !slices.Contains(screens, Screen(s.At)) {
		return s, fmt.Sprintf("no state and no screen %q", s.At)
	}
	return s, s.complete()
}

// complete reads what the deed needs, or says what it lacks.
func (s *Step) complete() (problem string) {
	switch s.Do {
	case TapOn, Type:
		if s.Text == "" {
			return fmt.Sprintf("%s: say what", s.Do)
		}
	case Wait:
		d, err := time.ParseDuration(s.Text)
		if err != nil || d < 0 {
			return fmt.Sprintf("wait %q: write a duration such as 30s", s.Text)
		}
		s.For, s.Text = d, ""
	case GiveUp, Ignore, Kill, Die, TurnOff:
		if s.Text != "" {
			return fmt.Sprintf("%s takes nothing, and not %q", s.Do, s.Text)
		}
	default:
		return fmt.Sprintf("no deed %q: there are tap, type, wait, decline, ignore, kill, die, off", s.Do)
	}
	return ""
}

// String writes the script as ParseScript reads it; an Until has no text.
func (s Script) String() string {
	var b strings.Builder
	for _, step := range s {
		fmt.Fprintf(&b, "at %s: %s", step.At, step.Do)
		switch {
		case step.Do == Wait:
			fmt.Fprintf(&b, " %v", step.For)
		case step.Text != "":
			fmt.Fprintf(&b, " %s", step.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
