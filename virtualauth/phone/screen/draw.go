package screen

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// layout is how a screen is arranged.
type layout string

// The layouts.
const (
	homeLayout   layout = "home"   // apps on a wallpaper
	cameraLayout layout = "camera" // the viewfinder, with a card in it
	sheetLayout  layout = "sheet"  // a sheet from below
	pageLayout   layout = "page"   // a page of Settings
	appLayout    layout = "inside" // a screen of an app, the whole glass
	coverLayout  layout = "cover"  // the whole glass: a call, a phone that is off
)

// appearance is what a screen looks like beside its words.
type appearance struct {
	layout layout
	icon   string // an id of the sprite without "i-"; empty: none
}

// appearances of all screens; those that are not here are sheets without an icon. Never written after the program has started.
var appearances = map[phone.Screen]appearance{
	phone.ScreenHome:              {homeLayout, ""},
	phone.ScreenCamera:            {cameraLayout, ""},
	phone.ScreenCameraPermission:  {cameraLayout, "camera"},
	phone.ScreenScannerText:       {cameraLayout, "search"},
	phone.ScreenScannerUnknown:    {cameraLayout, "warning"},
	phone.ScreenChip:              {cameraLayout, ""},
	phone.ScreenComputer:          {sheetLayout, "computer"},
	phone.ScreenNoLock:            {sheetLayout, "lock"},
	phone.ScreenBluetooth:         {sheetLayout, "bluetooth"},
	phone.ScreenNearby:            {sheetLayout, "nearby"},
	phone.ScreenNearbyDenied:      {sheetLayout, "nearby"},
	phone.ScreenConnecting:        {sheetLayout, "computer"},
	phone.ScreenConnected:         {sheetLayout, "linked"},
	phone.ScreenSheet:             {sheetLayout, "passkey"},
	phone.ScreenOptions:           {sheetLayout, "passkey"},
	phone.ScreenOtherDevice:       {sheetLayout, "key"},
	phone.ScreenUnlock:            {sheetLayout, "lock"},
	phone.ScreenProvider:          {sheetLayout, "passkey"},
	phone.ScreenVerify:            {sheetLayout, ""},
	phone.ScreenPIN:               {sheetLayout, "lock"},
	phone.ScreenLockedOut:         {sheetLayout, "lock"},
	phone.ScreenDuplicate:         {sheetLayout, "passkey"},
	phone.ScreenNoPasskeys:        {sheetLayout, "passkey"},
	phone.ScreenWorking:           {sheetLayout, "passkey"},
	phone.ScreenSaved:             {sheetLayout, "done"},
	phone.ScreenSignedIn:          {sheetLayout, "done"},
	phone.ScreenExcluded:          {sheetLayout, "passkey"},
	phone.ScreenError:             {sheetLayout, "warning"},
	phone.ScreenAppWelcome:        {appLayout, "passkey"},
	phone.ScreenAppUser:           {appLayout, "person"},
	phone.ScreenAppPassword:       {appLayout, "lock"},
	phone.ScreenAppCode:           {appLayout, "lock"},
	phone.ScreenAppAccount:        {appLayout, "person"},
	phone.ScreenAppWorking:        {appLayout, "passkey"},
	phone.ScreenAppSaved:          {appLayout, "done"},
	phone.ScreenAppFailed:         {appLayout, "warning"},
	phone.ScreenAppDelete:         {appLayout, "delete"},
	phone.ScreenAppDeleted:        {appLayout, "done"},
	phone.ScreenAppNotReported:    {appLayout, "warning"},
	phone.ScreenCall:              {coverLayout, "person"},
	phone.ScreenOff:               {coverLayout, ""},
	phone.ScreenDead:              {coverLayout, "empty"},
	phone.ScreenSettings:          {pageLayout, ""},
	phone.ScreenSettingsPasswords: {pageLayout, ""},
	phone.ScreenSettingsPasskeys:  {pageLayout, ""},
	phone.ScreenSettingsDelete:    {sheetLayout, "delete"},
	phone.ScreenSettingsBluetooth: {pageLayout, ""},
	phone.ScreenSettingsNearby:    {pageLayout, ""},
	phone.ScreenSettingsCamera:    {pageLayout, ""},
	phone.ScreenSettingsLock:      {pageLayout, ""},
	phone.ScreenSettingsNetwork:   {pageLayout, ""},
}

// facts are what a page shows beside the View.
type facts struct {
	base, name     string
	read           string // the text of the last code
	note           string // what went wrong
	sight          string // what the camera looks at by itself, in words
	live, pictures bool   // there is a picture of that; pictures can be read
	apps           []string
}

