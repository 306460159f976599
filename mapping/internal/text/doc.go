// Package text holds what is done to the texts of cells and names: functions of their
// arguments alone, which know nothing of mappings, fields or files.
package text
