package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// resolveOptions are the flags of resolve.
// The flags bind into the resolver itself; what is left here says which of its ways is meant.
type resolveOptions struct {
	talk
	importer.Resolver
	tokenFile, created, from string
	list, auto, assent       bool
	said                     map[string]*bool // verdicts without an id
}

// resolveCommand is resolve. The flags that say what became of a row come from the importer's table of
// verdicts: a new verdict needs nothing here.
func resolveCommand(console *tty.Console) *cobra.Command {
	o := resolveOptions{said: map[string]*bool{}}
	words, meanings := importer.Verdicts()
	c := &cobra.Command{
		Use:   "resolve --ledger FILE [KEY]",
		Short: "settle rows in doubt",
		Long: `resolve settles rows of which it isn't known whether the CRM made a case:

  resolve --ledger L --list                lists them
  resolve --ledger L --auto --server HOST  asks the CRM for each, by the mapping's marker
  resolve --ledger L KEY --created ID      a person has found the case
  resolve --ledger L KEY --absent          a person knows that there is none
  resolve --ledger L KEY --ignore          never send this row
  resolve --ledger L KEY --deleted         a created case was removed; it may be sent again
  resolve --ledger L --from FILE           a CSV file with the columns key, verdict, id

--auto calls a row created if one case has its marker, and absent only if that is proven:
nothing like its case is shown, asked by marker and by contact, by answers that are whole;
the CRM does show another case when it is asked in the same way afterwards; and the margin
has passed since anything of the request can have left. All else stays in doubt, and says
why. Ctrl-C ends it well: what was not asked for stays in doubt.

Exit status: 0 nothing is in doubt any more, 4 some rows are, 1 the CRM or the ledger
could not be asked, 2 usage.`,
		Example: "  wolkvox-import resolve --ledger soporte.ledger.db --auto --server crm.wolkvox.com",
		Args:    oneKey,
		RunE: func(c *cobra.Command, args []string) error {
			if err := together(c, append([]string{"list", "auto", "from"}, words...)...); err != nil {
				return err
			}
			return o.run(c.Context(), console, args)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Ledger, "ledger", "", "ledger `FILE`; required")
	f.BoolVar(&o.list, "list", false, "list the rows in doubt")
	f.BoolVar(&o.auto, "auto", false, "ask the CRM")
	f.StringVar(&o.from, "from", "", "CSV `FILE` with the columns key, verdict, id")
	for i, word := range words {
		if word == "created" {
			f.StringVar(&o.created, word, "", "`ID`: "+meanings[i])
			continue
		}
		o.said[word] = f.Bool(word, false, meanings[i])
	}
	f.StringVar(&o.Server, "server", os.Getenv("WOLKVOX_SERVER"), "`HOST` or URL (or WOLKVOX_SERVER)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with a token on each line")
	f.BoolVar(&o.ServerMoved, "server-moved", false, "the ledger's CRM has a new host name")
	f.DurationVar(&o.Margin, "margin", 3*time.Minute,
		"since a request left, before its case can be called absent; it is waited out")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "wait for an answer")
	f.BoolVar(&o.assent, "yes", false, "never ask")
	o.talk.flags(c)
	_ = c.MarkFlagRequired("ledger") // the flag has just been made
	return c
}

// run does the one thing that was asked for. A KEY comes first: with one, only what
// a person says of that row can be meant.
func (o *resolveOptions) run(ctx context.Context, console *tty.Console, args []string) error {
	switch verdict := o.verdict(); {
	case len(args) == 1 && verdict.Word != "":
		verdict.Key = args[0]
		return o.decide(ctx, console, []importer.Verdict{verdict})
	case len(args) == 1:
		const what = "say what became of the row: --created ID, --absent, --ignore or --deleted"
		return &importer.UsageError{Err: errors.New(what)}
	case verdict.Word != "":
		return &importer.UsageError{Err: fmt.Errorf("--%s needs the KEY of a row", verdict.Word)}
	case o.from != "":
		said, err := importer.ReadVerdicts(o.from)
		if err != nil {
			return err
		}
		return o.decide(ctx, console, said)
	case o.auto:
		return o.ask(ctx, console)
	case o.list:
		return o.show(console)
	}
	const what = "say what to do: --list, --auto, --from FILE, or a KEY and what became of it"
	return &importer.UsageError{Err: errors.New(what)}
}

