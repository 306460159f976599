package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
)

// SQLite finds a damaged page when it comes by one that makes no sense. One that makes sense, with
// keys that are not what they were, says of a row that was sent that it is unknown: it would be
// sent again. So a ledger is looked through before it is believed. That takes long where it is
// large; a seal, the checksum of all that the last run left, spares it to a ledger that is still
// as it was. A seal that is missing or of something else means only that one has to look.

func sealPath(path string) string { return path + ".seal" }

// checkWhole looks for damage.
func checkWhole(db *sql.DB, path string) error {
	sum, err := checksum(db)
	if err != nil {
		return explain(path, err)
	}
	if seal, err := os.ReadFile(sealPath(path)); err == nil && string(seal) == sum {
		return nil
	}
	var said string
	if err := db.QueryRow("PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return explain(path, err)
	}
	if said != "ok" {
		return fmt.Errorf("the ledger %s is damaged (%s); keep it, and don't import with it: what it says of rows can't be trusted", path, said)
	}
	return nil
}

// seal leaves the checksum for the next one that opens the ledger.
func seal(db *sql.DB, path string) error {
	sum, err := checksum(db)
	if err != nil {
		return explain(path, err)
	}
	if err := os.Remove(sealPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cantOpen(sealPath(path), err)
	}
	file, err := os.OpenFile(sealPath(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return cantOpen(sealPath(path), err)
	}
	_, err = file.WriteString(sum)
	return errors.Join(err, file.Close())
}

// checksum is that of all pages, as SQLite has them: those of the WAL too. To read the file by
// itself would end the locks that SQLite has on it.
func checksum(db *sql.DB) (string, error) {
	rows, err := db.Query("SELECT data FROM sqlite_dbpage ORDER BY pgno")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	hash, pages := crc32.New(crc32.MakeTable(crc32.Castagnoli)), 0
	for rows.Next() {
		var page sql.RawBytes
		if err := rows.Scan(&page); err != nil {
			return "", err
		}
		hash.Write(page)
		pages++
	}
	return fmt.Sprintf("crc32c %08x of %d pages\n", hash.Sum32(), pages), rows.Err()
}
