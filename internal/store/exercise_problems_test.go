package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

func exerciseProblems(t *testing.T, x suite) {
	t.Helper()
	t.Run("a broken series stays a problem beside a flapping one", x.brokenBesideFlapping)
	t.Run("a series is older when nothing of it failed lately", x.olderByAge)
	t.Run("a series that Azure showed is not only imported", x.olderByImport)
	t.Run("a flapping pipeline is a problem once it does not work again", x.flappingStaysBroken)
	t.Run("pipelines that did equally badly are in order of their names", x.worstTies)
}

// headline is what the overview says of problems: pipelines, series and runs
// that need attention, and flapping pipelines.
type headline struct{ Pipelines, Series, Runs, Flapping int64 }

func headlineOf(t *testing.T, s *store.Store) headline {
	t.Helper()
	o, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24), OlderAfter: 100 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p := o.Problems
	return headline{p.Pipelines, p.Series, p.Runs, p.Flapping}
}

// fold is what the overview says of pipelines that need attention, of runs that
// are not redone, and of what is older than 14 days.
type fold struct {
	Pipelines, NotRedone int64
	Older                store.OlderProblems
}

func foldOf(t *testing.T, s *store.Store) fold {
	t.Helper()
	o, err := s.Overview(t.Context(), store.OverviewQuery{From: daysAgo(1), To: daysAgo(0), OlderAfter: 14 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p := o.Problems
	p.Older.After = 0
	return fold{p.Pipelines, p.NotRedone, p.Older}
}

func daysAgo(n float64) adf.Time {
	return adf.TimeOf(clock()).Add(-time.Duration(n * float64(24*time.Hour)))
}

// load is a run of pl_load for a table and a date.
func load(n int, table, date, status string, start adf.Time) row {
	return row{ID: guid(n), Pipeline: "pl_load", Status: status, Start: start, Ms: 1000, Params: map[string]any{"table": table, "date": date}}
}

// freshUntil says that everything before a time is stored.
func freshUntil(t *testing.T, s *store.Store, f store.Place, at adf.Time) {
	t.Helper()
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: store.OriginAzure, Completes: &store.Window{From: day0 - 1, To: at}, AsOf: at}); err != nil {
		t.Fatal(err)
	}
}

// loads are runs of pl_load for a table, each of its own date. The first is
// numbered n.
func loads(n int, table, status string, starts ...adf.Time) []row {
	var out []row
	for i, start := range starts {
		out = append(out, row{
			ID: guid(n + i), Pipeline: "pl_load", Status: status, Start: start, Ms: 1000,
			Params: map[string]any{"table": table, "date": fmt.Sprint(start)},
		})
	}
	return out
}

// flaps are five failures of orders within the 20 hours before a time, each of
// which worked again a minute later.
func flaps(n int, until adf.Time) []row {
	var failed, worked []adf.Time
	for i := range 5 {
		at := until.Add(-time.Duration(4*(i+1)) * time.Hour)
		failed, worked = append(failed, at), append(worked, at.Add(time.Minute+time.Second))
	}
	return append(loads(n, "orders", "Failed", failed...), loads(n+5, "orders", "Succeeded", worked...)...)
}

