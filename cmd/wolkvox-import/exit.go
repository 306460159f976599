package main

import (
	"fmt"

	"wolkvox-import/importer"
)

// statusHelp is part of the help of every command that can end in more ways than well or not.
// The numbers are a contract with scripts: none of them ever changes its meaning.
const statusHelp = `
Exit status:
  0  every row created or skipped
  1  the run stopped: ledger, server, credentials, too many failures
  2  usage, mapping or input; nothing was sent
  3  finished; some rows rejected or invalid, or most of those imported before have other cells
  4  rows of this input are in doubt
  5  paused: run the same command again
Where several hold: 4, then 1, 5, 3. With a row not attempted it is never 0.`

// finished carries the exit status of a command that has already said everything.
// It is an error only for cobra's sake, which has no other way to end a command.
type finished struct{ status int }

// Error is never shown: the command has said everything.
func (f *finished) Error() string { return fmt.Sprintf("exit status %d", f.status) }

// end makes a status the command's result.
func end(status int) error {
	if status == importer.StatusDone {
		return nil
	}
	return &finished{status}
}
