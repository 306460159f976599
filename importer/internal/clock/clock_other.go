//go:build !linux && !darwin

package clock

import "time"

// system tells nothing: Windows counts the time since its start, but has no name for the start,
// and a restart must not pass for time.
func system() (string, time.Duration) { return "", 0 }
