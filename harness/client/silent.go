package client

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// silent is a question that no user notices: which credential of a list does the authenticator know?
type silent struct {
	rpID          string
	list          []ctap2.Descriptor
	authorization authorization // shows also credentials that are hidden from the unverified
	request       any           // in which the list shall stand at last; nil for none
	always        bool          // ask even when the list is short enough as it is
}

// narrow makes a list fit the authenticator, which may limit the number of entries and the size of a message: it asks silently,
// piece by piece, and keeps the entry that the authenticator knows (CTAP 2.3 §6.1.2 and §6.2.2, notes on long lists). When it
// knows none, the last piece is left, so that it finds that out by itself.
func (c *Client) narrow(ctx context.Context, d *device, q silent) ([]ctap2.Descriptor, error) {
	if d.u2f != nil {
		return q.list, nil // which the key is asked about one by one anyway
	}
	pieces := d.pieces(q)
	if len(pieces) == 0 || len(pieces) == 1 && !q.always {
		return q.list, nil
	}
	found, err := c.known(ctx, d, q)
	if err != nil || found != nil {
		return found, err
	}
	return pieces[len(pieces)-1], nil
}

// known asks for the first entry of the list that the authenticator knows; nil when it knows none.
func (c *Client) known(ctx context.Context, d *device, q silent) ([]ctap2.Descriptor, error) {
	if d.u2f != nil {
		return knownToU2F(ctx, d.u2f, q)
	}
	for _, piece := range d.pieces(q) {
		hash := make([]byte, 32)
		found, err := ctap2.GetAssertion(ctx, c.Device, &ctap2.GetAssertionRequest{
			RPID: q.rpID, ClientDataHash: hash, AllowList: piece, Options: &ctap2.Options{UserPresence: new(false)},
			PINUVAuthParam: q.authorization.param(hash), PINUVAuthProtocol: q.authorization.number(),
		})
		switch {
		case isNoCredentials(err):
			continue
		case err != nil:
			return nil, err
		case len(found.Credential.ID) > 0:
			return []ctap2.Descriptor{{ID: found.Credential.ID, Type: ctap2.PublicKey}}, nil
		}
		return piece, nil // of one entry: the authenticator may leave out which
	}
	return nil, nil
}

// pieces cuts a list where a number of entries or the size of a message is reached. Every piece has at least one entry.
func (d *device) pieces(q silent) (pieces [][]ctap2.Descriptor) {
	count := int(d.info.MaxCredentialsInList)
	if count == 0 {
		count = 1 // CTAP 2.3 §6.4: an authenticator that does not tell takes one
	}
	room := d.room(q)
	start, size := 0, 0
	for i, entry := range q.list {
		size += entrySize + len(entry.ID)
		if i > start && (i-start == count || size > room) {
			pieces, start, size = append(pieces, q.list[start:i]), i, entrySize+len(entry.ID)
		}
	}
	if start < len(q.list) {
		pieces = append(pieces, q.list[start:])
	}
	return pieces
}

// entrySize is how many bytes an entry takes beside its id: {"id": h'…', "type": "public-key"}, with a head of three bytes.
const entrySize = 1 + 3 + 3 + 5 + 11

// smallestMessage is what every authenticator takes (CTAP 2.3 §6.4, maxMsgSize).
const smallestMessage = 1024

// overhead allows for what is added to a request after its list was cut: options, the MAC of a token, the salts of hmac-secret.
const overhead = 300

// room is how many bytes of a message are left for a list.
func (d *device) room(q silent) int {
	size := int(d.info.MaxMessageSize)
	if size == 0 {
		size = smallestMessage
	}
	rest, err := ctap2.Marshal(q.request)
	if err != nil {
		rest = nil
	}
	return size - max(len(rest), 64+len(q.rpID)) - overhead
}

func isNoCredentials(err error) bool {
	// INVALID_CREDENTIAL is what some authenticators of CTAP 2.0 answer for the id of a stranger.
	return errors.Is(err, ctap2.NoCredentials) || errors.Is(err, ctap2.InvalidCredential)
}

func isUnknownCommand(err error) bool { return errors.Is(err, ctap2.InvalidCommand) }
