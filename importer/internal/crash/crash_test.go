//go:build !crashtest

package crash_test

import (
	"testing"

	"wolkvox-import/importer/internal/crash"
)

// In the program that people use, no variable and no point ends anything.
func TestPointsDoNothingInTheProgram(t *testing.T) {
	seen := map[string]bool{}
	for _, point := range crash.Points() {
		t.Setenv("WOLKVOX_IMPORT_CRASH", point+":1")
		crash.Point(point)
		if seen[point] || point == "" {
			t.Errorf("the point %q is listed twice, or has no name", point)
		}
		seen[point] = true
	}
	if !seen[crash.AfterClaim] || !seen[crash.AfterAnswer] {
		t.Errorf("points are missing: %v", seen)
	}
}
