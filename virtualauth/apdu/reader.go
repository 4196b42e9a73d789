package apdu

import (
	"context"
	"errors"
	"fmt"
)

// Transmitter carries one command APDU to a card and returns the response APDU. Card is one; so is a PC/SC reader.
type Transmitter interface {
	Transmit(ctx context.Context, command []byte) (response []byte, err error)
}

// ErrNoApplet says that a card has no FIDO applet, or one that does not answer as a FIDO applet must.
var ErrNoApplet = errors.New("apdu: the card has no FIDO applet")

// maxCancels is how often a card is asked to cancel before it is given up.
const maxCancels = 20

// Reader is the client's end: a CTAP transport over a card. Call Select first. One exchange at a time.
type Reader struct {
	Card Transmitter
	// Short keeps to short APDUs, and chains them where a request is longer (CTAP 2.3 §11.3.6), as readers must that know
	// no others.
	Short bool
	// Fragment is the most data that a short APDU of a chain carries, in bytes; 0 means 255.
	Fragment int
	// Blocking hides from the card that status updates are understood: it then answers when it is ready.
	Blocking bool
	// Update is called with every status update; nil is not.
	Update func(Progress)
}

// Select selects the FIDO applet and returns the version that it answers with: U2F_V2 or FIDO_2_0 (CTAP 2.3 §11.3.3). It fails
// with ErrNoApplet, or as the Transmitter does.
func (r *Reader) Select(ctx context.Context) (version string, err error) {
	response, err := r.command(ctx, Command{Class: classISO, Instruction: insSelect, P1: selectByName, Data: AID(), Expected: maxShortResponse})
	switch {
	case err != nil:
		return "", err
	case response.Status != OK:
		return "", fmt.Errorf("%w: %w", ErrNoApplet, response.Status)
	}
	version = string(response.Data)
	if version != "U2F_V2" && version != "FIDO_2_0" {
		return "", fmt.Errorf("%w: it calls itself %q", ErrNoApplet, version)
	}
	return version, nil
}

// Exchange carries one CTAP request (CTAP 2.3 §11.3.7). When ctx ends while the card waits for the person, the request is
// cancelled, and the response says so. It fails with the card's Status, with *LengthError, or as the Transmitter does.
func (r *Reader) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	c := Command{Class: classCTAP, Instruction: insMessage, Data: request}
	if !r.Blocking {
		c.P1 = understandsUpdate
	}
	response, err := r.command(ctx, c)
	for late := 0; err == nil && response.Status == StatusUpdate; {
		if len(response.Data) == 1 && r.Update != nil {
			r.Update(Progress(response.Data[0]))
		}
		poll := Command{Class: classCTAP, Instruction: insGetResponse}
		if ctx.Err() != nil {
			poll.P1 = cancelRequest
			late++
		}
		if late > maxCancels {
			return nil, fmt.Errorf("apdu: the card goes on after it was cancelled: %w", ctx.Err())
		}
		response, err = r.command(context.WithoutCancel(ctx), poll)
	}
	switch {
	case err != nil:
		return nil, err
	case response.Status != OK:
		return nil, fmt.Errorf("exchange: %w", response.Status)
	}
	return response.Data, nil
}

// Message carries one U2F command, whose status word is part of what it returns.
func (r *Reader) Message(ctx context.Context, instruction, p1 byte, data []byte) (Response, error) {
	return r.command(ctx, Command{Class: classISO, Instruction: instruction, P1: p1, Data: data})
}

// End tells the card that the conversation is over (CTAP 2.3 §11.3.4).
func (r *Reader) End(ctx context.Context) error {
	response, err := r.command(ctx, Command{Class: classCTAP, Instruction: insControl, P1: controlEnd})
	if err == nil && response.Status != OK {
		return fmt.Errorf("end: %w", response.Status)
	}
	return err
}

// command transmits one command, in as many fragments as it takes, and collects the whole response. Every command but
// applet selection, which comes before anything is known of the card, goes in the reader's form.
func (r *Reader) command(ctx context.Context, c Command) (Response, error) {
	if c.Expected == 0 {
		c.Extended, c.Expected = !r.Short, maxExtendedResponse
		if r.Short {
			c.Expected = maxShortResponse
		}
	}
	fragment := r.Fragment
	if fragment == 0 {
		fragment = maxShortData
	}
	for r.Short && len(c.Data) > fragment {
		first := Command{Class: c.Class | chainBit, Instruction: c.Instruction, P1: c.P1, P2: c.P2, Data: c.Data[:fragment]}
		response, err := r.transmit(ctx, first)
		if err != nil || response.Status != OK {
			return response, err
		}
		c.Data = c.Data[fragment:]
	}
	response, err := r.transmit(ctx, c)
	if err != nil {
		return Response{}, err
	}
	return r.collectRest(ctx, response)
}

// collectRest asks for the rest of a response for as long as there is more, and until it is longer than any can be.
func (r *Reader) collectRest(ctx context.Context, response Response) (Response, error) {
	whole := append([]byte{}, response.Data...)
	for {
		left, more := response.Status.more()
		if !more {
			return Response{Data: whole, Status: response.Status}, nil
		}
		if len(whole) > maxExtendedResponse {
			return Response{}, &LengthError{"response never ends"}
		}
		next, err := r.transmit(ctx, Command{Class: classISO, Instruction: insGetMore, Expected: left})
		if err != nil {
			return Response{}, err
		}
		if len(next.Data) == 0 && next.Status != OK {
			return next, nil
		}
		whole, response = append(whole, next.Data...), next
	}
}

func (r *Reader) transmit(ctx context.Context, c Command) (Response, error) {
	raw, err := c.Encode()
	if err != nil {
		return Response{}, err
	}
	raw, err = r.Card.Transmit(ctx, raw)
	if err != nil {
		return Response{}, fmt.Errorf("apdu: transmit: %w", err)
	}
	return ParseResponse(raw)
}
