package mapping

import (
	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/yamlfile"
)

// decoder reads a mapping's YAML and collects its mistakes. We walk the nodes ourselves,
// because the library's own decoder stops at the first mistake.
type decoder struct {
	*steps.Reader
}

// A Table is the rows of a file that a mapping names.
type Table = lines.Table

// Tables opens such files. They are read as inputs are.
type Tables = lines.Tables

// Mistake is one thing wrong in a mapping file.
type Mistake = yamlfile.Mistake

// Mistakes are all mistakes of a mapping file, in its order.
type Mistakes = yamlfile.Mistakes
