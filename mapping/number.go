package mapping

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"wolkvox-import/mapping/internal/text"
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
		if text.Blank(v) {
			return "", nil
		}
		number, word := text.ParseNumber(v, decimal)
		switch word {
		case "":
			return number, nil
		case "ambiguous_number":
			return "", &Problem{Field: f.name, Error: word, Message: fmt.Sprintf("%s: %q may have thousands or decimals", f.name, text.Shorten(v, 40)),
				Hint: `say what the decimal mark is: number: {decimal: ","}`}
		}
		return "", &Problem{Field: f.name, Error: word, Message: fmt.Sprintf("%s: %q is not a number", f.name, text.Shorten(v, 40)),
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
		if text.Blank(v) {
			return "", nil
		}
		switch truth, known := truths[text.Fold(v)]; {
		case !known:
			return "", &Problem{Field: f.name, Error: "not_a_bool", Message: fmt.Sprintf("%s: %q is neither yes nor no", f.name, text.Shorten(v, 40)),
				Hint: "correct the cell, or translate it by values", Value: v}
		case truth:
			return yes, nil
		}
		return no, nil
	}
}
