package clock

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// boot is read once: it can't change while this process lives.
var boot = sync.OnceValue(func() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
})

func system() (string, time.Duration) {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil { // goes on while the computer sleeps
		return "", 0
	}
	return boot(), time.Duration(t.Nano())
}
