// Package journeys tells what people do with passkeys, one sentence a journey,
// one file a group of the product specification: registering (REG), saving in
// the wrong provider (WP), an already-existing passkey (EX), deletion (DEL),
// sign-in (SI), fresh proof (MFA), failing phones (PH), a relying party in
// trouble (RP), keyboard and screen reader (AX), attacks (SEC).
//
// A journey reads like the sentence it proves: a person is the subject, page
// objects do the clicking, and each journey asserts on three places: the page,
// the relying party's store, and the authenticator. Each has a stage of its
// own (package lab), so journeys run alone, in any order and in parallel.
//
// One body is played over each driver that can tell it. What its words mean
// there is the business of a hand: the phone in the person's hand, as that
// driver has it.
//
//	journey.go   Journey declares one: id, sentence, drivers, what is given
//	drivers.go   over which drivers, and why not over others
//	hand.go      what a driver's phone must do, and the words that use it
//	held.go      the phone with a screen, which a browser reaches over hybrid
//	person.go    Person: the steps that every journey shares
//	telling.go   a step as the report shows it, and a failure's message
//	suite_test.go   the Ginkgo suite: configuration, browser, reports
package journeys
