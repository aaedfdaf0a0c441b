package store

import (
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// An unfinished run changes what is shown of the failed runs that it would
// recover: they name it. Their recovery stays the same, so they are not worked
// out again, only announced.

// maxAnnounced bounds the failed runs that one written run announces; the newest
// come first. It is the length of a page, and half of what the live stream sends
// before it has everything read again. Example: a pipeline without parameters failed
// 5,000 times in a row and starts again: the 100 newest are announced. The others
// name the run as well when they are read next.
const maxAnnounced = 100

// canRecover reports whether a run has not ended and would recover others if it
// succeeded.
func (r *storedRun) canRecover() bool {
	return (r.status == statusQueued || r.status == statusInProgress) && r.flags&(flagNoStart|flagGone) == 0
}

// noteBefore notes, before a run is written, the failed runs that name it and
// those below it that name another run since it failed. fresh is what it
// becomes.
func (w *writer) noteBefore(old, fresh *storedRun) error {
	if old == nil || looksAlike(old, fresh) {
		return nil
	}
	if fresh.doneWork() && sameWork(old, fresh) && old.parent == nil {
		return nil // what it would have recovered it does recover, and settle announces that
	}
	return w.announceAround(old, nil)
}

// noteRunning notes the same of a run that was written.
func (w *writer) noteRunning(old, fresh *storedRun, a *arrival) error {
	if old != nil && looksAlike(old, fresh) {
		return nil
	}
	return w.announceAround(fresh, a)
}

// looksAlike reports whether failed runs name two versions of a run alike.
func looksAlike(a, b *storedRun) bool {
	return a.status == b.status && a.canRecover() == b.canRecover() && a.work.end == b.work.end && sameWork(a, b)
}

func (w *writer) announceAround(r *storedRun, a *arrival) error {
	switch {
	case r.canRecover():
		return w.announce(r, a)
	case r.status == statusFailed:
		return w.announceBelow(r)
	}
	return nil
}

// announce notes the failed runs that an unfinished run would recover, and those
// below them that a run below it would recover. Example: a night is rerun; its
// failed child orders names the orders that the rerun has started.
func (w *writer) announce(u *storedRun, a *arrival) error {
	type pair struct {
		run    storedRun
		failed []storedRun
	}
	failed, err := w.wouldRecover(u, a, maxAncestors)
	if err != nil {
		return err
	}
	pairs := []pair{{*u, failed}}
	for n := 0; len(pairs) > 0 && n < maxAnnounced; pairs = pairs[1:] {
		p := pairs[0]
		p.failed = p.failed[:min(len(p.failed), maxAnnounced-n)]
		if len(p.failed) == 0 {
			continue
		}
		for i := range p.failed {
			w.queue.shown = append(w.queue.shown, p.failed[i].seq)
		}
		n += len(p.failed)
		children, err := w.children(&p.run)
		if err != nil {
			return err
		}
		for i := range children {
			if !children[i].canRecover() {
				continue
			}
			below, err := w.failedChildren(p.failed, &children[i])
			if err != nil {
				return err
			}
			pairs = append(pairs, pair{children[i], newestFailed(below, children[i].start)})
		}
	}
	return nil
}

// announceBelow notes the failed runs below a failed one: which run they name
// follows from what recovered it, or would.
func (w *writer) announceBelow(failed *storedRun) error {
	parents := []storedRun{*failed}
	for n := 0; len(parents) > 0 && n < maxAnnounced; parents = parents[1:] {
		if is, err := w.hasUnfinishedSince(parents[0].factory, parents[0].work.end); err != nil || !is {
			return err
		}
		children, err := w.children(&parents[0])
		if err != nil {
			return err
		}
		for i := range children {
			if f := &children[i]; f.status == statusFailed && !f.recovery.recovered() && n < maxAnnounced {
				w.queue.shown = append(w.queue.shown, f.seq)
				parents = append(parents, *f)
				n++
			}
		}
	}
	return nil
}

// hasUnfinishedSince reports whether a factory has an unfinished run that began
// at a time or later.
func (w *writer) hasUnfinishedSince(factory FactoryKey, at int64) (has bool, err error) {
	for _, status := range []int64{statusInProgress, statusQueued} {
		err = w.queryRow("SELECT 1 FROM run INDEXED BY run_odd_factory WHERE status <> 2 AND factory_id = ? AND status = ? AND run_start >= ? LIMIT 1", func(*sqlite3.Stmt) { has = true }, factory, status, at)
		if err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// noteWindowRunning notes the failed runs of a run's trigger window, which has
// just become known.
func (w *writer) noteWindowRunning(r *storedRun) error {
	if r.canRecover() {
		return w.announce(r, nil)
	}
	if r.status != statusFailed {
		return nil
	}
	siblings, err := w.windowRuns(r)
	for i := range siblings {
		if err == nil && siblings[i].canRecover() {
			err = w.announce(&siblings[i], nil)
		}
	}
	return err
}

// wouldRecover returns the failed runs that a run would recover if it succeeded:
// at most maxAnnounced, the newest first. Parents are followed so many
// generations up.
func (w *writer) wouldRecover(u *storedRun, a *arrival, ancestors int) ([]storedRun, error) {
	found, err := w.groupMembers(u)
	if err != nil {
		return nil, err
	}
	siblings, err := w.windowRuns(u)
	if err != nil {
		return nil, err
	}
	found = append(found, siblings...)
	waits, err := w.hasUnrecovered(u.pipeline)
	if err != nil {
		return nil, err
	}
	if waits {
		for _, of := range []func() ([]storedRun, error){
			func() ([]storedRun, error) { return w.unrecoveredByParameters(u, a) },
			func() ([]storedRun, error) { return w.unrecoveredByParent(u, ancestors) },
		} {
			more, err := of()
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	return newestFailed(found, u.start), nil
}

// newestFailed returns the runs that failed before start and have not
// recovered, each once, the newest first, at most maxAnnounced.
func newestFailed(runs []storedRun, start int64) []storedRun {
	runs = slices.DeleteFunc(runs, func(r storedRun) bool {
		return r.status != statusFailed || r.recovery.recovered() || r.work.end > start
	})
	slices.SortFunc(runs, func(a, b storedRun) int { return compareInts(b.work.end, a.work.end, a.seq, b.seq) })
	runs = slices.CompactFunc(runs, func(a, b storedRun) bool { return a.seq == b.seq })
	return runs[:min(len(runs), maxAnnounced)]
}

// hasUnrecovered reports whether a pipeline has a failed run that has not
// recovered. Most have none, and need no further search.
func (w *writer) hasUnrecovered(pipeline int64) (has bool, err error) {
	err = w.queryRow("SELECT 1 FROM run INDEXED BY run_failed_pipeline WHERE status = 3 AND pipeline_id = ? AND recovery < 3 LIMIT 1", func(*sqlite3.Stmt) { has = true }, pipeline)
	return has, err
}

func (w *writer) unrecoveredByParameters(u *storedRun, a *arrival) ([]storedRun, error) {
	if u.key == nil {
		return nil, nil
	}
	found, err := w.unrecoveredOf(u, *u.key)
	if err != nil {
		return nil, err
	}
	err = w.otherShapes(u, a, statusFailed, u.start, func(key int64, own bool, others []restrictedRun) error {
		if own {
			more, err := w.unrecoveredOf(u, key)
			found = append(found, more...)
			return err
		}
		for _, f := range others[max(0, len(others)-maxAnnounced):] { // those that have not recovered are last, in order of arrival
			more, err := w.runsWhere("WHERE seq = ?", f.seq)
			if err != nil {
				return err
			}
			found = append(found, more...)
		}
		return nil
	})
	return found, err
}

// unrecoveredOf returns the newest failed runs with a key of compared parameters.
func (w *writer) unrecoveredOf(u *storedRun, key int64) (found []storedRun, err error) {
	for _, code := range []int64{codeOpen, codeNotRedone} {
		part, err := w.runsWhere(`INDEXED BY run_failed_work WHERE status = 3 AND pipeline_id = ? AND params_key = ? AND recovery = ? AND work_end <= ?
			ORDER BY work_end DESC LIMIT ?`, u.pipeline, key, code, u.start, int64(maxAnnounced))
		if err != nil {
			return nil, err
		}
		found = append(found, part...)
	}
	return found, nil
}

// unrecoveredByParent returns the failed runs of a run's pipeline, with equal
// recurring parameters, whose parent the run's own parent recovered, or would
// recover if it succeeded.
func (w *writer) unrecoveredByParent(u *storedRun, ancestors int) ([]storedRun, error) {
	if u.parent == nil || u.series == 0 || ancestors == 0 {
		return nil, nil
	}
	parent, err := w.findByID(u.factory, u.parent)
	if err != nil || parent == nil {
		return nil, err
	}
	var failedParents []storedRun
	switch {
	case parent.doneWork():
		failedParents, err = w.runsWhere("INDEXED BY run_recovered_by WHERE recovered_seq = ? AND recovery >= 3 ORDER BY seq DESC LIMIT ?", parent.seq, int64(maxAnnounced))
	case parent.canRecover():
		failedParents, err = w.wouldRecover(parent, nil, ancestors-1)
	}
	if err != nil {
		return nil, err
	}
	return w.failedChildren(failedParents, u)
}

// failedChildren returns the failed children of runs that are of the same
// series as another run, at most some more than maxAnnounced.
func (w *writer) failedChildren(parents []storedRun, like *storedRun) (found []storedRun, err error) {
	for i := range parents {
		if len(found) >= maxAnnounced {
			break
		}
		children, err := w.children(&parents[i])
		if err != nil {
			return nil, err
		}
		for j := range children {
			if f := &children[j]; f.pipeline == like.pipeline && f.status == statusFailed {
				same, err := w.sameSeries(like, f)
				if err != nil {
					return nil, err
				}
				if same {
					found = append(found, *f)
				}
			}
		}
	}
	return found, nil
}
