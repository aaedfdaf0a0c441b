package store

import (
	"bytes"
	"math"

	"github.com/ncruces/go-sqlite3"
)

// A failure is healed by the first success after it, of the same pipeline or
// in the same run group; until then it is open. Which success that is stands
// in the failure's row and is exact whatever the order of arrival: runs of
// history come newest first, corrections come late, and a run can move.
//
// "After" goes by run_start alone; of successes that started at the same tick
// the one with the smaller runId counts.

// healer is a success seen from a failure.
type healer struct {
	at, seq int64
	id      []byte
	group   bool // of another pipeline, in the same run group
}

// before reports whether h heals rather than o. A zero seq is no healer.
func (h healer) before(o healer) bool {
	switch {
	case h.seq == 0:
		return false
	case o.seq == 0:
		return true
	case h.at != o.at:
		return h.at < o.at
	}
	return bytes.Compare(h.id, o.id) < 0
}

// findHealer puts the first later success into the row of a failure. What
// stands in the row unsure, if it is a failure now, is not to be relied on.
func (w *writer) findHealer(f *storedRun, unsure int64) error {
	best, err := w.pipelineHealer(f, unsure)
	if err != nil {
		return err
	}
	members, err := w.groupMembers(f)
	if err != nil {
		return err
	}
	for i := range members {
		m := &members[i]
		h := healer{at: m.start, seq: m.seq, id: m.id, group: m.pipeline != f.pipeline}
		if m.status == statusSucceeded && m.start > f.start && m.seq != f.seq && h.before(best) {
			best = h
		}
	}
	f.healedAt, f.healedSeq = best.at, best.seq
	f.flags &^= flagGroupHealed
	if best.group {
		w.groupHealed = true
		f.flags |= flagGroupHealed
	}
	return nil
}

// pipelineHealer walks the pipeline's runs from the failure on. The first
// failure that it meets knows the answer already.
func (w *writer) pipelineHealer(f *storedRun, unsure int64) (healer, error) {
	newest, err := w.newestSuccess(f.pipeline)
	if err != nil || newest <= f.start {
		return healer{}, err
	}
	var found, known healer
	var met bool    // a failure, whose healer is known
	last := f.start // once something is met, rows beyond its start don't matter
	note := func(at int64) {
		if found.seq == 0 && !met {
			last = at
		}
	}
	err = w.query(`SELECT seq, status, run_start, flags, healed_at, healed_seq, run_id FROM run INDEXED BY run_pipeline
		WHERE pipeline_id = ? AND run_start > ? ORDER BY run_start`, func(st *sqlite3.Stmt) bool {
		seq, status, start := st.ColumnInt64(0), st.ColumnInt64(1), st.ColumnInt64(2)
		switch {
		case (met || found.seq != 0) && start > last:
			return false
		case seq == f.seq, seq == unsure && status == statusFailed:
		case status == statusSucceeded:
			note(start)
			if h := (healer{at: start, seq: seq, id: st.ColumnBlob(6, nil)}); h.before(found) {
				found = h
			}
		case status == statusFailed && st.ColumnInt64(3)&flagGroupHealed == 0 && !met:
			note(start)
			met, known = true, healer{at: st.ColumnInt64(4), seq: st.ColumnInt64(5)}
		}
		return true
	}, f.pipeline, f.start)
	if err != nil || found.seq != 0 {
		return found, err
	}
	return w.withID(known)
}

// healAround finds the healer of a row that was updated, and brings the
// failures around a written run up to date.
func (w *writer) healAround(old, fresh *storedRun, members []storedRun, touched *touchedRuns) error {
	same := old != nil && old.status == fresh.status && old.start == fresh.start &&
		old.pipeline == fresh.pipeline && string(old.group) == string(fresh.group)
	if old != nil && old.status == statusSucceeded && !same {
		if err := w.unheal(fresh.seq, touched); err != nil {
			return err
		}
	}
	switch {
	case fresh.status == statusFailed && old != nil:
		before := *fresh
		if err := w.findHealer(fresh, 0); err != nil {
			return err
		}
		return w.setHealer(&before, fresh, touched)
	case fresh.status == statusSucceeded && !same:
		return w.heal(fresh, members, touched)
	}
	return nil
}

