// Package phone is a phone as a product: its camera, its screens, its settings and its passkey providers, as one state machine
// that a person, a page or a script can look at and tap.
package phone
