package mapping

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// buildNumber reads number: true, number: "," (the decimal mark), or number: {decimal:
// ","}, and brings numbers as people write them to 1234.56.
func buildNumber(d *decoder, n ast.Node, f *field) step {
	decimal := byte(0)
	switch n := n.(type) {
	case *ast.BoolNode:
		if !d.flag(n, "number") {
			return nil
		}
	case *ast.MappingNode, *ast.MappingValueNode:
		for _, e := range d.pairs(n, "number") {
			if e.key != "decimal" {
				d.unknown(e, "number", []string{"decimal"})
				continue
			}
			decimal = d.decimalMark(e.value)
		}
	default:
		decimal = d.decimalMark(n)
	}
	return func(v string) (string, *Problem) {
		if blank(v) {
			return "", nil
		}
		number, word := parseNumber(v, decimal)
		switch word {
		case "":
			return number, nil
		case "ambiguous_number":
			return "", &Problem{Field: f.name, Error: word, Message: fmt.Sprintf("%s: %q may have thousands or decimals", f.name, shorten(v, 40)),
				Hint: `say what the decimal mark is: number: {decimal: ","}`}
		}
		return "", &Problem{Field: f.name, Error: word, Message: fmt.Sprintf("%s: %q is not a number", f.name, shorten(v, 40)),
			Hint: "correct the cell, or send it as it is, without number"}
	}
}

func (d *decoder) decimalMark(n ast.Node) byte {
	text, at, ok := d.text(n, "the decimal mark")
	if ok && text != "," && text != "." {
		d.mistake(at, `the decimal mark is "," or "."`)
		return 0
	}
	if !ok {
		return 0
	}
	return text[0]
}

// parseNumber returns a number as 1234.56, or the word for what is wrong with it.
// Currency signs, blanks and a minus in any of its places are understood. decimal is the
// decimal mark; 0 finds it out where the number leaves no doubt.
func parseNumber(v string, decimal byte) (number, wrong string) {
	text, negative := bareNumber(v)
	if text == "" || strings.Trim(text, "0123456789.,") != "" {
		return "", "not_a_number"
	}
	if decimal == 0 {
		if decimal, wrong = findDecimal(text); wrong != "" {
			return "", wrong
		}
	}
	thousands := byte('.')
	if decimal == '.' {
		thousands = ','
	}
	whole, fraction, _ := strings.Cut(text, string(decimal))
	if strings.ContainsAny(fraction, ".,") || !grouped(whole, thousands) {
		return "", "not_a_number"
	}
	whole = strings.TrimLeft(strings.ReplaceAll(whole, string(thousands), ""), "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return whole, ""
}

// bareNumber takes the sign, currency and blanks off.
func bareNumber(v string) (text string, negative bool) {
	v = strings.TrimSpace(v)
	if inner, ok := strings.CutPrefix(v, "("); ok && strings.HasSuffix(inner, ")") {
		v, negative = strings.TrimSuffix(inner, ")"), true
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Sc, r), r == '\'', r == '’':
			return -1
		case r == '\u2212':
			return '-'
		}
		return r
	}, v)
	for _, code := range []string{"COP", "USD", "EUR", "MXN", "BRL", "PEN", "CLP", "ARS", "US", "S/", "R"} {
		text = strings.TrimSuffix(strings.TrimPrefix(text, code), code)
	}
	for _, cut := range []func(string, string) (string, bool){strings.CutPrefix, strings.CutSuffix} {
		if rest, ok := cut(text, "-"); ok && !negative {
			text, negative = rest, true
		}
	}
	return strings.TrimPrefix(text, "+"), negative
}

// findDecimal finds the decimal mark. Where both marks occur, it is the last; where one
// occurs several times, the other. One mark with three digits behind it is a riddle.
func findDecimal(text string) (mark byte, wrong string) {
	dot, comma := strings.LastIndexByte(text, '.'), strings.LastIndexByte(text, ',')
	switch {
	case dot < 0 && comma < 0, dot > comma && comma >= 0:
		return '.', ""
	case comma > dot && dot >= 0:
		return ',', ""
	}
	at, other := max(dot, comma), byte('.')
	if text[at] == '.' {
		other = ','
	}
	switch {
	case strings.Count(text, text[at:at+1]) > 1:
		return other, ""
	case len(text)-at-1 == 3 && at > 0 && at <= 3 && text[0] != '0':
		return 0, "ambiguous_number"
	}
	return text[at], ""
}

// grouped tells whether the digits before the decimal mark are in groups of three, or in
// none.
func grouped(whole string, mark byte) bool {
	groups := strings.Split(whole, string(mark))
	for i, g := range groups {
		if strings.Trim(g, "0123456789") != "" || i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (len(g) == 0 || len(g) > 3) {
			return false
		}
	}
	return true
}

// truths are the words for yes and no, folded.
var truths = map[string]bool{
	"true": true, "verdadero": true, "verdadeiro": true, "si": true, "s": true, "yes": true, "y": true, "sim": true, "1": true, "x": true, "on": true,
	"false": false, "falso": false, "no": false, "n": false, "nao": false, "0": false, "off": false,
}

// buildBool reads bool: true, which makes true and false of yes and no, or bool: [Sí, No]
// for other texts.
func buildBool(d *decoder, n ast.Node, f *field) step {
	yes, no := "true", "false"
	if b, ok := n.(*ast.BoolNode); ok {
		if !b.Value {
			return nil
		}
	} else {
		items := d.list(n)
		if len(items) != 2 {
			d.mistake(where(n.GetToken()), "bool must be true, or the two texts to send: bool: [Sí, No]")
			return nil
		}
		yes, _, _ = d.text(items[0], "the text for yes")
		no, _, _ = d.text(items[1], "the text for no")
	}
	return func(v string) (string, *Problem) {
		if blank(v) {
			return "", nil
		}
		switch truth, known := truths[foldText(v)]; {
		case !known:
			return "", &Problem{Field: f.name, Error: "not_a_bool", Message: fmt.Sprintf("%s: %q is neither yes nor no", f.name, shorten(v, 40)),
				Hint: "correct the cell, or translate it by values", Value: v}
		case truth:
			return yes, nil
		}
		return no, nil
	}
}