// unheal looks again for the healer of every failure that a run healed.
func (w *writer) unheal(seq int64, touched *touchedRuns) error {
	victims, err := w.runsWhere("INDEXED BY run_healer WHERE healed_seq = ? ORDER BY run_start DESC", seq)
	if err != nil {
		return err
	}
	// Newest first, since each may take its answer from a later one.
	for i := range victims {
		before := victims[i]
		if err := w.findHealer(&victims[i], seq); err != nil {
			return err
		}
		if err := w.setHealer(&before, &victims[i], touched); err != nil {
			return err
		}
	}
	return nil
}

// heal makes a success the healer of the failures for which it is the first.
func (w *writer) heal(ok *storedRun, members []storedRun, touched *touchedRuns) error {
	h := healer{at: ok.start, seq: ok.seq, id: ok.id}
	failures, err := w.failuresBefore(ok, h)
	if err != nil {
		return err
	}
	if err := w.healAll(failures, h, touched); err != nil {
		return err
	}
	var others []storedRun
	for i := range members {
		if m := &members[i]; m.status == statusFailed && m.start < ok.start && m.pipeline != ok.pipeline {
			others = append(others, *m)
		}
	}
	h.group = true
	return w.healAll(others, h, touched)
}

// failuresBefore returns the failures of the success's pipeline before it that
// may have no earlier healer.
func (w *writer) failuresBefore(ok *storedRun, h healer) ([]storedRun, error) {
	newest, err := w.newestSuccess(ok.pipeline)
	if err != nil {
		return nil, err
	}
	w.newestOK[ok.pipeline] = max(newest, ok.start)
	if ok.start > newest {
		// The usual case: no other success is later, so healed ones are healed rightly.
		open, err := w.runsWhere("INDEXED BY run_open_pipeline WHERE pipeline_id = ? AND status = 3 AND healed_at IS NULL AND run_start < ?", ok.pipeline, ok.start)
		if err != nil || !w.groupHealed {
			return open, err
		}
		grouped, err := w.runsWhere("INDEXED BY run_healed_group WHERE pipeline_id = ? AND flags & 64 <> 0 AND run_start < ?", ok.pipeline, ok.start)
		return append(open, grouped...), err
	}
	var failures []storedRun
	err = w.query("SELECT "+runColumns+` FROM run INDEXED BY run_odd_pipeline
		WHERE pipeline_id = ? AND status = 3 AND status <> 2 AND run_start < ? ORDER BY run_start DESC`, func(st *sqlite3.Stmt) bool {
		f := scanRun(st)
		// Healers of earlier failures are earlier or equal, so one that is healed before ends the walk.
		if f.flags&flagGroupHealed == 0 && f.healedSeq != 0 && f.healedAt < h.at {
			return false
		}
		failures = append(failures, f)
		return true
	}, ok.pipeline, ok.start)
	return failures, err
}

// healAll makes h the healer of each failure that has no better one.
func (w *writer) healAll(failures []storedRun, h healer, touched *touchedRuns) error {
	for i := range failures {
		f := failures[i]
		current := healer{at: f.healedAt, seq: f.healedSeq}
		if current.seq != 0 && current.at == h.at && current.seq != h.seq {
			var err error
			if current, err = w.withID(current); err != nil {
				return err
			}
		}
		// A success of the pipeline itself is preferred to its equal in the group: it is the same run.
		if current.seq != h.seq && !h.before(current) {
			continue
		}
		f.healedAt, f.healedSeq = h.at, h.seq
		f.flags &^= flagGroupHealed
		if h.group {
			w.groupHealed = true
			f.flags |= flagGroupHealed
		}
		if err := w.setHealer(&failures[i], &f, touched); err != nil {
			return err
		}
	}
	return nil
}

