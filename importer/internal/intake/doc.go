// Package intake opens what a job reads: the mapping and the inputs, tied to each other. Either
// all of it is open, or nothing is and all mistakes of all files are said at once.
//
//	Reading ──Open──► Inputs ──► Input ──Whole──► batches of Rows ──FindKey, Case──► a case
//
// Its rules:
//
//   - Every look at an input goes through the one handle that its rows come from, so that a file
//     that is replaced meanwhile is never mixed with the one before.
//   - A row that can't be read travels with its error in it, and keeps its number.
//   - A rejects file was written by this program. It is read as it was written, and what a
//     spreadsheet has visibly done to it is a row's error.
package intake
