package identity

import (
	"fmt"
	"iter"
	"strings"
	"unicode"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// mostRespelled is how many rows may have keys that a spreadsheet has probably changed, before that is
// taken for the whole export's fault. It also bounds how often the ledger is looked through for them.
const mostRespelled = 100

// questionNewKeys makes those rows invalid whose keys are new and look like sent ones that a spreadsheet
// has changed, as 5 of 000005: an export that somebody has opened and saved would be imported a second
// time. After too many of them it returns a *stop.Halt.
func (f *Finder) questionNewKeys(in *intake.Input, rows []*Row) error {
	// A fresh ledger has sent nothing that a key could be taken for.
	if f.NewKeys || f.ledger.Opening().Fresh {
		return nil
	}
	var fresh []*Row
	var keys []string
	for _, row := range rows {
		// Spreadsheets change numbers and dates, and leave words alone.
		if row.Problem == nil && row.Entry.State == ledger.Unknown && strings.ContainsAny(row.Key, "0123456789") {
			fresh, keys = append(fresh, row), append(keys, row.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	known := &f.spellings
	if known.sent == nil {
		var err error
		known.sent, err = newSimilar(func() iter.Seq2[string, error] { return f.ledger.SentKeys(f.key) })
		if err != nil {
			return err
		}
	}
	meant, err := known.sent.find(keys)
	if err != nil {
		return err
	}
	for _, row := range fresh {
		others := withOtherDigits(row.Key, meant[row.Key])
		if len(others) == 0 {
			continue
		}
		which := strings.Join(say.Quoted(others), " or ")
		if known.respelled++; known.respelled == mostRespelled {
			return manyRespelled(in, row.Key, which)
		}
		row.Problem = &mapping.Problem{
			Field: "key",
			Error: reports.SimilarKey,
			Message: fmt.Sprintf("key: %q is new, and %s was sent already; "+
				"a spreadsheet may have made one of the other", row.Key, which),
			Hint: "take the export as the system wrote it, or correct the cell; if this is another ticket, say --yes",
		}
		row.Known = Known{} // such a key must not become one that the ledger knows
	}
	return nil
}

// manyRespelled stops the run: it isn't single rows that somebody has changed.
func manyRespelled(in *intake.Input, key, which string) *stop.Halt {
	return &stop.Halt{
		Status: stop.Stopped,
		Why: fmt.Sprintf("%s: %d keys are new, and look like sent ones that a spreadsheet has changed, as %q of %s",
			in.Path, mostRespelled, key, which),
		Hint: "take the export as the system wrote it, without saving it in a spreadsheet, " +
			"and run the same command again; if these are other tickets, say --yes",
	}
}

// withOtherDigits leaves out keys that differ only in capitals and blanks, which no spreadsheet changes.
func withOtherDigits(key string, others []string) (list []string) {
	for _, other := range others {
		if plain(key) != plain(other) {
			list = append(list, other)
		}
	}
	return list
}

// plain is a key without capitals and blanks.
func plain(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, key)
}
