package xlsx_test

import (
	"maps"
	"slices"
)

func sorted(parts map[string]string) []string { return slices.Sorted(maps.Keys(parts)) }
