package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

func activityOf(t *testing.T, change object) adf.ActivityRun {
	t.Helper()
	row := object{
		"activityName": "cp_orders", "activityType": "Copy", "activityRunId": "a-1", "pipelineName": "pl_orders", "pipelineRunId": runID(1),
		"status": "Succeeded", "activityRunStart": at(time.Hour), "activityRunEnd": at(59 * time.Minute), "durationInMs": 60_000,
		"input": object{"source": "x"}, "output": object{"rowsCopied": 7}, "error": object{"errorCode": "", "message": ""},
		"linkedServiceName": "", "retryAttempt": nil, "iterationHash": "", "userProperties": object{}, "recoveryStatus": "None",
		"integrationRuntimeNames": []string{"ir-1"}, "executionDetails": object{"integrationRuntime": []any{}}, "id": "/SUBSCRIPTIONS/5AB1/A-1",
	}
	maps.Copy(row, change)
	raw, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	run, err := adf.DecodeActivityRun(raw)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestActivitiesAreWhatADFSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), nil))
	rows := []adf.ActivityRun{activityOf(t, nil), activityOf(t, object{
		"activityRunId": "a-2", "activityRunStart": at(58 * time.Minute), "retryAttempt": 2, "integrationRuntimeNames": nil, "durationInMs": "long",
	})}
	if err := b.store.WriteActivities(t.Context(), place.Key, runID(1), rows, true, at(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got := read[object](t, b, "/api/v1/runs/"+runID(1)+"/activities")
	if got["state"] != "complete" || got["reason"] != nil || got["nextCursor"] != nil || got["asOf"] != "2026-11-24T11:59:00Z" {
		t.Errorf("the list says %v", got)
	}
	items := got["items"].([]any)
	var want object
	if err := json.Unmarshal(rows[0].Raw, &want); err != nil {
		t.Fatal(err)
	}
	want["odd"], want["cause"], want["durationComputed"] = []any{}, nil, nil
	if diff := cmp.Diff(want, items[0]); diff != "" {
		t.Errorf("the first activity (-want +got):\n%s", diff)
	}
	second := items[1].(object)
	if second["retryAttempt"] != 2.0 || second["integrationRuntimeNames"] != nil || second["durationInMs"] != nil || len(second["odd"].([]any)) != 2 {
		t.Errorf("the second activity is %v", second)
	}
	if row := read[object](t, b, "/api/v1/runs/"+runID(1)); row["activities"] != "complete" {
		t.Errorf("the run says its activities are %v", row["activities"])
	}
}

func TestMissingActivitiesAreAskedForOrExplained(t *testing.T) {
	t.Parallel()
	type question struct{ Factory, RunID string }
	for name, c := range map[string]struct {
		read          func(context.Context, string, string) error
		origin        store.Origin
		partial       bool
		state, reason string
	}{
		"asked for":       {func(context.Context, string, string) error { return nil }, store.OriginAzure, false, "reading", ""},
		"partly here":     {func(context.Context, string, string) error { return nil }, store.OriginAzure, true, "reading", ""},
		"refused":         {func(context.Context, string, string) error { return errors.New("azure refused moments ago") }, store.OriginAzure, false, "none", "Azure refused moments ago."},
		"partly, refused": {func(context.Context, string, string) error { return errors.New("azure refused") }, store.OriginAzure, true, "partial", "Azure refused."},
		"not collecting":  {nil, store.OriginAzure, false, "none", "This server does not ask Azure: it was started with --no-collect, so it shows what is stored."},
		"imported":        {func(context.Context, string, string) error { t.Error("an imported run was asked for"); return nil }, store.OriginFile, false, "none", "The run came from a file, and the file held no activities."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []question
			b := setup(t, func(o *api.Options) {
				if c.read == nil {
					o.Collecting = nil
					return
				}
				o.Collecting.ReadActivities = func(ctx context.Context, factory, runID string) error {
					asked = append(asked, question{factory, runID})
					return c.read(ctx, factory, runID)
				}
			})
			place := b.putFactory(t, "sales-prod")
			b.writePage(t, store.Page{Factory: place.Key, Origin: c.origin}, sent(1, at(time.Hour), nil))
			if c.partial {
				if err := b.store.WriteActivities(t.Context(), place.Key, runID(1), []adf.ActivityRun{activityOf(t, nil)}, false, at(time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
			got := read[struct {
				Items  []object
				State  string
				Reason *string
			}](t, b, "/api/v1/runs/"+runID(1)+"/activities")
			reason := ""
			if got.Reason != nil {
				reason = *got.Reason
			}
			if got.State != c.state || reason != c.reason || (len(got.Items) == 1) != c.partial {
				t.Errorf("%d activities, %s: %q", len(got.Items), got.State, reason)
			}
			var want []question
			if c.read != nil && c.origin == store.OriginAzure {
				want = []question{{"sales-prod", runID(1)}}
			}
			if diff := cmp.Diff(want, asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

func TestActivitiesThatAreNotKeptAreReadOnlyWhenAPersonWantsThem(t *testing.T) {
	t.Parallel()
	asked := 0
	b := setup(t, func(o *api.Options) {
		o.Collecting.ReadActivities = func(context.Context, string, string) error { asked++; return nil }
		o.NotKept = func(factory, pipeline string) string { return "Not kept: " + factory + "/" + pipeline + "." }
	})
	place := b.putFactory(t, "sales-prod")
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginAzure}, sent(1, at(time.Hour), nil))
	if err := b.store.SkipActivities(t.Context(), place.Key, []string{runID(1)}); err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/runs/" + runID(1) + "/activities"
	pipeline, _ := read[object](t, b, "/api/v1/runs/"+runID(1))["pipelineName"].(string)
	why := "Not kept: sales-prod/" + pipeline + "."
	for _, c := range []struct {
		query, state string
		reason       any
		asked        int
	}{
		{"", "notKept", why, 0}, {"?read=false", "notKept", why, 0}, {"?read=true", "reading", nil, 1},
	} {
		got := read[object](t, b, path+c.query)
		if got["state"] != c.state || got["reason"] != c.reason || asked != c.asked {
			t.Errorf("%s: %v, %v; asked %d times", c.query, got["state"], got["reason"], asked)
		}
	}
	if row := read[object](t, b, "/api/v1/runs/"+runID(1)); row["activities"] != "notKept" {
		t.Errorf("the run says its activities are %v", row["activities"])
	}
}

func TestAFactoryWithEverythingKnownOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "Sales-Prod")
	b.write(t, place, sent(1, at(2*time.Hour), nil), sent(2, at(time.Hour), object{"status": "Failed", "durationInMs": "soon"}))
	retry := at(-time.Minute)
	if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{
		State: store.StateRefused, WantedFrom: at(45 * 24 * time.Hour),
		Trouble: &store.Trouble{Kind: "forbidden", What: "Azure refused", Where: "queryPipelineRuns", Advice: "Grant the role", Command: "az role assignment create", At: at(time.Minute), RetryAt: retry},
	}); err != nil {
		t.Fatal(err)
	}
	got := read[object](t, b, "/api/v1/factories/sales-prod")
	want := object{
		"factory": "sales-prod", "name": "Sales-Prod", "factoryId": string(place.ID), "subscriptionId": "5ab1", "resourceGroup": "rg-data",
		"location": "westeurope", "source": "contoso", "tags": object{"team": "data", "cost": "7"}, "studioUrl": "https://contoso.studio.example/Sales-Prod/",
		"state": "refused", "asOf": "2026-11-24T11:59:55Z", "lagSeconds": 5.0,
		"coverage": object{
			"from": "2026-10-10T12:00:00Z", "to": "2026-11-24T11:59:55Z", "complete": true, "gaps": []any{},
			"activitiesPending": 2.0, "wantedFrom": "2026-10-10T12:00:00Z", "doneShare": 1.0,
		},
		"neverRead": false, "counts": object{"Succeeded": 1.0, "Failed": 1.0}, "runs": 2.0, "firstRunStart": "2026-11-24T10:00:00Z", "lastRunStart": "2026-11-24T11:00:00Z",
		"lastError": object{
			"kind": "forbidden", "what": "Azure refused", "where": "queryPipelineRuns", "advice": "Grant the role", "command": "az role assignment create",
			"at": "2026-11-24T11:59:00Z", "retryAt": "2026-11-24T12:01:00Z",
		},
		"fill": nil, "oddRows": 1.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the factory (-want +got):\n%s", diff)
	}
	all := read[struct {
		Items   []object
		Sources []object
	}](t, b, "/api/v1/factories")
	if diff := cmp.Diff([]object{want}, all.Items); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]object{}, all.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// stateAfter returns the state shown of a factory that was fresh some time ago.
func stateAfter(t *testing.T, told store.State, age time.Duration, change ...func(*api.Options)) string {
	t.Helper()
	b := setup(t, change...)
	place := b.putFactory(t, "sales-prod")
	b.writePage(t, store.Page{
		Factory: place.Key, Origin: store.OriginAzure, AsOf: at(age), Completes: &store.Window{From: at(48 * time.Hour), To: at(age)},
	}, sent(1, at(24*time.Hour), nil))
	if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{State: told}); err != nil {
		t.Fatal(err)
	}
	return read[struct{ State string }](t, b, "/api/v1/factories/sales-prod").State
}

func TestFreshnessIsNotTakenOnTrust(t *testing.T) {
	t.Parallel()
	noCollect := func(o *api.Options) { o.Collecting = nil }
	slowPoll := func(o *api.Options) { o.Poll = 10 * time.Minute }
	hourAhead := func(o *api.Options) { o.Collecting.Skew = func(string) time.Duration { return -time.Hour } }
	for _, c := range []struct {
		told   store.State
		age    time.Duration
		change []func(*api.Options)
		want   string
	}{
		{store.StateFresh, 20 * time.Second, nil, "fresh"},
		{store.StateFresh, 61 * time.Second, nil, "stale"},
		{store.StateFresh, 40 * time.Minute, []func(*api.Options){slowPoll}, "fresh"},
		{store.StateFresh, 51 * time.Minute, []func(*api.Options){slowPoll}, "stale"},
		{store.StateFresh, time.Hour + 20*time.Second, []func(*api.Options){hourAhead}, "fresh"},
		{store.StateFresh, time.Hour + 61*time.Second, []func(*api.Options){hourAhead}, "stale"},
		{store.StateFilling, 20 * time.Second, nil, "filling"},
		{store.StateFilling, 61 * time.Second, nil, "stale"}, // polls go on beside a fill
		{store.StateGone, time.Hour, nil, "gone"},
		{store.StateFresh, 20 * time.Second, []func(*api.Options){noCollect}, "not collected"},
		{store.StateRefused, time.Hour, []func(*api.Options){noCollect}, "not collected"},
		{store.StateGone, time.Hour, []func(*api.Options){noCollect}, "gone"},
	} {
		if got := stateAfter(t, c.told, c.age, c.change...); got != c.want {
			t.Errorf("told %s and %s old: %s, not %s", c.told, c.age, got, c.want)
		}
	}
}

// TestAFillWithoutPollsIsStale: after a restart while Azure is away nothing says
// that history is filled, so the collector's word stays filling. The board says
// stale, and why. A factory that was never polled is filling.
func TestAFillWithoutPollsIsStale(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	b.writePage(t, store.Page{
		Factory: sales.Key, Origin: store.OriginAzure, AsOf: at(time.Hour), Completes: &store.Window{From: at(48 * time.Hour), To: at(time.Hour)},
	}, sent(1, at(24*time.Hour), nil))
	for _, key := range []store.FactoryKey{sales.Key, hr.Key} {
		err := b.store.SetFactoryState(t.Context(), key, store.FactoryState{State: store.StateFilling, Trouble: &store.Trouble{Kind: "network", What: "no answer", Advice: "wait", At: at(time.Minute)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, f := range read[struct {
		Items []struct{ Factory, State string }
	}](t, b, "/api/v1/factories").Items {
		got[f.Factory] = f.State
	}
	if diff := cmp.Diff(map[string]string{"sales-prod": "stale", "hr-prod": "filling"}, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	basis := read[struct {
		Basis struct {
			Factories struct{ Stale, NeverRead int }
			Causes    []struct {
				What, Advice     string
				Count, NeverRead int
			}
		}
	}](t, b, "/api/v1/overview").Basis
	if c := basis.Causes; len(c) != 1 || c[0].What != "no answer" || c[0].Advice != "wait" || c[0].Count != 2 || c[0].NeverRead != 1 || basis.Factories.Stale != 1 || basis.Factories.NeverRead != 1 {
		t.Errorf("the overview says %+v", basis)
	}
}

func TestOverviewAtAGlance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	b.write(t, sales,
		sent(1, at(30*time.Hour), object{"status": "Failed", "pipelineName": "pl_old"}),
		sent(2, at(5*time.Hour), object{"status": "Failed"}),
		sent(3, at(4*time.Hour), nil),
		sent(4, at(3*time.Hour), object{"status": "Failed"}),
		sent(5, at(time.Hour), object{"status": "InProgress", "runEnd": nil, "durationInMs": nil}),
	)
	b.write(t, hr, sent(6, at(2*time.Hour), nil))
	wanted := at(45 * 24 * time.Hour)
	if err := b.store.SetFactoryState(t.Context(), sales.Key, store.FactoryState{State: store.StateFresh, WantedFrom: wanted}); err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetFactoryState(t.Context(), hr.Key, store.FactoryState{
		State: store.StateStale, WantedFrom: wanted, Trouble: &store.Trouble{Kind: "network", What: "no answer", Advice: "wait", At: at(time.Minute), RetryAt: at(-time.Minute)},
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetSourceState(t.Context(), store.SourceState{Source: "contoso", State: "error", What: "the secret has expired", Advice: "make a new one", Command: "az ad app credential reset", At: at(time.Minute)}); err != nil {
		t.Fatal(err)
	}

	got := read[object](t, b, "/api/v1/overview")
	rate := 0.5
	hrProd := []any{object{"factory": "hr-prod", "name": "hr-prod", "asOf": "2026-11-24T11:59:55Z"}}
	for field, want := range map[string]any{
		"from": "2026-11-23T12:00:00Z", "to": "2026-11-24T12:00:00Z", "asOf": "2026-11-24T11:59:55Z",
		"counts":      object{"Succeeded": 2.0, "Failed": 2.0, "InProgress": 1.0},
		"successRate": object{"value": rate, "succeeded": 2.0, "finished": 4.0, "reason": nil},
		"previous": object{
			"from": "2026-11-22T12:00:00Z", "to": "2026-11-23T12:00:00Z", "counts": object{"Failed": 1.0},
			"successRate": object{"value": 0.0, "succeeded": 0.0, "finished": 1.0, "reason": nil},
		},
		"recovery": object{"notRedone": 0.0, "recovered": 1.0, "reason": nil},
		"basis": object{
			"covered": "yes", "reason": "1 of 2 factories is up to date", "from": "2026-10-10T12:00:00Z", "to": "2026-11-24T11:59:55Z", "nothingRan": false,
			"factories": object{"asked": 2.0, "upToDate": 1.0, "filling": 0.0, "stale": 1.0, "neverRead": 0.0, "imported": 0.0, "off": 0.0, "gone": 0.0},
			"doneShare": 1.0, "gaps": []any{},
			"limits": []any{
				object{"kind": "stale", "reason": "1 of 2 factories is up to date", "count": 1.0, "factories": hrProd, "since": "2026-11-24T11:59:55Z"},
				object{"kind": "source", "reason": "The list of factories cannot be read", "count": 0.0, "factories": []any{}, "since": nil},
			},
			"causes": []any{
				object{
					"source": "contoso", "kind": nil, "what": "the secret has expired", "where": nil, "advice": "make a new one", "command": "az ad app credential reset",
					"count": 0.0, "neverRead": 0.0, "factories": []any{}, "at": "2026-11-24T11:59:00Z", "retryAt": nil,
				},
				object{
					"source": "contoso", "kind": "network", "what": "no answer", "where": nil, "advice": "wait", "command": nil,
					"count": 1.0, "neverRead": 0.0, "factories": hrProd, "at": "2026-11-24T11:59:00Z", "retryAt": "2026-11-24T12:01:00Z",
				},
			},
		},
	} {
		if diff := cmp.Diff(want, got[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	running, problems := got["running"].(object), got["problems"].(object)
	if running["count"] != 1.0 || problems["pipelines"] != 2.0 || problems["runs"] != 2.0 || problems["before"] != 1.0 || problems["oldest"] != "2026-11-23T06:00:00Z" {
		t.Errorf("running %v, problems %v", running["count"], problems)
	}
	first := problems["items"].([]any)[0].(object)
	if first["pipelineName"] != "pl_orders" || first["runs"] != 1.0 || first["since"] != "2026-11-24T09:00:00Z" || len(first["spark"].([]any)) != 24 || first["last"].(object)["runId"] != runID(4) {
		t.Errorf("the newest problem is %v", first)
	}
	worst := got["worstPipelines"].([]any)[0].(object)
	if worst["pipelineName"] != "pl_orders" || worst["failed"] != 2.0 || worst["open"] != 1.0 || len(worst["strip"].([]any)) != 4 || worst["factory"] != "sales-prod" {
		t.Errorf("the worst pipeline is %v", worst)
	}
	hrOnly := read[object](t, b, "/api/v1/overview?factory=hr-prod")
	if diff := cmp.Diff(object{"Succeeded": 1.0}, hrOnly["counts"]); diff != "" || hrOnly["basis"].(object)["reason"] != "The factory is not up to date" {
		t.Errorf("one factory's overview: %v %s", hrOnly["basis"], diff)
	}
}

func TestAnEmptyBoardKnowsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := read[object](t, b, "/api/v1/overview")
	if got["asOf"] != nil || got["previous"].(object)["counts"] != nil {
		t.Errorf("an empty board is as of %v, and knows of before %v", got["asOf"], got["previous"])
	}
	rate := got["successRate"].(object)
	if rate["value"] != nil || rate["reason"] == nil {
		t.Errorf("its success rate is %v", rate)
	}
	if got["counts"] != nil || got["problems"].(object)["pipelines"] != nil || got["running"].(object)["count"] != nil {
		t.Errorf("it counts %v, %v, %v", got["counts"], got["problems"], got["running"])
	}
}

func TestTimelineOfTheLastDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(90*time.Minute), nil), sent(2, at(time.Minute), object{"status": "Failed"}))
	got := read[struct {
		From, To, Bucket string
		Items            []object
	}](t, b, "/api/v1/timeline")
	if got.From != "2026-11-23T12:00:00Z" || got.To != "2026-11-24T12:00:00Z" || got.Bucket != "15m" || len(got.Items) != 96 {
		t.Errorf("from %s to %s, %d buckets of %s", got.From, got.To, len(got.Items), got.Bucket)
	}
	want := object{"start": "2026-11-24T11:45:00Z", "end": "2026-11-24T12:00:00Z", "counts": object{"Failed": 1.0}, "open": 1.0, "notRedone": 0.0, "recovered": 0.0, "underived": 0.0, "covered": "yes"}
	if diff := cmp.Diff(want, got.Items[95]); diff != "" {
		t.Errorf("the last bucket (-want +got):\n%s", diff)
	}
	days := read[struct {
		Bucket string
		Items  []object
	}](t, b, "/api/v1/timeline?bucket=1d&from=2026-10-01T12:00:00Z")
	if days.Bucket != "1d" || len(days.Items) != 55 || days.Items[0]["covered"] != "no" || days.Items[0]["start"] != "2026-10-01T12:00:00Z" {
		t.Errorf("%d buckets of %s, the first %v", len(days.Items), days.Bucket, days.Items[0])
	}
	if days.Items[0]["counts"] != nil {
		t.Errorf("counts of what is not covered: %v", days.Items[0]["counts"])
	}
}

// TestProblemsAreOlderAfterTheSetting: with olderAfter 24h, what failed 30 hours
// ago is folded away and what failed 3 hours ago is not.
func TestProblemsAreOlderAfterTheSetting(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		option    time.Duration
		pipelines any
		older     float64
		after     time.Duration
	}{
		"a day":   {24 * time.Hour, 1.0, 1, 24 * time.Hour},
		"an hour": {time.Hour, nil, 2, time.Hour},
		"never":   {0, 2.0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *api.Options) { o.OlderAfter = tc.option })
			b.write(t, b.putFactory(t, "sales-prod"),
				sent(1, at(30*time.Hour), object{"status": "Failed", "pipelineName": "pl_old"}),
				sent(2, at(3*time.Hour), object{"status": "Failed"}),
			)
			problems := read[object](t, b, "/api/v1/overview")["problems"].(object)
			want := object{"pipelines": tc.older, "series": tc.older, "runs": tc.older, "afterMs": float64(tc.after.Milliseconds())}
			if diff := cmp.Diff(want, problems["older"]); diff != "" || problems["pipelines"] != tc.pipelines {
				t.Errorf("%v need attention; older (-want +got):\n%s", problems["pipelines"], diff)
			}
		})
	}
}
