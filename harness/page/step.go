package page

// Step names a screen, as its main element's data-step says.
type Step string

// The screens, by the names of the product specification.
const (
	SignIn  Step = "sign-in"
	S0      Step = "S0"  // Security info
	S1      Step = "S1"  // Choose a method
	S2      Step = "S2"  // Confirm it is you
	S2a     Step = "S2a" // Proof challenge
	S3      Step = "S3"  // Get the app
	S4      Step = "S4"  // Which phone
	S5a     Step = "S5a" // Turn on the provider, Android
	S5i     Step = "S5i" // Turn on the provider, iOS
	S6      Step = "S6"  // Get both devices ready
	S7      Step = "S7"  // Where it will be saved
	S8      Step = "S8"  // Waiting for the phone
	S9      Step = "S9"  // Checking
	S10     Step = "S10" // Name your passkey
	S11     Step = "S11" // Done
	K1      Step = "K1"  // Which kind of key
	K2      Step = "K2"  // Have it ready
	F1      Step = "F1"  // A passkey is asked for after sign-in
	V1      Step = "V1"  // Finish in the app
	V2      Step = "V2"  // Looking for what the app made
	E1      Step = "E1"
	E2      Step = "E2"
	E2b     Step = "E2b"
	E3      Step = "E3"
	E4      Step = "E4"
	E5a     Step = "E5a"
	E5b     Step = "E5b"
	E5c     Step = "E5c"
	E5d     Step = "E5d"
	E6      Step = "E6"
	E7      Step = "E7"
	E8      Step = "E8"
	E9      Step = "E9"
	E10     Step = "E10"
	E11     Step = "E11"
	E12     Step = "E12"
	Unknown Step = "SI-unknown" // sign-in with a passkey that the relying party does not know
	Stray   Step = "SI-stray"   // sign-in with a passkey that was refused when it was made
	Blocked Step = "SI-blocked" // sign-in with a passkey that the policy now refuses
	Failed  Step = "SI-failed"  // sign-in that did not verify

	SignUp            Step = "sign-up"
	SignUpCode        Step = "sign-up-code"
	Rename            Step = "rename" // the pages that stand in for the dialogs where there is no script
	Delete            Step = "delete"
	SignOutEverywhere Step = "sign-out-everywhere"
	NewPassword       Step = "password" // another password in place of the present one
	Sessions          Step = "sessions" // where the account is signed in
	Outbox            Step = "outbox"
	Help              Step = "help"
	HTTPError         Step = "error" // no such page, and the like

	AdminSignIn   Step = "admin-sign-in" // the administrator's pages
	AdminPolicy   Step = "admin-policy"
	AdminDocument Step = "admin-document"
	AdminOutbox   Step = "admin-outbox"
)
