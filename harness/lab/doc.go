// Package lab assembles one running stage: a relying party with its own
// database, clock and origin, a browser window, and the authenticators that
// answer it. Journeys stand on a stage; so does a person who wants to look at
// a flow on their own machine.
//
// Two lifetimes:
//
//	Lab    one browser process and its bridge, shared by the journeys of one test process
//	Stage  one relying party, one incognito window, one person's phone; made for one journey and closed after it
//
// A stage can also stand at a relying party that runs elsewhere and has the same
// pages (StageOptions.URL): the person signs up there as anybody would, time
// goes by itself, and what lies behind the pages is out of reach (Stage.RP is nil).
//
// Nothing is shared between two stages but the browser process: each has an
// origin of its own (http://<id>.localhost:port), by which the bridge routes,
// and a virtual clock, so that five minutes pass by saying so.
package lab
