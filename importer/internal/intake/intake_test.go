package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/usage"
)

const mappingText = `operation: op
key: "{{ID}}"
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo}
  description: "{{Asunto}}"
  status: Open
  priority: baja
`

const header = "ID,Correo,Asunto\n"

// folder is a folder with a mapping and some files.
type folder struct {
	t   *testing.T
	dir string
	log bytes.Buffer
}

func newFolder(t *testing.T, files map[string]string) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir()}
	f.write("map.yaml", mappingText)
	for name, text := range files {
		f.write(name, text)
	}
	return f
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) write(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) open(r intake.Reading, inputs ...string) (*intake.Inputs, error) {
	r.Mapping = f.path("map.yaml")
	for _, name := range inputs {
		if name != "-" {
			name = f.path(name)
		}
		r.Inputs = append(r.Inputs, name)
	}
	return intake.Open(r, intake.Reports{Out: f.path("out")}, slog.New(slog.NewTextHandler(&f.log, nil)))
}

func (f *folder) mustOpen(r intake.Reading, inputs ...string) *intake.Inputs {
	f.t.Helper()
	all, err := f.open(r, inputs...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(all.Close)
	return all
}

// lines are good rows with the keys of these numbers.
func lines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "T-%d,c%d@b.co,Asunto %d\n", i, i, i)
	}
	return b.String()
}

func TestAllMistakesOfAllFilesAreSaidAtOnce(t *testing.T) {
	f := newFolder(t, map[string]string{
		"good.csv":  header + lines(0, 1),
		"lacks.csv": "ID,Correo\nT-1,a@b.co\n",
		"empty.csv": "",
	})
	_, err := f.open(intake.Reading{}, "lacks.csv", "good.csv", "gone.csv", "empty.csv")
	var mistake *usage.Error
	if !errors.As(err, &mistake) {
		t.Fatalf("%#v", err)
	}
	for _, part := range []string{"Asunto", "gone.csv", "empty.csv"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing of %s in: %v", part, err)
		}
	}
}

func TestAMistakeOfTheMappingIsSaidOnce(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header, "b.csv": header})
	f.write("map.yaml", strings.Replace(mappingText, "Asunto", "Asunta", 1))
	_, err := f.open(intake.Reading{}, "a.csv", "b.csv")
	if err == nil || strings.Count(err.Error(), "there is no column") != 1 {
		t.Error(err)
	}
}

func TestNumbersThatMakeNoSense(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header + lines(0, 3)})
	for name, r := range map[string]intake.Reading{
		"a negative limit":    {Limit: -1},
		"a negative least":    {MinRows: -1},
		"fewer rows":          {MinRows: 4},
		"fewer by the limit":  {MinRows: 3, Limit: 2},
		"a long delimiter":    {Delimiter: "ab"},
		"an unknown encoding": {Encoding: "ebcdic-x"},
	} {
		_, err := f.open(r, "a.csv")
		if mistake := new(usage.Error); !errors.As(err, &mistake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.open(intake.Reading{}); err == nil {
		t.Error("no input at all")
	}
	f.mustOpen(intake.Reading{MinRows: 3}, "a.csv")
}

func TestNothingStaysOpenAfterAMistake(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system doesn't list open files")
	}
	f := newFolder(t, map[string]string{
		"a.csv":     header + lines(0, 3),
		"lacks.csv": "ID\nT-1\n",
		"lines.csv": "ID,Nota\nT-1,una\n",
	})
	f.write("map.yaml", "lookups: {notas: {file: lines.csv, column: ID, on: \"{{ID}}\", each: \"{{Nota}}\"}}\n"+
		strings.Replace(mappingText, "{{Asunto}}", "{{Asunto}} {{notas}}", 1))
	t.Setenv("TMPDIR", f.path("tmp"))
	if err := os.Mkdir(f.path("tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.mustOpen(intake.Reading{}, "a.csv").Close()
	before := openFiles(t)
	for name, c := range map[string]struct {
		r      intake.Reading
		inputs []string
	}{
		"an input that is missing":  {intake.Reading{}, []string{"a.csv", "gone.csv"}},
		"a column that is missing":  {intake.Reading{}, []string{"a.csv", "lacks.csv"}},
		"a pattern of no file":      {intake.Reading{}, []string{"a.csv", "nada*.csv"}},
		"too few rows":              {intake.Reading{MinRows: 9}, []string{"a.csv"}},
		"a condition that is wrong": {intake.Reading{When: "1 +"}, []string{"a.csv"}},
	} {
		if _, err := f.open(c.r, c.inputs...); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after := openFiles(t); after > before {
			t.Errorf("%s: %d files stay open", name, after-before)
		}
		if left, _ := os.ReadDir(f.path("tmp")); len(left) > 0 {
			t.Errorf("%s: %v stays in the temporary folder", name, left)
		}
	}
}

func openFiles(t *testing.T) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		// A lookup's database, and the poller that the first open made, are not counted by this test.
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, "/") &&
			!strings.HasPrefix(to, "/proc") && !strings.HasPrefix(to, "/dev") {
			n++
		}
	}
	return n
}