// brokenBesideFlapping: a series of pl_load failed and has not worked since.
// That orders, another series, fails and works again within a minute hides
// nothing of it, however long ago it failed.
func (x suite) brokenBesideFlapping(t *testing.T) {
	t.Parallel()
	broken := headline{Pipelines: 1, Series: 1, Runs: 1}
	for _, tt := range []struct {
		name string
		rows []row // beside the flaps of orders
		at   adf.Time
		want headline
	}{
		{"customers failed 3 times in a row, less than 24 h ago", loads(1, "customers", "Failed", hour(25), hour(26), hour(27)), hour(48), headline{1, 1, 3, 0}},
		{"customers failed 3 times in a row, 2 days ago", loads(1, "customers", "Failed", hour(1), hour(2), hour(3)), hour(48), headline{1, 1, 3, 0}},
		{"customers failed twice 2 days ago and once today", loads(1, "customers", "Failed", hour(1), hour(2), hour(47.99)), hour(48), headline{1, 1, 3, 0}},
		{"customers worked a day before its only failure, 30 h ago", append(loads(1, "customers", "Failed", hour(18)), loads(2, "customers", "Succeeded", hour(0))...), hour(48), broken},
		{"customers failed 30 h ago and worked again 6 h ago", append(loads(1, "customers", "Failed", hour(18)), loads(2, "customers", "Succeeded", hour(42))...), hour(48), headline{Flapping: 1}},
		{"customers never failed", loads(1, "customers", "Succeeded", hour(18), hour(42)), hour(48), headline{Flapping: 1}},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		write(t, s, f, append(flaps(100, tt.at), tt.rows...)...)
		freshUntil(t, s, f, tt.at)
		if got := headlineOf(t, s); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// flappingStaysBroken: orders fails and works again within a minute. Its newest
// failure is a problem after three minutes without a success that began after
// its end.
func (x suite) flappingStaysBroken(t *testing.T) {
	t.Parallel()
	end := hour(48).Add(time.Second) // of the newest failure
	for _, tt := range []struct {
		name string
		rows []row // beside the flaps of orders and its newest failure
		at   adf.Time
		want headline
	}{
		{"two minutes later", nil, end.Add(2 * time.Minute), headline{Flapping: 1}},
		{"four minutes later", nil, end.Add(4 * time.Minute), headline{1, 1, 1, 0}},
		{"beside a run that failed after a success which began before its end", []row{
			{ID: guid(2), Pipeline: "pl_load", Status: "Failed", Start: end.Add(-time.Millisecond), Ms: int64(12 * time.Minute / time.Millisecond), Params: map[string]any{"table": "orders", "date": "long"}},
			loads(3, "orders", "Succeeded", end.Add(time.Minute))[0],
		}, end.Add(20 * time.Minute), headline{1, 1, 1, 0}},
		{"it worked again after a minute", loads(3, "orders", "Succeeded", end.Add(time.Minute)), end.Add(4 * time.Minute), headline{Flapping: 1}},
		{"its parameters are unknown, and a run whose parameters are unknown worked", []row{
			{ID: guid(2), Pipeline: "pl_load", Status: "Failed", Start: hour(47.5), Ms: 1000, Extra: map[string]any{"parameters": nil}},
			{ID: guid(3), Pipeline: "pl_load", Status: "Succeeded", Start: hour(47.51), Ms: 1000, Extra: map[string]any{"parameters": nil}},
			loads(4, "orders", "Succeeded", end.Add(time.Minute))[0],
		}, end.Add(2 * time.Minute), headline{1, 1, 1, 0}},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		write(t, s, f, append(append(flaps(100, hour(48)), loads(1, "orders", "Failed", hour(48))...), tt.rows...)...)
		freshUntil(t, s, f, tt.at)
		if got := headlineOf(t, s); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// olderByAge: a file of orders is not redone since 20 days. Whether it is older
// depends on the newest failure of orders, recovered or not.
func (x suite) olderByAge(t *testing.T) {
	t.Parallel()
	notRedone := []row{load(1, "orders", "a", "Failed", daysAgo(20)), load(2, "orders", "b", "Succeeded", daysAgo(19))}
	older := fold{Older: store.OlderProblems{Pipelines: 1, Series: 1, Runs: 1}}
	long := load(3, "orders", "c", "Failed", daysAgo(14.1))
	long.Ms = (3 * time.Hour).Milliseconds()
	for _, tt := range []struct {
		name string
		rows []row // beside the file
		want fold
	}{
		{"nothing else failed", nil, older},
		{"another date failed yesterday and was rerun", []row{load(3, "orders", "c", "Failed", daysAgo(1)), load(4, "orders", "c", "Succeeded", daysAgo(0.9))}, fold{NotRedone: 1}},
		{"another date failed yesterday and was not rerun", []row{load(3, "orders", "c", "Failed", daysAgo(1))}, fold{Pipelines: 1, NotRedone: 1}},
		{"another date failed 15 days ago and was rerun", []row{load(3, "orders", "c", "Failed", daysAgo(15)), load(4, "orders", "c", "Succeeded", daysAgo(1))}, older},
		{"another table failed yesterday and was rerun", []row{load(3, "customers", "c", "Failed", daysAgo(1)), load(4, "customers", "c", "Succeeded", daysAgo(0.9))}, older},
		{"another date began to run more than 14 days ago, failed less than 14 days ago and was rerun", []row{long, load(4, "orders", "c", "Succeeded", daysAgo(1))}, fold{NotRedone: 1}},
		{"another date began to run more than 14 days ago and failed less than 14 days ago", []row{long}, fold{Pipelines: 1, NotRedone: 1}},
	} {
		s := x.open(t)
		write(t, s, putFactory(t, s, "adf"), append(notRedone, tt.rows...)...)
		if got := foldOf(t, s); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// olderByImport: only an import shows that orders failed yesterday. That is older
// while only imports show orders at all.
func (x suite) olderByImport(t *testing.T) {
	t.Parallel()
	imported := load(1, "orders", "a", "Failed", daysAgo(1))
	older := fold{Older: store.OlderProblems{Pipelines: 1, Series: 1, Runs: 1}}
	failed, rerun := load(2, "orders", "b", "Failed", daysAgo(4)), load(3, "orders", "b", "Succeeded", daysAgo(3))
	for _, tt := range []struct {
		name           string
		azure, imports []row // beside the failure
		want           fold
	}{
		{"nothing else ran", nil, nil, older},
		{"imports show a failure and its rerun", nil, []row{failed, rerun}, older},
		{"Azure shows that another table failed and was rerun", []row{load(2, "customers", "b", "Failed", daysAgo(4)), load(3, "customers", "b", "Succeeded", daysAgo(3))}, nil, older},
		{"Azure shows a success", []row{rerun}, nil, fold{Pipelines: 1}},
		{"Azure shows the rerun of an imported failure", []row{rerun}, []row{failed}, fold{Pipelines: 1}},
		{"Azure shows a success, and an import a failure of long ago", []row{rerun}, []row{load(4, "orders", "c", "Failed", daysAgo(30))}, fold{Pipelines: 1, NotRedone: 1}},
		{"Azure shows a failure that an imported rerun recovered", []row{failed}, []row{rerun}, fold{Pipelines: 1}},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		if len(tt.azure) > 0 {
			write(t, s, f, tt.azure...)
		}
		runs := []adf.PipelineRun{imported.run()}
		for _, r := range tt.imports {
			runs = append(runs, r.run())
		}
		importRuns(t, s, f, store.OriginFile, runs...)
		if got := foldOf(t, s); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// worstTies: pipelines that did equally badly are in order of their names, in
// whatever order they became known.
func (x suite) worstTies(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	for n, name := range []string{"r", "p", "q"} {
		write(t, s, f, row{ID: guid(n + 1), Pipeline: name, Status: "Failed", Start: hour(1), Ms: 1000})
	}
	o, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range o.Worst {
		got = append(got, o.Worst[i].PipelineName)
	}
	if !slices.Equal(got, []string{"p", "q", "r"}) {
		t.Errorf("the worst are %v", got)
	}
}
