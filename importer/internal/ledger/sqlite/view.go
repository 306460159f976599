package sqlite

import (
	"errors"
	"fmt"
	"os"

	"wolkvox-import/importer/internal/ledger"
)

// View is a ledger.View.
type View struct {
	reader
	orphaned bool // nobody holds the ledger: what is being sent in it has been left by a dead process
}

var _ ledger.View = (*View)(nil)

// Look opens an existing ledger for reading. It changes nothing, so it can't bring an older
// program's ledger up to date, and refuses it.
func Look(path string) (*View, error) {
	path, err := existing(path)
	if err != nil {
		return nil, err
	}
	view, err := openView(path, "ro")
	if err != nil {
		return nil, err
	}
	if err := view.check(); err != nil {
		view.Close()
		return nil, err
	}
	// Asked as late as possible: what a run is sending that begins after the question shows as in
	// doubt.
	held, err := held(path)
	view.orphaned = err == nil && !held
	return view, nil
}

// check refuses ledgers of other versions: their tables are others.
func (v *View) check() error {
	var found int
	if err := v.db.QueryRow("PRAGMA user_version").Scan(&found); err != nil {
		return explain(v.path, err)
	}
	switch {
	case found > 0 && found < version:
		return fmt.Errorf("the ledger %s is an older program's (version %d); "+
			"the next run with it, or resolve --auto, brings it up to date", v.path, found)
	case found != version:
		return fmt.Errorf("%s is not a ledger that this program can read (version %d)", v.path, found)
	}
	return nil
}

// BindingOf returns the operation and the server that an existing ledger belongs to, also if an
// older program made it, of which Open makes a present one.
func BindingOf(path string) (operation, server string, err error) {
	if path, err = existing(path); err != nil {
		return "", "", err
	}
	view, err := openView(path, "ro")
	if err != nil {
		return "", "", err
	}
	defer view.Close()
	return view.Binding()
}

// existing is the path by which a ledger that must be there is used.
func existing(path string) (string, error) {
	path, err := locate(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no ledger %s", path)
	}
	return path, nil
}

// openView connects to a ledger whose path locate has returned. The mode is SQLite's: whoever holds the
// ledger may read with rw, and keeps temporary files beside it then.
func openView(path, mode string) (*View, error) {
	db, err := open(path, mode)
	if err != nil {
		return nil, err
	}
	return &View{reader: reader{db, path}}, nil
}

// Close ends the reading.
func (v *View) Close() error { return v.db.Close() }

// Binding returns the operation and the server that the ledger belongs to.
func (v *View) Binding() (operation, server string, err error) {
	operation, server, err = readBinding(v.db)
	return operation, server, explain(v.path, err)
}
