package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

// TestReadme runs every command of the README, in its order, in a copy of the samples.
// The CRM is a simulated one, and where others would build the program, it is there.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the README's commands are for a Unix shell, and there is none here")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "samples"), os.DirFS("../../samples")); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "wolkvox-import")
	if err := os.Symlink(os.Args[0], program); err != nil { // TestMain makes a command of that name of it
		t.Fatal(err)
	}
	replace := strings.NewReplacer(
		"go run ./cmd/wolkvox-import", "./wolkvox-import",
		"go build -o wolkvox-import ./cmd/wolkvox-import", "test -x wolkvox-import",
		"go test ./...", "true", // this is part of it
		"crm.wolkvox.com", "http://"+serve(t),
		"127.0.0.1:8080", freeAddress(t),
	)
	env := append(os.Environ(), "HOME="+dir, "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			command, comment, _ := strings.Cut(strings.TrimSpace(replace.Replace(line)), "#")
			want := 0
			if at := strings.Index(comment, "status "); at >= 0 {
				want = int(comment[at+len("status ")] - '0')
			}
			if setting, ok := strings.CutPrefix(command, "export "); ok {
				env = append(env, strings.TrimSpace(setting))
				continue
			}
			shell(t, dir, env, strings.TrimSpace(command), want)
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("only %d commands were run", ran)
	}
}

// shell runs a command; one with & at its end until the test does.
func shell(t *testing.T, dir string, env []string, command string, want int) {
	t.Helper()
	c := exec.Command("sh", "-c", "exec "+strings.TrimSuffix(command, "&"))
	c.Dir, c.Env = dir, env
	if strings.HasSuffix(command, "&") {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(command)
		for range 200 {
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("%s: it doesn't serve", command)
	}
	out, err := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != want {
		t.Errorf("%s\nstatus %d (%v), want %d\n%s", command, got, err, want, out)
	}
}

// serve serves a simulated CRM for the test.
func serve(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- sandbox.Serve(ctx, listener, sandbox.New(sandbox.Config{})) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return listener.Addr().String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
