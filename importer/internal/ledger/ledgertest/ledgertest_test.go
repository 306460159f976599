package ledgertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/ledger/ledgertest"
)

// factory makes memories with a defect, or none.
func factory(defect string) ledgertest.Factory {
	return ledgertest.Factory{
		New: func(ledgertest.TB) ledgertest.Place { return memoryPlace(&memory{defect: defect}) },
		Full: func(ledgertest.TB) ledgertest.Disk {
			m := &memory{defect: defect}
			return ledgertest.Disk{Place: memoryPlace(m), Fill: func() { m.full = true }, Free: func() { m.full = false }}
		},
	}
}

func TestSoundLedgerPasses(t *testing.T) { ledgertest.Run(t, factory("")) }

// A place that can't kill and has no small disk still gets what can be tested.
func TestLedgerWithoutHooksPasses(t *testing.T) {
	ledgertest.Run(t, ledgertest.Factory{New: func(ledgertest.TB) ledgertest.Place {
		place := memoryPlace(&memory{})
		place.Kill = nil
		return place
	}})
}

// A suite that finds nothing proves nothing: each of these defects must fail the test that is
// there for it.
func TestDefectsAreFound(t *testing.T) {
	for defect, finder := range map[string]string{
		"claims are not durable":      "claim lasts",
		"settlements are not durable": "reopen",
		"settlements wait":            "settlement lasts",
		"resolutions are not durable": "settlement lasts",
		"two winners":                 "claims race",
		"two may write":               "views",
		"anybody's":                   "binding",
		"recovers nothing":            "reopen",
		"settles for others":          "run's own",
		"records of nothing":          "settle",
		"records of all runs":         "records",
		"notes late":                  "order",
		"flushes nothing":             "records",
		"refusals overwrite":          "refuse",
		"resolves whatever is there":  "resolve",
		"resolves by halves":          "resolve many",
		"reads ahead for ever":        "entries are new",
		"forgets columns":             "column sets",
		"purges all":                  "purge",
		"purges doubts":               "purge",
		"claims on a full disk":       "full disk",
		"drops in silence":            "full disk",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(finder, " ", "_")
			suite := exec.Command(os.Args[0], "-test.run=^TestDefectiveLedger$/^"+name+"$")
			suite.Env = append(os.Environ(), "LEDGER_DEFECT="+defect)
			out, err := suite.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestDefectiveLedger/"+name) {
				t.Errorf("%q didn't find it: %v\n%s", finder, err, out)
			}
		})
	}
}

// TestDefectiveLedger is run by the test above, in a process of its own: it fails.
func TestDefectiveLedger(t *testing.T) {
	defect := os.Getenv("LEDGER_DEFECT")
	if defect == "" {
		t.Skip("only for the test of defects")
	}
	ledgertest.Run(t, factory(defect))
}
