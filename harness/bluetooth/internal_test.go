package bluetooth

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// TestACallThatWaitedWhenBlueZEndedChangesNothing answers a call that was read before BlueZ was stopped.
func TestACallThatWaitedWhenBlueZEndedChangesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a browser looks for BlueZ on Linux only")
	}
	b, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	old := b.bluez
	if err := b.StopBlueZ(); err != nil {
		t.Fatal(err)
	}
	old.answer(&dbus.Message{Type: dbus.TypeMethodCall, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath: dbus.MakeVariant(adapterPath), dbus.FieldInterface: dbus.MakeVariant(adapterName),
		dbus.FieldMember: dbus.MakeVariant("StartDiscovery"), dbus.FieldSender: dbus.MakeVariant(":1.99"),
	}})
	if b.Adapter.Discovering() {
		t.Error("a dead BlueZ discovers")
	}
}

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
