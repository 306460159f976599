package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"wolkvox-import/importer"
)

// tokens reads the tokens, of the file if there is one; none of them is ever shown.
//
// The file has one token a line, and # begins a comment there. The variable has them separated by
// commas. A message says which token is wrong by its number, since even a part of one is a secret.
func tokens(file string) ([]string, error) {
	text, from := os.Getenv("WOLKVOX_TOKEN"), "WOLKVOX_TOKEN"
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, &importer.UsageError{Err: fmt.Errorf("the token file can't be read: %w", err)}
		}
		text, from = strings.TrimPrefix(string(content), "\ufeff"), file
	}
	var list []string
	for token := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",\r\n", r) }) {
		switch token = strings.TrimSpace(token); {
		case token == "", strings.HasPrefix(token, "#") && file != "":
			continue
		case strings.HasPrefix(token, "WOLKVOX_TOKEN="), strings.HasPrefix(token, "export "):
			const what = "%s: there is the token alone, without WOLKVOX_TOKEN= in front of it"
			return nil, &importer.UsageError{Err: fmt.Errorf(what, from)}
		case strings.ContainsFunc(token, noToken):
			const what = "%s: token number %d has a blank, a quote or another character that tokens don't have; " +
				"separate tokens by commas or lines, and copy it again"
			return nil, &importer.UsageError{Err: fmt.Errorf(what, from, len(list)+1)}
		}
		list = append(list, token)
	}
	if len(list) == 0 && file != "" {
		return nil, &importer.UsageError{Err: fmt.Errorf("there is no token in %s: write a token on each line", file)}
	}
	return list, nil
}

// noToken tells characters that tokens don't have: they come from a quote or a blank that was
// copied with one.
func noToken(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"';`, r) }

// readByOthers tells whether a file's mode lets others read it. Windows keeps access lists
// instead of modes.
// It is a warning and no error: in a container, everything may belong to one user.
func readByOthers(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 && runtime.GOOS != "windows"
}
