package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

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
