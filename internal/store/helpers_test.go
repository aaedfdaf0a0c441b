package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
	"andon/internal/store/history"
)

// day0 is when the tests' history begins.
var day0 = adf.TimeOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))

const testFactory = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/"

func clock() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// openStore returns a new store that is closed and checked at the end.
func openStore(tb testing.TB) *store.Store {
	tb.Helper()
	return openAt(tb, filepath.Join(tb.TempDir(), "andon.db"))
}

func openAt(tb testing.TB, path string) *store.Store {
	tb.Helper()
	s := mustOpenTest(tb, path)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// mustOpenTest opens a store that the test closes by itself.
func mustOpenTest(tb testing.TB, path string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), "sqlite:"+path, store.Options{Now: clock, Series: testSeries()})
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	return s
}

// testSeries fixes the classes of the parameters that tests use, so that what
// a test expects does not depend on which rows came first.
func testSeries() history.SeriesRules {
	names := func(list ...string) (out []adf.NamePattern) {
		for _, n := range list {
			out = append(out, adf.NewNamePattern(n))
		}
		return out
	}
	return history.SeriesRules{{Recurring: names("table", "config"), Moving: names("date", "day", "parent", "secret"), Ignored: names("note")}}
}

// testClasses are the classes by testSeries.
func testClasses() history.Classes {
	all := map[string]history.Class{
		"table": history.Recurring, "config": history.Recurring, "date": history.Moving, "day": history.Moving,
		"parent": history.Moving, "secret": history.Moving, "note": history.Ignored,
	}
	out := history.Classes{}
	for name, class := range all {
		out[name] = history.ParameterClass{Name: name, Class: class, Rule: history.RuleConfigured}
	}
	return out
}

func putFactory(tb testing.TB, s *store.Store, name string) store.Place {
	tb.Helper()
	p, err := s.PutFactory(tb.Context(), adf.Factory{ID: adf.FactoryID(testFactory + name), Name: name, Location: "westeurope"}, "test")
	if err != nil {
		tb.Fatalf("put factory: %v", err)
	}
	return p
}

// row is what a test says of a run; the rest is filled in.
type row struct {
	ID          string // of any form; n as in guid(n) is usual
	Group       string
	Pipeline    string
	Status      string
	Start       adf.Time
	Updated     adf.Time // 0: the end, else the start
	Ms          int64    // duration, of a finished run
	Message     string
	Trigger     string // "" is a manual start
	Parent      string // runId of the run that started it
	ParentName  string // its pipeline, where Activity is set; else it is "parent"
	Activity    string // id of the activity run that started it, as Azure sends it
	Annotations []string
	Params      any            // nil: {"day": "2026-10-01"}
	Extra       map[string]any // members that overrule
}

// guid returns a runId. Its digits are spread so that ids of neighbours differ.
func guid(n int) string {
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", uint32(x>>32), uint16(x>>16), n)
}

// json returns the row as ADF would send it.
func (r row) json() []byte {
	m := map[string]any{
		"id": "/SUBSCRIPTIONS/1/pipelineruns/" + r.ID, "runId": r.ID, "debugRunId": nil, "runGroupId": r.ID,
		"pipelineName": r.Pipeline, "parameters": r.Params, "status": r.Status,
		"runStart": r.Start, "runEnd": nil, "durationInMs": nil, "message": nil, "lastUpdated": r.Updated,
		"annotations": r.Annotations, "runDimension": map[string]any{}, "isLatest": true,
	}
	if r.Params == nil {
		m["parameters"] = map[string]any{"day": "2026-10-01"}
	}
	if r.Annotations == nil {
		m["annotations"] = []string{}
	}
	if r.Group != "" {
		m["runGroupId"] = r.Group
	}
	end := r.Start
	if adf.Status(r.Status).Terminal() {
		end = r.Start.Add(time.Duration(r.Ms) * time.Millisecond)
		m["runEnd"], m["durationInMs"], m["message"] = end, r.Ms, r.Message
	}
	if r.Updated == 0 {
		m["lastUpdated"] = end
	}
	by := map[string]any{"id": "b1", "name": "Manual", "invokedByType": "Manual"}
	switch {
	case r.Activity != "":
		by = startedBy("PipelineActivity", r.Activity, r.Activity, r.ParentName, r.Parent)
	case r.Parent != "":
		by = map[string]any{"id": "b1", "name": "run child", "invokedByType": "PipelineActivity", "pipelineName": "parent", "pipelineRunId": r.Parent}
	case r.Trigger != "":
		by = map[string]any{"id": "b1", "name": r.Trigger, "invokedByType": "ScheduleTrigger"}
	}
	m["invokedBy"] = by
	maps.Copy(m, r.Extra)
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func (r row) run() adf.PipelineRun {
	p, err := adf.DecodePipelineRun(r.json())
	if err != nil {
		panic(err)
	}
	return p
}

// write stores rows as one page.
func write(tb testing.TB, s *store.Store, f store.Place, rows ...row) store.Changes {
	tb.Helper()
	p := store.Page{Factory: f.Key, Origin: store.OriginAzure}
	for _, r := range rows {
		p.Runs = append(p.Runs, r.run())
	}
	c, err := s.WriteRuns(tb.Context(), p)
	if err != nil {
		tb.Fatalf("write: %v", err)
	}
	return c
}

func ids(runs []store.Run) []string {
	out := []string{}
	for i := range runs {
		out = append(out, runs[i].RunID)
	}
	return out
}

func hour(n float64) adf.Time { return day0.Add(time.Duration(n * float64(time.Hour))) }
