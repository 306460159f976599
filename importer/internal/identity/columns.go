package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
)

// columnSet is a set of columns whose cells stand for a row. The first set of an input is the
// one that the mapping uses today. The others are those of entries made when the mapping used
// other columns. They keep an edited mapping from making every row look changed, and rows without
// a `key:` from being sent again.
type columnSet struct {
	id      int64
	names   string // as the ledger has them
	numbers []int  // of the columns in this input, in the order of names
}

// ownColumns is the set that the mapping uses today. The names are sorted, so that a mapping whose
// fields only stand in another order has the same set.
func ownColumns(in *intake.Input) columnSet {
	names, _ := in.Program().Columns()
	slices.Sort(names)
	text, err := json.Marshal(names)
	if err != nil {
		panic(err) // a list of texts always becomes JSON
	}
	// The same way as the sets of the ledger, so that equal columns have equal digests.
	set, _ := resolve(in, 0, string(text)) // they are the input's
	return set
}

// resolve finds a set's columns in the input; a set that lacks a column there is of no use.
// The digest goes by the order of the names, and not by where the columns stand.
func resolve(in *intake.Input, id int64, text string) (columnSet, bool) {
	set := columnSet{id: id, names: text}
	var names []string
	if json.Unmarshal([]byte(text), &names) != nil {
		return set, false
	}
	for _, name := range names {
		number, err := in.Program().Header.Find(name)
		if err != nil {
			return set, false
		}
		set.numbers = append(set.numbers, number)
	}
	return set, true
}

// columnSets are the sets that the input's rows can be known by. Their order decides whose a row is.
// Today's set is the first: a claim is made under it, and nothing else may stand in its place. The
// others follow from the newest to the oldest, by the ledger's numbers, which only grow. A row
// without a key is looked for under all of them, from the last to the first, and the last one that
// knows it wins: so the newest entry is the row's, and today's before all.
func columnSets(in *intake.Input, l ledger.Ledger) (sets []columnSet, err error) {
	id, err := l.ColumnSet(ownColumns(in).names)
	if err != nil {
		return nil, err
	}
	known, err := l.ColumnSets()
	if err != nil {
		return nil, err
	}
	for number, text := range known {
		if set, ok := resolve(in, number, text); ok {
			sets = append(sets, set)
		}
	}
	slices.SortFunc(sets, func(a, b columnSet) int {
		switch {
		case a.id == id:
			return -1
		case b.id == id:
			return 1
		}
		return int(b.id - a.id)
	})
	return sets, nil
}

// digest is the row's content under this set of columns, as entries of the ledger have it. It must
// never change, or every row of every ledger would look changed. Each cell comes with its length, so
// that no text can move from one cell into the next unseen. The memory is used again by the next call.
func (s *columnSet) digest(memory *[]byte, cells []string) [16]byte {
	text := append((*memory)[:0], s.names...)
	for _, n := range s.numbers {
		text = binary.LittleEndian.AppendUint64(text, uint64(len(cells[n])))
		text = append(text, cells[n]...)
	}
	*memory = text
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// cellsKey is the key of a row without one, of which there were so many in the input before. Ledgers
// have such keys, so their form must not change either.
func cellsKey(content [16]byte, before int) string {
	key := "row-" + hex.EncodeToString(content[:])
	if before > 0 {
		key += fmt.Sprintf("#%d", before+1)
	}
	return key
}

// inInput makes the contents of an input differ from those of all others: equal rows without a
// key are counted in each input for itself.
func inInput(content [16]byte, input int) [16]byte {
	number := binary.LittleEndian.Uint64(content[:]) + uint64(input)
	binary.LittleEndian.PutUint64(content[:], number)
	return content
}
