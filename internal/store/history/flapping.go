package history

import (
	"slices"
	"time"

	"andon/internal/adf"
)

// Outcome is one ended run of a pipeline, succeeded or failed.
type Outcome struct {
	Series     int64 // 0: unknown
	Start, End adf.Time
	Failed     bool
	Open       bool // it failed, and nothing of its series has succeeded since: see Recover
}

// Flapping is how a pipeline fails that works again by itself each time.
type Flapping struct {
	Failed, Runs int           // of the last 24 hours
	WorksAgain   time.Duration // the longest time from a failure's end to the next success of its series
}

// When a pipeline flaps: it failed at least 5 times in 24 hours, and its
// series worked again each time within 15 minutes. It becomes a problem after
// 3 failures in a row, or when it has not worked for 3 times the longest such
// time.
const (
	FlapPeriod     = 24 * time.Hour
	FlapFailures   = 5
	flapsWithin    = 15 * time.Minute
	problemInARow  = 3
	problemByTimes = 3
)

// Flaps reports whether a pipeline flaps, from its ended runs of the last 24
// hours and its open runs from before, in any order. now is when these runs were
// known to be all: a success that was not polled yet must not make a failure look
// longer than it was.
//
// Example: pl_feed ran every 9 s and failed 60 times, never twice in a row:
// it flaps and works again within 9 s. After three failures in a row, or 27 s
// without a success, it does not flap: it is broken. It is broken too while
// another of its series has not worked since it failed, were it 2 days ago.
func Flaps(outcomes []Outcome, now adf.Time) (Flapping, bool) {
	outcomes = slices.Clone(outcomes)
	slices.SortFunc(outcomes, func(a, b Outcome) int { return compareTimes(a.Start, b.Start) })
	var f Flapping
	from := now.Add(-FlapPeriod)
	failed := map[int64][]adf.Time{} // ends of failures after which the series has not worked yet
	open := map[int64][]adf.Time{}   // as failed: it never does
	worked, late := false, false
	for _, o := range outcomes {
		if o.Start >= from {
			f.Runs++
			if o.Failed {
				f.Failed++
			}
		}
		switch {
		case o.Open:
			open[o.Series] = append(open[o.Series], o.End)
		case o.Failed:
			failed[o.Series] = append(failed[o.Series], o.End)
		default:
			// A failure that ended after this success began is still to work again.
			failed[o.Series] = slices.DeleteFunc(failed[o.Series], func(end adf.Time) bool {
				if end > o.Start {
					return false
				}
				if gap := o.Start.Sub(end); gap > flapsWithin {
					late = true
				} else {
					f.WorksAgain, worked = max(f.WorksAgain, gap), true
				}
				return true
			})
		}
	}
	if f.Failed < FlapFailures || !worked || late {
		return f, false
	}
	for series, ends := range failed {
		open[series] = append(open[series], ends...)
	}
	for _, ends := range open {
		if len(ends) >= problemInARow || len(ends) > 0 && now.Sub(slices.Min(ends)) > problemByTimes*f.WorksAgain {
			return f, false
		}
	}
	return f, true
}
