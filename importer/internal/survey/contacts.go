package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Contacts finds out which contacts the CRM has, from an export of the CRM's or from the CRM. The export
// costs nothing. The CRM is asked once for each contact, and each question counts against the quota.
type Contacts struct {
	File      string // the export; "" is to ask the CRM, which needs the following
	Client    *crm.Client
	Tokens    []string
	Operation string
}

// Check finds what is wrong with the export before the rows of an input are read.
func (c *Contacts) Check() error {
	if c.File == "" {
		return nil
	}
	// It is read to its end, so that a damaged row is found before the check has taken its time.
	_, err := inExport(c.File, nil)
	return err
}

// Compare finds the contacts that the cases need and the CRM lacks, and lists them in
// contacts-missing.csv in the folder.
func (c *Contacts) Compare(ctx context.Context, found *Survey, dir string) error {
	var needed []Need
	for _, n := range found.Needs {
		if n.Kind == "contact" {
			needed = append(needed, n)
		}
	}
	total := len(needed)
	var missing []Need
	var err error
	if c.File == "" {
		missing, err = c.ask(ctx, needed, found)
	} else {
		missing, err = inExport(c.File, needed)
	}
	if err != nil {
		return err
	}
	// The list is written even if it is empty: an old one must not stay in its place.
	rows, cases := [][]string{}, 0
	for _, n := range missing {
		rows = append(rows, []string{n.Value, strconv.Itoa(n.Rows)})
		cases += n.Rows
	}
	path, err := reports.WriteTable(dir, "contacts-missing", []string{"contact", "rows"}, rows)
	if err != nil {
		return err
	}
	found.Files = append(found.Files, path)
	if len(missing) > 0 {
		found.Notes = append(found.Notes, fmt.Sprintf("%s of %d that the CRM doesn't have, needed by %s: see %s",
			say.Several(len(missing), "contact"), total, say.Several(cases, "row"), path))
	}
	return nil
}

// inExport takes away the contacts that an export of the CRM's has. A row of it that can't be read is
// an error: its contact would be said to be missing. The needed list is changed.
func inExport(path string, needed []Need) (missing []Need, err error) {
	file, err := source.Open(path, source.Options{})
	if err != nil {
		return nil, usage.Errorf("contacts: %w", err)
	}
	defer file.Close()
	column, err := contactColumn(path, file.Header())
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for file.Next() {
		row := file.Row()
		if row.Err != nil {
			return nil, usage.Errorf("contacts: %s: row %d: %s", path, row.Number, row.Err.Message)
		}
		has[strings.ToLower(strings.TrimSpace(row.Cells[column]))] = true
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(needed, func(n Need) bool { return has[n.Value] }), nil
}

// contactColumns are names under which exports have the contacts' addresses. The first that is there
// is the one: an export may have addresses of agents too, so the surest names come first.
var contactColumns = []string{
	"correo contacto", "emailcontact", "email contact", "correo electrónico", "correo electronico",
	"correo", "email", "e-mail", "mail", "contact", "contacto", "contato",
}

// contactColumn finds the column of the contacts' addresses. That there is none is a usage error.
func contactColumn(path string, names []string) (int, error) {
	header := mapping.NewHeader(names)
	for _, name := range contactColumns {
		if i, err := header.Find(name); err == nil {
			return i, nil
		}
	}
	return 0, usage.Errorf("contacts: %s has no column with the contacts' addresses; name it Correo contacto", path)
}

// ask asks the CRM for one contact after another, until the quota of every token is spent. What wasn't
// asked for is not missing, and a note says so. Any other error ends the comparison.
func (c *Contacts) ask(ctx context.Context, needed []Need, found *Survey) (missing []Need, err error) {
	// A spent token stays spent for the day, so the next contact begins with the next one.
	token := 0
	for i, n := range needed {
		exists, err := c.Client.HasContact(ctx, c.Tokens[token], c.Operation, n.Value)
		for isSpent(err) {
			if token++; token == len(c.Tokens) {
				found.Notes = append(found.Notes, fmt.Sprintf(
					"the quota was spent after %d of %d contacts; the rest was not asked for", i, len(needed)))
				return missing, nil
			}
			exists, err = c.Client.HasContact(ctx, c.Tokens[token], c.Operation, n.Value)
		}
		if err != nil {
			return nil, fmt.Errorf("the CRM can't be asked for the contact %s: %w", n.Value, err)
		}
		if !exists {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

// isSpent tells whether a token may ask no more today.
func isSpent(err error) bool {
	e := new(crm.Error)
	return errors.As(err, &e) && e.Class == crm.TokenSpent
}
