package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"andon/internal/store/history"
)

// Options are what Open needs beside the address.
type Options struct {
	ReadOnly bool             // no lock, no migration, no writes
	Logger   *slog.Logger     // nil logs nothing
	Now      func() time.Time // nil is time.Now
	// Series says which parameters are recurring, moving or ignored, before
	// any other rule. Pipelines that it classifies otherwise than before are
	// derived again: see Derive. nil leaves what was configured before, for
	// commands that do not read the configuration; an empty list takes it back.
	Series history.SeriesRules
}

// Store is a history of runs. Its methods may be called concurrently.
type Store struct {
	path     string
	readOnly bool
	log      *slog.Logger
	now      func() time.Time

	seriesRules history.SeriesRules

	read  *readers
	gate  *gate
	dicts *dicts
	seen  *seenRuns
	codec *codec
	live  *feed

	failures failures

	writer  *writer   // nil when read-only
	lock    *lockFile // nil when read-only
	jobs    chan *job
	closing chan struct{}
	done    chan struct{}  // the writer has ended
	folding sync.WaitGroup // ends before the store is released
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
		path: path, readOnly: o.ReadOnly, log: o.Logger, now: o.Now, seriesRules: o.Series,
		jobs: make(chan *job), closing: make(chan struct{}), done: make(chan struct{}),
		live: newFeed(), gate: newGate(),
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
	} else if err := s.takeFiles(); err != nil {
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
	if s.codec, err = loadCodec(ctx, s.read.light); err != nil {
		return s.unavailable(err)
	}
	if s.seen, err = loadSeen(ctx, s.read.light); err != nil {
		return s.unavailable(err)
	}
	if s.readOnly {
		return nil
	}
	if err := s.read.openAll(ctx); err != nil {
		return s.unavailable(err)
	}
	if err := s.startWriter(ctx); err != nil {
		return err
	}
	s.narrow() // the log's files, which the driver has just made
	s.startFolding(ctx)
	return s.removeUntimed(ctx)
}

// takeFiles locks the store and sees to it that its owner alone can read it.
func (s *Store) takeFiles() error {
	if err := s.takeLock(); err != nil {
		return err
	}
	if narrowed := s.narrow(); len(narrowed) > 0 {
		s.log.Warn("other users of this machine could read the store; now its owner alone can", "files", narrowed)
	}
	return s.createPrivate()
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

// takeLock keeps a second writer off the file.
func (s *Store) takeLock() error {
	path := s.path + ".lock"
	lock, err := lockPath(path)
	held, isHeld := errors.AsType[heldError](err)
	switch {
	case err == nil:
		s.lock = lock
		return nil
	case isHeld:
		return &UnavailableError{What: fmt.Sprintf("%s has the store %s open for writing", held.holder(), s.path), Next: "stop it first, or give another path with --store", InUse: true}
	case errors.Is(err, syscall.ELOOP):
		return &UnavailableError{What: fmt.Sprintf("the lock file %s is a symbolic link", path), Next: "remove it; Andon makes a file of its own there", Err: err}
	default:
		return &UnavailableError{What: fmt.Sprintf("the lock file %s can't be made or written", path), Next: "check the permissions and the free space of its directory", Err: err}
	}
}

// heldError says that another process has a lock.
type heldError struct{ pid int } // 0 where it is not known

func (e heldError) Error() string { return e.holder() + " has the lock" }

func (e heldError) holder() string {
	if e.pid == 0 {
		return "another process"
	}
	return fmt.Sprintf("another process (pid %d)", e.pid)
}

// Close ends the writer after the pages that wait for it, writes the log back
// into the file and gives up the lock. A second call returns what the first
// did.
func (s *Store) Close() error {
	s.closed.Do(func() {
		close(s.closing)
		<-s.done
		s.folding.Wait()
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
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// Ready returns nil when the store answers. It waits for no other read.
func (s *Store) Ready(ctx context.Context) error {
	if s.isClosed() {
		return s.closedError()
	}
	var n int
	if err := s.read.ready.QueryRowContext(ctx, "SELECT count(*) FROM status").Scan(&n); err != nil {
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
