package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/cause"
)

// What failed in a run is kept with its activities, whatever is asked for them
// again, goes with the run, and is derived for a store of before.
func TestFailedActivitiesAreKeptForCauses(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // Check has looked through it
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf", Name: "adf"}, "")
	if err != nil {
		t.Fatal(err)
	}
	const id = "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"
	run, err := adf.DecodePipelineRun([]byte(`{"runId":"` + id + `","pipelineName":"pl","status":"Failed","message":"m","runStart":"2026-11-24T02:00:00Z","runEnd":"2026-11-24T02:05:00Z","lastUpdated":"2026-11-24T02:05:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteRuns(t.Context(), Page{Factory: place.Key, Runs: []adf.PipelineRun{run}, Origin: OriginAzure}); err != nil {
		t.Fatal(err)
	}
	activity := func(name, status, start, code string) adf.ActivityRun {
		a, err := adf.DecodeActivityRun(fmt.Appendf(nil, `{"activityRunId":"%s-%s","activityName":%q,"activityType":"Copy","status":%q,"activityRunStart":"2026-11-24T02:%s:00Z","error":{"errorCode":%q,"message":"no such host","failureType":"UserError"}}`, name, start, name, status, start, code))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	of := func(codes ...string) (out []cause.Activity) {
		for i := 0; i < len(codes); i += 2 {
			out = append(out, cause.Activity{Name: codes[i], Type: "Copy", Text: "no such host", Code: codes[i+1], FailureType: "UserError"})
		}
		return out
	}
	want := func(what string, want []cause.Activity) {
		t.Helper()
		got, err := s.Run(t.Context(), "", id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.FailedActivities); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	write := func(complete bool, asOf string, rows ...adf.ActivityRun) {
		t.Helper()
		at, err := adf.ParseTime(asOf)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteActivities(t.Context(), place.Key, id, rows, complete, at); err != nil {
			t.Fatal(err)
		}
	}
	want("not read", nil)
	write(false, "2026-11-24T02:06:00Z", activity("b", "Failed", "02", "1"))
	want("in part", of("b", "1"))
	// The last try of a name, in order of the starts and not of the rows.
	write(true, "2026-11-24T02:30:00Z", activity("b", "Failed", "04", "3"), activity("a", "TimedOut", "03", "2"), activity("b", "Failed", "02", "1"), activity("c", "Succeeded", "01", ""))
	want("whole", of("a", "2", "b", "3"))

	err = s.submit(t.Context(), func(w *writer) error { // as an earlier version left it
		if err := w.exec("DELETE FROM failed_activity"); err != nil {
			return err
		}
		return w.deriveAgain(1)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.checkFailedActivities(t.Context()); err == nil {
		t.Error("a check does not find that they are missing")
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("derived", of("a", "2", "b", "3"))

	err = s.submit(t.Context(), func(w *writer) error { return w.removeRuns([]int64{1}, &touchedRuns{}) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("removed: %v", err)
	}
}
