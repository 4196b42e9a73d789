package web

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// settingPaths is settings/paths.yaml: where phones and computers keep what these pages send people to.
type settingPaths struct {
	// Separator joins the screens of a path, by language.
	Separator map[string]string `yaml:"separator"`
	// Paths is system and version → what is there → language → the screens, outermost first.
	Paths map[string]map[string]map[string][]string `yaml:"paths"`
}

// settingPath is one path in one language. A message takes one screen of it with {{.OS.ios18.passkeys.Screen 2}}, or
// all of it, joined, with {{.OS.ios18.passkeys}}.
type settingPath struct {
	screens   []string
	separator string
}

func loadSettingPaths() (*settingPaths, error) {
	const name = "locales/settings/paths.yaml"
	raw, err := localeFiles.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var paths settingPaths
	if err := yaml.Unmarshal(raw, &paths); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &paths, nil
}

// in returns the paths in one language as messages use them. One that a language lacks is missing there, which a
// test finds, rather than English by surprise.
func (p *settingPaths) in(tag language.Tag) map[string]map[string]any {
	source, change := tag.String(), func(s string) string { return s }
	if tag == pseudoLocale {
		source, change = language.English.String(), pseudo
	}
	found := make(map[string]map[string]any, len(p.Paths))
	for system, settings := range p.Paths {
		found[system] = map[string]any{}
		for setting, byLanguage := range settings {
			screens := make([]string, 0, len(byLanguage[source]))
			for _, screen := range byLanguage[source] {
				screens = append(screens, change(screen))
			}
			if len(screens) > 0 {
				found[system][setting] = settingPath{screens, p.Separator[source]}
			}
		}
	}
	return found
}

// Screen returns one screen of the path, the first being 1.
func (p settingPath) Screen(n int) (string, error) {
	if n < 1 || n > len(p.screens) {
		return "", fmt.Errorf("web: the path %q has no screen %d", p.screens, n)
	}
	return p.screens[n-1], nil
}

// String joins the screens.
func (p settingPath) String() string { return strings.Join(p.screens, p.separator) }
