package text

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML makes readable text of an HTML fragment: paragraphs, lists and quotations keep
// their shape, links their address, and images become [imagen: name]. Text without tags
// and entities comes back as it is. Names in angle brackets that are no elements of HTML,
// such as <nombre>, stay.
func FromHTML(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return strings.TrimSpace(s)
	}
	w := htmlWriter{}
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.text()
		case html.TextToken:
			if w.hidden == 0 {
				w.write(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw())
			w.open(z.Token(), raw)
		case html.EndTagToken:
			raw := string(z.Raw())
			w.close(z.Token(), raw)
		}
	}
}

// htmlWriter writes text while tags go by. It keeps no tree: an export's fragments are
// often cut off, and hostile ones are nested without an end.
type htmlWriter struct {
	out    bytes.Buffer
	breaks int  // line breaks that are due before the next text
	blank  bool // white space is due before the next text
	hidden int  // open elements that nobody sees
	pre    int
	quotes int
	quoted int   // how deep the text before was
	lists  []int // the open lists: the next item's number, or -1 for bullets
	cells  int   // of the table's row at hand
	link   htmlLink
}

type htmlLink struct {
	address string
	start   int // of its text in out
}

const deepestList = 8

// blocks are the elements that stand apart, with the line breaks around them.
var blocks = map[atom.Atom]int{
	atom.P: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Blockquote: 2, atom.Ul: 2,
	atom.Ol: 2, atom.Table: 2, atom.Pre: 2, atom.Hr: 2, atom.Dl: 2,
	atom.Div: 1, atom.Tr: 1, atom.Li: 1, atom.Section: 1, atom.Article: 1, atom.Header: 1, atom.Footer: 1, atom.Dt: 1,
	atom.Dd: 1, atom.Address: 1, atom.Form: 1, atom.Main: 1, atom.Figure: 1, atom.Center: 1,
}

// unseen are the elements whose text is not for reading.
var unseen = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Head: true, atom.Title: true,
	atom.Template: true, atom.Noscript: true}

// foreign handles what looks like a tag and is no element of HTML. It is text, such as
// <nombre> or <ana@correo.example>, unless a word processor has put it in: <o:p>.
func (w *htmlWriter) foreign(t html.Token, raw string) {
	if prefix, _, ok := strings.Cut(t.Data, ":"); !ok || len(prefix) > 3 || strings.Contains(t.Data, "@") {
		w.write(raw)
	}
}

// open and close handle a tag.
func (w *htmlWriter) open(t html.Token, raw string) {
	switch {
	case unseen[t.DataAtom]:
		if t.Type == html.StartTagToken {
			w.hidden++
		}
		return
	case w.hidden > 0:
		return
	case t.DataAtom == 0:
		w.foreign(t, raw)
		return
	}
	w.block(t.DataAtom)
	switch t.DataAtom {
	case atom.Br:
		w.breaks = min(w.breaks+1, 2)
	case atom.Ul:
		w.lists = append(w.lists, -1)
	case atom.Ol:
		start, err := strconv.Atoi(attribute(t, "start"))
		if err != nil || start < 0 {
			start = 1
		}
		w.lists = append(w.lists, start)
	case atom.Li:
		w.item()
	case atom.Blockquote:
		w.quotes++
	case atom.Pre:
		w.pre++
	case atom.Tr:
		w.cells = 0
	case atom.Td, atom.Th:
		if w.cells++; w.cells > 1 {
			w.write(" | ")
		}
	case atom.A:
		w.link = htmlLink{attribute(t, "href"), w.out.Len()} // one link can't stand in another
	case atom.Img:
		w.image(t)
	}
}

func (w *htmlWriter) close(t html.Token, raw string) {
	switch {
	case unseen[t.DataAtom]:
		w.hidden = max(w.hidden-1, 0)
		return
	case w.hidden > 0:
		return
	case t.DataAtom == 0:
		w.foreign(t, raw)
		return
	}
	switch t.DataAtom {
	case atom.Ul, atom.Ol:
		w.lists = w.lists[:max(len(w.lists)-1, 0)]
	case atom.Pre:
		w.pre = max(w.pre-1, 0)
	case atom.A:
		w.closeLink()
	}
	w.block(t.DataAtom)
	if t.DataAtom == atom.Blockquote {
		w.quotes = max(w.quotes-1, 0)
	}
}

