package mapping

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// The API carries files without their names. With `names_in_description` the description
// has them, in sending order, and what was left out in any case, in Spanish as the cases
// are.
const (
	namesTitle   = "\n\nAdjuntos: "
	leftOutTitle = "\nNo adjuntados: "
)

var whyLeftOut = map[string]string{"missing_attachment": "no existe", "empty_attachment": "está vacío",
	"attachment_too_large": "es demasiado grande"}

// fileNames is what the description says of the row's files, "" if there is nothing
// to say.
func fileNames(g *gathering, named bool) string {
	if len(g.leftOut) == 0 && (len(g.files) == 0 || !named) {
		return ""
	}
	var b strings.Builder
	if named && len(g.files) > 0 {
		b.WriteString(namesTitle)
		for i := range g.files {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(baseName(g.files[i].Path))
		}
	}
	for i, l := range g.leftOut {
		switch {
		case i > 0:
			b.WriteString(", ")
		case b.Len() == 0:
			b.WriteString("\n" + leftOutTitle)
		default:
			b.WriteString(leftOutTitle)
		}
		fmt.Fprintf(&b, "%s (%s)", baseName(l.Name), whyLeftOut[l.Why])
	}
	return b.String()
}

func baseName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.Join(strings.Fields(name), " ")
}

// shortenNames keeps the list to so many characters. It says how many names it has
// dropped.
func shortenNames(names string, room int) string {
	if utf8.RuneCountInString(names) <= room {
		return names
	}
	list := strings.Split(names, ", ")
	for kept := len(list) - 1; kept > 0; kept-- {
		short := strings.Join(list[:kept], ", ") + fmt.Sprintf(" … (y %d más)", len(list)-kept)
		if utf8.RuneCountInString(short) <= room {
			return short
		}
	}
	return ""
}
