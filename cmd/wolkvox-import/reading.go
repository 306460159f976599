package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// reading is how inputs are read; run, check, explain and init have it in common. Its flags, and those
// that a command adds, are bound into the job itself.
// A flag that two commands share is declared here once: it means the same in both.
type reading struct {
	importer.Job
	passwordFile string
}

// flags are those of the commands that read an input by a mapping.
func (r *reading) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&r.Mapping, "mapping", "m", "", "mapping `FILE` (YAML); required")
	f.StringVar(&r.Out, "out", "", "`DIR` for the reports (default: beside you, named after the input)")
	f.StringVar(&r.When, "when", "",
		"only rows for which `EXPR` is true, as 'row[\"Estado\"] != \"Spam\"'; narrows the mapping's when")
	f.IntVar(&r.Limit, "limit", 0, "read only the first `N` rows")
	known := strings.Join(reports.Formats(), ", ")
	f.StringSliceVar(&r.Formats, "formats", []string{"csv", "xlsx"}, "of the results: "+known)
	complete(c, "formats", reports.Formats()...)
	_ = c.MarkFlagRequired("mapping") // the flag has just been made
	r.sourceFlags(c)
}

// sourceFlags are those that tell how an input is read.
func (r *reading) sourceFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.Attachments, "attachments", "", "`DIR` of the attachments, over the mapping's root")
	f.StringVar(&r.Sheet, "sheet", "", "`NAME` of the sheet, over what the mapping says")
	f.StringVar(&r.Delimiter, "delimiter", "", "`CHARACTER` between CSV cells, or tab")
	f.StringVar(&r.Encoding, "encoding", "", "`NAME` of the CSV's encoding, such as windows-1252")
	f.StringVar(&r.passwordFile, "password-file", "", "`FILE` with the password of a protected workbook")
}

// job is the job that the flags say. The password is read here, so that it is on no command line.
func (r *reading) job(inputs []string) (importer.Job, error) {
	job := r.Job
	job.Inputs, job.Stdin, job.Version = inputs, os.Stdin, version()
	if r.passwordFile != "" {
		content, err := os.ReadFile(r.passwordFile)
		if err != nil {
			return job, &importer.UsageError{Err: fmt.Errorf("the password file can't be read: %w", err)}
		}
		// An editor puts a line end behind the password. Blanks may be part of it, and stay.
		job.Password = strings.TrimRight(string(content), "\r\n")
	}
	return job, nil
}
