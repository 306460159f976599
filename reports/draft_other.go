//go:build !linux

package reports

import (
	"errors"
	"os"
)

// unnamed: files have names from the beginning here.
func unnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func named(*os.File, string) error { return errors.ErrUnsupported }
