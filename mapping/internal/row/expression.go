package row

import (
	"fmt"

	"wolkvox-import/mapping/internal/formula"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Expression is the text of an `expr` or a `when`.
type Expression struct {
	Source string
	At     yamlfile.Position
}

// cells ties a formula's columns to those of an input. Its mistakes are columns that the
// input lacks.
func (c *Columns) cells(f *formula.Formula, at yamlfile.Position) func(r *Row) func(column string) string {
	read := map[string]Text{}
	for _, name := range f.Columns() {
		read[name] = c.Column(name, at)
	}
	return func(r *Row) func(string) string {
		return func(column string) string { return read[column](r) }
	}
}

// Expression compiles an expression that yields a field's value.
func (c *Columns) Expression(e *Expression, name string) Text {
	f, err := formula.ForText(e.Source)
	if err != nil {
		c.Mistake(e.At, "%s", err)
	}
	if f == nil {
		return func(*Row) string { return "" }
	}
	cells := c.cells(f, e.At)
	return func(r *Row) string {
		value, err := f.Text(cells(r))
		if err != nil {
			r.fault(&Problem{Field: name, Error: "expression", Message: fmt.Sprintf("%s: the expression fails: %s", name, err),
				Hint: "correct the cells that it uses, or the expression in the mapping"})
		}
		return value
	}
}

// Condition compiles a `when`. Its problem is why it is neither true nor false of a row.
func (c *Columns) Condition(e *Expression) func(*Row) (bool, *Problem) {
	f, err := formula.ForCondition(e.Source)
	if err != nil {
		c.Mistake(e.At, "%s", err)
		return nil
	}
	cells := c.cells(f, e.At)
	return func(r *Row) (bool, *Problem) {
		yes, err := f.Holds(cells(r))
		if p := r.Fault(); p != nil { // such as a lookup's: then it has read less than there is
			return false, p
		}
		if err != nil {
			return false, &Problem{Field: "when", Error: "expression",
				Message: fmt.Sprintf("when: the expression fails: %s", err),
				Hint:    "correct the cells that it uses, or the expression in the mapping"}
		}
		return yes, nil
	}
}
