package main

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datafactory/armdatafactory/v9"
)

func isOver(status string) bool {
	return status == "Succeeded" || status == "Failed" || status == "Cancelled"
}

// query follows the continuation tokens of a run query to the end and returns the pages' number beside the rows. The
// client has no pager for it.
func (p *program) query(filter armdatafactory.RunFilterParameters) (rows []*armdatafactory.PipelineRun, pages int) {
	client := p.adf.NewPipelineRunsClient()
	for {
		got, err := client.QueryByFactory(p.ctx, p.group, p.factory, filter, nil)
		noError(err)
		pages++
		rows = append(rows, got.Value...)
		if text(got.ContinuationToken) == "" {
			return rows, pages
		}
		filter.ContinuationToken = got.ContinuationToken
	}
}

func (p *program) pipelineRuns() {
	p.call("pipeline runs: query", func() string {
		rows, pages := p.query(armdatafactory.RunFilterParameters{LastUpdatedAfter: &p.after, LastUpdatedBefore: &p.before})
		need(pages > 1, "one page only: the paging was not tried")
		byID := map[string]*armdatafactory.PipelineRun{}
		hasFraction := false
		for _, r := range rows {
			id := value(r.RunID, "runId")
			need(byID[id] == nil, "run %s came twice", id)
			byID[id] = r
			by := value(r.InvokedBy, "invokedBy")
			need(text(by.ID) != "" && text(by.Name) != "" && text(by.InvokedByType) != "" && text(r.PipelineName) != "", "run %s lacks its fields", id)
			start := value(r.RunStart, "runStart")
			// A cancelled one can lack both.
			if status := value(r.Status, "status"); status == "Succeeded" || status == "Failed" {
				need(r.DurationInMs != nil && r.RunEnd != nil, "run %s is over and has no duration or end", id)
			}
			hasFraction = hasFraction || start.Nanosecond()%1000 != 0
		}
		need(hasFraction, "no start has seven digits of a second")
		var truth struct {
			Items []struct {
				RunID, Status string
				LastUpdated   time.Time
			}
		}
		noError(p.control(http.MethodGet, "/truth/runs?factory="+url.QueryEscape(p.factory), "", &truth))
		for _, t := range truth.Items {
			if isOver(t.Status) && !t.LastUpdated.Before(p.after) && !t.LastUpdated.After(p.before) {
				need(byID[t.RunID] != nil, "run %s, last updated %s, is missing", t.RunID, t.LastUpdated)
			}
		}
		p.runs = rows
		return strconv.Itoa(len(rows)) + " on " + strconv.Itoa(pages) + " pages"
	})
	p.call("pipeline runs: query, filter and order", func() string {
		rows, _ := p.query(armdatafactory.RunFilterParameters{
			LastUpdatedAfter: &p.after, LastUpdatedBefore: &p.before,
			Filters: []*armdatafactory.RunQueryFilter{{
				Operand: to.Ptr(armdatafactory.RunQueryFilterOperandStatus), Operator: to.Ptr(armdatafactory.RunQueryFilterOperatorEquals), Values: []*string{new("Failed")},
			}},
			OrderBy: []*armdatafactory.RunQueryOrderBy{{
				OrderBy: to.Ptr(armdatafactory.RunQueryOrderByFieldRunEnd), Order: to.Ptr(armdatafactory.RunQueryOrderDESC),
			}},
		})
		need(len(rows) > 0, "no failed run in a day")
		for i, r := range rows {
			need(text(r.Status) == "Failed" && text(r.Message) != "", "run %s is %s: %q", text(r.RunID), text(r.Status), text(r.Message))
			need(i == 0 || !r.RunEnd.After(*rows[i-1].RunEnd), "row %d is out of order", i)
		}
		p.failedIn = rows[0]
		return strconv.Itoa(len(rows))
	})
	p.call("pipeline runs: query, forbidden", func() string {
		adf, err := armdatafactory.NewClientFactory(p.subscription, p.identity("not query its runs"), p.arm())
		noError(err)
		_, err = adf.NewPipelineRunsClient().QueryByFactory(p.ctx, p.group, p.factory, armdatafactory.RunFilterParameters{LastUpdatedAfter: &p.after, LastUpdatedBefore: &p.before}, nil)
		return refusal(err, http.StatusForbidden, "AuthorizationFailed")
	})
	p.call("pipeline runs: get", func() string {
		failed := value(p.failedIn, "a failed run")
		got := p.get(text(failed.RunID))
		need(text(got.RunGroupID) == text(failed.RunGroupID) && got.RunEnd.Equal(*failed.RunEnd) && text(got.Message) == text(failed.Message), "other than in the query: %+v", got)
		return text(got.Status)
	})
	p.call("pipeline runs: get, unknown", func() string {
		_, err := p.adf.NewPipelineRunsClient().Get(p.ctx, p.group, p.factory, "00000000-0000-4000-8000-000000000000", nil)
		return refusal(err, http.StatusNotFound, "")
	})
	p.call("activity runs: query", func() string {
		failed := value(p.failedIn, "a failed run")
		rows := p.activities(&failed)
		hasError := false
		for _, a := range rows {
			need(text(a.ActivityName) != "" && text(a.ActivityType) != "" && text(a.ActivityRunID) != "" && a.ActivityRunStart != nil, "%+v", a)
			if p.first == "" {
				p.first = *a.ActivityName
			}
			if text(a.Status) == "Failed" {
				e, ok := a.Error.(map[string]any)
				need(ok && e["message"] != "" && e["errorCode"] != "", "a failed activity without error: %v", a.Error)
				hasError = true
			}
		}
		need(hasError, "no activity of the failed run failed")
		for _, r := range p.runs {
			if text(r.Status) != "Succeeded" {
				continue
			}
			for _, a := range p.activities(r) {
				if text(a.ActivityType) != "Copy" || text(a.Status) != "Succeeded" {
					continue
				}
				output, ok := a.Output.(map[string]any)
				need(ok, "the output of a Copy is %T", a.Output)
				_, ok = output["dataRead"].(float64)
				need(ok, "a Copy's output lacks dataRead: %v", output)
				return strconv.Itoa(len(rows)) + "; a Copy read data"
			}
		}
		need(false, "no Copy among the activities of %d runs", len(p.runs))
		return ""
	})
}

