// Package files finds and opens the files of one folder, and of nothing outside of it.
//
// A name is looked for as it is written, then in the spellings that other systems give it.
// A file is looked at when its row is read and opened again when it is sent; one that has
// changed in between is not the one that was looked at.
package files
