// Package lab assembles one running stage: a relying party with its own
// database, clock and origin, a browser window, and the authenticators that
// answer it. Journeys stand on a stage; so does a person who wants to look at
// a flow on their own machine.
//
// Three lifetimes:
//
//	Lab    one browser process and its bridge, and the TPM of all phones; shared by the journeys of one test process
//	Stage  one relying party, one window, one person's phone; made for one journey and closed after it
//	Reach  what lies between computer and phone on a stage with StageOptions.Hybrid: it begins and ends with the stage
//
// On most stages the window is an incognito one of the lab's browser, and the phone (Handset) answers through the bridge. With
// Hybrid the stage has a browser of its own, in which nothing is replaced: it shows its code in its own dialog, the phone
// (Reach.Phone) reads that from the pixels (Reach.Camera), and the two meet over a software Bluetooth (Reach.Bus) and a tunnel
// server (Reach.Tunnel), each of which can be made to fail while a ceremony runs. Nobody taps by itself there: a ceremony is
// phone.Person.Scan, or whoever calls Phone.PointCamera and Phone.Tap or taps the phone's page (Reach.Screen), and ends at the latest with the context that it was given.
// Stage.Close ends browser, tunnel and bus, whatever they are doing; a phone that has begun to connect ends with a typed error then.
//
// The organisation's app on a phone (phone.OpenApp) reaches the relying party over HTTP, as an app: on the phone of a hybrid
// stage, and on any that Stage.PhoneWithApp makes.
//
// A stage can also stand at a relying party that runs elsewhere and has the same
// pages (StageOptions.URL): the person signs up there as anybody would, time
// goes by itself, and what lies behind the pages is out of reach (Stage.RP is nil).
//
// Nothing is shared between two stages but the lab: each has an
// origin of its own (http://<id>.localhost:port), by which the bridge routes,
// and a virtual clock, so that five minutes pass by saying so.
package lab
