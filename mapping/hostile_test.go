package mapping_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"wolkvox-import/mapping"
)

// A mapping that was made to do harm ends in an error, or is applied, in bounded time and
// memory.
func TestHostileMappingsEndSoon(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, text := range map[string]string{
		"alias bomb":         bomb,
		"merge bomb":         "a: &a {x: 1}\nb: &b {<<: *a}\noperation: op\ncase: {<<: [*a, *b]}\n",
		"deep lists":         "closed: " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000),
		"deep objects":       fieldMapping(strings.Repeat("{a: ", 3_000) + "x" + strings.Repeat("}", 3_000)),
		"deep indentation":   deepIndentation(1_000),
		"many keys":          fieldMapping("x") + strings.Repeat("k: v\n", 100_000),
		"long regexp":        fieldMapping(`{column: C, replace: {'` + strings.Repeat("(a{1000}){1000}", 50) + `': x}}`),
		"slow regexp":        fieldMapping(`{column: C, replace: {'(a*)*(a*)*b': x}}`),
		"growing regexp":     fieldMapping(`{column: C, replace: [` + strings.Repeat(`{'.': '$0$0$0$0$0$0$0$0'},`, 20) + `]}`),
		"long expression":    fieldMapping(`{expr: '` + strings.Repeat(`row["C"]+`, 5_000) + `"x"'}`),
		"growing expression": fieldMapping(`{expr: '` + strings.Repeat(`replace(`, 30) + `row["C"]` + strings.Repeat(`, "", "xxxxxxxxxx")`, 30) + `'}`),
		"deep expression":    fieldMapping(`{expr: '` + strings.Repeat("(", 4_000) + "1" + strings.Repeat(")", 4_000) + `'}`),
		"many columns":       fieldMapping(`"` + strings.Repeat("{{C}}", 100_000) + `"`),
		"wide date":          fieldMapping(`{column: C, date: "` + strings.Repeat("DD/MM/YYYY", 10_000) + `"}`),
		"binary":             "\x00\x01\x02",

		"a file of comments":        strings.Repeat("#\n", 1_000_000),
		"many entries":              "closed:\n" + strings.Repeat(" - b\n", 400_000),
		"many commas":               "closed: [" + strings.Repeat("b,", 900_000) + "]",
		"many lines":                "operation: |\n" + strings.Repeat("  x\n", 500_000),
		"open quotes":               "operation: \"" + strings.Repeat("\n", 1_000_000),
		"a tower":                   deepIndentation(1_900),
		"a million brackets":        "closed: " + strings.Repeat("[", 1_000_000),
		"a million closed brackets": "closed: " + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000),
		"many braces":               "case: " + strings.Repeat("{a: ", 500_000),
		"a million dashes":          strings.Repeat("- ", 1_000_000),
		"a million question marks":  strings.Repeat("? ", 1_000_000),
		"many anchors":              strings.Repeat("&a ", 600_000),
		"many tags":                 strings.Repeat("!!str ", 300_000),
		"a million quotes":          strings.Repeat("\"", 1_000_001),
		"many documents":            strings.Repeat("---\n", 500_000),
		"many colons":               strings.Repeat("a: ", 600_000),
		"quoted brackets":           fieldMapping("'" + strings.Repeat("[", 1_000_000) + "'"),
		"commented brackets":        fieldMapping("x") + "# " + strings.Repeat("[", 1_000_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			debug.FreeOSMemory() // what earlier cases left is not this one's
			start := time.Now()
			m, err := mapping.Load(write(t, text), nil)
			if err == nil {
				defer m.Close()
				var p *mapping.Program
				if p, err = m.Compile([]string{"C"}, mapping.Options{}); err == nil {
					defer p.Close()
					p.Apply([]string{strings.Repeat("a", 100_000)}, "k")
				}
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			if held := now.Sys - now.HeapReleased; held > 2<<30 {
				t.Errorf("it took %d MB", held>>20)
			}
		})
	}
}

func deepIndentation(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

// What is too deep is said with its place, in a line that can be read.
func TestMappingThatIsTooDeepIsSaid(t *testing.T) {
	for _, text := range []string{"closed: " + strings.Repeat("[", 1_000_000), "closed:\n" + strings.Repeat("- ", 1_000)} {
		path := write(t, text)
		_, err := mapping.Load(path, nil)
		if err == nil || !strings.Contains(err.Error(), "more than 100 levels") || !strings.HasPrefix(err.Error(), path+":") || len(err.Error()) > 1000 {
			t.Errorf("%.2000v", err)
		}
	}
}

func TestHugeMappingIsRefusedUnread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := mapping.Load(path, nil); err == nil || !strings.Contains(err.Error(), "is it the right file?") {
		t.Errorf("%v", err)
	}
	_, err := mapping.Load(write(t, strings.Repeat("# padding padding padding\n", 1<<18)), nil)
	if err == nil || !strings.Contains(err.Error(), "is it the right file?") {
		t.Errorf("%v", err)
	}
}
