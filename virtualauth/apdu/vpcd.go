package apdu

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The control messages of the vpcd reader driver of vsmartcard: one byte each, where everything longer is an APDU.
const (
	slotPowerOff = 0
	slotPowerOn  = 1
	slotReset    = 2
	slotATR      = 4
)

// answerToReset is that of a contactless card that says nothing of itself (ISO 7816-3 §8.2; PC/SC part 3, §3.1.3.2.3.1).
var answerToReset = [...]byte{0x3b, 0x80, 0x80, 0x01, 0x01}

// Slot puts a card into the virtual reader of vsmartcard, whose driver vpcd belongs to the PC/SC daemon: every PC/SC client of
// the machine then finds it there.
type Slot struct {
	Card *Card
	// Powered is called whenever the card is powered on; an authenticator is power-cycled then. Nil is not.
	Powered func()
}

// Serve answers the reader, on a connection to the driver's port (35963 unless told otherwise), until it goes away or ctx ends,
// and closes the connection and the card. Each message has its length before it, in two bytes. Serve fails as the card or the
// connection does; that the reader is gone is no failure.
func (s Slot) Serve(ctx context.Context, reader io.ReadWriteCloser) (err error) {
	serving, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() { // nothing else ends a Read
		defer close(closed)
		<-serving.Done()
		_ = reader.Close()
	}()
	for err == nil {
		err = s.answer(serving, reader)
	}
	cancel()
	<-closed
	if gone := errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed); gone || ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, s.Card.Close())
}

// answer reads one message and answers it, if it wants an answer.
func (s Slot) answer(ctx context.Context, reader io.ReadWriter) error {
	var length [2]byte
	if _, err := io.ReadFull(reader, length[:]); err != nil {
		return err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(reader, message); err != nil {
		return err
	}
	if len(message) != 1 {
		response, err := s.Card.Transmit(ctx, message)
		if err != nil {
			return err
		}
		return send(reader, response)
	}
	switch message[0] {
	case slotATR:
		return send(reader, answerToReset[:])
	case slotPowerOff, slotReset, slotPowerOn:
		s.Card.Reset()
		if message[0] != slotPowerOff && s.Powered != nil {
			s.Powered()
		}
	}
	return nil
}

// send writes one message. A response that two bytes cannot count was asked for by no reader.
func send(reader io.Writer, message []byte) error {
	if len(message) > 0xffff {
		return &LengthError{fmt.Sprintf("response of %d bytes", len(message))}
	}
	_, err := reader.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}
