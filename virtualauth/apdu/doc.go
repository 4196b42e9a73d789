// Package apdu is the framing of smart cards: ISO 7816-4 command and response APDUs as CTAP uses them over NFC and PC/SC
// (CTAP 2.3 §11.3), and as U2F uses them inside CTAPHID_MSG (FIDO U2F Raw Message Formats 1.2 §3).
//
//	Command, Response, Status    bytes ↔ values: short and extended length, all four cases
//	Card                         the authenticator's end: applet selection, chaining, GET RESPONSE, status updates
//	Reader                       the client's end: a CTAP transport over anything that transmits APDUs
//	Messages                     U2F commands in their APDUs, without a card around them
//
// The package imports none of its neighbours: what it carries is bytes, and the interfaces that it needs are declared here.
// Time comes from a function that the caller passes in; without one, nothing is ever late.
package apdu
