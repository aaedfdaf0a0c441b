package store_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// triggerRow is what a test says of a trigger run; the rest is filled in.
type triggerRow struct {
	ID      string
	Trigger string // "" is tr
	Status  string // "" is Succeeded
	Fired   adf.Time
	Runs    map[string]string // by pipeline
	Extra   map[string]any    // members that overrule
}

func (r triggerRow) run() adf.TriggerRun {
	m := map[string]any{
		"triggerName": cmp.Or(r.Trigger, "tr"), "triggerRunId": r.ID, "triggerType": "ScheduleTrigger", "triggerRunTimestamp": r.Fired, "status": cmp.Or(r.Status, "Succeeded"),
		"message": nil, "properties": map[string]string{"TriggerTime": "10/01/2026 01:00:00"}, "triggeredPipelines": r.Runs, "groupId": r.ID, "dependencyStatus": map[string]any{},
	}
	maps.Copy(m, r.Extra)
	t, err := adf.DecodeTriggerRun(mustJSON(m))
	if err != nil {
		panic(err)
	}
	return t
}

func writeTriggerRuns(t *testing.T, s *store.Store, f store.Place, asked adf.Time, rows ...triggerRow) store.Changes {
	t.Helper()
	p := store.TriggerRunPage{Factory: f.Key, Asked: asked}
	for _, r := range rows {
		p.Runs = append(p.Runs, r.run())
	}
	c, err := s.WriteTriggerRuns(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func triggerIDs(list []store.TriggerRun) []string {
	out := []string{}
	for i := range list {
		out = append(out, list[i].TriggerRunID)
	}
	return out
}

// modelTrigger is a trigger run as a store should hold it.
type modelTrigger struct {
	adf.TriggerRun

	factory string
	asked   adf.Time
	fired   adf.Time
	arrived int
}

type triggerModel struct {
	runs  map[string]modelTrigger // by factory and upper-case id
	order int
}

func (m *triggerModel) write(factory string, r adf.TriggerRun, asked adf.Time) {
	key := factory + "/" + strings.ToUpper(r.TriggerRunID)
	old, known := m.runs[key]
	fresh := modelTrigger{r, factory, asked, cmp.Or(r.TriggerRunTimestamp, asked), old.arrived}
	if !known {
		m.order++
		fresh.arrived = m.order
		m.runs[key] = fresh
		return
	}
	ended := func(s adf.Status) int {
		if s.Terminal() {
			return 1
		}
		return 0
	}
	newer := cmp.Or(cmp.Compare(r.TriggerRunTimestamp, old.TriggerRunTimestamp), ended(r.Status)-ended(old.Status), cmp.Compare(asked, old.asked),
		min(len(old.Odd), 1)-min(len(r.Odd), 1))
	if newer <= 0 {
		return
	}
	if string(r.Raw) == string(old.Raw) {
		fresh.fired = old.fired // the same again: it stands where it stood
	}
	m.runs[key] = fresh
}

func (m *triggerModel) list(f store.TriggerRunFilter) []string {
	fold := func(list []string, s string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
	}
	var runs []modelTrigger
	for _, r := range m.runs {
		if (f.From.IsZero() || r.fired >= f.From) && (f.To.IsZero() || r.fired < f.To) && fold(f.Factories, r.factory) && fold(f.Triggers, r.TriggerName) &&
			(len(f.Statuses) == 0 || slices.ContainsFunc(f.Statuses, func(s adf.Status) bool { return s.Canonical() == r.Status })) {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(a, b modelTrigger) int {
		return cmp.Or(cmp.Compare(b.fired, a.fired), cmp.Compare(b.arrived, a.arrived))
	})
	out := []string{}
	for _, r := range runs {
		out = append(out, triggerView(r.factory, r.TriggerRun, r.asked))
	}
	return out
}

func triggerView(factory string, r adf.TriggerRun, asked adf.Time) string {
	return fmt.Sprintf("%s as of %s: %s", factory, asked, r.Raw)
}

// drawnTrigger is a trigger run that property tests print in one line.
type drawnTrigger struct{ adf.TriggerRun }

// GoString implements fmt.GoStringer.
func (r drawnTrigger) GoString() string { return fmt.Sprintf("{%s}", r.Raw) }

// drawTrigger draws from small sets, so that ids, times and versions collide.
func drawTrigger(t *rapid.T) drawnTrigger {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	r := triggerRow{
		ID: pick("id", "08586CU07", "08586cu07", "08587CU12", "08588", "x"), Trigger: pick("trigger", "nightly", "Nightly", "hourly"),
		Status: pick("status", "Succeeded", "Failed", "Running", "Waiting", "Inprogress", "canceled", "Pondering"), Fired: hour(float64(rapid.IntRange(0, 3).Draw(t, "fired"))),
		Runs: map[string]string{"p": guid(rapid.IntRange(1, 3).Draw(t, "run"))},
	}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		r.Runs["q"] = guid(rapid.IntRange(1, 5).Draw(t, "another run"))
	case 1:
		r.Runs = nil
	case 2:
		r.Extra = map[string]any{"triggerRunTimestamp": nil}
	case 3:
		r.Extra = map[string]any{"message": 7}
	}
	return drawnTrigger{r.run()}
}

// triggerRunModel writes random pages in random order, and compares every
// list with a plain one.
func (x suite) triggerRunModel(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &triggerModel{runs: map[string]modelTrigger{}}
		var places []store.Place
		var shorts []string
		for i := range 2 {
			p, err := s.PutFactory(ctxOf(t), adf.Factory{ID: adf.FactoryID(fmt.Sprintf("%strigger-%d-%d", testFactory, round, i))}, "test")
			if err != nil {
				t.Fatal(err)
			}
			places, shorts = append(places, p), append(shorts, p.Short)
		}
		for n := rapid.IntRange(1, 6).Draw(t, "pages"); n > 0; n-- {
			p := places[rapid.IntRange(0, 1).Draw(t, "factory")]
			page := store.TriggerRunPage{Factory: p.Key, Asked: hour(float64(rapid.IntRange(10, 13).Draw(t, "asked")))}
			for _, r := range rapid.SliceOfN(rapid.Custom(drawTrigger), 1, 12).Draw(t, "trigger runs") {
				page.Runs = append(page.Runs, r.TriggerRun)
				m.write(p.Short, r.TriggerRun, page.Asked)
			}
			if _, err := s.WriteTriggerRuns(ctxOf(t), page); err != nil {
				t.Fatal(err)
			}
			// The same page once more changes nothing.
			if c, err := s.WriteTriggerRuns(ctxOf(t), page); err != nil || c.Inserted+c.Updated > 0 {
				t.Fatalf("the same page again: %+v %v", c, err)
			}
		}
		compareTriggers(t, s, m, store.TriggerRunFilter{Factories: shorts})
		for range 3 {
			f := store.TriggerRunFilter{Factories: shorts[:rapid.IntRange(1, 2).Draw(t, "factories")]}
			if rapid.Bool().Draw(t, "from") {
				f.From = hour(float64(rapid.IntRange(0, 11).Draw(t, "from")))
			}
			if rapid.Bool().Draw(t, "to") {
				f.To = hour(float64(rapid.IntRange(0, 14).Draw(t, "to")))
			}
			f.Statuses = rapid.SliceOfN(rapid.SampledFrom([]adf.Status{"Succeeded", "failed", "Running", "Pondering"}), 0, 2).Draw(t, "statuses")
			f.Triggers = rapid.SliceOfN(rapid.SampledFrom([]string{"NIGHTLY", "hourly", "nope"}), 0, 2).Draw(t, "triggers")
			compareTriggers(t, s, m, f)
		}
	})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// compareTriggers reads a list page by page.
func compareTriggers(t *rapid.T, s *store.Store, m *triggerModel, f store.TriggerRunFilter) {
	want, got := m.list(f), []string{}
	q := store.TriggerRunQuery{TriggerRunFilter: f, Limit: rapid.IntRange(1, 12).Draw(t, "limit")}
	for {
		page, err := s.TriggerRuns(ctxOf(t), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.TriggerRuns {
			got = append(got, triggerView(page.TriggerRuns[i].Place.Short, page.TriggerRuns[i].TriggerRun, page.TriggerRuns[i].AsOf))
		}
		if q.Cursor = page.NextCursor; page.NextCursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("filter %+v\ngot:\n%s\nwant:\n%s", f, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (x suite) links(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	by := func(id string) map[string]any {
		return map[string]any{"invokedBy": map[string]any{"id": id, "name": "tr", "invokedByType": "ScheduleTrigger"}}
	}
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Extra: by("other")},
		row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(1.5), Extra: by("A1cu07")}, // the pipeline's second run, which no trigger run names
		row{ID: guid(3), Pipeline: "q", Status: "Succeeded", Start: hour(3), Extra: by("gone")},
		row{ID: guid(4), Pipeline: "q", Status: "Succeeded", Start: hour(4)})
	write(t, s, other, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(0)})
	writeTriggerRuns(t, s, f, hour(5), triggerRow{ID: "A1CU07", Fired: hour(1), Runs: map[string]string{"p": strings.ToUpper(guid(1)), "q": guid(3), "r": "", "s": guid(1)}})
	writeTriggerRuns(t, s, f, hour(5), triggerRow{ID: "A0CU07", Fired: hour(0.5), Runs: map[string]string{"q": guid(3)}}) // a rerun names what the first one did
	for n, want := range map[int][]string{1: {"A1CU07"}, 2: {"A1CU07"}, 3: {"A0CU07", "A1CU07"}, 4: {}} {
		got, err := s.TriggerRunsOf(t.Context(), "adf", guid(n))
		if diff := gocmp.Diff(want, triggerIDs(got)); diff != "" || err != nil {
			t.Errorf("run %d: %s %v", n, diff, err)
		}
	}
	if got, err := s.TriggerRunsOf(t.Context(), "other", guid(1)); err != nil || len(got) != 0 {
		t.Errorf("another factory's run of the same id: %v %v", triggerIDs(got), err)
	}
	one, err := s.TriggerRun(t.Context(), "adf", "a1cu07")
	if err != nil || one.Place != f || one.AsOf != hour(5) || len(one.TriggeredPipelines) != 4 {
		t.Errorf("%+v %v", one, err)
	}
	for id, want := range map[string][]string{"a1CU07": {guid(1), guid(2), guid(3)}, "A0CU07": {guid(3)}} {
		runs, err := s.RunsOfTriggerRun(t.Context(), "adf", id)
		if diff := gocmp.Diff(want, ids(runs)); diff != "" || err != nil {
			t.Errorf("trigger run %s: %s %v", id, diff, err)
		}
	}
	if _, err := s.RunsOfTriggerRun(t.Context(), "adf", "nope"); err == nil {
		t.Error("an unknown trigger run started something")
	}
	// What a later answer does not name any more is no link.
	writeTriggerRuns(t, s, f, hour(6), triggerRow{ID: "A0CU07", Fired: hour(0.5), Runs: map[string]string{"q": guid(4)}})
	for n, want := range map[int][]string{3: {"A1CU07"}, 4: {"A0CU07"}} {
		got, err := s.TriggerRunsOf(t.Context(), "adf", guid(n))
		if diff := gocmp.Diff(want, triggerIDs(got)); diff != "" || err != nil {
			t.Errorf("run %d: %s %v", n, diff, err)
		}
	}
}

func (x suite) triggerRunCoverage(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	for _, step := range []struct {
		window store.Window
		asOf   adf.Time
	}{
		{store.Window{From: hour(0), To: hour(5)}, hour(5)}, {store.Window{From: hour(-9), To: hour(-5)}, 0}, {store.Window{From: hour(4), To: hour(6)}, hour(6)},
	} {
		page := store.TriggerRunPage{Factory: f.Key, Runs: []adf.TriggerRun{triggerRow{ID: "a", Fired: hour(1)}.run()}, OddRows: 1, Asked: hour(6), Completes: &step.window, AsOf: step.asOf}
		if _, err := s.WriteTriggerRuns(t.Context(), page); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.TriggerRunCoverage(t.Context(), f.Key)
	if diff := gocmp.Diff([]store.Window{{From: hour(-9), To: hour(-5)}, {From: hour(0), To: hour(6)}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if runs, err := s.Coverage(t.Context(), f.Key); err != nil || len(runs) != 0 {
		t.Errorf("runs are covered: %v %v", runs, err)
	}
	asOf, err := s.SurroundingsAsOf(t.Context(), f.Key)
	if err != nil || asOf[store.SurroundingTriggerRuns].AsOf != hour(6) {
		t.Errorf("%v %v", asOf, err)
	}
	if got, err := s.Factory(t.Context(), "adf"); err != nil || got.OddRows != 3 || got.AsOf != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

func (x suite) openTriggerRuns(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	writeTriggerRuns(t, s, other, hour(9), triggerRow{ID: "z", Status: "Waiting", Fired: hour(0)})
	always := store.Window{From: hour(0), To: hour(24)}
	for i, status := range []string{"Running", "Succeeded", "WaitingOnDependency", "Failed", "Cancelled", "Pondering", "Waiting"} {
		writeTriggerRuns(t, s, f, hour(9), triggerRow{ID: status, Status: status, Fired: hour(float64(9 - i))})
	}
	got, err := s.OpenTriggerRuns(t.Context(), f.Key, always, 3)
	if diff := gocmp.Diff([]string{"Waiting", "Pondering", "WaitingOnDependency"}, triggerIDs(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	writeTriggerRuns(t, s, f, hour(10), triggerRow{ID: "Waiting", Status: "Succeeded", Fired: hour(3)})
	writeTriggerRuns(t, s, f, hour(11), triggerRow{ID: "Waiting", Status: "Waiting", Fired: hour(3)}) // a replica that lags behind
	got, err = s.OpenTriggerRuns(t.Context(), f.Key, always, 100)
	if diff := gocmp.Diff([]string{"Pondering", "WaitingOnDependency", "Running"}, triggerIDs(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = s.OpenTriggerRuns(t.Context(), f.Key, store.Window{From: hour(7), To: hour(9)}, 100)
	if diff := gocmp.Diff([]string{"WaitingOnDependency"}, triggerIDs(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func (x suite) concurrentTriggerRuns(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for n := range 8 {
				p := store.TriggerRunPage{Factory: f.Key, Asked: hour(float64(n))}
				for k := range 15 {
					p.Runs = append(p.Runs, triggerRow{ID: strconv.Itoa(n*10 + k), Status: []string{"Waiting", "Failed"}[i%2], Fired: hour(float64(k)), Runs: map[string]string{"p": guid(k)}}.run())
				}
				if _, err := s.WriteTriggerRuns(context.Background(), p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := s.TriggerRuns(t.Context(), store.TriggerRunQuery{Limit: store.MaxLimit, TriggerRunFilter: store.TriggerRunFilter{Statuses: []adf.Status{"Failed"}}})
	if err != nil || len(list.TriggerRuns) != 85 {
		t.Errorf("%d trigger runs, want 85, %v", len(list.TriggerRuns), err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// modelRuntime is the history of a runtime as a store should hold it: what it
// said at each time that it was asked, older answers left out.
type modelRuntime struct {
	asOf  adf.Time
	nodes map[string]store.RuntimeState // what it said last, by lower-case node
	past  []store.RuntimeState
}

func (m *modelRuntime) say(at adf.Time, said map[string]store.RuntimeState) {
	if at <= m.asOf {
		return
	}
	m.asOf = at
	for key, old := range m.nodes {
		if _, still := said[key]; !still {
			m.past = append(m.past, old, store.RuntimeState{Node: old.Node, IsGone: true, From: at, Seen: at})
			delete(m.nodes, key)
		}
	}
	for key, now := range said {
		old, known := m.nodes[key]
		now.From, now.Seen = at, at
		switch {
		case known && old.State == now.State && old.Version == now.Version:
			now = old
			now.Seen = at
		case known:
			m.past = append(m.past, old)
		}
		m.nodes[key] = now
	}
}

func (m *modelRuntime) history(from, to adf.Time) []store.RuntimeState {
	out := []store.RuntimeState{}
	for _, st := range append(slices.Collect(maps.Values(m.nodes)), m.past...) {
		if (from.IsZero() || st.Seen >= from) && (to.IsZero() || st.From < to) {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b store.RuntimeState) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(strings.ToLower(a.Node), strings.ToLower(b.Node)))
	})
	return out
}

// runtimeModel has a runtime say random things in random order.
func (x suite) runtimeModel(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		p, err := s.PutFactory(ctxOf(t), adf.Factory{ID: adf.FactoryID(fmt.Sprintf("%sruntime-%d", testFactory, round))}, "test")
		if err != nil {
			t.Fatal(err)
		}
		m := &modelRuntime{nodes: map[string]store.RuntimeState{}}
		states, versions := []string{"Online", "Limited", "Offline"}, []string{"5.50", "5.51"}
		for n := rapid.IntRange(1, 10).Draw(t, "readings"); n > 0; n-- {
			at := hour(float64(rapid.IntRange(1, 20).Draw(t, "as of")))
			said := map[string]store.RuntimeState{"": {State: rapid.SampledFrom(states).Draw(t, "state"), Version: rapid.SampledFrom(versions).Draw(t, "version")}}
			var nodes []string
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Node_1", "Node_2", "node_3"}), 0, 3, rapid.ID[string]).Draw(t, "nodes") {
				st := store.RuntimeState{Node: name, State: rapid.SampledFrom(states).Draw(t, "status of "+name), Version: rapid.SampledFrom(versions).Draw(t, "version of "+name)}
				said[strings.ToLower(name)] = st
				nodes = append(nodes, st.Node, st.State, st.Version)
			}
			m.say(at, said)
			// The list is as of the first time always, so that it is the answers' own times that count.
			reading := store.RuntimeReading{Runtime: integrationRuntime("shir"), Status: runtimeStatus("shir", said[""].State, said[""].Version, nodes...), StatusAsOf: at}
			if err := s.PutRuntimes(ctxOf(t), store.Reading{Factory: p.Key, AsOf: hour(1), Partial: rapid.Bool().Draw(t, "alone")}, []store.RuntimeReading{reading}); err != nil {
				t.Fatal(err)
			}
		}
		for _, window := range [][2]adf.Time{{}, {hour(float64(rapid.IntRange(1, 20).Draw(t, "from"))), 0}, {hour(5), hour(12)}} {
			got, err := s.RuntimeHistory(ctxOf(t), p.Short, "shir", window[0], window[1])
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(m.history(window[0], window[1]), append([]store.RuntimeState{}, got...)); diff != "" {
				t.Fatalf("%s to %s: %s", window[0], window[1], diff)
			}
		}
	})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
