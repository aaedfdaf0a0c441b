package world_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

func TestActivitiesFitTheirRun(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, r := range allRuns(newWorld(t, 4, 8_000)) {
		s := r.At(worldStart())
		activities := r.Activities(worldStart())
		ids := map[string]bool{}
		for i := range activities {
			a := &activities[i]
			ids[a.ActivityRunID] = true
			seen["type "+a.ActivityType]++
			count(seen, "skipped", a.Status == world.StatusSkipped)
			count(seen, "retried", a.RetryAttempt != nil)
			count(seen, "in a loop", a.IterationHash != "")
			count(seen, "failed in a success", a.Status == world.StatusFailed && a.RetryAttempt == nil && s.Status == world.StatusSucceeded)
			count(seen, "zero rows", a.Output["rowsCopied"] == int64(0))
			checkActivity(t, r, s, a)
		}
		if len(ids) != len(activities) {
			t.Fatalf("run %s: %d activity runs with %d ids", r.RunID(), len(activities), len(ids))
		}
		if s.Terminal() && len(activities) == 0 && !atLimit(s) {
			t.Fatalf("run %s (%s, %s) has no activities", r.RunID(), r.PipelineName(), s.Status)
		}
	}
	for _, want := range []string{
		"type Copy", "type Lookup", "type Script", "type SqlServerStoredProcedure", "type WebActivity", "type DatabricksNotebook", "type ExecuteDataFlow",
		"type SetVariable", "type Wait", "type IfCondition", "type ExecutePipeline", "type ForEach", "type Until", "type ExecuteSSISPackage", "type Fail",
		"type GetMetadata", "type Delete", "type Validation", "type AzureFunctionActivity", "skipped", "retried", "in a loop", "failed in a success", "zero rows",
	} {
		if seen[want] == 0 {
			t.Errorf("no activity run: %s", want)
		}
	}
}

func checkActivity(t *testing.T, r *world.Run, s world.RunState, a *world.ActivityState) {
	t.Helper()
	if a.PipelineRunID != r.RunID() || a.PipelineName != r.PipelineName() || a.Error.Target != a.ActivityName || !strings.HasPrefix(a.ID, r.ID()+"/activityruns/") {
		t.Fatalf("activity %s of run %s belongs elsewhere: %+v", a.ActivityName, r.RunID(), a)
	}
	if a.ActivityRunStart.Before(r.RunStart()) || a.ActivityRunStart.After(worldStart()) {
		t.Fatalf("%s of run %s starts at %v", a.ActivityName, r.RunID(), a.ActivityRunStart)
	}
	if a.ActivityRunEnd == nil {
		if s.Terminal() || a.Status != world.StatusInProgress || a.DurationInMs != nil || a.Output != nil || a.Error.Details != nil {
			t.Fatalf("%s of %s run %s runs: %+v", a.ActivityName, s.Status, r.RunID(), a)
		}
		return
	}
	if a.ActivityRunEnd.Before(a.ActivityRunStart) || a.ActivityRunEnd.After(r.SettledAt()) || a.DurationInMs == nil || a.Output == nil {
		t.Fatalf("%s of run %s (until %v): %+v", a.ActivityName, r.RunID(), r.SettledAt(), a)
	}
	if failed := a.Status == world.StatusFailed; failed != (a.Error.Message != "") || failed != (a.Error.ErrorCode != "") || failed != (a.Error.FailureType != "") {
		t.Fatalf("%s of run %s is %s with error %+v", a.ActivityName, r.RunID(), a.Status, a.Error)
	}
}

// atLimit reports whether a run failed at Data Factory's own limits.
func atLimit(s world.RunState) bool {
	return s.Status == world.StatusFailed && (s.Message == nil || strings.HasPrefix(*s.Message, "Pipeline execution throttled."))
}

// azure.md §14: at its limits Data Factory fails runs without activities, with a message of its own or none.
func TestRunsFailAtTheLimitsWithoutActivities(t *testing.T) {
	t.Parallel()
	throttled, unexplained := 0, 0
	for _, r := range allRuns(newWorld(t, 1, 20_000)) {
		s := r.At(worldStart())
		if !atLimit(s) {
			continue
		}
		if s.Message == nil {
			unexplained++
		} else {
			throttled++
		}
		if a := r.Activities(worldStart()); len(a) > 0 {
			t.Fatalf("run %s has %d activities", r.RunID(), len(a))
		}
		if s.DurationInMs == nil || *s.DurationInMs > 3000 {
			t.Fatalf("run %s took %v ms", r.RunID(), s.DurationInMs)
		}
	}
	if all := throttled + unexplained; throttled == 0 || unexplained == 0 || all > 60 {
		t.Errorf("%d runs are throttled, %d have no message: want a few of each", throttled, unexplained)
	}
}

// azure.md §14: a failure that a failure path handles leaves the run Succeeded.
func TestSomeRunsSucceedWithAFailedActivity(t *testing.T) {
	t.Parallel()
	handled := 0
	for _, r := range allRuns(newWorld(t, 1, 20_000)) {
		if r.At(worldStart()).Status != world.StatusSucceeded {
			continue
		}
		failed, after := false, false
		for _, a := range r.Activities(worldStart()) {
			after = after || failed && a.Status == world.StatusSucceeded
			failed = failed || a.Status == world.StatusFailed && a.RetryAttempt == nil
		}
		if failed && after {
			handled++
		}
	}
	if handled < 3 {
		t.Errorf("%d runs succeeded with a failed activity, want some", handled)
	}
}