func TestEachInputHasAFolderOfItsOwn(t *testing.T) {
	f := newFolder(t, map[string]string{
		"a/x.csv": header, "b/x.csv": header, "y.csv": header, "...csv": header,
	})
	all := f.mustOpen(intake.Reading{}, "a/x.csv", "b/x.csv", "y.csv", "...csv")
	var got []string
	for _, in := range all.All {
		got = append(got, in.Out)
	}
	want := []string{f.path("out/x"), f.path("out/x-2"), f.path("out/y"), f.path("out/input")}
	if !slices.Equal(got, want) || all.Out != f.path("out") {
		t.Errorf("%q, %q", got, all.Out)
	}
	if one := f.mustOpen(intake.Reading{}, "y.csv"); one.All[0].Out != f.path("out") {
		t.Error(one.All[0].Out)
	}
	t.Chdir(f.dir)
	r := intake.Reading{Mapping: "map.yaml", Inputs: []string{"y.csv"}}
	named, err := intake.Open(r, intake.Reports{Suffix: ".check"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	if named.Out != "y.check" {
		t.Error(named.Out)
	}
}

func TestPatternsStandForFilesUnlessAFileHasThatName(t *testing.T) {
	f := newFolder(t, map[string]string{"n1.csv": header, "n2.csv": header, "n[1].csv": header + lines(0, 1)})
	names := func(inputs ...string) (list []string) {
		for _, in := range f.mustOpen(intake.Reading{}, inputs...).All {
			list = append(list, filepath.Base(in.Path))
		}
		return list
	}
	if got := names("n?.csv"); !slices.Equal(got, []string{"n1.csv", "n2.csv"}) {
		t.Error(got)
	}
	if got := names("n[1].csv"); !slices.Equal(got, []string{"n[1].csv"}) {
		t.Error(got)
	}
}

func TestTheStandardInputIsKeptBesideTheReports(t *testing.T) {
	f := newFolder(t, nil)
	all := f.mustOpen(intake.Reading{Stdin: strings.NewReader(header + lines(0, 2))}, "-")
	if n, err := all.Count(); n != 2 || err != nil || filepath.Dir(all.All[0].Path) != f.path("out") {
		t.Error(n, err, all.All[0].Path)
	}
	for _, r := range []intake.Reading{{}, {Stdin: strings.NewReader(header)}} {
		if _, err := f.open(r, "-", "-"); err == nil || !strings.Contains(err.Error(), "no standard input") {
			t.Error(err)
		}
	}
}

func TestTheCommandGoesOverTheMapping(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": strings.ReplaceAll(header+lines(0, 2), ",", "|")})
	f.write("map.yaml", "input: {delimiter: \";\"}\n"+mappingText)
	if _, err := f.open(intake.Reading{}, "a.csv"); err == nil {
		t.Error("it was read by the mapping's delimiter")
	}
	f.mustOpen(intake.Reading{Delimiter: "|"}, "a.csv")
}

func TestAMappingWithoutAKeyIsSaid(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header})
	f.mustOpen(intake.Reading{}, "a.csv")
	if f.log.Len() > 0 {
		t.Error(f.log.String())
	}
	f.write("map.yaml", strings.Replace(mappingText, "key: \"{{ID}}\"\n", "", 1))
	f.mustOpen(intake.Reading{}, "a.csv")
	if !strings.Contains(f.log.String(), "no key") {
		t.Error(f.log.String())
	}
}

func TestABatchIsIntactUntilOneFewerThanTheRingWereRead(t *testing.T) {
	const ring, batches = 3, 7
	f := newFolder(t, map[string]string{"a.csv": header + lines(0, batches*intake.BatchRows-5)})
	in := f.mustOpen(intake.Reading{}, "a.csv").All[0]
	var kept [][]*intake.Row
	n := 0
	for batch, err := range in.Batches(ring) {
		if err != nil {
			t.Fatal(err)
		}
		if kept = append(kept, batch); len(kept) > ring {
			kept = kept[1:]
		}
		for i, old := range kept {
			first := (n - len(kept) + 1 + i) * intake.BatchRows
			for j, row := range old {
				if row.Cells[0] != fmt.Sprintf("T-%d", first+j) || row.Number != first+j+2 {
					t.Fatalf("after %d batches row %d of batch %d is %v", n+1, j, n-len(kept)+1+i, row)
				}
			}
		}
		n++
	}
	if n != batches || in.Read() != batches*intake.BatchRows-5 {
		t.Error(n, in.Read())
	}
}

