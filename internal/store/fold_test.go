package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/pressly/goose/v3"

	"andon/internal/adf"
)

// foldedStarts are what started the runs of foldableStore: runs 0 to 2 are
// children of pl_parent, 3 of an unknown parent.
var foldedStarts = []string{
	`{"id":"a1","name":"11111111-0000-4000-8000-000000000001","invokedByType":"PipelineActivity","pipelineName":"pl_parent","pipelineRunId":"p"}`,
	`{"id":"a2","name":"11111111-0000-4000-8000-000000000002","invokedByType":"PipelineActivity","pipelineName":"pl_parent","pipelineRunId":"p"}`,
	`{"id":"a3","name":"run_child","invokedByType":"PipelineActivity","pipelineName":"pl_parent","pipelineRunId":"p"}`,
	`{"id":"a4","name":"11111111-0000-4000-8000-000000000004","invokedByType":"PipelineActivity","pipelineName":null,"pipelineRunId":"p"}`,
	`{"id":"a5","name":"11111111-0000-4000-8000-000000000005","invokedByType":"Manual"}`,
	`{"id":"a6","name":"Manual","invokedByType":"Manual"}`,
	`{"id":"a7","name":"tr_nightly","invokedByType":"ScheduleTrigger"}`,
	`{"id":"a8","name":"11111111-0000-4000-8000-000000000008","invokedByType":"ScheduleTrigger"}`,
	`{"id":"a9","name":"11111111-0000-4000-8000-000000000009","invokedByType":"Sandbox"}`,
	`null`,
}

