package crm

import "syscall"

// tooManyFiles are ERROR_TOO_MANY_OPEN_FILES and WSAEMFILE.
var tooManyFiles = []error{syscall.Errno(4), syscall.Errno(10024)}
