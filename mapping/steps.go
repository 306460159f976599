package mapping

import (
	"maps"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// step changes a field's value, or says why it can't.
type step func(value string) (string, *Problem)

// steps is the table of everything that can be done to a field, in the order in
// which it is done, whatever their order in the file. build returns nil where the
// step only sets a property of the field.
var steps = []struct {
	name  string
	build func(d *decoder, n yamlfile.Node, f *field) step
}{
	{"trim", always("trim")},
	{"lower", always("lower")},
	{"upper", always("upper")},
	{"fold", buildFold},
	{"html", always("html")},
	{"replace", buildReplace},
	{"values", buildValues},
	{"values_file", buildValuesFile},
	{"default", buildDefault},
	{"allowed", buildAllowed},
	{"number", buildNumber},
	{"bool", buildBool},
	{"date", buildDate},
	{"tz", buildTZ},
	{"max", func(d *decoder, n yamlfile.Node, f *field) step { f.max = d.Count(n, "max"); return nil }},
	{"cut", func(d *decoder, n yamlfile.Node, f *field) step { f.cut = d.Flag(n, "cut"); return nil }},
	{"shown", func(d *decoder, n yamlfile.Node, f *field) step { f.shown = d.Flag(n, "shown"); return nil }},
	{"required", func(d *decoder, n yamlfile.Node, f *field) step { f.required = d.Flag(n, "required"); return nil }},
}

// always makes a step of a converter.
func always(name string) func(*decoder, yamlfile.Node, *field) step {
	convert := converters[name]
	return func(d *decoder, n yamlfile.Node, _ *field) step {
		if !d.Flag(n, name) {
			return nil
		}
		return func(v string) (string, *Problem) { return convert(v), nil }
	}
}

// buildFold makes texts comparable. With a table behind it the table's keys are folded
// too, and what is sent has the table's spelling.
func buildFold(d *decoder, n yamlfile.Node, f *field) step {
	f.folded = d.Flag(n, "fold")
	if !f.folded || f.looksUp {
		return nil // the table compares folded, and messages show the cell as it is
	}
	return func(v string) (string, *Problem) { return text.Fold(v), nil }
}

func buildDefault(d *decoder, n yamlfile.Node, f *field) step {
	constant, at, ok := d.Text(n, "default")
	if !ok {
		return nil
	}
	d.todo(constant, at)
	if strings.Contains(constant, "{{") {
		d.Mistake(at, "default is a constant; it can't have {{column}} in it")
	}
	return func(v string) (string, *Problem) {
		if text.Blank(v) {
			return constant, nil
		}
		return v, nil
	}
}

func stepNames() []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	return names
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
