package crm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// Lanes hand out the right to have a request in flight. Each token is a lane with so
// many places. A lane begins with one: until a first answer has shown that token and
// server are right, one request at a time is all that can go wrong.
type Lanes struct {
	places chan *Lane
	closed chan struct{} // when no lane is left

	mu    sync.Mutex
	open  int
	spent bool // a lane closed because of its quota
}

// Lane is one token's.
type Lane struct {
	token  string
	width  int
	lanes  *Lanes
	proven bool
	shut   bool
}

// NewLanes shares workers over the tokens evenly; each token has at least one place.
func NewLanes(tokens []string, workers int) *Lanes {
	l := &Lanes{places: make(chan *Lane, max(workers, len(tokens))), closed: make(chan struct{}), open: len(tokens)}
	for i, token := range tokens {
		width := workers / len(tokens)
		if i < workers%len(tokens) {
			width++
		}
		l.places <- &Lane{token: token, width: max(width, 1), lanes: l}
	}
	return l
}

// Enter waits for a place. It fails with the cause of ctx's end, or with an *Error
// where no lane is left.
func (l *Lanes) Enter(ctx context.Context) (*Lane, error) {
	for {
		if ctx.Err() != nil { // select would choose by chance where a place is free too
			return nil, context.Cause(ctx)
		}
		select {
		case <-ctx.Done():
		case <-l.closed:
			return nil, l.none()
		case lane := <-l.places:
			if !lane.isShut() {
				return lane, nil
			}
		}
	}
}

func (l *Lanes) none() *Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spent {
		return &Error{Verdict: TokenSpent, Reason: "quota_spent", Message: "the daily quota of every token is spent", Hint: hints[TokenSpent]}
	}
	return &Error{Verdict: TokenBad, Reason: "token_refused", Message: "no token is left", Hint: hints[TokenBad]}
}

// Leave gives the place back.
func (l *Lane) Leave() { l.lanes.places <- l }

// Proven opens the lane's other places: the CRM has worked on a case.
func (l *Lane) Proven() {
	l.lanes.mu.Lock()
	defer l.lanes.mu.Unlock()
	if l.proven {
		return
	}
	l.proven = true
	for range l.width - 1 {
		l.lanes.places <- l
	}
}

// Shut takes the lane out; requests of it that are in flight come to their end. It
// tells whether this call did it.
func (l *Lane) Shut(why Verdict) bool {
	l.lanes.mu.Lock()
	defer l.lanes.mu.Unlock()
	if l.shut {
		return false
	}
	l.shut = true
	l.lanes.spent = l.lanes.spent || why == TokenSpent
	if l.lanes.open--; l.lanes.open == 0 {
		close(l.lanes.closed)
	}
	return true
}

func (l *Lane) isShut() bool {
	l.lanes.mu.Lock()
	defer l.lanes.mu.Unlock()
	return l.shut
}

// String names the lane without giving its token away.
func (l *Lane) String() string {
	sum := sha256.Sum256([]byte(l.token))
	return "token #" + hex.EncodeToString(sum[:3])
}
