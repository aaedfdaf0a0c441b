package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"andon/internal/adf"
	"andon/internal/store"
)

// exerciseAround is the part of the suite about what stands around the runs.
func exerciseAround(t *testing.T, x suite) {
	t.Helper()
	t.Run("a definition is kept for each content", x.definitions)
	t.Run("contents are stored once", x.sharedContents)
	t.Run("triggers tell since when they are so", x.triggers)
	t.Run("what is not listed any more is gone", x.goneResources)
	t.Run("an older reading changes nothing", x.olderReadings)
	t.Run("unknown is told from none", x.unknownSurroundings)
	t.Run("trigger runs agree with a plain model", x.triggerRunModel)
	t.Run("trigger runs and runs lead to each other", x.links)
	t.Run("trigger runs have a coverage of their own", x.triggerRunCoverage)
	t.Run("trigger runs that have not ended are asked for again", x.openTriggerRuns)
	t.Run("bad arguments about surroundings are refused", x.invalidSurroundings)
	t.Run("runtime histories agree with a plain model", x.runtimeModel)
	t.Run("runtimes tell what they said last", x.runtimes)
	t.Run("changes of surroundings are published", x.surroundingChanges)
	t.Run("many pages of trigger runs at once", x.concurrentTriggerRuns)
}

// pipelineAt is a pipeline with a Wait of some seconds, published at a time.
func pipelineAt(name, etag string, seconds int, published adf.Time) adf.PipelineDefinition {
	raw := fmt.Appendf(nil, `{"id":"/x/%[1]s","name":"%[1]s","properties":{"activities":[{"name":"wait","type":"Wait","typeProperties":{"waitTimeInSeconds":%[2]d}}],"lastPublishTime":%[3]s},"etag":"%[4]s"}`,
		name, seconds, mustJSON(published), etag)
	d, err := adf.DecodePipelineDefinition(raw)
	if err != nil {
		panic(err)
	}
	return d
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func putDefinitions(t *testing.T, s *store.Store, r store.Reading, list ...adf.PipelineDefinition) {
	t.Helper()
	if err := s.PutDefinitions(t.Context(), r, list); err != nil {
		t.Fatal(err)
	}
}

// view is a version of a definition in one line.
func versionOf(t *testing.T, s *store.Store, pipeline string, at adf.Time) string {
	t.Helper()
	d, err := s.Definition(t.Context(), "adf", pipeline, at)
	if err != nil {
		t.Fatal(err)
	}
	var wait struct {
		TypeProperties struct {
			Seconds int `json:"waitTimeInSeconds"`
		} `json:"typeProperties"`
	}
	if err := json.Unmarshal(d.Activities[0].Raw, &wait); err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("%s %s waits %d, published %s, in force %s to %s", d.Name, d.ETag, wait.TypeProperties.Seconds, d.LastPublishTime, d.From, d.Until)
	if d.IsLater {
		line += ", later"
	}
	if d.Gone != 0 {
		line += ", gone " + d.Gone.String()
	}
	return line
}

func (x suite) definitions(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	at := func(n float64) store.Reading { return store.Reading{Factory: f.Key, AsOf: hour(n)} }
	putDefinitions(t, s, at(10), pipelineAt("Load", "e1", 1, hour(2)))
	putDefinitions(t, s, at(10), pipelineAt("Load", "e1", 1, hour(2)))    // the same reading again
	putDefinitions(t, s, at(11), pipelineAt("Load", "e2", 1, hour(10.5))) // published as it was
	putDefinitions(t, s, at(12), pipelineAt("Load", "e3", 2, hour(11.5)))
	putDefinitions(t, s, at(13), pipelineAt("Load", "e4", 1, hour(99))) // as before again; its clock is wrong
	for _, tc := range []struct {
		at   adf.Time
		want string
	}{
		{0, "Load e4 waits 1, published 2026-10-05T03:00:00Z, in force 2026-10-01T13:00:00Z to "},
		{hour(13), "Load e4 waits 1, published 2026-10-05T03:00:00Z, in force 2026-10-01T13:00:00Z to "},
		{hour(12.9), "Load e3 waits 2, published 2026-10-01T11:30:00Z, in force 2026-10-01T11:30:00Z to 2026-10-01T13:00:00Z"},
		{hour(11.4), "Load e2 waits 1, published 2026-10-01T10:30:00Z, in force 2026-10-01T02:00:00Z to 2026-10-01T11:30:00Z"},
		{hour(2), "Load e2 waits 1, published 2026-10-01T10:30:00Z, in force 2026-10-01T02:00:00Z to 2026-10-01T11:30:00Z"},
		{hour(1), "Load e2 waits 1, published 2026-10-01T10:30:00Z, in force 2026-10-01T02:00:00Z to 2026-10-01T11:30:00Z, later"},
	} {
		if got := versionOf(t, s, "lOAD", tc.at); got != tc.want {
			t.Errorf("at %s\ngot:  %s\nwant: %s", tc.at, got, tc.want)
		}
	}
	putDefinitions(t, s, at(14), pipelineAt("Beside", "e5", 1, hour(13)))
	var versions []string
	err := s.Definitions(t.Context(), f.Key, func(d *adf.PipelineDefinition) { versions = append(versions, d.Name+" "+d.ETag) })
	if diff := cmp.Diff([]string{"Beside e5", "Load e2", "Load e3", "Load e4"}, versions); diff != "" || err != nil {
		t.Errorf("all versions, also of the deleted one: %v (-want +got):\n%s", err, diff)
	}
	_, err = s.Definition(t.Context(), "adf", "nope", 0)
	if want := "no definition of pipeline nope here: nothing is stored yet"; err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
}

func (x suite) sharedContents(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	var list []adf.PipelineDefinition
	for i := range 30 {
		list = append(list, pipelineAt(fmt.Sprint("p", i), "e", i%3, hour(1)))
	}
	for _, name := range []string{"adf", "other"} {
		putDefinitions(t, s, store.Reading{Factory: putFactory(t, s, name).Key, AsOf: hour(2)}, list...)
	}
	for i := range 30 {
		want := fmt.Sprintf("p%d e waits %d, published 2026-10-01T01:00:00Z, in force 2026-10-01T01:00:00Z to ", i, i%3)
		if got := versionOf(t, s, fmt.Sprint("p", i), 0); got != want {
			t.Errorf("\ngot:  %s\nwant: %s", got, want)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func trigger(name, state string) adf.Trigger {
	tr, err := adf.DecodeTrigger(fmt.Appendf(nil, `{"name":"%s","properties":{"type":"ScheduleTrigger","runtimeState":"%s","pipelines":[{"pipelineReference":{"referenceName":"p"}}],
		"typeProperties":{"recurrence":{"frequency":"Day","interval":1,"startTime":"2026-10-01T00:00:00"}}},"etag":"e-%s"}`, name, state, state))
	if err != nil {
		panic(err)
	}
	return tr
}

// triggerViews shows the triggers of all factories, one a line.
func triggerViews(t *testing.T, s *store.Store, factories ...string) []string {
	t.Helper()
	list, err := s.Triggers(t.Context(), factories)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, tr := range list {
		line := fmt.Sprintf("%s %s %s, since %s, so since %s", tr.Place.Short, tr.Name, tr.RuntimeState, tr.Since, tr.Changed)
		if tr.Gone != 0 {
			line += ", gone " + tr.Gone.String()
		}
		out = append(out, strings.ReplaceAll(line, "2026-10-01T", ""))
	}
	return out
}

func (x suite) putTriggers(t *testing.T, s *store.Store, r store.Reading, list ...adf.Trigger) {
	t.Helper()
	if err := s.PutTriggers(t.Context(), r, list); err != nil {
		t.Fatal(err)
	}
}

func (x suite) triggers(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	x.putTriggers(t, s, store.Reading{Factory: f.Key, AsOf: hour(1)}, trigger("nightly", "Started"), trigger("Hourly", "Stopped"), trigger("NIGHTLY", "Stopped"))
	x.putTriggers(t, s, store.Reading{Factory: f.Key, AsOf: hour(2)}, trigger("nightly", "Started"), trigger("hourly", "Started"))
	x.putTriggers(t, s, store.Reading{Factory: other.Key, AsOf: hour(3)}, trigger("nightly", "Stopped"))
	want := []string{
		"adf hourly Started, since 01:00:00Z, so since 02:00:00Z",
		"adf nightly Started, since 01:00:00Z, so since 01:00:00Z",
		"other nightly Stopped, since 03:00:00Z, so since 03:00:00Z",
	}
	if diff := cmp.Diff(want, triggerViews(t, s)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[2:], triggerViews(t, s, "other")); diff != "" {
		t.Error(diff)
	}
	list, err := s.Triggers(t.Context(), []string{"other"})
	if err != nil || list[0].Recurrence == nil || !list[0].Recurrence.StartIsLocal || len(list[0].Pipelines) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func (x suite) goneResources(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	at := func(n float64) store.Reading { return store.Reading{Factory: f.Key, AsOf: hour(n)} }
	x.putTriggers(t, s, at(1), trigger("a", "Started"), trigger("b", "Started"), trigger("c", "Started"))
	x.putTriggers(t, s, store.Reading{Factory: f.Key, AsOf: hour(2), Partial: true}, trigger("a", "Stopped")) // says nothing of the others
	x.putTriggers(t, s, at(3), trigger("a", "Stopped"))
	x.putTriggers(t, s, at(4), trigger("a", "Stopped"), trigger("b", "Started"))
	want := []string{
		"adf a Stopped, since 01:00:00Z, so since 02:00:00Z",
		"adf b Started, since 01:00:00Z, so since 04:00:00Z",
		"adf c Started, since 01:00:00Z, so since 01:00:00Z, gone 03:00:00Z",
	}
	if diff := cmp.Diff(want, triggerViews(t, s)); diff != "" {
		t.Error(diff)
	}
	putDefinitions(t, s, at(1), pipelineAt("p", "e", 1, 0), pipelineAt("q", "e", 1, 0))
	putDefinitions(t, s, at(2), pipelineAt("p", "e", 1, 0))
	if got, want := versionOf(t, s, "q", 0), "q e waits 1, published , in force 2026-10-01T01:00:00Z to , gone 2026-10-01T02:00:00Z"; got != want {
		t.Errorf("\ngot:  %s\nwant: %s", got, want)
	}
	putDefinitions(t, s, at(3), pipelineAt("p", "e", 1, 0), pipelineAt("q", "e2", 1, 0))
	if got, want := versionOf(t, s, "q", 0), "q e2 waits 1, published , in force 2026-10-01T01:00:00Z to "; got != want {
		t.Errorf("\ngot:  %s\nwant: %s", got, want)
	}
}

func (x suite) olderReadings(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	one := func(n float64) store.Reading { return store.Reading{Factory: f.Key, AsOf: hour(n), Partial: true} }
	all := func(n float64) store.Reading { return store.Reading{Factory: f.Key, AsOf: hour(n)} }
	x.putTriggers(t, s, all(5), trigger("a", "Started"))
	x.putTriggers(t, s, all(4), trigger("a", "Stopped"), trigger("b", "Started")) // overtaken
	x.putTriggers(t, s, one(7), trigger("a", "Stopped"), trigger("c", "Started"))
	x.putTriggers(t, s, all(6), trigger("a", "Started")) // asked before the one that it comes after
	x.putTriggers(t, s, one(3), trigger("a", "Started"))
	want := []string{
		"adf a Stopped, since 05:00:00Z, so since 07:00:00Z",
		"adf c Started, since 07:00:00Z, so since 07:00:00Z",
	}
	if diff := cmp.Diff(want, triggerViews(t, s)); diff != "" {
		t.Error(diff)
	}
	got, err := s.SurroundingsAsOf(t.Context(), f.Key)
	if diff := cmp.Diff(map[store.SurroundingKind]store.SurroundingState{store.SurroundingTriggers: {AsOf: hour(6)}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func (x suite) unknownSurroundings(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	state := func() map[store.SurroundingKind]store.SurroundingState {
		t.Helper()
		got, err := s.SurroundingsAsOf(t.Context(), f.Key)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := state(); len(got) != 0 {
		t.Errorf("nobody asked, and yet: %v", got)
	}
	x.putTriggers(t, s, store.Reading{Factory: f.Key, AsOf: hour(1)})
	trouble := store.Trouble{Kind: "forbidden", What: "the identity may not", Where: "listTriggers", At: hour(2)}
	set := func(kind store.SurroundingKind, asOf adf.Time, trouble *store.Trouble) {
		t.Helper()
		if err := s.SetSurroundings(t.Context(), f.Key, kind, asOf, trouble); err != nil {
			t.Fatal(err)
		}
	}
	set(store.SurroundingTriggers, hour(2), &trouble)
	set(store.SurroundingRuntimes, hour(2), &trouble)
	set(store.SurroundingFactory, hour(2), nil)
	set(store.SurroundingFactory, hour(1), nil)
	want := map[store.SurroundingKind]store.SurroundingState{
		store.SurroundingTriggers: {AsOf: hour(1), Trouble: &trouble}, store.SurroundingRuntimes: {Trouble: &trouble}, store.SurroundingFactory: {AsOf: hour(2)},
	}
	if diff := cmp.Diff(want, state()); diff != "" {
		t.Error(diff)
	}
	x.putTriggers(t, s, store.Reading{Factory: f.Key, AsOf: hour(3)})
	if got := state()[store.SurroundingTriggers]; got.AsOf != hour(3) || got.Trouble != nil {
		t.Errorf("after a success: %+v", got)
	}
}

func (x suite) invalidSurroundings(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	good := store.Reading{Factory: f.Key, AsOf: hour(1)}
	if err := s.PutRuntimes(t.Context(), good, []store.RuntimeReading{{Runtime: integrationRuntime("ir")}}); err != nil {
		t.Fatal(err)
	}
	writeTriggerRuns(t, s, f, hour(5), triggerRow{ID: "a", Fired: hour(1)}, triggerRow{ID: "b", Fired: hour(2)})
	list, err := s.TriggerRuns(t.Context(), store.TriggerRunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	query := func(q store.TriggerRunQuery) error { _, err := s.TriggerRuns(t.Context(), q); return err }
	otherFilter := store.TriggerRunQuery{Cursor: list.NextCursor, TriggerRunFilter: store.TriggerRunFilter{Triggers: []string{"tr"}}}
	const badCursor = "cursor is not one of this list: give nextCursor of the page before, with the same filter and sort"
	for _, tc := range []struct {
		err  error
		want string
	}{
		{s.PutTriggers(t.Context(), store.Reading{Factory: 77, AsOf: hour(1)}, nil), "factory 77 is not a factory of this store: put it first"},
		{s.PutDefinitions(t.Context(), store.Reading{Factory: f.Key}, nil), "reading says not when Azure answered: give AsOf"},
		{s.SetSurroundings(t.Context(), 77, store.SurroundingFactory, hour(1), nil), "factory 77 is not a factory of this store: put it first"},
		{query(store.TriggerRunQuery{Limit: 501}), "limit is 1 to 500, not 501"},
		{query(store.TriggerRunQuery{Cursor: "x"}), badCursor},
		{query(otherFilter), badCursor},
		{query(store.TriggerRunQuery{TriggerRunFilter: store.TriggerRunFilter{Factories: []string{"nope"}}}), `factory "nope" is not known; allowed: adf`},
		{query(store.TriggerRunQuery{TriggerRunFilter: store.TriggerRunFilter{Triggers: make([]string, 21)}}), "trigger may be given 20 times, not 21"},
		{func() error { _, err := s.Triggers(t.Context(), []string{"nope"}); return err }(), `factory "nope" is not known; allowed: adf`},
		{func() error { _, err := s.RuntimeHistory(t.Context(), "adf", "nope", 0, 0); return err }(), "no integration runtime nope here: nothing is stored yet"},
		{func() error { _, err := s.TriggerRun(t.Context(), "adf", "zz"); return err }(), "no trigger run zz here: history reaches back to 2026-10-01T01:00:00Z"},
		{func() error {
			_, err := s.WriteTriggerRuns(t.Context(), store.TriggerRunPage{Factory: f.Key, Asked: hour(1), Runs: make([]adf.TriggerRun, 1)})
			return err
		}(), "trigger runs hold one without triggerRunId or without its raw bytes, at place 0"},
	} {
		if tc.err == nil || tc.err.Error() != tc.want {
			t.Errorf("\ngot:  %v\nwant: %s", tc.err, tc.want)
		}
	}
	if runs.NextCursor != "" || list.NextCursor == "" {
		t.Errorf("cursors %q and %q", runs.NextCursor, list.NextCursor)
	}
	if _, err := errors.AsType[*store.NotFoundError](func() error { _, err := s.TriggerRunsOf(t.Context(), "adf", guid(9)); return err }()); !err {
		t.Error("an unknown run was triggered")
	}
}

func (x suite) surroundingChanges(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	sub := s.Subscribe(0)
	defer sub.Close()
	whole, part := store.Reading{Factory: f.Key, AsOf: hour(1)}, store.Reading{Factory: f.Key, AsOf: hour(2), Partial: true}
	steps := []struct {
		name   string
		silent bool
		kind   store.SurroundingKind
		do     func() error
	}{
		{name: "triggers", kind: store.SurroundingTriggers, do: func() error { return s.PutTriggers(t.Context(), whole, []adf.Trigger{trigger("a", "Started")}) }},
		{name: "the same one alone", silent: true, do: func() error { return s.PutTriggers(t.Context(), part, []adf.Trigger{trigger("a", "Started")}) }},
		{name: "another one alone", kind: store.SurroundingTriggers, do: func() error { return s.PutTriggers(t.Context(), part, []adf.Trigger{trigger("b", "Started")}) }},
		{name: "pipelines", kind: store.SurroundingPipelines, do: func() error { return s.PutDefinitions(t.Context(), whole, nil) }},
		{name: "runtimes", kind: store.SurroundingRuntimes, do: func() error { return s.PutRuntimes(t.Context(), whole, nil) }},
		{name: "a trouble", kind: store.SurroundingTriggers, do: func() error {
			return s.SetSurroundings(t.Context(), f.Key, store.SurroundingTriggers, 0, &store.Trouble{What: "w"})
		}},
		{name: "trigger runs", kind: store.SurroundingTriggerRuns, do: func() error { writeTriggerRuns(t, s, f, hour(1), triggerRow{ID: "a"}); return nil }},
		{name: "the same trigger runs", silent: true, do: func() error { writeTriggerRuns(t, s, f, hour(1), triggerRow{ID: "a"}); return nil }},
		{name: "a window", kind: store.SurroundingTriggerRuns, do: func() error {
			_, err := s.WriteTriggerRuns(t.Context(), store.TriggerRunPage{Factory: f.Key, Asked: hour(1), Completes: &store.Window{From: hour(0), To: hour(1)}, AsOf: hour(1)})
			return err
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(step.name, err)
		}
		if step.silent {
			continue // the next one's change would be the second
		}
		if c := nextChange(t, sub); c.Kind != store.ChangeResource || c.Factory != f || c.Resource != step.kind || len(c.Runs) != 0 {
			t.Errorf("%s: %+v", step.name, c)
		}
	}
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)})
	if c := nextChange(t, sub); c.Kind != store.ChangeRun {
		t.Errorf("something else was told: %+v", c)
	}
}

func integrationRuntime(name string) adf.IntegrationRuntime {
	ir, err := adf.DecodeIntegrationRuntime(fmt.Appendf(nil, `{"name":"%s","properties":{"type":"SelfHosted"},"etag":"e"}`, name))
	if err != nil {
		panic(err)
	}
	return ir
}

// runtimeStatus is what a runtime says of itself and of its nodes, given as
// name, status and version in turn.
func runtimeStatus(name, state, version string, nodes ...string) *adf.IntegrationRuntimeStatus {
	list := []map[string]string{}
	for i := 0; i+2 < len(nodes); i += 3 {
		list = append(list, map[string]string{"nodeName": nodes[i], "status": nodes[i+1], "version": nodes[i+2]})
	}
	st, err := adf.DecodeIntegrationRuntimeStatus(mustJSON(map[string]any{"name": name, "properties": map[string]any{
		"type": "SelfHosted", "state": state, "typeProperties": map[string]any{"version": version, "nodes": list},
	}}))
	if err != nil {
		panic(err)
	}
	return &st
}

func (x suite) runtimes(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	put := func(r store.Reading, list ...store.RuntimeReading) {
		t.Helper()
		if err := s.PutRuntimes(t.Context(), r, list); err != nil {
			t.Fatal(err)
		}
	}
	load, err := adf.DecodeIntegrationRuntimeMonitoring([]byte(`{"name":"shir","nodes":[{"nodeName":"Node_1","cpuUtilization":15}]}`))
	if err != nil {
		t.Fatal(err)
	}
	at := func(n float64) store.Reading { return store.Reading{Factory: f.Key, AsOf: hour(n)} }
	put(at(1), store.RuntimeReading{Runtime: integrationRuntime("shir"), Status: runtimeStatus("shir", "Online", "5.50", "Node_1", "Online", "5.50", "Node_2", "Online", "5.49"), Monitoring: &load, MonitoringAt: hour(1.1)},
		store.RuntimeReading{Runtime: integrationRuntime("old"), Status: runtimeStatus("old", "Offline", "")}, store.RuntimeReading{Runtime: integrationRuntime("mute")})
	put(at(2), store.RuntimeReading{Runtime: integrationRuntime("shir"), Status: runtimeStatus("shir", "Limited", "5.50", "node_1", "Online", "5.50"), StatusAsOf: hour(2.1)}, store.RuntimeReading{Runtime: integrationRuntime("mute")})
	put(at(3), store.RuntimeReading{Runtime: integrationRuntime("shir")}, store.RuntimeReading{Runtime: integrationRuntime("mute")}) // its status could not be had
	got, err := s.Runtimes(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Runtime{
		{IntegrationRuntime: integrationRuntime("mute"), Place: f, Since: hour(1), Changed: hour(1)},
		{IntegrationRuntime: integrationRuntime("old"), Place: f, Since: hour(1), Changed: hour(1), Gone: hour(2), Status: runtimeStatus("old", "Offline", ""), StatusAsOf: hour(1)},
		{
			IntegrationRuntime: integrationRuntime("shir"), Place: f, Since: hour(1), Changed: hour(1),
			Status: runtimeStatus("shir", "Limited", "5.50", "node_1", "Online", "5.50"), StatusAsOf: hour(2.1), Monitoring: &load, MonitoringAt: hour(1.1),
			Now: []store.RuntimeState{{State: "Limited", Version: "5.50", From: hour(2.1), Seen: hour(2.1)}, {Node: "Node_1", State: "Online", Version: "5.50", From: hour(1), Seen: hour(2.1)}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	history := func(name string, from, to adf.Time) []store.RuntimeState {
		t.Helper()
		list, err := s.RuntimeHistory(t.Context(), "adf", name, from, to)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	all := []store.RuntimeState{
		{State: "Online", Version: "5.50", From: hour(1), Seen: hour(1)},
		{Node: "Node_1", State: "Online", Version: "5.50", From: hour(1), Seen: hour(2.1)},
		{Node: "Node_2", State: "Online", Version: "5.49", From: hour(1), Seen: hour(1)},
		{State: "Limited", Version: "5.50", From: hour(2.1), Seen: hour(2.1)},
		{Node: "Node_2", IsGone: true, From: hour(2.1), Seen: hour(2.1)},
	}
	if diff := cmp.Diff(all, history("SHIR", 0, 0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(all[:3], history("shir", 0, hour(2.1))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]store.RuntimeState{all[1], all[3], all[4]}, history("shir", hour(1.5), 0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]store.RuntimeState{{State: "Offline", From: hour(1), Seen: hour(1)}, {IsGone: true, From: hour(2), Seen: hour(2)}}, history("old", 0, 0)); diff != "" {
		t.Error(diff)
	}
	if got := history("mute", 0, 0); len(got) != 0 {
		t.Errorf("a runtime that never told: %v", got)
	}
}
