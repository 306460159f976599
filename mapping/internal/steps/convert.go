package steps

import (
	"maps"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/text"
)

// converters are what may stand behind a column in {{column|converter}}; the steps of the
// same names do the same to a whole field.
var converters = map[string]func(string) string{
	"trim":  strings.TrimSpace,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"fold":  text.Fold,
	"html":  text.FromHTML,
}

// Converter returns the converter of a name, or nil.
func Converter(name string) func(string) string { return converters[name] }

// Converters lists the names of the converters.
func Converters() []string { return slices.Sorted(maps.Keys(converters)) }
