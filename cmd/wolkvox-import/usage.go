package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wolkvox-import/mapping"
)

// plainly says what is wrong with a command line in words that aren't Go's, and what would
// be right.
func plainly(c *cobra.Command, err error) error {
	text := err.Error()
	help := "; see wolkvox-import help " + c.Name()
	if before, _, ok := strings.Cut(text, ": strconv."); ok {
		return errors.New(before + ": that is not a number, such as 2 or, where it may be a fraction, 2.5")
	}
	if before, _, ok := strings.Cut(text, ": time: "); ok {
		return errors.New(before + ": that is not a time, such as 90s or 2m")
	}
	if missing, ok := strings.CutPrefix(text, "required flag(s) "); ok {
		missing = strings.ReplaceAll(strings.TrimSuffix(missing, " not set"), `"`, "")
		return errors.New("--" + strings.ReplaceAll(missing, ", ", " and --") + ": it is missing" + help)
	}
	if strings.HasPrefix(text, "requires at least 1 arg") || strings.HasPrefix(text, "accepts 1 arg") {
		return errors.New("give an input: a CSV or XLSX file" + help)
	}
	flag, ok := strings.CutPrefix(text, "unknown flag: --")
	switch near := mapping.Nearest(flag, flagNames(c)); {
	case !ok:
		return err
	case strings.HasPrefix(flag, "token") && c.Flags().Lookup("token-file") != nil:
		return errors.New(text + "; tokens are not for the command line, where others could see them: put them into the environment variable WOLKVOX_TOKEN, or into a file for --token-file")
	case near != "":
		return fmt.Errorf("%s; the nearest is --%s", text, near)
	}
	return errors.New(text + help)
}

func flagNames(c *cobra.Command) (names []string) {
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
