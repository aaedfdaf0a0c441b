package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// othersMay are the permissions that the files of a store do not give. They
// hold parameters, outputs and messages of every run, the log as well as the
// database.
const othersMay fs.FileMode = 0o077

// filesOf returns where the files of a store are. Those of SQLite's log exist
// while the store is open.
func filesOf(path string) []string {
	return []string{path, path + "-wal", path + "-shm", path + ".lock"}
}

// ReadableByOthers returns which files of the store at dsn other users of the
// machine may read or write. It is empty where a file's mode does not say so,
// as on Windows.
func ReadableByOthers(dsn string) ([]string, error) {
	path, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	var wide []string
	for _, file := range filesOf(path) {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case runtime.GOOS != "windows" && info.Mode().Perm()&othersMay != 0:
			wide = append(wide, file)
		}
	}
	return wide, nil
}

// createPrivate makes the file of a new store before the driver does, which
// would let others read it.
func (s *Store) createPrivate() error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return &UnavailableError{What: fmt.Sprintf("the store %s can't be created", s.path), Next: "check the permissions and the free space of its directory", Err: err}
	}
	return nil
}

// narrow takes the files of the store away from other users, and returns those
// that they had. A file that can't be changed, such as another user's, is
// logged and used as it is.
func (s *Store) narrow() (narrowed []string) {
	wide, err := ReadableByOthers("sqlite:" + s.path)
	if err != nil {
		s.log.Warn("whether other users can read the store is not known", "error", err)
	}
	for _, file := range wide {
		info, err := os.Stat(file)
		if err == nil {
			err = os.Chmod(file, info.Mode().Perm()&^othersMay)
		}
		if err != nil {
			s.log.Warn("other users of this machine can read the store, and its mode can't be changed", "file", file, "error", err)
			continue
		}
		narrowed = append(narrowed, file)
	}
	return narrowed
}
