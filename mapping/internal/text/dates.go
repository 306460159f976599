package text

import "time"

// DateRule is a field's step `date`, together with its `tz`.
type DateRule struct {
	From []*DatePattern // as texts of the column are written
	To   *DatePattern   // nil: the date, with the time of day if there is one
	In   *time.Location // of texts that don't say theirs
	Out  *time.Location // nil: as it stands
}

// isoPatterns need no `from`, because nobody writes them in another order. The cells
// that a workbook keeps as dates arrive like that.
var isoPatterns = mustPatterns("YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD", "YYYY-MM-DD HH:mm", "YYYY-MM-DDTHH:mm:ss",
	"YYYY-MM-DDTHH:mm", "YYYY-MM-DDTHH:mm:ssZ", "YYYY-MM-DDTHH:mm:ss.SSSZ", "YYYY-MM-DD HH:mm:ss.SSS")

var dateAlone, dateAndTime = isoPatterns[1], isoPatterns[0]

func mustPatterns(sources ...string) []*DatePattern {
	patterns := make([]*DatePattern, len(sources))
	for i, s := range sources {
		p, err := ParseDatePattern(s)
		if err != nil {
			panic(err) // they are our own
		}
		patterns[i] = p
	}
	return patterns
}

func (rule *DateRule) Convert(v string) (string, bool) {
	t, p, ok := rule.Parse(v)
	if !ok {
		return "", false
	}
	if rule.Out != nil && p.clock() {
		t = t.In(rule.Out)
	}
	switch {
	case rule.To != nil:
		return rule.To.format(t), true
	case p.clock():
		return dateAndTime.format(t), true
	}
	return dateAlone.format(t), true
}

func (rule *DateRule) Parse(v string) (time.Time, *DatePattern, bool) {
	for _, patterns := range [][]*DatePattern{rule.From, isoPatterns} {
		for _, p := range patterns {
			if t, err := p.parse(v, rule.In); err == nil {
				return t, p, true
			}
		}
	}
	return time.Time{}, nil, false
}

// Sources are the patterns of `from`, as they are written.
func (rule *DateRule) Sources() []string {
	sources := make([]string, len(rule.From))
	for i, p := range rule.From {
		sources[i] = p.source
	}
	return sources
}
