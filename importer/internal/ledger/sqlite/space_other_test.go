//go:build !linux

package sqlite_test

import "wolkvox-import/importer/internal/ledger/ledgertest"

func smallDisk(t ledgertest.TB) (d ledgertest.Disk) {
	t.Skipf("no small disk can be mounted here")
	return d
}
