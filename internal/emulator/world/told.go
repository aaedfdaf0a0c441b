package world

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Tell has the run's row show the given members, raw, in place of its own, or beside them; none has it show its own
// again. What the service knows of the run, such as the window that holds it, stays as it is. Only runs that somebody
// started can be told.
func (r *Run) Tell(row map[string]json.RawMessage) error {
	if r.script == nil {
		return errors.New("the row of a run that the company started by itself can't be changed; allowed: runs that POST /truth/runs or createRun started")
	}
	if len(row) == 0 {
		r.script.told.Store(nil)
		return nil
	}
	var told members
	for _, key := range slices.Sorted(maps.Keys(row)) {
		told = append(told, member{key, row[key]})
	}
	r.script.told.Store(&told)
	return nil
}

// toldRow rewrites what follows from in b, the run's ordinary row.
func (r *Run) toldRow(b []byte, from int) []byte {
	told := r.script.told.Load()
	if told == nil {
		return b
	}
	m := membersOf(b[from:])
	for _, one := range *told {
		m.set(one.key, string(one.value))
	}
	return m.append(b[:from])
}
