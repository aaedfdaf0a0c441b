package intake_test

import (
	"strings"
	"testing"

	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

// TestTriggerRunsOfLogs imports each form of a log of trigger runs, tried first,
// twice, and undoes it.
func TestTriggerRunsOfLogs(t *testing.T) {
	t.Parallel()
	blob, query := readCase(t, "trigger-runs-PT1H.json"), readCase(t, "trigger-runs-query.json")
	table := "TriggerId,TriggerName,TriggerType,Status,Start [UTC],Parameters\n" +
		`08584900000000000000000000000CU25,tr_window,TumblingWindowTrigger,InProgress,"3/5/2024, 10:00:00.912 AM","{""windowStartTime"":""3/5/2024 9:00:00 AM"",""windowEndTime"":""3/5/2024 10:00:00 AM"",""password"":""canary""}"` + "\n" +
		`08584900000000000000000000000CU25,tr_window,TumblingWindowTrigger,Succeeded,"3/5/2024, 10:00:00.912 AM",` + "\n"
	for name, c := range map[string]struct{ path, fired string }{
		"a blob":                       {caseFile("trigger-runs-PT1H.json"), "2024-03-05T10:00:00.9122348Z"},
		"a blob, packed":               {write(t, "PT1H.json.gz", packed(t, blob)), "2024-03-05T10:00:00.9122348Z"},
		"records of an event hub":      {write(t, "hub.json", `{"records":[`+strings.Join(strings.Split(strings.TrimSpace(blob), "\n"), ",")+`]}`), "2024-03-05T10:00:00.9122348Z"},
		"Log Analytics by az":          {caseFile("trigger-runs-query.json"), "2024-03-05T10:00:00.912Z"},
		"Log Analytics by its own API": {write(t, "query.json", queryAnswer(t, query)), "2024-03-05T10:00:00.912Z"},
		"Log Analytics as CSV":         {write(t, "triggers.csv", table), "2024-03-05T10:00:00.912Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t)
			dry, err := intake.Import(t.Context(), s, redact.Default(), intake.Options{Paths: []string{c.path}, Factory: harborFactory, DryRun: true}, func(intake.File) {})
			if err != nil {
				t.Fatal(err)
			}
			files, total := importPaths(t, s, harborFactory, c.path)
			want := store.ImportChanges{Taken: 1, Known: 1}
			if f := files[0]; f.TriggerRuns != want || dry.TriggerRuns != want || counts(f) != "0 0 0 0" || f.Err != nil || f.Malformed != 0 {
				t.Errorf("dry %+v, real %+v", dry.File, f)
			}
			got, err := s.TriggerRun(t.Context(), "adf-harbor", "08584900000000000000000000000cu25")
			if err != nil {
				t.Fatal(err)
			}
			if got.TriggerName != "tr_window" || got.TriggerType != "TumblingWindowTrigger" || got.Status != "Succeeded" || got.TriggerRunTimestamp.String() != c.fired ||
				got.WindowStart.String() != "2024-03-05T09:00:00Z" || got.WindowEnd.String() != "2024-03-05T10:00:00Z" ||
				got.Origin != store.OriginLog || !got.AsOf.IsZero() || strings.Contains(string(got.Raw), "canary") {
				t.Errorf("%+v\n%s", got, got.Raw)
			}
			files, again := importPaths(t, s, harborFactory, c.path)
			if files[0].TriggerRuns != (store.ImportChanges{Known: 2}) {
				t.Errorf("the second time %+v", files[0])
			}
			for _, id := range []store.ImportID{total.ID, again.ID} {
				if _, err := s.UndoImport(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
			list, err := s.TriggerRuns(t.Context(), store.TriggerRunQuery{})
			places, placesErr := s.Places(t.Context())
			if err != nil || placesErr != nil || len(list.TriggerRuns)+len(places) > 0 {
				t.Errorf("after both were undone: %v, factories %v, %v, %v", list.TriggerRuns, places, err, placesErr)
			}
		})
	}
}

// TestTriggerRunsThatAreRefused names what is wrong, and what to do.
func TestTriggerRunsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, reason, next string }{
		"no trigger run":       {`{"category":"TriggerRuns","triggerName":"tr","start":"2020-01-01T00:00:00Z"}`, "trigger runs without triggerId", "the column TriggerId"},
		"no time":              {`{"category":"TriggerRuns","triggerId":"x","triggerName":"tr"}`, "log records without a readable start", "export it again"},
		"an answer of the API": {`{"value":[{"triggerRunId":"x","triggerName":"tr","triggerRunTimestamp":"2020-01-01T00:00:00Z"}]}`, "trigger runs as the API sends them", "insights-logs-triggerruns"},
	} {
		s := openStore(t)
		files, _ := importPaths(t, s, harborFactory, write(t, "rows", c.content))
		f := files[0]
		if f.Kept() != 0 || len(f.Refused) != 1 || f.Refused[0].Reason == "" || !strings.HasPrefix(f.Refused[0].Reason, c.reason) || !strings.Contains(f.Refused[0].Next, c.next) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
