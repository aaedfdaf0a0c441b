package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"andon/internal/emulator/world"
)

// activityPage is an answer of Activity Runs - Query By Pipeline Run. A row's
// JSON is the world's.
type activityPage struct {
	Value             []world.ActivityState `json:"value"`
	ContinuationToken string                `json:"continuationToken,omitempty"`
}

// queryActivityRuns answers an unknown run with no rows: a query finds nothing.
func (a *azure) queryActivityRuns(c *call) (reply, *armError) {
	q, e := parseQuery(c.body, activityRunGrammar(), a.strict)
	if e != nil {
		return reply{}, e
	}
	subject := q.subject(c.place.ID() + "/pipelineruns/" + c.runID)
	snap := snapshot{at: c.at}
	if q.token != "" {
		var err error
		if snap, err = a.pages.open(q.token, subject); err != nil {
			return reply{}, errBadRequest("The continuation token is not valid for this query.")
		}
	}
	page := activityPage{Value: []world.ActivityState{}}
	run := a.world.Run(c.place, c.runID)
	if run != nil && run.StartedBy(snap.at) && !isForgotten(run, snap.at) {
		all := q.activities(run, snap.at)
		from := min(snap.next, len(all))
		to := min(from+queryPage, len(all))
		page.Value = append(page.Value, all[from:to]...)
		if to < len(all) {
			snap.next = to
			page.ContinuationToken = a.pages.token(snap, subject)
		}
	}
	out := jsonReply(http.StatusOK, page)
	out.records = len(page.Value)
	return out, nil
}

// activities returns those of the run that the query holds, as they were at t,
// in its order.
func (q *query) activities(run *world.Run, t time.Time) []world.ActivityState {
	after, before := q.window(t)
	held := slices.DeleteFunc(run.Activities(t), func(s world.ActivityState) bool {
		updated := s.ActivityRunStart
		if s.ActivityRunEnd != nil {
			updated = *s.ActivityRunEnd
		}
		if updated.Before(after) || updated.After(before) {
			return true
		}
		return slices.ContainsFunc(q.conditions, func(c condition) bool {
			text, at := activityOperand(c.operand, s)
			return !c.matches(text, at)
		})
	})
	slices.SortStableFunc(held, func(x, y world.ActivityState) int {
		for _, o := range q.orders {
			textX, timeX := activityOperand(o.operand, x)
			textY, timeY := activityOperand(o.operand, y)
			n := cmp.Or(strings.Compare(textX, textY), timeX.Compare(timeY))
			if o.descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
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
