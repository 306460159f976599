// Package steps is what can be done to the value of a field, one table of it.
//
// The steps of a field are read from its YAML into a [Chain]. They are applied in the order
// of the table, whatever their order in the file. A step knows the value alone: neither the
// field, which messages name, nor the row.
package steps
