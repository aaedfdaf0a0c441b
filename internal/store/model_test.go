package store_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
	"andon/internal/store/history"
)

// model is what a store should hold, in the plainest form.
type model struct {
	runs    map[string]modelRun // by factory and lower-case runId
	windows map[string]string   // trigger windows, by the same
	order   int
}

type modelRun struct {
	adf.PipelineRun
	factory string
	sort    adf.Time
	arrived int // order of first arrival: the store's key grows with it
}

func progressOf(s adf.Status) int {
	switch s {
	case adf.StatusQueued:
		return 0
	case adf.StatusCanceling:
		return 2
	case adf.StatusSucceeded, adf.StatusFailed, adf.StatusCancelled:
		return 3
	default:
		return 1
	}
}

func (m *model) write(factory string, r adf.PipelineRun) {
	key := factory + "/" + strings.ToLower(r.RunID)
	sort := cmp.Or(possible(r.RunStart), possible(r.LastUpdated), adf.TimeOf(clock()))
	old, known := m.runs[key]
	fresh := modelRun{r, factory, sort, old.arrived}
	if !known {
		m.order++
		fresh.arrived = m.order
		m.runs[key] = fresh
		return
	}
	byTime := cmp.Compare(r.LastUpdated, old.LastUpdated)
	byTrust := cmp.Compare(boolOf(possible(r.LastUpdated) != 0), boolOf(possible(old.LastUpdated) != 0))
	if byTrust != 0 || r.LastUpdated == 0 || old.LastUpdated == 0 {
		byTime = 0 // can't be compared
	}
	byFirst := byTime
	if max(r.LastUpdated, old.LastUpdated) > adf.TimeOf(clock()).Add(5*time.Minute) {
		byFirst = 0 // its life says more
	}
	newer := cmp.Or(byFirst, cmp.Compare(progressOf(r.Status), progressOf(old.Status)), byTime, byTrust,
		cmp.Compare(boolOf(isOdd(old.PipelineRun)), boolOf(isOdd(r))))
	if newer > 0 {
		m.runs[key] = fresh
	}
}

// possible returns a time that something can have happened at, else 0.
func possible(t adf.Time) adf.Time {
	if t < adf.TimeOf(time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)) || t > adf.TimeOf(clock()).Add(24*time.Hour) {
		return 0
	}
	return t
}

func isOdd(r adf.PipelineRun) bool {
	return len(r.Odd) > 0 || max(r.RunStart, r.RunEnd, r.LastUpdated) > adf.TimeOf(clock()).Add(24*time.Hour)
}

func boolOf(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (r modelRun) group() string {
	if r.RunGroupID == nil || *r.RunGroupID == "" {
		return strings.ToLower(r.RunID)
	}
	return strings.ToLower(*r.RunGroupID)
}

func idBytes(id string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.ToLower(id), "-", ""))
	if err != nil || len(b) != 16 {
		return []byte("x" + strings.ToLower(id))
	}
	return b
}

// kind, trigger and parentPipeline are what started the run; nil for what does not
// apply. drawRow makes no other starts.
func (r modelRun) kind() *string { return r.InvokedBy.InvokedByType }

func (r modelRun) trigger() *string {
	if *r.kind() == "ScheduleTrigger" {
		return r.InvokedBy.Name
	}
	return nil
}

func (r modelRun) parentPipeline() *string {
	if *r.kind() == "PipelineActivity" {
		return r.InvokedBy.PipelineName
	}
	return nil
}

func (r modelRun) key() string { return r.factory + "/" + strings.ToLower(r.RunID) }

func (r modelRun) parent() string {
	if r.InvokedBy == nil || r.InvokedBy.PipelineRunID == nil {
		return ""
	}
	return strings.ToLower(*r.InvokedBy.PipelineRunID)
}

func (r modelRun) compared() history.Parameters {
	return testClasses().Compared(history.ParametersOf(r.Parameters), []string{strings.ToLower(r.RunID), r.group(), r.parent()})
}

func (r modelRun) series() history.Parameters { return testClasses().Series(r.compared()) }

func (m *model) latest(r modelRun) bool {
	for _, o := range m.runs {
		if o.factory == r.factory && o.group() == r.group() &&
			(o.sort > r.sort || o.sort == r.sort && bytes.Compare(idBytes(o.RunID), idBytes(r.RunID)) > 0) {
			return false
		}
	}
	return true
}

