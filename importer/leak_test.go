package importer_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may be left when the tests are done, but those that the damaged lines of
// network_test.go leave behind themselves.
func TestMain(m *testing.M) {
	if latency := os.Getenv(serveLean); latency != "" {
		leanMain(latency)
	}
	const toxiproxy = "github.com/Shopify/toxiproxy/v2"
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(toxiproxy+"/toxics.(*ToxicStub).Run"), goleak.IgnoreAnyFunction(toxiproxy+".(*ToxicLink).read"), goleak.IgnoreAnyFunction(toxiproxy+".(*ToxicLink).write"))
}
