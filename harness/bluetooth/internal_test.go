package bluetooth

import (
	"errors"
	"strings"
	"testing"
)

func TestOtherSystemsAreToldToRunLinux(t *testing.T) {
	if err := supported("linux"); err != nil {
		t.Error(err)
	}
	for _, system := range []string{"darwin", "windows", "freebsd"} {
		var unsupported *Unsupported
		if err := supported(system); !errors.As(err, &unsupported) || unsupported.OS != system || !strings.Contains(err.Error(), "run on Linux") {
			t.Errorf("%s: %v", system, err)
		}
	}
}

// TestALongPathOfTheFolderIsNotUsed keeps the socket's path within what the daemon takes.
func TestALongPathOfTheFolderIsNotUsed(t *testing.T) {
	if home := newHome("/" + strings.Repeat("x", 200)); len(home)+len("/bus") > 99 {
		t.Errorf("the socket would be at %s/bus", home)
	}
	if home := newHome("/somewhere"); !strings.HasPrefix(home, "/somewhere/passkeylab-") {
		t.Errorf("the folder would be %s", home)
	}
	if home := newHome("relative"); !strings.HasPrefix(home, "/") {
		t.Errorf("the folder would be %s", home)
	}
}
