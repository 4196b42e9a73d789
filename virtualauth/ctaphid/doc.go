// Package ctaphid is the framing of CTAP over USB HID (CTAP 2.3 §11.2), on both ends, over anything that carries reports: a
// pipe, a socket, a kernel device. Each Read and each Write is one report.
//
//	Packet, Message, Assembler   reports ↔ packets ↔ messages
//	Device                       the authenticator's end: channels, transactions, keep-alives, locks
//	Host                         the client's end: a CTAP transport that cancels when its context ends
//	Misbehaviour                 lies of the device's framing, one field each
//
// The package imports none of its neighbours: what it carries is bytes, and the interface that it needs is declared here. Time
// comes from a function that the caller passes in; without one, nothing is ever late and nothing is kept alive.
package ctaphid
