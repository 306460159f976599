package sandbox_test

import (
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

// description is how the CRM shows that of its only case.
func (r *rig) description() string {
	r.t.Helper()
	records := r.ask("cases/queryCases.php", `{"operation":"demo","field":"idCase","value":"1"}`)
	if len(records) != 1 {
		r.t.Fatalf("found %v", records)
	}
	return records[0]["description"].(string)
}

func TestDescriptionsAreKeptAsConfigured(t *testing.T) {
	for name, c := range map[string]struct {
		s          sandbox.Storage
		sent, kept string
	}{
		"as sent":             {sandbox.Storage{}, "a  & <b>\n\"😀\"", "a  & <b>\n\"😀\""},
		"entities":            {sandbox.Storage{HTML: true}, `a & <b> "x"`, `a &amp; &lt;b&gt; &#34;x&#34;`},
		"breaks":              {sandbox.Storage{Breaks: true}, "a\nb", "a<br>b"},
		"entities and breaks": {sandbox.Storage{HTML: true, Breaks: true}, "<a>\nb", "&lt;a&gt;<br>b"},
		"blanks":              {sandbox.Storage{Blanks: true}, "a  b \t c\n d", "a b c\n d"},
		"astral":              {sandbox.Storage{Astral: true}, "a ñ 😀 b", "a ñ "},
		"cut":                 {sandbox.Storage{CutBytes: 4}, "abcdef", "abcd"},
		"cut in a character":  {sandbox.Storage{CutBytes: 4}, "abcñ", "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, sandbox.Config{Storage: c.s})
			r.insert(ticket(map[string]any{"description": c.sent}))
			if got := r.description(); got != c.kept {
				t.Errorf("kept %q, want %q", got, c.kept)
			}
			if got := r.crm.Cases()[0].Fields["description"]; got != c.sent {
				t.Errorf("what was sent became %q", got)
			}
		})
	}
}

func TestAgentsEditDescriptions(t *testing.T) {
	r := start(t, sandbox.Config{Agents: sandbox.Agents{AddBelow: 1}})
	r.insert(ticket(nil))
	if got := r.description(); got != "No enciende\n[ref:17]\nLlamé al cliente, queda en espera" {
		t.Errorf("%q", got)
	}
	r = start(t, sandbox.Config{Agents: sandbox.Agents{AddAbove: 1, After: time.Hour}})
	r.insert(ticket(nil))
	if got := r.description(); got != "No enciende\n[ref:17]" {
		t.Errorf("before its time: %q", got)
	}
}

// A case that was deleted isn't found any more; that it was made is still known.
func TestAgentsDeleteCases(t *testing.T) {
	r := start(t, sandbox.Config{Agents: sandbox.Agents{Delete: 1, After: 200 * time.Millisecond}})
	r.insert(ticket(nil))
	r.expectFound("idCase", "1", "C-1")
	eventually(t, "the case is deleted", func() bool { return r.crm.Stats().Deleted == 1 })
	r.expectFound("idCase", "1", "")
	if k := r.crm.Cases(); len(k) != 1 || !k[0].IsDeleted(time.Now()) || r.crm.Stats().Created != 1 {
		t.Errorf("%+v", k)
	}
}
