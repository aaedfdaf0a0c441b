package intake_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"andon/internal/adf"
	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

// loggedRun is the run whose activities the files of these tests hold.
const loggedRun = "c0ffee00-0000-4000-8000-000000000c01"

// shownActivity is what the board says of an activity run of a log.
type shownActivity struct {
	ID, Name, Type, Pipeline, Run, Status, Start, End, Input, Output, Error string
	Ms                                                                      int64
	Computed                                                                bool
}

func showActivity(a adf.ActivityRun) shownActivity {
	out := shownActivity{
		ID: a.ActivityRunID, Name: a.ActivityName, Type: a.ActivityType, Pipeline: a.PipelineName, Run: a.PipelineRunID, Status: string(a.Status),
		Start: a.ActivityRunStart.String(), End: a.ActivityRunEnd.String(), Input: string(a.Input), Output: string(a.Output), Error: string(a.Error),
		Computed: a.DurationComputed,
	}
	if a.DurationInMs != nil {
		out.Ms = *a.DurationInMs
	}
	return out
}

func activities(tb testing.TB, s *store.Store) store.Activities {
	tb.Helper()
	got, err := s.Activities(tb.Context(), "", loggedRun)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// activityCounts are taken, known and completed activity runs, and refused rows.
func activityCounts(f intake.File) string {
	refused := 0
	for _, r := range f.Refused {
		refused += r.Count
	}
	return fmt.Sprintf("%d %d %d %d", f.Activities.Taken, f.Activities.Known, f.Activities.Completed, refused)
}

// wantActivities are the activities of each of the files, by whether their times
// are those of a blob or of Log Analytics.
func wantActivities(isFine bool) []shownActivity {
	start, end := "2024-03-05T10:00:02.5000001Z", "2024-03-05T10:02:02.7500001Z"
	if !isFine {
		start, end = "2024-03-05T10:00:02.5Z", "2024-03-05T10:02:02.75Z"
	}
	return []shownActivity{{
		ID: "a0a0a0a0-0000-4000-8000-000000000c01", Name: "cp_orders", Type: "Copy", Pipeline: "pl_load_orders", Run: loggedRun, Status: "Succeeded",
		Start: start, End: end, Ms: 120_250, Computed: true,
		Input: `{"source":{"type":"AzureSqlSource"},"sink":{"type":"ParquetSink"}}`, Output: `{"rowsRead":1200,"rowsCopied":1200}`,
		Error: `{"errorCode":"","failureType":"","message":"","target":"cp_orders"}`,
	}, {
		ID: "a0a0a0a0-0000-4000-8000-000000000c02", Name: "call hook", Type: "WebActivity", Pipeline: "pl_load_orders", Run: loggedRun, Status: "Failed",
		Start: "2024-03-05T10:02:03.1Z", End: "2024-03-05T10:02:04.2Z", Ms: 1_100, Computed: true,
		Input: `{"url":"https://example.com/hook?code=<redacted>","headers":{"Authorization":"<redacted>"}}`,
		Error: `{"errorCode":"2108","failureType":"UserError","message":"Error calling the endpoint 'https://example.com'. Response status code: 'Unauthorized'","target":"call hook"}`,
	}}
}

// activityFiles are every form of a log of activity runs.
func activityFiles(t *testing.T) map[string]string {
	t.Helper()
	blob, query := readCase(t, "activity-runs-PT1H.json"), readCase(t, "activity-runs-query.json")
	lines := strings.Split(strings.TrimSpace(blob), "\n")
	slices.Reverse(lines)
	return map[string]string{
		"a blob":                               caseFile("activity-runs-PT1H.json"),
		"a blob, packed":                       write(t, "PT1H.json.gz", packed(t, blob)),
		"a blob, backwards":                    write(t, "PT1H.json", strings.Join(lines, "\n")),
		"records of an event hub":              write(t, "hub.json", `{"records":[`+strings.Join(lines, ",")+`]}`),
		"Log Analytics by az":                  caseFile("activity-runs-query.json"),
		"Log Analytics by its own API":         write(t, "query.json", queryAnswer(t, query)),
		"Log Analytics by the portal":          caseFile("activity-runs-portal.csv"),
		"Log Analytics without a table's name": write(t, "bare.json", strings.NewReplacer(`"Category": "ActivityRuns"`, `"x": ""`, `"Type": "ADFActivityRun"`, `"y": ""`).Replace(query)),
	}
}

// TestActivityRunsOfLogs imports each form of a log of activity runs twice, with
// its run before or after it, and undoes it all.
func TestActivityRunsOfLogs(t *testing.T) {
	t.Parallel()
	runFile := caseFile("C01-diagnostic-PT1H.json")
	for name, path := range activityFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := wantActivities(!strings.HasPrefix(name, "Log Analytics"))
			if strings.HasSuffix(path, ".csv") {
				want[0].Error = "" // the table has only the columns of a failure
			}
			for _, order := range [][]string{{path, runFile}, {runFile, path}} {
				s := openStore(t)
				files, total := importPaths(t, s, "", order...)
				i := slices.IndexFunc(files, func(f intake.File) bool { return f.Name == path })
				if f := files[i]; activityCounts(f) != "2 1 0 0" || counts(f) != "0 0 0 0" || f.Err != nil || f.Malformed != 0 {
					t.Errorf("%+v", f)
				}
				got := activities(t, s)
				var shown []shownActivity
				for _, a := range got.Rows {
					shown = append(shown, showActivity(a))
				}
				if diff := cmp.Diff(want, shown); diff != "" || !got.AreImported {
					t.Errorf("imported %v (-want +got):\n%s", got.AreImported, diff)
				}
				files, again := importPaths(t, s, "adf-harbor", path)
				if activityCounts(files[0]) != "0 3 0 0" {
					t.Errorf("the second time %s", activityCounts(files[0]))
				}
				if diff := cmp.Diff(got, activities(t, s)); diff != "" {
					t.Errorf("after the second time (-first +second):\n%s", diff)
				}
				if _, err := s.UndoImport(t.Context(), again.ID); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(got, activities(t, s)); diff != "" {
					t.Errorf("after the second was undone (-before +after):\n%s", diff)
				}
				if _, err := s.UndoImport(t.Context(), total.ID); err != nil {
					t.Error(err)
				}
				places, err := s.Places(t.Context())
				if left := runs(t, s); len(left) > 0 || len(places) > 0 || err != nil {
					t.Errorf("after both were undone: %d runs, factories %v, %v", len(left), places, err)
				}
			}
		})
	}
}

