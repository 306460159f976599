package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"wolkvox-import/importer"
)

// oneSignal is how long after the first signal others belong to it: who stops a program
// together with all that it started, as timeout does, sends it two.
const oneSignal = 200 * time.Millisecond

// interruptible ends the context at the first Ctrl-C or SIGTERM, or when the terminal is
// closed, so that what is in flight can end well. The second one ends the program at once, with the
// status that atOnce finds to be true then.
//
// The returned function gives the signals back to the system, so that a Ctrl-C behind a command's end
// ends the program as ever.
func interruptible(ctx context.Context, talk io.Writer, atOnce func() int) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // which nohup sees to
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader of the output that has gone is no reason to end
	// The goroutine waits for one signal and then for the next. It ends when the channel is closed.
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(talk, "wolkvox-import: stopping: what is in flight comes to its end; once more to stop at once")
		cancel()
		first := time.Now()
		for range signals {
			if time.Since(first) < oneSignal {
				continue
			}
			status := atOnce()
			said := "nothing was in flight"
			if status == importer.StatusInDoubt {
				said = "rows are in doubt; the next run, or resolve --list, says which"
			}
			fmt.Fprintln(talk, "wolkvox-import: stopped at once: "+said)
			os.Exit(status)
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel() }
}

// always is an atOnce of commands whose status doesn't depend on the moment.
func always(status int) func() int { return func() int { return status } }
