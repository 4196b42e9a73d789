// Package hybrid is the hybrid transport (CTAP 2.3 §11.5), on both ends: how a computer and a phone that have never met find one
// another, prove that they are close, and speak CTAP2 over the internet in between.
//
//	Desktop                                    Phone
//	Invite   ── QR code, by light ───────────▶ Scan
//	                                           Dial        opens a tunnel at a tunnel server
//	Listen   ◀── advert, by radio ──────────── Advertise   says where, in 20 encrypted bytes
//	Connect  ── Noise, by the tunnel ────────▶ Respond
//	Link     ◀─ frames: CTAP2, updates, JSON ▶ Serve
//
// Each stage is a type with one method that leads to the next one; using a finished stage again panics, because keys and
// nonces must not be used twice. Every stage has a Close, which is harmless once the next stage owns the tunnel.
//
// The computer's Link is a ctap2.Transport: any phone, ours or a stranger's, is an authenticator like any other.
//
// # Remembered computers
//
// A phone may link: it sends the computer a contact id and a secret, and the next transaction needs no QR code (CTAP 2.3
// §11.5.2). Desktop.Reconnect begins it on one end, Phone.Reach on the other.
//
// # What the tunnel server does
//
// All connections are WebSockets with the subprotocol fido.cable and carry binary messages, which the server relays as they are.
// The specification leaves the phone's side to the maker of the phone; here it is:
//
//	phone     GET /cable/new/TUNNEL              the answer's header X-caBLE-Routing-ID: 6 hex digits
//	computer  GET /cable/connect/ROUTING/TUNNEL
//	phone     GET /cable/listen/CONTACT          waits to be contacted
//	computer  GET /cable/contact/CONTACT         with X-caBLE-Client-Payload: hex; 410 when the contact is gone
//	phone     GET /cable/connect/ROUTING/TUNNEL  when it was told ROUTING ‖ TUNNEL ‖ client payload where it listens
//	phone     DELETE /cable/listen/CONTACT       is gone from now on
//
// TUNNEL is 16 bytes and ROUTING 3, in hex digits of either case; CONTACT is base64url without padding.
//
// Time and randomness come from outside; without a clock, nothing here knows what time it is, and nothing waits for it.
package hybrid
