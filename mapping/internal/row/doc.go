// Package row reads texts out of the rows of an input.
//
// What a mapping says, such as {{Asunto}}, is tied once to the columns of an input. What is
// left for a row is a closure over numbers of columns:
//
//	"{{Asunto}}: {{hilo}}" ──NewTemplate──► Template ──Columns.Template──► func(dst, *Row)
//
// A reader that can't do its work notes a [Problem] in the row and goes on. Readers keep
// memory of their own, so what is compiled together is for one goroutine at a time.
package row
