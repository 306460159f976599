package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// expression is the text of an `expr` or a `when`. It sees the row's cells as
// row["column"], and can't loop, read a clock or leave the row.
type expression struct {
	source string
	at     yamlfile.Position
}

// environment is all that an expression sees.
type environment struct {
	Row map[string]string `expr:"row"`
}

const (
	mostExpression = 10_000 // characters
	mostNodes      = 500
	mostCell       = 1 << 20 // bytes of a cell that an expression sees
	mostMemory     = 100_000 // what expr calls its memory budget, in elements
	mostResult     = 1 << 20 // bytes
)

// loops are what an expression can't have, so that each ends after as many steps as it
// is long; and clocks, by which a row would be another one tomorrow.
var loops = []string{"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex", "count", "sum", "groupBy", "sortBy", "reduce", "repeat", "now", "date", "duration", "timezone", "toJSON", "fromJSON", "flatten", "replace", "join"}

// helpers are what expressions have beside the language's own functions.
var helpers = []struct {
	name string
	call func(args ...any) (any, error)
	kind any
}{
	{"fold", textHelper(text.Fold), new(func(string) string)},
	{"html", textHelper(text.FromHTML), new(func(string) string)},
	{"sha256", textHelper(hashText), new(func(string) string)},
	{"digits", textHelper(onlyDigits), new(func(string) string)},
	{"number", numberHelper, new(func(string) float64)},
	{"date", dateHelper, new(func(string, string, string) string)},
	{"days", daysHelper, new(func(string, string) int)},
}

func textHelper(f func(string) string) func(...any) (any, error) {
	return func(args ...any) (any, error) { return f(args[0].(string)), nil }
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// numberHelper reads a number as the step number does; an empty text is 0.
func numberHelper(args ...any) (any, error) {
	written := args[0].(string)
	if text.Blank(written) {
		return 0.0, nil
	}
	number, wrong := text.ParseNumber(written, 0)
	if wrong != "" {
		return nil, fmt.Errorf("%q is not a number without doubt", text.Shorten(written, 40))
	}
	return strconv.ParseFloat(number, 64)
}

// dateHelper rewrites a date from one pattern to another.
func dateHelper(args ...any) (any, error) {
	from, err := text.ParseDatePattern(args[1].(string))
	if err != nil {
		return nil, err
	}
	to, err := text.ParseDatePattern(args[2].(string))
	if err != nil {
		return nil, err
	}
	rule := text.DateRule{From: []*text.DatePattern{from}, To: to, In: time.UTC}
	out, ok := rule.Convert(args[0].(string))
	if !ok && !text.Blank(args[0].(string)) {
		return nil, fmt.Errorf("%q is no date as %s", text.Shorten(args[0].(string), 40), from)
	}
	return out, nil
}

// daysHelper counts the days from one ISO date to another.
func daysHelper(args ...any) (any, error) {
	rule := text.DateRule{In: time.UTC}
	from, _, ok1 := rule.Parse(args[0].(string))
	to, _, ok2 := rule.Parse(args[1].(string))
	if !ok1 || !ok2 {
		return nil, errors.New("days needs two dates as YYYY-MM-DD")
	}
	return int(to.Sub(from).Hours() / 24), nil
}

// columnNames finds the columns that an expression uses, and loops.
type columnNames struct {
	names   map[string]bool
	members int // uses of row that name a column
	uses    int // of row
	loop    string
}

func (v *columnNames) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "row" {
			v.uses++
		}
	case *ast.BuiltinNode:
		if slices.Contains(loops, n.Name) {
			v.loop = n.Name
		}
	case *ast.PredicateNode:
		v.loop = cmp.Or(v.loop, "#")
	case *ast.VariableDeclaratorNode: // doubling one variable after another fills any memory
		v.loop = "let"
	case *ast.BinaryNode:
		if n.Operator == ".." {
			v.loop = n.Operator
		}
	case *ast.MemberNode:
		column, named := n.Property.(*ast.StringNode)
		if of, ok := n.Node.(*ast.IdentifierNode); ok && of.Value == "row" && named {
			v.members++
			v.names[column.Value] = true
		}
	}
}

