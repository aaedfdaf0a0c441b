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

// restrictedIndex are these runs.
type restrictedIndex struct {
	names []string
	byKey map[int64][]history.Candidate
	keyOf map[int64]int64 // by seq
}

func (x *restrictedIndex) add(c history.Candidate, compared history.Parameters) {
	key, _ := compared.Only(func(p history.Parameter) bool { return slices.Contains(x.names, p.Name) }).Key()
	x.byKey[key] = append(x.byKey[key], c)
	x.keyOf[c.Seq] = key
}

func (x *restrictedIndex) remove(seq int64) {
	key, ok := x.keyOf[seq]
	if !ok {
		return
	}
	delete(x.keyOf, seq)
	x.byKey[key] = slices.DeleteFunc(x.byKey[key], func(c history.Candidate) bool { return c.Seq == seq })
	if len(x.byKey[key]) == 0 {
		delete(x.byKey, key)
	}
}

// otherShapes visits the keys under which runs of other shapes and of a status
// can have done the same work as r: pipelines gain and lose parameters, and
// those that both runs have are compared. own is true where the key is that of
// the other shape itself; else the runs are given.
func (w *writer) otherShapes(r *storedRun, a *arrival, status int64, visit func(key int64, own bool, others []history.Candidate) error) error {
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
		if err := visit(key, false, runs.byKey[key]); err != nil {
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
	if x := w.memory.restricted[k]; x != nil {
		return x, nil
	}
	runs, err := w.runsWhere("INDEXED BY run_pipeline WHERE pipeline_id = ? AND shape_id = ? AND status = ? AND run_start > ?", pipeline, of, status, int64(math.MinInt64))
	if err != nil {
		return nil, err
	}
	x := &restrictedIndex{names: names, byKey: map[int64][]history.Candidate{}, keyOf: map[int64]int64{}}
	for i := range runs {
		if status == statusSucceeded && !runs[i].doneWork() {
			continue
		}
		compared, err := w.comparedOf(pw, &runs[i])
		if err != nil {
			return nil, err
		}
		x.add(runs[i].candidate(), compared)
	}
	if w.memory.restrictedRuns()+len(x.keyOf) > maxKnown {
		clear(w.memory.restricted)
	}
	w.memory.restricted[k] = x
	return x, nil
}

// restrictedRuns counts the runs that are remembered by a part of their
// parameters.
func (m *workMemory) restrictedRuns() (n int) {
	for _, x := range m.restricted {
		n += 1 + len(x.keyOf) // 1 for the index itself
	}
	return n
}

// renewRestricted brings what is remembered of the runs of a row's shape up to
// date; fresh is nil for a removed run. To read them all again after each write
// would take too long. Example: a pipeline of 100,000 runs is started in turn with
// one parameter and with two.
func (w *writer) renewRestricted(old, fresh *storedRun, a *arrival) error {
	for k, x := range w.memory.restricted {
		if old != nil && k.pipeline == old.pipeline {
			x.remove(old.seq)
		}
		if fresh == nil || k.pipeline != fresh.pipeline || k.shape != fresh.shape || k.status != fresh.status || k.status == statusSucceeded && !fresh.doneWork() {
			continue
		}
		pw, err := w.pipelineWork(fresh.pipeline)
		if err != nil {
			return err
		}
		x.add(fresh.candidate(), pw.classes.Compared(a.params, a.tree))
	}
	return nil
}
