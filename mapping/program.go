package mapping

import (
	"fmt"
	"slices"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/text"
)

// Program is a mapping tied to the columns of one input. It is for one goroutine at a time: the
// row at hand, the memory for the next case and what formulas and lookups keep are shared by
// all of its methods. Who reads keys ahead of the rows takes a [Key] beside it.
type Program struct {
	Header *Header

	columns
	key      *Key
	when     []func(*row.Row) (bool, *Problem)
	writer   caseWriter
	attached attached
	row      row.Row
	watcher  watcher // nil if nobody asks
}

// columns are those of the input that a program uses.
type columns struct {
	numbers []int
	names   []string // of the same columns, folded
	shown   []int    // columns of which the shown texts are needed
}

// Columns returns the folded names and the numbers of the columns that the mapping
// uses, in the input's order.
func (p *Program) Columns() (names []string, numbers []int) {
	return slices.Clone(p.names), p.numbers
}

// Used lists the numbers of the columns that the mapping uses, in the input's order.
func (p *Program) Used() []int { return p.numbers }

// Shown lists the columns of which the mapping needs what a sheet shows. Apply expects
// those texts behind the cells of the header, in this order.
func (p *Program) Shown() []int { return p.shown }

// HasKey tells whether the mapping has a `key:`; without one, rows are known by
// their cells.
func (p *Program) HasKey() bool { return p.key.Exists() }

// Key returns the row's key, as [Key.Of] does.
func (p *Program) Key(cells []string) (string, *Problem) { return p.key.Of(cells) }

// Wants tells whether a row is to be imported at all, by `when`.
func (p *Program) Wants(cells []string) (bool, *Problem) {
	p.row.Begin(cells, "")
	for _, when := range p.when {
		if yes, problem := when(&p.row); !yes || problem != nil {
			return false, problem
		}
	}
	return true, nil
}

// Watch begins to note which files rows use, for [Program.Unused].
func (p *Program) Watch() {
	if p.attached.folder != nil {
		p.attached.folder.Watch()
	}
}

// Unused counts the files of the attachments' folder that no row has used since Watch,
// and names some of them.
func (p *Program) Unused() (count int, examples []string, err error) {
	if p.attached.folder == nil {
		return 0, nil, nil
	}
	count, examples, err = p.attached.folder.Unused()
	if err != nil {
		return count, examples, fmt.Errorf("attachments: %w", text.Reason(err))
	}
	return count, examples, nil
}

// Close lets go of the attachments' folder.
func (p *Program) Close() error {
	if p.attached.folder == nil {
		return nil
	}
	if err := p.attached.folder.Close(); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	return nil
}
