package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"wolkvox-import/importer/internal/filter"
)

// sightings remembers the keys of an input: a filter in memory that knows for certain
// which keys are new, and a file that the rare others are looked up in. An input has a
// key in every row and hardly ever one twice, so remembering has to be cheap and finding
// doesn't.
type sightings struct {
	path   string        // of the file, until it is open
	filter filter.Filter // nil until the first key
	file   *os.File
	writer *bufio.Writer
	rows   int // in the file
	scans  int // of the file
}

const (
	sighted = 16 + 16 + 8 // bytes

	// mostScans is how often the file is looked through until an index pays.
	mostScans = 128
)

// add notes a row and tells whether its key may have been there before.
func (s *sightings) add(row Sighting) (maybe bool, err error) {
	if s.filter == nil {
		if err := s.open(); err != nil {
			return false, err
		}
	}
	maybe = s.filter.Add(row.ID)
	var record [sighted]byte
	copy(record[:16], row.ID[:])
	copy(record[16:32], row.Content[:])
	binary.LittleEndian.PutUint64(record[32:], uint64(Record{Input: row.Input, Row: row.Row}.place()))
	s.rows++
	if _, err := s.writer.Write(record[:]); err != nil {
		return false, fmt.Errorf("the keys of the input can't be noted: %w", err)
	}
	return maybe, nil
}

// open makes the file, beside the ledger: a run must not depend on a folder for temporary
// files. Only one process has a ledger, so the name is free, or a dead one's that could not
// remove it. Keys are personal data and must not outlive the process, however that ends: so the
// file has no name from then on. Windows removes no open file, and leaves it to close.
func (s *sightings) open() (err error) {
	os.Remove(s.path)
	if s.file, err = os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return fmt.Errorf("the keys of the input can't be noted: %w", cantOpen(s.path, err))
	}
	os.Remove(s.path)
	s.filter = filter.New()
	s.writer = bufio.NewWriterSize(s.file, 64<<10)
	return nil
}

// each goes through the first n rows.
func (s *sightings) each(n int, take func(Sighting) error) error {
	if err := s.writer.Flush(); err != nil {
		return fmt.Errorf("the keys of the input can't be noted: %w", err)
	}
	reader := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, int64(n)*sighted), 256<<10)
	var record [sighted]byte
	for range n {
		if _, err := io.ReadFull(reader, record[:]); err != nil {
			return fmt.Errorf("the keys of the input can't be read back: %w", err)
		}
		row := Sighting{ID: ID(record[:16])}
		row.Input, row.Row = placed(int64(binary.LittleEndian.Uint64(record[32:])))
		copy(row.Content[:], record[16:32])
		if err := take(row); err != nil {
			return err
		}
	}
	return nil
}

// before returns what the first n rows have of some keys.
func (s *sightings) before(n int, keys map[ID]Seen) error {
	s.scans++
	return s.each(n, func(row Sighting) error {
		if seen, ok := keys[row.ID]; ok {
			keys[row.ID] = seen.and(row)
		}
		return nil
	})
}

// and counts one more row of the key.
func (seen Seen) and(row Sighting) Seen {
	if seen.Times == 0 {
		seen.Input, seen.Row, seen.Content = row.Input, row.Row, row.Content
	}
	seen.Times++
	return seen
}

// close forgets everything.
func (s *sightings) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if removed := os.Remove(s.path); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	*s = sightings{path: s.path}
	return err
}
