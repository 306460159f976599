package mapping

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// lookup is the rows of a second file, such as a ticket's comments, as text for the rows
// of the first.
type lookup struct {
	name  string
	at    yamlfile.Position
	file  string
	on    *template // of the input: what a row is looked up by
	index *lookupIndex
}

// lookupIndex keeps the lines on disk: such a file may be many times larger than the
// input.
type lookupIndex struct {
	mu    sync.Mutex // the statements are one user's at a time, and several programs ask
	db    *sql.DB
	tx    *sql.Tx
	lines *sql.Stmt
	asked *sql.Stmt
}

// mostJoined bounds the lines that one row gets, in bytes.
const mostJoined = 4 << 20

func (d *decoder) lookups(p yamlfile.Pair) (lookups []*lookup) {
	for _, e := range d.Pairs(p.Value, "lookups") {
		if l := d.lookup(e); l != nil {
			lookups = append(lookups, l)
		}
	}
	return lookups
}

func (d *decoder) lookup(p yamlfile.Pair) *lookup {
	l := &lookup{name: p.Key, at: p.At}
	var column, each string
	var columnAt, eachAt yamlfile.Position
	known := []string{"file", "column", "on", "each"}
	for _, e := range d.Pairs(p.Value, "a lookup") {
		switch e.Key {
		case "file":
			l.file, l.at, _ = d.Text(e.Value, "file")
		case "column":
			column, columnAt, _ = d.Text(e.Value, "column")
		case "on":
			l.on = d.lasting(e)
		case "each":
			each, eachAt, _ = d.Text(e.Value, "each")
		default:
			d.Unknown(e, "a lookup", known)
		}
	}
	if l.file == "" || column == "" || l.on == nil || each == "" {
		d.Mistake(p.At, "the lookup %s needs file, column, on and each", p.Key)
		return nil
	}
	table, err := d.table(d.beside(l.file))
	if err != nil {
		d.Mistake(l.at, "the lookup's file %s can't be read: %s", l.file, files.Reason(err))
		return nil
	}
	defer table.Close()
	inner := &compiler{decoder: &decoder{File: d.Again()}, header: NewHeader(table.Header()), used: map[int]bool{}}
	inner.where = " of " + l.file
	key := inner.column(column, columnAt)
	line := inner.template(inner.decoder.template(each, eachAt))
	d.Mistakes = append(d.Mistakes, inner.Mistakes...)
	if len(inner.Mistakes) > 0 {
		return nil
	}
	if l.index, err = d.lookupIndex(table, d.beside(l.file), key, line); err != nil {
		d.Mistake(l.at, "the lookup's file %s can't be read: %s", l.file, err)
		return nil
	}
	return l
}

// lookupIndex makes the index in the system's folder for temporary files or, if there is none or
// not enough room in it, beside the mapping.
func (d *decoder) lookupIndex(table Table, path string, key func(*row) string, line appender) (*lookupIndex, error) {
	x, err := newLookupIndex(os.TempDir(), table, key, line)
	if wrong := new(sqlite.Error); !errors.As(err, &wrong) {
		return x, err
	}
	again, opened := d.table(path) // it has been read to some row
	if opened != nil {
		return nil, opened
	}
	defer again.Close()
	return newLookupIndex(filepath.Dir(d.Path), again, key, line)
}

