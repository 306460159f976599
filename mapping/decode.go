package mapping

import "wolkvox-import/mapping/internal/yamlfile"

// decoder reads a mapping's YAML and collects its mistakes. We walk the nodes ourselves,
// because the library's own decoder stops at the first mistake.
type decoder struct {
	*yamlfile.File
	tables Tables // nil where the mapping may name no files
}

// Mistake is one thing wrong in a mapping file.
type Mistake = yamlfile.Mistake

// Mistakes are all mistakes of a mapping file, in its order.
type Mistakes = yamlfile.Mistakes
