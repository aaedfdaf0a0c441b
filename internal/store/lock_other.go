//go:build !(linux || darwin || freebsd || openbsd || netbsd || dragonfly)

package store

import "github.com/gofrs/flock"

// lockFile is a lock of the operating system's on a file: a killed process
// leaves none behind.
type lockFile struct{ lock *flock.Flock }

// lockPath locks the file at path. Its content stays empty: a locked file
// can't be written through another handle here. A heldError says that another
// process has the lock.
func lockPath(path string) (*lockFile, error) {
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err == nil && !ok {
		err = heldError{}
	}
	return &lockFile{l}, err
}

// release gives up the lock. The file stays: removing it would let two
// processes hold different ones.
func (l *lockFile) release() error { return l.lock.Unlock() }
