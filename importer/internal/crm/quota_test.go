package crm_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// The CRM counts whole hours to the renewal: 0 says nothing, and neither does what is no day.
func TestRenewalIsInSomeHours(t *testing.T) {
	for hours, known := range map[string]bool{"0": false, "1": true, `"15"`: true, "48": true, "49": false, "-1": false, `"soon"`: false, "null": false} {
		url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"code":"200","error":"null","data":{"token_limit":10,"available_consumition_options":5,"hours_to_restart_count":%s}}`, hours)
		})
		q, err := client(t, url, crm.Config{}).Quota(t.Context(), "secret", "op")
		if err != nil || q.Limit != 10 || q.Available != 5 || q.Renewed.IsZero() == known || known && time.Until(q.Renewed) < 50*time.Minute {
			t.Errorf("%s hours: %+v, %v", hours, q, err)
		}
	}
}
