package config

import "flag"

// Flags are the settings given on a command line, one flag a key, and -config for the file.
type Flags struct {
	file   string
	values map[string]string
}

// RegisterFlags adds -config and one flag for each key to fs; the values are there once fs has been parsed.
// With Ginkgo they follow a double dash: ginkgo run ./scenarios/journeys -- -browser.mode=headed
func RegisterFlags(fs *flag.FlagSet) *Flags {
	flags := &Flags{values: map[string]string{}}
	fs.StringVar(&flags.file, "config", "", "the configuration `file`; without it ginkgo.yaml, here or in a folder above")
	for _, key := range Keys() {
		fs.Var(&flagValue{flags: flags, key: key}, key.Name, key.usage())
	}
	return flags
}

// NewFlags makes flags by hand, for a command line that is not Go's own: file is the configuration file, empty when none was
// named. Set adds the settings.
func NewFlags(file string) *Flags { return &Flags{file: file, values: map[string]string{}} }

// Set gives a value to a key as its flag would; it fails with an UnknownKeyError.
func (f *Flags) Set(name, value string) error {
	s := newSchema()
	if _, known := s.byName[name]; !known {
		return &UnknownKeyError{Key: name, Where: "flag", Nearest: s.nearestName(name)}
	}
	if f.values == nil {
		f.values = map[string]string{}
	}
	f.values[name] = value
	return nil
}

// usage is the flag's help: the key's, and the default where there is one.
func (k Key) usage() string {
	if k.Default == "" {
		return k.Help
	}
	return k.Help + " (default " + k.Default + ")"
}

// flagValue keeps the text; it is read with all the other layers, so that all mistakes are told at once.
type flagValue struct {
	flags *Flags
	key   Key
}

func (v *flagValue) String() string {
	if v.flags == nil {
		return ""
	}
	return v.flags.values[v.key.Name]
}

func (v *flagValue) Set(text string) error {
	v.flags.values[v.key.Name] = text
	return nil
}

// IsBoolFlag lets -suite.fail_fast stand without a value.
func (v *flagValue) IsBoolFlag() bool { return v.key.kind == "bool" }

// Type names the value for the help of commands that use POSIX flags.
func (v *flagValue) Type() string { return v.key.kind }
