package tpmstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Socket is a TPM that somebody else runs behind a socket, such as swtpm with "--server type=unixio,path=..." or
// "--server type=tcp,port=...", and "--flags not-need-init". It answers one client at a time.
type Socket struct {
	// Network is "unix" or "tcp", Address the path, or host and port.
	Network, Address string
}

func (s Socket) open(ctx context.Context) (link, error) {
	l := &socketLink{dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, s.Network, s.Address)
	}}
	return l, l.connect(ctx)
}

// socketLink speaks the plain TPM protocol: a command goes out, a response comes in, and both say how long they are. The
// TPM keeps its objects when a client disconnects, so whoever connects sweeps first.
type socketLink struct {
	net.Conn
	dial func(context.Context) (net.Conn, error)
}

func (l *socketLink) connect(ctx context.Context) error {
	connection, err := l.dial(ctx)
	if err != nil {
		return err
	}
	l.Conn = connection
	return nil
}

func (*socketLink) exclusive() bool { return true }

func (l *socketLink) reopen(ctx context.Context) error {
	_ = l.Close() // it broke: whether it can be closed tells nothing
	return l.connect(ctx)
}

const (
	responseHeader = 10 // bytes: tag (2), length of all (4), response code (4)
	maxResponse    = 8192
)

// Send sends a command and reads the response.
func (l *socketLink) Send(command []byte) ([]byte, error) {
	if _, err := l.Write(command); err != nil {
		return nil, err
	}
	return readResponse(l)
}

func readResponse(r io.Reader) ([]byte, error) {
	response := make([]byte, responseHeader, 512)
	if _, err := io.ReadFull(r, response); err != nil {
		return nil, fmt.Errorf("read a response: %w", err)
	}
	length := binary.BigEndian.Uint32(response[2:])
	if length < responseHeader || length > maxResponse {
		return nil, fmt.Errorf("a response of %d bytes", length)
	}
	response = append(response, make([]byte, length-responseHeader)...)
	if _, err := io.ReadFull(r, response[responseHeader:]); err != nil {
		return nil, fmt.Errorf("read a response: %w", err)
	}
	return response, nil
}
