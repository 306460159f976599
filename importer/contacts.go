package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// askCRM is the word by which the CRM is asked instead of a file.
const askCRM = "crm"

// checkContacts finds what is wrong with the job's Contacts before the rows are read.
func (p *plan) checkContacts() error {
	switch p.job.Contacts {
	case "":
		return nil
	case askCRM:
		if p.job.Server == "" || len(p.job.Tokens) == 0 {
			return usage("to ask the CRM for contacts, --server and a token are needed")
		}
		return nil
	}
	_, err := readContacts(p.job.Contacts, nil)
	return err
}

// compareContacts finds the contacts that the cases need and the CRM lacks, and lists
// them in contacts-missing.csv.
func (c *check) compareContacts(ctx context.Context, found *Survey) error {
	var needed []Need
	for _, n := range found.Needs {
		if n.Kind == "contact" {
			needed = append(needed, n)
		}
	}
	var missing []Need
	var err error
	if c.job.Contacts == askCRM {
		missing, err = c.askContacts(ctx, needed, found)
	} else {
		missing, err = readContacts(c.job.Contacts, needed)
	}
	if err != nil {
		return err
	}
	rows, cases := [][]string{}, 0
	for _, n := range missing {
		rows = append(rows, []string{n.Value, strconv.Itoa(n.Rows)})
		cases += n.Rows
	}
	path, err := reports.WriteTable(c.outRoot(), "contacts-missing", []string{"contact", "rows"}, rows)
	if err != nil {
		return err
	}
	found.Files = append(found.Files, path)
	if len(missing) > 0 {
		found.Notes = append(found.Notes, fmt.Sprintf("%s of %d that the CRM doesn't have, needed by %s: see %s", count(len(missing), "contact"), len(needed), count(cases, "row"), path))
	}
	return nil
}

// readContacts takes away the contacts that an export of the CRM's has.
func readContacts(path string, needed []Need) ([]Need, error) {
	file, err := source.Open(path, source.Options{})
	if err != nil {
		return nil, &UsageError{fmt.Errorf("contacts: %w", err)}
	}
	defer file.Close()
	column, err := contactColumn(path, file.Header())
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for file.Next() {
		if row := file.Row(); row.Err == nil {
			has[strings.ToLower(strings.TrimSpace(row.Cells[column]))] = true
		} else {
			return nil, usage("contacts: %s: row %d: %s", path, row.Number, row.Err.Message)
		}
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(needed, func(n Need) bool { return has[n.Value] }), nil
}

// contactColumns are names under which exports have the contacts' addresses.
var contactColumns = []string{"correo contacto", "emailcontact", "email contact", "correo electrónico", "correo electronico", "correo", "email", "e-mail", "mail", "contact", "contacto", "contato"}

func contactColumn(path string, names []string) (int, error) {
	header := mapping.NewHeader(names)
	for _, name := range contactColumns {
		if i, err := header.Find(name); err == nil {
			return i, nil
		}
	}
	return 0, usage("contacts: %s has no column with the contacts' addresses; name it Correo contacto", path)
}

// askContacts asks the CRM for one contact after another, until the quota is spent.
func (c *check) askContacts(ctx context.Context, needed []Need, found *Survey) ([]Need, error) {
	client := crm.New(crm.Config{Server: c.server, Workers: 1, Timeout: cmp.Or(c.job.Timeout, time.Minute), UserAgent: "wolkvox-import/" + c.job.Version, Dial: c.job.Dial})
	var missing []Need
	token := 0
	for i, n := range needed {
		for {
			exists, err := client.HasContact(ctx, c.job.Tokens[token], c.mapping.Operation, n.Value)
			var e *crm.Error
			if errors.As(err, &e) && e.Class == crm.TokenSpent {
				if token++; token < len(c.job.Tokens) {
					continue
				}
				found.Notes = append(found.Notes, fmt.Sprintf("the quota was spent after %d of %d contacts; the rest was not asked for", i, len(needed)))
				return missing, nil
			}
			if err != nil {
				return nil, fmt.Errorf("the CRM can't be asked for the contact %s: %w", n.Value, err)
			}
			if !exists {
				missing = append(missing, n)
			}
			break
		}
	}
	return missing, nil
}
