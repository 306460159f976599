package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestHTMLText(t *testing.T) {
	for html, want := range map[string]string{
		"  sin etiquetas\n\n\nni nada ":                                   "sin etiquetas\n\n\nni nada",
		"a &lt; b &amp;&nbsp;c &eacute;":                                  "a < b & c é",
		"si a < b y 1 <2":                                                 "si a < b y 1 <2",
		"Hola <nombre>, escriba a <ana@correo.example></nombre>":          "Hola <nombre>, escriba a <ana@correo.example></nombre>",
		"<o:p>x</o:p>":                                                    "x",
		"<p>uno</p><p>dos<br>tres</p>":                                    "uno\n\ndos\ntres",
		"<div>uno</div><div>dos</div>":                                    "uno\ndos",
		"<div><div><p>uno</p></div></div><div></div><div><p>dos</p>":      "uno\n\ndos",
		"uno<br><br><br><br>dos":                                          "uno\n\ndos",
		"a  <b> b</b> \n c":                                               "a b c",
		"<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>z":               "- a\n- b\n  - c\n\nz",
		"<ol start=3><li>a<li>b</ol>":                                     "3. a\n4. b",
		"<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>": "a | b\nc",
		`<a href="https://x.example/y">aquí</a>`:                          "aquí (https://x.example/y)",
		`<a href="https://x.example/">x.example</a>`:                      "x.example",
		`<a href="mailto:a@b?x=1">Ana</a> <a href="mailto:a@b?x=1"></a>`:  "Ana a@b",
		`<a href="javascript:x()">z</a> <a href="#a">y</a>`:               "z y",
		`<img src="cid:foto.png@01" alt="Foto  de casa">`:                 "[imagen: Foto de casa]",
		`<img src="https://x/y/foto.png?a=b">`:                            "[imagen: foto.png]",
		`<img src="data:image/png;base64,AAAA"><img width=1 src=x>`:       "[imagen]",
		"<style>p{}</style><script>var a = '<p>';</script>x<!-- y -->":    "x",
		"<head><title>t</title></head><body>x</body>":                     "x",
		"a<blockquote>b<p>c</p></blockquote>d":                            "a\n\n> b\n>\n> c\n\nd",
		"<pre>a  b\n  c</pre>":                                            "a  b\n  c",
		"<p>sin cerrar":                                                   "sin cerrar",
		"":                                                                "",
	} {
		if got := FromHTML(html); got != want {
			t.Errorf("%s\n got %q\nwant %q", html, got, want)
		}
	}
}

func TestHTMLTextEndsSoonWhateverItGets(t *testing.T) {
	start := time.Now()
	for _, piece := range []string{"<div>", "<ul><li>", "<blockquote>x", "<a href=https://x>", "<", "<p", "&", "<nombre>", "<table><tr><td>", "<pre>\n"} {
		FromHTML(strings.Repeat(piece, 200_000))
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func FuzzHTMLText(f *testing.F) {
	for _, s := range []string{"<p>a</p>", "<ul><li>x", "a <b", "<pre> \n x", "<blockquote>\n>", "<nombre>", "&nbsp;&#0;", "<table><td>|"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := FromHTML(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		if !strings.ContainsAny(s, "<&") {
			return
		}
		for line := range strings.SplitSeq(got, "\n") {
			if strings.TrimRight(line, " \t") != line {
				t.Errorf("%q ends in blanks", line)
			}
		}
	})
}
