package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// knownChromium is the release whose DevTools protocol the harness was written against.
const knownChromium = 156

func (a app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of passkeylab and of what built it",
		Long: `version prints the version of passkeylab, the Go release that built it, the system, and the release of Chromium whose
automation protocol it knows. Other releases work too; doctor shows where they differ.`,
		Example: "  passkeylab version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "passkeylab %s\ngo         %s\nsystem     %s/%s\nchromium   %d (the protocol that is known)\n",
				versionOf(info), runtime.Version(), runtime.GOOS, runtime.GOARCH, knownChromium)
			return err
		},
	}
}

// versionOf reads the version that the Go tool stamped into the program: a release, or the commit and whether the
// checkout had changes. info may be nil.
func versionOf(info *debug.BuildInfo) string {
	if info == nil {
		return "unknown"
	}
	version, commit, changed := info.Main.Version, "", false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			commit = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if version == "" {
		version = "(devel)"
	}
	if len(commit) > 12 {
		commit = commit[:12]
	}
	if commit != "" {
		version += " " + commit
	}
	if changed {
		version += " with local changes"
	}
	return version
}
