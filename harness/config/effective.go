package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// SourceDefault is a Setting's From when nobody set it.
const SourceDefault = "default"

// Setting is one key's effective value and where it came from.
type Setting struct {
	// Key is the file's spelling.
	Key string
	// Value is the value as the environment would write it; paths are absolute.
	Value string
	// From is "default", "/path/ginkgo.yaml:12", "environment PASSKEYLAB_…", "flag -…" or "ginkgo --…".
	From string
}

// Settings lists every key in the order of the file.
func (c *Config) Settings() []Setting { return append([]Setting(nil), c.settings...) }

// From says where a key's value came from; empty for a key that does not exist.
func (c *Config) From(key string) string {
	for _, setting := range c.settings {
		if setting.Key == key {
			return setting.From
		}
	}
	return ""
}

// Print writes the effective settings as a table of key, value and origin.
func (c *Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, setting := range c.settings {
		value := setting.Value
		if value == "" {
			value = `""`
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", setting.Key, value, setting.From); err != nil {
			return fmt.Errorf("config: print the settings: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("config: print the settings: %w", err)
	}
	return nil
}

func (l *loader) settings() []Setting {
	settings := make([]Setting, 0, len(l.schema.keys))
	for _, key := range l.schema.keys {
		settings = append(settings, Setting{Key: key.Name, Value: show(l.koanf.Get(key.Name)), From: l.from[key.Name]})
	}
	return settings
}

// show writes a value as the environment would.
func show(value any) string {
	if list, isList := value.([]string); isList {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(value)
}
