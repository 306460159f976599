package ledger

// SetSynchronous replaces SQLite's setting for the ledgers that are opened from now on.
func SetSynchronous(setting string) { synchronous = setting }