// withID reads the runId of a healer, which decides between equal starts.
func (w *writer) withID(h healer) (healer, error) {
	if h.seq == 0 {
		return h, nil
	}
	err := w.queryRow("SELECT run_id FROM run WHERE seq = ?", func(st *sqlite3.Stmt) { h.id = st.ColumnBlob(0, nil) }, h.seq)
	return h, err
}

func (w *writer) setHealer(before, after *storedRun, touched *touchedRuns) error {
	if before.healedSeq == after.healedSeq && before.healedAt == after.healedAt && before.flags == after.flags {
		return nil
	}
	err := w.exec("UPDATE run SET healed_at = ?, healed_seq = ?, flags = ? WHERE seq = ?",
		nullable(after.healedAt, after.healedSeq), nullable(after.healedSeq, after.healedSeq), after.flags, after.seq)
	if err != nil {
		return err
	}
	w.rolls.add(before, -1)
	w.rolls.add(after, 1)
	touched.add(after.seq)
	return nil
}

// newestSuccess returns a time after which the pipeline has no success. It may
// be later than the newest one, after a correction.
func (w *writer) newestSuccess(pipeline int64) (int64, error) {
	if at, ok := w.newestOK[pipeline]; ok {
		return at, nil
	}
	at := int64(math.MinInt64)
	err := w.queryRow("SELECT run_start FROM run INDEXED BY run_pipeline WHERE pipeline_id = ? AND status = 2 ORDER BY run_start DESC LIMIT 1",
		func(st *sqlite3.Stmt) { at = st.ColumnInt64(0) }, pipeline)
	if err == nil {
		w.newestOK[pipeline] = at
	}
	return at, err
}

// runsWhere reads whole rows before any of them is changed.
func (w *writer) runsWhere(rest string, args ...any) (runs []storedRun, err error) {
	err = w.query("SELECT "+runColumns+" FROM run "+rest, func(st *sqlite3.Stmt) bool {
		runs = append(runs, scanRun(st))
		return true
	}, args...)
	return runs, err
}

// groupMembers returns the other runs of a run's group in its factory.
func (w *writer) groupMembers(r *storedRun) ([]storedRun, error) {
	group := r.group
	if group == nil {
		group = r.id
	}
	members, err := w.runsWhere("INDEXED BY run_group WHERE group_id = ? AND factory_id = ? AND seq <> ?", group, r.factory, r.seq)
	if err != nil || r.group == nil {
		return members, err
	}
	first, err := w.findByID(r.factory, group)
	if err != nil || first == nil || first.seq == r.seq || first.group != nil {
		return members, err
	}
	return append(members, *first), nil
}

// regroup marks all but the latest run of the groups that a written run is in,
// with the members given, and was in.
func (w *writer) regroup(old, fresh *storedRun, members []storedRun, touched *touchedRuns) error {
	if old != nil && old.start == fresh.start && string(old.group) == string(fresh.group) {
		return nil
	}
	if old != nil && string(old.group) != string(fresh.group) {
		left, err := w.groupMembers(&storedRun{factory: old.factory, id: old.id, group: old.group, seq: old.seq})
		if err != nil {
			return err
		}
		if err := w.markLatest(left, touched); err != nil {
			return err
		}
	}
	if len(members) == 0 && fresh.flags&flagSuperseded == 0 {
		return nil
	}
	return w.markLatest(append(members, *fresh), touched)
}

// markLatest sets flagSuperseded on all but the newest member.
func (w *writer) markLatest(members []storedRun, touched *touchedRuns) error {
	latest := -1
	for i := range members {
		m := &members[i]
		if latest < 0 || m.start > members[latest].start ||
			m.start == members[latest].start && bytes.Compare(m.id, members[latest].id) > 0 {
			latest = i
		}
	}
	for i := range members {
		m := &members[i]
		flags := m.flags &^ flagSuperseded
		if i != latest {
			flags |= flagSuperseded
		}
		if flags == m.flags {
			continue
		}
		if err := w.exec("UPDATE run SET flags = (flags & ~?) | ? WHERE seq = ?", int64(flagSuperseded), flags&flagSuperseded, m.seq); err != nil {
			return err
		}
		touched.add(m.seq)
	}
	return nil
}
