package dialog

import (
	"github.com/passkeylab/passkeylab/harness/browser"
)

// pictures is the folder, in the browser's own, into which Chromium draws its windows.
const pictures = browser.FolderArgument + "/windows"

// Setup is how the browser's windows are made visible. The zero value needs no X server.
type Setup struct {
	// Display is the X display that a headed browser draws on, ":77"; "inherit" stands for the one in the environment. Empty:
	// none, the browser is headless and draws into files.
	Display string
}

// Inherit is the Setup.Display of the environment.
const Inherit = "inherit"

// Options returns o with what the dialogs need added: where windows are drawn, the inspector of native views at a port that
// the system chooses, the log of the dialog's steps, and English as the language of the buttons.
func (s Setup) Options(o browser.Options) browser.Options {
	args := append([]string{}, o.Args...)
	args = append(args,
		"--enable-ui-devtools=0", "--enable-features=ui-debug-tools-enable-synthetic-events",
		"--enable-logging=stderr", "--vmodule=device_event_log*=3",
		// Nothing fades: a code is whole as soon as it is drawn, and gone when its dialog is. A dialog that fades out over the
		// next one would show the camera the code of a ceremony that has ended.
		"--wm-window-animations-disabled", "--animation-duration-scale=0")
	env := append(append([]string{}, o.Env...), "LANGUAGE=en")
	if s.Display == "" {
		o.Headed = false
		// Software drawing: without it the headless platform has no surface to write. --disable-gpu would disable that too.
		args = append(args, "--use-angle=swiftshader", "--ozone-dump-file="+pictures)
	} else {
		o.Headed = true
		args = append(args, "--ozone-platform=x11")
		if s.Display != Inherit {
			env = append(env, "DISPLAY="+s.Display)
		}
	}
	o.Args, o.Env = args, env
	return o
}
