package azure_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure"
)

// asked is what reached Azure, as far as tests compare it.
type asked struct{ Method, Path, Query, Body, IfNoneMatch string }

func readAsked(t *testing.T, r *http.Request) asked {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return asked{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Get("If-None-Match")}
}

// Each call asks what Azure documents, and where the right is missing names
// the one that it needs and what it was about.
func TestCallsOfSurroundings(t *testing.T) {
	t.Parallel()
	const rights = "Microsoft.DataFactory/factories/"
	for name, tc := range map[string]struct {
		ask          func(*azure.Client) error
		want         asked
		right, where string
	}{
		"trigger runs": {
			func(c *azure.Client) error { _, err := c.QueryTriggerRuns(t.Context(), factory, window()); return err },
			asked{Method: http.MethodPost, Path: "/queryTriggerRuns", Body: `{"lastUpdatedAfter":"2026-11-24T11:00:00Z","lastUpdatedBefore":"2026-11-24T12:00:00Z"}`},
			"querytriggerruns/action", "queryTriggerRuns, trigger runs, factory adf-Sales of source contoso",
		},
		"pipelines": {
			func(c *azure.Client) error { _, err := c.Pipelines(t.Context(), factory); return err },
			asked{Method: http.MethodGet, Path: "/pipelines"},
			"pipelines/read", "listPipelines, factory adf-Sales of source contoso",
		},
		"a pipeline": {
			func(c *azure.Client) error {
				_, err := c.Pipeline(t.Context(), factory, "pl load/ä", "9d05")
				return err
			},
			asked{Method: http.MethodGet, Path: "/pipelines/pl%20load%2F%C3%A4", IfNoneMatch: `"9d05"`},
			"pipelines/read", "getPipeline, pipeline pl load/ä, factory adf-Sales of source contoso",
		},
		"triggers": {
			func(c *azure.Client) error { _, err := c.Triggers(t.Context(), factory); return err },
			asked{Method: http.MethodGet, Path: "/triggers"},
			"triggers/read", "listTriggers, factory adf-Sales of source contoso",
		},
		"runtimes": {
			func(c *azure.Client) error { _, err := c.IntegrationRuntimes(t.Context(), factory); return err },
			asked{Method: http.MethodGet, Path: "/integrationRuntimes"},
			"integrationruntimes/read", "listIntegrationRuntimes, factory adf-Sales of source contoso",
		},
		"the status of a runtime": {
			func(c *azure.Client) error {
				_, _, err := c.IntegrationRuntimeStatus(t.Context(), factory, "shir")
				return err
			},
			asked{Method: http.MethodPost, Path: "/integrationRuntimes/shir/getStatus"},
			"integrationruntimes/getstatus/read", "getIntegrationRuntimeStatus, integration runtime shir, factory adf-Sales of source contoso",
		},
		"the load of a runtime": {
			func(c *azure.Client) error {
				_, _, err := c.IntegrationRuntimeMonitoring(t.Context(), factory, "shir")
				return err
			},
			asked{Method: http.MethodPost, Path: "/integrationRuntimes/shir/monitoringData"},
			"integrationruntimes/monitoringdata/read", "getIntegrationRuntimeMonitoring, integration runtime shir, factory adf-Sales of source contoso",
		},
		"linked services": {
			func(c *azure.Client) error { _, err := c.LinkedServices(t.Context(), factory); return err },
			asked{Method: http.MethodGet, Path: "/linkedservices"},
			"linkedservices/read", "listLinkedServices, factory adf-Sales of source contoso",
		},
		"datasets": {
			func(c *azure.Client) error { _, err := c.Datasets(t.Context(), factory); return err },
			asked{Method: http.MethodGet, Path: "/datasets"},
			"datasets/read", "listDatasets, factory adf-Sales of source contoso",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got asked
			s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
				got = readAsked(t, r)
				sendJSON(w, http.StatusForbidden, `{"error":{"code":"AuthorizationFailed","message":"b0dy"}}`)
			})
			err := tc.ask(s.client(t))
			tc.want.Path, tc.want.Query = string(factory)+tc.want.Path, "api-version=2018-06-01"
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			e := asError(t, err)
			if e.Kind != azure.KindForbidden || e.Action != rights+tc.right || e.Where != tc.where || !strings.Contains(e.Command, string(factory)) {
				t.Errorf("got %s, right %s, where %q; want %s, %s, %q", e.Kind, e.Action, e.Where, azure.KindForbidden, rights+tc.right, tc.where)
			}
			wantClean(t, err, "")
		})
	}
}