func (m *model) state(r modelRun) store.RecoveryState { return m.recovery(r).State }

func (m *model) open(r modelRun) bool { return m.state(r) == store.RecoveryOpen }

// view is what a list shows of a run, in one line.
func (m *model) view(r modelRun) string {
	return fmt.Sprintf("%s %s %s %s start=%s updated=%s %s latest=%v", r.factory, r.RunID, r.PipelineName, r.Status, r.RunStart, r.LastUpdated, recoveryText(m.recoveryAndRunning(r)), m.latest(r))
}

func recoveryText(r store.Recovery) string {
	by, running := "", ""
	if r.By != nil {
		by = r.By.RunID
	}
	if r.Running != nil {
		running = strings.ToLower(r.Running.RunID)
	}
	return fmt.Sprintf("%q %q %s running=%s", r.State, r.Rule, by, running)
}

func viewOf(r store.Run) string {
	var recovery store.Recovery
	if r.Recovery != nil {
		recovery = *r.Recovery
	}
	return fmt.Sprintf("%s %s %s %s start=%s updated=%s %s latest=%v", r.Place.Short, r.RunID, r.PipelineName, r.Status, r.RunStart, r.LastUpdated, recoveryText(recovery), r.Latest)
}

// matches applies a filter the plain way.
func (m *model) matches(r modelRun, f store.RunFilter) bool {
	has := func(list []string, v *string) bool {
		return v != nil && slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, *v) })
	}
	switch {
	case !f.From.IsZero() && r.sort < f.From, !f.To.IsZero() && r.sort >= f.To,
		len(f.Factories) > 0 && !slices.Contains(f.Factories, r.factory),
		len(f.Statuses) > 0 && !slices.Contains(f.Statuses, r.Status),
		len(f.Pipelines) > 0 && !has(f.Pipelines, &r.PipelineName),
		len(f.Triggers) > 0 && !has(f.Triggers, r.trigger()),
		len(f.InvokedBy) > 0 && !has(f.InvokedBy, r.trigger()) && !has(f.InvokedBy, r.parentPipeline()) && !has(f.InvokedBy, r.kind()),
		f.LatestOnly && !m.latest(r),
		f.Open != nil && *f.Open != m.open(r),
		len(f.Recovery) > 0 && !slices.Contains(f.Recovery, m.state(r)),
		f.MinDurationMs > 0 && (r.DurationInMs == nil || *r.DurationInMs < f.MinDurationMs):
		return false
	}
	for _, a := range f.Annotations {
		if strings.Contains(string(r.Annotations), `"`+a+`"`) {
			return m.matchesText(r, f.Q)
		}
	}
	return len(f.Annotations) == 0 && m.matchesText(r, f.Q)
}

func (m *model) matchesText(r modelRun, q string) bool {
	if q == "" || strings.Contains(strings.ToLower(r.PipelineName), strings.ToLower(q)) ||
		len(q) >= 4 && strings.HasPrefix(strings.ToLower(r.RunID), strings.ToLower(q)) {
		return true
	}
	return r.Status == adf.StatusFailed && r.Message != nil && slices.ContainsFunc(strings.Fields(*r.Message), func(w string) bool { return strings.HasPrefix(w, q) })
}

func (m *model) list(f store.RunFilter, by store.Sort) []string {
	var runs []modelRun
	for _, r := range m.runs {
		if m.matches(r, f) {
			runs = append(runs, r)
		}
	}
	unknown := func(r modelRun) int { return 1 - len(durations(r)) }
	slices.SortFunc(runs, func(a, b modelRun) int {
		switch by {
		case store.SortNewest:
			return cmp.Or(cmp.Compare(b.sort, a.sort), cmp.Compare(b.arrived, a.arrived))
		case store.SortOldest:
			return cmp.Or(cmp.Compare(a.sort, b.sort), cmp.Compare(a.arrived, b.arrived))
		case store.SortLongest:
			return cmp.Or(unknown(a)-unknown(b), slices.Compare(durations(b), durations(a)), cmp.Compare(b.arrived, a.arrived))
		default:
			return cmp.Or(unknown(a)-unknown(b), slices.Compare(durations(a), durations(b)), cmp.Compare(a.arrived, b.arrived))
		}
	})
	out := []string{}
	for _, r := range runs {
		out = append(out, m.view(r))
	}
	return out
}

// durations is empty for an unknown duration.
func durations(r modelRun) []int64 {
	if r.DurationInMs == nil {
		return nil
	}
	return []int64{*r.DurationInMs}
}