// TestActivityRunsOfTwoLogs reads a blob and Log Analytics of the same activity
// runs, in one import and in two: the finer times count.
func TestActivityRunsOfTwoLogs(t *testing.T) {
	t.Parallel()
	blob, query, runFile := caseFile("activity-runs-PT1H.json"), caseFile("activity-runs-query.json"), caseFile("C01-diagnostic-PT1H.json")
	for _, imports := range [][][]string{{{blob, query, runFile}}, {{query, blob, runFile}}, {{query}, {runFile}, {blob}}, {{blob}, {runFile}, {query}}} {
		s := openStore(t)
		for _, paths := range imports {
			importPaths(t, s, "", paths...)
		}
		var shown []shownActivity
		for _, a := range activities(t, s).Rows {
			shown = append(shown, showActivity(a))
		}
		if diff := cmp.Diff(wantActivities(true), shown); diff != "" {
			t.Errorf("%v (-want +got):\n%s", imports, diff)
		}
	}
}

// TestActivityRunsOfLogsOverAzures leaves what Azure has said of a run's activities
// as it is.
func TestActivityRunsOfLogsOverAzures(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	f, err := s.PutFactory(t.Context(), adf.Factory{ID: harborFactory, Name: "adf-harbor"}, "source")
	if err != nil {
		t.Fatal(err)
	}
	run, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"pl_load_orders","runStart":"2024-03-05T10:00:00Z","runEnd":"2024-03-05T10:04:00Z","lastUpdated":"2024-03-05T10:04:00Z","status":"Failed"}`, loggedRun))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: store.OriginAzure, Runs: []adf.PipelineRun{run}}); err != nil {
		t.Fatal(err)
	}
	activity, err := adf.DecodeActivityRun([]byte(`{"activityRunId":"a0a0a0a0-0000-4000-8000-000000000c01","activityName":"cp_orders","status":"Failed"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WriteActivities(t.Context(), f.Key, loggedRun, []adf.ActivityRun{activity}, true, run.RunEnd.Add(store.LateRows)); err != nil {
		t.Fatal(err)
	}
	before := activities(t, s)
	files, total := importPaths(t, s, "", caseFile("activity-runs-PT1H.json"))
	if activityCounts(files[0]) != "0 3 0 0" {
		t.Errorf("%+v", files[0])
	}
	if diff := cmp.Diff(before, activities(t, s)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if _, err := s.UndoImport(t.Context(), total.ID); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, activities(t, s)); diff != "" {
		t.Errorf("after undoing (-before +after):\n%s", diff)
	}
}

