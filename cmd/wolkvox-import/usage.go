package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const noTokens = "tokens are not for the command line, where others could see them: put them into the environment variable WOLKVOX_TOKEN, or into a file for --token-file"

// plainly says what is wrong with a command line in words that aren't Go's, and what would
// be right.
func plainly(c *cobra.Command, err error) error {
	text := err.Error()
	help := "; see wolkvox-import help"
	if c.HasParent() {
		help += " " + c.Name()
	}
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
	if before, given, ok := strings.Cut(text, "' in -"); ok && strings.HasPrefix(given, "t") { // what follows may be one
		return errors.New(before + "'; " + noTokens)
	} else if ok {
		return errors.New(before + "'" + help)
	}
	if strings.HasPrefix(text, "accepts 1 arg") && !strings.HasSuffix(text, "received 0") {
		return errors.New("one input at a time" + help)
	}
	if strings.HasPrefix(text, "requires at least 1 arg") || strings.HasPrefix(text, "accepts 1 arg") {
		return errors.New("give an input: a CSV or XLSX file" + help)
	}
	if _, set, ok := strings.Cut(text, "none of the others can be; ["); ok {
		set = strings.TrimSuffix(set, "] were all set")
		return errors.New("--" + strings.ReplaceAll(set, " ", " and --") + " can't go together" + help)
	}
	if strings.HasPrefix(text, "accepts at most 1 arg") {
		return errors.New("one KEY at a time" + help)
	}
	flag, ok := strings.CutPrefix(text, "unknown flag: --")
	switch near := nearest(c, flag); {
	case !ok:
		return err
	case strings.HasPrefix(flag, "token") && c.Flags().Lookup("token-file") != nil:
		return errors.New(text + "; " + noTokens)
	case near != "":
		return errors.New(text + "; the nearest is --" + near)
	}
	return errors.New(text + help)
}

// nearest is the flag that was probably meant, "" where none was. Cobra suggests commands
// only, so the flags are made to be some.
func nearest(c *cobra.Command, flag string) string {
	names := cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := names.SuggestionsFor(flag); len(near) > 0 {
		return near[0]
	}
	return ""
}
