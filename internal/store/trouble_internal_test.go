package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"andon/internal/adf"
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

// pageOf is a page of runs that were numbered and started at some hour of 2026.
func pageOf(t *testing.T, f Place, hour int, numbers ...int) Page {
	t.Helper()
	p := Page{Factory: f.Key}
	for _, n := range numbers {
		raw := fmt.Appendf(nil, `{"runId":"00000000-0000-4000-8000-%012d","pipelineName":"p","status":"Succeeded",
			"runStart":"2026-10-01T%02d:00:00Z","runEnd":"2026-10-01T23:00:00Z","lastUpdated":"2026-10-01T23:%02[2]d:00Z"}`, n, hour)
		r, err := adf.DecodePipelineRun(raw)
		if err != nil {
			t.Fatal(err)
		}
		p.Runs = append(p.Runs, r)
	}
	return p
}

// TestRunsAreFoundAfterARollback: a page was not committed, and the store was
// closed before it was written again. Later runs get its keys, and have to be
// in the filter of runIds all the same; also where an earlier version stored a
// filter that is ahead.
func TestRunsAreFoundAfterARollback(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *Store, Page){
		"now":                loseCommit,
		"by earlier version": func(_ *testing.T, s *Store, p Page) { s.seen.add(int64(1+len(p.Runs)), []byte("of a lost run")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "andon.db")
			with := func(do func(*Store)) {
				t.Helper()
				s, err := Open(t.Context(), "sqlite:"+path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				do(s)
				if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
					t.Fatal(err)
				}
			}
			var f Place
			with(func(s *Store) {
				var err error
				if f, err = s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/1/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf", Name: "adf"}, ""); err != nil {
					t.Fatal(err)
				}
				store(t, s, pageOf(t, f, 1, 1))
				lose(t, s, pageOf(t, f, 2, 2, 3, 4))
			})
			with(func(s *Store) { store(t, s, pageOf(t, f, 3, 5, 6)) })
			with(func(s *Store) {
				for _, r := range pageOf(t, f, 3, 1, 5, 6).Runs {
					if _, err := s.Run(t.Context(), "", r.RunID); err != nil {
						t.Error(err)
					}
				}
				if c := store(t, s, pageOf(t, f, 4, 1, 5, 6)); c.Inserted != 0 || c.Updated != 3 {
					t.Errorf("another start of the same runs: %+v", c)
				}
			})
		})
	}
}

func store(t *testing.T, s *Store, p Page) Changes {
	t.Helper()
	c, err := s.WriteRuns(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// loseCommit writes a page in a transaction that is rolled back.
func loseCommit(t *testing.T, s *Store, p Page) {
	t.Helper()
	arrivals, err := s.prepare(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	err = s.submit(t.Context(), func(w *writer) error {
		return errors.Join(w.writePage(p, arrivals, &Changes{}, &touchedRuns{}), full)
	}, nil)
	if !errors.Is(err, full) {
		t.Fatal(err)
	}
}
