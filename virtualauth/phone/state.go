package phone

import (
	"fmt"
	"strconv"
	"strings"
)

// State is where a ceremony on the phone stands. The package comment has the diagram.
type State int

// The states. P0, the zero State, is also "never" where a setting names the state at which something happens.
const (
	P0  State = iota // idle
	P1               // preflight: the facts about the phone are looked at
	P2               // camera: the viewfinder
	P3               // the chip that the camera shows for a passkey's QR code
	P4               // the system's passkey handler reads the code
	P5               // may this computer use the phone?
	P6               // is there a screen lock?
	P7               // Bluetooth and the permission for it
	P8               // connecting
	P9               // connected
	P10              // the request is here
	P11              // the provider sheet
	P12              // more options
	P13              // the provider's own screen
	P14              // the user is verified
	P15              // the passkey is saved on the phone: from here on there can be a stray
	P16              // the answer goes out
	P17              // done
)

// stateNames is indexed by State and never written after the program has started.
var stateNames = [...]string{
	"idle", "preflight", "camera", "link chip", "handler opens", "confirm computer", "screen lock check", "Bluetooth",
	"connecting", "connected", "request", "provider sheet", "more options", "provider confirm", "verify user",
	"saved locally", "sent", "done",
}

// String returns the state's short name, such as "P7".
func (s State) String() string { return "P" + strconv.Itoa(int(s)) }

// Name returns what the state is about, such as "Bluetooth"; empty for a number that is no state.
func (s State) Name() string {
	if s < P0 || s > P17 {
		return ""
	}
	return stateNames[s]
}

// MarshalText returns the short name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a short name.
func (s *State) UnmarshalText(text []byte) error {
	found, err := ParseState(string(text))
	if err == nil {
		*s = found
	}
	return err
}

// ParseState reads a short name, such as "P7" or "p7". It fails with *StateError.
func ParseState(name string) (State, error) {
	for s := P0; s <= P17; s++ {
		if strings.EqualFold(name, s.String()) {
			return s, nil
		}
	}
	return 0, &StateError{Name: name}
}

// StateError says that a name is none of a state.
type StateError struct{ Name string }

// Error names the states.
func (e *StateError) Error() string {
	return fmt.Sprintf("phone: no state %q: they are P0 to P17", e.Name)
}
