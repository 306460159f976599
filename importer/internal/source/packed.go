package source

import (
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// openGzip opens what gzip has packed.
func openGzip(f *file, opt Options) (records, error) {
	return openPacked(f, opt, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })
}

// openZstd opens what zstd has packed, in one goroutine and 256 MiB at most.
// The bounds keep a small file from taking the memory of the machine: a frame says itself how large
// a window it needs.
func openZstd(f *file, opt Options) (records, error) {
	return openPacked(f, opt, func(r io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	})
}

// openPacked opens what is packed by a stream's compression.
// Text is unpacked anew for each reading, since that is faster than a disk, and leaves no copy of
// personal data behind.
func openPacked(f *file, opt Options, unpack func(io.Reader) (io.ReadCloser, error)) (records, error) {
	packed := f.stream
	return openStream(f, opt, func(done func(int)) (io.ReadCloser, error) {
		r, err := packed(done)
		if err != nil {
			return nil, err
		}
		return unpack(r)
	})
}

// openEntry opens an entry of an archive.
func openEntry(f *file, entry *zip.File, opt Options) (records, error) {
	size := int64(entry.UncompressedSize64)
	return openStream(f, opt, func(done func(int)) (io.ReadCloser, error) {
		r, err := entry.Open()
		if err != nil {
			return nil, err
		}
		packed := float64(f.size) / float64(max(size, 1)) // the archive doesn't say how far it is
		return &entryReader{counted{r, func(n int) { done(int(float64(n) * packed)) }}, r}, nil
	})
}

// entryReader is an open entry; closing it checks nothing, its last byte has done that.
type entryReader struct {
	counted
	io.Closer
}

// openStream opens what a stream holds, once it has been unpacked to its end: damage has
// to be known before a row of it is used.
func openStream(f *file, opt Options, stream stream) (records, error) {
	f.stream = stream
	in, err := stream(func(int) {})
	if err != nil {
		return nil, f.broken(err)
	}
	defer in.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, f.broken(err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, f.broken(err)
	}
	if n == 0 {
		return nil, f.error("what is packed in it is empty", "export it again")
	}
	switch k := recognise(head[:n]); k.packed {
	case streamed:
		return k.open(f, opt)
	case spooled:
		return openSpooled(f, k, opt)
	default:
		what, hint := cmp.Or(k.what, "it is packed once more"), cmp.Or(k.hint, "unpack it first")
		return nil, f.error("of what is packed in it: "+what, hint)
	}
}

// openSpooled opens what has to be unpacked into a temporary file first. The packed file stays
// open with it: Same holds that one against what was read.
func openSpooled(f *file, k *kind, opt Options) (records, error) {
	unpacked, err := f.spool(f.stream)
	if err != nil {
		return nil, err
	}
	r, err := k.open(unpacked, opt)
	if err != nil {
		unpacked.close()
		return nil, err
	}
	discard := unpacked.close
	unpacked.close = func() error { return errors.Join(discard(), f.close()) }
	return r, nil
}

// inputNames are how the names of those entries of an archive end that are taken for inputs.
var inputNames = []string{".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}

// openZip opens what a zip archive is or holds.
// A workbook is such an archive itself, by the Open Packaging Conventions (ECMA-376, part 2), which
// demand a list of content types. macOS adds a folder of its own to what it packs.
func openZip(f *file, opt Options) (records, error) {
	z, err := zip.NewReader(f, f.size)
	if err != nil {
		return nil, f.error("its zip archive is damaged or cut short: "+err.Error(), "copy or download it again")
	}
	var inputs []*zip.File
	for _, part := range z.File {
		switch name := strings.ToLower(part.Name); {
		case name == "[content_types].xml":
			return openOffice(f, z, opt)
		case name == "mimetype":
			return nil, f.error("it is an OpenDocument file, such as .ods", saveXLSX)
		case slices.Contains(inputNames, path.Ext(name)) && !strings.HasPrefix(name, "__macosx/"):
			inputs = append(inputs, part)
		}
	}
	if len(inputs) != 1 {
		what := "it is a zip archive with " + count(len(inputs), "table") + " in it"
		return nil, f.error(what, "unpack it and give the files that are meant")
	}
	return openEntry(f, inputs[0], opt)
}

// openOffice opens a workbook, or says which other document it is.
func openOffice(f *file, z *zip.Reader, opt Options) (records, error) {
	for _, part := range z.File {
		switch name := strings.ToLower(part.Name); {
		case strings.HasPrefix(name, "word/"):
			return nil, f.error("it is a Word document and no table", exportAgain)
		case strings.HasPrefix(name, "ppt/"):
			return nil, f.error("it is a presentation and no table", exportAgain)
		case name == "xl/workbook.bin":
			return nil, f.error("it is a binary workbook, .xlsb", saveXLSX)
		}
	}
	return openWorkbook(f, opt)
}
