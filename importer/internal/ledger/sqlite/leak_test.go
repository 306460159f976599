package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may be left when the tests are done.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
