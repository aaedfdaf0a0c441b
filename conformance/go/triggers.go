package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datafactory/armdatafactory/v9"
)

func (p *program) triggers() {
	client := p.adf.NewTriggersClient()
	names := map[string]string{} // by the trigger's type
	p.call("triggers: list", func() string {
		rows := all(p, client.NewListByFactoryPager(p.group, p.factory, nil), func(r armdatafactory.TriggersClientListByFactoryResponse) []*armdatafactory.TriggerResource {
			return r.Value
		})
		need(len(rows) > 0, "no trigger")
		for _, r := range rows {
			t := r.Properties.GetTrigger()
			need(t.RuntimeState != nil && text(t.Type) != "", "%s lacks its fields", text(r.Name))
			if *t.RuntimeState == armdatafactory.TriggerRuntimeStateStarted {
				names[*t.Type] = *r.Name
			}
		}
		return strconv.Itoa(len(rows)) + " of " + strconv.Itoa(len(names)) + " types started"
	})
	started := func(kind string) string {
		need(names[kind] != "", "no started trigger is a %s", kind)
		return names[kind]
	}
	state := func(name string) string {
		got, err := client.Get(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		return string(value(got.Properties.GetTrigger().RuntimeState, "runtimeState"))
	}
	p.call("triggers: get", func() string {
		got, err := client.Get(p.ctx, p.group, p.factory, started("ScheduleTrigger"), nil)
		noError(err)
		t, ok := got.Properties.(*armdatafactory.ScheduleTrigger)
		need(ok, "want a ScheduleTrigger, got %T", got.Properties)
		need(len(t.Pipelines) > 0 && t.TypeProperties.Recurrence.Frequency != nil && t.TypeProperties.Recurrence.StartTime != nil, "it lacks its fields: %+v", t)
		window, err := client.Get(p.ctx, p.group, p.factory, started("TumblingWindowTrigger"), nil)
		noError(err)
		_, ok = window.Properties.(*armdatafactory.TumblingWindowTrigger)
		need(ok, "want a TumblingWindowTrigger, got %T", window.Properties)
		return "a schedule and a tumbling window"
	})
	p.call("triggers: query", func() string {
		filter, found := armdatafactory.TriggerFilterParameters{}, 0
		for {
			got, err := client.QueryByFactory(p.ctx, p.group, p.factory, filter, nil)
			noError(err)
			found += len(got.Value)
			if text(got.ContinuationToken) == "" {
				break
			}
			filter.ContinuationToken = got.ContinuationToken
		}
		need(found > 0, "no trigger")
		return strconv.Itoa(found)
	})
	p.call("triggers: getEventSubscriptionStatus", func() string {
		name := started("BlobEventsTrigger")
		got, err := client.GetEventSubscriptionStatus(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		need(text(got.TriggerName) == name && value(got.Status, "status") == armdatafactory.EventSubscriptionStatusEnabled, "%+v", got.TriggerSubscriptionOperationStatus)
		return string(*got.Status)
	})
	p.call("triggers: stop", func() string {
		name := started("ScheduleTrigger")
		poller, err := client.BeginStop(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		_, err = poller.PollUntilDone(p.ctx, nil)
		noError(err)
		need(state(name) == "Stopped", "it is %s", state(name))
		return "Stopped"
	})
	p.call("triggers: start", func() string {
		name := started("ScheduleTrigger")
		poller, err := client.BeginStart(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		_, err = poller.PollUntilDone(p.ctx, nil)
		noError(err)
		need(state(name) == "Started", "it is %s", state(name))
		return "Started"
	})
}

func (p *program) triggerRuns() {
	client := p.adf.NewTriggerRunsClient()
	query := func(filter armdatafactory.RunFilterParameters) (rows []*armdatafactory.TriggerRun) {
		for {
			got, err := client.QueryByFactory(p.ctx, p.group, p.factory, filter, nil)
			noError(err)
			rows = append(rows, got.Value...)
			if text(got.ContinuationToken) == "" {
				return rows
			}
			filter.ContinuationToken = got.ContinuationToken
		}
	}
	var window, waiting *armdatafactory.TriggerRun
	p.call("trigger runs: query", func() string {
		rows := query(armdatafactory.RunFilterParameters{LastUpdatedAfter: &p.after, LastUpdatedBefore: &p.before})
		need(len(rows) > 0, "no trigger run in a day")
		linked := false
		seen := map[string]bool{}
		for _, r := range rows {
			id := value(r.TriggerRunID, "triggerRunId")
			need(!seen[id], "trigger run %s came twice", id)
			seen[id] = true
			need(text(r.TriggerName) != "" && text(r.TriggerType) != "" && r.Status != nil && r.TriggerRunTimestamp != nil && text(r.Properties["TriggerTime"]) != "", "%+v", r)
			for pipeline, runID := range r.TriggeredPipelines {
				if !linked {
					run := p.get(text(runID))
					need(text(run.PipelineName) == pipeline && text(run.InvokedBy.ID) == id && text(run.InvokedBy.Name) == *r.TriggerName, "run %s is not of trigger run %s", text(runID), id)
					linked = true
				}
			}
			switch {
			case strings.HasPrefix(string(*r.Status), "Waiting"):
				waiting = r
			case *r.TriggerType == "TumblingWindowTrigger" && isOver(string(*r.Status)):
				window = r
			}
		}
		need(linked, "no trigger run names the run it started")
		return strconv.Itoa(len(rows))
	})
	p.call("trigger runs: rerun", func() string {
		r := value(window, "a tumbling window's run that is over")
		of := armdatafactory.RunFilterParameters{
			LastUpdatedAfter: &p.after, LastUpdatedBefore: new(p.before.Add(48 * 3600e9)),
			Filters: []*armdatafactory.RunQueryFilter{{
				Operand: to.Ptr(armdatafactory.RunQueryFilterOperandTriggerName), Operator: to.Ptr(armdatafactory.RunQueryFilterOperatorEquals), Values: []*string{r.TriggerName},
			}},
		}
		_, err := client.Rerun(p.ctx, p.group, p.factory, *r.TriggerName, *r.TriggerRunID, nil)
		noError(err)
		p.advance("1m")
		again := slices.ContainsFunc(query(of), func(x *armdatafactory.TriggerRun) bool {
			return x.AdditionalProperties["groupId"] == r.AdditionalProperties["groupId"] && text(x.TriggerRunID) != *r.TriggerRunID
		})
		need(again, "no further trigger run in the group %v", r.AdditionalProperties["groupId"])
		return "a further run in the group"
	})
	p.call("trigger runs: cancel", func() string {
		if waiting != nil {
			_, err := client.Cancel(p.ctx, p.group, p.factory, *waiting.TriggerName, *waiting.TriggerRunID, nil)
			noError(err)
			return "a waiting window"
		}
		r := value(window, "a tumbling window's run that is over")
		_, err := client.Cancel(p.ctx, p.group, p.factory, *r.TriggerName, *r.TriggerRunID, nil)
		return refusal(err, http.StatusBadRequest, "BadRequest")
	})
}

func (p *program) runtimes() {
	client, nodes := p.adf.NewIntegrationRuntimesClient(), p.adf.NewIntegrationRuntimeNodesClient()
	var name, node string
	p.call("integration runtimes: list", func() string {
		kinds := map[string]bool{}
		rows := all(p, client.NewListByFactoryPager(p.group, p.factory, nil), func(r armdatafactory.IntegrationRuntimesClientListByFactoryResponse) []*armdatafactory.IntegrationRuntimeResource {
			return r.Value
		})
		for _, r := range rows {
			kind := string(value(r.Properties.GetIntegrationRuntime().Type, "type"))
			kinds[kind] = true
			if kind == "SelfHosted" {
				name = text(r.Name)
			}
		}
		need(kinds["Managed"] && kinds["SelfHosted"], "not both types: %v", kinds)
		return strconv.Itoa(len(rows))
	})
	p.call("integration runtimes: get", func() string {
		got, err := client.Get(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		_, ok := got.Properties.(*armdatafactory.SelfHostedIntegrationRuntime)
		need(ok, "want a SelfHostedIntegrationRuntime, got %T", got.Properties)
		return "SelfHosted"
	})
	p.call("integration runtimes: getStatus", func() string {
		got, err := client.GetStatus(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		s, ok := got.Properties.(*armdatafactory.SelfHostedIntegrationRuntimeStatus)
		need(ok, "want a SelfHostedIntegrationRuntimeStatus, got %T", got.Properties)
		need(s.State != nil && text(s.TypeProperties.Version) != "" && len(s.TypeProperties.Nodes) > 0, "it lacks its fields: %+v", s.TypeProperties)
		node = value(s.TypeProperties.Nodes[0].NodeName, "nodeName")
		return string(*s.State)
	})
	p.call("integration runtimes: monitoringData", func() string {
		got, err := client.GetMonitoringData(p.ctx, p.group, p.factory, name, nil)
		noError(err)
		need(text(got.Name) == name && len(got.Nodes) > 0 && got.Nodes[0].AvailableMemoryInMB != nil, "%+v", got.IntegrationRuntimeMonitoringData)
		return strconv.Itoa(len(got.Nodes)) + " nodes"
	})
	p.call("integration runtime nodes: get", func() string {
		got, err := nodes.Get(p.ctx, p.group, p.factory, name, node, nil)
		noError(err)
		need(text(got.NodeName) == node && got.Status != nil, "%+v", got.SelfHostedIntegrationRuntimeNode)
		return string(*got.Status)
	})
	p.call("integration runtime nodes: ipAddress", func() string {
		got, err := nodes.GetIPAddress(p.ctx, p.group, p.factory, name, node, nil)
		noError(err)
		need(text(got.IPAddress) != "", "no address")
		return text(got.IPAddress)
	})
}
