package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// importSeries imports successes, each of its own series, the newest first.
func (s *loads) importSeries(from, count int) (id ImportID) {
	s.t.Helper()
	p := s.page("Succeeded", from, count, func(n int) string { return fmt.Sprintf(`{"table":"t%d"}`, n) })
	slices.Reverse(p.Runs)
	p.Origin = OriginFile
	err := s.Import(s.t.Context(), []string{"export"}, func(i *Importing) error {
		id = i.ID()
		if _, err := i.Write(s.t.Context(), p); err != nil {
			return err
		}
		return i.End(s.t.Context(), 1, 0)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *loads) undo(id ImportID) {
	s.t.Helper()
	if _, err := s.UndoImport(s.t.Context(), id); err != nil {
		s.t.Fatal(err)
	}
}

// steps returns how many steps SQLite has done for the writer since the last call.
func (s *loads) steps() (n int) {
	s.t.Helper()
	err := s.submit(s.t.Context(), func(w *writer) error {
		for _, st := range w.stmts {
			n += st.Status(sqlite3.STMTSTATUS_VM_STEP, true)
		}
		return nil
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// TestUndoingAnImportReadsAPipelineOnceForAPage: an import brought as many series
// as runs, and none of them has a success when it is undone. Four times as many
// runs take four times as long.
func TestUndoingAnImportReadsAPipelineOnceForAPage(t *testing.T) {
	t.Parallel()
	taken := map[int]int{}
	for _, count := range []int{removalPage / 4, removalPage} {
		s := &loads{manySeries: openManySeries(t)}
		s.put("Succeeded", 0, 1, func(int) string { return `{"table":"orders"}` }) // keeps the pipeline
		id := s.importSeries(1000, count)
		s.steps()
		s.undo(id)
		taken[count] = s.steps()
	}
	if few, many := taken[removalPage/4], taken[removalPage]; many > 5*few {
		t.Errorf("undoing %d runs took %d steps, and %d runs %d", removalPage/4, few, removalPage, many)
	}
}

// TestASeriesLosesItsNewestSuccess: the runs that worked again only through it are
// open again, whatever else the same page brings.
func TestASeriesLosesItsNewestSuccess(t *testing.T) {
	t.Parallel()
	s := &loads{manySeries: openManySeries(t)}
	dated := func(day string) func(int) string {
		return func(int) string { return fmt.Sprintf(`{"table":"orders","date":%q}`, day) }
	}
	s.put("Failed", 40, 1, dated("a"))
	s.put("Failed", 60, 1, dated("b"))
	s.put("Failed", 80, 1, dated("c"))
	newest := s.n
	s.put("Succeeded", 100, 1, dated("d"))
	s.put("Succeeded", 70, 1, dated("e"))
	if got := s.states(); got["2"] != 3 {
		t.Fatalf("before: %v, want 3 not redone", got)
	}
	s.n = newest
	lost := s.page("Cancelled", 100, 1, dated("d"))
	s.n = newest + 2
	lost.Runs = append(s.page("Succeeded", 50, 1, dated("f")).Runs, lost.Runs...)
	lost.Runs = append(lost.Runs, s.page("Succeeded", 10, 1, dated("g")).Runs...)
	lost.Runs[1].LastUpdated = lost.Runs[1].LastUpdated.Add(time.Second)
	if _, err := s.WriteRuns(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	if got := s.states(); got["2"] != 2 || got["1"] != 1 {
		t.Errorf("after: %v, want 2 not redone and 1 open", got)
	}
}

// TestAnImportThatWasUndoneCanBeRepeated: nothing is remembered of the pipelines
// that went with it.
func TestAnImportThatWasUndoneCanBeRepeated(t *testing.T) {
	t.Parallel()
	s := &loads{manySeries: openManySeries(t)}
	for _, step := range []string{"first", "again"} {
		s.n = 0
		id := s.importSeries(1000, 3)
		for n := range 3 {
			run, err := s.Run(t.Context(), s.short(), manyID(n))
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf(`{"table":"t%d"}`, n); run.Series == nil || run.Series.Parameters != want {
				t.Errorf("%s: run %d is of series %v, want %s", step, n, run.Series, want)
			}
		}
		s.undo(id)
	}
}

func (s *loads) short() string {
	place, _ := s.dicts.place(s.factory)
	return place.Short
}
