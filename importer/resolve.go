package importer

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/proof"
	"wolkvox-import/importer/internal/usage"
)

// Resolver settles rows in doubt by proof. Package proof says what proves that a row has a case, or
// none.
type Resolver struct {
	CRM
	Surroundings
	Ledger      string // file
	ServerMoved bool   // the ledger's server has a new name

	// Margin is how long nothing of a request can have left before "there is no such case" may be
	// believed; 0 is no time.
	Margin time.Duration
}

// Settled is what came of a row in doubt.
type Settled = proof.Settled

// Auto asks the CRM for the case of every row in doubt, by the row's marker and by its contact. When
// ctx ends, the rows that were not asked for stay in doubt, and say so; that is no error.
func (v *Resolver) Auto(ctx context.Context) ([]Settled, error) {
	v.Log = cmp.Or(v.Log, slog.New(slog.DiscardHandler))
	v.Tokens = distinct(v.Tokens)
	v.Timeout = cmp.Or(v.Timeout, time.Minute)
	server, err := v.CRM.server(v.Log)
	if err != nil {
		return nil, err
	}
	// There is no mapping here, so the ledger says whose cases are looked for.
	operation, _, err := sqlite.BindingOf(v.Ledger)
	if err != nil {
		return nil, usage.Of(err)
	}
	l, err := openBound(v.Ledger, operation, server, v.ServerMoved)
	if err != nil {
		return nil, err
	}
	defer closed(l, v.Log)
	// One question at a time for each token: an answer is worth more than speed.
	sender := &pace.Sender{
		Client:    v.CRM.client(server, len(v.Tokens), v.Version),
		Gate:      pace.Gate{Lanes: pace.NewLanes(v.Tokens, len(v.Tokens))},
		Operation: operation,
		Log:       v.Log,
	}
	s := &proof.Settler{Ledger: l, Sender: sender, Clock: v.Clock, Log: v.Log, Margin: v.Margin}
	return s.Settle(ctx)
}
