// Package walk sends people without a plan through the relying party. It has no code of its own, only tests.
//
// A walk is a list of events, such as "press primary", "phone google lost" or "clock 4m59s". Its person has a browser
// with two tabs, a phone with several passkey providers that are real authenticators in software, and the relying party
// behind its real handler, in this process, with a clock that only moves when told. She can do what the page in front
// of her really offers (its forms and links are parsed and used), what her browser offers (back, reload, a second tab,
// an address that she remembers), and what life does to her (time passes, a reply is lost, the policy changes, the server
// is started again). Where a page needs its script, the walk does what the script does, request by request.
// On her phone is the organisation's app, too, which makes and deletes passkeys by its own API while no page knows of it,
// or while one looks for what it makes.
//
// After each event everything that the relying party keeps is held against what the walk knows must be true: passkeys,
// refused tries, ceremonies, runs, the audit log, the outbox, the lists that pages hand to browsers. And wherever a walk
// ends, somebody who from there on always does the right thing must come to a passkey that is stored.
//
// A failure names the seed, the shortest list of events that still fails, and the command that repeats it:
//
//	go test ./scenarios/walk -run TestWalks -walk.replay='browser desktop; press password-sign-in; …'
//
// The flag -walk.sequences says how many walks there are, -walk.seed which ones, and -walk.mutants breaks the relying
// party on purpose, in one place after the other, to show that the walks notice.
package walk
