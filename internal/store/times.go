package store

import (
	"time"

	"andon/internal/adf"
)

// Rows come with times that can't be: of a machine whose clock was wrong, or of
// no clock at all. Such a time is shown as it came and counted as odd, but
// nothing is ordered by it: a run of 2099 would stand on top of every list for
// ever, recover every failure before it, and take no update.

// futureSlack is how far ahead of Azure's clock a time may lie: a day is more
// than any time zone that was taken for UTC.
const futureSlack = 24 * time.Hour

// aheadSlack is how far ahead of Azure's clock a lastUpdated may lie and still
// tell which version of a run is the newer one: a day of slack would let a
// wrong one hold back the run's end.
const aheadSlack = 5 * time.Minute

// isAhead reports whether versions of a run can't be ordered by t.
func isAhead(t, told adf.Time) bool { return t > told.Add(aheadSlack) }

// isPossible reports whether something in Data Factory can have happened at t,
// given when it was told. An absent time is not possible.
func isPossible(t, told adf.Time) bool {
	return t >= adf.Oldest && t <= told.Add(futureSlack)
}

// oddTimes names the times of a run that lie in the future. What can be said of
// a row by itself, the decoder says.
func oddTimes(r *adf.PipelineRun, told adf.Time) []adf.FieldError {
	var odd []adf.FieldError
	for _, field := range []struct {
		name string
		t    adf.Time
	}{{"runStart", r.RunStart}, {"runEnd", r.RunEnd}, {"lastUpdated", r.LastUpdated}} {
		if field.t > told.Add(futureSlack) {
			odd = append(odd, adf.FieldError{Field: field.name, Problem: "lies in the future"})
		}
	}
	return odd
}

// standIn returns what a run sorts by whose own start is not to be relied on.
func standIn(r *adf.PipelineRun, told adf.Time) adf.Time {
	if isPossible(r.LastUpdated, told) {
		return r.LastUpdated
	}
	return told
}

// supersedes reports whether an arrival replaces what is stored: the newer
// lastUpdated does. Where one of the two is not to be relied on, Azure's latest
// word does unless it is behind in the run's life.
func (w *writer) supersedes(a *arrival, old *storedRun) bool {
	n, o := a.run.LastUpdated, adf.Time(old.lastUpdated)
	further := progress(w.s.dicts.idOf(a.run.Status)) - progress(old.status)
	canOrder := isPossible(n, a.told) == isPossible(o, a.told) && n != 0 && o != 0 && n != o
	// What was ahead when it was told is not to be relied on later either.
	wasAhead := isAhead(n, a.told) || isAhead(o, a.told) || old.flags&flagAhead != 0
	switch {
	case canOrder && !wasAhead:
		return n > o
	case further != 0:
		return further > 0
	case canOrder:
		return n > o
	case n != o && isPossible(n, a.told) != isPossible(o, a.told):
		return isPossible(n, a.told)
	}
	return !a.isOdd && old.flags&flagOdd != 0
}
