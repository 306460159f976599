package pace_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"wolkvox-import/importer/internal/crm"
)

// An answer that may be about one row's words alone is asked about. Only where a harmless
// question is answered by the CRM itself it was the row; nothing is burnt elsewhere.
func TestRefusalBeforeTheCRMIsAskedAbout(t *testing.T) {
	page := "<html><head><title>403 Forbidden</title></head><body>Request blocked. Ref 18.2</body></html>"
	none := `{"code":"200","error":"null","msg":"0 records were are found","data":[]}`
	refused := `{"code":403,"error":"FORBIDDEN","msg":"NOT WITH THESE WORDS","data":null}`
	type answer struct {
		status int
		body   string
	}
	for name, c := range map[string]struct {
		insert, question answer
		want             crm.Class
		reason           string
		asked            int64
	}{
		"a page of a 403":             {answer{403, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"nothing but a 403":           {answer{403, ""}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"another's JSON":              {answer{403, `{"message":"Forbidden"}`}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"404":                         {answer{404, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"404 in words":                {answer{404, "default backend - 404"}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"405":                         {answer{405, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"406":                         {answer{406, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"400":                         {answer{400, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"413":                         {answer{413, page}, answer{200, none}, crm.Refused, "refused_before_crm", 1},
		"the CRM's own 403":           {answer{403, refused}, answer{200, none}, crm.Refused, "FORBIDDEN", 1},
		"a question without hits":     {answer{403, page}, answer{404, `{"code":404,"error":"NOT FOUND","msg":"m"}`}, crm.Refused, "refused_before_crm", 1},
		"every 403":                   {answer{403, page}, answer{403, page}, crm.TokenBad, "token_refused", 1},
		"every 404":                   {answer{404, page}, answer{404, page}, crm.Misdirected, "wrong_server", 1},
		"every 404 in words":          {answer{404, "no"}, answer{404, "no"}, crm.Misdirected, "wrong_server", 1},
		"every 400":                   {answer{400, ""}, answer{400, ""}, crm.Misdirected, "wrong_server", 1},
		"405, and the token is bad":   {answer{405, page}, answer{401, `{"code":401,"error":"E","msg":"m"}`}, crm.TokenBad, "E", 1},
		"403, and the quota is spent": {answer{403, page}, answer{403, `{"code":403,"error":"E","msg":"TOKEN LIMIT EXCEEDED"}`}, crm.TokenSpent, "quota_spent", 1},
		"the CRM's refusal":           {answer{400, `{"code":400,"error":"E","msg":"m"}`}, answer{200, none}, crm.Refused, "E", 0},
		"the CRM's word of the token": {answer{403, `{"code":403,"error":"E","msg":"PLEASE VALIDATE TOKEN"}`}, answer{200, none}, crm.TokenBad, "E", 0},
		"a 401":                       {answer{401, page}, answer{200, none}, crm.TokenBad, "token_refused", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var asked, inserts atomic.Int64
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				a := c.insert
				if strings.Contains(r.URL.Path, "query") {
					asked.Add(1)
					a = c.question
				} else {
					inserts.Add(1)
				}
				w.WriteHeader(a.status)
				_, _ = io.WriteString(w, a.body)
			})
			s := sender(t, url, []string{"secret"}, 1)
			s.Lanes.Know(crm.Quota{Limit: 100, Available: 100})
			before := s.Lanes.Left()
			claim := &held{}
			claim.taken = 9
			_, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), claim)
			e := new(crm.Error)
			if !errors.As(err, &e) || e.Class != c.want || e.Reason != c.reason || asked.Load() != c.asked || inserts.Load() != 1 {
				t.Errorf("%d inserts, %d questions, %v: %+v", inserts.Load(), asked.Load(), e.Class, e)
			}
			if released := strings.Contains(fmt.Sprint(claim.diary), "release"); released == (c.want == crm.Refused) {
				t.Errorf("%q", claim.diary)
			}
			spent := int64(before - s.Lanes.Left())
			if c.want == crm.Refused && spent != 1+c.asked {
				t.Errorf("%d of the quota, %d questions", spent, c.asked)
			}
		})
	}
}

// Where the question isn't answered either, nothing is known, and the row is sent again.
func TestRefusalOfWhichNothingIsKnownIsSentAgain(t *testing.T) {
	for name, question := range map[string]func(w http.ResponseWriter){
		"no answer": func(w http.ResponseWriter) { reset(w) },
		"throttled": func(w http.ResponseWriter) { w.WriteHeader(429) },
		"502":       func(w http.ResponseWriter) { w.WriteHeader(502) },
	} {
		t.Run(name, func(t *testing.T) {
			var inserts, asked atomic.Int64
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				switch {
				case strings.Contains(r.URL.Path, "query"):
					asked.Add(1)
					question(w)
				case inserts.Add(1) == 1:
					w.WriteHeader(403)
				default:
					_, _ = io.WriteString(w, success)
				}
			})
			sent, err := sender(t, url, []string{"secret"}, 1).Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
			if err != nil || sent.Attempts != 2 || asked.Load() != 1 {
				t.Errorf("%+v, %d questions, %v", sent, asked.Load(), err)
			}
		})
	}
}