// drawing is what the templates are given.
type drawing struct {
	Base, Name, Note, Read, Sight string
	Live, Pictures                bool
	View                          phone.View
	Skin                          string // "android" or "ios"
	Layout                        layout
	Icon                          string
	Entries                       []entry
	Back                          *phone.Control  // the way back of pages, in their head
	Secret                        *phone.Control  // the field
	Sensors, Toggles, Links       []phone.Control // by kind
	Buttons                       []phone.Control // what gives up first, what agrees last
	Waiting                       bool            // nothing can be done here but wait
	Keys                          []string        // of the PIN pad; none for what is typed on a keyboard
	Apps                          []string        // that can be opened on the home screen
}

// entry is a row and how it is drawn.
type entry struct {
	phone.Entry
	Mark   bool   // it is about a provider, whose mark it bears
	Choice string // aria-pressed of a row that is one of several to choose from; empty: it leads somewhere
	Icon   string // of a page of Settings
	First  bool   // of a group
}

// draw arranges a View.
func draw(f facts, v phone.View) drawing {
	a, known := appearances[v.Screen]
	if !known {
		a.layout = sheetLayout
	}
	d := drawing{
		Base: f.base, Name: f.name, Note: f.note, Read: f.read, Sight: f.sight, Live: f.live, Pictures: f.pictures, View: v,
		Skin: strings.ToLower(v.Skin.String()), Layout: a.layout, Icon: a.icon,
		Apps: f.apps,
	}
	for _, e := range v.Entries {
		d.Entries = append(d.Entries, drawEntry(v.Screen, e))
	}
	for _, c := range v.Controls {
		d.place(c)
	}
	if v.Skin == phone.IOS { // one below the other, what agrees first
		for i, j := 0, len(d.Buttons)-1; i < j; i, j = i+1, j-1 {
			d.Buttons[i], d.Buttons[j] = d.Buttons[j], d.Buttons[i]
		}
	}
	d.Waiting = len(v.Entries)+len(v.Controls) == 0 && v.Screen != phone.ScreenHome || v.Busy
	return d
}

// place puts a control where its kind belongs.
func (d *drawing) place(c phone.Control) {
	switch {
	case d.Layout == pageLayout && c.ID == "settings-back":
		d.Back = &c
	case c.Kind.Typed():
		d.Secret = &c
		if c.Kind == phone.KindSecret {
			d.Keys = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}
		}
	case c.Kind == phone.KindSensor:
		d.Sensors = append(d.Sensors, c)
	case c.Kind == phone.KindToggle:
		d.Toggles = append(d.Toggles, c)
	case c.Kind == phone.KindLink:
		d.Links = append(d.Links, c)
	case c.Role == phone.Agree:
		d.Buttons = append(d.Buttons, c)
	default:
		d.Buttons = append([]phone.Control{c}, d.Buttons...)
	}
}

// drawEntry decides how a row looks.
func drawEntry(screen phone.Screen, e phone.Entry) entry {
	drawn := entry{Entry: e, Icon: settingIcons[e.ID]}
	drawn.First = e.Kind == phone.KindToggle
	drawn.Mark = drawn.Icon == "" && (e.Kind == phone.KindToggle || screen == phone.ScreenSheet || screen == phone.ScreenOptions)
	if screen == phone.ScreenSheet || strings.HasPrefix(e.ID, "prefer-") {
		drawn.Choice = onOff(e.Selected)
	}
	return drawn
}

// settingIcons are those of the pages of Settings. Never written after the program has started.
var settingIcons = map[string]string{
	"settings-passwords": "key", "settings-bluetooth": "bluetooth", "settings-network": "network",
	"settings-nearby": "nearby", "settings-camera": "camera", "settings-lock": "lock",
}

// The functions of the templates.

// countWords says how many passkeys a provider holds; nothing for a row that is about something else.
func countWords(n int) string {
	switch {
	case n < 0:
		return ""
	case n == 0:
		return "No passkeys"
	case n == 1:
		return "1 passkey"
	}
	return fmt.Sprintf("%d passkeys", n)
}

// initials are those of a provider's first two words.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.Fields(name) {
		if r := []rune(word)[0]; unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, unicode.ToUpper(r))
		}
	}
	return string(letters[:min(2, len(letters))])
}

// tints is how many colours there are for marks.
const tints = 6

// tint is the number of a provider's colour.
func tint(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return h.Sum32() % tints
}

// iconOf is the icon of a sensor: a finger on Android, a face on iOS, a key that is held to the phone.
func iconOf(c phone.Control, skin string) string {
	switch {
	case strings.HasPrefix(c.ID, "key-"):
		return "key"
	case skin == "ios":
		return "face"
	}
	return "finger"
}

func onOff(on bool) string {
	if on {
		return "true"
	}
	return "false"
}
