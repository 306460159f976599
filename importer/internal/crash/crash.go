// Package crash marks the points at which the tests kill the program. In the program
// that people use it does nothing: only a build with the tag crashtest has the rest.
package crash

// The points, in the order in which a row comes by them.
const (
	BeforeClaim  = "before-claim"
	AfterClaim   = "after-claim"
	AfterDial    = "after-dial"
	AfterHeaders = "after-headers"
	AfterBody    = "after-body"
	AfterAnswer  = "after-answer"
	AfterOutcome = "after-outcome"
	BeforeReport = "before-report"
	AfterReport  = "after-report"
)

// Points lists them.
func Points() []string {
	return []string{BeforeClaim, AfterClaim, AfterDial, AfterHeaders, AfterBody, AfterAnswer,
		AfterOutcome, BeforeReport, AfterReport}
}
