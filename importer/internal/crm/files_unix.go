//go:build !windows

package crm

import "syscall"

// tooManyFiles are a system's words for it.
var tooManyFiles = []error{syscall.EMFILE, syscall.ENFILE}
