// Package page holds the page objects: the only place in the repository that
// knows how the relying party's screens are marked up.
//
// A method is an intention ("presses I understand"), waits inside, and returns
// an error that tells what the page showed instead. Elements are located by
// role and accessible name first; by data-step, data-code and data-test where
// the language must not matter. Every selector stands in Selectors, which a
// test holds against the templates without a browser.
package page
