package apdu

// Misbehaviour is the list of lies that the framing of a Card can tell. The zero value is honest; each field is one deviation,
// read at one line. What the authenticator itself says stays untouched.
type Misbehaviour struct {
	// Version is answered to applet selection, whatever there is on the card. Breaks CTAP 2.3 §11.3.3 (version string).
	Version string
	// AnswerUnselected performs commands although no applet was selected. Breaks CTAP 2.3 §11.3.3 (selection comes first).
	AnswerUnselected bool
	// HideRest says 9000 at the end of a first part, so that the client never asks for the rest. Breaks CTAP 2.3 §11.3.6.
	HideRest bool
	// IgnoreCancel goes on waiting for the person although the client cancelled. Breaks CTAP 2.3 §11.3.7.2.
	IgnoreCancel bool
}