func (p *program) get(id string) armdatafactory.PipelineRun {
	got, err := p.adf.NewPipelineRunsClient().Get(p.ctx, p.group, p.factory, id, nil)
	noError(err)
	need(strings.EqualFold(text(got.RunID), id), "another run: %s", text(got.RunID))
	return got.PipelineRun
}

// activities are a run's, in the order they started.
func (p *program) activities(r *armdatafactory.PipelineRun) (rows []*armdatafactory.ActivityRun) {
	filter := armdatafactory.RunFilterParameters{
		LastUpdatedAfter: new(r.RunStart.Add(-24 * time.Hour)), LastUpdatedBefore: new(r.LastUpdated.Add(24 * time.Hour)),
		OrderBy: []*armdatafactory.RunQueryOrderBy{{
			OrderBy: to.Ptr(armdatafactory.RunQueryOrderByFieldActivityRunStart), Order: to.Ptr(armdatafactory.RunQueryOrderASC),
		}},
	}
	for {
		got, err := p.adf.NewActivityRunsClient().QueryByPipelineRun(p.ctx, p.group, p.factory, *r.RunID, filter, nil)
		noError(err)
		rows = append(rows, got.Value...)
		if text(got.ContinuationToken) == "" {
			return rows
		}
		filter.ContinuationToken = got.ContinuationToken
	}
}

// create starts a run and finds it by its id.
func (p *program) create(pipeline string, o *armdatafactory.PipelinesClientCreateRunOptions) armdatafactory.PipelineRun {
	got, err := p.adf.NewPipelinesClient().CreateRun(p.ctx, p.group, p.factory, pipeline, o)
	noError(err)
	run := p.get(value(got.RunID, "runId"))
	need(text(run.PipelineName) == pipeline && text(run.InvokedBy.InvokedByType) == "Manual" && value(run.IsLatest, "isLatest"), "%+v", run)
	need(!isOver(text(run.Status)) && run.RunEnd == nil && run.DurationInMs == nil, "it just started and is %s", text(run.Status))
	return run
}

