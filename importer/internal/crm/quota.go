package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const quotaPath = "/server/API/v2/token/tokenInformation.php"

// Quota is what a token may do in a day. It is the zero value if the CRM doesn't say.
type Quota struct {
	Limit     int       // requests a day
	Available int       // of these, still
	Renewed   time.Time // zero if that isn't known
}

// Quota asks what the token may still do. The question costs one request itself, and is refused as
// an insert is once the quota is spent. Its error is that of Query.
func (c *Client) Quota(ctx context.Context, token, operation string) (q Quota, err error) {
	defer hide(token, &err)
	address := c.config.Server.url(quotaPath) + "?operation=" + url.QueryEscape(operation)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Quota{}, fmt.Errorf("the question can't be made: %w", err)
	}
	r, err := c.ask(request, token)
	if err != nil {
		return Quota{}, err
	}
	a, e, err := r.read(time.Now())
	if err != nil {
		return Quota{}, err
	}
	return a.quota(e, time.Now())
}

// quota reads the CRM's word for it. The time of its renewal comes in whole hours, rounded in a way
// that isn't known: whoever waits for it may come an hour too early. e is the error to give an
// answer of no use.
func (a answer) quota(e *Error, now time.Time) (Quota, error) {
	var said struct {
		Limit     json.RawMessage `json:"token_limit"`
		Available json.RawMessage `json:"available_consumition_options"`
		Hours     json.RawMessage `json:"hours_to_restart_count"`
	}
	data := bytes.Trim(bytes.TrimSpace(a.Data), "[]") // an object, or a list of one
	if err := json.Unmarshal(data, &said); err != nil {
		return Quota{}, e.as(InDoubt, "unknown_answer", "the CRM says nothing of the token's quota")
	}
	limit, ok := wholeNumber(said.Limit)
	available, ok2 := wholeNumber(said.Available)
	if !ok || !ok2 || limit <= 0 {
		return Quota{}, e.as(InDoubt, "unknown_answer", "the CRM says nothing of the token's quota")
	}
	q := Quota{Limit: limit, Available: max(available, 0)}
	if hours, ok := wholeNumber(said.Hours); ok && hours >= 1 && hours <= 48 { // 0 says nothing of the time
		q.Renewed = now.Add(time.Duration(hours) * time.Hour)
	}
	return q, nil
}
