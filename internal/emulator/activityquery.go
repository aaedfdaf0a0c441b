package emulator

import (
	"slices"
	"time"

	"andon/internal/emulator/world"
)

// queryActivityRuns is Activity Runs - Query By Pipeline Run. A row's JSON is
// the world's. An unknown run has no rows: a query finds nothing.
func (a *azure) queryActivityRuns(c *call) (reply, *armError) {
	q, e := parseQuery(c.body, activityRunGrammar(), a.strict)
	if e != nil {
		return reply{}, e
	}
	subject := q.subject(c.place.ID() + "/pipelineruns/" + c.runID)
	snap, e := a.open(c, q, subject, 0)
	if e != nil {
		return reply{}, e
	}
	run := a.world.Run(c.place, c.runID)
	if run == nil || !run.StartedBy(snap.at) || isForgotten(run, snap.at) {
		return pageOf(a, c, snap, []world.ActivityState{}, subject), nil
	}
	return pageWith(a, c, snap, q.activities(run, snap), subject, run.AppendActivities), nil
}

// activities returns those of the run that the query holds, as the snapshot
// shows them, in the query's order.
func (q *query) activities(run *world.Run, snap snapshot) []world.ActivityState {
	after, before := q.window(snap.at)
	held := slices.DeleteFunc(run.Activities(snap.at), func(s world.ActivityState) bool {
		updated := s.ActivityRunStart
		if s.ActivityRunEnd != nil {
			updated = *s.ActivityRunEnd
		}
		if updated.Before(after) || updated.After(before) || updated.After(snap.freshest()) {
			return true
		}
		return !passes(q, s, activityOperand)
	})
	arrange(q, held, activityOperand)
	return held
}

func activityOperand(operand string, s world.ActivityState) (string, time.Time) {
	switch operand {
	case operandActivityName:
		return s.ActivityName, time.Time{}
	case operandActivityType:
		return s.ActivityType, time.Time{}
	case operandStatus:
		return s.Status, time.Time{}
	case operandActivityRunStart:
		return "", s.ActivityRunStart
	default:
		if s.ActivityRunEnd == nil {
			return "", time.Time{}
		}
		return "", *s.ActivityRunEnd
	}
}