// block asks for the line breaks around an element. Lists in lists stand close.
func (w *htmlWriter) block(a atom.Atom) {
	n := blocks[a]
	if (a == atom.Ul || a == atom.Ol) && len(w.lists) > 0 {
		n = 1
	}
	w.breaks = max(w.breaks, n)
}

func (w *htmlWriter) item() {
	depth := min(len(w.lists), deepestList)
	indent := strings.Repeat("  ", max(depth-1, 0))
	mark := "- "
	if last := len(w.lists) - 1; last >= 0 && w.lists[last] >= 0 {
		mark = fmt.Sprintf("%d. ", w.lists[last])
		w.lists[last]++
	}
	w.flush()
	w.out.WriteString(indent + mark)
}

// closeLink puts the address behind the link's text, unless the text says it already.
func (w *htmlWriter) closeLink() {
	l := w.link
	w.link = htmlLink{}
	scheme, rest, _ := strings.Cut(l.address, ":")
	text := strings.TrimSpace(string(w.out.Bytes()[min(l.start, w.out.Len()):]))
	switch strings.ToLower(scheme) {
	case "mailto":
		if address, _, _ := strings.Cut(rest, "?"); text == "" {
			w.write(address)
		}
	case "http", "https", "tel":
		if bareAddress(text) == bareAddress(l.address) {
			return
		}
		if text == "" {
			w.write(l.address)
			return
		}
		w.write(" (" + l.address + ")")
	}
}

func bareAddress(s string) string {
	for _, scheme := range []string{"https://", "http://", "tel:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	return strings.TrimSuffix(s, "/")
}

// image names a picture. One of no size is there to be counted, not to be seen.
func (w *htmlWriter) image(t html.Token) {
	for _, side := range []string{"width", "height"} {
		if v := attribute(t, side); v == "0" || v == "1" {
			return
		}
	}
	name := strings.Join(strings.Fields(attribute(t, "alt")), " ")
	if src := attribute(t, "src"); name == "" && !strings.HasPrefix(src, "data:") {
		src, _, _ = strings.Cut(src, "?")
		if name = path.Base(src); name == "." || name == "/" {
			name = ""
		}
	}
	if name == "" {
		w.write("[imagen]")
		return
	}
	w.write("[imagen: " + name + "]")
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// write appends text; white space in it becomes one blank, as in a browser.
func (w *htmlWriter) write(s string) {
	if w.pre > 0 {
		w.writeLines(s)
		return
	}
	for _, field := range splitSpace(s) {
		if field == " " {
			w.blank = true
			continue
		}
		w.flush()
		w.out.WriteString(field)
	}
}

// writeLines appends text whose line breaks count.
func (w *htmlWriter) writeLines(s string) {
	for i, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if i > 0 {
			w.breaks = min(w.breaks+1, 2)
		}
		if line = strings.TrimRight(line, " \t\r"); line != "" {
			w.flush()
			w.out.WriteString(line)
		}
	}
}

// splitSpace returns the words, and " " for the white space between and around them.
func splitSpace(s string) (parts []string) {
	start := 0
	for i, r := range s {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' || r == '\u00a0' {
			if i > start {
				parts = append(parts, s[start:i])
			}
			if n := len(parts); n == 0 || parts[n-1] != " " {
				parts = append(parts, " ")
			}
			start = i + len(string(r))
		}
	}
	if start < len(s) {
		parts = append(parts, s[start:])
	}
	return parts
}

// flush writes the line breaks or the blank that are due.
func (w *htmlWriter) flush() {
	quote := strings.Repeat("> ", min(w.quotes, deepestList))
	switch {
	case w.out.Len() == 0:
		w.out.WriteString(quote)
	case w.breaks > 0:
		for i := range w.breaks {
			w.out.WriteByte('\n')
			if i+1 < w.breaks {
				w.out.WriteString(strings.Repeat("> ", min(w.quoted, w.quotes, deepestList)))
			}
		}
		w.out.WriteString(quote)
	case w.blank && !bytes.HasSuffix(w.out.Bytes(), []byte(" ")):
		w.out.WriteByte(' ')
	}
	w.breaks, w.blank, w.quoted = 0, false, w.quotes
}

// text is what was written, without what markers of empty items leave at line ends.
func (w *htmlWriter) text() string {
	lines := strings.Split(w.out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
