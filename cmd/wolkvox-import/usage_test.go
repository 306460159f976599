package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"wolkvox-import/importer"
)

// What is wrong with a command line is said in one line of plain words, and nothing of a token.
func TestMistakesOfACommandLine(t *testing.T) {
	const secret = "s3cret"
	for line, want := range map[string]string{
		"nothing":                          `unknown command "nothing" for "wolkvox-import"`,
		"run":                              "give an input: a CSV or XLSX file; see wolkvox-import help run",
		"run a.csv":                        "--mapping: it is missing; see wolkvox-import help run",
		"check":                            "give an input: a CSV or XLSX file; see wolkvox-import help check",
		"init":                             "give an input: a CSV or XLSX file; see wolkvox-import help init",
		"init a.csv b.csv":                 "one input at a time; see wolkvox-import help init",
		"resolve --ledger l a b":           "one KEY at a time; see wolkvox-import help resolve",
		"resolve a b":                      "one KEY at a time; see wolkvox-import help resolve",
		"resolve --auto":                   "--ledger: it is missing; see wolkvox-import help resolve",
		"purge":                            "--ledger and --older-than: it is missing; see wolkvox-import help purge",
		"status x":                         `unknown command "x" for "wolkvox-import status"`,
		"run a.csv --workers two":          `invalid argument "two" for "--workers" flag: that is not a number, such as 2 or, where it may be a fraction, 2.5`,
		"run a.csv --rate 2,5":             `invalid argument "2,5" for "--rate" flag: that is not a number, such as 2 or, where it may be a fraction, 2.5`,
		"run a.csv --timeout soon":         `invalid argument "soon" for "--timeout" flag: that is not a time, such as 90s or 2m`,
		"sandbox --seed -1":                `invalid argument "-1" for "--seed" flag: that is not a number, such as 2 or, where it may be a fraction, 2.5`,
		"run a.csv --quiet=maybe":          `invalid argument "maybe" for "-q, --quiet" flag: that is not a number, such as 2 or, where it may be a fraction, 2.5`,
		"run --wrokers 2":                  "unknown flag: --wrokers; the nearest is --workers",
		"run --zzzzzzz":                    "unknown flag: --zzzzzzz; see wolkvox-import help run",
		"--zzzzzzz":                        "unknown flag: --zzzzzzz; see wolkvox-import help",
		"run a.csv -m":                     "flag needs an argument: 'm'; see wolkvox-import help run",
		"run a.csv --mapping":              "flag needs an argument: --mapping",
		"run a.csv -x":                     "unknown shorthand flag: 'x'; see wolkvox-import help run",
		"run a.csv -t " + secret:           "unknown shorthand flag: 't'; " + noTokens,
		"run a.csv -t" + secret:            "unknown shorthand flag: 't'; " + noTokens,
		"run a.csv --token " + secret:      "unknown flag: --token; " + noTokens,
		"run a.csv --tokens=" + secret:     "unknown flag: --tokens; " + noTokens,
		"init a.csv --token x":             "unknown flag: --token; see wolkvox-import help init",
		"run a.csv --=x":                   "bad flag syntax: --=x",
		"resolve --ledger l --list --auto": "--auto and --list can't go together; see wolkvox-import help resolve",
		"resolve --ledger l k --absent --ignore --created 1": "--absent and --created and --ignore can't go together; " +
			"see wolkvox-import help resolve",
	} {
		t.Run(line, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := execute(context.Background(), strings.Fields(line), &stdout, &stderr)
			if got := stderr.String(); status != importer.StatusUsage || got != "wolkvox-import: error: "+want+"\n" {
				t.Errorf("status %d, %q, want %q", status, got, want)
			}
			if strings.Contains(stderr.String()+stdout.String(), secret) {
				t.Error("it says the token")
			}
		})
	}
}
