// Package journeys tells what people do with passkeys, one sentence a journey,
// one file a group of the product specification: registering (REG), saving in
// the wrong provider (WP), an already-existing passkey (EX), deletion (DEL),
// sign-in (SI), fresh proof (MFA), a relying party in trouble (RP), keyboard
// and screen reader (AX), attacks (SEC).
//
// A journey reads like the sentence it proves: a person is the subject, page
// objects do the clicking, and each journey asserts on three places: the page,
// the relying party's store, and the authenticator. Each has a stage of its
// own (package lab), so journeys run alone, in any order and in parallel.
//
//	journey.go   Journey declares one: id, sentence, driver, what is given
//	person.go    Person: the steps that every journey shares
//	telling.go   a step as the report shows it, and a failure's message
//	suite_test.go   the Ginkgo suite: configuration, browser, reports
package journeys
