package store

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/pressly/goose/v3"

	"andon/internal/adf"
)

// TestTriggerRunsWalkAnIndexInOrder pins which index finds a list of trigger
// runs, and that none is sorted as a whole.
func TestTriggerRunsWalkAnIndexInOrder(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for name, tt := range map[string]struct {
		filter TriggerRunFilter
		places []int64
		search string // the index, and the columns that it is searched by
		walks  int
	}{
		"everything":                       {TriggerRunFilter{}, nil, "trigger_run_fired", 1},
		"a range":                          {TriggerRunFilter{From: 1, To: 2}, nil, "trigger_run_fired (fired>? AND fired<?)", 1},
		"a factory":                        {TriggerRunFilter{}, numbers(1), "trigger_run_place (place_id=?", 1},
		"twenty factories":                 {TriggerRunFilter{}, numbers(20), "trigger_run_place (place_id=?", 20},
		"thirty factories":                 {TriggerRunFilter{}, numbers(30), "trigger_run_fired", 1},
		"a trigger of a factory":           {TriggerRunFilter{Triggers: []string{"a"}, Statuses: []adf.Status{"Failed"}}, numbers(1), "trigger_run_trigger (trigger_key=?", 1},
		"two triggers":                     {TriggerRunFilter{Triggers: []string{"a", "B", "b"}}, nil, "trigger_run_trigger (trigger_key=?", 2},
		"failures of a factory in a range": {TriggerRunFilter{From: 1, Statuses: []adf.Status{"Failed"}}, numbers(1), "trigger_run_odd (status=? AND fired>?", 1},
		"two odd statuses":                 {TriggerRunFilter{Statuses: []adf.Status{"Failed", "Waiting"}}, nil, "trigger_run_odd (status=?", 2},
		"successes":                        {TriggerRunFilter{Statuses: []adf.Status{"Succeeded"}}, nil, "trigger_run_fired", 1},
	} {
		for _, after := range []listPlace{unbounded(true), {5, 5}} {
			plan := explain(t, s, triggerStmt(tt.filter, tt.places, after, 100))
			lines := strings.Join(plan, "; ")
			search := tt.search
			if after != unbounded(true) {
				search, _, _ = strings.Cut(search, " (")
			}
			if strings.Contains(lines, "TEMP B-TREE FOR ORDER BY") || strings.Count(lines, search) != tt.walks {
				t.Errorf("%s: %s, want %d walks of %s, unsorted", name, lines, tt.walks, tt.search)
			}
			if after != unbounded(true) && strings.Count(lines, "fired<?") != tt.walks {
				t.Errorf("%s: the next page begins at the start: %s", name, lines)
			}
		}
	}
}

// TestLookUpsOfSurroundingsAreSearches pins the plans of what is looked up
// one at a time, in tables that grow.
func TestLookUpsOfSurroundingsAreSearches(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for name, tt := range map[string]struct {
		b    *stmt
		want []string
	}{
		"a trigger run":                    {triggerByIDStmt(1, "x"), []string{"trigger_run_key (place_id=? AND id_key=?)"}},
		"the trigger runs of a run":        {triggersOfStmt(1, []byte("x")), []string{"triggered_run_id (place_id=? AND run_id=?)", "SEARCH trigger_run USING INTEGER PRIMARY KEY"}},
		"trigger runs that have not ended": {openTriggersStmt(1, Window{From: 1, To: 2}, 10), []string{"trigger_run_open (place_id=? AND fired>? AND fired<?)"}},
		"a history":                        {historyStmt(1, 5, 9), []string{"SEARCH runtime_past USING PRIMARY KEY (resource_id=? AND from_t<?)", "SEARCH runtime_state USING PRIMARY KEY (resource_id=?)"}},
		"a version":                        {newStmt().add(definitionColumns).arg(int64(1)).add(" AND d.from_t <= ").arg(int64(5)).add(" ORDER BY d.from_t DESC LIMIT 1"), []string{"SEARCH d USING PRIMARY KEY (resource_id=? AND from_t<?)", "SEARCH c USING INTEGER PRIMARY KEY", "SEARCH n USING PRIMARY KEY (resource_id=? AND from_t>?)"}},
		"resources":                        {resourcesStmt(SurroundingTriggers, []int64{1, 2}), []string{"(place_id=? AND kind=?)"}},
	} {
		lines := strings.Join(explain(t, s, tt.b), "; ")
		if strings.Contains(lines, "SCAN ") {
			t.Errorf("%s scans: %s", name, lines)
		}
		for _, want := range tt.want {
			if !strings.Contains(lines, want) {
				t.Errorf("%s: %s, want %s", name, lines, want)
			}
		}
	}
}

