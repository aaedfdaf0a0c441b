package store

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"

	"andon/internal/adf"
	"andon/internal/cause"
)

const importedFactory = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf"

// importedRunID is the id of the nth run of a test's log.
func importedRunID(n int) string { return fmt.Sprintf("6d1f0c52-7c3e-4c7d-9c0a-%012d", n) }

// importedRow is an activity run of the nth run as an import makes it of a log: the
// turn of activity name that began at second start, 0 for one that never began.
func importedRow(tb testing.TB, run, turn int, name, status string, start int, code string) adf.ActivityRun {
	tb.Helper()
	at := "null"
	if start > 0 {
		at = `"` + time.Date(2026, 11, 24, 2, 0, start, 0, time.UTC).Format(time.RFC3339) + `"`
	}
	a, err := adf.DecodeActivityRun(fmt.Appendf(nil,
		`{"activityRunId":"7d1f0c52-7c3e-4c7d-%04d-%012d","pipelineRunId":%q,"activityName":%q,"activityType":"Copy","status":%q,"activityRunStart":%s,"error":{"errorCode":%q,"message":"no such host","failureType":"UserError"}}`,
		run, turn, importedRunID(run), name, status, at, code))
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// keptFailuresOf returns failed activities of these names and codes, in turn.
func keptFailuresOf(codes ...string) (out []cause.Activity) {
	for i := 0; i < len(codes); i += 2 {
		out = append(out, cause.Activity{Name: codes[i], Type: "Copy", Text: "no such host", Code: codes[i+1], FailureType: "UserError"})
	}
	return out
}

func importRows(tb testing.TB, s *Store, f Place, rows ...adf.ActivityRun) (id ImportID) {
	tb.Helper()
	err := s.Import(tb.Context(), []string{"logs"}, func(i *Importing) error {
		id = i.ID()
		_, err := i.WriteActivities(tb.Context(), f.Key, rows)
		return errors.Join(err, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// importFailedRuns imports failed runs 1 to n, without messages, as logs show them.
func importFailedRuns(tb testing.TB, s *Store, n int) Place {
	tb.Helper()
	f, err := s.PutFactory(tb.Context(), adf.Factory{ID: importedFactory, Name: "adf"}, "")
	if err != nil {
		tb.Fatal(err)
	}
	p := Page{Factory: f.Key, Origin: OriginLog}
	for i := range n {
		r, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"pl","status":"Failed","runStart":"2026-11-24T02:00:00Z","runEnd":"2026-11-24T02:05:00Z","lastUpdated":"2026-11-24T02:05:00Z"}`, importedRunID(i+1)))
		if err != nil {
			tb.Fatal(err)
		}
		p.Runs = append(p.Runs, r)
	}
	err = s.Import(tb.Context(), []string{"logs"}, func(i *Importing) error {
		_, err := i.Write(tb.Context(), p)
		return errors.Join(err, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// failedLoops returns a store with failed runs, each with a loop of so many failed
// turns.
func failedLoops(tb testing.TB, s *Store, runs, turns int) {
	tb.Helper()
	f := importFailedRuns(tb, s, runs)
	var rows []adf.ActivityRun
	for run := range runs {
		for turn := range turns {
			rows = append(rows, importedRow(tb, run+1, turn+1, "cp", "Failed", turn+1, "2200"))
		}
	}
	importRows(tb, s, f, rows...)
}

// reads counts what light reads of a store ask SQLite for.
type reads struct{ statements, rows atomic.Int64 }

// countReads has light reads counted from now on.
func countReads(t *testing.T, s *Store) *reads {
	t.Helper()
	var n reads
	db, err := driver.Open(fileURI(s.path, "ro", readPragmas), func(c *sqlite3.Conn) error {
		trace := c.Trace(sqlite3.TRACE_STMT|sqlite3.TRACE_ROW, func(e sqlite3.TraceEvent, _, _ any) error {
			if e == sqlite3.TRACE_STMT {
				n.statements.Add(1)
			} else {
				n.rows.Add(1)
			}
			return nil
		})
		return errors.Join(trace, fts5.Register(c))
	})
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if err := errors.Join(s.read.light.Close(), db.PingContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	s.read.light = db
	return &n
}

// A list reads the same statements whatever the number of its runs, and the same
// rows whatever the number of activities that failed in them.
func TestListsReadNoImportedActivities(t *testing.T) {
	t.Parallel()
	type cost struct{ statements, rows int64 }
	costs := map[[2]int]cost{}
	for _, size := range [][2]int{{1, 1}, {40, 1}, {40, 50}} {
		s := planStore(t)
		failedLoops(t, s, size[0], size[1])
		n := countReads(t, s)
		page, err := s.Runs(t.Context(), RunQuery{Limit: MaxLimit})
		if err != nil || len(page.Runs) != size[0] {
			t.Fatalf("%d runs, %v", len(page.Runs), err)
		}
		for i := range page.Runs {
			if diff := cmp.Diff(keptFailuresOf("cp", "2200"), page.Runs[i].FailedActivities); diff != "" {
				t.Errorf("%v (-want +got):\n%s", size, diff)
			}
		}
		costs[size] = cost{n.statements.Load(), n.rows.Load()}
	}
	t.Logf("by runs and activities: %v", costs)
	if one, forty := costs[[2]int{1, 1}].statements, costs[[2]int{40, 1}].statements; one != forty {
		t.Errorf("a list of 1 run reads %d statements, of 40 runs %d", one, forty)
	}
	if one, fifty := costs[[2]int{40, 1}].rows, costs[[2]int{40, 50}].rows; one != fifty {
		t.Errorf("with 1 activity in each run a list reads %d rows, with 50 %d", one, fifty)
	}
}

// What failed in a run is kept with what imports hold of it, whatever is imported,
// undone and rewritten, in any order and with the run or without it.
func TestImportedFailuresAreKeptForCauses(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	f := importFailedRuns(t, s, 1)
	row := func(turn int, name, status string, start int, code string) adf.ActivityRun {
		return importedRow(t, 1, turn, name, status, start, code)
	}
	want := func(what string, want []cause.Activity) {
		t.Helper()
		got, err := s.Run(t.Context(), "", importedRunID(1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.FailedActivities); diff != "" || got.AreFailuresDue {
			t.Errorf("%s, due %v (-want +got):\n%s", what, got.AreFailuresDue, diff)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	undo := func(id ImportID) {
		t.Helper()
		if _, err := s.UndoImport(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	want("nothing imported", nil)
	importRows(t, s, f, row(1, "b", "Failed", 2, "1"), row(2, "c", "Succeeded", 1, ""))
	want("one failure", keptFailuresOf("b", "1"))
	later := importRows(t, s, f, row(3, "b", "Failed", 4, "3"), row(4, "a", "TimedOut", 3, "2"))
	want("a later turn and another name", keptFailuresOf("a", "2", "b", "3"))
	importRows(t, s, f, row(5, "b", "Failed", 1, "0"))
	want("an earlier turn", keptFailuresOf("a", "2", "b", "3"))
	noStart := importRows(t, s, f, row(6, "b", "Failed", 0, "9"))
	want("a turn without a start comes last", keptFailuresOf("a", "2", "b", "9"))
	undo(noStart)
	want("without that", keptFailuresOf("a", "2", "b", "3"))
	undo(later)
	want("without the later turn", keptFailuresOf("b", "1"))
	// A record that has more digits counts more: the turn succeeded, or began earlier.
	fine := row(1, "b", "Succeeded", 2, "")
	fine.Raw = []byte(`{"activityRunId":"` + fine.ActivityRunID + `","pipelineRunId":"` + importedRunID(1) + `","activityName":"b","activityType":"Copy","status":"Succeeded","activityRunStart":"2026-11-24T02:00:02.0000001Z"}`)
	succeeded := importRows(t, s, f, fine)
	want("the last turn succeeded", keptFailuresOf("b", "0"))
	undo(succeeded)
	want("without that record", keptFailuresOf("b", "1"))
	fine.Raw = []byte(`{"activityRunId":"` + fine.ActivityRunID + `","pipelineRunId":"` + importedRunID(1) + `","activityName":"b","activityType":"Copy","status":"Failed","activityRunStart":"2026-11-24T02:00:00.0000001Z"}`)
	early := importRows(t, s, f, fine)
	want("the last turn was the first", keptFailuresOf("b", "0"))
	undo(early)

	_, err := s.RewriteImportedActivities(t.Context(), f.Key, func(raw []byte) ([]byte, bool) {
		return bytes.ReplaceAll(raw, []byte("no such host"), []byte("<redacted> is down")), true
	})
	if err != nil {
		t.Fatal(err)
	}
	redacted := keptFailuresOf("b", "1")
	redacted[0].Text = "<redacted> is down"
	want("redacted", redacted)

	err = s.submit(t.Context(), func(w *writer) error { return w.removeRuns([]int64{1}, &touchedRuns{}) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("without the run: %v", err)
	}
	importFailedRuns(t, s, 1)
	want("imported once more", redacted)
	for id := range ImportID(20) {
		if _, err := s.UndoImport(t.Context(), id); err != nil {
			continue // undone already, or none
		}
	}
	var kept int64
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM import_failed_activity").Scan(&kept); err != nil || kept > 0 {
		t.Errorf("%d failed activities are kept of nothing, %v", kept, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("all undone: %v", err)
	}
}

// An import of more rows than one transaction removes is undone page by page.
func TestUndoingALongLoopLeavesTheFailuresOfOthers(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	f := importFailedRuns(t, s, 2)
	importRows(t, s, f, importedRow(t, 1, 7, "cp", "Failed", 7, "2200"))
	var rows []adf.ActivityRun
	for turn := range removalPage + 100 {
		for run := range 2 {
			rows = append(rows, importedRow(t, run+1, turn+1, "cp", "Failed", turn+1, "2200"))
		}
	}
	id := importRows(t, s, f, rows...)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.UndoImport(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	page, err := s.Runs(t.Context(), RunQuery{})
	if err != nil || len(page.Runs) != 2 {
		t.Fatalf("%d runs, %v", len(page.Runs), err)
	}
	for _, r := range page.Runs {
		want := keptFailuresOf("cp", "2200")
		if r.RunID == importedRunID(2) {
			want = nil
		}
		if diff := cmp.Diff(want, r.FailedActivities); diff != "" {
			t.Errorf("run %s (-want +got):\n%s", r.RunID, diff)
		}
	}
}

// Runs of a store of before have no failed activities, and say so, until those are
// derived or the run is imported again.
func TestImportedFailuresOfAnEarlierVersionAreDerivedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s := openInternal(t, path)
	failedLoops(t, s, 3, 2)
	err := s.submit(t.Context(), func(w *writer) error { // as an earlier version left it
		return errors.Join(w.exec("DROP TABLE import_failed_activity"), w.exec("DROP TABLE import_failed_due"),
			w.exec("ALTER TABLE factory DROP COLUMN gone_at"), w.exec("DELETE FROM goose_db_version WHERE version_id >= 11"))
	}, nil)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	s = openInternal(t, path)
	defer s.Close() //nolint:errcheck // Check has looked through it
	want := func(what string, want ...string) {
		t.Helper()
		var got []string
		for n := range 3 {
			r, err := s.Run(t.Context(), "", importedRunID(n+1))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d due %v", len(r.FailedActivities), r.AreFailuresDue))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		if err := s.checkImportedFailures(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	want("opened", "0 due true", "0 due true", "0 due true")
	f := s.dicts.byShort["adf"]
	place, _ := s.dicts.place(f)
	importRows(t, s, place, importedRow(t, 1, 9, "rm", "Failed", 9, "1"))
	want("one imported again", "2 due false", "0 due true", "0 due true")
	if _, err := s.UndoImport(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	want("the import of before undone", "1 due false", "0 due false", "0 due false")
	failedLoops(t, s, 3, 2)
	err = s.submit(t.Context(), func(w *writer) error {
		return errors.Join(w.exec("DELETE FROM import_failed_activity"), w.exec("INSERT INTO import_failed_due SELECT DISTINCT factory_id, run_id FROM import_activity"))
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("derived", "2 due false", "1 due false", "1 due false")
}

func openInternal(tb testing.TB, path string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), "sqlite:"+path, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// The check finds a failure that is not kept, one that is kept of nothing, and one
// that is not the last of its name.
func TestCheckFindsImportedFailuresThatAreNotThose(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"none is kept": "DELETE FROM import_failed_activity",
		"another code": "UPDATE import_failed_activity SET code = '7'",
		"no such run":  "UPDATE import_activity SET run_id = x'00'",
		"still due":    "INSERT INTO import_failed_due SELECT factory_id, run_id FROM import_failed_activity",
	} {
		s := planStore(t)
		failedLoops(t, s, 1, 2)
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v before", name, err)
		}
		if err := s.submit(t.Context(), func(w *writer) error { return w.exec(query) }, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.checkImportedFailures(t.Context()); err == nil {
			t.Errorf("%s: the check finds nothing", name)
		}
	}
}
