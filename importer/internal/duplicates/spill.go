package duplicates

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"wolkvox-import/importer/internal/filter"
)

// spill remembers keys at little cost: a filter in memory that knows for certain which keys are
// new, and a file that the rare others are looked up in.
type spill struct {
	path     string
	filter   filter.Filter
	file     *os.File
	writer   *bufio.Writer
	rows     int // in the file
	searches int // of the file
}

// recordSize is that of a row in the file: its ID, its content and its place.
const recordSize = 16 + 16 + 8

// openSpill makes the file. Only one process uses the path, so it is free, or a dead process's
// that could not remove it. The file has no name from then on. Windows removes no open file, and
// leaves it to close.
func openSpill(path string) (*spill, error) {
	os.Remove(path)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		err = fmt.Errorf("%w; raise the limit (ulimit -n) or use fewer workers", err)
	}
	if err != nil {
		return nil, noted(err)
	}
	os.Remove(path)
	return &spill{path: path, filter: filter.New(), file: file, writer: bufio.NewWriterSize(file, 64<<10)}, nil
}

// add notes a row and tells whether its key may have been there before. Not until each is the row
// certainly in the file, and not only in the buffer.
func (s *spill) add(row Sighting) (maybe bool, err error) {
	maybe = s.filter.Add(row.ID)
	var record [recordSize]byte
	copy(record[:16], row.ID[:])
	copy(record[16:32], row.Content[:])
	binary.LittleEndian.PutUint64(record[32:], uint64(pack(row.Input, row.Row)))
	s.rows++
	_, err = s.writer.Write(record[:])
	return maybe, noted(err)
}

// search adds to keys what the first n rows have of them.
func (s *spill) search(n int, keys map[[16]byte]Seen) error {
	s.searches++
	return s.each(n, func(row Sighting) error {
		if seen, ok := keys[row.ID]; ok {
			keys[row.ID] = seen.and(row)
		}
		return nil
	})
}

// each goes through the first n rows, in their order. The file is read beside the writer, which only
// ever adds to it.
func (s *spill) each(n int, take func(Sighting) error) error {
	if err := s.writer.Flush(); err != nil {
		return noted(err)
	}
	reader := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, int64(n)*recordSize), 256<<10)
	var record [recordSize]byte
	for range n {
		if _, err := io.ReadFull(reader, record[:]); err != nil {
			return fmt.Errorf("the keys of the input can't be read back: %w", err)
		}
		row := Sighting{ID: [16]byte(record[:16]), Content: [16]byte(record[16:32])}
		row.Input, row.Row = unpack(int64(binary.LittleEndian.Uint64(record[32:])))
		if err := take(row); err != nil {
			return err
		}
	}
	return nil
}

// close ends the file, and removes it if it still has a name.
func (s *spill) close() error {
	err := s.file.Close()
	if removed := os.Remove(s.path); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
