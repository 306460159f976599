package mapping

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Attachment is a file that a row names. It lies under the attachments' folder, and
// its name can't lead out of there.
type Attachment struct {
	Name string // as the row names it
	Size int64  // bytes, when the row was applied

	root *os.Root
	path string
}

// fileRules are the mapping's section `attachments`.
type fileRules struct {
	at      position
	root    string
	files   []fileRule
	maxSize int64 // bytes; 0 is no limit
}

// fileRule says where names come from: a column, split into several by a text.
type fileRule struct {
	column, split string
	at            position
}

// fileSource is a fileRule tied to the columns of an input.
type fileSource struct {
	cell  func(*row) string
	split string
}

func (d *decoder) fileRules(p pair) *fileRules {
	rules := &fileRules{at: p.at}
	for _, e := range d.pairs(p.value, "attachments") {
		switch e.key {
		case "root":
			rules.root, _, _ = d.text(e.value, "root")
		case "files":
			for _, n := range d.list(e.value) {
				rules.files = append(rules.files, d.fileRule(n, e.at))
			}
		case "max_size":
			rules.maxSize = d.size(e.value)
		default:
			d.unknown(e, "attachments", []string{"root", "files", "max_size"})
		}
	}
	if len(rules.files) == 0 {
		d.mistake(p.at, "attachments has no `files:`; write files: [{column: …}]")
	}
	return rules
}

func (d *decoder) fileRule(n ast.Node, at position) fileRule {
	rule := fileRule{at: at}
	for _, e := range d.pairs(n, "an entry of files") {
		switch e.key {
		case "column":
			rule.column, rule.at, _ = d.text(e.value, "column")
		case "split":
			rule.split, _, _ = d.text(e.value, "split")
		default:
			d.unknown(e, "an entry of files", []string{"column", "split"})
		}
	}
	if rule.column == "" {
		d.mistake(rule.at, "an entry of files needs a column")
	}
	return rule
}

var sizePattern = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([KMG]?)(i?)B?$`)

// size reads 20MB (20,000,000 bytes), 20MiB (20 × 1,048,576) or plain bytes.
func (d *decoder) size(n ast.Node) int64 {
	text, at, ok := d.text(n, "max_size")
	if !ok {
		return 0
	}
	m := sizePattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		d.mistake(at, "max_size %q is not a size such as 20MB", text)
		return 0
	}
	number, _ := strconv.ParseFloat(m[1], 64) // the pattern has only numbers
	unit := 1000.0
	if m[3] != "" {
		unit = 1024
	}
	for range strings.Index("KMG", m[2]) + min(len(m[2]), 1) {
		number *= unit
	}
	return int64(number)
}

func (c *compiler) attachments(m *Mapping, p *Program, override string) {
	if m.files == nil {
		return
	}
	p.maxSize = m.files.maxSize
	for _, rule := range m.files.files {
		if rule.column != "" {
			p.files = append(p.files, fileSource{c.column(rule.column, rule.at), rule.split})
		}
	}
	dir := override
	if dir == "" {
		dir = filepath.FromSlash(m.files.root)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(m.Dir(), dir)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		c.mistake(m.files.at, "the attachments' folder %s can't be opened (%v); give it with --attachments or as root", dir, reason(err))
		return
	}
	p.root = root
}

// attachments finds the files that the row names, in order.
func (p *Program) attachments(r *row, problems *[]Problem) []Attachment {
	var found []Attachment
	for _, source := range p.files {
		cell := source.cell(r)
		names := []string{cell}
		if source.split != "" {
			names = strings.Split(cell, source.split)
		}
		for _, name := range names {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			a := Attachment{Name: name, root: p.root, path: strings.ReplaceAll(name, `\`, "/")}
			if problem := a.look(p.maxSize); problem != nil {
				*problems = append(*problems, *problem)
			}
			found = append(found, a)
		}
	}
	return found
}

// look opens the file to learn its size, and closes it again: a file that can't be
// read is a problem of the row before anything is sent.
func (a *Attachment) look(maxSize int64) *Problem {
	file, err := a.open()
	if err != nil {
		return a.problem(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return a.problem(err)
	}
	a.Size = info.Size()
	switch {
	case a.Size == 0:
		return a.problem(errEmpty)
	case maxSize > 0 && a.Size > maxSize:
		return &Problem{Field: "attachments", Error: "attachment_too_large", Message: fmt.Sprintf("attachments: %q has %d bytes; at most %d are allowed", a.Name, a.Size, maxSize),
			Hint: "make the file smaller, or raise max_size in the mapping"}
	}
	return nil
}

var (
	errEmpty      = errors.New("the file is empty")
	errNotRegular = errors.New("it is not a regular file")
	errFolder     = errors.New("it is a folder")
	errChanged    = errors.New("it changed while the run was on")
	errOutside    = errors.New("the name leads out of the attachments' folder")
)

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// Open opens the file for sending. One that is not what it was when the row was
// applied is a problem of the row: its size stands in the request's length.
func (a *Attachment) Open() (*os.File, *Problem) {
	file, err := a.open()
	if err != nil {
		return nil, a.problem(err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() != a.Size {
		err = errChanged
	}
	if err != nil {
		file.Close()
		return nil, a.problem(err)
	}
	return file, nil
}

// open is where names are held inside the folder. os.Root holds names and symbolic links inside the
// folder; whether it is a regular file is asked of the open file, which can't be
// exchanged any more.
func (a *Attachment) open() (*os.File, error) {
	if path.IsAbs(a.path) || filepath.IsAbs(a.path) || drive.MatchString(a.path) || !filepath.IsLocal(filepath.FromSlash(a.path)) {
		return nil, errOutside
	}
	file, err := openInside(a.root, filepath.FromSlash(a.path))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errFolder
	case !info.Mode().IsRegular():
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (a *Attachment) problem(err error) *Problem {
	p := &Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: %q can't be read: %v", a.Name, reason(err)),
		Hint: "correct the file or the name"}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Error, p.Message = "missing_attachment", fmt.Sprintf("attachments: there is no file %q", a.Name)
		p.Hint = "put the file into the attachments' folder " + a.root.Name() + ", or correct the name"
	case errors.Is(err, errEmpty):
		p.Error = "empty_attachment"
	case errors.Is(err, errFolder):
		p.Error = "attachment_is_folder"
	case errors.Is(err, errNotRegular):
		p.Error = "attachment_not_regular"
	case errors.Is(err, errOutside), escapes(err):
		p.Error, p.Message = "attachment_outside_root", fmt.Sprintf("attachments: %q leads out of the attachments' folder", a.Name)
		p.Hint = "only files under " + a.root.Name() + " are sent: move the file there and name it from there"
	}
	return p
}

// escapes recognises os.Root's refusal, for which the library has no exported error.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

// reason takes the operation and the path off an error whose message names them.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
