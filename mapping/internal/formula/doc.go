// Package formula is the expressions of the language: those of `expr`, which yield a value,
// and those of `when`, which are true or false.
//
// An expression sees the cells of its row as row["column"]. It can't loop, read a clock or
// leave the row: it ends after as many steps as it is long, and gives the same for the same
// row tomorrow.
package formula