// TestDryRunOfActivityRuns gives the figures of the import.
func TestDryRunOfActivityRuns(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	var reports [2][]intake.File
	for n, isDry := range []bool{true, false} {
		o := intake.Options{Paths: []string{caseFile("activity-runs-PT1H.json"), caseFile("activity-runs-query.json"), caseFile("C01-diagnostic-PT1H.json")}, DryRun: isDry}
		total, err := intake.Import(t.Context(), s, redact.Default(), o, func(f intake.File) { reports[n] = append(reports[n], f) })
		if err != nil || activityCounts(total.File) != "2 4 0 0" || counts(total.File) != "1 2 0 0" {
			t.Errorf("dry %v: %+v, %v", isDry, total, err)
		}
		if isDry && len(runs(t, s)) > 0 {
			t.Error("the dry run stored something")
		}
	}
	if diff := cmp.Diff(reports[0], reports[1], cmpopts.EquateErrors()); diff != "" {
		t.Errorf("(-dry +real):\n%s", diff)
	}
}

// TestActivityRunsThatAreRefused names what is wrong, and what to do.
func TestActivityRunsThatAreRefused(t *testing.T) {
	t.Parallel()
	var whole map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(readCase(t, "activity-runs-PT1H.json"), "\n", 2)[0]), &whole); err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) string {
		m := maps.Clone(whole)
		m[name] = value
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, c := range map[string]struct{ content, reason, next string }{
		"no activity run":      {with("activityRunId", ""), "activity runs without activityRunId", "the column ActivityRunId"},
		"no pipeline run":      {with("pipelineRunId", nil), "activity runs without pipelineRunId", "the column PipelineRunId"},
		"no time":              {with("start", ""), "activity runs without a readable start or end", "export it again"},
		"a debug run":          {with("category", "SandboxActivityRuns"), "debug runs", "only runs of published pipelines"},
		"of no factory":        {with("resourceId", ""), "runs that name no factory", "add --factory"},
		"an answer of the API": {readCase(t, "C25c-az-activities.json"), "activity runs as the API sends them", "insights-logs-activityruns"},
		"a table without ids":  {"ActivityRunId,Start [UTC],ActivityName\na,\"3/5/2024, 10:00:00 AM\",cp\n", "activity runs without pipelineRunId", "the column PipelineRunId"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t)
			files, _ := importPaths(t, s, "", write(t, "rows", c.content))
			f := files[0]
			if f.Kept() != 0 || len(f.Refused) != 1 || !strings.HasPrefix(f.Refused[0].Reason, c.reason) || !strings.Contains(f.Refused[0].Next, c.next) || f.Err == nil {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestMixedFoldersOfLogs reads a folder of blobs of every kind.
func TestMixedFoldersOfLogs(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	dir := filepath.Dir(write(t, "a.json", readCase(t, "activity-runs-PT1H.json")+readCase(t, "C01-diagnostic-PT1H.json")))
	_, total := importPaths(t, s, "", dir)
	if counts(total.File) != "1 2 0 0" || activityCounts(total.File) != "2 1 0 0" || total.Failed != 0 {
		t.Errorf("%+v", total)
	}
}

// TestNoSecretOfAnActivityRunIsStored looks for secrets in the row as it is stored.
func TestNoSecretOfAnActivityRunIsStored(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	importPaths(t, s, "", caseFile("activity-runs-PT1H.json"), caseFile("activity-runs-query.json"), caseFile("C01-diagnostic-PT1H.json"))
	for _, a := range activities(t, s).Rows {
		if strings.Contains(string(a.Raw), "canary") {
			t.Errorf("%s", a.Raw)
		}
	}
}
