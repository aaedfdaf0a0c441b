package store_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// oldStore is a store of schema 3: six nights of pl_all with three pl_load
// below it, a rerun by hand, and eight files. Its failed runs are those of
// orders, customers and items, and of one file.
func oldStore(tb testing.TB) string {
	tb.Helper()
	f, err := os.Open("testdata/schema3.db.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	whole, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "andon.db")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// recoveries are the failed runs of a store, each in a line.
func recoveries(tb testing.TB, s *store.Store) []string {
	tb.Helper()
	page, err := s.Runs(tb.Context(), store.RunQuery{RunFilter: store.RunFilter{Statuses: []adf.Status{adf.StatusFailed}}, Limit: store.MaxLimit})
	if err != nil {
		tb.Fatal(err)
	}
	out := []string{}
	for _, r := range page.Runs {
		line := fmt.Sprintf("%s %s %s", r.PipelineName, r.RunStart.Time().Format(time.DateOnly), r.Recovery.State)
		if r.Recovery.Rule != "" {
			line += " by " + r.Recovery.Rule + " on " + r.Recovery.By.RunStart.Time().Format(time.DateOnly)
		}
		out = append(out, strings.TrimSpace(line+" "+r.Recovery.Reason))
	}
	return out
}

func TestAStoreOfBeforeIsDerivedWhileItServes(t *testing.T) {
	t.Parallel()
	s := openAt(t, oldStore(t))
	const waits = "Its recovery is being derived."
	want := []string{"pl_load 2026-11-25 " + waits, "pl_load 2026-11-22 " + waits, "pl_file 2026-11-21 " + waits, "pl_load 2026-11-21 " + waits}
	for i := range want {
		want[i] = strings.Replace(want[i], " Its", "  Its", 1)
	}
	if diff := cmp.Diff(want, recoveries(t, s)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	d, err := s.Derivation(t.Context())
	if err != nil || d.Failed != 4 || d.Pipelines != 3 || d.Reason() != "The recovery of 4 failed runs is being derived." {
		t.Errorf("before: %+v %q %v", d, d.Reason(), err)
	}
	f, err := s.Facets(t.Context(), store.RunFilter{})
	if err != nil || f.Open != nil || f.Recovered != nil || f.RecoveryReason != d.Reason() || *f.Total == 0 {
		t.Errorf("facets before: %+v %v", f, err)
	}
	// By their recovery the failed runs can't be told apart yet, so that none is no answer.
	isOpen := false
	for _, filter := range []store.RunFilter{{Recovery: []store.RecoveryState{store.RecoveryOpen}}, {Recovery: []store.RecoveryState{store.RecoveryNotRedone}}, {Open: &isOpen}} {
		f, err := s.Facets(t.Context(), filter)
		if diff := cmp.Diff(store.Facets{Reason: d.Reason(), RecoveryReason: d.Reason()}, f); err != nil || diff != "" {
			t.Errorf("facets of %+v before: %v (-want +got):\n%s", filter, err, diff)
		}
	}

	if err := s.CheckFailures(t.Context()); err != nil { // it is kept now
		t.Fatal(err)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	want = []string{"pl_load 2026-11-25 open", "pl_load 2026-11-22 recovered by parameters on 2026-11-24", "pl_file 2026-11-21 notRedone", "pl_load 2026-11-21 notRedone"}
	if diff := cmp.Diff(want, recoveries(t, s)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if d, err := s.Derivation(t.Context()); err != nil || d != (store.Derivation{}) || d.Reason() != "" {
		t.Errorf("after: %+v %v", d, err)
	}
	if f, err := s.Facets(t.Context(), store.RunFilter{}); err != nil || *f.Open != 1 || *f.NotRedone != 2 || *f.Recovered != 1 {
		t.Errorf("facets after: %+v %v", f, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestADerivationGoesOnAfterItWasEnded: it is ended before each of its writes
// in turn, and comes to the same end.
func TestADerivationGoesOnAfterItWasEnded(t *testing.T) {
	t.Parallel()
	s := openAt(t, oldStore(t))
	for n := range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*200*time.Microsecond)
		err := s.Derive(ctx)
		cancel()
		if err == nil {
			break
		}
	}
	if err := s.CheckFailures(t.Context()); err != nil { // it is kept now
		t.Fatal(err)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"pl_load 2026-11-25 open", "pl_load 2026-11-22 recovered by parameters on 2026-11-24", "pl_file 2026-11-21 notRedone", "pl_load 2026-11-21 notRedone"}
	if diff := cmp.Diff(want, recoveries(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (x suite) explained(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	file := func(n int) map[string]any {
		return map[string]any{"table": "orders", "date": fmt.Sprintf("2026-10-%02d", n), "note": "x"}
	}
	write(t, s, f,
		row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(1), Ms: 60_000, Params: file(1)},
		row{ID: guid(2), Pipeline: "load", Status: "Succeeded", Start: hour(2), Params: file(2)},
		row{ID: guid(3), Pipeline: "load", Status: "Succeeded", Start: hour(3), Params: file(3)},
		row{ID: guid(4), Pipeline: "load", Status: "InProgress", Start: hour(4), Params: file(1)},
	)
	d, err := s.Run(t.Context(), "", guid(1))
	if err != nil {
		t.Fatal(err)
	}
	r := d.Recovery
	if r.State != store.RecoveryNotRedone || r.Since == nil || r.Since.RunID != guid(2) || r.Running == nil || r.Running.RunID != guid(4) || r.Running.RunStart != hour(4) {
		t.Errorf("%+v", r)
	}
	if d.Series == nil || d.Series.Parameters != `{"table":"orders"}` {
		t.Errorf("series %+v", d.Series)
	}
	var uses []string
	for _, u := range d.Uses {
		uses = append(uses, fmt.Sprintf("%s %s: %s", u.Name, u.Class, u.Reason))
	}
	if diff := cmp.Diff([]string{"date moving: The configuration says so.", "note ignored: The configuration says so.", "table recurring: The configuration says so."}, uses); diff != "" {
		t.Error(diff)
	}
	// A pipeline that gains a recurring parameter goes on with its series.
	full := func(n int) map[string]any {
		return map[string]any{"table": "orders", "config": "full", "date": fmt.Sprintf("2026-10-%02d", n)}
	}
	write(t, s, f,
		row{ID: guid(11), Pipeline: "gains", Status: "Failed", Start: hour(1), Ms: 60_000, Params: file(1)},
		row{ID: guid(12), Pipeline: "gains", Status: "Succeeded", Start: hour(2), Params: full(2)},
		row{ID: guid(13), Pipeline: "gains", Status: "Succeeded", Start: hour(3), Params: file(3)},
	)
	if d, err := s.Run(t.Context(), "", guid(11)); err != nil || d.Recovery.State != store.RecoveryNotRedone || d.Recovery.Since == nil || d.Recovery.Since.RunID != guid(12) {
		t.Errorf("of a pipeline that gained a parameter: %+v %v", d.Recovery, err)
	}
	// The rerun ends well: the same failed run has recovered.
	write(t, s, f, row{ID: guid(4), Pipeline: "load", Status: "Succeeded", Start: hour(4), Ms: 1000, Params: file(1)})
	page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Recovery: []store.RecoveryState{store.Recovered}}})
	if err != nil || len(page.Runs) != 1 || page.Runs[0].Recovery.By.RunID != guid(4) || page.Runs[0].Recovery.Rule != "parameters" || page.Runs[0].Recovery.Running != nil {
		t.Errorf("%+v %v", page.Runs, err)
	}
}

// anyOrder writes the same rows in two orders, by single rows and by pages,
// and then derives one of the stores again.
func (x suite) anyOrder(t *testing.T) {
	t.Parallel()
	a, b := x.open(t), x.open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 2, 20).Draw(t, "rows")
		seen := map[string]bool{}
		rows = slices.DeleteFunc(rows, func(r drawnRun) bool { // of versions without a time the first stays: order matters by intent
			id := strings.ToLower(r.RunID)
			defer func() { seen[id] = true }()
			return seen[id]
		})
		other := slices.Clone(rows)
		rand.New(rand.NewPCG(uint64(round), 7)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		page := rapid.IntRange(1, 8).Draw(t, "rows of a page")
		name := fmt.Sprintf("order-%d", round)
		first, second := storeRows(t, a, name, rows, len(rows)), storeRows(t, b, name, other, page)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("another order (-first +second):\n%s", diff)
		}
	})
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDerivingGivesWhatArrivalGave: a store whose pipelines are all derived
// again ends with the recoveries that it had.
func TestDerivingGivesWhatArrivalGave(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s := mustOpenTest(t, path)
	rows := rapid.SliceOfN(rapid.Custom(drawRow), 300, 300)
	for n := range 5 {
		f := putFactory(t, s, fmt.Sprintf("adf-%d", n))
		for part := range slices.Chunk(rows.Example(n), 20) {
			p := store.Page{Factory: f.Key, Origin: store.OriginAzure}
			for _, r := range part {
				p.Runs = append(p.Runs, r.PipelineRun)
			}
			if _, err := s.WriteRuns(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := recoveries(t, s)
	if len(before) < 10 {
		t.Fatalf("%d failed runs prove nothing", len(before))
	}
	closeStore(t, s)
	execSQL(t, path, "UPDATE pipeline SET derived = 0")
	s = openAt(t, path)
	if err := s.CheckFailures(t.Context()); err != nil { // it is kept now
		t.Fatal(err)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, recoveries(t, s)); diff != "" {
		t.Errorf("deriving changed what arrival gave (-arrival +derived):\n%s", diff)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// storeRows stores rows of one factory, so many a page, and returns what became
// of each failed run.
func storeRows(t *rapid.T, s *store.Store, factory string, rows []drawnRun, page int) []string {
	p, err := s.PutFactory(ctxOf(t), adf.Factory{ID: adf.FactoryID(testFactory + factory)}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(rows, page) {
		var runs []adf.PipelineRun
		for _, r := range part {
			runs = append(runs, r.PipelineRun)
		}
		if _, err := s.WriteRuns(ctxOf(t), store.Page{Factory: p.Key, Runs: runs, Origin: store.OriginAzure}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Runs(ctxOf(t), store.RunQuery{RunFilter: store.RunFilter{Factories: []string{p.Short}, Statuses: []adf.Status{adf.StatusFailed}}, Limit: store.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for i := range list.Runs {
		out = append(out, viewOf(list.Runs[i]))
	}
	slices.Sort(out)
	return out
}
