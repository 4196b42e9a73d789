package tunnel

// OptionError says which option is missing or wrong.
type OptionError struct {
	// Option is the name of the field of Options.
	Option string
	// Problem says what is wrong with it.
	Problem string
}

// Error names the option.
func (e *OptionError) Error() string { return "tunnel: Options." + e.Option + ": " + e.Problem }

// ListenError says that an address cannot be listened on.
type ListenError struct {
	// Option is the field of Options that has the address: Addr or MetricsAddr.
	Option string
	// Address is the host:port.
	Address string
	// Err is the system's reason.
	Err error
}

// Error names address and reason.
func (e *ListenError) Error() string {
	return "tunnel: listen on " + e.Address + ", Options." + e.Option + ": " + e.Err.Error()
}

// Unwrap returns the system's reason.
func (e *ListenError) Unwrap() error { return e.Err }

// PinError says that a server is not the one whose key was pinned.
type PinError struct {
	// Got is the SPKI hash of the certificate that was shown; Want is the pinned one.
	Got, Want string
}

// Error names both.
func (e *PinError) Error() string {
	return "tunnel: the server shows a certificate for key " + e.Got + ", not " + e.Want
}