func (p *program) createRuns() {
	p.call("pipelines: createRun", func() string {
		run := p.create(text(value(p.failedIn, "a failed run").PipelineName), nil)
		need(text(run.RunGroupID) == text(run.RunID), "a first run in the group of another")
		return text(run.Status)
	})
	p.call("pipelines: createRun with parameters", func() string {
		for _, r := range p.runs {
			if len(r.Parameters) == 0 {
				continue
			}
			name := slices.Sorted(maps.Keys(r.Parameters))[0]
			run := p.create(text(r.PipelineName), &armdatafactory.PipelinesClientCreateRunOptions{Parameters: map[string]any{name: "conformance"}})
			need(text(run.Parameters[name]) == "conformance", "parameter %s is %q", name, text(run.Parameters[name]))
			return name
		}
		need(false, "no run has a parameter")
		return ""
	})
	rerun := func(o armdatafactory.PipelinesClientCreateRunOptions) string {
		failed := value(p.failedIn, "a failed run")
		o.ReferencePipelineRunID, o.IsRecovery = failed.RunID, new(true)
		run := p.create(text(failed.PipelineName), &o)
		need(text(run.RunGroupID) == text(failed.RunGroupID), "in another group")
		need(len(run.Parameters) == len(failed.Parameters), "with other parameters: %v", run.Parameters)
		need(!value(p.get(*failed.RunID).IsLatest, "isLatest"), "the first run is still the latest")
		return "in the first run's group"
	}
	p.call("pipelines: createRun, rerun", func() string { return rerun(armdatafactory.PipelinesClientCreateRunOptions{}) })
	p.call("pipelines: createRun, rerun from an activity", func() string {
		need(p.first != "", "no activity to start from")
		return rerun(armdatafactory.PipelinesClientCreateRunOptions{StartActivityName: &p.first})
	})
	p.call("pipelines: createRun, rerun from failure", func() string {
		return rerun(armdatafactory.PipelinesClientCreateRunOptions{StartFromFailure: new(true)})
	})
}

func (p *program) cancels() {
	runs := p.adf.NewPipelineRunsClient()
	p.call("pipeline runs: cancel", func() string {
		run := p.create(text(value(p.failedIn, "a failed run").PipelineName), nil)
		_, err := runs.Cancel(p.ctx, p.group, p.factory, *run.RunID, nil)
		noError(err)
		p.advance("1m")
		got := p.get(*run.RunID)
		need(text(got.Status) == "Cancelled", "it is %s", text(got.Status))
		return "Cancelled"
	})
	p.call("pipeline runs: cancel, recursive", func() string {
		i := slices.IndexFunc(p.runs, func(r *armdatafactory.PipelineRun) bool { return text(r.InvokedBy.PipelineRunID) != "" })
		need(i >= 0, "no run has a parent")
		parent := p.create(text(p.runs[i].InvokedBy.PipelineName), nil)
		for range 40 {
			p.advance("10s")
			rows, _ := p.query(armdatafactory.RunFilterParameters{LastUpdatedAfter: parent.RunStart, LastUpdatedBefore: new(parent.RunStart.Add(24 * time.Hour))})
			i := slices.IndexFunc(rows, func(r *armdatafactory.PipelineRun) bool {
				return text(r.InvokedBy.PipelineRunID) == *parent.RunID && !isOver(text(r.Status))
			})
			if i < 0 {
				continue
			}
			_, err := runs.Cancel(p.ctx, p.group, p.factory, *parent.RunID, &armdatafactory.PipelineRunsClientCancelOptions{IsRecursive: new(true)})
			noError(err)
			p.advance("1m")
			up, down := p.get(*parent.RunID), p.get(*rows[i].RunID)
			need(text(up.Status) == "Cancelled" && text(down.Status) == "Cancelled", "the parent is %s, its child %s", text(up.Status), text(down.Status))
			return "Cancelled, its child too"
		}
		need(false, "no child of the run appeared")
		return ""
	})
	p.call("pipeline runs: cancel, unknown", func() string {
		_, err := runs.Cancel(p.ctx, p.group, p.factory, "00000000-0000-4000-8000-000000000000", nil)
		return refusal(err, http.StatusBadRequest, "ReferencedPipelineRunNotFound")
	})
}
