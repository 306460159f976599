package reports

import "slices"

// Total sums up the imports of several inputs and keeps each of them in Inputs; of one input
// it is that one. What a run says but once, such as its server, is taken from the first.
func Total(parts []Summary) Summary {
	if len(parts) == 0 {
		return Summary{}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	t := Summary{About: parts[0].About, Inputs: parts}
	t.Input, t.RowsRead = Source{}, 0
	for _, p := range parts {
		t.include(p)
	}
	return t
}

// include adds the counts of one input to those of all.
func (s *Summary) include(p Summary) {
	for status, n := range p.Outcomes {
		s.count(status, n)
	}
	for _, g := range p.ByError {
		s.merge(g)
	}
	s.RowsRead += p.RowsRead
	s.Changed += p.Changed
	s.Known += p.Known
	s.Attachments += p.Attachments
	s.SentBytes += p.SentBytes

	if s.StartedAt.IsZero() || !p.StartedAt.IsZero() && p.StartedAt.Before(s.StartedAt) {
		s.StartedAt = p.StartedAt
	}
	if p.FinishedAt.After(s.FinishedAt) {
		s.FinishedAt = p.FinishedAt
	}
	if s.Ended == "" {
		s.Ended = p.Ended
	}
	if weight(p.ExitStatus) > weight(s.ExitStatus) {
		s.ExitStatus = p.ExitStatus
	}
}

// weight orders exit statuses by which of several is shown.
func weight(status int) int { return slices.Index([]int{0, 3, 5, 2, 1, 4}, status) }