// newLookupIndex makes an index in a folder: in a database without a name, which SQLite removes as
// soon as it is open, so that nothing of it outlives the process. It needs no journal and no waiting
// for the disk either.
func newLookupIndex(folder string, table Table, key func(*row) string, line appender) (_ *lookupIndex, err error) {
	x := &lookupIndex{}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	pragmas := url.Values{"_pragma": {"temp_store_directory('" + strings.ReplaceAll(folder, "'", "''") + "')", "temp_store(FILE)", "journal_mode(OFF)", "synchronous(OFF)", "cache_size(-8000)"}}
	if x.db, err = sql.Open("sqlite", "file:?"+pragmas.Encode()); err != nil {
		return nil, err
	}
	x.db.SetMaxOpenConns(1)
	if _, err = x.db.Exec(`CREATE TABLE lines (key TEXT NOT NULL, line TEXT NOT NULL); CREATE TABLE asked (key TEXT PRIMARY KEY) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	if err = x.fill(table, key, line); err != nil {
		return nil, err
	}
	if x.tx, err = x.db.Begin(); err != nil {
		return nil, err
	}
	if x.lines, err = x.tx.Prepare(`SELECT line FROM lines WHERE key = ? ORDER BY rowid`); err != nil {
		return nil, err
	}
	x.asked, err = x.tx.Prepare(`INSERT OR IGNORE INTO asked VALUES (?)`)
	return x, err
}

func (x *lookupIndex) fill(table Table, key func(*row) string, line appender) error {
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert, err := tx.Prepare(`INSERT INTO lines VALUES (?, ?)`)
	if err != nil {
		return err
	}
	var r row
	var text []byte
	for table.Next() {
		r.cells = table.Cells()
		text = line(text[:0], &r)
		if r.problem != nil {
			return errors.New(r.problem.Message)
		}
		if _, err := insert.Exec(keyText(key(&r)), string(text)); err != nil {
			return err
		}
	}
	if err := table.Err(); err != nil {
		return err
	}
	if _, err := tx.Exec(`CREATE INDEX by_key ON lines (key)`); err != nil {
		return err
	}
	return tx.Commit()
}

// find returns the lines of a key, in the file's order.
func (x *lookupIndex) find(key string) (string, error) {
	key = keyText(key)
	if key == "" {
		return "", nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := x.asked.Exec(key); err != nil {
		return "", err
	}
	rows, err := x.lines.Query(key)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var joined strings.Builder
	for first := true; rows.Next(); first = false {
		var line sql.RawBytes
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		if !first {
			joined.WriteByte('\n')
		}
		joined.Write(line)
		if joined.Len() > mostJoined {
			return "", fmt.Errorf("they are more than %d MB together", mostJoined>>20)
		}
	}
	return joined.String(), rows.Err()
}

// orphans counts the lines that no row has asked for.
func (x *lookupIndex) orphans() (n int, err error) {
	err = x.tx.QueryRow(`SELECT count(*) FROM lines WHERE key NOT IN (SELECT key FROM asked)`).Scan(&n)
	return n, err
}

func (x *lookupIndex) close() {
	if x.tx != nil {
		x.tx.Rollback() // nothing of it is kept
	}
	if x.db != nil {
		x.db.Close()
	}
}

// lookup makes a word of the lookup, which stands for its lines.
func (c *compiler) lookup(l *lookup) {
	if i, err := c.header.Find(l.name); err == nil {
		c.Mistake(l.at, "the lookup %s has the name of a column (%s); give it another", l.name, columnLetters(i))
		return
	}
	on := c.template(l.on)
	var key []byte
	c.words[text.FoldName(l.name)] = func(r *row) string {
		key = on(key[:0], r)
		lines, err := l.index.find(string(key))
		if err != nil {
			r.fault(&Problem{Field: "lookups." + l.name, Error: "lookup", Message: fmt.Sprintf("%s: the lines of %q can't be had: %s", l.name, text.Shorten(string(key), 40), err),
				Hint: "look at the lookup's file " + l.file})
		}
		return lines
	}
}

// Orphans counts, for each lookup, the lines that no row has asked for so far.
func (m *Mapping) Orphans() (map[string]int, error) {
	counts := map[string]int{}
	for _, l := range m.lookups {
		n, err := l.index.orphans()
		if err != nil {
			return nil, fmt.Errorf("lookup %s: %w", l.name, err)
		}
		counts[l.name] = n
	}
	return counts, nil
}

// Close removes what the mapping keeps on disk while it is used.
func (m *Mapping) Close() {
	for _, l := range m.lookups {
		l.index.close()
	}
}
