package crm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// A name of this machine may lead elsewhere; what counts is where a connection goes.
func TestPlainHTTPGoesToThisMachineAlone(t *testing.T) {
	plain, safe := client(t, "http://localhost:1", crm.Config{}), client(t, "https://localhost:1", crm.Config{})
	for address, here := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "127.9.8.7:1": true, "192.0.2.1:1": false, "[2001:db8::1]:1": false, "0.0.0.0:1": false} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := plain.Dial(ctx, address)
		cancel()
		if refused := strings.Contains(fmt.Sprint(err), "is not this machine"); refused == here {
			t.Errorf("%s: %v", address, err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err = safe.Dial(ctx, address)
		cancel()
		if strings.Contains(fmt.Sprint(err), "is not this machine") {
			t.Errorf("https goes anywhere, but not to %s: %v", address, err)
		}
	}
}

func TestServerThatIsNotThisMachineIsNotTheCRM(t *testing.T) {
	elsewhere := client(t, "http://localhost:1", crm.Config{})
	c := client(t, "http://localhost:1", crm.Config{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return elsewhere.Dial(ctx, "192.0.2.1:1") }})
	_, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	if class(t, err) != crm.Misdirected || !strings.Contains(err.Error(), "192.0.2.1:1, which is not this machine") {
		t.Errorf("%v", err)
	}
}

// net/http asks no proxy for localhost and 127.0.0.1, and would for localhost with a dot. It
// reads the environment once a process, so that this one is begun anew.
func TestPlainHTTPGoesByNoProxy(t *testing.T) {
	const proxy = "127.0.0.1:9"
	if os.Getenv("HTTP_PROXY") != "http://"+proxy {
		again := exec.Command(os.Args[0], "-test.run=^TestPlainHTTPGoesByNoProxy$")
		again.Env = append(os.Environ(), "HTTP_PROXY=http://"+proxy, "HTTPS_PROXY=http://"+proxy, "NO_PROXY=", "no_proxy=")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for address, want := range map[string]string{"http://localhost.:1": "localhost.:1", "https://crm.example:1": proxy} {
		var dialled string
		c := client(t, address, crm.Config{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = address
			return nil, errors.New("no")
		}})
		if _, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil)); err == nil || dialled != want {
			t.Errorf("%s: %s was connected to, not %s", address, dialled, want)
		}
	}
}

// One connection that is never made keeps nobody else from making one.
func TestConnectionThatHangsKeepsNobodyWaiting(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, success)
	})
	var dials atomic.Int64
	hung := make(chan struct{})
	var gone sync.WaitGroup
	gone.Add(1) // the first dial, which hangs
	defer gone.Wait()
	defer close(hung)
	c := client(t, url, crm.Config{Stall: 100 * time.Millisecond, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			defer gone.Done()
			<-hung
			return nil, errors.New("too late")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	if _, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil)); class(t, err) != crm.Unsent {
		t.Fatal(err)
	}
	if _, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil)); err != nil {
		t.Errorf("the next one waits for a place: %v", err)
	}
}
