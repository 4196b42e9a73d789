package walk

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// page is what a person can see and do on a page.
type page struct {
	status       int
	data         map[string]string // the data- attributes of main, without "data-"
	ceremony     map[string]string // of [data-ceremony], nil without one
	prove        map[string]string // of [data-prove], nil without one
	outcome      string            // where E9 asks
	looks        string            // where V2 asks
	accepted     string            // the list for signalAllAcceptedCredentials
	signsIn      bool
	text         string // all words of main but the support code
	h1           string
	names        []string // of cards
	preview      string   // the name on the card of S11
	provider     string   // named by a problem
	hasImages    bool
	controls     []control
	hasPasskeyUI bool // a button whose script asks for a passkey
}

// control is a link or a button.
type control struct {
	label  string
	href   string // of a link
	method string
	action string
	fields url.Values          // what the form sends, the button included
	radios map[string][]string // what can be chosen
	typed  []string            // names of text fields
	script bool                // the page's script sends this form
	screen string              // of the document's several that it stands on, "" for all
	inMain bool
	closed bool // shown, but not to be pressed
}

// step is the screen's id.
func (p *page) step() string { return p.data["step"] }

func parsePage(body []byte) *page {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return &page{}
	}
	p := &page{data: map[string]string{}}
	r := reader{page: p, seen: map[string]int{}}
	r.walk(root, where{})
	return p
}

// where is what surrounds an element.
type where struct {
	main, footer bool
	screen       string
	dialog       string
	form         *form
	card         bool
}

type form struct {
	method, action string
	fields         url.Values
	radios         map[string][]string
	typed          []string
	script         bool
	buttons        []*html.Node
	place          where
}

type reader struct {
	page *page
	seen map[string]int
}

func attributes(n *html.Node) map[string]string {
	all := map[string]string{}
	for _, a := range n.Attr {
		all[a.Key] = a.Val
	}
	return all
}

// dataOf are the data- attributes, without "data-".
func dataOf(a map[string]string) map[string]string {
	data := map[string]string{}
	for key, value := range a {
		if name, ok := strings.CutPrefix(key, "data-"); ok {
			data[name] = value
		}
	}
	return data
}

func (r *reader) walk(n *html.Node, at where) {
	if n.Type == html.ElementNode {
		at = r.element(n, attributes(n), at)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.walk(c, at)
	}
	if n.Type == html.ElementNode && n.Data == "form" && at.form != nil {
		r.submit(at.form)
	}
}

func (r *reader) element(n *html.Node, a map[string]string, at where) where {
	p := r.page
	switch n.Data {
	case "main":
		at.main = true
		p.data = dataOf(a)
		p.text = words(n)
	case "footer":
		at.footer = at.main || !at.main
	case "img":
		p.hasImages = true
	case "h1":
		if p.h1 == "" {
			p.h1 = words(n)
		}
	case "h2", "h3":
		r.title(n, a, at)
	case "template":
		at.dialog = a["data-dialog"]
		if _, ended := a["data-ended"]; ended {
			at.footer = true // what the page shows when its session is over
		}
	case "form":
		_, script := a["data-delete"]
		_, rename := a["data-rename"]
		at.form = &form{method: a["method"], action: a["action"], fields: url.Values{}, radios: map[string][]string{}, script: (script || rename) && at.dialog != "", place: at}
	case "input":
		at.form.input(a)
	case "a":
		r.link(a, at)
	case "button":
		if at.form != nil {
			at.form.buttons = append(at.form.buttons, n)
		}
	}
	r.marks(n, a, &at)
	return at
}

// title reads the names on cards.
func (r *reader) title(n *html.Node, a map[string]string, at where) {
	if at.dialog != "" || !at.card {
		return
	}
	if n.Data == "h3" {
		r.page.names = append(r.page.names, rawWords(n))
	} else {
		r.page.preview = rawWords(n)
	}
}

// marks reads what the script is told.
func (r *reader) marks(n *html.Node, a map[string]string, at *where) {
	p := r.page
	if screen, ok := a["data-screen"]; ok {
		at.screen = screen
	}
	if _, ok := a["data-cancel-dialog"]; ok && p.ceremony != nil {
		at.screen = "S8"
	}
	if test := a["data-test"]; test == "card" || test == "card-preview" {
		at.card = true
	} else if test == "problem-provider" {
		p.provider = words(n)
	}
	if _, ok := a["data-ceremony"]; ok {
		p.ceremony = dataOf(a)
	}
	if _, ok := a["data-prove"]; ok {
		p.prove = dataOf(a)
	}
	if _, ok := a["data-sign-in"]; ok {
		p.signsIn = true
	}
	if _, ok := a["data-passkey"]; ok && a["disabled"] == "" {
		p.hasPasskeyUI = true
	}
	if list, ok := a["data-accepted"]; ok {
		p.accepted = list
	}
	if _, ok := a["data-look-in-app"]; ok {
		p.looks = a["data-url"]
	}
	if to, ok := a["data-outcome"]; ok {
		p.outcome = to
	}
}

func (f *form) input(a map[string]string) {
	if f == nil || a["name"] == "" {
		return
	}
	_, disabled := a["disabled"]
	_, checked := a["checked"]
	switch kind := a["type"]; {
	case disabled:
	case kind == "radio":
		f.radios[a["name"]] = append(f.radios[a["name"]], a["value"])
		if checked {
			f.fields.Set(a["name"], a["value"])
		}
	case kind == "hidden":
		f.fields.Set(a["name"], a["value"])
	default:
		f.fields.Set(a["name"], a["value"])
		f.typed = append(f.typed, a["name"])
	}
}

func (r *reader) link(a map[string]string, at where) {
	if at.footer || !strings.HasPrefix(a["href"], "/") {
		return
	}
	label := a["data-test"]
	if label == "" {
		label = strings.ReplaceAll(strings.Trim(a["href"], "/"), "/", "-")
		label, _, _ = strings.Cut(label, "?")
	}
	if label == "" {
		label = "home"
	}
	r.add(control{label: label, href: a["href"], screen: at.screen, inMain: at.main}, at)
}

// submit makes the form's buttons controls, once all its fields are known.
func (r *reader) submit(f *form) {
	if f.place.footer {
		return
	}
	for _, button := range f.buttons {
		a := attributes(button)
		if a["type"] == "button" {
			continue // the script's
		}
		_, closed := a["disabled"]
		c := control{label: a["data-test"], method: strings.ToUpper(f.method), action: f.action, fields: url.Values{}, radios: f.radios,
			typed: f.typed, script: f.script, screen: f.place.screen, inMain: f.place.main, closed: closed}
		for name, values := range f.fields {
			c.fields[name] = values
		}
		if a["name"] != "" {
			c.fields.Set(a["name"], a["value"])
		}
		if c.label == "" {
			c.label = a["name"] + "=" + a["value"]
		}
		r.add(c, f.place)
	}
}

func (r *reader) add(c control, at where) {
	if at.dialog != "" {
		c.label = at.dialog + "-" + c.label
	}
	r.seen[c.label]++
	if n := r.seen[c.label]; n > 1 {
		c.label += "#" + strconv.Itoa(n)
	}
	r.page.controls = append(r.page.controls, c)
}

// words are all words of an element, without the support code, which is another one each time.
func words(n *html.Node) string {
	return strings.Join(strings.Fields(textOf(n)), " ")
}

// rawWords keeps every character.
func rawWords(n *html.Node) string { return textOf(n) }

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if a := attributes(n); a["data-test"] == "support-code" || n.Data == "template" {
		return ""
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
		if c.Type == html.ElementNode && c.Data != "bdi" && c.Data != "span" {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
