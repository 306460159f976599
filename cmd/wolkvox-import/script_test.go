package main

import (
	"context"
	"encoding/csv"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"wolkvox-import/importer/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wolkvox-import": func() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the program as people do. The samples are at $SAMPLES, and at $CRM
// is a simulated CRM of the script's own, which takes the token "good" only.
//
//	status N command...   runs the command, which must end with that status
//	requests N            checks how many requests the CRM has had so far
//	cases N               checks how many cases it has
//	fill FILE KEY=VALUE.. completes what a drafted mapping has marked TODO: the first
//	                      TODO in a line with that key
//	workbook FILE SHEET=TABLE...  makes a workbook of tables, in which a cell such as
//	                      =A1*2→84 is a formula with its result
func TestScripts(t *testing.T) {
	samples, err := filepath.Abs("../../samples")
	if err != nil {
		t.Fatal(err)
	}
	type crm struct{}
	count := func(stat func(sandbox.Stats) int) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, _ bool, args []string) {
			want, err := strconv.Atoi(args[0])
			ts.Check(err)
			if got := stat(ts.Value(crm{}).(*sandbox.CRM).Stats()); got != want {
				ts.Fatalf("%d, want %d", got, want)
			}
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			c := sandbox.New(sandbox.Config{Tokens: []string{"good"}})
			ctx, cancel := context.WithCancel(context.Background())
			served := make(chan error, 1)
			go func() { served <- sandbox.Serve(ctx, listener, c) }()
			e.Defer(func() { cancel(); <-served })
			e.Values[crm{}] = c
			e.Setenv("CRM", "http://"+listener.Addr().String())
			e.Setenv("SAMPLES", samples)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("WOLKVOX_TOKEN", "good")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"requests": count(func(s sandbox.Stats) int { return s.Requests }),
			"cases":    count(func(s sandbox.Stats) int { return s.Created }),
			"fill":     fill,
			"workbook": workbook,
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				err = ts.Exec(args[1], args[2:]...)
				got := 0
				if err != nil {
					if exit, ok := errors.AsType[*exec.ExitError](err); ok {
						got = exit.ExitCode()
					} else {
						ts.Fatalf("%v", err)
					}
				}
				if got != want {
					ts.Fatalf("status %d, want %d", got, want)
				}
			},
		},
	})
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	lines := strings.Split(ts.ReadFile(path), "\n")
	for _, given := range args[1:] {
		key, value, _ := strings.Cut(given, "=")
		i := slices.IndexFunc(lines, func(line string) bool {
			name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			return strings.Trim(name, `"`) == key && strings.Contains(line, "TODO")
		})
		if i < 0 {
			ts.Fatalf("nothing to fill in for %s in\n%s", key, strings.Join(lines, "\n"))
		}
		lines[i] = strings.Replace(lines[i], "TODO", value, 1)
	}
	ts.Check(os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
}

func workbook(ts *testscript.TestScript, _ bool, args []string) {
	book := excelize.NewFile()
	for _, given := range args[1:] {
		sheet, table, _ := strings.Cut(given, "=")
		_, err := book.NewSheet(sheet)
		ts.Check(err)
		reader := csv.NewReader(strings.NewReader(ts.ReadFile(table)))
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		ts.Check(err)
		for r, row := range rows {
			for c, text := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				ts.Check(err)
				formula, result, isFormula := strings.Cut(text, "→")
				if !isFormula {
					result = text
				}
				if result == "" {
					continue
				}
				if when, err := time.Parse(time.DateOnly, result); err == nil {
					ts.Check(book.SetCellValue(sheet, at, when))
				} else {
					ts.Check(book.SetCellValue(sheet, at, result))
				}
				if isFormula {
					number, err := strconv.ParseFloat(result, 64)
					ts.Check(err)
					ts.Check(book.SetCellValue(sheet, at, number))
					ts.Check(book.SetCellFormula(sheet, at, formula))
				}
			}
		}
	}
	ts.Check(book.DeleteSheet("Sheet1"))
	ts.Check(book.SaveAs(ts.MkAbs(args[0])))
}
