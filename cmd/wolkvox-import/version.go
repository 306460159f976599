package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
)

// release is set by the linker when a release is built.
var release = ""

// version is that of the release, or the one that Go has recorded for an installed module.
// A run's account has it, so that a ledger shows which program has written it.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// versionCommand is version.
func versionCommand(console *tty.Console) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(console.Out, "wolkvox-import", version())
			return err
		},
	}
}
