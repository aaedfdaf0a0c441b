package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// Options are what Open needs beside the address.
type Options struct {
	ReadOnly bool             // no lock, no migration, no writes
	Logger   *slog.Logger     // nil logs nothing
	Now      func() time.Time // nil is time.Now
}

// Store is a history of runs. Its methods may be called concurrently.
type Store struct {
	path     string
	readOnly bool
	log      *slog.Logger
	now      func() time.Time

	read  *sql.DB // committed state only
	dicts *dicts
	seen  *seenRuns
	codec *codec
	live  *feed

	writer  *writer      // nil when read-only
	lock    *flock.Flock // nil when read-only
	jobs    chan *job
	closing chan struct{}
	done    chan struct{} // the writer has ended
	closed  sync.Once
	failed  error                   // of closing
	trouble atomic.Pointer[Trouble] // why nothing can be written; nil while it can
}

// Open opens the store at dsn, "sqlite:" and the path of a file, creates it
// where there is none and brings its schema up to date. It returns an
// InvalidError for an address that can't be a store, and an UnavailableError
// for a file that can't be used as it is: it belongs to another program, to a
// newer version, to a running process, or can't be written.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	path, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, readOnly: o.ReadOnly, log: o.Logger, now: o.Now,
		jobs: make(chan *job), closing: make(chan struct{}), done: make(chan struct{}),
		live: newFeed(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx); err != nil {
		if s.writer != nil {
			return nil, errors.Join(err, s.Close())
		}
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.checkFile(); err != nil {
		return err
	}
	if s.readOnly {
		close(s.done)
	} else if err := s.takeLock(); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	var err error
	if s.read, err = openReaders(s.path); err != nil {
		return s.unavailable(err)
	}
	if s.dicts, err = loadDicts(ctx, s.read); err != nil {
		return s.unavailable(err)
	}
	if s.codec, err = loadCodec(ctx, s.read); err != nil {
		return s.unavailable(err)
	}
	if s.seen, err = loadSeen(ctx, s.read); err != nil {
		return s.unavailable(err)
	}
	if s.readOnly {
		return nil
	}
	if err := openAll(ctx, s.read); err != nil {
		return s.unavailable(err)
	}
	if err := s.startWriter(ctx); err != nil {
		return err
	}
	return s.removeUntimed(ctx)
}

// parseDSN returns the path in "sqlite:PATH".
func parseDSN(dsn string) (string, error) {
	if strings.HasPrefix(dsn, "postgres:") || strings.HasPrefix(dsn, "postgresql:") {
		return "", &InvalidError{Field: "store", Problem: "can't be PostgreSQL in this version: give sqlite: and the path of a file, such as sqlite:andon.db"}
	}
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	path = strings.TrimPrefix(path, "//")
	if !ok || path == "" || strings.HasPrefix(path, ":memory:") || strings.ContainsAny(path, "?\x00") {
		return "", &InvalidError{Field: "store", Problem: fmt.Sprintf("%q is not an address: give sqlite: and the path of a file, such as sqlite:andon.db", dsn)}
	}
	return path, nil
}

// checkFile refuses what SQLite would refuse later and in fewer words.
func (s *Store) checkFile() error {
	dir := filepath.Dir(s.path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &UnavailableError{What: fmt.Sprintf("the directory %s of the store does not exist", dir), Next: "create it, or give another path with --store", Err: err}
	}
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, os.ErrNotExist) && s.readOnly:
		return &UnavailableError{What: fmt.Sprintf("the store %s does not exist", s.path), Next: "check the path given with --store", Err: err}
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return &UnavailableError{What: fmt.Sprintf("the store %s can't be looked at", s.path), Next: "check the permissions of its directory", Err: err}
	case info.IsDir():
		return &UnavailableError{What: fmt.Sprintf("the store %s is a directory", s.path), Next: "give the path of a file with --store"}
	}
	return s.checkHeader(info.Size())
}

func (s *Store) checkHeader(size int64) error {
	flag := os.O_RDWR
	if s.readOnly {
		flag = os.O_RDONLY
	}
	f, err := os.OpenFile(s.path, flag, 0)
	if err != nil {
		return &UnavailableError{What: fmt.Sprintf("the store %s can't be opened for writing", s.path), Next: "check its permissions and its file system", Err: err}
	}
	defer f.Close() //nolint:errcheck // nothing was written
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	if n, err := f.Read(head); size > 0 && (err != nil || string(head[:n]) != magic) {
		return &UnavailableError{What: fmt.Sprintf("the file %s is not a SQLite database", s.path), Next: "give another path with --store; this file was left as it is", Err: err}
	}
	return nil
}

// takeLock keeps a second writer off the file. The lock is the operating
// system's, so a killed process leaves none behind; the file stays, since
// removing it would let two processes hold different ones.
func (s *Store) takeLock() error {
	path := s.path + ".lock"
	s.lock = flock.New(path, flock.SetPermissions(0o600))
	ok, err := s.lock.TryLock()
	if err != nil {
		return &UnavailableError{What: fmt.Sprintf("the lock file %s can't be made", path), Next: "check the permissions and the free space of its directory", Err: err}
	}
	if !ok {
		who := "another process"
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 && len(b) < 20 { //nolint:gosec // beside the operator's own file
			who = "another process (pid " + strings.TrimSpace(string(b)) + ")"
		}
		s.lock = nil
		return &UnavailableError{What: fmt.Sprintf("%s has the store %s open for writing", who, s.path), Next: "stop it first, or give another path with --store", InUse: true}
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
		return &UnavailableError{What: fmt.Sprintf("the lock file %s can't be written", path), Next: "check the free space of its directory", Err: err}
	}
	return nil
}

// Close ends the writer after the pages that wait for it, writes the log back
// into the file and gives up the lock. A second call returns what the first
// did.
func (s *Store) Close() error {
	s.closed.Do(func() {
		close(s.closing)
		<-s.done
		s.live.close()
		s.failed = s.release()
	})
	return s.failed
}

// release closes what open has opened. The writer must have ended: its
// connection is the last to close and so removes the log.
func (s *Store) release() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

// Ready returns nil when the store answers.
func (s *Store) Ready(ctx context.Context) error {
	if s.isClosed() {
		return s.closedError()
	}
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM status").Scan(&n); err != nil {
		return s.unavailable(err)
	}
	return nil
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Store) closedError() error {
	return &UnavailableError{What: fmt.Sprintf("the store %s is closed", s.path), Next: "start andon again"}
}
