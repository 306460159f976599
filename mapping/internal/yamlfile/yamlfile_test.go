package yamlfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func open(t *testing.T, text string) (*File, Node) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, root, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, root
}

// pairs returns the pairs of a text by their keys.
func pairs(t *testing.T, text string) (*File, map[string]Pair) {
	t.Helper()
	f, root := open(t, text)
	byKey := map[string]Pair{}
	for _, p := range f.Pairs(root, "a mapping") {
		byKey[p.Key] = p
	}
	return f, byKey
}

func TestMistakeShowsItsPlace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		at         Position
		want       string
	}{
		{"a plain line", "a: b", Position{1, 4}, "m.yaml:1:4: wrong\n    1 | a: b\n      |    ^"},
		{"the second line", "x: y\n  a: b", Position{2, 3}, "m.yaml:2:3: wrong\n    2 |   a: b\n      |   ^"},
		{"a tab", "\ta: b", Position{1, 5}, "m.yaml:1:5: wrong\n    1 | \ta: b\n      | \t   ^"},
		{"letters of two bytes", "ñáé: b", Position{1, 6}, "m.yaml:1:6: wrong\n    1 | ñáé: b\n      |      ^"},
		{"carriage returns", "a: b\r\nc: d\r", Position{1, 1}, "m.yaml:1:1: wrong\n    1 | a: b\n      | ^"},
		{"behind the line", "a", Position{1, 9}, "m.yaml:1:9: wrong\n    1 | a\n      |  ^"},
		{"behind the file", "a", Position{7, 1}, "m.yaml:7:1: wrong"},
		{"no place", "a", Position{}, "m.yaml:0:0: wrong"},
	} {
		f := New("m.yaml", []byte(c.text))
		f.Mistake(c.at, "wr%s", "ong")
		if got := f.Mistakes.Err().Error(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestLongLinesAreCutBehindTheMistakeOrLeftOut(t *testing.T) {
	long := strings.Repeat("x", 1000)
	f := New("m.yaml", []byte(long))
	f.Mistake(Position{1, 10}, "near")
	f.Mistake(Position{1, 500}, "far")
	near, far, _ := strings.Cut(f.Mistakes.Err().Error(), "m.yaml:1:500")
	if !strings.Contains(near, "…") || len(near) > 400 {
		t.Errorf("got %s", near)
	}
	if strings.Contains(far, "x") {
		t.Errorf("a line whose mistake is far away is shown: %.100s", far)
	}
}

// The caret stands under the character that is meant, whatever stands before it.
func TestCaretStandsUnderItsCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := []rune(rapid.StringOfN(rapid.RuneFrom([]rune("ab ñ\t{}")), 1, 40, -1).Draw(t, "line"))
		column := rapid.IntRange(1, len(line)).Draw(t, "column")
		mark := []rune(caret(string(line), column))
		if len(mark) != column || mark[column-1] != '^' {
			t.Fatalf("%q at %d: %q", string(line), column, string(mark))
		}
		for i, r := range mark[:column-1] {
			if (r == '\t') != (line[i] == '\t') {
				t.Fatalf("%q at %d: %q loses a tab", string(line), column, string(mark))
			}
		}
	})
}

func TestMistakesComeInTheOrderOfTheFileAndOnce(t *testing.T) {
	f := New("m.yaml", []byte("a\nb\nc"))
	for _, at := range []Position{{3, 1}, {1, 5}, {1, 2}, {3, 1}, {2, 1}} {
		f.Mistake(at, "wrong")
	}
	var places []string
	list := Mistakes(nil)
	if !errors.As(f.Mistakes.Err(), &list) {
		t.Fatalf("%T", f.Mistakes.Err())
	}
	for _, m := range list {
		places = append(places, fmt.Sprint(m.Line, ":", m.Column))
	}
	if got := strings.Join(places, " "); got != "1:2 1:5 2:1 3:1" {
		t.Errorf("got %s", got)
	}
	if err := Mistakes(nil).Err(); err != nil {
		t.Errorf("no mistakes are %v", err)
	}
	if again := f.Again(); len(again.Mistakes) != 0 || again.Path != f.Path {
		t.Errorf("the same file begins with %v", again.Mistakes)
	}
}

func TestTextsStandAsTheyAreWritten(t *testing.T) {
	f, all := pairs(t, `plain: hola
number: 007
float: 1.50
flag: yes
true: true
null: ~
empty:
quoted: "a\nb"
single: 'it''s'
date: 2025-04-03
block: |
  one
  two
`)
	for key, want := range map[string]string{"plain": "hola", "number": "007", "float": "1.50", "flag": "yes", "true": "true", "null": "", "empty": "",
		"quoted": "a\nb", "single": "it's", "date": "2025-04-03", "block": "one\ntwo\n"} {
		got, at, ok := f.Text(all[key].Value, key)
		if got != want || !ok {
			t.Errorf("%s: got %q %v, want %q", key, got, ok, want)
		}
		if at.Line < 1 || at.Column < 1 {
			t.Errorf("%s stands at %v", key, at)
		}
	}
	if len(f.Mistakes) > 0 {
		t.Error(f.Mistakes)
	}
}