func TestQueryTriggerRunsReadsItsPage(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 24, 12, 0, 7, 0, time.UTC)
	s := startAzure(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		sendJSON(w, http.StatusOK, `{"value":[null,{"triggerRunId":"08CU07","status":"Running"},{"status":"lost"}],"continuationToken":"next"}`)
	})
	p, err := s.client(t).QueryTriggerRuns(t.Context(), factory, window())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Runs) != 1 || p.Runs[0].Status != adf.StatusRunning || len(p.Odd) != 1 || p.Next != "next" || !p.Asked.Equal(date) {
		t.Errorf("page = %+v", p)
	}
}

// A list goes on over its pages; elements without a name are told apart from
// those that are there.
func TestListsOfResources(t *testing.T) {
	t.Parallel()
	var s *azureServer
	first := time.Date(2026, 11, 24, 12, 0, 7, 0, time.UTC)
	s = startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("$skiptoken") != "" {
			w.Header().Set("Date", first.Add(time.Minute).Format(http.TimeFormat))
			sendJSON(w, http.StatusOK, `{"value":[{"name":"second","properties":{"type":"AzureSqlDatabase","typeProperties":{"connectionString":"b0dy"}},"etag":"e"}],"nextLink":""}`)
			return
		}
		w.Header().Set("Date", first.Format(http.TimeFormat))
		sendJSON(w, http.StatusOK, `{"value":[{"name":"first","properties":{"type":7}},null,{"id":"no name"},"x"],"nextLink":"`+s.URL+r.URL.Path+`?$skiptoken=2"}`)
	})
	c := s.client(t)
	got, err := c.LinkedServices(t.Context(), factory)
	if err != nil {
		t.Fatal(err)
	}
	want := []adf.Resource{{Name: "first", Odd: []adf.FieldError{{Field: "properties.type", Problem: "is a number where a string was expected"}}}, {Name: "second", Type: "AzureSqlDatabase", ETag: "e"}}
	if diff := cmp.Diff(want, got.Items); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Odd) != 2 || !got.Asked.Equal(first) {
		t.Errorf("odd %v, asked %s", got.Odd, got.Asked)
	}
	if triggers, err := c.Triggers(t.Context(), factory); err != nil || len(triggers.Items) != 2 {
		t.Errorf("triggers %+v, %v", triggers, err)
	}
}

