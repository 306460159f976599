package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"wolkvox-import/importer/internal/source/xlsx"
)

// maxSpool bounds what a stream may unpack to, in bytes.
const maxSpool = 2 << 30

// spool unpacks a stream into a temporary file.
// The folders are tried in their order. Only a lack of room is a reason for the next one: what is
// damaged is so in each of them.
func (f *file) spool(stream stream) (*file, error) {
	var full error
	for _, folder := range f.temp() {
		spooled, err := f.spoolInto(folder, stream)
		if wrong := new(Error); err == nil || errors.As(err, &wrong) {
			return spooled, err
		}
		full = errors.Join(full, err)
	}
	what := "there is no room to unpack it: " + strings.ReplaceAll(full.Error(), "\n", "; ")
	return nil, &Error{Path: f.path, What: what, Hint: "free some space, or unpack it by hand", Err: full}
}

// spoolInto fails with an *Error if the stream is damaged, which it is in every folder.
func (f *file) spoolInto(folder string, stream stream) (*file, error) {
	temp, err := xlsx.NewTemp(folder)
	if err != nil {
		return nil, err
	}
	in, err := stream(func(int) {})
	if err != nil {
		temp.Close()
		return nil, f.broken(err)
	}
	defer in.Close()
	size, err := io.Copy(temp, io.LimitReader(in, maxSpool+1))
	if err == nil && size > maxSpool {
		err = fmt.Errorf("it unpacks to more than %d bytes", int64(maxSpool))
	}
	if err == nil {
		return newFile(f.path, temp, size, temp.Close), nil
	}
	temp.Close()
	if write, ok := errors.AsType[*fs.PathError](err); ok && write.Op == "write" {
		return nil, err
	}
	return nil, f.broken(err)
}
