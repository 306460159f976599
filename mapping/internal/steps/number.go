package steps

import (
	"fmt"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// buildNumber reads number: true, number: "," (the decimal mark), or number: {decimal:
// ","}, and brings numbers as people write them to 1234.56.
func buildNumber(d *Reader, n yamlfile.Node, c *Chain) Step {
	decimal := byte(0)
	switch {
	case yamlfile.IsFlag(n):
		if !d.Flag(n, "number") {
			return nil
		}
	case yamlfile.IsObject(n):
		for _, e := range d.Pairs(n, "number") {
			if e.Key != "decimal" {
				d.Unknown(e, "number", []string{"decimal"})
				continue
			}
			decimal = d.decimalMark(e.Value)
		}
	default:
		decimal = d.decimalMark(n)
	}
	return func(v string) (string, *Refusal) {
		if text.Blank(v) {
			return "", nil
		}
		number, word := text.ParseNumber(v, decimal)
		switch word {
		case "":
			return number, nil
		case "ambiguous_number":
			return "", &Refusal{Word: word, Message: fmt.Sprintf("%q may have thousands or decimals",
				text.Shorten(v, 40)),
				Hint: `say what the decimal mark is: number: {decimal: ","}`}
		}
		return "", &Refusal{Word: word, Message: fmt.Sprintf("%q is not a number", text.Shorten(v, 40)),
			Hint: "correct the cell, or send it as it is, without number"}
	}
}

// decimalMark reads the mark that stands before the decimals; the other one groups thousands.
func (d *Reader) decimalMark(n yamlfile.Node) byte {
	text, at, ok := d.Text(n, "the decimal mark")
	if ok && text != "," && text != "." {
		d.Mistake(at, `the decimal mark is "," or "."`)
		return 0
	}
	if !ok {
		return 0
	}
	return text[0]
}

// truths are the words for yes and no, folded.
var truths = map[string]bool{
	"true": true, "verdadero": true, "verdadeiro": true, "si": true, "s": true, "yes": true, "y": true, "sim": true,
	"1": true, "x": true, "on": true,
	"false": false, "falso": false, "no": false, "n": false, "nao": false, "0": false, "off": false,
}

// buildBool reads bool: true, which makes true and false of yes and no, or bool: [Sí, No]
// for other texts.
func buildBool(d *Reader, n yamlfile.Node, c *Chain) Step {
	yes, no := "true", "false"
	if yamlfile.IsFlag(n) {
		if !d.Flag(n, "bool") {
			return nil
		}
	} else {
		items := d.List(n)
		if len(items) != 2 {
			d.Mistake(yamlfile.At(n), "bool must be true, or the two texts to send: bool: [Sí, No]")
			return nil
		}
		yes, _, _ = d.Text(items[0], "the text for yes")
		no, _, _ = d.Text(items[1], "the text for no")
	}
	return func(v string) (string, *Refusal) {
		if text.Blank(v) {
			return "", nil
		}
		switch truth, known := truths[text.Fold(v)]; {
		case !known:
			return "", &Refusal{Word: "not_a_bool", Message: fmt.Sprintf("%q is neither yes nor no",
				text.Shorten(v, 40)),
				Hint: "correct the cell, or translate it by values", Value: v}
		case truth:
			return yes, nil
		}
		return no, nil
	}
}