// drawnRun is a run that property tests print in one line.
type drawnRun struct{ adf.PipelineRun }

// GoString implements fmt.GoStringer.
func (r drawnRun) GoString() string {
	return fmt.Sprintf("{%s %s %s %s}", r.Raw, r.PipelineName, r.Status, r.RunStart)
}

// drawRow draws from small sets, so that ids, starts and versions collide.
func drawRow(t *rapid.T) drawnRun {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	number := rapid.IntRange(1, 14).Draw(t, "id")
	r := row{
		ID:       guid(number),
		Pipeline: pick("pipeline", "load", "Load", "transform", "publish"),
		Status:   pick("status", "Succeeded", "Succeeded", "Failed", "Failed", "Failed", "InProgress", "Queued", "Cancelled", "Canceling", "Paused"),
		Start:    hour(float64(rapid.IntRange(0, 12).Draw(t, "start"))),
		Updated:  hour(float64(rapid.IntRange(20, 25).Draw(t, "updated"))),
		Ms:       rapid.SampledFrom([]int64{0, 1, 1000, 1000, 60_000, 3_600_000, 5_000_000_000}).Draw(t, "ms"),
		Message:  pick("message", "", "no such host", "timeout while waiting", "host is down"),
		Trigger:  pick("trigger", "", "nightly", "Hourly"),
		Params:   drawParams(t),
	}
	if n := rapid.IntRange(0, 14).Draw(t, "parent"); n > 0 && n < number {
		r.Parent = guid(n) // of a smaller id, so that no run is its own ancestor
	}
	if rapid.IntRange(0, 3).Draw(t, "start") == 0 {
		r.ParentName, r.Parent = pick("parent", "load", "publish", ""), guid(rapid.IntRange(1, 14).Draw(t, "parent run"))
		r.Activity = guid(rapid.IntRange(100, 999).Draw(t, "activity run"))
	}
	switch rapid.IntRange(0, 12).Draw(t, "kind") {
	case 0:
		r.Extra = map[string]any{"runStart": nil}
	case 1:
		r.Extra = map[string]any{"runStart": "soon", "lastUpdated": nil}
	case 2:
		r.ID = strings.ToUpper(r.ID)
	case 3:
		r.ID = pick("odd id", "not-a-guid", "fifteen-letters")
	case 4, 5:
		r.Group = guid(rapid.IntRange(1, 14).Draw(t, "group"))
	case 6:
		r.Annotations = []string{pick("annotation", "sales", "hr"), "all"}
	case 7:
		r.Extra = map[string]any{"runStart": pick("odd start", "2099-01-01T00:00:00Z", "2012-02-03T04:05:06Z")}
	case 8:
		r.Extra = map[string]any{"lastUpdated": pick("odd update", "2099-01-01T00:00:00Z", "2012-02-03T04:05:06Z")}
	case 9:
		r.Extra = map[string]any{"runStart": "2098-01-01T00:00:00Z", "lastUpdated": "2099-01-01T00:00:00Z", "runEnd": "2010-01-01T00:00:00Z"}
	}
	return drawnRun{r.run()}
}

// drawParams draws parameters as pipelines have them: lost and gained ones,
// JSON in any order, ids of runs, none and unknown ones.
func drawParams(t *rapid.T) any {
	pick := func(label string, list ...any) any { return rapid.SampledFrom(list).Draw(t, label) }
	switch rapid.IntRange(0, 5).Draw(t, "parameters") {
	case 0:
		return map[string]any{}
	case 1:
		return "unknown" // no object
	}
	p := map[string]any{"table": pick("table", "orders", "customers")}
	for name, values := range map[string][]any{
		"date": {"2026-10-01", "2026-10-02"}, "note": {"a", "b"}, "parent": {guid(1), guid(2)}, "secret": {"<redacted>"},
		"config": {map[string]any{"a": 1, "b": "x"}, `{"b": "x", "a": "1"}`, "{}"},
	} {
		if rapid.IntRange(0, 3).Draw(t, "with "+name) == 0 {
			p[name] = pick(name, values...)
		}
	}
	return p
}

