package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

const (
	maxShown = 10 // groups; summary.json has them all
	maxWidth = 100
	maxEnded = 300 // of why the run ended, which ends with when to go on
)

// Text prints the summary for people.
func (s Summary) Text(w io.Writer) error {
	var b bytes.Buffer
	s.heading(&b)
	for _, status := range Statuses() {
		if n := s.Outcomes[status]; n > 0 {
			fmt.Fprintf(&b, "  %-14s%9d\n", status, n)
		}
	}
	if s.Changed > 0 {
		fmt.Fprintf(&b, "  %-14s%9d  since their import\n", "changed", s.Changed)
	}
	if s.Attachments > 0 {
		fmt.Fprintf(&b, "  %-14s%9d  %.1f MB sent\n", "attachments", s.Attachments, float64(s.SentBytes)/1e6)
	}
	for i, g := range s.largest() {
		if i == maxShown {
			fmt.Fprintf(&b, "\n... and %d more kinds of failure in summary.json\n", len(s.ByError)-maxShown)
			break
		}
		g.text(&b, len(s.Inputs) > 0)
	}
	if s.Ended != "" {
		fmt.Fprintf(&b, "\nthe run ended early: %s\n", line(s.Ended, maxEnded))
	}
	s.protest(&b)
	_, err := b.WriteTo(w)
	return err
}

func (s Summary) heading(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s%s read", s.name(), rows(s.RowsRead))
	if d := s.Duration(); d > 0 {
		fmt.Fprintf(b, " in %v, %.1f rows/s", d.Round(time.Millisecond), s.perSecond(int64(s.RowsRead)))
	}
	b.WriteByte('\n')
}

// protest is loud about each input whose rows don't all have one outcome.
func (s Summary) protest(b *bytes.Buffer) {
	for _, in := range s.Inputs {
		in.protest(b)
	}
	if s.tallied() != s.RowsRead {
		const what = "\nTHE COUNTS DO NOT ADD UP: %s%s read, %d with an outcome\n"
		fmt.Fprintf(b, what, s.name(), rows(s.RowsRead), s.tallied())
	}
}

func (s Summary) name() string {
	switch {
	case len(s.Inputs) > 0:
		return fmt.Sprintf("%d inputs: ", len(s.Inputs))
	case s.Input.Path != "":
		return oneLine(s.Input.Path) + ": "
	}
	return ""
}

// text prints the group. Of several inputs, a row's number alone doesn't tell which row it is.
func (g Group) text(b *bytes.Buffer, withFile bool) {
	fmt.Fprintf(b, "\n%s", g.Status)
	if why := reason(g.Code, g.Error); why != "" {
		fmt.Fprintf(b, ", %s", oneLine(why))
	}
	fmt.Fprintf(b, ": %s\n", rows(g.Count))
	for _, e := range g.Examples {
		fmt.Fprintf(b, "  row %-8d", e.Row)
		for _, said := range []string{e.Key, e.Message} {
			if said != "" {
				fmt.Fprintf(b, "  %s", oneLine(said))
			}
		}
		if withFile {
			fmt.Fprintf(b, "  (%s)", oneLine(e.File))
		}
		b.WriteByte('\n')
	}
}

// rows is a number of rows, in words.
func rows(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// oneLine cuts what comes from files and servers to a line, and keeps the terminal from
// obeying it.
func oneLine(s string) string { return line(s, maxWidth) }

func line(s string, most int) string {
	printable := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	line := []rune(strings.Join(strings.Fields(strings.Map(printable, s)), " "))
	if len(line) > most {
		return string(line[:most-1]) + "…"
	}
	return string(line)
}
