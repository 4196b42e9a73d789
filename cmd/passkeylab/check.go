package main

import (
	"github.com/spf13/cobra"
)

func (a app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Judge somebody else's relying party",
		Long: `check holds the cases of a suite against what is not ours. Each case names the clause that it comes from; each expected
refusal begins with an honest twin that must be accepted.`,
		Example: "  passkeylab check rp --target=target.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage("name what to check: passkeylab check rp --target=target.yaml")
		},
	}
	cmd.AddCommand(a.checkRPCommand())
	return cmd
}
