package azure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/emulator"
)

// emulated is a started emulator of a small company.
type emulated struct{ emulator.Info }

func emulate(t *testing.T, size int) emulated {
	t.Helper()
	e, err := emulator.New(emulator.Options{
		Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0", Size: size, Limits: "off",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return emulated{e.Info()}
}

func (e emulated) config() azure.Config {
	return azure.Config{
		Name: "emulated", TenantID: e.TenantID, ClientID: e.ClientID, Secret: azure.Secret(e.ClientSecret),
		Cloud: azure.Cloud{Authority: e.Authority, ResourceManager: e.ResourceManager, CAFile: e.CAFile},
	}
}

func (e emulated) busiest() adf.FactoryID { return adf.FactoryID(e.Factories[0]) }

// control sends body, nil for none, to a path of the control listener.
func (e emulated) control(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, e.Control+path, &text)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true // leaves no connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return answer
}

// allRuns pages through everything that was updated before now.
func allRuns(t *testing.T, c *azure.Client, id adf.FactoryID) map[string]adf.PipelineRun {
	t.Helper()
	now := time.Now()
	filter := adf.RunFilter{LastUpdatedAfter: adf.TimeOf(now.AddDate(0, 0, -50)), LastUpdatedBefore: adf.TimeOf(now.Add(5 * time.Minute))}
	runs := map[string]adf.PipelineRun{}
	for {
		page, err := c.QueryPipelineRuns(t.Context(), id, filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Odd) != 0 {
			t.Errorf("odd rows: %v", page.Odd)
		}
		for _, r := range page.Runs {
			if len(r.Odd) != 0 {
				t.Errorf("run %s: odd fields %v", r.RunID, r.Odd)
			}
			runs[r.RunID] = r
		}
		if filter.ContinuationToken = page.Next; page.Next == "" {
			return runs
		}
	}
}

func TestEveryCallAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 2000)
	c := newClient(t, e.config())
	var found []string
	subscriptions, err := c.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range subscriptions {
		factories, err := c.Factories(t.Context(), s.SubscriptionID)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range factories {
			found = append(found, f.ID.Key())
		}
	}
	var want []string
	for _, id := range e.Factories {
		want = append(want, strings.ToLower(id))
	}
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("factories (-want +got):\n%s", diff)
	}

	runs := allRuns(t, c, e.busiest())
	var truth struct {
		Items []struct {
			RunID       string `json:"runId"`
			LastUpdated adf.Time
		} `json:"items"`
	}
	if err := json.Unmarshal(e.control(t, http.MethodGet, "/truth/runs?factory="+e.busiest().Name(), nil), &truth); err != nil {
		t.Fatal(err)
	}
	missing := 0
	for _, r := range truth.Items {
		if _, ok := runs[r.RunID]; !ok && r.LastUpdated < adf.TimeOf(time.Now().Add(-time.Minute)) {
			missing++
		}
	}
	if missing > 0 || len(runs) < 100 {
		t.Errorf("%d of %d runs are missing, %d were got", missing, len(truth.Items), len(runs))
	}

	for id, r := range runs {
		if r.Status != adf.StatusFailed {
			continue
		}
		one, err := c.PipelineRun(t.Context(), e.busiest(), id)
		if err != nil || one.PipelineName != r.PipelineName || one.LastUpdated != r.LastUpdated {
			t.Errorf("run %s: %+v, %v", id, one, err)
		}
		activities, err := c.QueryActivityRuns(t.Context(), e.busiest(), id, adf.RunFilter{
			LastUpdatedAfter: r.RunStart.Add(-24 * time.Hour), LastUpdatedBefore: adf.TimeOf(time.Now().Add(24 * time.Hour)),
		})
		if err != nil || len(activities.Activities) == 0 || len(activities.Odd) != 0 {
			t.Errorf("activities of %s: %d, %v", id, len(activities.Activities), err)
		}
		break
	}
}