func TestRunMessageWrapsTheFailedActivity(t *testing.T) {
	t.Parallel()
	runs := 0
	for _, r := range allRuns(newWorld(t, 5, 20_000)) {
		s := r.At(worldStart())
		if s.Status != world.StatusFailed || atLimit(s) {
			continue
		}
		runs++
		found := false
		for _, a := range r.Activities(worldStart()) {
			found = found || a.Status == world.StatusFailed && *s.Message == "Operation on target "+a.ActivityName+" failed: "+a.Error.Message
		}
		if !found {
			t.Fatalf("run %s: no failed activity explains %q", r.RunID(), *s.Message)
		}
		if strings.Contains(*s.Message, "%{") {
			t.Fatalf("run %s: %q has a hole", r.RunID(), *s.Message)
		}
	}
	if runs == 0 {
		t.Fatal("nothing failed")
	}
}

// azure.md §14: id and name of a child's invokedBy are the activityRunId of the Execute Pipeline activity.
func TestChildrenAreLinkedBothWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6, 20_000)
	children, names := 0, map[string]bool{}
	for _, r := range allRuns(w) {
		by := r.InvokedBy()
		if by.InvokedByType != "PipelineActivity" {
			if by.PipelineRunID != "" || by.PipelineName != "" || by.ID == "" || by.Name == "" {
				t.Fatalf("run %s: %+v", r.RunID(), by)
			}
			continue
		}
		children++
		if by.Name != by.ID || names[by.Name] {
			t.Fatalf("run %s: %+v, want a GUID of its own as id and name", r.RunID(), by)
		}
		names[by.Name] = true
		parent := w.Run(r.Factory(), by.PipelineRunID)
		if parent == nil || parent.PipelineName() != by.PipelineName {
			t.Fatalf("run %s: parent %+v is not there", r.RunID(), by)
		}
		linked := false
		for _, a := range parent.Activities(worldStart()) {
			if a.ActivityRunID != by.ID {
				continue
			}
			linked = a.ActivityType == "ExecutePipeline" && !a.ActivityRunStart.After(r.RunStart())
			if a.ActivityRunEnd != nil && (a.Output["pipelineRunId"] != r.RunID() || a.ActivityRunEnd.Before(r.SettledAt().Add(-time.Millisecond))) {
				linked = false
			}
		}
		if !linked {
			t.Fatalf("run %s: its parent %s does not know it", r.RunID(), parent.RunID())
		}
	}
	if children < 500 {
		t.Errorf("%d children, want at least 500", children)
	}
}

func TestActivitiesOfAMomentAreThoseOfTheEndSoFar(t *testing.T) {
	t.Parallel()
	runs := allRuns(newWorld(t, 9, 3000))
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(runs).Draw(t, "run")
		when := r.RunStart().Add(time.Duration(rapid.Int64Range(0, int64(r.SettledAt().Sub(r.RunStart()))).Draw(t, "after")))
		final := map[string]world.ActivityState{}
		for _, a := range r.Activities(r.SettledAt()) {
			final[a.ActivityRunID] = a
		}
		for _, a := range r.Activities(when) {
			last, ok := final[a.ActivityRunID]
			if !ok || !last.ActivityRunStart.Equal(a.ActivityRunStart) || a.ActivityRunStart.After(when) {
				t.Fatalf("%s at %v starts at %v, in the end %v", a.ActivityName, when, a.ActivityRunStart, last.ActivityRunStart)
			}
			if a.ActivityRunEnd != nil && (a.Status != last.Status || a.ActivityRunEnd.After(when)) {
				t.Fatalf("%s is %s at %v, in the end %s", a.ActivityName, a.Status, when, last.Status)
			}
		}
	})
}

func TestActivityRowHasTheServicesMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 500)
	r, err := w.StartRun(w.Factories()[0], "pl_load_orders", world.StatusSucceeded, "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	early, late := marshalled(t, r, r.RunStart().Add(2*time.Second)), marshalled(t, r, r.SettledAt())
	for _, member := range []string{
		"activityRunEnd", "activityName", "activityRunStart", "activityType", "durationInMs", "retryAttempt", "error", "activityRunId", "iterationHash", "input",
		"linkedServiceName", "output", "userProperties", "pipelineName", "pipelineRunId", "status", "recoveryStatus", "integrationRuntimeNames", "executionDetails", "id",
	} {
		if _, ok := early[member]; !ok {
			t.Errorf("a running activity has no %s", member)
		}
	}
	if _, ok := early["error"].(map[string]any)["details"]; ok {
		t.Error("a running activity has error.details")
	}
	if details, ok := late["error"].(map[string]any)["details"]; !ok || details != "" {
		t.Errorf("a successful activity has error.details %v", details)
	}
	if early["output"] != nil || late["output"] == nil {
		t.Errorf("output while running %v, afterwards %v", early["output"], late["output"])
	}
}

// marshalled is the first activity run as a client reads it.
func marshalled(t *testing.T, r *world.Run, when time.Time) map[string]any {
	t.Helper()
	activities := r.Activities(when)
	if len(activities) == 0 {
		t.Fatalf("no activities at %v", when)
	}
	raw, err := json.Marshal(activities[0])
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(raw, &row); err != nil {
		t.Fatal(err)
	}
	return row
}
