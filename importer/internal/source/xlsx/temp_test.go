package xlsx

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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

// No way to end a process leaves its temporary file behind.
func TestTemporaryFileDoesNotOutliveItsProcess(t *testing.T) {
	const folderOf, endOf = "WOLKVOX_IMPORT_TEST_FOLDER", "WOLKVOX_IMPORT_TEST_END"
	if folder := os.Getenv(folderOf); folder != "" {
		table := &stringTable{temp: []string{folder}}
		for range maxChunks + 2 {
			if err := table.add(make([]byte, chunkSize)); err != nil {
				t.Fatal(err)
			}
		}
		if table.spill == nil {
			t.Fatal("nothing was put into a file")
		}
		switch os.Getenv(endOf) {
		case "panic":
			panic("on purpose")
		case "exit":
			os.Exit(3)
		case "kill":
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				t.Fatal(err)
			}
			select {}
		}
	}
	if runtime.GOOS == "windows" {
		t.Skip("an open file has a name here")
	}
	for _, end := range []string{"panic", "exit", "kill"} {
		t.Run(end, func(t *testing.T) {
			folder := t.TempDir()
			child := exec.Command(os.Args[0], "-test.run=^TestTemporaryFileDoesNotOutliveItsProcess$")
			child.Env = append(os.Environ(), folderOf+"="+folder, endOf+"="+end)
			out, err := child.CombinedOutput()
			if _, ended := errors.AsType[*exec.ExitError](err); !ended || strings.Contains(string(out), "FAIL") && end != "panic" {
				t.Fatalf("%v: %s", err, out)
			}
			if names, err := os.ReadDir(folder); len(names) > 0 || err != nil {
				t.Errorf("%v is left, %v", names, err)
			}
		})
	}
}

// A damaged workbook gives back what its texts have taken, and leaves nothing.
func TestFailedOpenGivesItsTemporaryFileBack(t *testing.T) {
	table := &stringTable{temp: []string{t.TempDir()}}
	for range maxChunks + 2 {
		if err := table.add(make([]byte, chunkSize)); err != nil {
			t.Fatal(err)
		}
	}
	(&Book{strings: table}).Close()
	if _, err := table.spill.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
}
