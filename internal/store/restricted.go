package store

import (
	"encoding/json"
	"math"
	"slices"

	"andon/internal/store/history"
)

// restrictedKey names the runs of one shape and status of a pipeline, by the
// keys of a part of their parameters.
type restrictedKey struct {
	pipeline, shape, status int64
	names                   string // a JSON array
}

// restrictedIndex are these runs. byKey has successes, and failed runs that a
// further success can still recover or recover earlier, in order of until.
type restrictedIndex struct {
	names []string
	byKey map[int64][]restrictedRun
	has   map[int64]restrictedRun // by seq, those that byKey leaves out as well
}

// restrictedRun is a run in a restrictedIndex. Times are in ticks.
type restrictedRun struct {
	seq, key int64
	id       []byte // of a success: decides between equal starts
	// from is when a failed run ended, and until the latest start of a success that
	// can change its recovery. Of a success until is its own start.
	from, until int64
}

// The values of until that are no times.
const (
	untilNever  = math.MinInt64
	untilAlways = math.MaxInt64
)

// changeableUntil returns the latest start of a success with the parameters of a
// failed run that can change its recovery. Runs that were rerun, or whose trigger
// window was, stay as they are: these rules come first. One that is not worked out
// yet is in the queue, or its pipeline is not derived.
//
// Example: orders failed on Monday and recovered by its parameters on Wednesday. A
// success of Tuesday that arrives late recovers it; one of Thursday changes nothing.
func (r recovery) changeableUntil() int64 {
	switch r.code {
	case codeOpen, codeNotRedone, codeOf(history.Recovery{State: history.Recovered, Rule: history.ByParent}).code:
		return untilAlways
	case codeOf(history.Recovery{State: history.Recovered, Rule: history.ByParameters}).code:
		return r.at
	}
	return untilNever
}

func (x *restrictedIndex) keyOf(compared history.Parameters) int64 {
	key, _ := compared.Only(func(p history.Parameter) bool { return slices.Contains(x.names, p.Name) }).Key()
	return key
}

// add adds a run. A failed one has its recovery.
func (x *restrictedIndex) add(r *storedRun, compared history.Parameters) {
	one := restrictedRun{seq: r.seq, key: x.keyOf(compared), from: r.work.end, until: r.recovery.changeableUntil()}
	if r.status == statusSucceeded {
		one.id, one.until = r.id, r.start
	}
	x.put(one)
}

func (x *restrictedIndex) put(one restrictedRun) {
	x.has[one.seq] = one
	if one.until != untilNever {
		i, _ := slices.BinarySearchFunc(x.byKey[one.key], one, compareRestricted)
		x.byKey[one.key] = slices.Insert(x.byKey[one.key], i, one)
	}
}

func (x *restrictedIndex) remove(seq int64) {
	one, ok := x.has[seq]
	if !ok {
		return
	}
	delete(x.has, seq)
	list := x.byKey[one.key]
	if i, found := slices.BinarySearchFunc(list, one, compareRestricted); found {
		list = slices.Delete(list, i, i+1)
		x.byKey[one.key] = list
	}
	if len(list) == 0 {
		delete(x.byKey, one.key)
	}
}

// since returns the runs with a key whose until is at a time or later.
func (x *restrictedIndex) since(key, at int64) []restrictedRun {
	list := x.byKey[key]
	i, _ := slices.BinarySearchFunc(list, restrictedRun{until: at, seq: math.MinInt64}, compareRestricted)
	return list[i:]
}

func compareRestricted(a, b restrictedRun) int { return compareInts(a.until, b.until, a.seq, b.seq) }