// What surrounds the runs of a factory, against the truth of the emulator.
func TestSurroundingsAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 2000)
	c := newClient(t, e.config())
	pipelines, err := c.Pipelines(t.Context(), e.busiest())
	if err != nil || len(pipelines.Items) == 0 || len(pipelines.Odd) != 0 || pipelines.Asked.IsZero() {
		t.Fatalf("%d pipelines, odd %v, %v", len(pipelines.Items), pipelines.Odd, err)
	}
	for _, d := range pipelines.Items {
		if len(d.Odd) != 0 || len(d.Activities) == 0 {
			t.Errorf("pipeline %s: odd %v, %d activities", d.Name, d.Odd, len(d.Activities))
		}
	}
	d := pipelines.Items[0]
	for etag, isNew := range map[string]bool{"": true, "other": true, d.ETag: false} {
		got, err := c.Pipeline(t.Context(), e.busiest(), d.Name, etag)
		if err != nil || (got.Definition != nil) != isNew {
			t.Errorf("with etag %q: %+v, %v", etag, got, err)
		}
	}
	triggers, err := c.Triggers(t.Context(), e.busiest())
	if err != nil || len(triggers.Items) == 0 {
		t.Fatalf("%d triggers, %v", len(triggers.Items), err)
	}
	for _, tr := range triggers.Items {
		if len(tr.Odd) != 0 || tr.Type == "" || tr.RuntimeState == "" || len(tr.Pipelines) == 0 {
			t.Errorf("trigger %+v", tr)
		}
	}
	wantRuntimes(t, c, e.busiest())
	for what, list := range map[string]func() (azure.Listing[adf.Resource], error){
		"linked services": func() (azure.Listing[adf.Resource], error) { return c.LinkedServices(t.Context(), e.busiest()) },
		"datasets":        func() (azure.Listing[adf.Resource], error) { return c.Datasets(t.Context(), e.busiest()) },
	} {
		got, err := list()
		if err != nil || len(got.Items) == 0 || got.Items[0].Type == "" || got.Items[0].Raw != nil {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	for what, ask := range map[string]func() error{
		"pipeline": func() error { _, err := c.Pipeline(t.Context(), e.busiest(), "nope", ""); return err },
		"status":   func() error { _, _, err := c.IntegrationRuntimeStatus(t.Context(), e.busiest(), "nope"); return err },
	} {
		if got := asError(t, ask()); got.Kind != azure.KindNotFound {
			t.Errorf("%s: got %s (%v), want %s", what, got.Kind, got, azure.KindNotFound)
		}
	}
	if _, err := c.Triggers(t.Context(), e.busiest()+"x"); asError(t, err).Kind != azure.KindNoFactory {
		t.Errorf("triggers of an unknown factory: %v, want %s", err, azure.KindNoFactory)
	}
}

// wantRuntimes asks every runtime of a factory for its status and its load.
func wantRuntimes(t *testing.T, c *azure.Client, id adf.FactoryID) {
	t.Helper()
	runtimes, err := c.IntegrationRuntimes(t.Context(), id)
	if err != nil || len(runtimes.Items) == 0 {
		t.Fatalf("%d runtimes, %v", len(runtimes.Items), err)
	}
	nodes := 0
	for _, ir := range runtimes.Items {
		st, asked, err := c.IntegrationRuntimeStatus(t.Context(), id, ir.Name)
		if err != nil || st.Name != ir.Name || st.Type != ir.Type || st.State == "" || len(st.Odd) != 0 || asked.IsZero() {
			t.Errorf("status of %s: %+v, %v", ir.Name, st, err)
		}
		if ir.Type != adf.RuntimeSelfHosted {
			continue
		}
		load, _, err := c.IntegrationRuntimeMonitoring(t.Context(), id, ir.Name)
		if err != nil || len(load.Odd) != 0 {
			t.Errorf("load of %s: %+v, %v", ir.Name, load, err)
		}
		nodes += len(st.Nodes)
	}
	if nodes == 0 {
		t.Error("no self-hosted runtime has a node")
	}
}

// Every trigger run that the emulator knows is read, and leads to the runs
// that it started and back.
func TestTriggerRunsAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 2000)
	c := newClient(t, e.config())
	runs := allRuns(t, c, e.busiest())
	now := time.Now()
	filter := adf.RunFilter{LastUpdatedAfter: adf.TimeOf(now.AddDate(0, 0, -45)), LastUpdatedBefore: adf.TimeOf(now.Add(5 * time.Minute))}
	got := map[string]adf.TriggerRun{}
	for {
		page, err := c.QueryTriggerRuns(t.Context(), e.busiest(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			if len(r.Odd) != 0 || r.TriggerTime.IsZero() {
				t.Errorf("trigger run %s: odd fields %v", r.TriggerRunID, r.Odd)
			}
			got[r.TriggerRunID] = r
		}
		if filter.ContinuationToken = page.Next; page.Next == "" {
			break
		}
	}
	var truth struct {
		Items []struct {
			TriggerRunID        string   `json:"triggerRunId"`
			TriggerRunTimestamp adf.Time `json:"triggerRunTimestamp"`
		} `json:"items"`
	}
	if err := json.Unmarshal(e.control(t, http.MethodGet, "/truth/triggerRuns?factory="+e.busiest().Name(), nil), &truth); err != nil {
		t.Fatal(err)
	}
	missing := 0
	for _, r := range truth.Items {
		if _, ok := got[r.TriggerRunID]; !ok && r.TriggerRunTimestamp < adf.TimeOf(now.Add(-time.Minute)) && r.TriggerRunTimestamp > filter.LastUpdatedAfter.Add(time.Minute) {
			missing++
		}
	}
	if missing > 0 || len(got) < 20 {
		t.Errorf("%d of %d trigger runs are missing, %d were got", missing, len(truth.Items), len(got))
	}
	linked := 0
	for id, tr := range got {
		for _, p := range tr.TriggeredPipelines {
			r, known := runs[p.RunID]
			if !known {
				continue // started since, or long ago
			}
			linked++
			if r.PipelineName != p.PipelineName || r.InvokedBy == nil || *r.InvokedBy.ID != id {
				t.Errorf("trigger run %s started %+v, which says %+v", id, p, r.InvokedBy)
			}
		}
	}
	if linked == 0 {
		t.Error("no trigger run leads to a run")
	}
}

func TestErrorKindsAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	query := func(c *azure.Client) error {
		_, err := c.QueryPipelineRuns(t.Context(), e.busiest(), window())
		return err
	}
	for name, tc := range map[string]struct {
		change func(*azure.Config)
		ask    func(*azure.Client) error
		want   azure.Kind
	}{
		"wrong secret":   {func(c *azure.Config) { c.Secret = canary }, query, azure.KindWrongSecret},
		"unknown client": {func(c *azure.Config) { c.ClientID = clientID }, query, azure.KindUnknownClient},
		"unknown tenant": {func(c *azure.Config) { c.TenantID = tenant }, query, azure.KindUnknownTenant},
		"unknown factory": {nil, func(c *azure.Client) error {
			_, err := c.Factory(t.Context(), e.busiest()+"x")
			return err
		}, azure.KindNoFactory},
		"unknown factory, query": {nil, func(c *azure.Client) error {
			_, err := c.QueryPipelineRuns(t.Context(), e.busiest()+"x", window())
			return err
		}, azure.KindNoFactory},
		"unknown run": {nil, func(c *azure.Client) error {
			_, err := c.PipelineRun(t.Context(), e.busiest(), someRunID)
			return err
		}, azure.KindNotFound},
		"unknown token": {nil, func(c *azure.Client) error {
			filter := window()
			filter.ContinuationToken = "made up"
			_, err := c.QueryPipelineRuns(t.Context(), e.busiest(), filter)
			return err
		}, azure.KindTokenRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := e.config()
			if tc.change != nil {
				tc.change(&cfg)
			}
			err := tc.ask(newClient(t, cfg))
			if got := asError(t, err); got.Kind != tc.want {
				t.Errorf("got %s (%v), want %s", got.Kind, err, tc.want)
			}
			wantClean(t, err, "")
		})
	}
	// Each identity of the emulator says in a sentence what is particular.
	for what, want := range map[string]azure.Kind{
		"not query": azure.KindForbidden, "expired": azure.KindExpiredSecret, "built-in Reader": azure.KindForbidden,
		"no role at all": azure.KindForbidden, "of another tenant": azure.KindUnauthorized, "everywhere: reads every factory and its runs": "",
		"one resource group": "", "the first factory alone": "",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			cfg := e.config()
			i := slices.IndexFunc(e.Identities, func(i emulator.Identity) bool { return strings.Contains(i.What, what) })
			if i < 0 {
				t.Fatalf("no identity that %s", what)
			}
			cfg.TenantID, cfg.ClientID, cfg.Secret = e.Identities[i].TenantID, e.Identities[i].ClientID, azure.Secret(e.Identities[i].ClientSecret)
			err := query(newClient(t, cfg))
			if want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			got := asError(t, err)
			if got.Kind != want {
				t.Errorf("got %s (%v), want %s", got.Kind, err, want)
			}
			if want == azure.KindForbidden && (!strings.Contains(strings.ToLower(got.Action), "querypipelineruns") || got.Scope != string(e.busiest()) || !strings.Contains(got.Command, cfg.ClientID)) {
				t.Errorf("got action %q, scope %q, command %q", got.Action, got.Scope, got.Command)
			}
			if what == "of another tenant" && !strings.Contains(got.What, "another tenant") {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFaultsThatPassAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	c := newClient(t, e.config())
	want := allRuns(t, c, e.busiest())
	for _, fault := range []map[string]any{
		{"fault": "429", "retryAfter": "1"}, {"fault": "500"}, {"fault": "502html"}, {"fault": "503"}, {"fault": "reset"}, {"fault": "cut"},
	} {
		fault["call"], fault["count"] = "queryPipelineRuns", 2
		e.control(t, http.MethodPost, "/faults", fault)
		got := allRuns(t, c, e.busiest())
		for id := range want {
			if _, ok := got[id]; !ok {
				t.Errorf("%s: run %s is lost", fault["fault"], id)
			}
		}
		e.control(t, http.MethodDelete, "/faults", nil)
	}
}

func TestFaultsThatStayAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault map[string]any
		want  azure.Kind
	}{
		{map[string]any{"call": "queryPipelineRuns", "fault": "429", "retryAfter": "60"}, azure.KindThrottled},
		{map[string]any{"call": "queryPipelineRuns", "fault": "502html"}, azure.KindServer},
		{map[string]any{"call": "queryPipelineRuns", "fault": "503"}, azure.KindServer},
		{map[string]any{"call": "queryPipelineRuns", "fault": "401"}, azure.KindUnauthorized},
		{map[string]any{"call": "queryPipelineRuns", "fault": "cut"}, azure.KindCut},
		{map[string]any{"call": "queryPipelineRuns", "fault": "reset"}, azure.KindCut},
		{map[string]any{"call": "token", "fault": "503"}, azure.KindServer},
		{map[string]any{"call": "token", "fault": "reset"}, azure.KindCut},
	} {
		t.Run(tc.fault["call"].(string)+" "+tc.fault["fault"].(string), func(t *testing.T) { //nolint:forcetypeassert // written above
			t.Parallel()
			e := emulate(t, 600)
			e.control(t, http.MethodPost, "/faults", tc.fault)
			_, err := newClient(t, e.config()).QueryPipelineRuns(t.Context(), e.busiest(), window())
			got := asError(t, err)
			if got.Kind != tc.want {
				t.Errorf("got %s (%v), want %s", got.Kind, err, tc.want)
			}
			if tc.want == azure.KindThrottled && got.RetryAt.Before(time.Now().Add(50*time.Second)) {
				t.Errorf("RetryAt = %s, want a minute from now", got.RetryAt)
			}
		})
	}
}

