package importer_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// line is a connection to a CRM that can be damaged.
func (d *desk) line() *toxiproxy.Proxy {
	d.t.Helper()
	server := httptest.NewServer(d.crm)
	d.t.Cleanup(server.Close)
	quiet := zerolog.New(io.Discard)
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), quiet)
	proxy := toxiproxy.NewProxy(proxies, "crm", "127.0.0.1:0", strings.TrimPrefix(server.URL, "http://"))
	if err := proxy.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(proxy.Stop)
	d.job.Server = "http://" + proxy.Listen
	return proxy
}

// TestDamagedLines sends rows over lines that break in every part of a request and of
// its answer. Whatever breaks: no row has two cases, and the outcomes add up. Once the
// line is whole and the CRM has been asked, each row has its one case.
func TestDamagedLines(t *testing.T) {
	for name, toxic := range map[string]string{
		"cut before the headers are whole": `{"type":"limit_data","stream":"upstream","attributes":{"bytes":40}}`,
		"cut in the body":                  `{"type":"limit_data","stream":"upstream","attributes":{"bytes":20000}}`,
		"cut behind some bodies":           `{"type":"limit_data","stream":"upstream","attributes":{"bytes":2600}}`,
		"cut before the answer":            `{"type":"limit_data","stream":"downstream","attributes":{"bytes":1}}`,
		"cut in the answer":                `{"type":"limit_data","stream":"downstream","attributes":{"bytes":150}}`,
		"cut behind some answers":          `{"type":"limit_data","stream":"downstream","attributes":{"bytes":1000}}`,
		"reset on the way there":           `{"type":"reset_peer","stream":"upstream","toxicity":0.5,"attributes":{"timeout":3}}`,
		"reset on the way back":            `{"type":"reset_peer","stream":"downstream","toxicity":0.5,"attributes":{"timeout":3}}`,
		"silent on the way there":          `{"type":"timeout","stream":"upstream","toxicity":0.5,"attributes":{"timeout":0}}`,
		"silent on the way back":           `{"type":"timeout","stream":"downstream","toxicity":0.5,"attributes":{"timeout":0}}`,
		"in small pieces":                  `{"type":"slicer","stream":"upstream","attributes":{"average_size":700,"size_variation":300,"delay":50}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, sandbox.Config{})
			proxy := d.line()
			if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
				t.Fatal(err)
			}
			d.job.Timeout, d.job.Workers = time.Second, 4
			input := d.csv("in.csv", columns, rows(24))
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second) // a line that never works is tried for a minute
			defer cancel()
			d.runUntil(ctx, input)
			d.byTicket() // none twice

			proxy.Toxics.ResetToxics(t.Context())
			time.Sleep(50 * time.Millisecond)
			for range 10 {
				d.auto(0)
				n := d.run(input).Summary.Outcomes
				if n[reports.Skipped] == 24 {
					break
				}
			}
			if got := len(d.byTicket()); got != 24 {
				t.Errorf("%d cases of 24 rows: %s", got, fmt.Sprint(d.run(input).Summary.Outcomes))
			}
		})
	}
}
