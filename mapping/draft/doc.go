// Package draft writes a first mapping for an input: what `init` proposes.
//
//	rows ──Add──► Guess ──decide──► which column has which role ──Write──► tickets.yaml
//
// What the cells prove is written with its reason. What only a person can know is a TODO,
// which the language refuses, so that no draft is run as it is.
package draft
