// Package harness makes an authenticator and a relying party meet: its folders hold the browser and the ways into it, the
// WebAuthn client, page objects, the stage that puts all of it together, and the settings of a run.
//
// The package itself has no code. It is the place of one test that holds the table of which package may import which: what
// makes a credential (virtualauth) shares no code with what checks it (rp), and all arrows point one way,
//
//	cmd → scenarios → harness → {virtualauth | rp} → vocabulary
//
// with reports below harness.
package harness