func TestPositionsOfKeysAndValues(t *testing.T) {
	f, all := pairs(t, "a: x\nlonger:   y\nobject:\n  inner: {b: c}\n")
	if at := all["longer"].At; at != (Position{2, 1}) {
		t.Errorf("the key stands at %v", at)
	}
	if _, at, _ := f.Text(all["longer"].Value, ""); at != (Position{2, 11}) {
		t.Errorf("the value stands at %v", at)
	}
	inner := f.Pairs(all["object"].Value, "an object")
	if len(inner) != 1 || inner[0].Key != "inner" || inner[0].At != (Position{4, 3}) {
		t.Fatalf("%+v", inner)
	}
	if b := f.Pairs(inner[0].Value, "inner"); len(b) != 1 || b[0].At != (Position{4, 11}) {
		t.Errorf("%+v", b)
	}
}

func TestWhatIsNotWhatIsWantedIsAMistake(t *testing.T) {
	for _, c := range []struct {
		text string
		read func(f *File, p Pair)
		want string
	}{
		{"x: [a]", func(f *File, p Pair) { f.Text(p.Value, "x") }, "1:4: x must be a text"},
		{"x: {a: b}", func(f *File, p Pair) { f.Text(p.Value, "x") }, "x must be a text"},
		{"x: &a b", func(f *File, p Pair) { f.Text(p.Value, "x") }, "1:4: x: anchors, aliases and tags are not used"},
		{"x: !!str b", func(f *File, p Pair) { f.Text(p.Value, "x") }, "anchors, aliases and tags are not used"},
		{"x: b", func(f *File, p Pair) { f.Pairs(p.Value, "x") }, "1:4: x must be a list of `name: value`"},
		{"x: 1", func(f *File, p Pair) { f.Flag(p.Value, "x") }, "1:4: x must be true or false"},
		{"x: yes", func(f *File, p Pair) { f.Flag(p.Value, "x") }, "x must be true or false"},
		{"x: 0", func(f *File, p Pair) { f.Count(p.Value, "x") }, "1:4: x must be a whole number from 1"},
		{"x: -1", func(f *File, p Pair) { f.Count(p.Value, "x") }, "x must be a whole number from 1"},
		{"x: 1.5", func(f *File, p Pair) { f.Count(p.Value, "x") }, "x must be a whole number from 1"},
		{"x: 99999999999", func(f *File, p Pair) { f.Count(p.Value, "x") }, "x must be a whole number from 1"},
		{"colum: a", func(f *File, p Pair) { f.Unknown(p, "a field", []string{"column", "text"}) }, `1:1: a field has no key "colum"; the nearest is "column"`},
		{"zzz: a", func(f *File, p Pair) { f.Unknown(p, "a field", []string{"column", "text"}) }, `a field has no key "zzz"; it has "column", "text"`},
	} {
		f, root := open(t, c.text)
		c.read(f, f.Pairs(root, "a mapping")[0])
		if err := f.Mistakes.Err(); err == nil || !strings.Contains(err.Error(), c.want) || len(f.Mistakes) != 1 {
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
}

func TestFlagsCountsAndLists(t *testing.T) {
	f, all := pairs(t, "yes: true\nno: false\nn: 12\none: a\nmany: [a, b]\nlines:\n- c\n- d\nnothing: []\nobject: {a: b}\nnull:\n")
	if !f.Flag(all["yes"].Value, "") || f.Flag(all["no"].Value, "") || f.Count(all["n"].Value, "") != 12 {
		t.Error("a flag or a count is another")
	}
	for key, want := range map[string]string{"one": "a", "many": "a b", "lines": "c d", "nothing": ""} {
		var got []string
		for _, n := range f.List(all[key].Value) {
			text, _, _ := f.Text(n, key)
			got = append(got, text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q", key, got)
		}
	}
	for key, want := range map[string][3]bool{"object": {true, false, false}, "yes": {false, true, false}, "null": {false, false, true}, "one": {}} {
		n := all[key].Value
		if got := [3]bool{IsObject(n), IsFlag(n), IsNull(n)}; got != want {
			t.Errorf("%s: object, flag, null: %v", key, got)
		}
	}
	if len(f.Mistakes) > 0 {
		t.Error(f.Mistakes)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"empty":    {"", "is empty"},
		"comments": {"# nothing\n", "is empty"},
		"broken":   {"a: [b\n", "broken:1:"},
		"indented": {"a:\n  b: c\n d: e\n", "indented:3:"},
		"latin1":   {"a: b\nc: a\xf1o\n", "latin1:2: the mapping is not UTF-8"},
		"deep":     {"a: " + strings.Repeat("[", 200), "more than 100 levels"},
		"twice":    {"a: 1\nb: 2\na: 3\n", "twice:3:1"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, _, err := Open(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "there is no mapping file") {
		t.Errorf("no file: %v", err)
	}
	if _, _, err := Open(filepath.Join(dir, "none", "at", "all")); err == nil {
		t.Error("a file in no folder was read")
	}
}

func TestByteOrderMarkIsNoText(t *testing.T) {
	f, root := open(t, "\ufeffa: b\n")
	if p := f.Pairs(root, "a mapping"); len(p) != 1 || p[0].Key != "a" || p[0].At != (Position{1, 1}) {
		t.Errorf("%+v", p)
	}
}