// foldableStore returns a store of version 4 with a run of each start, brought
// up to date but not yet folded.
func foldableStore(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "andon.db")
	db, err := driver.Open(fileURI(path, "rwc", migratePragmas), fts5.Register)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // Open reads what is there
	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	exec("INSERT INTO factory (id, arm_key, arm_id, short, name, location, source, state) VALUES (1, 'f', 'f', 'adf', 'adf', '', '', 'fresh')")
	for i, by := range foldedStarts {
		raw := fmt.Sprintf(`{"runId":"run-%d","pipelineName":"p%d","status":"Succeeded","runStart":"2026-10-01T0%d:00:00Z","lastUpdated":"2026-10-01T10:00:00Z","invokedBy":%s}`, i, i%3, i, by)
		r, err := adf.DecodePipelineRun([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		exec("INSERT OR IGNORE INTO pipeline (id, factory_id, name, name_key) VALUES (?, 1, ?, ?)", i%3+1, r.PipelineName, r.PipelineName)
		id := 0
		if r.InvokedBy != nil {
			id = i + 1
			exec("INSERT INTO invoker (id, name, type) VALUES (?, ?, ?)", id, r.InvokedBy.Name, r.InvokedBy.InvokedByType)
			exec("INSERT INTO invoker_pipeline VALUES (?, ?)", id, i%3+1)
		}
		exec("INSERT INTO run (seq, factory_id, pipeline_id, invoker_id, set_id, status, run_start, dur_b, last_updated, run_id, flags) VALUES (?, 1, ?, ?, 0, 2, ?, 0, ?, ?, 0)",
			i+1, i%3+1, id, int64(r.RunStart), int64(r.LastUpdated), encodeRunID(r.RunID))
		exec("INSERT INTO run_raw (seq, raw) VALUES (?, ?)", i+1, c.pack(rawRun, r.Raw))
		day := int64(r.RunStart) / dayTicks
		exec("INSERT INTO roll_pipeline_day VALUES (?, ?, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO UPDATE SET ok = ok + 1", day, i%3+1)
		exec("INSERT INTO roll_month VALUES (0, ?, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO UPDATE SET ok = ok + 1", monthOf(int64(r.RunStart)))
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return path
}

// startedRuns lists the numbers of the runs that a filter leaves.
func startedRuns(t *testing.T, s *Store, f RunFilter) []int {
	t.Helper()
	page, err := s.Runs(t.Context(), RunQuery{RunFilter: f, Sort: SortOldest})
	if err != nil {
		t.Fatal(err)
	}
	out := []int{}
	for i := range page.Runs {
		out = append(out, int(page.Runs[i].RunID[len("run-")]-'0'))
	}
	return out
}

// wantKinds are the runs by kind, which are right at any time.
var wantKinds = map[string][]int{
	"PipelineActivity": {0, 1, 2, 3}, "pipelineactivity": {0, 1, 2, 3}, "Manual": {4, 5}, "ScheduleTrigger": {6, 7}, "Sandbox": {8},
}

func compareKinds(t *testing.T, s *Store) Facets {
	t.Helper()
	for kind, want := range wantKinds {
		if got := startedRuns(t, s, RunFilter{InvokedBy: []string{kind}}); !slices.Equal(got, want) {
			t.Errorf("invoked by %s: runs %v, want %v", kind, got, want)
		}
	}
	if got := startedRuns(t, s, RunFilter{Triggers: []string{"tr_nightly", "11111111-0000-4000-8000-000000000008", "run_child"}}); !slices.Equal(got, []int{6, 7}) {
		t.Errorf("of the triggers: runs %v, want 6 and 7", got)
	}
	f, err := s.Facets(t.Context(), RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Facet{{Value: "PipelineActivity", Count: 4}, {Value: "Manual", Count: 2}, {Value: "ScheduleTrigger", Count: 2}, {Value: "Sandbox", Count: 1}}
	if diff := cmp.Diff(want, f.InvokedBy); diff != "" {
		t.Errorf("facet invokedBy: -want +got\n%s", diff)
	}
	return f
}

// While runs of an earlier version wait for their invokers, a filter by kind is
// right, and one by a name is refused rather than answered in part.
func TestRunsThatWaitToBeFoldedAreFoundByKind(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite:"+foldableStore(t), Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	if err := s.checkInvokers(t.Context()); err != nil {
		t.Error(err)
	}
	if f := compareKinds(t, s); f.Parent != nil || f.Reason != parentsUnknown {
		t.Errorf("parents are %v, reason %q: want none and %q", f.Parent, f.Reason, parentsUnknown)
	}
	for _, f := range []RunFilter{{InvokedBy: []string{"pl_parent"}}, {InvokedBy: []string{"Manual", "tr_nightly"}}} {
		_, err := s.Runs(t.Context(), RunQuery{RunFilter: f})
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "try again in a minute") {
			t.Errorf("invoked by %v: %v, want that it can't be answered yet", f.InvokedBy, err)
		}
		if _, err := s.Facets(t.Context(), f); !errors.As(err, &unavailable) {
			t.Errorf("facets, invoked by %v: %v, want that they can't be answered yet", f.InvokedBy, err)
		}
	}
}

func TestFoldedRunsHaveTheInvokersOfToday(t *testing.T) {
	t.Parallel()
	path := foldableStore(t)
	for _, round := range []string{"after the first start", "after the second start"} {
		s, err := Open(t.Context(), "sqlite:"+path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.folding.Wait()
		if err := s.checkInvokers(t.Context()); err != nil {
			t.Error(round, err)
		}
		f := compareKinds(t, s)
		if diff := cmp.Diff([]Facet{{Value: "pl_parent", Count: 3}}, f.Parent); diff != "" || f.Reason != "" {
			t.Errorf("%s: facet parent, reason %q: -want +got\n%s", round, f.Reason, diff)
		}
		if got := startedRuns(t, s, RunFilter{InvokedBy: []string{"pl_parent"}}); !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("%s: invoked by pl_parent: runs %v, want 0 to 2", round, got)
		}
		for i, by := range foldedStarts {
			var have invoker
			err := s.read.QueryRowContext(t.Context(), "SELECT coalesce(name, ''), coalesce(type, '') FROM run LEFT JOIN invoker ON id = invoker_id WHERE seq = ?", i+1).Scan(&have.name, &have.kind)
			if err != nil {
				t.Fatal(err)
			}
			r, err := adf.DecodePipelineRun([]byte(`{"runId":"x","invokedBy":` + by + `}`))
			if err != nil {
				t.Fatal(err)
			}
			want := invoker{}
			if r.InvokedBy != nil {
				want = invokerOf(r.InvokedBy)
			}
			if have != want {
				t.Errorf("%s: run %d was started by %+v, want %+v", round, i, have, want)
			}
		}
		var folded, dangling int
		err = s.read.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM folded_invoker),
			(SELECT count(*) FROM run WHERE invoker_id <> 0 AND invoker_id NOT IN (SELECT id FROM invoker))`).Scan(&folded, &dangling)
		if err != nil || folded != 0 || dangling != 0 {
			t.Errorf("%s: %d invokers to fold, %d runs of unknown ones, %v", round, folded, dangling, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