func drawFilter(t *rapid.T, shorts []string) store.RunFilter {
	some := func(label string, list ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 0, 2, rapid.ID[string]).Draw(t, label)
	}
	f := store.RunFilter{Factories: shorts}
	if rapid.Bool().Draw(t, "one factory") {
		f.Factories = shorts[:1]
	}
	for n := rapid.IntRange(0, 3).Draw(t, "filters"); n > 0; n-- {
		switch rapid.IntRange(0, 10).Draw(t, "filter") {
		case 0:
			f.From = hour(float64(rapid.IntRange(0, 24).Draw(t, "from")))
		case 1:
			f.To = hour(float64(rapid.IntRange(0, 24).Draw(t, "to")))
		case 2:
			for _, s := range some("statuses", "Succeeded", "Failed", "InProgress", "Paused") {
				f.Statuses = append(f.Statuses, adf.Status(s))
			}
		case 3:
			f.Pipelines = some("pipelines", "LOAD", "transform", "nope")
		case 4:
			f.Triggers = some("triggers", "Nightly", "hourly", "Manual")
		case 5:
			f.InvokedBy = some("invokedBy", "manual", "ScheduleTrigger", "nightly", "PipelineActivity", "Publish")
		case 6:
			f.Annotations = some("annotations", "sales", "all")
		case 7:
			f.LatestOnly = true
		case 8:
			open := rapid.Bool().Draw(t, "open")
			f.Open = &open
		case 9:
			f.MinDurationMs = rapid.SampledFrom([]int64{1, 1000, 60_000}).Draw(t, "minDuration")
		case 10:
			f.Recovery = rapid.SliceOfNDistinct(rapid.SampledFrom([]store.RecoveryState{store.RecoveryOpen, store.RecoveryNotRedone, store.Recovered}), 1, 3, rapid.ID[store.RecoveryState]).Draw(t, "recovery")
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "with text") == 0 {
		f.Q = rapid.SampledFrom([]string{"host", "wait", "lo", "publish", guid(3)[:6], "xyz"}).Draw(t, "q")
	}
	return f
}

// model writes random pages in random order, and compares everything that
// can be asked with a plain count.
func (x suite) model(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{runs: map[string]modelRun{}, windows: map[string]string{}}
		var places []store.Place
		var shorts []string
		for i := range 2 {
			p, err := s.PutFactory(ctxOf(t), adf.Factory{ID: adf.FactoryID(fmt.Sprintf("%sadf-%d-%d", testFactory, round, i))}, "test")
			if err != nil {
				t.Fatal(err)
			}
			places, shorts = append(places, p), append(shorts, p.Short)
		}
		for n := rapid.IntRange(1, 6).Draw(t, "pages"); n > 0; n-- {
			p := places[rapid.IntRange(0, 1).Draw(t, "factory")]
			var runs []adf.PipelineRun
			for _, r := range rapid.SliceOfN(rapid.Custom(drawRow), 1, 12).Draw(t, "runs") {
				runs = append(runs, r.PipelineRun)
			}
			if _, err := s.WriteRuns(ctxOf(t), store.Page{Factory: p.Key, Runs: runs, Origin: store.OriginAzure}); err != nil {
				t.Fatal(err)
			}
			for _, r := range runs {
				m.write(p.Short, r)
			}
			if rapid.Bool().Draw(t, "with trigger runs") {
				writeWindows(t, s, m, p)
			}
			if err := s.CheckFailures(ctxOf(t)); err != nil {
				t.Fatal(err)
			}
		}
		compareAll(t, s, m, store.RunFilter{Factories: shorts}, store.SortNewest)
		for range 4 {
			f := drawFilter(t, shorts)
			compareAll(t, s, m, f, rapid.SampledFrom([]store.Sort{store.SortNewest, store.SortOldest, store.SortLongest, store.SortShortest}).Draw(t, "sort"))
			compareFacets(t, s, m, f)
		}
		compareTimeline(t, s, m, shorts)
	})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// writeWindows stores trigger runs of two windows, each of which names one run.
