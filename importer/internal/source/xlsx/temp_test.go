package xlsx

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestTemporaryFileIsInTheFirstFolderThatTakesIt(t *testing.T) {
	none, folder := filepath.Join(t.TempDir(), "none"), t.TempDir()
	temp, err := NewTemp(none, folder)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(folder); runtime.GOOS != "windows" && len(names) > 0 || err != nil {
		t.Errorf("%v can be seen, %v", names, err)
	}
	if _, err := temp.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(temp); err != nil || string(content) != "text" {
		t.Errorf("%q, %v", content, err)
	}
	if err := temp.Close(); err != nil {
		t.Error(err)
	}
	if names, err := os.ReadDir(folder); len(names) > 0 || err != nil {
		t.Errorf("%v is left, %v", names, err)
	}
	if _, err := NewTemp(none); err == nil {
		t.Error("a file was made in no folder")
	}
}
