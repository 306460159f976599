// Package yamlfile reads YAML so that every mistake in it can be shown at its place: the
// file, the line and the column, with a caret under it.
//
// A file is opened as a tree of nodes. Its reader walks them by the methods of [File], each
// of which notes what is wrong and goes on, so that all mistakes are reported at once.
package yamlfile
