//go:build !windows

package mapping_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestFIFOIsRefusedWithoutWaitingForAWriter(t *testing.T) {
	program, dir := folder(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		_, problems := program.Apply([]string{"pipe", ""}, "k")
		done <- problems[0].Error
	}()
	select {
	case got := <-done:
		if got != "attachment_not_regular" {
			t.Error(got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("opening the FIFO hangs")
	}
}
