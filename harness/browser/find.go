package browser

import (
	"fmt"
	"os/exec"
	"strings"
)

// programs are the names under which a Chromium is looked for in PATH, best first.
func programs() []string {
	return []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}
}

// NotInstalled says that no browser was found, and what to do.
type NotInstalled struct {
	Searched []string // names or the one path that were tried
	Cause    error    // of the last try
}

// Error names what was searched and how to get a browser.
func (e *NotInstalled) Error() string {
	return fmt.Sprintf("browser: no Chromium found (tried %s): install one, on Debian or Ubuntu with `make deps` or "+
		"`apt-get install chromium`, or name its path in ginkgo.yaml (browser.path) or PASSKEYLAB_BROWSER_PATH",
		strings.Join(e.Searched, ", "))
}

// Unwrap returns the cause of the last try.
func (e *NotInstalled) Unwrap() error { return e.Cause }

// find returns the full path of the browser: path itself when given, else the first known program in PATH.
func find(path string) (string, error) {
	names := programs()
	if path != "" {
		names = []string{path}
	}
	var last error
	for _, name := range names {
		full, err := exec.LookPath(name)
		if err == nil {
			return full, nil
		}
		last = err
	}
	return "", &NotInstalled{Searched: names, Cause: last}
}
