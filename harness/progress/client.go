package progress

import (
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeLimit is how long one event may take to be written before the listener counts as gone.
const writeLimit = 2 * time.Second

// Client tells events. A nil Client, and one that has failed, tells nobody; all methods are safe for concurrent use.
type Client struct {
	mu   sync.Mutex
	conn net.Conn
	err  error
}

// Dial connects to the socket at path, which is the value of PASSKEYLAB_PROGRESS. With an empty path nobody listens, and
// the client does nothing.
func Dial(path string) (*Client, error) {
	if path == "" {
		return nil, nil
	}
	conn, err := net.DialTimeout("unix", path, writeLimit)
	if err != nil {
		return nil, fmt.Errorf("progress: reach the listening command: %w", err)
	}
	return &Client{conn: conn}, nil
}

// Send tells one event. After the first event that could not be told, the client stays silent; Close returns the reason.
func (c *Client) Send(event Event) {
	if c == nil {
		return
	}
	line, err := json.Marshal(event)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.err != nil {
		return
	}
	if err != nil { // a duration that is not a number
		c.err = fmt.Errorf("progress: write an event down: %w", err)
		return
	}
	// The limit is on the wall clock of the machine, because it guards against a listener that is stuck.
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err == nil {
		_, err = c.conn.Write(append(line, '\n'))
		if err != nil {
			c.err = fmt.Errorf("progress: tell an event: %w", err)
		}
	}
}

// Close ends the connection and returns the first error that silenced the client.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return c.err
	}
	err := c.conn.Close()
	c.conn = nil
	if c.err == nil && err != nil {
		c.err = fmt.Errorf("progress: hang up: %w", err)
	}
	return c.err
}
