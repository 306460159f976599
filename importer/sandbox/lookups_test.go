package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"wolkvox-import/importer/sandbox"
)

func (r *rig) tokenInformation(query string) (reply, map[string]any) {
	r.t.Helper()
	got, err := r.do(r.request(http.MethodGet, api+"token/tokenInformation.php"+query, "t", ""))
	if err != nil {
		r.t.Fatal(err)
	}
	data := map[string]any{}
	json.Unmarshal(got.envelope.Data, &data)
	return got, data
}

// quotaUsed asks for what was used, this request included.
func (r *rig) quotaUsed() int {
	r.t.Helper()
	_, data := r.tokenInformation("?operation=demo")
	return int(data["token_use_today"].(float64))
}

// ask sends a query and returns the records that it finds.
func (r *rig) ask(path, body string) []map[string]any {
	r.t.Helper()
	got := r.post(api+path, "t", body)
	var records []map[string]any
	if err := json.Unmarshal(got.envelope.Data, &records); err != nil || records == nil {
		r.t.Fatalf("%s: %s", body, got.raw)
	}
	msg := fmt.Sprintf("%d records were are found", len(records))
	if got.status != 200 || got.envelope.Code != "200" || got.envelope.Error != "null" || got.envelope.Msg != msg {
		r.t.Errorf("%s: %d %s", body, got.status, got.raw)
	}
	return records
}

func TestCasesAreFoundByTheirFields(t *testing.T) {
	r := start(t, sandbox.Config{})
	r.insert(ticket(nil))
	r.insert(ticket(map[string]any{"description": "Otra [ref:18]", "contact": "bea@example.com", "status": "cerrado", "priority": "baja", "case-type": "Claims"}))
	second := r.crm.Cases()[1]
	for field, value := range map[string]string{
		"description": "[ref:18]", "email contact": "BEA@example.com", "idPrefijo": "C-2", "idCase": "2", "wolkvox-id": second.ID,
		"status": "cerrado", "priority": "baja", "type case": "Claims",
	} {
		found := r.ask("cases/queryCases.php", fmt.Sprintf(`{"operation":"demo","field":%q,"value":%q}`, field, value))
		if len(found) != 1 || found[0]["wolkvox_id"] != second.ID || found[0]["idPrefijo"] != "C-2" || found[0]["description"] != "Otra [ref:18]" {
			t.Errorf("by %s: found %v", field, found)
		}
		r.ask("cases/queryCases.php", fmt.Sprintf(`{"operation":"demo","field":%q,"value":"none"}`, field))
	}
	if both := r.ask("cases/queryCases.php", `{"operation":"demo","field":"description","value":"[ref:"}`); len(both) != 2 {
		t.Errorf("found %v", both)
	}
	if n := r.crm.Stats().Others[api+"cases/queryCases.php"]; n != 17 {
		t.Errorf("%d queries were counted", n)
	}
}

func TestFoundCaseCannotChangeTheKeptOne(t *testing.T) {
	r := start(t, sandbox.Config{})
	r.insert(ticket(nil))
	r.ask("cases/queryCases.php", `{"operation":"demo","field":"idCase","value":"1"}`)
	if id := r.crm.Cases()[0].Fields["idPrefijo"]; id != nil {
		t.Errorf("the kept case got a field %v", id)
	}
}

func TestContactsExistAsConfigured(t *testing.T) {
	const body = `{"operation":"demo","module":"contacts","field":"emailcontact","value":%q}`
	r := start(t, sandbox.Config{Contacts: []string{"ana@example.com"}})
	found := r.ask("custom/query.php", fmt.Sprintf(body, "Ana@example.com"))
	if len(found) != 1 || len(found[0]["wolkvox_id"].(string)) != 24 {
		t.Errorf("found %v", found)
	}
	if found := r.ask("custom/query.php", fmt.Sprintf(body, "bea@example.com")); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	open := start(t, sandbox.Config{})
	if found := open.ask("custom/query.php", fmt.Sprintf(body, "bea@example.com")); len(found) != 1 {
		t.Errorf("found %v", found)
	}
}

func TestQueriesAreRefusedLikeInserts(t *testing.T) {
	r := start(t, sandbox.Config{Tokens: []string{"t"}, Operation: "demo"})
	for _, asked := range []struct {
		path, token, body string
		status            int
		msg               string
	}{
		{"cases/queryCases.php", "", `{}`, 401, "PLEASE ENTER THE WOLKVOX-TOKEN"},
		{"custom/query.php", "x", `{}`, 403, "PLEASE VALIDATE TOKEN"},
		{"cases/queryCases.php", "t", `{"operation":"demo","field":"status"}`, 400, "SOME PARAMETERS ARE REQUIRED"},
		{"cases/queryCases.php", "t", `{"operation":"other","field":"status","value":"x"}`, 403, "PLEASE VALIDATE TOKEN"},
		{"cases/queryCases.php", "t", `{"operation":"demo","field":"Asunto","value":"x"}`, 404, "FIELD"},
		{"cases/queryCases.php", "t", `{"operation"`, 400, "JSON"},
		{"custom/query.php", "t", `{"operation":"demo","field":"emailcontact","value":"x"}`, 400, "SOME PARAMETERS ARE REQUIRED"},
		{"custom/query.php", "t", `{"operation":"demo","module":"companies","field":"emailcontact","value":"x"}`, 404, "MODULE"},
		{"custom/query.php", "t", `{"operation":"demo","module":"contacts","field":"phone","value":"x"}`, 404, "FIELD"},
		{"token/tokenInformation.php", "t", `{}`, 405, "METHOD NOT ALLOWED"},
	} {
		r.expect(r.post(api+asked.path, asked.token, asked.body), asked.status, asked.msg, 0)
	}
}

func TestTokenInformationCostsOneItself(t *testing.T) {
	r := start(t, sandbox.Config{Quota: 5, HoursToReset: 15})
	r.insert(ticket(nil))
	got, data := r.tokenInformation("?operation=demo")
	if got.status != 200 || got.envelope.Code != "200" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	for key, want := range map[string]any{"description": "token", "token_limit": 5.0, "token_use_today": 2.0,
		"available_consumition_options": 3.0, "hours_to_restart_count": 15.0} {
		if data[key] != want {
			t.Errorf("%s is %v, want %v", key, data[key], want)
		}
	}
	for range 3 {
		_, data = r.tokenInformation("?operation=demo")
	}
	if data["available_consumition_options"] != 0.0 {
		t.Errorf("got %v", data)
	}
	got, _ = r.tokenInformation("?operation=demo")
	r.expect(got, 403, "TOKEN LIMIT EXCEEDED", 1)
}

func TestTokenInformationNeedsItsOperation(t *testing.T) {
	r := start(t, sandbox.Config{Operation: "demo"})
	got, _ := r.tokenInformation("")
	r.expect(got, 400, "SOME PARAMETERS ARE REQUIRED", 0)
	got, _ = r.tokenInformation("?operation=other")
	r.expect(got, 403, "PLEASE VALIDATE TOKEN", 0)
	if used := r.quotaUsed(); used != 1 {
		t.Errorf("%d were used", used)
	}
}