// evaluator runs a compiled expression for one row after another.
type evaluator struct {
	program *vm.Program
	machine vm.VM
	vars    environment
	cells   map[string]func(*row) string
}

// expression compiles an expression against the header; kind is what it must yield.
func (c *compiler) expression(e *expression, kind expr.Option) *evaluator {
	if len(e.source) > mostExpression {
		c.Mistake(e.at, "the expression has more than %d characters; translate by values or values_file", mostExpression)
		return nil
	}
	seen := &columnNames{names: map[string]bool{}}
	options := []expr.Option{expr.Env(environment{}), expr.MaxNodes(mostNodes), expr.Patch(seen)}
	for _, name := range loops {
		options = append(options, expr.DisableBuiltin(name))
	}
	for _, h := range helpers {
		options = append(options, expr.Function(h.name, h.call, h.kind))
	}
	if kind != nil {
		options = append(options, kind)
	}
	program, err := compileSafely(e.source, options)
	if err != nil {
		c.Mistake(e.at, "the expression can't be used: %s", expressionError(err))
		return nil
	}
	if seen.loop != "" {
		c.Mistake(e.at, "the expression can't be used: %s is not part of it here, so that every expression ends", seen.loop)
		return nil
	}
	if seen.members != seen.uses {
		c.Mistake(e.at, `an expression uses row only with a column's name: row["Estado"]`)
		return nil
	}
	ev := &evaluator{program: program, vars: environment{Row: map[string]string{}}, cells: map[string]func(*row) string{}}
	for name := range seen.names {
		ev.cells[name] = c.column(name, e.at)
	}
	ev.machine.MemoryBudget = mostMemory
	return ev
}

// compileSafely makes an error of a panic: the source may be hostile.
func compileSafely(source string, options []expr.Option) (p *vm.Program, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	return expr.Compile(source, options...)
}

// expressionError is the first line of expr's message, with the place.
func expressionError(err error) string {
	var e *file.Error
	if errors.As(err, &e) && e.Line > 0 {
		return fmt.Sprintf("%s (at character %d)", e.Message, e.Column+1)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (ev *evaluator) run(r *row) (any, error) {
	for name, cell := range ev.cells {
		text := cell(r)
		if len(text) > mostCell {
			return nil, fmt.Errorf("the column %q has %d MB", name, len(text)>>20)
		}
		ev.vars.Row[name] = text
	}
	out, err := ev.machine.Run(ev.program, ev.vars)
	if err != nil {
		return nil, errors.New(expressionError(err))
	}
	return out, nil
}

// text compiles an expression that yields a field's value.
func (c *compiler) textExpression(e *expression, name string) func(*row) string {
	ev := c.expression(e, nil)
	if ev == nil {
		return func(*row) string { return "" }
	}
	if out := ev.program.Node().Type(); out != nil && !scalar(out.Kind()) {
		c.Mistake(e.at, "the expression yields a %s; a field needs a text, a number, or true or false", out)
	}
	return func(r *row) string {
		out, err := ev.run(r)
		if err == nil {
			var text string
			if text, err = scalarText(out); err == nil && len(text) <= mostResult {
				return text
			}
		}
		if err == nil {
			err = errors.New("its result is too long")
		}
		r.fault(&Problem{Field: name, Error: "expression", Message: fmt.Sprintf("%s: the expression fails: %s", name, err),
			Hint: "correct the cells that it uses, or the expression in the mapping"})
		return ""
	}
}

func scalar(k reflect.Kind) bool {
	switch k {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Func, reflect.Array, reflect.Pointer:
		return false
	}
	return true
}

func scalarText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool, int, int64:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("it yields a %T; a field needs a text, a number, or true or false", v)
}

// condition compiles a `when`.
func (c *compiler) condition(e *expression) func(*row) (bool, error) {
	ev := c.expression(e, expr.AsBool())
	if ev == nil {
		return nil
	}
	return func(r *row) (bool, error) {
		out, err := ev.run(r)
		if err != nil {
			return false, err
		}
		return out.(bool), nil
	}
}