func writeWindows(t *rapid.T, s *store.Store, m *model, p store.Place) {
	page := store.TriggerRunPage{Factory: p.Key, Asked: adf.TimeOf(clock())}
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 14), 1, 4, rapid.ID[int]).Draw(t, "triggered") {
		window := rapid.IntRange(1, 2).Draw(t, "window")
		if m.windows[p.Short+"/"+guid(n)] != "" {
			continue
		}
		m.windows[p.Short+"/"+guid(n)] = strconv.Itoa(window)
		raw := fmt.Sprintf(`{"triggerName":"tw","triggerRunId":"%s%02d","triggerType":"TumblingWindowTrigger","triggerRunTimestamp":"2026-10-01T00:00:00Z","status":"Succeeded",
			"properties":{"windowStartTime":"2026-10-%02dT00:00:00Z","windowEndTime":"2026-10-%02dT01:00:00Z"},"triggeredPipelines":{"load":%q}}`, strings.ToUpper(p.Short), n, window, window, guid(n))
		r, err := adf.DecodeTriggerRun([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		page.Runs = append(page.Runs, r)
	}
	if _, err := s.WriteTriggerRuns(ctxOf(t), page); err != nil {
		t.Fatal(err)
	}
}

// compareAll reads a list page by page.
func compareAll(t *rapid.T, s *store.Store, m *model, f store.RunFilter, by store.Sort) {
	want := m.list(f, by)
	got := []string{}
	q := store.RunQuery{RunFilter: f, Sort: by, Limit: rapid.IntRange(1, 30).Draw(t, "limit")}
	for {
		page, err := s.Runs(ctxOf(t), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			got = append(got, viewOf(r))
		}
		if page.NextCursor == "" {
			break
		}
		q.Cursor = page.NextCursor
	}
	if !slices.Equal(got, want) {
		t.Fatalf("filter %+v by %s\ngot:\n%s\nwant:\n%s", f, by, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func compareFacets(t *rapid.T, s *store.Store, m *model, f store.RunFilter) {
	got, err := s.Facets(ctxOf(t), f)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	states := map[store.RecoveryState]int64{}
	for _, r := range m.runs {
		if m.matches(r, f) {
			total++
			states[m.state(r)]++
		}
	}
	if *got.Total != total || *got.Open != states[store.RecoveryOpen] || *got.NotRedone != states[store.RecoveryNotRedone] || *got.Recovered != states[store.Recovered] {
		t.Fatalf("facets of %+v: total, open, not redone, recovered = %d %d %d %d, want %d %v", f, *got.Total, *got.Open, *got.NotRedone, *got.Recovered, total, states)
	}
	anyStatus, anyTrigger, anyStart := f, f, f
	anyStatus.Statuses, anyTrigger.Triggers, anyStart.InvokedBy = nil, nil, nil
	for _, one := range []struct {
		name  string
		got   []store.Facet
		loose store.RunFilter
		of    func(modelRun) *string
	}{
		{"status", got.Status, anyStatus, func(r modelRun) *string { return (*string)(&r.Status) }},
		{"trigger", got.Trigger, anyTrigger, modelRun.trigger},
		{"invokedBy", got.InvokedBy, anyStart, modelRun.kind},
		{"parent", got.Parent, anyStart, modelRun.parentPipeline},
	} {
		want, found := map[string]int64{}, map[string]int64{}
		for _, r := range m.runs {
			if v := one.of(r); v != nil && *v != "" && m.matches(r, one.loose) {
				want[*v]++
			}
		}
		for _, v := range one.got {
			found[v.Value] = v.Count
		}
		if !maps.Equal(want, found) {
			t.Fatalf("%s facet of %+v: %v, want %v", one.name, f, found, want)
		}
	}
}

func compareTimeline(t *rapid.T, s *store.Store, m *model, shorts []string) {
	q := store.TimelineQuery{From: hour(float64(rapid.IntRange(-30, 3).Draw(t, "from"))) + 7, To: hour(float64(rapid.IntRange(4, 60).Draw(t, "to"))) + 3, Factories: shorts}
	q.Bucket = bucketsOf()[rapid.IntRange(1, 4).Draw(t, "bucket")]
	if rapid.Bool().Draw(t, "by pipeline") {
		q.Pipelines = []string{"load"}
	}
	tl, err := s.Timeline(ctxOf(t), q)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, it := range tl.Items {
		want := map[adf.Status]int64{}
		states := map[store.RecoveryState]int64{}
		for _, r := range m.runs {
			if !m.matches(r, store.RunFilter{From: it.Start, To: it.End, Pipelines: q.Pipelines}) {
				continue
			}
			want[r.Status]++
			states[m.state(r)]++
		}
		total += len(want)
		if fmt.Sprint(want) != fmt.Sprint(it.Counts) || states[store.RecoveryOpen] != it.Open || states[store.RecoveryNotRedone] != it.NotRedone || states[store.Recovered] != it.Recovered {
			t.Fatalf("%+v\nbucket %s to %s: %+v, want %v %v", q, it.Start, it.End, it, want, states)
		}
	}
}
