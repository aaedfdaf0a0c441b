package store_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// loggedTrigger is a row of a trigger run as an import makes it of a log.
func loggedTrigger(id, status string, members map[string]any) adf.TriggerRun {
	m := map[string]any{"triggerRunId": id, "triggerName": "tr_nightly", "triggerType": "ScheduleTrigger", "triggerRunTimestamp": hour(1), "status": status}
	maps.Copy(m, members)
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	r, err := adf.DecodeTriggerRun(raw)
	if err != nil {
		panic(err)
	}
	return r
}

// importTriggers imports rows of trigger runs alone.
func importTriggers(tb testing.TB, s *store.Store, f store.Place, rows ...adf.TriggerRun) (id store.ImportID, done store.ImportChanges) {
	tb.Helper()
	err := s.Import(tb.Context(), []string{"logs"}, func(i *store.Importing) (err error) {
		id = i.ID()
		done, err = i.WriteTriggerRuns(tb.Context(), f.Key, rows)
		return errors.Join(err, i.End(tb.Context(), 1, 0))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id, done
}

// triggerTexts says of each stored trigger run what a test compares.
func triggerTexts(tb testing.TB, s *store.Store) []string {
	tb.Helper()
	list, err := s.TriggerRuns(tb.Context(), store.TriggerRunQuery{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Check(tb.Context()); err != nil {
		tb.Error(err)
	}
	out := []string{}
	for _, r := range list.TriggerRuns {
		out = append(out, r.TriggerRunID+" "+string(r.Status)+" from "+string(r.Origin)+" "+string(r.Properties))
	}
	slices.Sort(out)
	return out
}

// importedTriggerRuns follows trigger runs through imports, Azure's answer and
// undoing.
func (x suite) importedTriggerRuns(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	want := func(what string, rows ...string) {
		t.Helper()
		if diff := cmp.Diff(rows, triggerTexts(t, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	running := loggedTrigger("T1", "InProgress", map[string]any{"properties": map[string]any{"windowStartTime": "2026-10-01T00:00:00Z", "windowEndTime": "2026-10-01T01:00:00Z"}})
	ended := loggedTrigger("t1", "Succeeded", nil)
	other := loggedTrigger("T2", "Failed", nil)
	const whole = `t1 Succeeded from log {"windowEndTime":"2026-10-01T01:00:00Z","windowStartTime":"2026-10-01T00:00:00Z"}`
	first, done := importTriggers(t, s, f, ended, running, other)
	if done != (store.ImportChanges{Taken: 2, Known: 1}) {
		t.Errorf("the first import: %+v", done)
	}
	want("after the first", "T2 Failed from log ", whole)
	second, done := importTriggers(t, s, f, other, running, ended)
	if done != (store.ImportChanges{Known: 3}) {
		t.Errorf("the second import: %+v", done)
	}
	want("after the second", "T2 Failed from log ", whole)
	if done := undo(t, s, first); done != (store.Undone{TriggerRuns: 2}) {
		t.Errorf("undoing the first: %+v", done)
	}
	want("after the first was undone", "T2 Failed from log ", whole)
	open, done := importTriggers(t, s, f, loggedTrigger("T3", "Waiting", nil))
	if done != (store.ImportChanges{Taken: 1}) {
		t.Errorf("the third import: %+v", done)
	}
	if refs, err := s.OpenTriggerRuns(t.Context(), f.Key, store.Window{From: day0, To: hour(100)}, 10); err != nil || len(refs) > 0 {
		t.Errorf("Azure is asked for what only a log has shown: %v, %v", refs, err)
	}
	// Azure's version replaces a log's, whatever it says, and no log replaces it.
	azures := loggedTrigger("T1", "InProgress", map[string]any{"triggeredPipelines": map[string]any{"p": guid(1)}})
	changes, err := s.WriteTriggerRuns(t.Context(), store.TriggerRunPage{Factory: f.Key, Runs: []adf.TriggerRun{azures}, Asked: hour(2)})
	if err != nil || changes != (store.Changes{Updated: 1}) {
		t.Errorf("Azure's version: %+v, %v", changes, err)
	}
	late, done := importTriggers(t, s, f, loggedTrigger("T1", "Failed", nil))
	if done != (store.ImportChanges{Known: 1}) {
		t.Errorf("over Azure's: %+v", done)
	}
	want("after Azure's", "T1 InProgress from api ", "T2 Failed from log ", "T3 Waiting from log ")
	for _, id := range []store.ImportID{late, open, second} {
		undo(t, s, id)
	}
	want("after all were undone", "T1 InProgress from api ")
	list, err := s.Imports(t.Context())
	if err != nil || len(list) != 4 || list[3].TriggerRuns.Taken != 2 || list[3].TriggerRuns.Known != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// importedTriggerRunsOfAFactory removes a factory that only an import of trigger
// runs knew, and stores nothing of a rehearsal.
func (x suite) importedTriggerRunsOfAFactory(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	var figures []store.ImportChanges
	var id store.ImportID
	body := func(i *store.Importing) error {
		id = i.ID()
		place, err := i.PutFactory(t.Context(), testFactory+"new")
		if err != nil {
			return err
		}
		done, err := i.WriteTriggerRuns(t.Context(), place.Key, []adf.TriggerRun{loggedTrigger("T1", "Failed", nil), loggedTrigger("T1", "Failed", nil)})
		figures = append(figures, done)
		return errors.Join(err, i.End(t.Context(), 1, 0))
	}
	if err := s.RehearseImport(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	if got := triggerTexts(t, s); len(got) > 0 {
		t.Errorf("the rehearsal stored %q", got)
	}
	if err := s.Import(t.Context(), nil, body); err != nil {
		t.Fatal(err)
	}
	if want := (store.ImportChanges{Taken: 1, Known: 1}); !slices.Equal(figures, []store.ImportChanges{want, want}) {
		t.Errorf("%+v", figures)
	}
	undo(t, s, id)
	if places, err := s.Places(t.Context()); err != nil || len(places) > 0 || len(triggerTexts(t, s)) > 0 {
		t.Errorf("after undoing: %v, %v", places, err)
	}
}
