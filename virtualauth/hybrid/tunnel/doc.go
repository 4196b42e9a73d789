// Package tunnel is the tunnel server of the hybrid transport (CTAP 2.3 §11.5.1): where a phone and a desktop meet that
// cannot reach each other. It relays WebSocket messages between the two, whole, in order, and without understanding them.
//
// Start one, give its Network to the halves of package hybrid, and to a browser the flags that Server.BrowserFlags returns.
// Faults spoil it on purpose, also while it runs.
//
// # Protocol
//
// Everything is a GET that asks for a WebSocket (RFC 6455) with the subprotocol fido.cable, over TLS and HTTP/1.1. Ids in
// hexadecimal digits are the same in either case; contact ids are base64url without padding, 1 to 512 bytes.
//
//	/cable/new/<tunnel id>                    the phone opens a tunnel that the QR code decided; 16 bytes
//	/cable/connect/<routing id>/<tunnel id>   the other one joins; 3 bytes and 16 bytes
//	/cable/contact/<contact id>               a linked desktop asks for its phone
//	/cable/listen/<contact id>                a linked phone waits to be asked for
//
// The answer to new carries the header X-caBLE-Routing-ID, 6 digits that say which server of a domain has the tunnel; the
// phone puts them into its advert. A joined tunnel relays binary messages of at most 1 MiB. What arrives earlier waits.
// When one side goes, so does the other, with the same close code where it closed by one that may be sent on, and
// otherwise with 1001.
//
// # State-assisted transactions
//
// A contact carries the header X-caBLE-Client-Payload, hexadecimal digits of CBOR that only the phone understands, 1 to
// 1024 bytes. Real services hand it to the phone by the push service of its maker. Here the phone itself keeps a
// connection:
//
//  1. The phone opens /cable/listen/<contact id>. It sends nothing there. Whoever listens last is the phone: an earlier
//     listener is closed with code 4000 and must not come back by itself.
//  2. A desktop opens /cable/contact/<contact id>. The server makes up a tunnel id and leaves the desktop waiting in that
//     tunnel. Its messages wait too.
//  3. The phone receives one binary message for each such desktop, 20 to 1043 bytes: routing id (3 bytes) | tunnel id (16)
//     | client payload. One that came while the phone was away is delivered when it listens again, as long as the desktop
//     waits.
//  4. The phone opens /cable/connect/<routing id>/<tunnel id> with these ids, and sends its advert. From here on it is a
//     tunnel as any other.
//
// DELETE /cable/listen/<contact id> (no WebSocket; answered 204, also for an id that was never heard of) takes a contact id
// back: the user unlinked. From then on a contact for it is answered 410, by which a desktop forgets the link, until a phone
// listens for it again. The server remembers that of the last 2048 ids. For any other id the desktop waits: the phone may
// merely be away.
//
// The signal by which some services tell a desktop that the phone has joined (X-caBLE-Signal-Connection) is not offered; the
// header stays without an echo, which is how a server says so.
//
// # Statuses
//
//	400  a malformed id, payload or WebSocket request; the text says what is wrong
//	404  no such path, no such tunnel, or the routing id of another server
//	405  a method that the path does not have; Allow names those that it has
//	409  new for a tunnel id that is open already
//	410  a tunnel that was joined before or has ended, or a contact id that was taken back
//	426  no request for a WebSocket
//	431  headers that are too large
//	503  too many tunnels; Retry-After says when to come back
//
// WebSocket close codes: 1003 after a text message, 1008 after more messages than Limits.Messages or a message from a
// listener, 1009 after a message that is too large, 1001 when time is over. When the server ends, connections end without a code. Too
// many connections are reset before TLS begins.
//
// # What is kept
//
// Nothing outlives the process. Memory is bounded by Limits. Logs and metrics have counts, reasons and the first bytes of
// tunnel ids; neither has a message, a payload or a contact id.
package tunnel
