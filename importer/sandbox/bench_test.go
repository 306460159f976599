package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wolkvox-import/importer/sandbox"
)

func BenchmarkInsert(b *testing.B) {
	for name, size := range map[string]int{"1KB": 1 << 10, "16MB": 16 << 20} {
		b.Run(name, func(b *testing.B) {
			crm := sandbox.New(sandbox.Config{})
			body := withAttachments(`["` + strings.Repeat("A", size) + `"]`)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequest(http.MethodPost, insert, strings.NewReader(body))
				request.Header.Set("Wolkvox-Token", "t")
				request.Header.Set("Content-Type", "application/json")
				crm.ServeHTTP(httptest.NewRecorder(), request)
			}
		})
	}
}
