package usage_test

import (
	"errors"
	"io/fs"
	"testing"

	"wolkvox-import/importer/internal/usage"
)

func TestNoErrorIsNoMistake(t *testing.T) {
	if err := usage.Of(nil); err != nil {
		t.Errorf("%#v", err)
	}
}

func TestAMistakeKeepsWhatItIs(t *testing.T) {
	for _, err := range []error{usage.Of(fs.ErrNotExist), usage.Errorf("in.csv: %w", fs.ErrNotExist)} {
		var mistake *usage.Error
		if !errors.As(err, &mistake) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%#v", err)
		}
	}
	if got := usage.Errorf("row %d", 7).Error(); got != "row 7" {
		t.Error(got)
	}
}
