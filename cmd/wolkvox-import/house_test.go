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

// allowed is which of our packages each of our packages may import. Dependencies
// point one way; what isn't listed may import none of ours.
var allowed = map[string][]string{
	"cmd/wolkvox-import":        {"importer", "importer/sandbox", "reports"},
	"importer":                  {"importer/internal/clock", "importer/internal/crash", "importer/internal/crm", "importer/internal/filter", "importer/internal/ledger", "importer/internal/source", "importer/internal/source/spreadsheet", "mapping", "mapping/draft", "reports"},
	"importer/internal/crm":     {"importer/internal/crash"},
	"importer/internal/ledger":  {"importer/internal/clock", "importer/internal/filter"},
	"importer/internal/source":  {"importer/internal/source/xlsx"},
	"mapping/internal/files":    {"mapping/internal/text"},
	"mapping/internal/lines":    {"mapping/internal/text"},
	"mapping/internal/formula":  {"mapping/internal/text"},
	"mapping/internal/steps":    {"mapping/internal/lines", "mapping/internal/text", "mapping/internal/yamlfile"},
	"mapping/draft":             {"mapping/internal/text"},
	"mapping":                   {"mapping/internal/files", "mapping/internal/lines", "mapping/internal/row", "mapping/internal/steps", "mapping/internal/text", "mapping/internal/yamlfile"},
	"mapping/internal/row":      {"mapping/internal/formula", "mapping/internal/lines", "mapping/internal/steps", "mapping/internal/text", "mapping/internal/yamlfile"},
	"mapping/internal/yamlfile": {"mapping/internal/text"},
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
			if is && !slices.Contains(allowed[name], ours) {
				t.Errorf("%s imports %s", name, ours)
			}
		}
	}
	if packages < 8 {
		t.Errorf("only %d packages were looked at", packages)
	}
}
