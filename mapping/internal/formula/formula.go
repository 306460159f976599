package formula

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Formula is a compiled expression. It is for one goroutine at a time.
type Formula struct {
	program *vm.Program
	machine vm.VM
	vars    environment
	columns []string
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
var loops = []string{"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
	"count", "sum", "groupBy", "sortBy", "reduce", "repeat", "now", "date", "duration", "timezone", "toJSON",
	"fromJSON", "flatten", "replace", "join"}

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

// ForText compiles an expression that yields the value of a field. Beside an error it returns
// the Formula if its columns at least are known.
func ForText(source string) (*Formula, error) {
	f, err := compile(source)
	if err != nil {
		return nil, err
	}
	if out := f.program.Node().Type(); out != nil && !scalar(out.Kind()) {
		return f, fmt.Errorf("the expression yields a %s; a field needs a text, a number, or true or false", out)
	}
	return f, nil
}

// ForCondition compiles an expression that is true or false.
func ForCondition(source string) (*Formula, error) { return compile(source, expr.AsBool()) }

func compile(source string, kind ...expr.Option) (*Formula, error) {
	if len(source) > mostExpression {
		return nil, fmt.Errorf("the expression has more than %d characters; translate by values or values_file",
			mostExpression)
	}
	seen := &columnNames{names: map[string]bool{}}
	options := append(kind, expr.Env(environment{}), expr.MaxNodes(mostNodes), expr.Patch(seen))
	for _, name := range loops {
		options = append(options, expr.DisableBuiltin(name))
	}
	for _, h := range helpers {
		options = append(options, expr.Function(h.name, h.call, h.kind))
	}
	program, err := compileSafely(source, options)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the expression can't be used: %s", expressionError(err))
	case seen.loop != "":
		return nil, fmt.Errorf("the expression can't be used: %s is not part of it here, so that every expression ends",
			seen.loop)
	case seen.members != seen.uses:
		return nil, errors.New(`an expression uses row only with a column's name: row["Estado"]`)
	}
	f := &Formula{program: program, vars: environment{Row: map[string]string{}},
		columns: slices.Sorted(maps.Keys(seen.names))}
	f.machine.MemoryBudget = mostMemory
	return f, nil
}

// Columns are the names of the columns that the expression reads.
func (f *Formula) Columns() []string { return f.columns }

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

// run gives the expression its cells. They are bounded, since an expression takes time with
// their length.
func (f *Formula) run(cell func(column string) string) (any, error) {
	for _, name := range f.columns {
		text := cell(name)
		if len(text) > mostCell {
			return nil, fmt.Errorf("the column %q has %d MB", name, len(text)>>20)
		}
		f.vars.Row[name] = text
	}
	out, err := f.machine.Run(f.program, f.vars)
	if err != nil {
		return nil, errors.New(expressionError(err))
	}
	return out, nil
}

// Text is what the expression yields for a row, as a field sends it. The error is why it
// yields nothing.
func (f *Formula) Text(cell func(column string) string) (string, error) {
	out, err := f.run(cell)
	if err != nil {
		return "", err
	}
	text, err := scalarText(out)
	if err == nil && len(text) > mostResult {
		err = errors.New("its result is too long")
	}
	if err != nil {
		return "", err
	}
	return text, nil
}

// Holds tells whether a condition is true of a row.
func (f *Formula) Holds(cell func(column string) string) (bool, error) {
	out, err := f.run(cell)
	if err != nil {
		return false, err
	}
	return out.(bool), nil
}

// scalar tells whether values of a kind can be sent as a text.
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
