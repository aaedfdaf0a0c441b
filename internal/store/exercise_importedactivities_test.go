package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// loggedActivity is a row of an activity run as an import makes it of a log.
func loggedActivity(run, n int, status string, members map[string]any) adf.ActivityRun {
	m := map[string]any{
		"activityRunId": guid(1000*run + n), "pipelineRunId": guid(run), "activityName": fmt.Sprintf("a%d", n), "activityType": "Copy",
		"status": status, "activityRunStart": hour(float64(run)).Add(time.Duration(n) * time.Second),
	}
	maps.Copy(m, members)
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	a, err := adf.DecodeActivityRun(raw)
	if err != nil {
		panic(err)
	}
	return a
}

func drawActivities(t *rapid.T, origin store.Origin) (out []adf.ActivityRun) {
	for range rapid.IntRange(0, 5).Draw(t, "activities") {
		run, members := rapid.IntRange(1, 5).Draw(t, "run of an activity"), map[string]any{}
		if origin == store.OriginAzure {
			run = 1
		}
		n, status := rapid.IntRange(1, 2).Draw(t, "activity"), rapid.SampledFrom([]string{"Queued", "InProgress", "Succeeded", "Failed"}).Draw(t, "its status")
		for _, field := range []string{"input", "output", "error", "userProperties"} {
			if rapid.Bool().Draw(t, "has "+field) {
				members[field] = map[string]any{"of": rapid.SampledFrom([]string{"a", "b"}).Draw(t, field)}
			}
		}
		// Some are turns of one name, and records of one turn do not agree on its name and start.
		if members["userProperties"] != nil {
			members["activityName"] = "turn"
		}
		if members["input"] != nil {
			members["activityRunStart"] = hour(float64(run)).Add(time.Duration(n+3) * time.Second)
		}
		if adf.Status(status).Terminal() {
			end := hour(float64(run)).Add(time.Duration(n) * time.Minute)
			members["activityRunEnd"], members["durationInMs"], members["durationComputed"] = end, (n*60-n)*1000, true
		}
		out = append(out, loggedActivity(run, n, status, members))
	}
	return out
}

func writeAzureActivities(tb testing.TB, s *store.Store, f store.Place, e event) {
	tb.Helper()
	if len(e.activities) == 0 {
		return
	}
	if err := s.WriteActivities(tb.Context(), f.Key, e.runs[0].RunID, e.activities, false, hour(100)); err != nil {
		tb.Fatal(err)
	}
}

