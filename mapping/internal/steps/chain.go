package steps

import (
	"slices"

	"wolkvox-import/mapping/internal/text"
)

// Step changes a field's value, or says why it can't.
type Step func(value string) (string, *Refusal)

// Refusal is why a value can't be what its field wants.
type Refusal struct {
	Word    string // stable, for programs, such as not_in_values
	Message string // for the person, without the field
	Hint    string // what to do next
	Value   string // that a table lacks; "" otherwise
}

// Chain is the steps of one field, and what else is asked of its value. Its zero value does
// nothing and asks nothing.
type Chain struct {
	Max      int // in characters; 0 is no limit
	Cut      bool
	Required bool
	Shown    bool // what the sheet shows, instead of what it holds

	name       string // of the field, for mistakes
	steps      []named
	date       *text.DateRule // of the step date
	translated bool           // by values or values_file
	hasDefault bool
	folded     bool // case and accents don't matter
	looksUp    bool // what is folded is only compared
}

type named struct {
	name string
	run  Step
}

// Run takes a value through the steps. watch is told of the value after each.
func (c *Chain) Run(value string, watch func(step, value string)) (string, *Refusal) {
	for i := range c.steps {
		var refusal *Refusal
		if value, refusal = c.steps[i].run(value); refusal != nil {
			return "", refusal
		}
		if watch != nil {
			watch(c.steps[i].name, value)
		}
	}
	return value, nil
}

// DatePatterns are the patterns that the step date has, as they are written; it is false if
// there is no such step.
func (c *Chain) DatePatterns() (patterns []string, ok bool) {
	if c.date == nil {
		return nil, false
	}
	return c.date.Sources(), true
}

// BeforeDate tells whether a step is the last before date; "" is what comes before all steps.
func (c *Chain) BeforeDate(step string) bool {
	i := slices.IndexFunc(c.steps, func(s named) bool { return s.name == "date" })
	return i == 0 && step == "" || i > 0 && c.steps[i-1].name == step
}
