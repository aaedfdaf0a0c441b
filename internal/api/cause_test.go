package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

const deadlock = "Operation on target For each failed: Activity failed because an inner activity failed; Inner activity name: cp_orders, Error: " +
	"Execution fail against sql server. Sql error number: 1205. Error Message: Process 7 was chosen as the deadlock victim. Rerun the transaction."

// causeOf returns a cause as the API writes it, with changed members.
func causeOf(change object) object {
	out := object{"text": nil, "reason": nil, "code": nil, "failureType": nil, "activity": nil, "childRunId": nil}
	maps.Copy(out, change)
	return out
}

func TestFailedRunsHaveACauseWhereverTheyAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.follow(t, "", "")
	b.write(t, b.putFactory(t, "sales-prod"),
		sent(1, at(4*time.Hour), nil),
		sent(2, at(3*time.Hour), object{"status": "Cancelled", "message": "cancelled by a person"}),
		sent(3, at(2*time.Hour), object{"status": "Failed", "message": deadlock, "pipelineName": "pl_a"}),
		sent(4, at(time.Hour), object{"status": "Failed", "message": nil, "pipelineName": "pl_b"}))
	victim := causeOf(object{"text": "SQL 1205: Process 7 was chosen as the deadlock victim", "activity": "cp_orders"})
	noReason := causeOf(object{"reason": "Data Factory gave no reason"})

	for _, path := range []string{"/api/v1/runs", "/api/v1/runs?include=parameters"} {
		if diff := cmp.Diff([]any{noReason, victim, nil, nil}, column(list(t, b, path), "cause")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if diff := cmp.Diff([]any{victim}, column(list(t, b, "/api/v1/runs/"+runID(3)+"/group"), "cause")); diff != "" {
		t.Errorf("the group (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(victim, read[object](t, b, "/api/v1/runs/"+runID(3))["cause"]); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	overview := read[object](t, b, "/api/v1/overview")
	problems := overview["problems"].(object)["items"].([]any)
	if diff := cmp.Diff(noReason, problems[0].(object)["last"].(object)["cause"]); diff != "" {
		t.Errorf("the newest problem (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(victim, overview["newestFailures"].([]any)[1].(object)["cause"]); diff != "" {
		t.Errorf("the second newest failure (-want +got):\n%s", diff)
	}
	for e := plainText(t, s.named(t, "run").Data); e["runId"] != runID(3); e = plainText(t, s.named(t, "run").Data) {
		if e["runId"] == runID(1) && e["cause"] != nil {
			t.Errorf("the event of a success has the cause %v", e["cause"])
		}
	}
}

func TestAMessageThatIsNotThereIsNotDataFactorysSilence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	odd := sent(1, at(2*time.Hour), object{"status": "Failed", "message": []int{1}})
	lacks := sent(2, at(time.Hour), object{"status": "Failed"})
	delete(lacks, "message")
	isNull := sent(3, at(30*time.Minute), object{"status": "Failed", "message": nil})
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginFile}, odd, lacks, isNull)
	want := []any{
		causeOf(object{"reason": "Data Factory gave no reason"}),
		causeOf(object{"reason": "The file that the run was imported from has no message"}),
		causeOf(object{"reason": "The message could not be read"}),
	}
	if diff := cmp.Diff(want, column(list(t, b, "/api/v1/runs"), "cause")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheCauseOfARunTakesCodeAndChildFromItsActivities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), object{"status": "Failed", "message": "Operation on target run_child failed: " + deadlock}))
	child := activityOf(t, object{
		"activityName": "run_child", "activityType": "ExecutePipeline", "activityRunId": "a-2", "status": "Failed",
		"error":  object{"errorCode": "2402", "message": deadlock, "failureType": "UserError", "target": "run_child"},
		"output": object{"pipelineName": "pl_child", "pipelineRunId": runID(7)},
	})
	if err := b.store.WriteActivities(t.Context(), place.Key, runID(1), []adf.ActivityRun{activityOf(t, nil), child}, true, at(time.Minute)); err != nil {
		t.Fatal(err)
	}
	want := causeOf(object{
		"text": "SQL 1205: Process 7 was chosen as the deadlock victim", "activity": "cp_orders",
		"code": "2402", "failureType": "UserError", "childRunId": runID(7),
	})
	if diff := cmp.Diff(want, read[object](t, b, "/api/v1/runs/"+runID(1))["cause"]); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{want}, column(list(t, b, "/api/v1/runs"), "cause")); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	overview := read[object](t, b, "/api/v1/overview")
	problem := overview["problems"].(object)["items"].([]any)[0].(object)["last"].(object)
	if diff := cmp.Diff([]any{want, want}, []any{problem["cause"], overview["newestFailures"].([]any)[0].(object)["cause"]}); diff != "" {
		t.Errorf("the overview (-want +got):\n%s", diff)
	}
	items := list(t, b, "/api/v1/runs/"+runID(1)+"/activities")
	if diff := cmp.Diff([]any{nil, want}, column(items, "cause")); diff != "" {
		t.Errorf("its activities (-want +got):\n%s", diff)
	}
}

func TestTheCauseIsNoLabelOfAMetric(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(time.Hour), object{"status": "Failed", "message": deadlock}))
	if body := b.get(t, "/metrics", http.StatusOK); strings.Contains(body, "deadlock") || strings.Contains(body, "cause") {
		t.Errorf("the metrics name a cause:\n%s", body)
	}
}

// BenchmarkListOfFailures reads a page of 100 failed runs with the public
// messages of internal/cause, and one of 100 with messages of 4 kB.
func BenchmarkListOfFailures(b *testing.B) {
	raw, err := os.ReadFile("../cause/testdata/messages.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for name, long := range map[string]string{"public": "", "long": strings.Repeat("\nOne line of a log that goes on and on. And on.", 80)} {
		for _, status := range []string{"Failed", "Cancelled"} { // a cancelled run has no cause: the same list without it
			b.Run(name+"/"+status, func(b *testing.B) {
				board := setup(b)
				place := board.putFactory(b, "sales-prod")
				for i := range 100 {
					var m struct{ Message string }
					if err := json.Unmarshal([]byte(lines[i]), &m); err != nil {
						b.Fatal(err)
					}
					board.write(b, place, sent(i, at(time.Duration(i+10)*time.Minute), object{"status": status, "message": m.Message + long}))
				}
				request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, board.server.URL+"/api/v1/runs?limit=100", http.NoBody)
				if err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				for b.Loop() {
					resp, err := board.server.Client().Do(request)
					if err != nil {
						b.Fatal(err)
					}
					if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
						b.Fatal(resp.Status, err)
					}
				}
			})
		}
	}
}
