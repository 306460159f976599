package xlsx

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Sheet is a worksheet as the workbook lists it.
// A hidden one may be one of lists, or one that was put aside.
type Sheet struct {
	Name   string
	Hidden bool

	part string
}

// Book is an open workbook. Nothing of it changes once it is open: its sheets may be read
// by several goroutines at once, each by a [Rows] of its own.
//
// Its texts may be in a temporary file: Close before the input is closed, and not while a Rows reads.
type Book struct {
	Sheets []Sheet // in the order of their tabs

	zip      *zip.Reader
	parts    map[string]*zip.File
	maxBytes int64
	date1904 bool
	formats  []format     // by the number of a cell's style
	codes    []formatCode // by the same number; what a sheet shows is made of them
	strings  *stringTable
}

// Open opens the workbook that r holds and reads all of it but the sheets. A part that
// unpacks to more than maxBytes is taken for an attack or a mistake; 0 stands for
// DefaultMaxBytes. r has to stay open until Close. What doesn't fit into memory goes into a
// file in one of the folders, as NewTemp makes it.
func Open(r io.ReaderAt, size, maxBytes int64, folders ...string) (*Book, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("its zip archive is damaged or cut short: %w", err)
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	if maxBytes == 0 {
		maxBytes = DefaultMaxBytes
	}
	b := &Book{zip: z, parts: map[string]*zip.File{}, maxBytes: maxBytes, strings: &stringTable{temp: folders}}
	if err := b.open(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// DefaultMaxBytes is 2 GiB.
const DefaultMaxBytes = 2 << 30

// Without a bound, a few megabytes that unpack to gigabytes would fill the disk.
//
// Deflate can't do better than 1032 to one. A sheet of real cells stays below a
// twentieth of that; the bound counts from a size on that does no harm.
const (
	maxRatio     = 200
	harmlessSize = 100 << 20
)

// Close frees what the workbook holds beside its file.
func (b *Book) Close() { b.strings.close() }

// open reads the parts in the order in which they lead to each other: the archive's relations name
// the workbook, and the workbook's relations name everything else. A part is found by its relation
// and never by the name that most programs give it.
func (b *Book) open() error {
	for _, f := range b.zip.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
		if b.parts[name] != nil {
			// Programs differ in which of the two they read: one shows a person another sheet than ours.
			return fmt.Errorf("%s: it is twice in the archive", f.Name)
		}
		b.parts[name] = f
	}
	root, err := b.relations("")
	if err != nil {
		return err
	}
	main := targets(root, "officeDocument")
	// The kind is the last part of the relation's type, which is the same in the strict form of the
	// standard and in the transitional one; what stands before it differs.
	if len(main) != 1 {
		return errors.New("it is a zip archive without a workbook in it")
	}
	relations, err := b.relations(main[0])
	if err == nil {
		err = b.readWorkbook(main[0], relations)
	}
	for _, part := range targets(relations, "styles") {
		if err == nil {
			err = b.readStyles(part)
		}
	}
	if len(b.formats) == 0 { // a workbook without styles has one all the same
		b.formats = make([]format, 1)
	}
	for _, part := range targets(relations, "sharedStrings") {
		if err == nil {
			err = b.readStrings(part)
		}
	}
	return err
}

// lexer opens a part. Its size is what the archive says, and archive/zip sees to it
// that no more comes.
func (b *Book) lexer(name string) (*lexer, error) {
	f := b.parts[strings.ToLower(name)]
	if f == nil {
		return nil, fmt.Errorf("%s: it is missing in the archive", name)
	}
	size := int64(f.UncompressedSize64)
	switch {
	case size > b.maxBytes:
		return nil, fmt.Errorf("%s: it unpacks to %d bytes, more than the %d that are allowed", name, size, b.maxBytes)
	case size > harmlessSize && size/maxRatio > int64(f.CompressedSize64):
		return nil, fmt.Errorf("%s: %d bytes unpack to %d, which no real table does", name, f.CompressedSize64, size)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return newLexer(startFeed(r, size)), nil
}

// element is a start tag with its attributes as text.
type element struct {
	name  string
	attrs map[string]string // by names without prefix
	depth int
}

// elements calls do for every start tag of a small part, and reads it to its end.
func (b *Book) elements(name string, do func(element) error) error {
	l, err := b.lexer(name)
	if err != nil {
		return err
	}
	defer l.close()
	for {
		err := l.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && l.kind == startTag {
			err = do(l.element())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// element copies the start tag that was just read: the lexer reuses its memory for the next token.
// Attribute names lose their prefixes, since r:id may as well be called x:id.
func (l *lexer) element() element {
	e := element{name: string(l.name), attrs: map[string]string{}, depth: l.depth()}
	for _, a := range l.attrs {
		value, _ := appendText(nil, a.value) // checked when it was read
		e.attrs[string(local(a.name))] = string(value)
	}
	return e
}

// relation is a part's reference to another.
type relation struct{ id, kind, target string }

// relations lists what a part refers to within the archive, by id. The name "" stands
// for the archive itself.
func (b *Book) relations(part string) (map[string]relation, error) {
	dir, file := path.Split(part)
	list := map[string]relation{}
	err := b.elements(dir+"_rels/"+file+".rels", func(e element) error {
		// What is external is a link to a web page or to another workbook. Nothing is ever fetched.
		if e.name != "Relationship" || e.attrs["TargetMode"] == "External" {
			return nil
		}
		target := strings.ReplaceAll(e.attrs["Target"], `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		target = strings.TrimPrefix(path.Clean(target), "/")
		list[e.attrs["Id"]] = relation{e.attrs["Id"], path.Base(e.attrs["Type"]), target}
		return nil
	})
	return list, err
}

// targets are the parts of a kind, in the order of their ids.
func targets(relations map[string]relation, kind string) (parts []string) {
	for _, id := range slices.Sorted(maps.Keys(relations)) {
		if relations[id].kind == kind {
			parts = append(parts, relations[id].target)
		}
	}
	return parts
}

// readWorkbook lists the sheets in the order of their tabs, and finds out which calendar dates are
// counted in.
func (b *Book) readWorkbook(name string, relations map[string]relation) error {
	return b.elements(name, func(e element) error {
		switch e.name {
		case "workbookPr":
			b.date1904 = isTrue(e.attrs["date1904"])
		case "sheet":
			r, ok := relations[e.attrs["id"]]
			if !ok {
				return fmt.Errorf("the sheet %q is in no part of the archive", e.attrs["name"])
			}
			if r.kind == "worksheet" { // charts and dialogs have sheets of their own
				state := e.attrs["state"]
				hidden := state == "hidden" || state == "veryHidden"
				b.Sheets = append(b.Sheets, Sheet{Name: e.attrs["name"], Hidden: hidden, part: r.target})
			}
		}
		return nil
	})
}

// isTrue reads a boolean of XML. Everything else, also what is no boolean, is false.
func isTrue[T string | []byte](value T) bool {
	return string(value) == "1" || string(value) == "true"
}

// readStyles reads which number format each style of a cell has.
func (b *Book) readStyles(name string) error {
	codes, texts := map[int]format{}, map[int]string{}
	// A cell's style counts the <xf> of <cellXfs> (ECMA-376, part 1, 18.8.10), each of which names its
	// number format by id.
	inCells := 0 // depth of <cellXfs>; <cellStyleXfs> holds elements of the same name
	return b.elements(name, func(e element) error {
		if e.depth <= inCells {
			inCells = 0
		}
		id, _ := strconv.Atoi(e.attrs["numFmtId"])
		switch e.name {
		case "numFmt":
			texts[id] = e.attrs["formatCode"]
			codes[id] = parseFormat(texts[id])
		case "cellXfs":
			inCells = e.depth
		case "xf":
			if inCells > 0 {
				f, ok := codes[id]
				if !ok {
					f = builtIn(id)
				}
				b.formats = append(b.formats, f)
				b.codes = append(b.codes, formatCode{id, texts[id]})
			}
		}
		return nil
	})
}

// number reads an unsigned decimal attribute.
// It has a bound far above all that is a row or a style, so that it can't overflow.
func number(digits []byte) (int, bool) {
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' || n > 1<<24 {
			return 0, false
		}
		n = 10*n + int(d-'0')
	}
	return n, len(digits) > 0
}
