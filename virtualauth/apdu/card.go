package apdu

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Classes and instructions of a FIDO card (CTAP 2.3 §11.3; ISO 7816-4 §5.4).
const (
	classISO   = 0x00
	classCTAP  = 0x80
	chainBit   = 0x10 // in CLA: a fragment that more follow
	insSelect  = 0xA4
	insGetMore = 0xC0 // GET RESPONSE

	insMessage     = 0x10 // NFCCTAP_MSG
	insGetResponse = 0x11 // NFCCTAP_GETRESPONSE
	insControl     = 0x12 // NFCCTAP_CONTROL

	selectByName      = 0x04 // P1 of SELECT
	understandsUpdate = 0x80 // P1 of NFCCTAP_MSG: the client knows NFCCTAP_GETRESPONSE
	cancelRequest     = 0x11 // P1 of NFCCTAP_GETRESPONSE
	controlEnd        = 0x01 // P1 of NFCCTAP_CONTROL
)

// maxChained is the longest data that a chain of commands may add up to, in bytes: as much as one extended command carries.
const maxChained = maxExtendedData

// AID returns the application identifier of the FIDO applet (CTAP 2.3 §11.3.3).
func AID() []byte { return []byte{0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01} }

// Card is a card, or a phone that acts as one, with the FIDO applet on it (CTAP 2.3 §11.3). It answers one APDU after the
// other, as a card does; the zero Card has an applet that can do nothing. Set the fields before the first command. Close it in
// the end.
type Card struct {
	// CTAP answers NFCCTAP_MSG; nil makes a card that only knows U2F.
	CTAP Transport
	// U2F answers U2F commands; nil makes a card that only knows CTAP2. Applet selection asks it for its version, and
	// answers FIDO_2_0 when it refuses, as it does while U2F is disabled (CTAP 2.3 §7.2).
	U2F U2F
	// After returns a channel that receives after a while. The card uses it to send a status update, to clients that
	// understand those, every 100 ms that a request lasts. Nil sends none: clients then wait for the response itself.
	After func(time.Duration) <-chan time.Time
	// AwaitsUser says whether the authenticator waits for the person right now; status updates tell. Nil never does.
	AwaitsUser func() bool
	// Misbehave holds the lies of the framing.
	Misbehave Misbehaviour

	mu       sync.Mutex
	selected bool
	chain    *Command // what came so far of a chained command
	rest     []byte   // what GET RESPONSE continues
	working  *work    // the request that NFCCTAP_GETRESPONSE asks about
}

// Transmit answers one command APDU. Everything that a card has a status word for is a response; an error says that the
// authenticator could not work at all, and is that of CTAP or U2F.
func (c *Card) Transmit(ctx context.Context, raw []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	command, err := ParseCommand(raw)
	if err != nil {
		c.chain = nil
	} else if command, err = c.collect(command); err == nil {
		var response Response
		if response, err = c.perform(ctx, command); err == nil {
			return c.fit(command, response).Encode(), nil
		}
	}
	var status Status
	if !errors.As(err, &status) {
		return nil, err
	}
	return Response{Status: status}.Encode(), nil
}

// Reset takes the card out of the field and puts it back: nothing is selected, and what was under way is over.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.selected = false
	c.drop()
}

// Close ends a request that is under way and waits for its end. A closed card is one that was reset.
func (c *Card) Close() error {
	c.Reset()
	return nil
}

// drop forgets everything that spans several commands.
func (c *Card) drop() {
	c.chain, c.rest = nil, nil
	if c.working != nil {
		c.working.abandon()
		c.working = nil
	}
}

// collect adds a command to the chain that it belongs to (ISO 7816-4 §5.3.3), and returns it whole once the last fragment is
// here. Before that, the error is OK, the answer to a fragment. Any other command ends a chain that is open.
func (c *Card) collect(command Command) (Command, error) {
	more := command.Class&chainBit != 0
	command.Class &^= chainBit
	chain := c.chain
	c.chain = nil
	if chain != nil && (chain.Class != command.Class || chain.Instruction != command.Instruction) {
		chain = nil
	}
	if chain != nil {
		if len(chain.Data)+len(command.Data) > maxChained {
			return Command{}, WrongLength
		}
		command.Data = append(chain.Data, command.Data...)
	}
	if !more {
		return command, nil
	}
	if _, err := c.find(command); err != nil {
		return Command{}, err
	}
	command.Data = bytes.Clone(command.Data)
	c.chain = &command
	return Command{}, OK
}

