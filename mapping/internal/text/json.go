package text

// AppendString appends s as a JSON string. Unlike encoding/json it leaves < > &
// alone, since no browser reads the text as a script.
func AppendString(dst []byte, s string) []byte {
	return append(AppendEscaped(append(dst, '"'), s), '"')
}

// AppendEscaped appends what stands between the quotes. Whether it is UTF-8 is looked
// at once for the whole of a case.
func AppendEscaped(dst []byte, s string) []byte {
	for {
		i := special(s)
		dst = append(dst, s[:i]...)
		if i == len(s) {
			return dst
		}
		dst = appendEscape(dst, s[i])
		s = s[i+1:]
	}
}

// special returns where the first byte stands that a JSON string can't have as it is,
// or the length.
func special(s string) int {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

// appendEscape appends one byte in the shortest way that JSON has for it.
func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
