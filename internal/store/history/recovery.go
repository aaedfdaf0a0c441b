package history

import "bytes"

// State says whether a failed run's work was done in the end.
type State uint8

// The states of a failed run. A run that did not fail has none.
const (
	Underived State = iota // not worked out yet
	Open                   // nothing of its series has succeeded since
	NotRedone              // its series works again, but this work is still missing
	Recovered              // a later run did this work
)

// String returns the word of the API.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case NotRedone:
		return "notRedone"
	case Recovered:
		return "recovered"
	case Underived:
	}
	return ""
}

// RecoveryRule says what made a later run count as the same work.
type RecoveryRule uint8

// The rules of recovery, in the order in which they are tried.
const (
	NoRule        RecoveryRule = iota
	ByRerun                    // same run group
	ByWindow                   // same tumbling trigger and trigger window
	ByParameters               // same pipeline, equal compared parameters
	ByParent                   // below the run that recovered its parent
	recoveryRules = iota
)

// String returns the word of the API, "" for no rule.
func (r RecoveryRule) String() string {
	return [recoveryRules]string{"", "rerun", "window", "parameters", "parent"}[r]
}

// Candidate is a run that may have done a failed run's work again.
type Candidate struct {
	Seq   int64  // names it to the caller; 0 is no run
	ID    []byte // decides between equal starts
	Start int64  // ticks
}

// before orders candidates: the earlier start, then the smaller id.
func (c Candidate) before(o Candidate) bool {
	switch {
	case c.Seq == 0 || o.Seq == 0:
		return o.Seq == 0 && c.Seq != 0
	case c.Start != o.Start:
		return c.Start < o.Start
	}
	return bytes.Compare(c.ID, o.ID) < 0
}

// Earliest returns the first of the candidates that began at or after end, the
// zero Candidate for none.
func Earliest(end int64, candidates ...Candidate) Candidate {
	var best Candidate
	for _, c := range candidates {
		if c.Seq != 0 && c.Start >= end && c.before(best) {
			best = c
		}
	}
	return best
}

// Evidence is what is stored about a failed run's work: for each rule the runs
// that it names and that succeeded. Runs that began before the failed run
// ended may be among them; they count for nothing.
type Evidence struct {
	End        int64 // when the failed run ended, in ticks
	Rerun      []Candidate
	Window     []Candidate
	Parameters []Candidate
	Parent     []Candidate
	// SeriesSuccess is the start of the newest success of its series;
	// HasSeriesSuccess is false where there is none.
	SeriesSuccess    int64
	HasSeriesSuccess bool
}

// Recovery is what became of a failed run.
type Recovery struct {
	State State
	Rule  RecoveryRule // NoRule unless recovered
	By    Candidate    // the run that recovered it; zero unless recovered
}

// Recover works out a failed run's recovery. A run recovers another only when
// it began at or after the other's end.
//
// Example: orders of Monday failed at 02:10. orders of Tuesday succeeded: not
// redone. orders of Monday, started again on Wednesday, succeeded: recovered
// by that run, by its parameters. customers of Monday changes nothing.
func Recover(e Evidence) Recovery {
	if by, rule := e.first(); rule != NoRule {
		return Recovery{State: Recovered, Rule: rule, By: by}
	}
	if e.HasSeriesSuccess && e.SeriesSuccess >= e.End {
		return Recovery{State: NotRedone}
	}
	return Recovery{State: Open}
}

// Running returns the unfinished run that would recover a failed run if it
// succeeded, and by which rule; NoRule where there is none. The candidates of
// the evidence are unfinished runs here, not successes; those of Parent are
// below the run that recovered the parent or that would recover it.
//
// Example: orders of Monday failed at 02:10. orders of Monday was started again
// at 02:20, and the failed run was rerun at 02:30. Both go on: the rerun is
// named, because its rule comes first.
func Running(unfinished Evidence) (Candidate, RecoveryRule) {
	return unfinished.first()
}

// first returns the earliest candidate of the first rule that has one.
func (e Evidence) first() (Candidate, RecoveryRule) {
	for i, candidates := range [...][]Candidate{e.Rerun, e.Window, e.Parameters, e.Parent} {
		if by := Earliest(e.End, candidates...); by.Seq != 0 {
			return by, ByRerun + RecoveryRule(i)
		}
	}
	return Candidate{}, NoRule
}
