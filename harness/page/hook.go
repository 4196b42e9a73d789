package page

import (
	"context"
	"fmt"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Hook is a data-test value: the mark of a control that must be found in any
// language.
type Hook string

// The controls and marks that journeys speak of.
const (
	Primary        Hook = "primary"
	Back           Hook = "back"
	Cancel         Hook = "cancel"
	Add            Hook = "add"
	Card           Hook = "card"
	Toast          Hook = "toast"
	Hero           Hook = "hero"
	HeroTitle      Hook = "hero-title"
	Count          Hook = "count"
	Reminder       Hook = "reminder"
	Removal        Hook = "removal"
	OfferHere      Hook = "offer-here"
	ListFailed     Hook = "list-failed"
	LastTime       Hook = "last-time"
	Interrupted    Hook = "interrupted"
	Hints          Hook = "hints"
	RemovalSteps   Hook = "removal-steps"
	ProblemDetails Hook = "problem-details"
	Status         Hook = "status"
	PasswordSignIn Hook = "password-sign-in"
	AddClosed      Hook = "add-closed"
	SnoozesLeft    Hook = "snoozes-left"
	NotNow         Hook = "secondary-not-now"
	ProveByPasskey Hook = "secondary-passkey"
	DeleteCard     Hook = "delete"
	RenameCard     Hook = "rename"
	CardDetails    Hook = "details"
	CardBlocked    Hook = "card-blocked"
	Notice         Hook = "notice"
	Conflict       Hook = "conflict" // the policy was changed by somebody else meanwhile
	Stay           Hook = "stay"     // the offer to renew a proof that is about to end

	ChangePassword  Hook = "change-password"
	ShowNewPassword Hook = "show-newPassword"
	SessionsLink    Hook = "sessions"
	SessionCard     Hook = "session"
	EndSession      Hook = "end-session"
	SessionOver     Hook = "session-over" // what an emptied page says
	SignOut         Hook = "sign-out"

	MethodApp     Hook = "method-app"
	MethodKey     Hook = "method-security-key"
	MethodPasskey Hook = "method-passkey"
	PhoneAndroid  Hook = "phone-android"
	PhoneIOS      Hook = "phone-ios"
	KeyUSB        Hook = "key-usb"

	// The way from the app to the browser, and back.
	HavingTrouble Hook = "secondary-trouble"
	DifferentWay  Hook = "trouble"
	InsteadInApp  Hook = "secondary-in-app"
	NotSeen       Hook = "not-seen"

	DialogDelete    Hook = "dialog-delete"
	DialogRename    Hook = "dialog-rename"
	DialogCancelRun Hook = "dialog-cancel-run"
	DialogConfirm   Hook = "dialog-confirm"
	DialogDismiss   Hook = "dialog-dismiss"
)

func (h Hook) selector() string { return fmt.Sprintf("[data-test=%q]", string(h)) }

// Press clicks the control with the given role and accessible name, as a
// person who reads the page would.
func Press(ctx context.Context, p *browser.Page, role, name string) error {
	element, err := p.ByRole(ctx, role, name)
	if err != nil {
		return fmt.Errorf("page: press %s %q: %w", role, name, err)
	}
	if err := element.Context(ctx).Click(proto.InputMouseButtonLeft, 1); err != nil {
		return fmt.Errorf("page: press %s %q: %w", role, name, err)
	}
	return nil
}

// PressHook clicks the visible control that carries the hook.
func PressHook(ctx context.Context, p *browser.Page, hook Hook) error {
	element, err := visible(ctx, p, hook.selector())
	if err != nil {
		return fmt.Errorf("page: press %s: %w", hook, err)
	}
	if err := element.Context(ctx).Click(proto.InputMouseButtonLeft, 1); err != nil {
		return fmt.Errorf("page: press %s: %w", hook, err)
	}
	return nil
}

// NotShown says that no visible element matches a selector.
type NotShown struct {
	Selector string
	Screen   Screen
}

func (e *NotShown) Error() string {
	return fmt.Sprintf("nothing visible matches %s; the page showed %s", e.Selector, e.Screen)
}

// Shows reports whether an element with the selector is visible now.
func Shows(ctx context.Context, p *browser.Page, hook Hook) bool {
	element, err := look(ctx, p, hook.selector())
	return err == nil && element != nil
}

// TextOf returns the text of the first element with the hook, white space
// folded; nothing when there is none.
func TextOf(ctx context.Context, p *browser.Page, hook Hook) (string, error) {
	value, err := p.Rod.Context(ctx).Eval(`selector => ((document.querySelector(selector) || {}).innerText || '').replace(/\s+/g, ' ').trim()`, hook.selector())
	if err != nil {
		return "", fmt.Errorf("page: read %s: %w", hook, err)
	}
	return value.Value.Str(), nil
}

// Enabled reports whether the visible control with the hook can be pressed.
func Enabled(ctx context.Context, p *browser.Page, hook Hook) (bool, error) {
	element, err := visible(ctx, p, hook.selector())
	if err != nil {
		return false, fmt.Errorf("page: look at %s: %w", hook, err)
	}
	disabled, err := element.Context(ctx).Disabled()
	if err != nil {
		return false, fmt.Errorf("page: look at %s: %w", hook, err)
	}
	return !disabled, nil
}

func visible(ctx context.Context, p *browser.Page, selector string) (*rod.Element, error) {
	var found *rod.Element
	if Poll(ctx, func() bool {
		element, err := look(ctx, p, selector)
		found = element
		return err == nil && element != nil
	}) {
		return found, nil
	}
	screen, _ := Read(ctx, p)
	return nil, &NotShown{Selector: selector, Screen: screen}
}

func look(ctx context.Context, p *browser.Page, selector string) (*rod.Element, error) {
	elements, err := p.Rod.Context(ctx).Elements(selector)
	if err != nil {
		return nil, err
	}
	for _, element := range elements {
		if shown, err := element.Visible(); err == nil && shown {
			return element, nil
		}
	}
	return nil, nil
}
