package source

import (
	"bytes"

	"wolkvox-import/importer/internal/source/csv"
)

// kind is what a file turns out to be: either there is a way to open it, or something
// to say of it.
type kind struct {
	name string
	is   func(head []byte) bool
	// open gives the rows, and on an error leaves it to its caller to close the file.
	open   func(*file, Options) (records, error)
	packed packing
	what   string // is wrong with it
	hint   string
}

// packing is how a kind is read if it is packed in another one.
type packing int

const (
	notPacked packing = iota // it isn't: there is nothing in it, or it is packing itself
	streamed                 // from its start to its end
	spooled                  // in any order: it has to be unpacked into a temporary file
)

const (
	textName    = "text"
	saveXLSX    = "open it in a spreadsheet program and save it as .xlsx"
	exportAgain = "export it again from the old system, as CSV or XLSX"
)

// kinds is the table of what is recognised, by the first bytes of its content. The first line
// that matches counts, and the last one matches all.
var kinds []kind

func init() { // the functions of the table look into it, for what is inside an archive
	kinds = []kind{
		{name: "zip", is: prefix("PK\x03\x04"), open: openZip, packed: spooled}, // a workbook is one
		{name: "gzip", is: prefix("\x1f\x8b"), open: openGzip},
		{name: "zstd", is: prefix("\x28\xb5\x2f\xfd"), open: openZstd},
		{name: "OLE", is: prefix("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), open: openOLE},

		{name: "empty zip", is: prefix("PK\x05\x06"),
			what: "it is an empty zip archive", hint: exportAgain},
		{name: "short OLE", is: prefix("\xd0\xcf\x11\xe0"),
			what: "it is a workbook of the old .xls format, cut short", hint: exportAgain},
		{name: "PDF", is: prefix("%PDF-"),
			what: "it is a PDF document and no table", hint: exportAgain},
		{name: "SQLite", is: prefix("SQLite format 3\x00"),
			what: "it is a database and no table",
			hint: "a ledger is given by --ledger; the input is a CSV or XLSX file"},
		{name: "Git LFS", is: prefix("version https://git-lfs.github.com/spec/"),
			what: "it is a Git LFS pointer and not the file itself", hint: "fetch the file: git lfs pull"},
		{name: "HTML", is: markup("<!doctype html", "<html", "<head", "<body", "<table", "<script", "<meta"),
			what: "it is a web page and no table, perhaps the login page of the old system",
			hint: "log in there and export it again, or " + saveXLSX},
		{name: "XML", is: markup("<?xml", "<workbook", "<ss:workbook"),
			what: "it is an XML document and no table", hint: saveXLSX},
		{name: "RTF", is: prefix(`{\rtf`),
			what: "it is a text document and no table", hint: exportAgain},
		{name: "7z", is: prefix("7z\xbc\xaf\x27\x1c"), what: "it is a 7z archive", hint: "unpack it first"},
		{name: "RAR", is: prefix("Rar!\x1a\x07"), what: "it is a RAR archive", hint: "unpack it first"},
		{name: "image", is: prefix("\x89PNG", "\xff\xd8\xff", "GIF8"),
			what: "it is a picture and no table", hint: exportAgain},
		{name: "binary", is: binary,
			what: "it is no text and no workbook", hint: exportAgain},

		{name: textName, is: prefix(""), open: openText, packed: streamed},
	}
}

// openFormat opens a file as what it turns out to be.
func openFormat(f *file, opt Options) (records, error) {
	head := make([]byte, min(headSize, f.size))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		return nil, f.broken(err)
	}
	k := recognise(head)
	if k.open == nil {
		return nil, f.error(k.what, k.hint)
	}
	return k.open(f, opt)
}

// openPlainText opens a file of which nothing is known but that it must be CSV.
func openPlainText(f *file) (records, error) {
	head, err := f.head()
	switch {
	case err != nil:
		return nil, err
	case recognise(head).name != textName:
		return nil, f.error("it is no text", "")
	}
	return openText(f, Options{})
}

// recognise finds the kind of a file whose first bytes are head.
func recognise(head []byte) *kind {
	i := 0
	for !kinds[i].is(head) {
		i++
	}
	return &kinds[i]
}

// prefix recognises what begins with one of these bytes.
func prefix(starts ...string) func([]byte) bool {
	return func(head []byte) bool {
		for _, start := range starts {
			if bytes.HasPrefix(head, []byte(start)) {
				return true
			}
		}
		return false
	}
}

// markup recognises a document whose first tag is one of these.
func markup(tags ...string) func([]byte) bool {
	return func(head []byte) bool {
		head = bytes.TrimPrefix(head, []byte("\ufeff"))
		head = bytes.ToLower(bytes.TrimLeft(head, " \t\r\n"))
		if bytes.HasPrefix(head, []byte("<!--")) {
			if _, after, ok := bytes.Cut(head, []byte("-->")); ok {
				head = bytes.TrimLeft(after, " \t\r\n")
			}
		}
		return prefix(tags...)(head)
	}
}

// binary recognises what has more control characters than a text could have, unless
// they are the halves of UTF-16.
func binary(head []byte) bool {
	if csv.EncodingByShape(head) != "" {
		return false
	}
	controls := 0
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b {
			controls++
		}
	}
	return controls*10 > len(head)
}
