package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"andon/internal/emulator/world"
)

// queryTriggers is Triggers - Query By Factory. No trigger here has a parent:
// that is for the reruns of old, which the service no longer makes.
func (a *azure) queryTriggers(c *call) (reply, *armError) {
	var in struct {
		ContinuationToken *string `json:"continuationToken"`
		ParentTriggerName *string `json:"parentTriggerName"`
	}
	if len(bytes.TrimSpace(c.body)) > 0 {
		if err := json.Unmarshal(c.body, &in); err != nil {
			return reply{}, errContent(err)
		}
	}
	subject := []byte(strings.ToLower(c.place.ID()) + "/querytriggers")
	q := query{}
	if in.ContinuationToken != nil {
		q.token = *in.ContinuationToken
	}
	snap, e := a.open(c, q, subject, 0)
	if e != nil {
		return reply{}, e
	}
	var all []resourceRow
	if in.ParentTriggerName == nil || *in.ParentTriggerName == "" {
		for _, r := range c.place.TriggerResources() {
			all = append(all, resourceRowOf(r))
		}
	}
	out := pageOf(a, c, snap, all, subject)
	out.records = 0 // no run records
	return out, nil
}

// queryTriggerRuns is Trigger Runs - Query By Factory. The timestamp of a
// trigger run is what the window is about: it never changes.
func (a *azure) queryTriggerRuns(c *call) (reply, *armError) {
	q, e := parseQuery(c.body, triggerRunGrammar(), a.strict)
	if e != nil {
		return reply{}, e
	}
	subject := q.subject(c.place.ID() + "/triggerruns")
	snap, e := a.open(c, q, subject, 0)
	if e != nil {
		return reply{}, e
	}
	return pageOf(a, c, snap, q.triggerRuns(a.world, c.place, snap), subject), nil
}

// triggerRunRow is a trigger run in the key order of recorded answers, which
// never have the runDimension of the specification.
type triggerRunRow struct {
	TriggerName         string            `json:"triggerName"`
	TriggerRunID        string            `json:"triggerRunId"`
	TriggerType         string            `json:"triggerType"`
	TriggerRunTimestamp timestamp         `json:"triggerRunTimestamp"`
	Status              string            `json:"status"`
	Message             *string           `json:"message"`
	Properties          map[string]string `json:"properties"`
	TriggeredPipelines  map[string]string `json:"triggeredPipelines"`
	GroupID             string            `json:"groupId"`
	DependencyStatus    map[string]any    `json:"dependencyStatus"`
}

func triggerRunRowOf(s world.TriggerRunState) triggerRunRow {
	return triggerRunRow{
		s.TriggerName, s.TriggerRunID, s.TriggerType, timestamp(s.TriggerRunTimestamp), s.Status, s.Message,
		s.Properties, s.TriggeredPipelines, s.GroupID, s.DependencyStatus,
	}
}

// triggerRuns returns those that the query holds, as the snapshot shows them,
// in the query's order.
func (q *query) triggerRuns(w *world.World, f *world.Factory, snap snapshot) []triggerRunRow {
	after, before := q.window(snap.at)
	if latest := snap.freshest(); before.After(latest) {
		before = latest
	}
	if forgotten := snap.at.Add(-retention); after.Before(forgotten) {
		after = forgotten
	}
	var held []triggerRunRow
	for _, t := range w.TriggerRuns(f, after, before) {
		row := triggerRunRowOf(t.At(snap.at))
		if passes(q, row, triggerOperand) {
			held = append(held, row)
		}
	}
	arrange(q, held, triggerOperand)
	return held
}

func triggerOperand(operand string, row triggerRunRow) (string, time.Time) {
	switch operand {
	case operandTriggerName:
		return row.TriggerName, time.Time{}
	case operandStatus:
		return row.Status, time.Time{}
	default:
		return "", time.Time(row.TriggerRunTimestamp)
	}
}

// eventSubscriptionStatus says Enabled for any trigger that is there, as
// recorded of a schedule.
func (a *azure) eventSubscriptionStatus(c *call) (reply, *armError) {
	name := c.triggerName()
	if name == "" {
		return reply{}, errNoDocument(c.place, "triggers", c.child)
	}
	return jsonReply(http.StatusOK, map[string]string{"triggerName": name, "status": "Enabled"}), nil
}

// triggerName is the trigger's own spelling; empty when there is none.
func (c *call) triggerName() string {
	for _, r := range c.place.TriggerResources() {
		if strings.EqualFold(r.Name, c.child) {
			return r.Name
		}
	}
	return ""
}

func (a *azure) startTrigger(c *call) (reply, *armError) { return a.setTrigger(c, true) }

func (a *azure) stopTrigger(c *call) (reply, *armError) { return a.setTrigger(c, false) }

// setTrigger answers at once where the service may take a while: clients poll
// a long-running operation, and this one is over.
func (a *azure) setTrigger(c *call, isStarted bool) (reply, *armError) {
	if err := a.world.SetTrigger(c.place, c.child, isStarted); err != nil {
		return reply{}, errNoDocument(c.place, "triggers", c.child)
	}
	return jsonReply(http.StatusOK, struct{}{}), nil
}

func (a *azure) rerunTriggerRun(c *call) (reply, *armError) {
	err := a.world.RerunTrigger(c.place, c.child, c.item)
	switch {
	case errors.Is(err, world.ErrNothingToRun):
		return reply{}, &armError{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: fmt.Sprintf(
			"Trigger run %s started no pipeline; the emulator runs only those again that did.", c.item)}
	case err != nil:
		return reply{}, c.errNoTriggerRun()
	}
	return jsonReply(http.StatusOK, ""), nil
}

// cancelTriggerRun is for windows that wait for another trigger and nothing
// else, as recorded.
func (a *azure) cancelTriggerRun(c *call) (reply, *armError) {
	err := a.world.CancelTrigger(c.place, c.child, c.item)
	switch {
	case errors.Is(err, world.ErrNotWaiting):
		return reply{}, &armError{
			Status: http.StatusBadRequest, Code: "BadRequest", IsFactory: true, Target: c.child,
			Message: fmt.Sprintf("Trigger run %s is not in WaitingOnDependency state", c.item),
		}
	case err != nil:
		return reply{}, c.errNoTriggerRun()
	}
	return jsonReply(http.StatusOK, ""), nil
}

// errNoTriggerRun has a wording that no recording shows.
func (c *call) errNoTriggerRun() *armError {
	return &armError{
		Status: http.StatusBadRequest, Code: "BadRequest", IsFactory: true, Target: c.child,
		Message: fmt.Sprintf("Trigger run %s of trigger %s does not exist.", c.item, c.child),
	}
}
