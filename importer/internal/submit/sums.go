package submit

import (
	"os"
	"sync"

	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// sums remembers the sha256 of files, since many rows may have the same one, such as a form
// or the picture in a signature: computing it takes longer than sending the file to a
// server nearby. A file is the same one only if its path, size and time are. The zero value is ready.
type sums struct {
	mu    sync.Mutex
	known map[mapping.Version]string
}

// mostSums bounds what is remembered; beyond it everything is forgotten.
const mostSums = 4096

// of returns the sum of a file, or "" if it isn't known.
func (s *sums) of(a *mapping.Attachment) string {
	version, _ := a.Version()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[version]
}

// keep remembers the sums of a case's files, but for those that changed while they were
// read, or may have done so without their time showing it.
func (s *sums) keep(c *mapping.Case, files []*os.File, sent []reports.Attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range files {
		a := &c.Attachments[i]
		version, settled := a.Version()
		// A file of just now may be written to within the same tick of the disk's clock.
		if _, known := s.known[version]; known || !settled || a.Changed(f) {
			continue
		}
		if s.known == nil || len(s.known) >= mostSums {
			s.known = map[mapping.Version]string{}
		}
		s.known[version] = sent[i].SHA256
	}
}
