package store

import (
	"errors"
	"os"
	"path/filepath"

	"andon/internal/adf"
)

// KindStore is the kind of Trouble that is the store's own.
const KindStore = "store"

// noteWrite remembers how the last transaction ended. What the collector finds
// while nothing can be written can't be kept either, so the store itself has to
// tell.
func (s *Store) noteWrite(err error) {
	if err == nil {
		s.trouble.Store(nil)
		return
	}
	var u *UnavailableError
	if !errors.As(s.unavailable(err), &u) || s.isClosed() {
		return // one job's fault
	}
	t := &Trouble{Kind: KindStore, What: u.What, Where: "the store", Advice: u.Next, At: adf.TimeOf(s.now())}
	if before := s.trouble.Load(); before != nil && before.What == t.What {
		t.At = before.At // since when it lasts
	}
	s.trouble.Store(t)
}

// tellTrouble puts the store's own trouble in the place of what it could be
// told of a factory last. A factory that is not read for a reason of its own
// keeps that reason.
func (s *Store) tellTrouble(f *Factory) {
	t := s.trouble.Load()
	if t == nil {
		return
	}
	switch f.State {
	case StateFresh:
		f.State = StateStale // SQLite has waited for seconds before it gave up
		fallthrough
	case StateFilling, StateStale:
		told := *t
		f.LastError = &told
	case StateRefused, StateGone, StateNotCollected:
	}
}

// probe finds out why a file can't be written, nil when nothing speaks against
// it: whether it may be, and whether there is room beside it.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator's own file
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	scratch, err := os.CreateTemp(filepath.Dir(path), ".andon-probe-*")
	if err != nil {
		return err
	}
	_, err = scratch.Write(make([]byte, 64<<10))
	return errors.Join(err, scratch.Close(), os.Remove(scratch.Name()))
}