func TestABadRowTravelsWithItsErrorAndItsNumber(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header + "T-1,a@b.co,uno\nT-2,b@b.co,dos,más\nT-3,c@b.co\n,d@b.co,x\n"})
	in := f.mustOpen(intake.Reading{}, "a.csv").All[0]
	var got []string
	for row := new(intake.Row); in.Next(row); {
		in.FindKey(row)
		word := ""
		for _, p := range in.Unreadable(row) {
			word += p.Error
		}
		got = append(got, fmt.Sprintf("%d %s %s", row.Number, row.Key, word))
	}
	want := []string{"2 T-1 ", "3 T-2 too_many_cells", "4 T-3 ", "5  blank_key"}
	if !slices.Equal(got, want) || in.Err() != nil {
		t.Errorf("%q, %v", got, in.Err())
	}
	in.SayShort(slog.New(slog.NewTextHandler(&f.log, nil)))
	if !strings.Contains(f.log.String(), "fewer cells than the header: 1;") {
		t.Error(f.log.String())
	}
}

func TestALimitIsOfEachInput(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header + lines(0, 5), "b.csv": header + lines(5, 7)})
	all := f.mustOpen(intake.Reading{Limit: 3}, "a.csv", "b.csv")
	if n, err := all.Count(); n != 5 || err != nil {
		t.Error(n, err)
	}
	n := 0
	for row := new(intake.Row); all.All[0].Next(row); {
		n++
	}
	if n != 3 || all.All[0].Miscounted() != nil {
		t.Error(n, all.All[0].Miscounted())
	}
}

func TestAnInputCanBeReadOnceMoreBeforehand(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header + lines(0, 3)})
	in := f.mustOpen(intake.Reading{}, "a.csv").All[0]
	keys := func(in *intake.Input) (list []string) {
		for row := new(intake.Row); in.Next(row); {
			in.FindKey(row)
			list = append(list, row.Key)
		}
		return list
	}
	before, err := in.Anew()
	if err != nil {
		t.Fatal(err)
	}
	first := keys(before)
	before.Done()
	if in.Read() != 0 {
		t.Error("the pass beforehand counts:", in.Read())
	}
	if again := keys(in); !slices.Equal(first, again) || len(again) != 3 {
		t.Error(first, again)
	}
}

func TestAFileThatChangesWhileItIsReadStopsTheRun(t *testing.T) {
	for name, change := range map[string]func(f *folder){
		"overwritten with fewer rows": func(f *folder) { f.write("a.csv", header+lines(0, 3)) },
		"appended to": func(f *folder) {
			file, err := os.OpenFile(f.path("a.csv"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				f.t.Fatal(err)
			}
			defer file.Close()
			if _, err := file.WriteString(lines(2000, 2001)); err != nil {
				f.t.Fatal(err)
			}
		},
	} {
		f := newFolder(t, map[string]string{"a.csv": header + lines(0, 3*intake.BatchRows)})
		in := f.mustOpen(intake.Reading{}, "a.csv").All[0]
		var halt *stop.Halt
		first := true
		for _, err := range in.Whole(context.Background(), 1) {
			if first && err != nil {
				t.Fatal(name, err)
			}
			if first {
				change(f)
			}
			first = false
			errors.As(err, &halt)
		}
		if halt == nil || halt.Status != stop.Stopped || !strings.Contains(halt.Why, "changed") {
			t.Errorf("%s: %+v", name, halt)
		}
		if _, err := in.Reopen(); err == nil {
			t.Errorf("%s: its rows can be shown once more", name)
		}
	}
}

func TestAFileThatStaysAsItIsIsReadWhole(t *testing.T) {
	for _, rows := range []int{0, 1, intake.BatchRows, intake.BatchRows + 1} {
		f := newFolder(t, map[string]string{"a.csv": header + lines(0, rows)})
		all := f.mustOpen(intake.Reading{}, "a.csv")
		if _, err := all.Count(); err != nil {
			t.Fatal(err)
		}
		in, n := all.All[0], 0
		for batch, err := range in.Whole(t.Context(), 1) {
			if err != nil {
				t.Fatal(rows, err)
			}
			n += len(batch)
		}
		if n != rows || in.Read() != rows || in.Miscounted() != nil {
			t.Error(rows, n, in.Miscounted())
		}
		if again, err := in.Reopen(); err != nil {
			t.Error(rows, err)
		} else {
			again.Close()
		}
	}
}

func TestProgressGrowsUntilAllIsRead(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": header + lines(0, 20_000), "b.csv": header + lines(0, 20_000)})
	all := f.mustOpen(intake.Reading{}, "a.csv", "b.csv")
	if begun := all.Progress(); begun > 0.9 {
		t.Fatal("before the first row:", begun)
	}
	last := 0.0
	for _, in := range all.All {
		for row := new(intake.Row); in.Next(row); {
			if now := all.Progress(); now < last || now > 1 {
				t.Fatalf("%v after %v", now, last)
			} else {
				last = now
			}
		}
	}
	if last != 1 {
		t.Error(last)
	}
}