// Not parallel: the proxy is taken from the environment.
func TestThePublicCloudThroughAProxy(t *testing.T) {
	e := emulate(t, 2000)
	t.Setenv("HTTPS_PROXY", e.Proxy)
	t.Setenv("NO_PROXY", "")
	cfg := e.config()
	cfg.Cloud = azure.Public()
	cfg.Cloud.CAFile = e.CAFile
	if runs := allRuns(t, newClient(t, cfg), e.busiest()); len(runs) < 100 {
		t.Errorf("%d runs through the proxy, want those of the busiest factory", len(runs))
	}

	cfg.Cloud.ResourceManager = "https://management.example"
	_, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), e.busiest(), window())
	if got := asError(t, err); got.Kind != azure.KindNoRoute || got.Status != http.StatusForbidden {
		t.Errorf("a host that the proxy does not pass: got %s, status %d (%v)", got.Kind, got.Status, err)
	}

	t.Setenv("HTTPS_PROXY", "http://user:"+canary+"@127.0.0.1:1")
	_, err = newClient(t, cfg).QueryPipelineRuns(t.Context(), e.busiest(), window())
	if got := asError(t, err); got.Kind != azure.KindNoRoute || !strings.Contains(err.Error(), "HTTPS_PROXY") {
		t.Errorf("a proxy that is not there: got %s (%v)", got.Kind, err)
	}
	wantClean(t, err, "")

	t.Setenv("HTTPS_PROXY", "http://user:"+canary+"@a b")
	_, err = azure.New(cfg)
	if got := asError(t, err); got.Kind != azure.KindConfig {
		t.Errorf("a proxy that is no URL: got %s (%v)", got.Kind, err)
	}
	wantClean(t, err, "")
}
