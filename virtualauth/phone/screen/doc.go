// Package screen shows phones as web pages that a person, or a test, looks at and taps.
//
// A Handler decides nothing: each page is the View of a phone.Phone put through one template, and each form turns into a Tap. A
// page works without script, by posting forms and loading itself anew; with script it follows the phone by itself, says what
// has changed to those who listen, and reads pictures that are pasted into it. There is one stylesheet and one script, embedded
// and served under names that contain their hash.
//
// # Addresses
//
// Each phone lives below its id; the address / leads to the only phone, or lists them. What is posted is a form. A client that
// accepts application/json and no text/html gets the View as JSON, or {"error": "…"}; all others are redirected to the page,
// or get it with the error on it.
//
//	GET  /ID/                    the page
//	GET  /ID/screen              the part of it that changes, as HTML
//	GET  /ID/view[?after=N]      the View as JSON; with after, once its revision is later than N
//	GET  /ID/picture             what the camera looks at by itself, as JPEG
//	POST /ID/tap                 control, and for a field text: Phone.Tap or Phone.Enter
//	POST /ID/camera              opens the camera; code (a text FIDO:/…) or picture (a file) is held before it
//	POST /ID/settings            opens Settings
//	POST /ID/app                 app: the Key of a provider whose app is opened
//	POST /ID/happen              what: call, off, kill or die
//
// Statuses: 400 for what cannot be read, 403 for other sites and unknown hosts, 404, 409 when there is nothing to tap by that id
// or the phone is busy, 413, 422 for a picture without a code.
//
// # For page objects
//
// The element #screen has data-revision, data-state, data-screen, data-skin and, while the phone works, data-busy; each thing to
// tap has data-control with its id, and data-role when it agrees or declines. A note about what went wrong is in [data-note].
//
// # Safety
//
// Pages and addresses answer only to a loopback Host, or to one of Options.Hosts, so that no other site can reach them by a name
// of its own; requests from other sites are refused by net/http's CrossOriginProtection; the Content-Security-Policy allows our
// own files and nothing else; bodies are bounded; nothing but the two embedded files is cached.
package screen
