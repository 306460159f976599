package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "wolkvox-import"

// allowed is which of our packages each of our packages may import: those of importer/internal by
// their names there, and others with a slash in front. Dependencies point one way; what isn't
// listed may import none of ours.
var allowed = map[string]string{
	"cmd/wolkvox-import":              "/cmd/wolkvox-import/internal/tty /importer /importer/sandbox /reports",
	"cmd/wolkvox-import/internal/tty": "/importer",
	"importer": "account ahead canary clock crash crm duplicates identity intake ledger ledger/sqlite pace " +
		"proof record sample source stop submit survey triage usage /mapping /reports",
	"importer/internal/account":           "ahead intake ledger say source source/spreadsheet stop /mapping /reports",
	"importer/internal/canary":            "crm identity intake ledger pace say stop submit triage /reports",
	"importer/internal/crm":               "crash",
	"importer/internal/duplicates":        "filter",
	"importer/internal/identity":          "duplicates filter intake ledger say source/spreadsheet stop /mapping /reports",
	"importer/internal/intake":            "say source stop usage /mapping /reports",
	"importer/internal/ledger":            "clock",
	"importer/internal/ledger/ledgertest": "clock ledger",
	"importer/internal/ledger/sqlite":     "clock ledger",
	"importer/internal/pace":              "crm say stop",
	"importer/internal/proof":             "clock crm ledger pace stop",
	"importer/internal/record":            "ledger stop /reports",
	"importer/internal/sample":            "intake source usage /mapping /mapping/draft",
	"importer/internal/source":            "source/csv source/xlsx",
	"importer/internal/submit":            "clock crash crm identity intake ledger pace record say stop triage /mapping /reports",
	"importer/internal/survey":            "crm intake say source usage /mapping /reports",
	"importer/internal/triage":            "identity intake ledger say stop /mapping /reports",
	"mapping": "/mapping/internal/files /mapping/internal/lines /mapping/internal/row " +
		"/mapping/internal/steps /mapping/internal/text /mapping/internal/yamlfile",
	"mapping/draft":            "/mapping/internal/text",
	"mapping/internal/files":   "/mapping/internal/text",
	"mapping/internal/formula": "/mapping/internal/text",
	"mapping/internal/lines":   "/mapping/internal/text",
	"mapping/internal/row": "/mapping/internal/formula /mapping/internal/lines /mapping/internal/steps " +
		"/mapping/internal/text /mapping/internal/yamlfile",
	"mapping/internal/steps":    "/mapping/internal/lines /mapping/internal/text /mapping/internal/yamlfile",
	"mapping/internal/yamlfile": "/mapping/internal/text",
}

// TestDependenciesPointOneWay holds the imports of the whole house, tests aside,
// against the list above.
func TestDependenciesPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages++
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imported := range p.Imports {
			ours, is := strings.CutPrefix(imported, module+"/")
			if is && !slices.Contains(strings.Fields(allowed[name]), nameInTable(ours)) {
				t.Errorf("%s imports %s", name, ours)
			}
		}
	}
	if packages < 8 {
		t.Errorf("only %d packages were looked at", packages)
	}
}

// nameInTable is a package as the table of allowed imports has it.
func nameInTable(path string) string {
	if short, internal := strings.CutPrefix(path, "importer/internal/"); internal {
		return short
	}
	return "/" + path
}
