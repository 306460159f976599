package xlsx_test

import (
	"slices"
	"strings"
	"testing"
)

// small is a workbook of few bytes with something of everything in it.
func small(t testing.TB) []byte {
	name, part := texts(`<si><t>uno</t></si>`, `<si><r><t>dos</t></r></si>`)
	style, xfs := styles(`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>`)
	return sheet(t, `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" s="1"><v>45322</v></c><c r="B2" t="inlineStr"><is><t>ñ &amp; x</t></is></c></row><row r="3"><c r="A3"><v>3</v></c></row>`, name, part, style, xfs)
}

// Whatever is cut off or flipped: all rows as they were, or an error. A flip may also
// change what no checksum covers, such as the name of a part, and make a text of
// another; never may there be fewer rows.
func TestTruncationAtEveryByte(t *testing.T) {
	data := small(t)
	want := rows(t, data)
	for n := range data {
		if lines, err := read(t, data[:n]); err == nil && !slices.Equal(lines, want) {
			t.Fatalf("cut at %d: %q", n, lines)
		}
	}
}

func TestBitFlipAtEveryByte(t *testing.T) {
	data := small(t)
	want := rows(t, data)
	for n := range data {
		for bit := range 8 {
			flipped := slices.Clone(data)
			flipped[n] ^= 1 << bit
			if lines, err := read(t, flipped); err == nil && !slices.Equal(lines, want) {
				t.Errorf("bit %d of byte %d: %q", bit, n, lines)
			}
		}
	}
}

// FuzzSheet holds the rows against the row tags, counted without a parser.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{
		`<row r="1"><c r="A1"><v>1</v></c></row>`,
		`<row><c t="s"><v>0</v></c></row><row><c t="inlineStr"><is><t>a</t></is></c></row>`,
		`<row r="2"><c r="C2" t="e"><v>#N/A</v></c><c t="str"><f>x</f><v><![CDATA[<row><c/></row>]]></v></c></row>`,
		`<!-- <row> --><row r="1"><c r="A1" t="b"><v>1</v></c></row>`,
		`<x:row><x:c><x:v>1</x:v></x:c></x:row>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, part := texts(`<si><t>uno</t></si>`)
		lines, err := read(t, sheet(t, text, name, part))
		if err != nil || strings.ContainsAny(text, "!?:&") {
			return // sound sheets without sections to be passed over
		}
		tags := strings.Count(text, "<row")
		if len(lines) > tags {
			t.Errorf("%d rows of %d tags", len(lines), tags)
		}
		if plain := strings.Count(text, `<row><c><v>1</v></c></row>`); len(lines) < plain && !strings.Contains(text, "<row r=") && strings.HasPrefix(text, "<row><c><v>1</v></c></row>") {
			t.Errorf("%d rows of at least %d", len(lines), plain)
		}
	})
}
