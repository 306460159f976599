package ledger

import (
	"fmt"
	"os"
)

// LeaveOutSyncs makes ledgers answer before the disk has what they wrote.
func LeaveOutSyncs() { syncFile = func(*os.File) error { return nil } }

// CheckpointOften lets few changes be enough for a checkpoint.
func CheckpointOften() { checkpointAfter = 12 }

// FailSyncs makes the disk refuse to keep what ledgers wrote, until it is undone.
func FailSyncs(err error) (undo func()) {
	before := syncFile
	syncFile = func(*os.File) error { return err }
	return func() { syncFile = before }
}

// Version is the present schema's.
const Version = version

// Schema returns the statements that made a ledger of an older version.
func Schema(old int) []string {
	return append(append([]string{schema}, migrations[:old-1]...), fmt.Sprintf("PRAGMA user_version = %d", old))
}
