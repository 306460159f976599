package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// kind is what a file turns out to be: either there is a way to open it, or something
// to say of it.
type kind struct {
	name string
	is   func(head []byte) bool
	open func(*file, Options) (*Reader, error)
	what string // is wrong with it
	hint string
}

// kinds is the table of what is recognised, by the first bytes of its content. What
// matches none is taken for CSV.
var kinds []kind

func init() { // the functions of the table look into it, for what is inside an archive
	const saveXLSX = "open it in a spreadsheet program and save it as .xlsx"
	const exportAgain = "export it again from the old system, as CSV or XLSX"
	kinds = []kind{
		{name: "zip", is: prefix("PK\x03\x04"), open: openZip},
		{name: "empty zip", is: prefix("PK\x05\x06"), what: "it is an empty zip archive", hint: exportAgain},
		{name: "gzip", is: prefix("\x1f\x8b"), open: openGzip},
		{name: "zstd", is: prefix("\x28\xb5\x2f\xfd"), open: openZstd},
		{name: "OLE", is: prefix("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), open: openOLE},
		{name: "short OLE", is: prefix("\xd0\xcf\x11\xe0"), what: "it is a workbook of the old .xls format, cut short", hint: exportAgain},
		{name: "PDF", is: prefix("%PDF-"), what: "it is a PDF document and no table", hint: exportAgain},
		{name: "SQLite", is: prefix("SQLite format 3\x00"), what: "it is a database and no table", hint: "a ledger is given by --ledger; the input is a CSV or XLSX file"},
		{name: "Git LFS", is: prefix("version https://git-lfs.github.com/spec/"), what: "it is a Git LFS pointer and not the file itself", hint: "fetch the file: git lfs pull"},
		{name: "HTML", is: markup("<!doctype html", "<html", "<head", "<body", "<table", "<script", "<meta"), what: "it is a web page and no table, perhaps the login page of the old system", hint: "log in there and export it again, or open it in a spreadsheet program and save it as .xlsx"},
		{name: "XML", is: markup("<?xml", "<workbook", "<ss:workbook"), what: "it is an XML document and no table", hint: saveXLSX},
		{name: "RTF", is: prefix(`{\rtf`), what: "it is a text document and no table", hint: exportAgain},
		{name: "7z", is: prefix("7z\xbc\xaf\x27\x1c"), what: "it is a 7z archive", hint: "unpack it first"},
		{name: "RAR", is: prefix("Rar!\x1a\x07"), what: "it is a RAR archive", hint: "unpack it first"},
		{name: "image", is: prefix("\x89PNG", "\xff\xd8\xff", "GIF8"), what: "it is a picture and no table", hint: exportAgain},
		{name: "binary", is: binary, what: "it is no text and no workbook", hint: exportAgain},
	}
}

const headSize = 4 << 10

// recognise finds the kind of a file whose first bytes are head; nil is CSV.
func recognise(head []byte) *kind {
	for i := range kinds {
		if kinds[i].is(head) {
			return &kinds[i]
		}
	}
	return nil
}

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
	if encodingByShape(head) != "" {
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

// openZip opens what a zip archive is or holds.
func openZip(f *file, opt Options) (*Reader, error) {
	z, err := zip.NewReader(f, f.size)
	if err != nil {
		return nil, f.error("its zip archive is damaged or cut short: "+err.Error(), "copy or download it again")
	}
	var inputs []*zip.File
	for _, part := range z.File {
		name := strings.ToLower(part.Name)
		switch {
		case name == "[content_types].xml":
			return openOffice(f, z, opt)
		case name == "mimetype":
			return nil, f.error("it is an OpenDocument file, such as .ods", "open it in a spreadsheet program and save it as .xlsx")
		case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".tsv"), strings.HasSuffix(name, ".txt"), strings.HasSuffix(name, ".xlsx"), strings.HasSuffix(name, ".xlsm"):
			if !strings.HasPrefix(name, "__macosx/") {
				inputs = append(inputs, part)
			}
		}
	}
	if len(inputs) != 1 {
		return nil, f.error("it is a zip archive with "+count(len(inputs), "table")+" in it", "unpack it and give the files that are meant")
	}
	return f.unpack(inputs[0].Open, int64(inputs[0].UncompressedSize64), opt)
}

// openOffice opens a workbook, or says which other document it is.
func openOffice(f *file, z *zip.Reader, opt Options) (*Reader, error) {
	for _, part := range z.File {
		switch name := strings.ToLower(part.Name); {
		case strings.HasPrefix(name, "word/"):
			return nil, f.error("it is a Word document and no table", "export it again from the old system, as CSV or XLSX")
		case strings.HasPrefix(name, "ppt/"):
			return nil, f.error("it is a presentation and no table", "export it again from the old system, as CSV or XLSX")
		case name == "xl/workbook.bin":
			return nil, f.error("it is a binary workbook, .xlsb", "open it in a spreadsheet program and save it as .xlsx")
		}
	}
	return openWorkbook(f, opt)
}

// openOLE opens a workbook that is protected by a password. The other thing that an
// OLE file of a spreadsheet can be is the old .xls format.
func openOLE(f *file, opt Options) (*Reader, error) {
	const encrypted = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	if f.size > maxProtected {
		return nil, f.error(fmt.Sprintf("it is an OLE file of more than %d bytes", maxProtected), "open it in a spreadsheet program and save it as .xlsx, without a password")
	}
	content := make([]byte, f.size)
	if _, err := f.ReadAt(content, 0); err != nil && err != io.EOF {
		return nil, f.broken(err)
	}
	switch {
	case !bytes.Contains(content, []byte(encrypted)):
		return nil, f.error("it is a workbook of the old .xls format", "open it in a spreadsheet program and save it as .xlsx")
	case opt.Password == "":
		return nil, f.error("the workbook is protected by a password", "put the password into a file and give that as --password-file, or save the workbook without one")
	}
	opened, err := decrypt(content, opt.Password)
	if err != nil {
		return nil, f.error("the workbook can't be opened with this password: "+err.Error(), "correct the password in the file of --password-file")
	}
	return openZip(newFile(f.path, bytes.NewReader(opened), int64(len(opened)), f.close), opt)
}

// maxProtected is the largest protected workbook: it has to be decrypted as a whole.
const maxProtected = 256 << 20

// decrypt takes a workbook's protection off. Of a wrong password the decryption may
// know nothing, and make bytes of it that are no archive.
func decrypt(content []byte, password string) (opened []byte, err error) {
	defer func() {
		if recover() != nil { // the decryption trusts what the file says of itself
			err = errors.New("its protection is damaged")
		}
	}()
	opened, err = excelize.Decrypt(content, &excelize.Options{Password: password})
	if err == nil && !bytes.HasPrefix(opened, []byte("PK")) {
		err = errors.New("the password is wrong, or the file damaged")
	}
	return opened, err
}
