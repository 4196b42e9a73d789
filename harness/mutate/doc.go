// Package mutate changes encoded messages by their structure: a member is removed, a length is told wrong, a key of a COSE_Key
// gets another type, a bit of a certificate's serial number flips, and everything around the change is encoded anew, so that
// it is reached by whoever reads the message. It knows encodings and no meaning: what a reader must make of a change is for
// its caller to say.
//
// # Layers
//
// [Open] reads a message into a tree. Members that hold other encodings are opened, too, as [Layers] says:
//
//	JSON       objects, arrays and strings; a string with a layer is base64url
//	CBOR       maps, arrays, byte and text strings; COSE_Keys are maps
//	DER        TLV by TLV, the contents of octet strings included; certificates and ECDSA signatures are sequences
//	AuthData   authenticator data (WebAuthn L3 §6.1) by its fields; the credential's key and the extensions are CBOR
//
// # Recipes
//
// A [Recipe] is a list of edits, each a path, an operation and a number that the operation makes of what it will. It is text,
// short enough for a command line, and does the same to every message of the same shape, whatever challenge is in it:
//
//	response/authenticatorData/flags flip 0
//	response/clientDataJSON/type type 2; response/clientDataJSON/origin cut 1
//
// [Draw] draws an edit, among those that [Node.Choices] lists, and [Shrink] finds the shortest recipe, with the smallest numbers, for which something holds still.
package mutate
