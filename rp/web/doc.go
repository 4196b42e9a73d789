// Package web is the face of the relying party: its pages, the wizard that adds a passkey, the JSON endpoints of
// the ceremonies, and every text a person reads. It decides nothing: each handler asks package rp and shows the
// answer.
//
// # How it is put together
//
// One table (routes.go) holds every address. A handler gets a visit (one request with its session and its
// language) and returns an error; visit.fail (fail.go) turns every error into a page or a JSON answer in one
// place. Pages are html/template files, one a screen, each fed by one struct; the frame around them is
// base.html. There is one stylesheet and one script, both embedded and served under a name that contains their
// hash, so that they may be cached for ever.
//
// # Texts
//
// No text stands in a template, a script or Go code: all of it is in locales/, by key, and tests look for stray
// words. A message whose text has several lines is a list; one with a count has the plural forms of CLDR; one may
// choose between words with {{if eq}}. Where phones keep a setting is data of its own, in locales/settings/, by
// system, version and language. The pseudo-locale en-XA is made from English at load.
//
// The language is that of the person's profile, else of ?lng=, which stays in a cookie, else of the browser
// (language.go). Numbers and dates are written its way, in the browser's time zone, and names that run against
// its direction are isolated. The stylesheet names no side of the screen, so that pages mirror.
//
// # The ceremony
//
// Everywhere but in the ceremony a form is posted and answered by a redirect. The ceremony cannot leave its
// page, because the click's user activation and the pending promise live there: S7 (or K2), S8 and S9 are one
// document (ceremony.html) and the script moves the address. Loading the address of S8 afresh shows S7 again.
//
// # Safety
//
// A strict Content-Security-Policy without inline code, refusal of cross-site requests by net/http's
// CrossOriginProtection, bounded bodies, HttpOnly cookies, no caching of pages, and a request id on every
// answer, which is the support code of the error pages.
package web
