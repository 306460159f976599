//go:build !race

package reports_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"wolkvox-import/reports"
)

// The race detector makes this twenty times as long and has one goroutine to look at.
func TestAMillionRowsGoOnInASecondSheetAndStayOutOfMemory(t *testing.T) {
	const first, second = 1_048_575, 3
	dir := t.TempDir()
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	measured := func(yield func(reports.Line, error) bool) {
		n := 0
		for l, err := range created(first + second) {
			if n++; n%100_000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&during)
				peak = max(peak, during.HeapAlloc)
			}
			if !yield(l, err) {
				return
			}
		}
	}
	set := reports.Set{Dir: dir, Formats: reports.Formats(), Header: header}
	sum, _, err := set.Write(measured, known(reports.About{RowsRead: first + second}))
	if err != nil || !sum.AddsUp() {
		t.Fatalf("%v, adds up: %v", err, sum.AddsUp())
	}
	if used := int64(peak) - int64(before.HeapAlloc); used > 16<<20 {
		t.Errorf("%d MB in use on the way", used>>20)
	}
	equal(t, count(t, dir, "xl/worksheets/sheet1.xml", "<row "), 1+first)
	equal(t, count(t, dir, "xl/worksheets/sheet2.xml", "<row "), 1+second)
	equal(t, count(t, dir, "xl/workbook.xml", "<sheet "), 2)
}

// count looks for a word in a raw part of the workbook: a library takes minutes for so many rows.
func count(t *testing.T, dir, part, word string) (found int) {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(dir, "results.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	r, err := z.Open(part)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	buf, kept := make([]byte, 1<<20), 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		piece := buf[:kept+n]
		found += bytes.Count(piece, []byte(word))
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		kept = copy(buf, piece[len(piece)-len(word)+1:]) // it may hold the start of the word, never all of it
	}
}
