package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"andon/internal/adf"
)

// An activity run or a trigger run that logs have shown is the fold of what each
// import says of it: the furthest record counts, and what that one lacks is filled
// from the others. Example: import 1 holds "cp_orders, Queued" with its input,
// import 2 "cp_orders, Succeeded" without. Shown is Succeeded with that input.
// Undoing import 2 leaves Queued. Once Azure has shown it, its version is shown and
// no import changes that.

// logged is what one import says of an activity run or a trigger run.
type logged struct {
	source ImportID
	raw    []byte
	status adf.Status
	rank   [3]int64 // how far it has come, then whether its times are fine, then its end
}

const ticksPerMillisecond = adf.TicksPerSecond / 1000

// loggedActivity ranks a record of an activity run: one that has ended counts more
// than one that has not, then one with finer times (a blob has 100 ns, Log
// Analytics milliseconds), then the later end.
func loggedActivity(source ImportID, raw []byte) (logged, error) {
	r, err := adf.DecodeActivityRun(raw)
	if err != nil {
		return logged{}, fmt.Errorf("read an activity run of a log: %w", err)
	}
	isFine := int64(r.ActivityRunStart)%ticksPerMillisecond != 0 || int64(r.ActivityRunEnd)%ticksPerMillisecond != 0
	return logged{source, raw, r.Status, [3]int64{loggedProgress(r.Status), boolInt(isFine), int64(r.ActivityRunEnd)}}, nil
}

// loggedTriggerRun ranks a record of a trigger run, which has no end.
func loggedTriggerRun(source ImportID, raw []byte) (logged, error) {
	r, err := adf.DecodeTriggerRun(raw)
	if err != nil {
		return logged{}, fmt.Errorf("read a trigger run of a log: %w", err)
	}
	isFine := int64(r.TriggerRunTimestamp)%ticksPerMillisecond != 0
	return logged{source, raw, r.Status, [3]int64{loggedProgress(r.Status), boolInt(isFine), int64(r.TriggerRunTimestamp)}}, nil
}

// loggedProgress is how far a record has come: unknown, queued, running, or at any
// other status, which is an end.
func loggedProgress(s adf.Status) int64 {
	switch s {
	case "":
		return 0
	case adf.StatusQueued, adf.StatusWaiting, adf.StatusWaitingOnDependency:
		return 1
	case adf.StatusInProgress, adf.StatusCanceling, adf.StatusRunning:
		return 2
	default:
		return 3
	}
}

// foldLogged returns the row that counts. The outcome is the same for every order
// of the list, which is sorted: of equal ranks the bytes decide.
func foldLogged(list []logged) ([]byte, error) {
	slices.SortFunc(list, func(a, b logged) int {
		if c := compareInts(b.rank[0], a.rank[0], b.rank[1], a.rank[1], b.rank[2], a.rank[2]); c != 0 {
			return c
		}
		return bytes.Compare(b.raw, a.raw)
	})
	raw := list[0].raw
	for _, other := range list[1:] {
		var err error
		if raw, err = completeLogged(raw, list[0].status, other); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// completeLogged fills the fields that a row lacks from another record. How it
// ended is taken from a record of the same status only, as of runs.
func completeLogged(raw []byte, status adf.Status, other logged) ([]byte, error) {
	if bytes.Equal(raw, other.raw) {
		return raw, nil
	}
	var members, more map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("complete a row of a log: %w", err)
	}
	if err := json.Unmarshal(other.raw, &more); err != nil {
		return nil, fmt.Errorf("complete a row of a log: %w", err)
	}
	ending := []string{"activityRunEnd", "durationInMs", "durationComputed", "output", "error", "message"}
	filled := false
	for field, value := range more {
		isOfAnotherEnd := slices.Contains(ending, field) && status != "" && status != other.status
		if isNull(value) || !isNull(members[field]) || isOfAnotherEnd {
			continue
		}
		members[field] = value
		filled = true
	}
	if !filled {
		return raw, nil
	}
	var start, end adf.Time
	if isNull(members["durationComputed"]) || json.Unmarshal(members["activityRunStart"], &start) != nil || json.Unmarshal(members["activityRunEnd"], &end) != nil {
		return json.Marshal(members)
	}
	if !start.IsZero() && end >= start { // they may be of two records now
		members["durationInMs"] = fmt.Appendf(nil, "%d", end.Sub(start).Round(time.Millisecond).Milliseconds())
	}
	return json.Marshal(members)
}

// addLogged adds a row of an import to what imports say of an activity run or a
// trigger run. own is what this import says now, nil where that is what it said
// before; figure counts the row.
func addLogged(list []logged, row logged, done *ImportChanges, read func(ImportID, []byte) (logged, error)) (all []logged, own []byte, figure *int, err error) {
	before := slices.Clone(list)
	i := slices.IndexFunc(list, func(l logged) bool { return l.source == row.source })
	if i < 0 {
		list = append(list, row)
	} else {
		raw, err := foldLogged([]logged{list[i], row})
		if err != nil {
			return nil, nil, nil, err
		}
		if bytes.Equal(raw, list[i].raw) {
			return list, nil, &done.Known, nil
		}
		if row, err = read(row.source, raw); err != nil {
			return nil, nil, nil, err
		}
		list[i] = row
	}
	switch {
	case len(before) == 0:
		return list, row.raw, &done.Taken, nil
	case i >= 0:
		return list, row.raw, &done.Known, nil
	}
	old, err := foldLogged(before)
	if err != nil {
		return nil, nil, nil, err
	}
	now, err := foldLogged(slices.Clone(list))
	if err != nil {
		return nil, nil, nil, err
	}
	figure = &done.Completed
	isFurther := func(l logged) bool { return l.rank[0] >= row.rank[0] }
	switch {
	case bytes.Equal(old, now):
		figure = &done.Known
	case !slices.ContainsFunc(before, isFurther):
		figure = &done.Taken
	}
	return list, row.raw, figure, nil
}

// ImportChanges says what rows of activity runs or trigger runs did to the store.
type ImportChanges struct {
	Taken     int // that were new here, or had not ended in what was here
	Known     int // that added nothing, and further rows of one that this import has shown
	Completed int // of which a missing field was filled
}

// Rows returns how many rows these are.
func (c ImportChanges) Rows() int { return c.Taken + c.Known + c.Completed }

// Add adds further rows.
func (c *ImportChanges) Add(more ImportChanges) {
	c.Taken += more.Taken
	c.Known += more.Known
	c.Completed += more.Completed
}
