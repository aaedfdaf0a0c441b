package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "github.com/ncruces/go-sqlite3/driver"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// dump is what the public reads of a store say of its history.
type dump struct {
	Factories  []store.Factory
	Runs       []store.RunDetail
	Activities map[string]store.Activities
	Facets     store.Facets
	Overview   store.Overview
	Timeline   store.Timeline
	Found      []string // by the text search
	Unread     []store.RunRef
	Unfinished []store.RunRef
}

func dumpOf(tb testing.TB, s *store.Store) dump {
	tb.Helper()
	ctx := tb.Context()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	d := dump{Activities: map[string]store.Activities{}}
	var err error
	d.Factories, err = s.Factories(ctx)
	check(err)
	page, err := s.Runs(ctx, store.RunQuery{Limit: store.MaxLimit})
	check(err)
	for _, r := range page.Runs {
		detail, err := s.Run(ctx, r.Place.Short, r.RunID)
		check(err)
		d.Runs = append(d.Runs, detail)
		d.Activities[r.Place.Short+" "+r.RunID], err = s.Activities(ctx, r.Place.Short, r.RunID)
		check(err)
	}
	d.Facets, err = s.Facets(ctx, store.RunFilter{})
	check(err)
	d.Overview, err = s.Overview(ctx, store.OverviewQuery{From: day0, To: day0.Add(100 * 24 * time.Hour)})
	check(err)
	d.Timeline, err = s.Timeline(ctx, store.TimelineQuery{From: day0, To: day0.Add(10 * 24 * time.Hour), Bucket: 24 * time.Hour})
	check(err)
	found, err := s.Runs(ctx, store.RunQuery{RunFilter: store.RunFilter{Q: "deadlock"}, Limit: store.MaxLimit})
	check(err)
	d.Found = ids(found.Runs)
	for _, f := range d.Factories {
		refs, err := s.RunsWithoutActivities(ctx, f.Key, store.Window{}, 1000)
		check(err)
		d.Unread = append(d.Unread, refs...)
		refs, err = s.OpenRuns(ctx, f.Key)
		check(err)
		d.Unfinished = append(d.Unfinished, refs...)
	}
	return d
}

// wholeDump compares dumps of one store.
func wholeDump() cmp.Option { return cmp.AllowUnexported(store.ProblemSeries{}) }

// keysApart leaves keys out of a comparison: they count arrivals.
func keysApart() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(store.Run{}, "Key"), cmpopts.IgnoreFields(store.RunRef{}, "Key"), cmpopts.IgnoreFields(store.Place{}, "Key"),
		cmpopts.IgnoreFields(adf.PipelineRun{}, "Raw"), cmpopts.EquateEmpty(), cmp.AllowUnexported(store.Overview{}),
		cmpopts.IgnoreUnexported(store.ProblemSeries{}), cmpopts.IgnoreFields(store.ProblemSeries{}, "LastKey"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Key" }, cmp.Ignore()),
	}
}

// logged is a row of a log: without lastUpdated, run group and what else only the API says.
func logged(r row) adf.PipelineRun {
	var m map[string]any
	if err := json.Unmarshal(r.json(), &m); err != nil {
		panic(err)
	}
	for _, name := range []string{"lastUpdated", "runGroupId", "debugRunId", "isLatest", "runDimension", "durationInMs"} {
		delete(m, name)
	}
	maps.Copy(m, r.Extra)
	if m["runEnd"] != nil {
		m["durationInMs"], m["durationComputed"] = r.Ms, true
	}
	return decoded(m)
}

func decoded(m map[string]any) adf.PipelineRun {
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	p, err := adf.DecodePipelineRun(raw)
	if err != nil {
		panic(err)
	}
	return p
}

