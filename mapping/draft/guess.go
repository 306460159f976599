package draft

import (
	"cmp"
	"hash/maphash"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"wolkvox-import/mapping/internal/text"
)

// Guess is what a look at an input's cells tells of its columns, from which a first
// mapping is written. It is fed row by row.
type Guess struct {
	columns []*columnFacts
	rows    int
	seed    maphash.Seed
	exists  func(path string) bool // of files below the folder of attachments
}

// columnFacts are what is known of a column.
type columnFacts struct {
	name string
	role string // that its name suggests
	sure int    // how surely: see roleOf

	texts
	repetition
	fileNames
	dateFacts
	values  map[string]int  // how often each occurs; nil if there are too many
	empties map[string]bool // cells that stand for nothing
}

// texts are what the cells look like. Empty ones are not counted.
type texts struct {
	filled int
	emails int
	html   int
	long   int // cells of more than 60 characters
	length int // characters in all
}

// repetition tells whether the column can be a key. Only hashes are kept of the cells, so that
// a large input doesn't have to fit into memory.
type repetition struct {
	hashes  map[uint64]bool
	repeats int    // cells that stood in a row before
	again   string // the first of them
}

// fileNames tells whether the cells name files which exist.
type fileNames struct {
	files  int    // cells that do
	split  string // what stands between several of them
	prefix string // of the files' names in the old system, which they don't have here
}

// dateFacts tells whether the cells are dates, and how they are written.
type dateFacts struct {
	dates   *text.DateColumn
	iso     int // cells that need no pattern
	notDate bool
}

const (
	mostDistinct = 2000 // values of a column that are counted; with more it has no table
	fewValues    = 40   // that a status, a type or a priority may have, whatever the rows
)

// NewGuess begins. exists tells whether a file is below the folder of the attachments.
func NewGuess(header []string, exists func(path string) bool) *Guess {
	g := &Guess{seed: maphash.MakeSeed(), exists: exists}
	for _, name := range header {
		c := &columnFacts{name: strings.TrimSpace(name), values: map[string]int{}, empties: map[string]bool{}}
		c.hashes, c.dates = map[uint64]bool{}, text.NewDateColumn()
		c.role, c.sure = roleOf(c.name)
		g.columns = append(g.columns, c)
	}
	return g
}

var (
	emailPattern = lazily(`^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$`)
	htmlPattern  = lazily(`(?i)</?(p|br|div|span|b|strong|ul|ol|li|a|table|font|html|body|img)[ />]|` +
		`&(nbsp|amp|lt|gt|quot|#\d+);`)
)

// lazily compiles a pattern when it is first used: a program that starts for something else
// doesn't wait for it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// Add looks at a row.
func (g *Guess) Add(cells []string) {
	g.rows++
	for i, c := range g.columns {
		if i < len(cells) {
			g.add(c, cells[i])
		}
	}
}

func (g *Guess) add(c *columnFacts, cell string) {
	value := strings.TrimSpace(cell)
	if value == "" {
		return
	}
	if slices.Contains(emptyWords, text.Fold(value)) {
		c.empties[value] = true
		return
	}
	c.filled++
	if h := maphash.String(g.seed, value); c.hashes[h] {
		if c.repeats++; c.repeats == 1 {
			c.again = value
		}
	} else {
		c.hashes[h] = true
	}
	if c.values != nil {
		if c.values[cell]++; len(c.values) > mostDistinct {
			c.values = nil
		}
	}
	runes := len([]rune(value))
	c.length += runes
	if runes > 60 {
		c.long++
	}
	if emailPattern().MatchString(value) {
		c.emails++
	}
	if htmlPattern().MatchString(value) {
		c.html++
	}
	if !c.notDate {
		if text.IsISODate(value) {
			c.iso++
		} else {
			c.notDate = !c.dates.Add(value)
		}
	}
	g.lookForFiles(c, value)
}

// splits are what stands between the names of files.
const splits = ";|,\n"

// lookForFiles tries whether the cell names files, and how they are split.
func (g *Guess) lookForFiles(c *columnFacts, text string) {
	if g.exists == nil || len(text) > 2000 {
		return
	}
	for _, split := range append([]string{c.split, ""}, strings.Split(splits, "")...) {
		names := []string{text}
		if split != "" {
			names = strings.Split(text, split)
		}
		if slices.ContainsFunc(names, func(n string) bool {
			n = strings.TrimSpace(n)
			return n != "" && g.isFile(c, n)
		}) {
			c.files++
			if split != "" && len(names) > 1 {
				c.split = split
			}
			return
		}
	}
}

