package sqlite

import "os"

// fsync returns when the disk has all of the file.
func fsync(file *os.File) error { return file.Sync() }