// importRuns writes one import of a page for each origin.
func importRuns(tb testing.TB, s *store.Store, f store.Place, origin store.Origin, runs ...adf.PipelineRun) (store.ImportID, store.Changes) {
	tb.Helper()
	var id store.ImportID
	var done store.Changes
	err := s.Import(tb.Context(), []string{"logs"}, func(i *store.Importing) (err error) {
		id = i.ID()
		done, err = i.Write(tb.Context(), store.Page{Factory: f.Key, Origin: origin, Runs: runs})
		return errors.Join(err, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id, done
}

func undo(tb testing.TB, s *store.Store, id store.ImportID) store.Undone {
	tb.Helper()
	done, err := s.UndoImport(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Check(tb.Context()); err != nil {
		tb.Error(err)
	}
	return done
}

// logsAndAnswers shows which of a log, a file and Azure a run's row is.
func (x suite) logsAndAnswers(t *testing.T) {
	t.Parallel()
	r := row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 60_000, Extra: map[string]any{"message": nil}}
	queued := logged(row{ID: guid(1), Pipeline: "p", Status: "Queued", Start: hour(1), Extra: map[string]any{"invokedBy": nil}})
	inProgress := r
	inProgress.Status, inProgress.Ms, inProgress.Updated = "InProgress", 0, hour(500)
	bare := decoded(map[string]any{"runId": guid(1), "pipelineName": "p", "status": "Succeeded", "runStart": hour(1), "lastUpdated": hour(2)})
	type step struct {
		origin store.Origin
		run    adf.PipelineRun
		want   string // taken, known or completed
		status string
		params bool
		from   store.Origin
	}
	for name, steps := range map[string][]step{
		"log, then a later one": {
			{store.OriginLog, queued, "taken", "Queued", true, store.OriginLog},
			{store.OriginLog, logged(r), "taken", "Succeeded", true, store.OriginLog},
			{store.OriginLog, queued, "known", "Succeeded", true, store.OriginLog},
		},
		"log, then the API": {
			{store.OriginLog, logged(r), "taken", "Succeeded", true, store.OriginLog},
			{store.OriginAzure, inProgress.run(), "taken", "InProgress", true, store.OriginAzure},
			{store.OriginLog, logged(r), "known", "InProgress", true, store.OriginAzure},
		},
		"a file completed by a log": {
			{store.OriginFile, bare, "taken", "Succeeded", false, store.OriginFile},
			{store.OriginLog, logged(r), "completed", "Succeeded", true, store.OriginFile},
			{store.OriginLog, logged(r), "known", "Succeeded", true, store.OriginFile},
			{store.OriginAzure, bare, "known", "Succeeded", false, store.OriginAzure},
		},
		"a log completes a file that came later": {
			{store.OriginLog, logged(r), "taken", "Succeeded", true, store.OriginLog}, {store.OriginFile, bare, "taken", "Succeeded", true, store.OriginFile},
		},
		"the API is not completed": {
			{store.OriginAzure, bare, "taken", "Succeeded", false, store.OriginAzure}, {store.OriginLog, logged(r), "known", "Succeeded", false, store.OriginAzure},
		},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		for n, step := range steps {
			var done store.Changes
			var err error
			if step.origin == store.OriginAzure {
				done, err = s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: step.origin, Runs: []adf.PipelineRun{step.run}})
			} else {
				_, done = importRuns(t, s, f, step.origin, step.run)
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]store.Changes{"taken": {Updated: 1}, "known": {Unchanged: 1}, "completed": {Completed: 1}}[step.want]
			if n == 0 {
				want = store.Changes{Inserted: 1}
			}
			if done != want {
				t.Errorf("%s, step %d: %+v, want %+v", name, n, done, want)
			}
			got, err := s.Run(t.Context(), "", guid(1))
			if err != nil || string(got.Status) != step.status || (got.Parameters != nil) != step.params || got.Origin != step.from {
				t.Errorf("%s, step %d: %s from %s with parameters %s, %v", name, n, got.Status, got.Origin, got.Parameters, err)
			}
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// undoneExactly compares a store of which one import was undone with one that
// never had it. Rows of five runs come in any order from Azure, from files and
// from logs, in any state of their lives.
func (x suite) undoneExactly(t *testing.T) {
	t.Parallel()
	worlds := rapid.Custom(drawWorld)
	for n := range 30 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			x.undoOne(t, worlds.Example(n))
		})
	}
}

// importWorld is a history of pages, and which import of it is undone.
type importWorld struct {
	events []event
	undone int
}

func drawWorld(t *rapid.T) importWorld {
	w := importWorld{events: rapid.SliceOfN(rapid.Custom(drawEvent), 1, 6).Draw(t, "events")}
	w.undone = rapid.IntRange(0, len(w.events)-1).Draw(t, "undone")
	if e := &w.events[w.undone]; e.origin == store.OriginAzure {
		e.origin = store.OriginFile
	}
	return w
}

// event is a page of Azure's, or an import of some rows.
type event struct {
	origin     store.Origin
	runs       []adf.PipelineRun
	activities []adf.ActivityRun // of a log; from Azure those of its first run
}

func drawEvent(t *rapid.T) event {
	e := event{origin: rapid.SampledFrom([]store.Origin{store.OriginAzure, store.OriginFile, store.OriginLog}).Draw(t, "origin")}
	e.activities = drawActivities(t, e.origin)
	for range rapid.IntRange(1, 4).Draw(t, "rows") {
		n := rapid.IntRange(1, 5).Draw(t, "run")
		r := row{
			ID: guid(n), Pipeline: []string{"p", "r", "q"}[n%3], Start: hour(float64(n)), Ms: int64(60_000 * rapid.IntRange(1, 2).Draw(t, "minutes")),
			Status: rapid.SampledFrom([]string{"Queued", "InProgress", "Succeeded", "Failed"}).Draw(t, "status"), Message: "deadlock victim",
			Extra: map[string]any{},
		}
		if n == 4 {
			r.Group = guid(2)
		}
		for _, field := range []string{"parameters", "invokedBy", "annotations"} {
			if rapid.Bool().Draw(t, "lacks "+field) {
				r.Extra[field] = nil
			}
		}
		if e.origin == store.OriginLog {
			e.runs = append(e.runs, logged(r))
			continue
		}
		r.Updated = hour(float64(10 + rapid.IntRange(0, 3).Draw(t, "updated")))
		e.runs = append(e.runs, r.run())
	}
	return e
}

func (x suite) undoOne(t *testing.T, w importWorld) {
	t.Helper()
	play := func(without int) (*store.Store, store.ImportID) {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		var undone store.ImportID
		for i, e := range w.events {
			switch {
			case i == without:
			case e.origin == store.OriginAzure:
				if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: e.origin, Runs: e.runs}); err != nil {
					t.Fatal(err)
				}
				writeAzureActivities(t, s, f, e)
			default:
				id := importEvent(t, s, f, e)
				if i == w.undone {
					undone = id
				}
			}
		}
		return s, undone
	}
	never, _ := play(w.undone)
	had, id := play(-1)
	undo(t, had, id)
	for _, s := range []*store.Store{never, had} { // which forgets series without runs
		if err := errors.Join(s.Derive(t.Context()), s.Check(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(dumpOf(t, never), dumpOf(t, had), keysApart()); diff != "" {
		t.Errorf("the store without the import (-), with it undone (+):\n%s", diff)
	}
}

// undoneTwice refuses to undo what is undone or was never imported.
func (x suite) undoneTwice(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	before := dumpOf(t, s)
	id, _ := importRuns(t, s, f, store.OriginLog, logged(row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)}))
	if done := undo(t, s, id); done != (store.Undone{Removed: 1}) {
		t.Errorf("%+v", done)
	}
	if diff := cmp.Diff(before, dumpOf(t, s), cmpopts.EquateEmpty(), wholeDump()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	var invalid *store.InvalidError
	if _, err := s.UndoImport(t.Context(), id); !errors.As(err, &invalid) {
		t.Errorf("the second time: %v", err)
	}
	var unknown *store.NotFoundError
	if _, err := s.UndoImport(t.Context(), 99); !errors.As(err, &unknown) {
		t.Errorf("an unknown import: %v", err)
	}
	list, err := s.Imports(t.Context())
	if err != nil || len(list) != 1 || list[0].Taken != 1 || list[0].Undone.IsZero() || list[0].Ended.IsZero() || !slices.Equal(list[0].Paths, []string{"logs"}) {
		t.Errorf("%+v, %v", list, err)
	}
}

// rehearsed gives the figures of an import and stores nothing of it, factories
// included.
func (x suite) rehearsed(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	r := row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1, Message: "deadlock"}
	write(t, s, f, r)
	before := dumpOf(t, s)
	body := func(i *store.Importing) error {
		other, err := i.PutFactory(t.Context(), testFactory+"new")
		if err != nil {
			return err
		}
		for _, key := range []store.FactoryKey{f.Key, other.Key} {
			for range 2 {
				done, err := i.Write(t.Context(), store.Page{Factory: key, Origin: store.OriginFile, Runs: []adf.PipelineRun{r.run()}})
				if err != nil {
					return err
				}
				t.Logf("factory %d: %+v", key, done)
			}
		}
		return i.End(t.Context(), 1, 0)
	}
	if err := s.RehearseImport(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	list, err := s.Imports(t.Context())
	if diff := cmp.Diff(before, dumpOf(t, s), wholeDump()); diff != "" || err != nil || len(list) > 0 {
		t.Errorf("imports %v, %v (-before +after):\n%s", list, err, diff)
	}
	if err := s.Import(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Imports(t.Context()); err != nil || len(list) != 1 || list[0].Taken != 1 || list[0].Known != 3 {
		t.Errorf("imports %v, %v", list, err)
	}
}

// TestRowsWithoutTimesAreRemovedOnce opens a store of before imports were
// counted, with a row of a log that was taken for a run.
func TestRowsWithoutTimesAreRemovedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1})
	want := dumpOf(t, s)
	untimed := decoded(map[string]any{"runId": guid(2), "pipelineName": "p", "status": "Succeeded", "start": "2024-03-05T10:00:00Z"})
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: store.OriginFile, Runs: []adf.PipelineRun{untimed}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE untimed_runs SET at = 0"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := openAt(t, path)
		removed, err := s.UntimedRuns(t.Context())
		if err != nil || removed.Removed != 1 || removed.At != adf.TimeOf(clock()) {
			t.Errorf("%+v, %v", removed, err)
		}
		if diff := cmp.Diff(want, dumpOf(t, s), wholeDump()); diff != "" {
			t.Errorf("(-before the row +after):\n%s", diff)
		}
		if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// importedFailure: a failure that only an import has shown is folded away as
