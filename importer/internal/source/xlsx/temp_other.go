//go:build !linux

package xlsx

import (
	"errors"
	"os"
)

// namelessFile is not to be had here: every file has a name at first.
func namelessFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }
