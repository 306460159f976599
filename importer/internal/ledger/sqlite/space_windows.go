package sqlite

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func free(dir string) (bytes uint64, ok bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil || windows.GetDiskFreeSpaceEx(path, &bytes, nil, nil) != nil {
		return 0, false
	}
	return bytes, true
}

func remote(dir string) (kind string, is bool) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(absolute) + `\`)
	if err != nil {
		return "", false
	}
	return "network drive", windows.GetDriveType(root) == windows.DRIVE_REMOTE
}
