package intake

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// rejectColumns are the numbers of two of the columns that a rejects file has beside the input's. All
// of reports.RejectColumns must be there, or the file is none: an export may well have one such name.
type rejectColumns struct {
	key int // import_key
	why int // import_error
}

// findRejectColumns recognises a rejects file by its columns; nil if it is none.
func findRejectColumns(names []string) *rejectColumns {
	header := mapping.NewHeader(names)
	for _, name := range reports.RejectColumns {
		if _, err := header.Find(name); err != nil {
			return nil
		}
	}
	var columns rejectColumns
	columns.key, _ = header.Find(reports.RejectColumns[0]) // it was found above
	columns.why, _ = header.Find(reports.RejectColumns[2])
	return &columns
}

// IsRejects tells whether the input has the columns of a rejects file.
func (in *Input) IsRejects() bool { return in.rejects != nil }

// ImportKey is the cell of import_key in a row of a rejects file.
func (in *Input) ImportKey(row *Row) string { return row.Cells[in.rejects.key] }

// StillRepeated tells whether a rejects file's row had the key of another row, and still has it.
func (in *Input) StillRepeated(row *Row) bool {
	return in.rejects != nil && !row.Given && strings.HasPrefix(row.Cells[in.rejects.why], reports.RepeatedKey)
}

// inOneCell recognises a rejects file of which a spreadsheet has put each line into one cell:
// none of its rows would be known again.
func inOneCell(path string, header []string) error {
	for _, name := range header {
		name = strings.ReplaceAll(name, `"`, "")
		for _, delimiter := range []string{",", ";", "\t", "|"} {
			if strings.Contains(name, strings.Join(reports.RejectColumns, delimiter)) {
				return &source.Error{Path: path,
					What: "it is a rejects file, and each of its lines lies in one cell as a whole",
					Hint: fmt.Sprintf("open the file as it was written by the spreadsheet's import of texts, with %q "+
						"as the delimiter and all columns as text; mend it there, and save it", delimiter)}
			}
		}
	}
	return nil
}

// undefuse gives cells back what a report put before them, so that no spreadsheet takes them for
// formulas.
func undefuse(cells []string) {
	for i := range cells {
		cells[i] = reports.Undefuse(cells[i])
	}
}

// damaged is what a spreadsheet has done to a row of a rejects file, which was written with all
// its cells; nil if nothing can be seen. In an export a short row is common and harmless. In a
// rejects file it means that cells were lost or moved since, so sending it would send the wrong ones.
func (in *Input) damaged(row source.Row) *source.RowError {
	header := in.reader.Header()
	if there := len(header) - row.Missing; there <= in.rejects.why { // an empty import_hint may be left out
		return &source.RowError{
			Word: "too_few_cells",
			Message: fmt.Sprintf("the row has %d cells, and its rejects file was written with %d",
				there, len(header)),
			Hint: "copy the row from the rejects file as it was written, and mend it again",
		}
	}
	if text, alone := onlyFirst(row.Cells); alone {
		if problem := source.InOneCell(text, len(header)); problem != nil {
			return problem
		}
	}
	if i := CutText(row.Cells[:len(header)]); i >= 0 {
		problem := CutCell(header[i], row.Cells[i])
		return &source.RowError{Word: problem.Error, Message: problem.Message, Hint: problem.Hint, Column: i}
	}
	return nil
}

// onlyFirst tells whether a row has nothing but its first cell, and returns that.
func onlyFirst(cells []string) (text string, alone bool) {
	for _, cell := range cells[1:] {
		if cell != "" {
			return "", false
		}
	}
	return cells[0], true
}

// The lengths, in UTF-16 units, at which spreadsheet programs cut a cell's text without a word.
const (
	mostExcel       = 1<<15 - 1
	mostLibreOffice = 1<<16 - 1
)

// CutText finds a text that is as long as a spreadsheet's cell can be; -1 if there is none.
func CutText(cells []string) int {
	for i, cell := range cells {
		if len(cell) < mostExcel {
			continue
		}
		if n := len(utf16.Encode([]rune(cell))); n == mostExcel || n == mostLibreOffice {
			return i
		}
	}
	return -1
}

// CutCell is what is wrong with a text that CutText has found.
func CutCell(column, text string) mapping.Problem {
	return mapping.Problem{
		Field: column,
		Error: "cut_text",
		Message: fmt.Sprintf("the text in the column %q has %d characters, as many as a spreadsheet's cell can hold: "+
			"the rest was probably cut", column, len([]rune(text))),
		Hint: "take the row from the export, or mend it in a text editor",
	}
}
