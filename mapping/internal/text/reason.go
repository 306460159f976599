package text

import (
	"errors"
	"io/fs"
)

// Reason takes the operation and the path off an error whose message names them.
func Reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
