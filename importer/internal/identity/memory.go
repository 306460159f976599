package identity

import (
	"encoding/binary"
	"hash/maphash"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/source/spreadsheet"
)

// Memory identifies rows without a ledger: of each it knows only what stood under its key in these
// inputs before. A row costs it some 40 bytes. It is for one goroutine at a time.
//
// It holds keys by two 64-bit hashes with a seed of their own, so two keys are taken for one about
// once in 2^128 pairs. A check may err so rarely; a run, which would send or lose a row by it, may
// not, and has the ledger.
type Memory struct {
	columns []columnSet // of each input
	seed    maphash.Seed
	seen    map[[2]uint64]firstRow
}

// firstRow is the first row of a key. Its numbers are short to save memory: XLSX ends at row 1,048,576,
// and a CSV of 2 billion rows would need 80 GB here.
type firstRow struct {
	content uint64
	input   int32
	row     int32
}

// NewMemory prepares to identify the rows of some inputs.
func NewMemory(inputs *intake.Inputs) *Memory {
	m := &Memory{seed: maphash.MakeSeed(), seen: map[[2]uint64]firstRow{}}
	for _, in := range inputs.All {
		m.columns = append(m.columns, ownColumns(in))
	}
	return m
}

// Find identifies a row as Finder does, as far as that can be known without a ledger. Rows must
// come in their order, each once.
func (m *Memory) Find(in *intake.Input, row *intake.Row) (found Row) {
	in.FindKey(row)
	found.Row = row
	// No program writes such a key, so no ledger is needed to know that it isn't one.
	if row.Given && spreadsheet.Scientific(row.Key) {
		row.Problem = unknownImportKey(row.Key, "")
	}
	if row.Err != nil || row.Problem != nil || row.Key == "" {
		return found
	}
	key := [2]uint64{maphash.String(m.seed, row.Key), maphash.String(m.seed, row.Key+"\x00")}
	content := m.content(in, row)
	first, met := m.seen[key]
	if !met {
		m.seen[key] = firstRow{content, int32(in.Number), int32(row.Number)}
		return found
	}
	same := first.content == content
	comparable := m.columns[first.input].names == m.columns[in.Number].names
	earlier := Earlier{int(first.input), int(first.row), same}
	switch {
	case !allowedTwice(in, row, earlier.Input, same, comparable):
		found.Before = earlier
	case same && comparable && !row.Given:
		found.Copy = earlier
	}
	return found
}

// content is a hash of the row's cells in the columns that the mapping uses.
func (m *Memory) content(in *intake.Input, row *intake.Row) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	var length [8]byte
	for _, n := range m.columns[in.Number].numbers {
		binary.LittleEndian.PutUint64(length[:], uint64(len(row.Cells[n])))
		h.Write(length[:]) // so that no cell can run into the next
		h.WriteString(row.Cells[n])
	}
	return h.Sum64()
}
