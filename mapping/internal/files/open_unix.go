//go:build !windows

package files

import (
	"os"
	"syscall"
)

// openInside opens without blocking: a FIFO would otherwise hang the run until
// somebody writes to it.
func openInside(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
