package reports

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A draft is a file that is not in its place yet, readable by its owner only. It grows without a
// name, where the system can do that, or under a hidden one in the same folder, and has a hidden
// one once it is complete on disk.
type draft struct {
	*bufio.Writer
	file *os.File
	name string // its hidden name; "" is none yet
	path string // where it belongs
}

// newDraft begins a report that belongs at that path. Its caller completes and places it, or discards
// it; to discard one that is in its place does nothing.
func newDraft(path string) (*draft, error) {
	d := &draft{path: path}
	var err error
	if d.file, err = unnamed(filepath.Dir(path)); err != nil {
		if d.file, err = os.CreateTemp(filepath.Dir(path), hidden(path, "*")); err != nil {
			return nil, failed(path, err)
		}
		d.name = d.file.Name()
	}
	d.Writer = bufio.NewWriterSize(d.file, 64<<10)
	return d, nil
}

// hidden is the name of a draft.
func hidden(path, what string) string { return "." + filepath.Base(path) + "." + what + ".tmp" }

// forgotten is how old a draft is that no living process has: each is written to again and again,
// and a disk that is silent for an hour is no disk.
const forgotten = time.Hour

// drafted are the names of drafts, and of nothing that anybody else would make: the folder may be one
// that people work in.
var drafted = regexp.MustCompile(`^\.[\w-]+\.(csv|xlsx|jsonl|json)\.([0-9]+|[A-Z2-7]{26})\.tmp$`)

// sweep removes the drafts that killed processes have left in a folder.
func sweep(folder string) {
	files, _ := os.ReadDir(folder) // what can't be read is said when it is written to
	for _, f := range files {
		if !drafted.MatchString(f.Name()) {
			continue
		}
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > forgotten {
			os.Remove(filepath.Join(folder, f.Name()))
		}
	}
}

// complete returns when the content is durably stored. Only now the file gets a name: from here
// on a process that is killed leaves a draft, which [sweep] finds.
func (d *draft) complete() error {
	err := d.Flush()
	if err == nil {
		err = d.file.Sync()
	}
	if err == nil && d.name == "" {
		d.name = filepath.Join(filepath.Dir(d.path), hidden(d.path, rand.Text()))
		err = named(d.file, d.name)
	}
	if closed := d.file.Close(); err == nil {
		err = closed
	}
	return failed(d.path, err)
}

// discard removes the draft; once it is in its place there is none.
func (d *draft) discard() {
	d.file.Close() // Windows removes no open file
	if d.name != "" {
		os.Remove(d.name)
	}
}

// written is what tells a report that nobody has touched from any other file.
type written struct {
	File     string    `json:"file"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
}

// written describes a complete draft, as it will be in its place.
func (d *draft) written() (w written, err error) {
	info, err := os.Stat(d.name)
	if err != nil {
		return w, failed(d.path, err)
	}
	return written{filepath.Base(d.path), info.Size(), info.ModTime()}, nil
}

// is tells whether the file is the one that was written. Disks round times differently.
func (w written) is(info fs.FileInfo) bool {
	return info.Size() == w.Bytes && info.ModTime().Sub(w.Modified).Abs() <= 2*time.Second
}

// place renames the draft over what stands at its path, or beside that, with a number, if it
// can't be replaced. What stands there is set aside if keep says why it is to be kept. It returns
// where the draft is now, and what a person has to know of that.
func (d *draft) place(keep string) (path, note string, err error) {
	kept, err := d.replace(keep != "")
	if err == nil && kept != "" {
		note = fmt.Sprintf("%s is kept as %s: %s", d.path, filepath.Base(kept), keep)
	}
	if err == nil {
		return d.path, note, nil
	}
	if _, missing := os.Lstat(d.path); missing == nil {
		ext := filepath.Ext(d.path)
		beside := vacant(strings.TrimSuffix(d.path, ext)+"-", ext)
		if os.Rename(d.name, beside) == nil {
			const note = "%s can't be replaced (is it open elsewhere?) and is OLD: the new one is %s"
			return beside, fmt.Sprintf(note, d.path, filepath.Base(beside)), nil
		}
	}
	return "", "", failed(d.path, err)
}

// replace renames the draft over what stands at its path, having set that aside if it is
// to be kept. A rename is all or nothing: nobody ever sees half a report, and if the second one
// fails, what was set aside goes back.
func (d *draft) replace(keep bool) (kept string, err error) {
	if !keep {
		return "", os.Rename(d.name, d.path)
	}
	kept = d.path + ".bak"
	if _, err := os.Lstat(kept); err == nil {
		kept = vacant(kept, "")
	}
	if err := os.Rename(d.path, kept); err != nil {
		return "", err
	}
	err = os.Rename(d.name, d.path)
	if err == nil {
		return kept, nil
	}
	if os.Rename(kept, d.path) != nil {
		return "", fmt.Errorf("%v; what stood there is %s now", err, kept)
	}
	return "", err
}

// isOneOf reports whether the path leads to one of the files, by whatever name.
func isOneOf(path string, files []string) bool {
	at, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, name := range files {
		if file, err := os.Stat(name); err == nil && os.SameFile(at, file) {
			return true
		}
	}
	return false
}

// vacant is the first path that nothing stands at, counted from 2.
func vacant(stem, ext string) string {
	for n := 2; ; n++ {
		path := stem + strconv.Itoa(n) + ext
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
}

// failed names the report instead of the hidden file that the system complains of.
func failed(path string, err error) error {
	if err == nil {
		return nil
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("report %s: %w", path, err)
}
