package ledger

import "fmt"

// SetSynchronous replaces SQLite's setting for the ledgers that are opened from now on.
func SetSynchronous(setting string) { synchronous = setting }

// Version is the present schema's.
const Version = version

// Schema returns the statements that made a ledger of an older version.
func Schema(old int) []string {
	return append(append([]string{schema}, migrations[:old-1]...), fmt.Sprintf("PRAGMA user_version = %d", old))
}
