// Package phone is a phone as a product: its camera, its screens, its settings and its passkey providers, as one state machine
// that a person, a page or a script looks at and taps.
//
//	Settings   what is so: system and version, providers, Bluetooth, network, screen lock, faults; changed at any time by Change
//	World      what comes from outside: clock, randomness, key stores, the tunnel's network, the air
//	Phone      PointCamera, AwaitComputer and Answer carry out a ceremony; Tap and Enter are what a finger does
//	View       what is shown now, as plain data; Await waits for the next one
//	Person     somebody who taps without a page: agreeable, unless a Script says otherwise
//	Outcome    what a ceremony came to: where the passkey is, whether it is a stray, which error the phone showed
//	Event      the record of it all: states, screens, taps, CTAP2, and what went over the hybrid transport
//
// # States
//
//	P0 idle
//	│ the user opens the camera                          (AwaitComputer begins at P6, Answer at P6 and then P10)
//	P1 preflight ─ P2 camera ─ P3 chip ─ P4 handler reads the code           BadQR: malformed, too old
//	│
//	P5 this computer? ─ P6 screen lock ─ P7 Bluetooth                        NoScreenLock, NoBluetoothPermission: Settings, and back
//	│                                    └ P14, where UVBeforeConnect
//	P8 connecting                                                            TunnelFailed, HandshakeFailed, UnexpectedEnd
//	│
//	P9 connected                                                             UnexpectedEnd, DecryptionFailed
//	│ the computer asks
//	P10 request                                                              BadCBOR, BadCTAP, UnknownCommand, …
//	│
//	P11 provider sheet ◀──▶ P12 more options                                 OPERATION_DENIED, NO_CREDENTIALS
//	│  └ with P14 on Android 15    └ another device: a security key
//	P13 the provider's own screen: unlock, make it the default?
//	│
//	P14 verify: face or finger, or the PIN                                   OPERATION_DENIED
//	│ the provider decides: CREDENTIAL_EXCLUDED, its own refusal, its keys    Internal
//	P15 saved locally: from here on there can be a stray
//	│
//	P16 sent                                                                 EndWhileProcessing, at any time since P10
//	│ the user taps the last screen away
//	P17 done
//
// A ceremony is carried out by the goroutine that called for it, and ends with its context. Screens that nobody waits at any more,
// such as "saved" and errors, stay as notices until somebody taps them away; a new ceremony takes their place. Over everything come
// calls, a dark screen, and the Settings app, in which a ceremony's user sets right what it asked for: it looks again then.
//
// # Apps
//
// A provider with a World.Service has an app on the home screen (OpenApp): its user signs in there, makes passkeys by its own
// authenticator and the service's API, and deletes them. Its way is P1, P6, P10, P14, P15, P16 and P17: there is no code, no
// computer and no sheet. A passkey that the service refuses is removed again at once, so that there is no stray; one whose
// answer is lost stays.
//
// # Whose passkey
//
// Each provider in each profile has an authenticator of its own, with its own key store. The phone chooses with its user which one
// answers; that one makes and uses the keys, and its questions become screens of the phone. What the phone says about itself in
// the handshake is said before anybody has chosen, and names no provider.
//
// # Faults
//
// Every failure that people meet on a phone is a matter of Settings, of a Provider's fields, and of what its Person does. Two
// faults that look different on the phone may look the same to the computer. Lies are elsewhere: Settings.Misbehave are those of
// the transport, Provider.Misbehave those of an authenticator.
//
// Time limits run by World.Clock; with the same randomness, a phone without a computer repeats itself byte by byte.
package phone
