package main

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
)

// TestNoFailureRecoversByOtherWork holds every recovery of the default company
// against what its pipelines are given: the file, the company, the day, month
// and window of a run are all among its parameters, so the run that recovered
// another has the same pipeline and the same parameters, and began after the
// other had ended.
//
// Example: pl_fraud_scores failed for day 2026-11-29. The run for 2026-11-30
// succeeded, and does not recover it; a rerun for 2026-11-29 does.
func TestNoFailureRecoversByOtherWork(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "4000", "--limits", "off")
	p, base := serveOn(t, e, filepath.Join(t.TempDir(), "andon.db"))
	awaitFresh(t, base, e)
	eventually(t, time.Minute, func() string {
		var answer struct{ Problems struct{ Reason *string } }
		get(t, base+"api/v1/overview", &answer)
		if answer.Problems.Reason != nil {
			return *answer.Problems.Reason
		}
		return ""
	})

	runs := listed(t, base)
	states := map[string]int{}
	for key, run := range runs {
		recovery, ok := run["recovery"].(row)
		if !ok {
			if run["status"] == string(adf.StatusFailed) {
				t.Errorf("%s failed, and its recovery is null: %v", key, run["recoveryReason"])
			}
			continue
		}
		states[str(recovery["state"])]++
		by, ok := recovery["by"].(row)
		if recovered := recovery["state"] == "recovered"; recovered != ok {
			t.Errorf("%s is %v by %v", key, recovery["state"], recovery["by"])
		}
		if !ok {
			continue
		}
		other := runs[strings.ToLower(str(run["factoryId"]))+"/"+str(by["runId"])]
		if other["status"] != string(adf.StatusSucceeded) || other["pipelineName"] != run["pipelineName"] {
			t.Errorf("%s of %v was recovered by a run of %v that is %v", key, run["pipelineName"], other["pipelineName"], other["status"])
		}
		if instant(t, other["runStart"]).Before(instant(t, run["runEnd"])) {
			t.Errorf("%s ended at %v and was recovered by a run of %v", key, run["runEnd"], other["runStart"])
		}
		if diff := cmp.Diff(run["parameters"], other["parameters"]); diff != "" {
			t.Errorf("%s of %v was recovered (%v) by other work (-failed +recovered it):\n%s", key, run["pipelineName"], recovery["rule"], diff)
		}
	}
	t.Logf("by state: %v", states)
	if states["open"] == 0 || states["notRedone"] == 0 || states["recovered"] == 0 {
		t.Errorf("the company shows no failure of some state: %v", states)
	}
	compareNotRedone(t, base, runs)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d:\n%s", code, p.output())
	}
}

// compareNotRedone compares the terminal's list of what has to be run again with
// the runs that are not redone.
func compareNotRedone(t *testing.T, base string, runs map[string]row) {
	t.Helper()
	sheet, stderr, code := runCommand(t, nil, "runs", "--server", base, "--recovery", "notRedone", "--limit", "0", "-o", "csv")
	lines, err := csv.NewReader(strings.NewReader(sheet)).ReadAll()
	if code != 0 || err != nil || len(lines) == 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, sheet, stderr)
	}
	cell := func(line []string, name string) string { return line[slices.Index(lines[0], name)] }
	got, want := map[string]any{}, map[string]any{}
	for _, line := range lines[1:] {
		var parameters any
		if err := json.Unmarshal([]byte(cell(line, "parameters")), &parameters); err != nil {
			t.Errorf("the parameters of %v: %v", line, err)
		}
		got[cell(line, "runId")] = parameters
		if state, cause := cell(line, "recovery"), cell(line, "cause"); state != "notRedone" || cause == "" {
			t.Errorf("run %s is %s because of %q", cell(line, "runId"), state, cause)
		}
	}
	for _, run := range runs {
		if recovery, ok := run["recovery"].(row); ok && recovery["state"] == "notRedone" {
			want[str(run["runId"])] = run["parameters"]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what has to be run again (-want +got):\n%s", diff)
	}
}

func instant(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, str(v))
	if err != nil {
		t.Fatal(err)
	}
	return at
}