// verdict is what the flags say of the row; its Word is "" if they say nothing.
func (o *resolveOptions) verdict() importer.Verdict {
	for word, said := range o.said {
		if *said {
			return importer.Verdict{Word: word}
		}
	}
	if o.created != "" {
		return importer.Verdict{Word: "created", ID: o.created}
	}
	return importer.Verdict{}
}

// decide records what the person says; to send a created case once more is asked for.
// All of them are recorded, or none: a file with one mistake in it changes nothing.
func (o *resolveOptions) decide(ctx context.Context, console *tty.Console, said []importer.Verdict) error {
	deleted := 0
	for _, v := range said {
		if v.Word == "deleted" {
			deleted++
		}
	}
	const question = "%d created cases are to be sent again. Were they all removed at the CRM? [y/N] "
	if deleted > 0 && !o.assent && !console.Agreed(ctx, fmt.Sprintf(question, deleted)) {
		return &importer.UsageError{Err: errors.New("nothing was changed")}
	}
	left, err := importer.Decide(o.Ledger, who(), said)
	if err != nil {
		return err
	}
	fmt.Fprintf(console.Out, "%d settled, %d in doubt\n", len(said), left)
	return o.end(left)
}

// end is the status: rows that are left in doubt count more than that all went well.
func (o *resolveOptions) end(left int) error {
	if left > 0 {
		return end(importer.StatusInDoubt)
	}
	return nil
}

// who names the person for the ledger's history.
// It is what the system says: a record for people, and no proof of anything.
func who() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}

// ask has the CRM asked for each row in doubt. What it can't be asked for stays in doubt.
//
// It prints what was found out even if it ends with an error: those rows are settled in the ledger.
func (o *resolveOptions) ask(ctx context.Context, console *tty.Console) error {
	if o.Server == "" {
		return &importer.UsageError{Err: errors.New("no server was given: use --server HOST")}
	}
	list, err := tokens(o.tokenFile)
	if err != nil {
		return err
	}
	ctx, release := interruptible(ctx, console, always(importer.StatusInDoubt))
	defer release()
	o.Tokens, o.Version, o.Log = list, version(), o.talk.logger(console)
	settled, err := o.Auto(ctx)
	left, counts := 0, map[string]int{}
	for _, s := range settled {
		counts[s.State]++
		if s.State == "in_doubt" {
			left++
			fmt.Fprintf(console.Out, "in doubt   %s: %s\n", tty.Inline(s.Key), tty.Inline(s.Why))
		}
	}
	if err != nil && len(settled) == 0 {
		return err
	}
	fmt.Fprintf(console.Out, "%d found at the CRM, %d not there and free to be sent, %d in doubt",
		counts["created"], counts["pending"], left)
	if err != nil {
		fmt.Fprintln(console.Out, ", the others not asked for")
		return err
	}
	fmt.Fprintln(console.Out)
	return o.end(left)
}

// show lists what is in doubt, with what a person needs to find the case.
func (o *resolveOptions) show(console *tty.Console) error {
	list, err := importer.Doubts(o.Ledger)
	if err != nil {
		return err
	}
	if o.json {
		if err := console.JSON(list); err != nil {
			return err
		}
		return o.end(len(list))
	}
	for _, d := range list {
		fmt.Fprintf(console.Out, "%s\n    sent %s, contact %s, marker %s\n    %s\n", tty.Inline(d.Key),
			d.Since.Local().Format(time.DateTime), tty.Inline(d.Contact), tty.Inline(d.Marker), tty.Inline(d.Evidence))
	}
	fmt.Fprintf(console.Out, "%d in doubt\n", len(list))
	return o.end(len(list))
}
