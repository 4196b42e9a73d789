package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Options says where to look. The zero value means this process: its working directory, its environment, no flags.
type Options struct {
	// Dir is the folder that the search for ginkgo.yaml starts in; empty is the working directory.
	Dir string
	// Env is the environment as "NAME=value"; nil is the process's own.
	Env []string
	// Flags are the flags of a parsed command line; nil when there are none.
	Flags *Flags
}

// Load reads all layers and returns the checked settings. Its error joins every mistake found: UnknownKeyError, ValueError
// and FileError, each reachable by errors.As.
func Load(options Options) (*Config, error) {
	l, err := newLoader(options)
	if err != nil {
		return nil, err
	}
	l.defaults()
	if err := l.file(); err != nil {
		return nil, err
	}
	l.environment()
	l.flags()
	if len(l.problems) > 0 {
		return nil, errors.Join(l.problems...)
	}
	return l.finish()
}

// loader holds the layers while they are put on top of each other.
type loader struct {
	schema   *schema
	koanf    *koanf.Koanf
	options  Options
	root     string
	path     string            // configuration file; "" without one
	from     map[string]string // where each key's value came from
	problems []error
}

func newLoader(options Options) (*loader, error) {
	if options.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("config: find the working directory: %w", err)
		}
		options.Dir = dir
	}
	if options.Env == nil {
		options.Env = os.Environ()
	}
	if options.Flags == nil {
		options.Flags = &Flags{}
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("config: find the folder %s: %w", options.Dir, err)
	}
	named, namedBy := options.Flags.file, "-config"
	if named == "" {
		named, namedBy = lookup(options.Env, EnvFile), EnvFile
	}
	path, err := findFile(dir, named, namedBy)
	if err != nil {
		return nil, err
	}
	return &loader{
		schema: newSchema(), koanf: koanf.New("."), options: options,
		root: findRoot(dir), path: path, from: map[string]string{},
	}, nil
}

// defaults lays the bottom: every key gets a value here. A default that its own parser refuses is a mistake in this
// package, which a test finds.
func (l *loader) defaults() {
	values := map[string]any{}
	for _, key := range l.schema.keys {
		value, want := key.parse(key.Default, l.root)
		if want != "" {
			l.problems = append(l.problems, &ValueError{Key: key.Name, Where: SourceDefault, Value: key.Default, Want: want})
		}
		values[key.Name] = value
		l.from[key.Name] = SourceDefault
	}
	l.merge(values)
}

func (l *loader) file() error {
	if l.path == "" {
		return nil
	}
	parser := &strictYAML{path: l.path, base: filepath.Dir(l.path), schema: l.schema, lines: map[string]int{}, problems: &l.problems}
	layer := koanf.New(".")
	if err := layer.Load(file.Provider(l.path), flatParser{parser}); err != nil {
		var known *FileError
		if errors.As(err, &known) {
			return known
		}
		return &FileError{Path: l.path, Reason: "this file cannot be read", Err: err}
	}
	for key, line := range parser.lines {
		l.from[key] = parser.at(line)
	}
	return l.koanf.Merge(layer)
}

func (l *loader) environment() {
	provider := env.Provider(".", env.Opt{
		Prefix:      EnvPrefix,
		EnvironFunc: func() []string { return l.options.Env },
		TransformFunc: func(name, text string) (string, any) {
			if name == EnvFile || name == EnvProgress {
				return "", nil
			}
			key, known := l.schema.byEnv[name]
			if !known {
				l.problems = append(l.problems, &UnknownKeyError{Key: name, Where: "environment", Nearest: l.schema.nearestEnv(name)})
				return "", nil
			}
			return key.Name, l.text(key, text, "environment "+name)
		},
	})
	values, err := provider.Read()
	if err != nil {
		l.problems = append(l.problems, fmt.Errorf("config: read the environment: %w", err))
		return
	}
	l.merge(values)
}

func (l *loader) flags() {
	values := map[string]any{}
	for _, key := range l.schema.keys {
		if text, given := l.options.Flags.values[key.Name]; given {
			values[key.Name] = l.text(key, text, "flag -"+key.Name)
		}
	}
	l.merge(values)
}

// text parses a value of the environment or of a flag, and notes where it came from. After a mistake the value is nil; the
// load as a whole fails then.
func (l *loader) text(key Key, text, where string) any {
	value, want := key.parse(text, l.root)
	if want != "" {
		l.problems = append(l.problems, &ValueError{Key: key.Name, Where: where, Value: text, Want: want})
		return nil
	}
	l.from[key.Name] = where
	return value
}

func (l *loader) merge(values map[string]any) {
	if err := l.koanf.Load(confmap.Provider(values, "."), nil); err != nil {
		l.problems = append(l.problems, fmt.Errorf("config: put the layers together: %w", err))
	}
}

// finish fills the struct, resolves what depends on several keys, and checks what no single key can show.
func (l *loader) finish() (*Config, error) {
	c := &Config{Root: l.root, File: l.path}
	if err := l.koanf.Unmarshal("", c); err != nil {
		return nil, fmt.Errorf("config: put the values into their fields: %w", err)
	}
	for _, report := range []*string{&c.Reports.JUnit, &c.Reports.HTML, &c.Reports.JSON} {
		if *report == none {
			*report = ""
			continue
		}
		*report = absolute(*report, c.Reports.Dir)
	}
	c.Evidence.Dir = filepath.Join(c.Reports.Dir, "evidence")
	c.settings = l.settings()
	for _, driver := range c.Drivers.Required {
		if !c.Drivers.Has(driver) {
			return nil, &ValueError{Key: "drivers.required", Where: l.from["drivers.required"], Value: string(driver),
				Want: "one of the drivers in drivers.enabled, which are " + fmt.Sprint(c.Drivers.Enabled)}
		}
	}
	return c, nil
}

// flatParser lets koanf read a map whose keys are full names as if it were nested.
type flatParser struct{ *strictYAML }

// Unmarshal reads the file and nests its values by section.
func (p flatParser) Unmarshal(content []byte) (map[string]any, error) {
	flat, err := p.strictYAML.Unmarshal(content)
	if err != nil {
		return nil, err
	}
	nested, err := confmap.Provider(flat, ".").Read()
	if err != nil {
		return nil, fmt.Errorf("config: nest the file's sections: %w", err)
	}
	return nested, nil
}

// lookup finds a variable in an environment; the last one wins, as in a process.
func lookup(environment []string, name string) string {
	for i := len(environment) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(environment[i], name+"="); found {
			return value
		}
	}
	return ""
}