// importEvent imports the runs and the activities of an event.
func importEvent(tb testing.TB, s *store.Store, f store.Place, e event) (id store.ImportID) {
	tb.Helper()
	err := s.Import(tb.Context(), []string{"logs"}, func(i *store.Importing) error {
		id = i.ID()
		_, err := i.WriteActivities(tb.Context(), f.Key, e.activities)
		_, runsErr := i.Write(tb.Context(), store.Page{Factory: f.Key, Origin: e.origin, Runs: e.runs})
		return errors.Join(err, runsErr, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// importActivities imports rows of activity runs alone.
func importActivities(tb testing.TB, s *store.Store, f store.Place, rows ...adf.ActivityRun) (id store.ImportID, done store.ImportChanges) {
	tb.Helper()
	err := s.Import(tb.Context(), []string{"logs"}, func(i *store.Importing) (err error) {
		id = i.ID()
		done, err = i.WriteActivities(tb.Context(), f.Key, rows)
		return errors.Join(err, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id, done
}

// activitiesOf returns the activities of run 1.
func activitiesOf(tb testing.TB, s *store.Store) store.Activities {
	tb.Helper()
	got, err := s.Activities(tb.Context(), "", guid(1))
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// activityText says of each activity what a test compares.
func activityText(rows []adf.ActivityRun) (out []string) {
	for _, a := range rows {
		ms := int64(-1)
		if a.DurationInMs != nil {
			ms = *a.DurationInMs
		}
		out = append(out, fmt.Sprintf("%s %s %d in %s out %s", a.ActivityName, a.Status, ms, a.Input, a.Output))
	}
	return out
}

// importedActivities follows the activities of one run through imports, Azure's
// answer and undoing.
func (x suite) importedActivities(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	started := loggedActivity(1, 1, "InProgress", map[string]any{"input": map[string]any{"table": "orders"}})
	ended := loggedActivity(1, 1, "Succeeded", map[string]any{
		"activityRunEnd": hour(1).Add(61 * time.Second), "durationInMs": 60_000, "durationComputed": true, "output": map[string]any{"rowsRead": 3},
	})
	second := loggedActivity(1, 2, "Failed", map[string]any{"error": map[string]any{"errorCode": "2200", "message": "deadlock"}})
	elsewhere := loggedActivity(2, 1, "Succeeded", nil)
	const (
		whole = `a1 Succeeded 60000 in {"table":"orders"} out {"rowsRead":3}`
		other = `a2 Failed -1 in  out `
	)
	// The activities come before their run, and in the wrong order.
	first, done := importActivities(t, s, f, ended, started, second, elsewhere)
	if done != (store.ImportChanges{Taken: 3, Known: 1}) {
		t.Errorf("the first import: %+v", done)
	}
	if _, err := s.Activities(t.Context(), "", guid(1)); err == nil {
		t.Error("there are activities of a run that is not stored")
	}
	r := row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 120_000}
	runImport, _ := importRuns(t, s, f, store.OriginLog, logged(r))
	before := dumpOf(t, s)
	got := activitiesOf(t, s)
	if diff := cmp.Diff([]string{whole, other}, activityText(got.Rows)); diff != "" || !got.AreImported || got.State != store.ActivitiesNone || !got.AsOf.IsZero() {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	if detail, err := s.Run(t.Context(), "", guid(1)); err != nil || detail.Activities != store.ActivitiesImported {
		t.Errorf("the run says %s, %v", detail.Activities, err)
	}
	// The same again adds nothing, and what both imports have shown stays when the first is undone.
	again, done := importActivities(t, s, f, second, started, ended)
	if done != (store.ImportChanges{Known: 3}) {
		t.Errorf("the second import: %+v", done)
	}
	if diff := cmp.Diff(before, dumpOf(t, s), wholeDump()); diff != "" {
		t.Errorf("after the second import (-before +after):\n%s", diff)
	}
	if done := undo(t, s, first); done != (store.Undone{Activities: 3}) {
		t.Errorf("undoing the first: %+v", done)
	}
	if diff := cmp.Diff([]string{whole, other}, activityText(activitiesOf(t, s).Rows)); diff != "" {
		t.Errorf("after the first was undone (-want +got):\n%s", diff)
	}
	// Azure's answer wins, and no import changes it.
	write(t, s, f, r)
	// An empty answer, which Azure gives of what it has forgotten, hides nothing.
	if err := s.WriteActivities(t.Context(), f.Key, guid(1), nil, true, hour(2)); err != nil {
		t.Fatal(err)
	}
	got = activitiesOf(t, s)
	if diff := cmp.Diff([]string{whole, other}, activityText(got.Rows)); diff != "" || !got.AreImported || got.State != store.ActivitiesComplete {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	azures := loggedActivity(1, 1, "Failed", map[string]any{"durationInMs": 1})
	if err := s.WriteActivities(t.Context(), f.Key, guid(1), []adf.ActivityRun{azures}, true, hour(3)); err != nil {
		t.Fatal(err)
	}
	late, done := importActivities(t, s, f, loggedActivity(1, 3, "Succeeded", nil))
	if done != (store.ImportChanges{Known: 1}) {
		t.Errorf("over Azure's answer: %+v", done)
	}
	got = activitiesOf(t, s)
	if diff := cmp.Diff([]string{`a1 Failed 1 in  out `}, activityText(got.Rows)); diff != "" || got.AreImported || got.State != store.ActivitiesComplete {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	azureOnly := dumpOf(t, s)
	for _, id := range []store.ImportID{again, late, runImport} {
		undo(t, s, id)
	}
	if diff := cmp.Diff(azureOnly, dumpOf(t, s), cmpopts.EquateEmpty(), wholeDump()); diff != "" {
		t.Errorf("after all were undone (-before +after):\n%s", diff)
	}
	list, err := s.Imports(t.Context())
	if err != nil || len(list) != 4 || list[3].Activities.Taken != 3 || list[3].Activities.Known != 1 || list[3].Taken != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// importedActivitiesInAnyOrder gives the same rows whatever the order in which an
// import reads the records, and whichever import comes first.
func (x suite) importedActivitiesInAnyOrder(t *testing.T) {
	t.Parallel()
	end := hour(1).Add(61 * time.Second)
	records := []adf.ActivityRun{
		loggedActivity(1, 1, "Queued", map[string]any{"input": map[string]any{"n": 1}}),
		loggedActivity(1, 1, "InProgress", map[string]any{"userProperties": map[string]any{"source": "dbo.orders"}}),
		loggedActivity(1, 1, "Succeeded", map[string]any{"activityRunEnd": end, "output": map[string]any{"rows": 3}}),
		// The same end in milliseconds, as Log Analytics has it.
		loggedActivity(1, 1, "Succeeded", map[string]any{"activityRunEnd": end.Add(300), "durationInMs": 60_000, "durationComputed": true}),
	}
	var want []adf.ActivityRun
	for n, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}} {
		for _, together := range []bool{true, false} {
			s := x.open(t)
			f := putFactory(t, s, "adf")
			var rows []adf.ActivityRun
			for _, i := range order {
				rows = append(rows, records[i])
			}
			if together {
				importActivities(t, s, f, rows...)
			} else {
				for _, r := range rows {
					importActivities(t, s, f, r)
				}
			}
			importRuns(t, s, f, store.OriginLog, logged(row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1}))
			got := activitiesOf(t, s).Rows
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) != 1 || got[0].ActivityRunEnd != end.Add(300) || string(got[0].Output) != `{"rows":3}` {
				t.Errorf("order %d, together %v (-want +got):\n%s", n, together, diff)
			}
		}
	}
}

// rehearsedActivities gives the figures of an import of activities, and stores
// nothing.
func (x suite) rehearsedActivities(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1})
	before := dumpOf(t, s)
	var rows []adf.ActivityRun
	for n := range 30 { // more than make a dictionary
		rows = append(rows, loggedActivity(1, n%20, "Succeeded", nil))
	}
	var figures []store.ImportChanges
	body := func(i *store.Importing) error {
		done, err := i.WriteActivities(t.Context(), f.Key, rows)
		figures = append(figures, done)
		return errors.Join(err, i.End(t.Context(), 1, 0))
	}
	if err := s.RehearseImport(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, dumpOf(t, s), wholeDump()); diff != "" {
		t.Errorf("(-before the rehearsal +after):\n%s", diff)
	}
	if err := s.Import(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	if want := (store.ImportChanges{Taken: 20, Known: 10}); !slices.Equal(figures, []store.ImportChanges{want, want}) {
		t.Errorf("%+v", figures)
	}
	err := s.Import(t.Context(), nil, func(i *store.Importing) error {
		_, err := i.WriteActivities(t.Context(), f.Key, []adf.ActivityRun{{ActivityRunID: "a", Raw: json.RawMessage(`{}`)}})
		return err
	})
	if _, ok := errors.AsType[*store.InvalidError](err); !ok {
		t.Errorf("a row without a run: %v", err)
	}
}

// importedActivitiesAreRewritten takes out what must not be kept of every import.
func (x suite) importedActivitiesAreRewritten(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1})
	for range 2 {
		importActivities(t, s, f, loggedActivity(1, 1, "Succeeded", map[string]any{"input": "canary"}))
	}
	other := putFactory(t, s, "adf-other")
	for _, c := range []struct {
		factory store.Place
		want    int
	}{{other, 0}, {f, 1}, {f, 0}} { // the second time there is nothing left
		n, err := s.RewriteImportedActivities(t.Context(), c.factory.Key, func(raw []byte) ([]byte, bool) {
			return []byte(`{"activityRunId":"` + guid(1001) + `","activityName":"clean"}`), bytes.Contains(raw, []byte("canary"))
		})
		if err != nil || n != c.want {
			t.Errorf("%s: %d runs, %v, want %d", c.factory.Name, n, err, c.want)
		}
	}
	if diff := cmp.Diff([]string{"clean  -1 in  out "}, activityText(activitiesOf(t, s).Rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// importedActivitiesAreRewrittenInPages: many runs, and one of more rows than a
// page; every row is cleaned, and no other one is changed.
func (x suite) importedActivitiesAreRewrittenInPages(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	const big, runs = 1100, 601 // rows of run 1, and all runs
	var rows []adf.ActivityRun
	for n := range big {
		rows = append(rows, loggedActivity(1, n, "Succeeded", map[string]any{"input": []string{"open", "canary"}[n%2]}))
	}
	for run := 2; run <= runs; run++ {
		rows = append(rows, loggedActivity(run, 1, "Succeeded", map[string]any{"input": []string{"open", "canary"}[run%2]}))
	}
	importActivities(t, s, f, rows...)
	clean := func(raw []byte) ([]byte, bool) {
		out := bytes.ReplaceAll(raw, []byte(`"canary"`), []byte(`"<redacted>"`))
		return out, !bytes.Equal(out, raw)
	}
	n, err := s.RewriteImportedActivities(t.Context(), f.Key, clean)
	if want := 1 + 300; err != nil || n != want { // run 1 is rewritten as a whole, though it has three pages
		t.Errorf("%d runs, %v, want %d", n, err, want)
	}
	seen, hidden := 0, 0
	if _, err := s.RewriteImportedActivities(t.Context(), f.Key, func(raw []byte) ([]byte, bool) {
		if seen++; bytes.Contains(raw, []byte("<redacted>")) {
			hidden++
		}
		if bytes.Contains(raw, []byte("canary")) {
			t.Errorf("left is %s", raw)
		}
		return raw, false
	}); err != nil {
		t.Error(err)
	}
	if seen != big+runs-1 || hidden != big/2+300 {
		t.Errorf("%d rows, %d hidden", seen, hidden)
	}
}