// isFile tells whether a name is a file's, be it without the folders that the old system had
// in front of it.
func (g *Guess) isFile(c *columnFacts, name string) bool {
	path := strings.ReplaceAll(name, `\`, "/")
	if g.exists(path) {
		return true
	}
	if c.prefix != "" {
		return strings.HasPrefix(name, c.prefix) && g.exists(path[len(c.prefix):])
	}
	if !strings.HasPrefix(path, "/") && !strings.Contains(path, ":/") {
		return false
	}
	for i := range len(path) {
		if strings.IndexByte(splits, path[i]) >= 0 {
			return false // it is several names
		}
		if path[i] == '/' && g.exists(path[i+1:]) {
			c.prefix = name[:i+1]
			return true
		}
	}
	return false
}

// decided are the columns that a draft uses, by role; nil if there is none.
type decided map[string]*columnFacts

// decide gives each role the column that suits it best.
func (g *Guess) decide() decided {
	d := decided{}
	best := func(role string, suits func(*columnFacts) int) {
		var top *columnFacts
		most := 0
		for _, c := range g.columns {
			if c.name == "" || c.filled == 0 || g.repeated(c) || d.uses(c) {
				continue
			}
			if points := suits(c); points > most {
				top, most = c, points
			}
		}
		if top != nil {
			d[role] = top
		}
	}
	named := func(c *columnFacts, role string) int {
		if c.role == role {
			return 10 * c.sure
		}
		return 0
	}
	best("contact", func(c *columnFacts) int {
		if c.emails*2 < c.filled {
			return 0
		}
		return 1 + named(c, "contact") + 5*c.filled/max(g.rows, 1)
	})
	best("key", func(c *columnFacts) int {
		few := 0 // a column with the right name may have a mistake or two, which check will name
		if c.role == "key" && c.sure == 2 {
			few = g.rows / 50
		}
		if c.repeats > few || g.rows-c.filled > few || c.emails > 0 || c.length > 40*c.filled || c.isDate() {
			return 0
		}
		return 1 + named(c, "key")
	})
	best("status", func(c *columnFacts) int { return g.few(c, named(c, "status")) })
	best("type", func(c *columnFacts) int { return g.few(c, named(c, "type")) })
	best("priority", func(c *columnFacts) int { return g.few(c, named(c, "priority")) })
	best("owner", func(c *columnFacts) int {
		if c.values == nil {
			return 0
		}
		return named(c, "owner")
	})
	best("files", func(c *columnFacts) int {
		if c.files*2 >= c.filled {
			return 20 + named(c, "files")
		}
		return 0
	})
	best("solution", func(c *columnFacts) int { return named(c, "solution") })
	best("subject", func(c *columnFacts) int { return named(c, "subject") })
	best("body", func(c *columnFacts) int {
		points := named(c, "body") + 4*c.long/max(c.filled, 1)
		if c.html*3 > c.filled {
			points += 3
		}
		if c.role != "" && c.role != "body" {
			points -= 5
		}
		return points
	})
	return d
}

// nearlyKey is the column by which the rows would be known, were it not for a few that have a
// cell of it in common or none; nil if there is none.
func (g *Guess) nearlyKey(d decided) (best *columnFacts) {
	few := max(g.rows/20, 1)
	for _, c := range g.columns {
		if c.name == "" || g.repeated(c) || d.uses(c) || c.role != "" && c.role != "key" || c.emails > 0 ||
			c.isDate() || c.length > 40*c.filled {
			continue
		}
		if flaws := c.repeats + g.rows - c.filled; flaws <= few && c.filled > few && (best == nil ||
			flaws < best.repeats+g.rows-best.filled) {
			best = c
		}
	}
	return best
}

// few wants a column of few values.
func (g *Guess) few(c *columnFacts, points int) int {
	if points == 0 || c.values == nil || len(c.values) > fewValues && len(c.values)*4 > c.filled {
		return 0
	}
	return points
}

func (d decided) uses(c *columnFacts) bool {
	return slices.Contains(slices.Collect(maps.Values(d)), c)
}

// repeated tells whether another column has the same name, so that neither can be used.
func (g *Guess) repeated(c *columnFacts) bool {
	for _, other := range g.columns {
		if other != c && text.FoldName(other.name) == text.FoldName(c.name) {
			return true
		}
	}
	return false
}

func (c *columnFacts) isDate() bool { return !c.notDate && c.iso+c.dates.Cells > 0 }

// occurrence is a value of a column, in its commonest spelling, and how often it occurs
// in all of them.
type occurrence struct {
	value string
	times int
}

// byCount lists the column's values, the commonest first. Case and accents make none a
// value of its own.
func (c *columnFacts) byCount() []occurrence {
	groups := map[string]*occurrence{}
	most := map[string]int{}
	for _, v := range slices.Sorted(maps.Keys(c.values)) {
		folded, times := text.Fold(v), c.values[v]
		g := groups[folded]
		if g == nil {
			g = &occurrence{}
			groups[folded] = g
		}
		g.times += times
		if times > most[folded] {
			g.value, most[folded] = v, times
		}
	}
	var list []occurrence
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b occurrence) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.value, b.value))
	})
	return list
}

// Rows is how many rows were looked at.
func (g *Guess) Rows() int { return g.rows }

// ColumnOf returns the first column of which at least two values, and half of all, are
// among these; "" if there is none.
func (g *Guess) ColumnOf(values []string) string {
	known := map[string]bool{}
	for _, v := range values {
		known[v] = true
	}
	for _, c := range g.columns {
		if c.name == "" || g.repeated(c) || len(c.values) == 0 {
			continue
		}
		hits := 0
		for v := range c.values {
			if known[strings.TrimSpace(v)] {
				hits++
			}
		}
		if hits > 1 && hits*2 >= min(len(c.values), len(known)) {
			return c.name
		}
	}
	return ""
}