// otherShapes visits the keys under which runs of other shapes and of a status
// can have done the same work as r: pipelines gain and lose parameters, and
// those that both runs have are compared. own is true where the key is that of
// the other shape itself; else the runs are given whose until is at a time or
// later. visit must not keep them.
func (w *writer) otherShapes(r *storedRun, a *arrival, status, at int64, visit func(key int64, own bool, others []restrictedRun) error) error {
	pw, err := w.pipelineWork(r.pipeline)
	if err != nil || len(pw.shapes) < 2 || r.shape == 0 {
		return err
	}
	var params history.Parameters
	if a != nil {
		params = pw.classes.Compared(a.params, a.tree)
	} else if params, err = w.comparedOf(pw, r); err != nil {
		return err
	}
	for _, other := range pw.shapes {
		if other.id == r.shape {
			continue
		}
		common := params.Only(func(p history.Parameter) bool { return slices.Contains(other.names, p.Name) })
		names := common.Names()
		if len(names) == 0 && len(params.All()) > 0 && len(other.names) > 0 {
			continue // nothing can be compared
		}
		key, _ := common.Key()
		if len(names) == len(other.names) {
			if err := visit(key, true, nil); err != nil {
				return err
			}
			continue
		}
		runs, err := w.restrictedRuns(pw, r.pipeline, other.id, status, names)
		if err != nil {
			return err
		}
		if err := visit(key, false, runs.since(key, at)); err != nil {
			return err
		}
	}
	return nil
}

// restrictedRuns returns the runs of a shape and status by the keys of the
// named parameters.
func (w *writer) restrictedRuns(pw *pipelineWork, pipeline, of, status int64, names []string) (*restrictedIndex, error) {
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	k := restrictedKey{pipeline, of, status, string(list)}
	if x := w.memory.restricted[pipeline][k]; x != nil {
		return x, nil
	}
	runs, err := w.runsWhere("INDEXED BY run_pipeline WHERE pipeline_id = ? AND shape_id = ? AND status = ? AND run_start > ?", pipeline, of, status, int64(math.MinInt64))
	if err != nil {
		return nil, err
	}
	x := &restrictedIndex{names: names, byKey: map[int64][]restrictedRun{}, has: map[int64]restrictedRun{}}
	for i := range runs {
		if status == statusSucceeded && !runs[i].doneWork() {
			continue
		}
		compared, err := w.comparedOf(pw, &runs[i])
		if err != nil {
			return nil, err
		}
		x.add(&runs[i], compared)
	}
	if w.memory.restricted[pipeline] == nil {
		w.memory.restricted[pipeline] = map[restrictedKey]*restrictedIndex{}
	}
	w.memory.restricted[pipeline][k] = x
	w.memory.boundRestricted()
	return x, nil
}

// boundRestricted forgets all indexes but the largest when they have more than
// maxKnown runs together. So at most one has more, for a shape of a pipeline that
// has as many failed runs or successes: to read it again for each run would take
// too long.
func (m *workMemory) boundRestricted() {
	if m.restrictedRuns() <= maxKnown {
		return
	}
	var largest restrictedKey
	var kept *restrictedIndex
	for _, indexes := range m.restricted {
		for k, x := range indexes {
			if kept == nil || len(x.has) > len(kept.has) {
				largest, kept = k, x
			}
		}
	}
	clear(m.restricted)
	m.restricted[largest.pipeline] = map[restrictedKey]*restrictedIndex{largest: kept}
}

// restrictedRuns counts the runs that are remembered by a part of their
// parameters.
func (m *workMemory) restrictedRuns() (n int) {
	for _, indexes := range m.restricted {
		for _, x := range indexes {
			n += 1 + len(x.has) // 1 for the index itself
		}
	}
	return n
}

// renewRestricted brings what is remembered of the runs of a row's shape up to
// date; fresh is nil for a removed run. To read them all again after each write
// would take too long. Example: a pipeline of 100,000 runs is started in turn with
// one parameter and with two.
func (w *writer) renewRestricted(old, fresh *storedRun, a *arrival) error {
	if old != nil {
		for _, x := range w.memory.restricted[old.pipeline] {
			x.remove(old.seq)
		}
	}
	if fresh == nil {
		return nil
	}
	for k, x := range w.memory.restricted[fresh.pipeline] {
		if k.shape != fresh.shape || k.status != fresh.status || k.status == statusSucceeded && !fresh.doneWork() {
			continue
		}
		pw, err := w.pipelineWork(fresh.pipeline)
		if err != nil {
			return err
		}
		x.add(fresh, pw.classes.Compared(a.params, a.tree))
	}
	return nil
}

// renewRecovery notes that the recovery of a failed run is another one now.
func (m *workMemory) renewRecovery(f *storedRun) {
	for k, x := range m.restricted[f.pipeline] {
		one, ok := x.has[f.seq]
		if !ok || k.status != statusFailed {
			continue
		}
		x.remove(f.seq)
		one.until = f.recovery.changeableUntil()
		x.put(one)
	}
}