// instruction performs one command. It fails with the Status to answer with, or as CTAP and U2F do.
type instruction func(c *Card, ctx context.Context, command Command) (Response, error)

// instructions is the whole command set by class and instruction, but for U2F, whose handler knows its own. Never written
// after the program has started.
var instructions = map[byte]map[byte]instruction{
	classISO:  {insSelect: (*Card).selectApplet, insGetMore: (*Card).getMore},
	classCTAP: {insMessage: (*Card).message, insGetResponse: (*Card).getResponse, insControl: (*Card).control, insGetMore: (*Card).getMore},
}

func (c *Card) find(command Command) (instruction, error) {
	class, known := instructions[command.Class]
	if !known {
		return nil, ClassNotSupported
	}
	if do, known := class[command.Instruction]; known {
		return do, nil
	}
	if command.Class == classISO && c.U2F != nil {
		return (*Card).u2f, nil
	}
	return nil, InstructionNotSupported
}

// perform finds the instruction and lets it work. Only what continues a response leaves the rest of it standing.
func (c *Card) perform(ctx context.Context, command Command) (Response, error) {
	do, err := c.find(command)
	if err != nil {
		return Response{}, err
	}
	if command.Instruction != insGetMore {
		c.rest = nil
	}
	if !c.selected && command.Instruction != insSelect && !c.Misbehave.AnswerUnselected {
		return Response{}, CommandNotAllowed
	}
	return do(c, ctx, command)
}

// selectApplet is SELECT by name (CTAP 2.3 §11.3.3).
func (c *Card) selectApplet(ctx context.Context, command Command) (Response, error) {
	c.selected = false
	c.drop()
	if command.P1 != selectByName || command.P2 != 0 {
		return Response{}, WrongParameters
	}
	if !bytes.Equal(command.Data, AID()) {
		return Response{}, FileNotFound
	}
	version, err := c.version(ctx)
	if err != nil {
		return Response{}, err
	}
	c.selected = true
	return Response{Data: []byte(version), Status: OK}, nil
}

// version is what applet selection answers: that of U2F where there is U2F, for the sake of old clients.
func (c *Card) version(ctx context.Context) (string, error) {
	if lie := c.Misbehave.Version; lie != "" {
		return lie, nil
	}
	if c.U2F != nil {
		response, err := answerU2F(ctx, c.U2F, Command{Instruction: Version})
		if err != nil || response.Status == OK {
			return string(response.Data), err
		}
	}
	if c.CTAP == nil {
		return "", CommandNotAllowed // the one thing it knows is disabled
	}
	return "FIDO_2_0", nil
}

// control is NFCCTAP_CONTROL (CTAP 2.3 §11.3.4): it ends the conversation.
func (c *Card) control(_ context.Context, command Command) (Response, error) {
	if command.P1 != controlEnd || command.P2 != 0 {
		return Response{}, WrongParameters
	}
	c.selected = false
	c.drop()
	return Response{Status: OK}, nil
}

// u2f is any command of U2F (CTAP 2.3 §11.3.5; FIDO U2F NFC protocol 1.2).
func (c *Card) u2f(ctx context.Context, command Command) (Response, error) {
	return answerU2F(ctx, c.U2F, command)
}

// fit cuts a response to what the command has room for. The rest waits for GET RESPONSE (ISO 7816-4 §5.3.4).
func (c *Card) fit(command Command, response Response) Response {
	room := command.room()
	if len(response.Data) <= room || response.Status != OK {
		return response
	}
	c.rest = response.Data[room:]
	status := moreAvailable(len(c.rest))
	if c.Misbehave.HideRest {
		status = OK
	}
	return Response{Data: response.Data[:room], Status: status}
}

// getMore is GET RESPONSE (ISO 7816-4 §11.7.1).
func (c *Card) getMore(_ context.Context, command Command) (Response, error) {
	if len(c.rest) == 0 {
		return Response{}, ConditionsNotSatisfied
	}
	data := c.rest
	c.rest = nil
	return Response{Data: data, Status: OK}, nil
}
