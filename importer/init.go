package importer

import (
	"context"

	"wolkvox-import/importer/internal/sample"
)

// Drafted is what Init wrote.
type Drafted = sample.Drafted

// Init writes a first mapping for an input into the reading's Mapping, beside the input if that is
// "". It never overwrites a file.
func Init(ctx context.Context, reading Reading) (Drafted, error) { return sample.Init(ctx, reading) }
