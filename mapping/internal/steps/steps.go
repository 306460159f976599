package steps

import (
	"strings"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// steps is the table of everything that can be done to a field, in the order in
// which it is done, whatever their order in the file. build returns nil if the
// step only sets a property of the field.
var steps = []struct {
	name  string
	build func(d *Reader, n yamlfile.Node, c *Chain) Step
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
	{"max", func(d *Reader, n yamlfile.Node, c *Chain) Step { c.Max = d.Count(n, "max"); return nil }},
	{"cut", func(d *Reader, n yamlfile.Node, c *Chain) Step { c.Cut = d.Flag(n, "cut"); return nil }},
	{"shown", func(d *Reader, n yamlfile.Node, c *Chain) Step { c.Shown = d.Flag(n, "shown"); return nil }},
	{"required", func(d *Reader, n yamlfile.Node, c *Chain) Step { c.Required = d.Flag(n, "required"); return nil }},
}

// always makes a step of a converter.
func always(name string) func(*Reader, yamlfile.Node, *Chain) Step {
	convert := converters[name]
	return func(d *Reader, n yamlfile.Node, _ *Chain) Step {
		if !d.Flag(n, name) {
			return nil
		}
		return func(v string) (string, *Refusal) { return convert(v), nil }
	}
}

// buildFold makes texts comparable. With a table behind it the table's keys are folded
// too, and what is sent has the table's spelling.
func buildFold(d *Reader, n yamlfile.Node, c *Chain) Step {
	c.folded = d.Flag(n, "fold")
	if !c.folded || c.looksUp {
		return nil // the table compares folded, and messages show the cell as it is
	}
	return func(v string) (string, *Refusal) { return text.Fold(v), nil }
}

// buildDefault comes behind the tables, so that it also stands in for what they don't have.
func buildDefault(d *Reader, n yamlfile.Node, c *Chain) Step {
	constant, at, ok := d.Text(n, "default")
	if !ok {
		return nil
	}
	d.Todo(constant, at)
	if strings.Contains(constant, "{{") {
		d.Mistake(at, "default is a constant; it can't have {{column}} in it")
	}
	return func(v string) (string, *Refusal) {
		if text.Blank(v) {
			return constant, nil
		}
		return v, nil
	}
}

// Names lists the steps, in the order in which they are done.
func Names() []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	return names
}

// Read reads the steps that are given for the field of this name.
func Read(d *Reader, name string, given map[string]yamlfile.Node) *Chain {
	c := &Chain{name: name}
	_, c.hasDefault = given["default"]
	c.looksUp = (given["values"] != nil || given["values_file"] != nil || given["allowed"] != nil) &&
		given["replace"] == nil && given["html"] == nil
	for _, s := range steps {
		if node, ok := given[s.name]; ok {
			if run := s.build(d, node, c); run != nil {
				c.steps = append(c.steps, named{s.name, run})
			}
		}
	}
	return c
}
