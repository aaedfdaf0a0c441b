package history

import (
	"slices"
	"time"

	"andon/internal/adf"
)

// Outcome is one ended run of a pipeline, succeeded or failed.
type Outcome struct {
	Series     int64
	Start, End adf.Time
	Failed     bool
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
// hours in any order. now is when these runs were known to be all: a success
// that was not polled yet must not make a failure look longer than it was.
//
// Example: pl_feed ran every 9 s and failed 60 times, never twice in a row:
// it flaps and works again within 9 s. After three failures in a row, or 27 s
// without a success, it does not flap: it is broken.
func Flaps(outcomes []Outcome, now adf.Time) (Flapping, bool) {
	outcomes = slices.Clone(outcomes)
	slices.SortFunc(outcomes, func(a, b Outcome) int { return compareTimes(a.Start, b.Start) })
	f := Flapping{Runs: len(outcomes)}
	type broken struct {
		since  adf.Time // the end of the first failure
		inARow int
	}
	state := map[int64]*broken{}
	worked := false
	for _, o := range outcomes {
		b := state[o.Series]
		switch {
		case o.Failed:
			f.Failed++
			if b == nil {
				b = &broken{since: o.End}
				state[o.Series] = b
			}
			b.inARow++
		case b != nil && o.Start >= b.since:
			gap := o.Start.Sub(b.since)
			if gap > flapsWithin {
				return f, false
			}
			f.WorksAgain, worked = max(f.WorksAgain, gap), true
			delete(state, o.Series)
		}
	}
	if f.Failed < FlapFailures || !worked {
		return f, false
	}
	for _, b := range state {
		if b.inARow >= problemInARow || now.Sub(b.since) > problemByTimes*f.WorksAgain {
			return f, false
		}
	}
	return f, true
}
