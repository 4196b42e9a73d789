// Package orgapp is Larkspur ID, the organisation's own phone app: how it is signed, and how the one on a phone in software talks
// to the relying party.
//
// Registered and Published are the app as a relying party is told of it; with both it offers the app-first flow. A Service is
// the app's side of the relying party's API (package rp/web, app_api.go) as a phone's World wants it: the phone shows the app's
// screens and makes the passkey, and the Service sends it over HTTP, as an app does and no browser would.
//
// Connect finds a relying party that runs already, and says what is wrong when there is none.
package orgapp
