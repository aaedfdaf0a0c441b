package store

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestWhatWasNotCommittedIsNotTakenForSaved: the filter of runIds is stored
// within a transaction. When that is rolled back, it has to be stored again.
func TestWhatWasNotCommittedIsNotTakenForSaved(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.seen.add(7, []byte("0123456789abcdef"))
	broken := errors.New("the disk is full")
	err = s.submit(t.Context(), func(w *writer) error {
		if err := w.saveSeen(true); err != nil {
			return err
		}
		if s.seen.saved != 7 {
			t.Errorf("saved up to %d, want 7", s.seen.saved)
		}
		return broken
	}, nil)
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, blocks, upto := s.seen.unsaved(true); len(blocks) != 1 || upto != 7 {
		t.Errorf("%d blocks up to %d are to be stored, want 1 up to 7", len(blocks), upto)
	}
}
