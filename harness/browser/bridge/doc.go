// Package bridge puts our own authenticators behind the real navigator.credentials of every page of an unmodified Chromium.
//
// Chromium lets an extension stand in for the authenticators of the machine (the webAuthenticationProxy API, meant for remote
// desktops). A tiny extension hands each request to Go through DevTools, and a [Responder] that was routed to the page's
// origin answers it. What the page sees is native: real PublicKeyCredential objects, real DOMExceptions, and before a request
// gets here the browser has checked RP ID, permission policy and focus.
//
// Facts worth knowing, all measured on Chromium 156. A DevTools virtual authenticator in a tab wins over the bridge. Conditional
// mediation is off while the bridge is installed. Signals of the Signal API resolve but do not arrive here. The page's timeout
// is raised to three minutes and then not enforced by the browser; package client enforces what arrives. Requests carry the
// page's origin, not its tab: parallel tests need an origin each.
package bridge
