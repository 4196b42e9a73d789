package bluetooth

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Options say how to start a bus. The zero value is a bus with org.bluez and one adapter that is plugged in and powered.
type Options struct {
	Dir       string        // where the folder of the bus is made; empty: the system's temporary folder
	Daemon    string        // path of the dbus-daemon; empty: the one in PATH
	Timeout   time.Duration // for the start; zero: 20 seconds
	NoBlueZ   bool          // org.bluez is not there until StartBlueZ
	Unplugged bool          // there is no adapter until Plug
	Off       bool          // the adapter's power is off until Power
	Airtime   time.Duration // how long a phone goes on advertising; zero: 10 seconds
	Observe   func(Event)   // is shown what happens, one event after the other, in order; may be nil; may use the bus, but not close it

	Now       func() time.Time                                     // for the events; nil: time.Now
	AfterFunc func(d time.Duration, f func()) (cancel func() bool) // ends adverts; nil: time.AfterFunc
}

// starting is the default of Options.Timeout, and airtime that of Options.Airtime.
const (
	starting = 20 * time.Second
	airtime  = 10 * time.Second
)

// Bus is a private message bus with a software BlueZ on it. It ends with Close; it is safe for concurrent use.
type Bus struct {
	// Adapter is the computer's Bluetooth adapter.
	Adapter *Adapter
	// Radio is the air that the adapter listens to.
	Radio *Radio

	options Options
	daemon  *daemon
	events  *events

	starts   sync.Mutex      // held while org.bluez comes or goes
	mu       sync.Mutex      // guards what follows, and all state of Adapter and Radio
	bluez    *service        // nil while org.bluez is not on the bus
	programs map[string]bool // that have called org.bluez and are on the bus still
	err      error           // why the bus can no longer be used
	done     chan struct{}

	closing sync.Once
	closed  error
	watcher sync.WaitGroup
}

// Start starts a bus, takes the name org.bluez on it and plugs the adapter in. The context bounds the start only. Errors:
// *Unsupported, *NotInstalled, *DaemonError.
func Start(ctx context.Context, o Options) (*Bus, error) {
	if err := supported(runtime.GOOS); err != nil {
		return nil, err
	}
	path, err := find(o.Daemon)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	d, err := startDaemon(ctx, path, o.Dir)
	if err != nil {
		return nil, err
	}
	b := &Bus{options: o, daemon: d, events: newEvents(o.Observe), programs: map[string]bool{}, done: make(chan struct{})}
	b.Adapter = newAdapter(b)
	b.Radio = newRadio(b)
	b.watcher.Go(func() {
		<-d.exited
		b.fail(d.failure(nil))
	})
	if o.NoBlueZ {
		return b, nil
	}
	if err := b.StartBlueZ(ctx); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = starting
	}
	if o.Airtime == 0 {
		o.Airtime = airtime
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AfterFunc == nil {
		o.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return o
}

// supported says whether a browser looks for BlueZ on that system.
func supported(system string) error {
	if system != "linux" {
		return &Unsupported{OS: system}
	}
	return nil
}

// find returns the path of the daemon.
func find(daemon string) (string, error) {
	if daemon == "" {
		daemon = "dbus-daemon"
	}
	path, err := exec.LookPath(daemon)
	if err != nil {
		return "", &NotInstalled{Daemon: daemon, Package: "dbus-daemon", Cause: err}
	}
	return path, nil
}

// Env is what the browser needs in its environment to find this bus, as "NAME=value". The browser must run as the same user.
func (b *Bus) Env() []string {
	return []string{
		"DBUS_SYSTEM_BUS_ADDRESS=" + b.daemon.address,
		"DBUS_SESSION_BUS_ADDRESS=disabled:", // there is none, and a browser that looks for one only complains
	}
}

// Address is that of the bus, as D-Bus writes it: "unix:path=…".
func (b *Bus) Address() string { return b.daemon.address }

// Done is closed when the bus can no longer be used: it was closed, or its daemon died.
func (b *Bus) Done() <-chan struct{} { return b.done }

// Err says why Done is closed: ErrClosed, or a *DaemonError. It is nil until then.
func (b *Bus) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// fail ends the use of the bus; the first reason counts.
func (b *Bus) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		close(b.done)
		b.Radio.silence()
		b.Adapter.changed()
	}
}

// StartBlueZ takes the name org.bluez, as when bluetoothd is started. A browser that was started without it will not look for
// it again; one that knew it before does. The context bounds the start. It is no error if it runs already.
func (b *Bus) StartBlueZ(ctx context.Context) error {
	b.starts.Lock()
	defer b.starts.Unlock()
	b.mu.Lock()
	running, err := b.bluez != nil, b.err
	b.mu.Unlock()
	if running || err != nil {
		return err
	}
	s, err := newService(ctx, b)
	if err == nil {
		err = s.own(ctx)
	}
	if err != nil {
		return b.because(fmt.Errorf("bluetooth: start org.bluez: %w", err))
	}
	return nil
}

// StopBlueZ gives the name org.bluez away and forgets every device, as when bluetoothd dies. It is no error if it does not run.
func (b *Bus) StopBlueZ() error {
	b.starts.Lock()
	defer b.starts.Unlock()
	b.mu.Lock()
	s := b.bluez
	if s != nil {
		b.bluez = nil
		b.Adapter.reset()
		b.note(Event{Kind: BlueZStopped})
	}
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.close()
}

// RestartBlueZ stops org.bluez and starts it again. Discoveries end by that, and adverts that are on the air are heard again.
func (b *Bus) RestartBlueZ(ctx context.Context) error {
	return errors.Join(b.StopBlueZ(), b.StartBlueZ(ctx))
}

// because prefers the reason why the bus ended to an error that followed from it.
func (b *Bus) because(err error) error {
	if end := b.Err(); end != nil {
		return end
	}
	return err
}

// Close ends the bus, waits until its daemon is gone and removes its folder. It may be called often.
func (b *Bus) Close() error {
	b.closing.Do(func() {
		b.fail(ErrClosed)
		stopped := b.StopBlueZ()
		ended := b.daemon.close()
		b.watcher.Wait()
		b.events.close()
		b.closed = errors.Join(stopped, ended)
	})
	return b.closed
}

// emit sends a signal of org.bluez, if it is there. A bus that is gone is told by Done.
func (b *Bus) emit(path dbus.ObjectPath, name string, values ...any) {
	if b.bluez != nil {
		_ = b.bluez.conn.Emit(path, name, values...)
	}
}
