package hybrid_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// A computer shows a QR code, a phone in the same room reads it, and the phone's authenticator is the computer's.
func Example() {
	ctx := context.Background()
	tunnels := &relay{subprotocol: hybrid.Subprotocol, routing: "010203", tunnels: map[string]*tunnel{}}
	tunnels.server = httptest.NewTLSServer(tunnels)
	defer tunnels.server.Close()
	var room hybrid.Ether

	desktop := &hybrid.Desktop{Network: tunnels.network(), Rand: rand.Reader}
	offer, err := desktop.Invite()
	if err != nil {
		log.Fatal(err)
	}
	go phoneInTheRoom(ctx, &hybrid.Phone{Network: tunnels.network(), Rand: rand.Reader}, offer.QR.String(), &room)

	found, err := offer.Listen(ctx, &room)
	if err != nil {
		log.Fatal(err)
	}
	link, err := found.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	info, err := ctap2.GetInfo(ctx, link)
	if err != nil {
		log.Fatal(err)
	}
	_, err = ctap2.GetAssertion(ctx, link, &ctap2.GetAssertionRequest{RPID: "login.example", ClientDataHash: make([]byte, 32)})
	fmt.Println(info.Versions[0], errors.Is(err, ctap2.NoCredentials))
	// Output: FIDO_2_0 true
}

func phoneInTheRoom(ctx context.Context, phone *hybrid.Phone, text string, room *hybrid.Ether) {
	authenticator := virtualauth.New(virtualauth.Model{}, virtualauth.World{Clock: fixedClock{}, Rand: rand.Reader})
	info, err := authenticator.Exchange(ctx, []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		log.Fatal(err)
	}
	invitation, err := phone.Scan(text)
	if err != nil {
		log.Fatal(err)
	}
	waiting, err := invitation.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := room.Await(ctx, 1); err != nil { // a real one would repeat its advert
		log.Fatal(err)
	}
	advertised, err := waiting.Advertise(ctx, room)
	if err != nil {
		log.Fatal(err)
	}
	session, err := advertised.Respond(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := session.Serve(ctx, info[1:], authenticator); err != nil {
		log.Fatal(err)
	}
}
