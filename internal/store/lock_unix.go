//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockFile is a lock of the operating system's on a file: a killed process
// leaves none behind.
type lockFile struct{ f *os.File }

// lockPath locks the file at path and writes this process's id into it. It
// opens the file once and follows no link, so what it truncates is the file
// that it has locked: in a directory that others may write, path could be a
// link to any file of this user's. A heldError says that another process has
// the lock.
func lockPath(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // beside the operator's own file
	if err != nil {
		return nil, err
	}
	l := &lockFile{f}
	if err := l.take(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *lockFile) take() error {
	err := syscall.Flock(int(l.f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return err
	}
	written, err := io.ReadAll(io.LimitReader(l.f, 20))
	pid, notPID := strconv.Atoi(strings.TrimSpace(string(written)))
	if err != nil || notPID != nil {
		return heldError{}
	}
	return heldError{pid}
}

// release gives up the lock. The file stays: removing it would let two
// processes hold different ones.
func (l *lockFile) release() error { return l.f.Close() }
