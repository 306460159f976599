package row

// A Problem is why one field of a row can't become part of a case.
type Problem struct {
	Field   string // as the mapping names it: contact, form.Asunto, attachments
	Error   string // stable word for programs, such as missing_value
	Message string // for the person, with the field
	Hint    string // what to do next
	Value   string // that a table lacks; "" otherwise
	Err     error  // beneath, if a file can't be opened
}
