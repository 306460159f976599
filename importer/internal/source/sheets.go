package source

import (
	"fmt"
	"strings"

	"wolkvox-import/importer/internal/source/xlsx"
)

// chooseSheet finds the sheet that is meant and checks it: the one that was named, or
// the only one with rows. Hidden sheets count if no visible one has rows.
//
// It never guesses among several: rows of a wrong sheet would become cases that can't be taken back.
func chooseSheet(f *file, book *xlsx.Book, name string) (xlsx.Sheet, xlsx.Check, error) {
	if name != "" {
		return namedSheet(f, book, name)
	}
	for _, hidden := range []bool{false, true} {
		sheets, checks, err := sheetsWithRows(f, book, hidden)
		switch {
		case err != nil:
			return xlsx.Sheet{}, xlsx.Check{}, err
		case len(sheets) == 1:
			return sheets[0], checks[0], nil
		case len(sheets) > 1:
			what := "several sheets have rows: " + listSheets(sheets, checks)
			hint := "choose one by --sheet, or in the mapping: input: {sheet: " + sheets[0].Name + "}"
			return xlsx.Sheet{}, xlsx.Check{}, f.error(what, hint)
		}
	}
	return xlsx.Sheet{}, xlsx.Check{}, f.error("the workbook has no rows", "export it again")
}

// namedSheet finds a sheet by its name, whose case and blanks at the ends don't matter.
func namedSheet(f *file, book *xlsx.Book, name string) (xlsx.Sheet, xlsx.Check, error) {
	var names []string
	for _, s := range book.Sheets {
		if strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(name)) {
			check, err := book.Check(s)
			if err != nil {
				return s, check, damaged(f, err)
			}
			return s, check, nil
		}
		names = append(names, fmt.Sprintf("%q", s.Name))
	}
	what := fmt.Sprintf("there is no sheet %q; there is %s", name, strings.Join(names, ", "))
	return xlsx.Sheet{}, xlsx.Check{}, f.error(what, "correct the sheet's name")
}

// sheetsWithRows checks the visible sheets, or the hidden ones: only that tells which have rows.
// That costs a reading of each sheet, and the one that is chosen isn't checked again.
func sheetsWithRows(f *file, book *xlsx.Book, hidden bool) (sheets []xlsx.Sheet, checks []xlsx.Check, err error) {
	for _, s := range book.Sheets {
		if s.Hidden != hidden {
			continue
		}
		check, err := book.Check(s)
		if err != nil {
			return nil, nil, damaged(f, err)
		}
		if check.Rows > 0 {
			sheets, checks = append(sheets, s), append(checks, check)
		}
	}
	return sheets, checks, nil
}

// listSheets names sheets for a message, with what they hold.
func listSheets(sheets []xlsx.Sheet, checks []xlsx.Check) string {
	var list []string
	for i, s := range sheets {
		list = append(list, fmt.Sprintf("%q (%s)", s.Name, count(checks[i].Rows, "row")))
	}
	return strings.Join(list, ", ")
}
