package row

// Row is what the readers of texts read while one row is applied. It is of one goroutine at
// a time.
type Row struct {
	Cells []string // of the header's columns; behind them the shown texts, see [Columns.Shown]
	Key   string   // what {{key}} stands for in a marker

	scratch []byte
	problem *Problem // met while a text was read
}

// Text reads a text out of a row. What keeps it from doing so is noted in the row.
type Text func(*Row) string

// Begin takes up another row.
func (r *Row) Begin(cells []string, key string) { r.Cells, r.Key, r.problem = cells, key, nil }

// fault notes why a text can't be read. The first counts.
func (r *Row) fault(p *Problem) {
	if r.problem == nil {
		r.problem = p
	}
}

// Fault returns the problem that was met since it was asked the last time, or nil.
func (r *Row) Fault() *Problem {
	p := r.problem
	r.problem = nil
	return p
}
