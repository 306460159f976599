package duplicates_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"wolkvox-import/importer/internal/duplicates"
)

// No goroutine may be left when the tests are done: an index has a connection with one.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// many is a number of searches from which on there certainly is an index.
const many = 200

func keys(t *testing.T) *duplicates.Keys {
	t.Helper()
	k := duplicates.New(filepath.Join(t.TempDir(), "l #1?%'.db.keys"))
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func id(n int) [16]byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// scattered is an ID that is as good as random, as real ones are.
func scattered(r *rand.Rand) (id [16]byte) {
	binary.LittleEndian.PutUint64(id[:8], r.Uint64())
	binary.LittleEndian.PutUint64(id[8:], r.Uint64())
	return id
}

func see(t *testing.T, k *duplicates.Keys, batch ...duplicates.Sighting) []duplicates.Seen {
	t.Helper()
	seen, err := k.Seen(batch)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != len(batch) {
		t.Fatalf("%d answers for %d rows", len(seen), len(batch))
	}
	return seen
}

// So many rounds that the keys get an index on the way.
func TestSeenRemembersTheFirstOfEachKey(t *testing.T) {
	k := keys(t)
	var batch []duplicates.Sighting
	for n := range 300 {
		batch = append(batch, duplicates.Sighting{ID: id(n % 200), Row: n + 2, Content: [16]byte{byte(n)}})
	}
	for round := range many {
		for n, s := range see(t, k, batch...) {
			want := round
			if n%200 < 100 {
				want = 2 * round
			}
			if n >= 200 {
				want++
			}
			if s.Times != want || want > 0 && (s.Row != n%200+2 || s.Content != [16]byte{byte(n % 200)}) {
				t.Fatalf("round %d, row %d: %+v, wanted %d times", round, n, s, want)
			}
		}
	}
	if err := k.Forget(); err != nil {
		t.Fatal(err)
	}
	if seen := see(t, k, batch[0]); seen[0].Times != 0 {
		t.Errorf("after Forget: %+v", seen)
	}
}

// What lies further apart than a piece of the index is added up all the same.
func TestSeenCountsOverTheWholeInput(t *testing.T) {
	k := keys(t)
	row := 0
	for round := range 140 {
		batch := []duplicates.Sighting{{ID: id(0), Row: row + 2}}
		for range 150 {
			row++
			batch = append(batch, duplicates.Sighting{ID: id(row), Row: row + 2})
		}
		seen := see(t, k, batch...)
		if seen[0].Times != round || round > 0 && seen[0].Row != 2 || seen[1].Times != 0 {
			t.Fatalf("round %d: %+v, and a new key %+v", round, seen[0], seen[1])
		}
	}
}

// Keys of many batches, of which some come again much later: none is taken for another.
func TestSeenTellsKeysApart(t *testing.T) {
	k := keys(t)
	random := rand.New(rand.NewPCG(1, 2))
	first := map[[16]byte]int{}
	row := 0
	for range 300 {
		var batch []duplicates.Sighting
		for range 256 {
			row++
			id := scattered(random)
			if random.IntN(2000) == 0 && row > 1000 {
				for id = range first { // any that was there
					break
				}
			}
			batch = append(batch, duplicates.Sighting{ID: id, Row: row})
		}
		for i, s := range see(t, k, batch...) {
			id, row := batch[i].ID, batch[i].Row
			if s.Row != first[id] || (s.Times > 0) != (first[id] > 0) {
				t.Fatalf("row %d: %+v, first seen in %d", row, s, first[id])
			}
			if first[id] == 0 {
				first[id] = row
			}
		}
	}
}

func TestNextInputKnowsTheKeysOfTheOnesBefore(t *testing.T) {
	k := keys(t)
	for range many {
		see(t, k, duplicates.Sighting{ID: id(1), Row: 2})
		seen := see(t, k, duplicates.Sighting{ID: id(1), Input: 1, Row: 7})
		if seen[0].Times == 0 || seen[0].Input != 0 || seen[0].Row != 2 {
			t.Fatalf("%+v", seen)
		}
		see(t, k, duplicates.Sighting{ID: id(2), Input: 1, Row: 7})
		seen = see(t, k, duplicates.Sighting{ID: id(2), Input: 2, Row: 8})
		if seen[0].Input != 1 || seen[0].Row != 7 {
			t.Fatalf("%+v", seen)
		}
	}
}

// Whatever batches come, before and after there is an index, and after Forget: every answer is
// that of a map.
func TestSeenIsAsAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := keys(t)
		met := map[[16]byte]duplicates.Seen{}
		if rapid.IntRange(0, 3).Draw(r, "index") == 3 {
			for range many {
				if _, err := k.Seen([]duplicates.Sighting{{ID: id(0), Row: 9}}); err != nil {
					r.Fatal(err)
				}
			}
			met[id(0)] = duplicates.Seen{Times: many, Row: 9}
		}
		batch := func(r *rapid.T) {
			var rows []duplicates.Sighting
			var want []duplicates.Seen
			for range rapid.IntRange(0, 5).Draw(r, "rows") {
				row := duplicates.Sighting{
					ID:      id(rapid.IntRange(0, 20).Draw(r, "key")),
					Input:   rapid.IntRange(0, 3).Draw(r, "input"),
					Row:     rapid.SampledFrom([]int{2, 3, 3_000_000_000, 1<<40 - 1}).Draw(r, "row"),
					Content: [16]byte{rapid.Byte().Draw(r, "content")},
				}
				before := met[row.ID]
				rows, want = append(rows, row), append(want, before)
				if before.Times == 0 {
					before = duplicates.Seen{Input: row.Input, Row: row.Row, Content: row.Content}
				}
				before.Times++
				met[row.ID] = before
			}
			got, err := k.Seen(rows)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				r.Fatalf("%v: %v, want %v, %v", rows, got, want, err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"batch": batch,
			"more":  batch,
			"forget": func(r *rapid.T) {
				if err := k.Forget(); err != nil {
					r.Fatal(err)
				}
				clear(met)
			},
		})
		if err := k.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// Whatever keeps the keys of the input from being noted is an error, and not a row that hasn't
// been seen.
func TestKeysThatCannotBeNotedAreAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	k := duplicates.New(path)
	seen, err := k.Seen([]duplicates.Sighting{{ID: id(1), Row: 2}})
	if err == nil || !strings.Contains(err.Error(), "the keys of the input can't be noted") {
		t.Errorf("%v, %v", seen, err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// The keys of an input are personal data. They must not outlive the process, however that ends:
// their file has no name, where the system can do that.
func TestNotedKeysHaveNoName(t *testing.T) {
	folder := t.TempDir()
	k := duplicates.New(filepath.Join(folder, "keys"))
	for range many {
		see(t, k, duplicates.Sighting{ID: id(1), Row: 2})
		if files, err := os.ReadDir(folder); runtime.GOOS != "windows" && (err != nil || len(files) > 0) {
			t.Fatalf("the file of keys can be seen: %v, %v", files, err)
		}
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// What a dead process could not remove is removed, and is not taken for keys of this run.
func TestKeysOfADeadProcessAreRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, make([]byte, 40*100), 0o600); err != nil {
		t.Fatal(err)
	}
	k := duplicates.New(path)
	if seen := see(t, k, duplicates.Sighting{Row: 2}, duplicates.Sighting{Row: 3}); seen[0].Times != 0 || seen[1].Row != 2 {
		t.Errorf("%+v", seen)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is still there")
	}
}

// A link that somebody has laid in the way leads nowhere: nothing is written through it.
func TestSpillFollowsNoLink(t *testing.T) {
	path, victim := filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Skip(err)
	}
	k := duplicates.New(path)
	for n := range 5000 { // more than the buffer
		see(t, k, duplicates.Sighting{ID: id(n), Row: n})
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "not yours" {
		t.Errorf("the file behind the link holds %.20q, %v", content, err)
	}
}

// A run needs no folder for temporary files, not for many keys that come twice either.
func TestKeysNeedNoTemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	t.Setenv("TEMP", os.Getenv("TMPDIR"))
	k := keys(t)
	random := rand.New(rand.NewPCG(1, 2))
	var rows []duplicates.Sighting
	for n := range 60000 {
		rows = append(rows, duplicates.Sighting{ID: scattered(random), Row: n + 2})
	}
	for round := range 2 {
		for at := 0; at < len(rows); at += 250 {
			for i, s := range see(t, k, rows[at:at+250]...) {
				if s.Times != round || round > 0 && s.Row != at+i+2 {
					t.Fatalf("round %d, row %d: %+v", round, at+i, s)
				}
			}
		}
	}
}

// BenchmarkNewKeys is an input without a key that comes twice.
func BenchmarkNewKeys(b *testing.B) {
	k := duplicates.New(filepath.Join(b.TempDir(), "keys"))
	defer k.Close()
	random := rand.New(rand.NewPCG(1, 2))
	batch := make([]duplicates.Sighting, 256)
	for rows := 0; b.Loop(); rows += len(batch) {
		if rows%(1<<18) == 0 { // the next file
			if err := k.Forget(); err != nil {
				b.Fatal(err)
			}
		}
		for i := range batch {
			batch[i] = duplicates.Sighting{ID: scattered(random), Row: i}
		}
		if _, err := k.Seen(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "rows/s")
}