// older. It is a problem as soon as Azure shows the very same row.
func (x suite) importedFailure(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	failed := row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(1), Updated: hour(2), Ms: 1000}
	counts := func() [2]int64 {
		t.Helper()
		o, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24), OlderAfter: 100 * 365 * 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return [2]int64{o.Problems.Pipelines, o.Problems.Older.Pipelines}
	}
	importRuns(t, s, f, store.OriginFile, failed.run())
	if got, want := counts(), [2]int64{0, 1}; got != want {
		t.Errorf("imported only: %v pipelines need attention and are older, want %v", got, want)
	}
	write(t, s, f, failed)
	if got, want := counts(), [2]int64{1, 0}; got != want {
		t.Errorf("shown by Azure: %v pipelines need attention and are older, want %v", got, want)
	}
}

// undoneSuccess: an import brought the success that made a failure not redone, of
// another set of recurring parameters. Undone, the failure is open again.
func (x suite) undoneSuccess(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	run := func(n int, status, start, parameters string) adf.PipelineRun {
		return decoded(map[string]any{
			"runId": guid(n), "pipelineName": "load", "status": status, "parameters": json.RawMessage(parameters),
			"runStart": "2026-10-01T" + start + ":00Z", "runEnd": "2026-10-01T" + start + ":30Z", "lastUpdated": "2026-10-01T" + start + ":30Z",
		})
	}
	failed := []adf.PipelineRun{run(1, "Failed", "01:00", `{"table":"orders","date":"2026-09-30"}`), run(2, "Failed", "01:05", `{"table":"orders","date":"2026-09-30","region":"north"}`)}
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: store.OriginAzure, Runs: failed}); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		t.Helper()
		r, err := s.Run(t.Context(), "", guid(1))
		if err != nil {
			t.Fatal(err)
		}
		return string(r.Recovery.State)
	}
	if got := state(); got != "open" {
		t.Fatalf("before: %s", got)
	}
	id, _ := importRuns(t, s, f, store.OriginFile, run(3, "Succeeded", "02:00", `{"table":"orders","date":"2026-10-01","region":"north"}`))
	if got := state(); got != "notRedone" {
		t.Errorf("with the import: %s", got)
	}
	undo(t, s, id)
	if got := state(); got != "open" {
		t.Errorf("undone: %s", got)
	}
}
