package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wolkvox-import/importer"
)

// noTokens is said in place of what was given, which may be a token and is never repeated.
const noTokens = "tokens are not for the command line, where others could see them: " +
	"put them into the environment variable WOLKVOX_TOKEN, or into a file for --token-file"

// plainly says what is wrong with a command line in words that aren't Go's, and what would
// be right. It never repeats what may be a token that was given by mistake.
//
// Pflag's errors are told apart by their types, so that its words may change. What none of the types
// fits, as an unknown command, is cobra's own text.
func plainly(c *cobra.Command, err error) error {
	if _, is := errors.AsType[*importer.UsageError](err); is {
		return err // by a command itself, or by its Args below
	}
	if _, is := errors.AsType[*pflag.InvalidSyntaxError](err); is {
		return err
	}
	if e, is := errors.AsType[*pflag.InvalidValueError](err); is {
		return badValue(e)
	}
	if e, is := errors.AsType[*pflag.ValueRequiredError](err); is {
		if group := e.GetSpecifiedShortnames(); group != "" {
			return badLetter(c, fmt.Sprintf("flag needs an argument: %q", e.GetSpecifiedName()[0]), group)
		}
		return err
	}
	if e, is := errors.AsType[*pflag.NotExistError](err); is {
		if group := e.GetSpecifiedShortnames(); group != "" {
			return badLetter(c, fmt.Sprintf("unknown shorthand flag: %q", e.GetSpecifiedName()[0]), group)
		}
		return unknownFlag(c, e)
	}
	if missing := missingFlags(c); len(missing) > 0 {
		return errors.New(strings.Join(missing, " and ") + ": it is missing" + help(c))
	}
	return err
}

// help is where to look further.
func help(c *cobra.Command) string {
	if c.HasParent() {
		return "; see wolkvox-import help " + c.Name()
	}
	return "; see wolkvox-import help"
}

// badValue says what a flag's value should be like.
func badValue(e *pflag.InvalidValueError) error {
	name := "--" + e.GetFlag().Name
	if short := e.GetFlag().Shorthand; short != "" {
		name = "-" + short + ", " + name
	}
	what := fmt.Sprintf("invalid argument %q for %q flag", e.GetValue(), name)
	if _, is := errors.AsType[*strconv.NumError](e); is {
		return errors.New(what + ": that is not a number, such as 2 or, where it may be a fraction, 2.5")
	}
	if e.GetFlag().Value.Type() == "duration" {
		return errors.New(what + ": that is not a time, such as 90s or 2m")
	}
	return e
}

// badLetter is about a flag of one letter in a group of them. What follows a t may be a token.
func badLetter(c *cobra.Command, what, group string) error {
	if strings.HasPrefix(group, "t") {
		return errors.New(what + "; " + noTokens)
	}
	return errors.New(what + help(c))
}

// unknownFlag says which flag was probably meant.
// A flag that begins as --token-file does may hold a token as its value, behind =.
func unknownFlag(c *cobra.Command, e *pflag.NotExistError) error {
	flag := e.GetSpecifiedName()
	switch near := nearest(c, flag); {
	case strings.HasPrefix(flag, "token") && c.Flags().Lookup("token-file") != nil:
		return fmt.Errorf("%w; %s", e, noTokens)
	case near != "":
		return fmt.Errorf("%w; the nearest is --%s", e, near)
	}
	return fmt.Errorf("%w%s", e, help(c))
}

// missingFlags are those that a command can't do without and that were not given.
// Cobra marks required flags by an annotation, and has no error of its own type for them.
func missingFlags(c *cobra.Command) (names []string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Contains(f.Annotations[cobra.BashCompOneRequiredFlag], "true") && !f.Changed {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}

// together fails if more than one of the flags was given.
// They are named in the order of the alphabet, whatever their order was.
func together(c *cobra.Command, flags ...string) error {
	var given []string
	for _, name := range slices.Sorted(slices.Values(flags)) {
		if c.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) < 2 {
		return nil
	}
	return wrong(c, strings.Join(given, " and ")+" can't go together")
}

// wrong is a mistake in a command's arguments.
func wrong(c *cobra.Command, what string) error {
	return &importer.UsageError{Err: errors.New(what + help(c))}
}

// inputs are the arguments of a command that reads any number of files.
func inputs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return wrong(c, "give an input: a CSV or XLSX file")
	}
	return nil
}

// oneInput is the argument of a command that reads a single file.
func oneInput(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return wrong(c, "one input at a time")
	}
	return inputs(c, args)
}

// oneKey is the argument of a command that is about a row, or about none.
func oneKey(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return wrong(c, "one KEY at a time")
	}
	return nil
}

// nothing is the arguments of a command that has flags alone.
func nothing(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &importer.UsageError{Err: fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())}
}

// nearest is the flag that was probably meant, "" if none was. Cobra suggests commands
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
