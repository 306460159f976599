package mapping_test

import (
	"fmt"
	"runtime"
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
	} {
		t.Run(name, func(t *testing.T) {
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
			if now.Sys > 3<<30 {
				t.Errorf("it took %d MB", now.Sys>>20)
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

func TestHugeMappingIsRefusedUnread(t *testing.T) {
	_, err := mapping.Load(write(t, strings.Repeat("# padding padding padding\n", 1<<18)), nil)
	if err == nil || !strings.Contains(err.Error(), "is it the right file?") {
		t.Errorf("%v", err)
	}
}
