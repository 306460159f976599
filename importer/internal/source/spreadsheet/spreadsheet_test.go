package spreadsheet_test

import (
	"testing"

	"wolkvox-import/importer/internal/source/spreadsheet"
)

func TestFoldTakesForOneWhatASpreadsheetDoes(t *testing.T) {
	for _, pair := range [][2]string{{"000126", "126"}, {"126.0", "126"}, {"000126", "126,00"}, {" 126\u00a0", "126"}, {"zoho-0012", "ZOHO-12"}, {"0", "000"}, {"A 007 b", "a7B"}} {
		if a, b := spreadsheet.Fold(pair[0]), spreadsheet.Fold(pair[1]); a != b {
			t.Errorf("%q is %q, and %q is %q", pair[0], a, pair[1], b)
		}
	}
	for _, pair := range [][2]string{{"126", "1260"}, {"100", "1"}, {"1.05", "1.5"}, {"10.1", "1.1"}, {"A-100", "A-1"}, {"0", ""}, {"1", "01x"}, {".5", "5"}} {
		if a, b := spreadsheet.Fold(pair[0]), spreadsheet.Fold(pair[1]); a == b {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], a)
		}
	}
}

func TestShortened(t *testing.T) {
	for _, c := range []struct {
		number, text string
		want         bool
	}{
		{"1.23E+19", "12345678901234567890", true},
		{"1,23E+19", "12345678901234567890", true},
		{"1.23457E+19", "12345678901234567890", true}, // rounded up
		{"1E+11", "100000000000", true},
		{"8,8077e+16", "0088077000000000001", true},
		{"1.24E+19", "12345678901234567890", false},
		{"1.23E+18", "12345678901234567890", false},
		{"1.23E+19", "1234567890123456789A", false},
		{"123", "12345678901234567890", false},
	} {
		if got := spreadsheet.Shortened(c.number, c.text); got != c.want {
			t.Errorf("%q of %q: %v", c.number, c.text, got)
		}
	}
}

func TestChangedCells(t *testing.T) {
	for _, c := range []struct {
		was, now string
		want     bool
	}{
		{"000126", "126", true},
		{"5.10", "5,1", true},
		{"126.0", "126", true},
		{"12345678901234567890", "12345678901234500000", true},
		{"12345678901234567890", "1.23457E+19", true},
		{"03-04-2024", "2024-04-03", true},
		{"03/04", "03-abr", true},
		{"3-4", "03/04/2024", true},
		{"03/04/24", "3-apr-2024", true},
		{"2024-04-03 10:00", "03/04/2024 10:00", true},

		{"126", "126", false},
		{"126", "127", false},
		{"126", "", false},
		{"", "126", false},
		{"ayer", "30/04/2024", false},
		{"03-04-2024", "05-04-2024", false},
		{"Queja", "Reclamo", false},
	} {
		if got := spreadsheet.Changed(c.was, c.now); got != c.want {
			t.Errorf("%q to %q: %v", c.was, c.now, got)
		}
	}
}

func TestScientific(t *testing.T) {
	for text, want := range map[string]bool{"1.23E+19": true, "1,23e-07": true, " 1E+11 ": true, "1E5": false, "A1E+5": false, "12": false} {
		if spreadsheet.Scientific(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
