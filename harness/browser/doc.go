// Package browser starts an unmodified Chromium and drives it: browser contexts that stand for people at their computers,
// pages whose console, exceptions and requests are recorded, elements found by role and accessible name, network faults,
// and spies on the Web Authentication API.
//
// The design in five sentences. A [Browser] is one process with its own folder, which a small shell program (the guard)
// removes together with every process of the browser, even when this process is killed: see guard.sh. A [Context] is an
// incognito browser context, one person; each [Page] of it has its own window, because navigator.credentials.create works
// in a focused window only. All messages of the browser pass through one [socket], which hands events to their listeners
// before it hands on any later reply; so what happened before a call returned has been recorded when it returns. A context
// given to a method bounds that method, never the life of what it returns: that ends with Close. Nothing here knows what a
// passkey is: the sub-packages webauthn (DevTools virtual authenticators) and bridge (our own authenticators behind the
// real navigator.credentials) do.
package browser
