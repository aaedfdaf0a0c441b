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

// version is what decides which of two rows of a run is the newer one.
type version struct {
	isLog            bool
	progress         int // of its status
	lastUpdated, end adf.Time
	isAhead          bool // lastUpdated was ahead of Azure's clock when it was received
	isOdd            bool
}

// supersedes reports whether an arrival replaces what is stored.
func (w *writer) supersedes(a *arrival, old *storedRun) bool {
	o := version{
		isLog: old.flags&flagLog != 0, progress: progress(old.status), lastUpdated: adf.Time(old.lastUpdated),
		isAhead: old.flags&flagAhead != 0, isOdd: old.flags&flagOdd != 0,
	}
	if old.end != nil {
		o.end = adf.Time(*old.end)
	}
	return w.versionOf(a.run, a.told, a.isLog, a.isOdd).supersedes(o, a.told)
}

func (w *writer) versionOf(r *adf.PipelineRun, told adf.Time, isLog, isOdd bool) version {
	return version{
		isLog: isLog, progress: progress(w.s.dicts.idOf(r.Status)), lastUpdated: r.LastUpdated, end: r.RunEnd,
		isAhead: isAhead(r.LastUpdated, told), isOdd: isOdd,
	}
}

// supersedes reports whether v, which was received at a time, replaces old.
//
// What the API said replaces what a log says, and never the reverse. Of two logs
// the one that is further on in the run's life counts, then the one with the
// later end: of 10:04:30.4431120 and the 10:04:30.443 of Log Analytics the finer.
// Of two answers of the API the newer lastUpdated counts; where one of the two
// is not to be relied on, Azure's latest word does unless it is behind in the
// run's life.
func (v version) supersedes(old version, told adf.Time) bool {
	if v.isLog != old.isLog {
		return old.isLog
	}
	further := v.progress - old.progress
	if v.isLog {
		return further > 0 || further == 0 && v.end > old.end
	}
	n, o := v.lastUpdated, old.lastUpdated
	canOrder := isPossible(n, told) == isPossible(o, told) && n != 0 && o != 0 && n != o
	// What was ahead when it was told is not to be relied on later either.
	wasAhead := isAhead(n, told) || isAhead(o, told) || old.isAhead
	switch {
	case canOrder && !wasAhead:
		return n > o
	case further != 0:
		return further > 0
	case canOrder:
		return n > o
	case n != o && isPossible(n, told) != isPossible(o, told):
		return isPossible(n, told)
	}
	return !v.isOdd && old.isOdd
}
