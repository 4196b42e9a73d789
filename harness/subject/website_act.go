package subject

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// perform does one thing on a page. The answer is empty when it could be done.
func (v *websiteVisitor) perform(ctx context.Context, a *act, ask any, ofAccount bool) Answer {
	err := v.act(ctx, a, ask, ofAccount)
	if err == nil {
		return Answer{}
	}
	return v.failed(fmt.Errorf("%s (%s): %w", a.name, a, err))
}

func (v *websiteVisitor) act(ctx context.Context, a *act, ask any, ofAccount bool) error {
	if a.when != "" {
		there := false
		if err := v.window.look(ctx, "seen("+quoted(a.when)+").length > 0", &there); err != nil || !there {
			return v.window.explain(a.when, err)
		}
	}
	values := v.values(ctx, ask)
	plain := func(s string) string { return s }
	if a.verb == "go" {
		plain = url.PathEscape
		if len(a.on.parts) > 0 && a.on.parts[0].root != "" {
			plain = func(s string) string { return s } // an address that was read
		}
	}
	on, err := values.text(a.on, plain)
	if err != nil {
		return err
	}
	switch a.verb {
	case "go":
		if !absolute(on) {
			on = v.site.below(on)
		}
		return v.window.page.Goto(ctx, on)
	case "press":
		return v.window.press(ctx, on)
	case "see":
		return v.window.one(ctx, on)
	case "read":
		text, err := v.window.read(ctx, on)
		if err == nil {
			v.keep(a.keep, text, userName(ask), ofAccount)
		}
		return err
	}
	with, err := values.text(a.with, func(s string) string { return s })
	if err != nil {
		return err
	}
	return v.window.fill(ctx, on, with)
}

// keep keeps what was read: with the account while that is made, else with the visitor.
func (v *websiteVisitor) keep(name, value, user string, ofAccount bool) {
	if ofAccount {
		v.site.kept.keep(user, name, value)
		return
	}
	if v.kept == nil {
		v.kept = map[string]any{}
	}
	v.kept[name] = value
}

// lookup finds the values of templates; err is why one that is there could not be had.
type lookup struct {
	find scope
	err  error
}

// text is a template with its values in it.
func (l *lookup) text(t Template, escape func(string) string) (string, error) {
	text, err := t.text(l.find, escape)
	return text, errors.Join(l.err, err)
}

func (v *websiteVisitor) values(ctx context.Context, ask any) *lookup {
	kept := map[string]any{}
	maps.Copy(kept, v.kept)
	maps.Copy(kept, v.site.kept.of(userName(ask)))
	out := &lookup{}
	out.find = func(root string, path []string) (any, bool) {
		switch root {
		case rootAsk:
			return at(ask, path)
		case rootKept:
			return at(any(kept), path)
		case rootEnv:
			if v.site.tour.env != nil {
				return envValue(v.site.tour.env, path)
			}
		case rootCode:
			secret, there := at(any(kept), path)
			text, _ := secret.(string)
			if !there {
				return nil, false
			}
			code, err := v.site.codes.next(ctx, strings.Join(strings.Fields(text), ""))
			if err != nil {
				out.err = fmt.Errorf("a one-time code of ${kept.%s}: %w", joined(path), err)
			}
			return code, err == nil
		}
		return nil, false
	}
	return out
}
