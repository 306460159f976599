//go:build !crashtest

package crash

// Point does nothing.
func Point(string) {}
