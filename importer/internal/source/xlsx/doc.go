// Package xlsx reads the rows of XLSX workbooks: fast, in little memory, and never
// fewer of them than there are.
//
//	zip ─► feed ─► lexer ─► Rows ─► texts by column
//	       unpacks  tags     cells      ▲
//	       ahead             │          │
//	                         └─► shared texts, number formats
//
// Its rules:
//
//   - The XML is checked to its end. A byte, an entity, a tag or a checksum that is
//     wrong is an error that names the sheet and the row; it never ends the rows early
//     as if they were all. [Book.Check] finds such errors before the first row is used.
//   - A cell's text is its stored value and not what the sheet shows, which may be
//     rounded, shortened or in another language's order. Three kinds of formats apply,
//     because the value alone would lose what they say: dates and times, which become
//     ISO 8601, numbers filled up with zeros, and percentages.
//   - Only what a row has costs anything: a sheet whose one cell is the last of
//     17 thousand million is read at once.
//   - What a sheet shows can be asked for beside that; excelize formats it.
//   - Blanks at the ends of a text stay, whether or not xml:space asks for that.
//
// Measured by BenchmarkRead on two cores, 200,000 rows of twelve columns, one of them
// dates; the sheet is 88 MB unpacked and the shared texts 83 MB:
//
//	unpacking alone        0.33 s   1.0
//	Rows                   0.74 s   2.2
//	Check, then Rows       1.16 s   3.5   117 MB at the peak
//	excelize's Rows       29.06 s    88
package xlsx