func TestAPipelineThatIsStillTheSameIsNoError(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 24, 12, 0, 7, 0, time.UTC)
	s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		if r.Header.Get("If-None-Match") == `"same"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		sendJSON(w, http.StatusOK, `{"name":"pl","properties":{"activities":[]},"etag":"new"}`)
	})
	c := s.client(t)
	if got, err := c.Pipeline(t.Context(), factory, "pl", `"same"`); err != nil || got.Definition != nil || !got.Asked.Equal(date) {
		t.Errorf("the same: %+v, %v", got, err)
	}
	for _, etag := range []string{"", "old"} {
		if got, err := c.Pipeline(t.Context(), factory, "pl", etag); err != nil || got.Definition == nil || got.Definition.ETag != "new" {
			t.Errorf("with %q: %+v, %v", etag, got, err)
		}
	}
	// What nobody asked for by its version can't be unchanged.
	always304 := startAzure(t, nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }).client(t)
	_, err := always304.Pipeline(t.Context(), factory, "pl", "")
	if e := asError(t, err); e.Kind != azure.KindNotJSON {
		t.Errorf("got %s, want %s", e.Kind, azure.KindNotJSON)
	}
}

// A resource that is missing is not a factory that is missing.
func TestAMissingChildIsTellableFromAMissingFactory(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*azure.Client) error{
		"pipeline": func(c *azure.Client) error { _, err := c.Pipeline(t.Context(), factory, "x", ""); return err },
		"integration runtime": func(c *azure.Client) error {
			_, _, err := c.IntegrationRuntimeStatus(t.Context(), factory, "x")
			return err
		},
		"integration runtime (any more)": func(c *azure.Client) error {
			_, _, err := c.IntegrationRuntimeMonitoring(t.Context(), factory, "x")
			return err
		},
	}
	for code, want := range map[string]azure.Kind{"NotFound": azure.KindNotFound, "": azure.KindNotFound, "ResourceNotFound": azure.KindNoFactory, "ParentResourceNotFound": azure.KindNoFactory} {
		s := startAzure(t, nil, always(http.StatusNotFound, `{"error":{"code":"`+code+`","message":"b0dy"}}`))
		c := s.client(t)
		for what, ask := range calls {
			e := asError(t, ask(c))
			if e.Kind != want || want == azure.KindNotFound && (!strings.Contains(e.What, "does not know this "+what) || e.Advice != "check the name") {
				t.Errorf("%s, %q: got %s, %v; want %s", what, code, e.Kind, e, want)
			}
		}
		if _, err := c.Pipelines(t.Context(), factory); asError(t, err).Kind != azure.KindNoFactory {
			t.Errorf("%q: a list gives %v, want %s", code, err, azure.KindNoFactory)
		}
	}
}

func TestRecordedSurroundingsLoseNothing(t *testing.T) {
	t.Parallel()
	serve := func(t *testing.T, r recording) *azure.Client {
		t.Helper()
		return startAzure(t, nil, func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, r.Response.Status, string(r.Response.Body)) }).client(t)
	}
	wantAll := func(t *testing.T, r recording, got, odd int, err error) {
		t.Helper()
		if want := elements(t, r.Response.Body); err != nil || got != want || odd != 0 {
			t.Errorf("%d of %d elements, %d odd, %v", got, want, odd, err)
		}
	}
	clean := func(t *testing.T, name string, odd []adf.FieldError) {
		t.Helper()
		if name == "" || len(odd) != 0 {
			t.Errorf("%q has odd fields %v", name, odd)
		}
	}
	for kind, check := range map[string]func(*testing.T, *azure.Client, recording){
		"pipelines-list": func(t *testing.T, c *azure.Client, r recording) {
			t.Helper()
			l, err := c.Pipelines(t.Context(), factory)
			wantAll(t, r, len(l.Items), len(l.Odd), err)
			for _, d := range l.Items {
				clean(t, d.Name, d.Odd)
				if d.ETag == "" || d.LastPublishTime.IsZero() || len(d.Activities) == 0 {
					t.Errorf("%+v", d)
				}
			}
		},
		"pipelines-get": func(t *testing.T, c *azure.Client, _ recording) {
			t.Helper()
			got, err := c.Pipeline(t.Context(), factory, "x", "")
			if err != nil || got.Definition == nil || len(got.Definition.Odd) != 0 || len(got.Definition.Activities[0].Inner) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		},
		"triggers-list": func(t *testing.T, c *azure.Client, r recording) {
			t.Helper()
			l, err := c.Triggers(t.Context(), factory)
			wantAll(t, r, len(l.Items), len(l.Odd), err)
			for _, tr := range l.Items {
				clean(t, tr.Name, tr.Odd)
				if tr.Recurrence == nil || len(tr.Pipelines) != 1 || tr.RuntimeState == "" {
					t.Errorf("%+v", tr)
				}
			}
		},
		"integrationruntimes-list": func(t *testing.T, c *azure.Client, r recording) {
			t.Helper()
			l, err := c.IntegrationRuntimes(t.Context(), factory)
			wantAll(t, r, len(l.Items), len(l.Odd), err)
			for _, ir := range l.Items {
				clean(t, ir.Name, ir.Odd)
			}
		},
		"integrationruntimes-status": func(t *testing.T, c *azure.Client, _ recording) {
			t.Helper()
			st, _, err := c.IntegrationRuntimeStatus(t.Context(), factory, "x")
			clean(t, st.Name, st.Odd)
			if err != nil || st.State == "" || st.Type != adf.RuntimeSelfHosted || st.CreateTime.IsZero() {
				t.Errorf("%+v, %v", st, err)
			}
		},
		"integrationruntimes-monitoring": func(t *testing.T, c *azure.Client, r recording) {
			t.Helper()
			m, _, err := c.IntegrationRuntimeMonitoring(t.Context(), factory, "x")
			clean(t, m.Name, m.Odd)
			if err != nil || (len(m.Nodes) > 0) != strings.Contains(string(r.Response.Body), `"nodes"`) {
				t.Errorf("%+v, %v", m, err)
			}
		},
		"triggers-get": func(t *testing.T, _ *azure.Client, r recording) {
			t.Helper()
			tr, err := adf.DecodeTrigger(r.Response.Body)
			clean(t, tr.Name, tr.Odd)
			if err != nil || len(tr.Pipelines) != 1 || tr.Type == "" || (tr.Recurrence == nil) != (tr.Type == "BlobTrigger") {
				t.Errorf("%+v, %v", tr, err)
			}
		},
		"errors-002": func(t *testing.T, c *azure.Client, _ recording) { // a runtime that is not there
			t.Helper()
			_, _, err := c.IntegrationRuntimeStatus(t.Context(), factory, "x")
			if e := asError(t, err); e.Kind != azure.KindNotFound {
				t.Errorf("got %s, want %s", e.Kind, azure.KindNotFound)
			}
		},
	} {
		for name, r := range recordings(t, kind) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t, serve(t, r), r)
			})
		}
	}
}

func TestRecordedTriggerRunsLoseNothing(t *testing.T) {
	t.Parallel()
	for name, r := range recordings(t, "triggerruns-query") {
		page, err := azure.DecodeTriggerRunPage(r.Response.Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := elements(t, r.Response.Body); len(page.Runs) != want || len(page.Odd) != 0 {
			t.Errorf("%s: %d trigger runs and %d odd rows of %d elements", name, len(page.Runs), len(page.Odd), want)
		}
		for _, run := range page.Runs {
			if len(run.Odd) != 0 {
				t.Errorf("%s: odd fields %v", name, run.Odd)
			}
			triggered := map[string]string{}
			for _, p := range run.TriggeredPipelines {
				triggered[p.PipelineName] = p.RunID
			}
			sameFields(t, name, run.Raw, map[string]any{
				"triggerName": run.TriggerName, "triggerRunId": run.TriggerRunID, "triggerType": run.TriggerType, "triggerRunTimestamp": run.TriggerRunTimestamp,
				"status": run.Status, "message": run.Message, "properties": run.Properties, "triggeredPipelines": triggered, "groupId": run.GroupID,
				"dependencyStatus": run.DependencyStatus,
			})
			// The time of firing stands in the properties too, to the second.
			if cut := run.TriggerRunTimestamp / adf.Time(adf.TicksPerSecond) * adf.Time(adf.TicksPerSecond); run.TriggerTime != cut {
				t.Errorf("%s: TriggerTime is read as %s, want %s", name, run.TriggerTime, cut)
			}
		}
	}
}

func FuzzDecodeTriggerRunPage(f *testing.F) {
	f.Add([]byte(`{"value":[{"triggerRunId":"08CU07","triggeredPipelines":{"p":"r"}},null,{}],"continuationToken":"t"}`))
	f.Add([]byte(`{"value":[{"triggerRunId":"a","properties":{"TriggerTime":"13/13/2020 25:00:00"},"status":7}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := azure.DecodeTriggerRunPage(body)
		if err != nil {
			if len(page.Runs)+len(page.Odd) != 0 {
				t.Errorf("rows beside the error %v", err)
			}
			return
		}
		var all struct {
			Value []*json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\ufeff")), &all); err != nil {
			t.Fatalf("a page was read from what is not one: %v", err)
		}
		want := 0
		for _, raw := range all.Value {
			if raw != nil {
				want++
			}
		}
		if got := len(page.Runs) + len(page.Odd); got != want {
			t.Errorf("%d of %d elements are accounted for", got, want)
		}
	})
}
