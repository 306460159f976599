package mapping

import (
	"fmt"

	"wolkvox-import/mapping/internal/formula"
	"wolkvox-import/mapping/internal/yamlfile"
)

// expression is the text of an `expr` or a `when`.
type expression struct {
	source string
	at     yamlfile.Position
}

// cells ties a formula's columns to those of an input. Its mistakes are columns that the
// input lacks.
func (c *compiler) cells(f *formula.Formula, at yamlfile.Position) func(r *row) func(column string) string {
	read := map[string]func(*row) string{}
	for _, name := range f.Columns() {
		read[name] = c.column(name, at)
	}
	return func(r *row) func(string) string {
		return func(column string) string { return read[column](r) }
	}
}

// textExpression compiles an expression that yields a field's value.
func (c *compiler) textExpression(e *expression, name string) func(*row) string {
	f, err := formula.ForText(e.source)
	if err != nil {
		c.Mistake(e.at, "%s", err)
	}
	if f == nil {
		return func(*row) string { return "" }
	}
	cells := c.cells(f, e.at)
	return func(r *row) string {
		value, err := f.Text(cells(r))
		if err != nil {
			r.fault(&Problem{Field: name, Error: "expression", Message: fmt.Sprintf("%s: the expression fails: %s", name, err),
				Hint: "correct the cells that it uses, or the expression in the mapping"})
		}
		return value
	}
}

// condition compiles a `when`.
func (c *compiler) condition(e *expression) func(*row) (bool, error) {
	f, err := formula.ForCondition(e.source)
	if err != nil {
		c.Mistake(e.at, "%s", err)
		return nil
	}
	cells := c.cells(f, e.at)
	return func(r *row) (bool, error) { return f.Holds(cells(r)) }
}
