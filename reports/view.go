package reports

// A view is one table: its header, and the rows that a line adds to it, which go to an encoder.
type view struct {
	name   string
	header []string
	add    func(l *Line, to encoder) error
}

// results is the view that has a line for every row, and the only one in several formats.
const results = "results"

// views lists the tables of a set. Without a header there are none with cells of the source.
func views(header []string, keyless bool) []view {
	all := []view{everyRow(), sentAttachments()}
	if header != nil {
		all = append(all, rejects(header, keyless), changed(header))
	}
	return all
}

// columns of results, in every format.
var columns = []struct {
	name string
	of   func(o *Outcome) cell
}{
	{"file", func(o *Outcome) cell { return text(o.File) }},
	{"row", func(o *Outcome) cell { return number(o.Row) }},
	{"key", func(o *Outcome) cell { return shown(o.Key) }},
	{"status", func(o *Outcome) cell { return text(o.Status) }},
	{"wolkvox_id", func(o *Outcome) cell { return shown(o.WolkvoxID) }},
	{"id_prefijo", func(o *Outcome) cell { return shown(o.IDPrefijo) }},
	{"http_status", func(o *Outcome) cell { return filled(o.HTTPStatus) }},
	{"code", func(o *Outcome) cell { return shown(o.Code) }},
	{"error", func(o *Outcome) cell { return shown(o.Error) }},
	{"message", func(o *Outcome) cell { return shown(o.Message) }},
	{"hint", func(o *Outcome) cell { return text(o.Hint) }},
	{"attempts", func(o *Outcome) cell { return number(o.Attempts) }},
	{"attachments", func(o *Outcome) cell { return number(len(o.Attachments)) }},
	{"sent_bytes", func(o *Outcome) cell { return number(o.SentBytes) }},
	{"duration_ms", func(o *Outcome) cell { return number(o.Duration.Milliseconds()) }},
	{"finished_at", func(o *Outcome) cell { return moment(o.FinishedAt) }},
}

func everyRow() view {
	v := view{name: results}
	for _, c := range columns {
		v.header = append(v.header, c.name)
	}
	cells := make([]cell, len(columns))
	v.add = func(l *Line, to encoder) error {
		for i, c := range columns {
			cells[i] = c.of(&l.Outcome)
		}
		return to.row(cells)
	}
	return v
}

func sentAttachments() view {
	v := view{name: "attachments", header: []string{"key", "wolkvox_id", "n", "file", "bytes", "sha256"}}
	v.add = func(l *Line, to encoder) error {
		if l.Status != Created {
			return nil
		}
		for i, a := range l.Attachments {
			err := to.row([]cell{
				text(l.Key), text(l.WolkvoxID), number(i + 1), text(a.File), number(a.Bytes), text(a.SHA256),
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return v
}
