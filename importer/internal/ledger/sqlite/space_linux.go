package sqlite

import "golang.org/x/sys/unix"

// remoteKinds are file systems whose files are on another machine, by their magic numbers. SQLite's
// WAL needs memory that all processes share, which they don't give; and what they say they have
// synced, they may only have sent.
var remoteKinds = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.V9FS_MAGIC:       "9P",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.NCP_SUPER_MAGIC:  "NCP",
}

// free is how much room is left on the disk of a folder, for users without privileges. ok is false if
// the system doesn't say; then nothing is refused.
func free(dir string) (bytes uint64, ok bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}

// remote tells whether a folder is on a network disk, and on which kind.
func remote(dir string) (kind string, is bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "", false
	}
	kind, is = remoteKinds[int64(s.Type)]
	return kind, is
}
