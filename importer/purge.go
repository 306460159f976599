package importer

import "time"

// Purge removes what tells about persons from a ledger's rows that were settled before
// then. Rows in doubt stay whole, and no purged row is ever sent again.
// It returns how many rows were purged, also if it fails after that. It needs the ledger for itself.
func Purge(path string, before time.Time) (purged int, err error) {
	l, err := openOwn(path)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Purge(before)
}
