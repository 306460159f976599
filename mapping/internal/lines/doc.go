// Package lines keeps the lines of a second file by key, on disk: such a file may be many
// times larger than the input whose rows ask for them.
//
//	fill ──(key, line)──► Build ──► Index ──Find(key)──► the key's lines, in the file's order
//
// The index is in a file without a name. It holds people's texts, and so nothing of it may
// outlive the process, however that ends.
package lines