// TestAStoreOfTheFirstSchemaIsBroughtUpToDate makes a file as the first
// version left it.
func TestAStoreOfTheFirstSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	raw := []byte(`{"runId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01","pipelineName":"p","status":"Succeeded","runStart":"2026-10-01T00:00:00Z","lastUpdated":"2026-10-01T01:00:00Z"}`)
	codec, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	firstSchema(t, path, func(exec func(query string, args ...any)) {
		start := int64(adf.TimeOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)))
		exec("INSERT INTO factory (arm_key, arm_id, short, name, location, source, as_of, state) VALUES ('/x', '/X', 'adf', 'ADF', 'westeurope', 'main', 7, 'fresh')")
		exec("INSERT INTO pipeline (factory_id, name, name_key) VALUES (1, 'p', 'p')")
		exec("INSERT INTO coverage VALUES (1, 5, 7)")
		exec("INSERT INTO run (seq, factory_id, pipeline_id, invoker_id, set_id, status, run_start, dur_b, last_updated, run_id, flags) VALUES (1, 1, 1, 0, 0, 2, ?, 0, ?, ?, 0)",
			start, start+hourTicks, encodeRunID("6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"))
		exec("INSERT INTO run_raw VALUES (1, ?)", codec.pack(rawRun, raw))
	})
	s, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	run, err := s.Run(t.Context(), "adf", "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01")
	if err != nil || string(run.Raw) != string(raw) || run.Place.Name != "ADF" {
		t.Errorf("%+v, %v", run, err)
	}
	if at, err := s.Watermark(t.Context(), 1); err != nil || at != 7 {
		t.Errorf("watermark %d, %v", at, err)
	}
	if known, err := s.SurroundingsAsOf(t.Context(), 1); err != nil || len(known) != 0 {
		t.Errorf("surroundings that nobody read: %v, %v", known, err)
	}
	tr, err := adf.DecodeTriggerRun([]byte(`{"triggerRunId":"a","triggerName":"tr","status":"Succeeded","triggeredPipelines":{"p":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteTriggerRuns(t.Context(), TriggerRunPage{Factory: 1, Asked: 9, Runs: []adf.TriggerRun{tr}}); err != nil {
		t.Fatal(err)
	}
	if of, err := s.TriggerRunsOf(t.Context(), "", run.RunID); err != nil || len(of) != 1 {
		t.Errorf("what triggered the old run: %v, %v", of, err)
	}
	if err := s.Rebuild(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// firstSchema makes a store of the first migration alone, and fills it.
func firstSchema(t *testing.T, path string, fill func(exec func(query string, args ...any))) {
	t.Helper()
	db, err := driver.Open(fileURI(path, "rwc", migratePragmas), fts5.Register)
	if err != nil {
		t.Fatal(err)
	}
	defer closeReader(t, db)
	db.SetMaxOpenConns(1)
	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("PRAGMA application_id = 1095648335")
	fill(exec)
}

func closeReader(t *testing.T, db *sql.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestCheckFindsSpoiledSurroundings breaks one thing after the other behind
// the store's back.
func TestCheckFindsSpoiledSurroundings(t *testing.T) {
	t.Parallel()
	for spoil, want := range map[string]string{
		"DELETE FROM definition": "1 pipelines have no definition",
		"UPDATE resource SET digest = x'00' WHERE kind = 'pipelines'": "1 pipelines have another definition than the one read last",
		"DELETE FROM content":                           "1 definitions have no content or no pipeline",
		"INSERT INTO content VALUES (9, x'01', x'02')":  "1 contents belong to no definition",
		"UPDATE content SET digest = x'01'":             "the content 1 of definitions is spoiled",
		"UPDATE resource SET gone = 1":                  "things are gone before they were seen first",
		"UPDATE runtime_past SET seen = 99999":          "states of integration runtimes overlap the one before, or repeat it",
		"UPDATE runtime_past SET state = 'Limited'":     "states of integration runtimes overlap the one before, or repeat it",
		"UPDATE trigger_run SET status = 'Waiting'":     "1 trigger runs or links differ from what Azure said",
		"DELETE FROM triggered_run":                     "1 trigger runs or links differ from what Azure said",
		"UPDATE triggered_run SET trigger_seq = 77":     "1 links are of no trigger run",
		"INSERT INTO trigger_coverage VALUES (1, 6, 9)": "1 windows of trigger_coverage touch each other or end before they begin",
	} {
		t.Run(spoil, func(t *testing.T) {
			t.Parallel()
			s := planStore(t)
			fillSurroundings(t, s)
			if err := s.Check(t.Context()); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := s.submit(t.Context(), func(w *writer) error { return w.exec(spoil) }, nil); err != nil {
				t.Fatal(err)
			}
			if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// fillSurroundings stores one thing of each kind.
func fillSurroundings(t *testing.T, s *Store) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf"}, "")
	must(err)
	d, err := adf.DecodePipelineDefinition([]byte(`{"name":"p","properties":{"activities":[]}}`))
	must(err)
	ir, err := adf.DecodeIntegrationRuntime([]byte(`{"name":"ir","properties":{"type":"SelfHosted"}}`))
	must(err)
	tr, err := adf.DecodeTriggerRun([]byte(`{"triggerRunId":"a","triggerName":"tr","status":"Succeeded","triggeredPipelines":{"p":"x"}}`))
	must(err)
	must(s.PutDefinitions(t.Context(), Reading{Factory: place.Key, AsOf: 10}, []adf.PipelineDefinition{d}))
	for i, state := range []string{"Online", "Limited"} {
		st, err := adf.DecodeIntegrationRuntimeStatus([]byte(`{"name":"ir","properties":{"state":"` + state + `"}}`))
		must(err)
		must(s.PutRuntimes(t.Context(), Reading{Factory: place.Key, AsOf: adf.Time(10 + i)}, []RuntimeReading{{Runtime: ir, Status: &st}}))
	}
	_, err = s.WriteTriggerRuns(t.Context(), TriggerRunPage{Factory: place.Key, Asked: 10, AsOf: 5, Runs: []adf.TriggerRun{tr}, Completes: &Window{From: 1, To: 5}})
	must(err)
}
