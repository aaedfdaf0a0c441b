package store

import (
	"fmt"
	"math"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/store/history"
)

// The rules of recovery are in store/history. This file gathers what they
// need, and finds the failed runs whose recovery a written run can change, so
// that recoveries are exact whatever the order of arrival: runs of history
// come newest first, corrections come late, and a run can move.

// recovery is what became of a failed run, as it is stored.
type recovery struct {
	code   int64 // 0: not derived; 1: open; 2: not redone; from codeRecovered on the rule by which it recovered
	at, by int64 // run_start and seq of the run that recovered it; 0 unless recovered
}

// The codes of column recovery.
const (
	codeOpen      = 1
	codeNotRedone = 2
	codeRecovered = 3 // and the rule's number after it: see codeOf
)

// Conditions on a run's recovery, as the partial indexes have them.
const (
	condOpen      = "status = 3 AND recovery = 1"
	condNotRedone = "status = 3 AND recovery = 2"
	condRecovered = "status = 3 AND recovery >= 3"
	condUnderived = "status = 3 AND recovery IS NULL"
)

// recoveredCodes are the codes of runs that recovered.
func recoveredCodes() []int64 {
	return []int64{codeRecovered, codeRecovered + 1, codeRecovered + 2, codeRecovered + 3}
}

func codeOf(r history.Recovery) recovery {
	switch r.State {
	case history.Open:
		return recovery{code: codeOpen}
	case history.NotRedone:
		return recovery{code: codeNotRedone}
	case history.Recovered:
		return recovery{code: codeRecovered + int64(r.Rule-history.ByRerun), at: r.By.Start, by: r.By.Seq}
	case history.Underived:
	}
	return recovery{}
}

// state returns the state and the rule that a code stands for.
func stateOf(status, code int64) (history.State, history.RecoveryRule) {
	switch {
	case status != statusFailed || code == 0:
		return history.Underived, history.NoRule
	case code == codeOpen:
		return history.Open, history.NoRule
	case code == codeNotRedone:
		return history.NotRedone, history.NoRule
	}
	return history.Recovered, history.ByRerun + history.RecoveryRule(code-codeRecovered) //nolint:gosec // 3 to 6
}

// valid leaves out the run that an earlier schema named.
func (r recovery) valid() recovery {
	if r.code < codeRecovered {
		r.at, r.by = 0, 0
	}
	return r
}

func (r recovery) recovered() bool { return r.code >= codeRecovered }

// noteWork queues the failed runs whose recovery a written run can change. old
// is nil for a new run; members are the other runs of its group.
func (w *writer) noteWork(old, fresh *storedRun, members []storedRun, a *arrival) error {
	if err := w.renewRestricted(old, fresh, a); err != nil {
		return err
	}
	if err := w.noteRunning(old, fresh, a); err != nil {
		return err
	}
	if old != nil && old.doneWork() && (!fresh.doneWork() || !sameWork(old, fresh)) {
		if err := w.noteUndone(old); err != nil {
			return err
		}
	}
	if old != nil && old.status == statusFailed && (fresh.status != statusFailed || old.recovery.recovered()) {
		if err := w.queueFailedChildren(old); err != nil {
			return err
		}
	}
	if fresh.status == statusFailed {
		w.queue.add(fresh.seq)
	}
	if !fresh.doneWork() || old != nil && old.doneWork() && sameWork(old, fresh) {
		return nil
	}
	for i := range members {
		if members[i].status == statusFailed {
			w.queue.add(members[i].seq)
		}
	}
	for _, note := range []func(*storedRun, *arrival) error{w.noteWindowOf, w.noteParameters, w.noteSeries, w.noteParent} {
		if err := note(fresh, a); err != nil {
			return err
		}
	}
	return nil
}

// doneWork reports whether a run can recover others: it succeeded, and when it
// began is known.
func (r *storedRun) doneWork() bool { return r.status == statusSucceeded && r.flags&flagNoStart == 0 }

// sameWork reports whether two versions of a run recover the same others.
func sameWork(a, b *storedRun) bool {
	return a.start == b.start && a.pipeline == b.pipeline && a.series == b.series && a.shape == b.shape && sameInt(a.key, b.key) &&
		string(a.group) == string(b.group) && string(a.parent) == string(b.parent)
}

// noteUndone queues what a run recovered that is no success any more, or
// another one's.
func (w *writer) noteUndone(old *storedRun) error {
	if err := w.queueWhere("INDEXED BY run_recovered_by WHERE recovered_seq = ? AND recovery >= 3", old.seq); err != nil {
		return err
	}
	if old.series == 0 {
		return nil
	}
	w.memory.loseSuccess(old)
	alike, err := w.alikeSeries(old)
	for _, id := range alike {
		if err := w.queueNotRedone(id, math.MinInt64, old.start); err != nil {
			return err
		}
	}
	return err
}

// queueNotRedone queues the runs of a series that are not redone and that ended
// after a time and no later than another one.
func (w *writer) queueNotRedone(series, after, upto int64) error {
	return w.queueWhere("INDEXED BY run_failed_series WHERE "+condNotRedone+" AND series_id = ? AND work_end > ? AND work_end <= ?", series, after, upto)
}

// noteRemoved queues the failed runs whose recovery a removed run has changed.
func (w *writer) noteRemoved(r *storedRun) error {
	if err := w.renewRestricted(r, nil, nil); err != nil {
		return err
	}
	if r.doneWork() {
		return w.noteUndone(r)
	}
	if r.status == statusFailed && r.recovery.recovered() {
		return w.queueFailedChildren(r)
	}
	return nil
}

func (w *writer) queueWhere(rest string, args ...any) error {
	return w.query("SELECT seq FROM run "+rest, func(st *sqlite3.Stmt) bool {
		w.queue.add(st.ColumnInt64(0))
		return true
	}, args...)
}

// noteWindowOf queues the failed runs of a success's trigger window.
func (w *writer) noteWindowOf(ok *storedRun, _ *arrival) error {
	siblings, err := w.windowRuns(ok)
	for i := range siblings {
		if siblings[i].status == statusFailed {
			w.queue.add(siblings[i].seq)
		}
	}
	return err
}

// noteParameters queues the failed runs that a success recovers by its
// parameters. Of failed runs with the same parameters in order of their end,
// one that recovered by its parameters no later than now ends the walk: all
// that ended before it recovered no later either.
func (w *writer) noteParameters(ok *storedRun, a *arrival) error {
	if ok.key == nil {
		return nil
	}
	if err := w.noteKey(ok, *ok.key); err != nil {
		return err
	}
	return w.otherShapes(ok, a, statusFailed, ok.start, func(key int64, own bool, others []restrictedRun) error {
		if own {
			return w.noteKey(ok, key)
		}
		for _, f := range others {
			if f.from <= ok.start {
				w.queue.add(f.seq)
			}
		}
		return nil
	})
}

func (w *writer) noteKey(ok *storedRun, key int64) error {
	const failed = "INDEXED BY run_failed_work WHERE status = 3 AND pipeline_id = ? AND params_key = ? AND recovery = ? AND work_end <= ?"
	for _, code := range []int64{codeOpen, codeNotRedone, codeRecovered + int64(history.ByParent-history.ByRerun)} {
		if err := w.queueWhere(failed, ok.pipeline, key, code, ok.start); err != nil {
			return err
		}
	}
	return w.query("SELECT seq, recovered_at FROM run "+failed+" ORDER BY work_end DESC", func(st *sqlite3.Stmt) bool {
		if st.ColumnInt64(1) < ok.start {
			return false
		}
		w.queue.add(st.ColumnInt64(0))
		return true
	}, ok.pipeline, key, int64(codeRecovered)+int64(history.ByParameters-history.ByRerun), ok.start)
}

// noteSeries moves the newest success of a series, and queues its open runs
// that are not redone now.
func (w *writer) noteSeries(ok *storedRun, _ *arrival) error {
	if ok.series == 0 {
		return nil
	}
	if err := w.raiseSeries(ok.series, ok.start); err != nil {
		return err
	}
	alike, err := w.alikeSeries(ok)
	if err != nil {
		return err
	}
	for _, id := range append(alike, ok.series) {
		if err := w.queueWhere("INDEXED BY run_failed_series WHERE "+condOpen+" AND series_id = ? AND work_end <= ?", id, ok.start); err != nil {
			return err
		}
	}
	return nil
}

// noteParent queues the failed runs that a success below its parent recovers.
func (w *writer) noteParent(ok *storedRun, _ *arrival) error {
	if ok.parent == nil {
		return nil
	}
	waits := false
	for _, cond := range []string{condOpen, condNotRedone, "status = 3 AND recovery = 6"} {
		err := w.queryRow("SELECT 1 FROM run INDEXED BY run_failed_pipeline WHERE "+cond+" AND pipeline_id = ? LIMIT 1", func(*sqlite3.Stmt) { waits = true }, ok.pipeline)
		if err != nil {
			return err
		}
	}
	if !waits {
		return nil
	}
	parent, err := w.findByID(ok.factory, ok.parent)
	if err != nil || parent == nil {
		return err
	}
	failedParents, err := w.runsWhere("INDEXED BY run_recovered_by WHERE recovered_seq = ? AND recovery >= 3", parent.seq)
	for i := range failedParents {
		if err := w.queueFailedChildren(&failedParents[i]); err != nil {
			return err
		}
	}
	return err
}

// queueFailedChildren queues the failed runs that a run started: their
// recovery can follow from its own.
func (w *writer) queueFailedChildren(parent *storedRun) error {
	children, err := w.children(parent)
	for i := range children {
		if children[i].status == statusFailed {
			w.queue.add(children[i].seq)
		}
	}
	return err
}

// children returns the runs that a run started, of the days in which they can
// have begun.
func (w *writer) children(parent *storedRun) (found []storedRun, err error) {
	last := max(parent.start, parent.lastUpdated)
	if parent.end != nil {
		last = *parent.end
	}
	first := floorDiv(parent.start, dayTicks) - childDaysBefore
	for day := first; day <= floorDiv(last, dayTicks)+childDaysBefore && day < first+maxChildDays; day++ {
		part, err := w.runsWhere(`INDEXED BY run_parent_prefix WHERE parent_id IS NOT NULL AND run_start / 864000000000 = ? AND substr(parent_id, 1, 4) = substr(?, 1, 4)
			AND parent_id = ? AND factory_id = ?`, day, parent.id, parent.id, parent.factory)
		if err != nil {
			return nil, err
		}
		found = append(found, part...)
	}
	return found, nil
}

// settle works out the recovery of the queued runs and of those that follow
// from them.
func (w *writer) settle(touched *touchedRuns) error {
	if err := w.recountLost(); err != nil {
		return err
	}
	for {
		seq, ok := w.queue.next()
		if !ok {
			for _, seq := range w.queue.shown {
				touched.add(seq)
			}
			w.queue = queue{}
			return nil
		}
		if err := w.settleOne(seq, touched); err != nil {
			return fmt.Errorf("work out the recovery of run %d: %w", seq, err)
		}
	}
}

func (w *writer) settleOne(seq int64, touched *touchedRuns) error {
	found, err := w.runsWhere("WHERE seq = ?", seq)
	if err != nil || len(found) == 0 || found[0].status != statusFailed {
		return err
	}
	f := &found[0]
	pw, err := w.pipelineWork(f.pipeline)
	if err != nil || !pw.keyed {
		return err // the derivation of its pipeline will come to it
	}
	e, err := w.evidence(f)
	if err != nil {
		return err
	}
	after := codeOf(history.Recover(e))
	if after == f.recovery {
		return nil
	}
	before := *f
	f.recovery = after
	err = w.exec("UPDATE run SET recovery = ?, recovered_at = ?, recovered_seq = ? WHERE seq = ?",
		nullable(after.code), nullable(after.at), nullable(after.by), seq)
	if err != nil {
		return err
	}
	w.memory.renewRecovery(f)
	w.rolls.add(&before, -1)
	w.rolls.add(f, 1)
	touched.add(seq)
	if before.recovery.by == after.by {
		return nil
	}
	if err := w.announceBelow(f); err != nil {
		return err
	}
	return w.queueFailedChildren(f)
}

// evidence gathers what is stored about a failed run's work.
func (w *writer) evidence(f *storedRun) (history.Evidence, error) {
	e := history.Evidence{End: f.work.end}
	members, err := w.groupMembers(f)
	if err != nil {
		return e, err
	}
	e.Rerun = successes(members)
	siblings, err := w.windowRuns(f)
	if err != nil {
		return e, err
	}
	e.Window = successes(siblings)
	if e.Parameters, err = w.parameterSuccesses(f); err != nil {
		return e, err
	}
	if e.Parent, err = w.parentSuccesses(f); err != nil || f.series == 0 {
		return e, err
	}
	alike, err := w.alikeSeries(f)
	if err != nil {
		return e, err
	}
	for _, id := range append(alike, f.series) {
		at, has, err := w.newestOfSeries(id)
		if err != nil {
			return e, err
		}
		if has && (!e.HasSeriesSuccess || at > e.SeriesSuccess) {
			e.SeriesSuccess, e.HasSeriesSuccess = at, true
		}
	}
	return e, nil
}

func successes(runs []storedRun) []history.Candidate {
	var out []history.Candidate
	for i := range runs {
		if runs[i].doneWork() {
			out = append(out, runs[i].candidate())
		}
	}
	return out
}

func (r *storedRun) candidate() history.Candidate {
	return history.Candidate{Seq: r.seq, ID: r.id, Start: r.start}
}

// parameterSuccesses returns the first success with a failed run's compared
// parameters after its end, for each set of parameters that the pipeline's
// runs have.
func (w *writer) parameterSuccesses(f *storedRun) ([]history.Candidate, error) {
	if f.key == nil {
		return nil, nil
	}
	out, err := w.firstDone(f, *f.key)
	if err != nil {
		return nil, err
	}
	err = w.otherShapes(f, nil, statusSucceeded, f.work.end, func(key int64, own bool, others []restrictedRun) error {
		if own {
			first, err := w.firstDone(f, key)
			out = append(out, first...)
			return err
		}
		for _, ok := range others {
			if ok.until > others[0].until {
				break
			}
			out = append(out, history.Candidate{Seq: ok.seq, ID: ok.id, Start: ok.until})
		}
		return nil
	})
	return out, err
}

// workStretch is the length of the stretches of index run_done_work.
const workStretch = 30 * dayTicks

// firstDone returns the successes of a pipeline with a key that began first
// after a failed run's end: more than one where several began at that tick.
func (w *writer) firstDone(f *storedRun, key int64) (found []history.Candidate, err error) {
	last, err := w.newestStart()
	if err != nil {
		return nil, err
	}
	for stretch := f.work.end / workStretch; stretch <= last/workStretch && len(found) == 0; stretch++ {
		err := w.query(`SELECT seq, run_start, flags, run_id FROM run INDEXED BY run_done_work WHERE status = 2 AND params_key IS NOT NULL
			AND run_start / 25920000000000 = ? AND pipeline_id = ? AND params_key = ? AND run_start >= ? ORDER BY run_start`, func(st *sqlite3.Stmt) bool {
			c := history.Candidate{Seq: st.ColumnInt64(0), Start: st.ColumnInt64(1)}
			if len(found) > 0 && c.Start > found[0].Start {
				return false
			}
			if st.ColumnInt64(2)&flagNoStart == 0 {
				c.ID = st.ColumnBlob(3, nil)
				found = append(found, c)
			}
			return true
		}, stretch, f.pipeline, key, f.work.end)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// newestStart returns the latest run_start of all runs.
func (w *writer) newestStart() (at int64, err error) {
	err = w.queryRow("SELECT run_start FROM run INDEXED BY run_start ORDER BY run_start DESC LIMIT 1", func(st *sqlite3.Stmt) { at = st.ColumnInt64(0) })
	return at, err
}

// parentSuccesses returns the successes of a failed run's pipeline, with equal
// recurring parameters, below the run that recovered its parent.
func (w *writer) parentSuccesses(f *storedRun) ([]history.Candidate, error) {
	if f.parent == nil {
		return nil, nil
	}
	parent, err := w.findByID(f.factory, f.parent)
	if err != nil || parent == nil || parent.status != statusFailed || !parent.recovery.recovered() {
		return nil, err
	}
	by, err := w.runsWhere("WHERE seq = ?", parent.recovery.by)
	if err != nil || len(by) == 0 {
		return nil, err
	}
	children, err := w.children(&by[0])
	if err != nil {
		return nil, err
	}
	var out []history.Candidate
	for i := range children {
		c := &children[i]
		if c.pipeline != f.pipeline || !c.doneWork() {
			continue
		}
		same, err := w.sameSeries(f, c)
		if err != nil {
			return nil, err
		}
		if same {
			out = append(out, c.candidate())
		}
	}
	return out, nil
}

// windowRuns returns the other runs of a run's tumbling trigger and trigger
// window, as trigger runs name them.
func (w *writer) windowRuns(r *storedRun) ([]storedRun, error) {
	if has, err := w.hasWindows(r.factory); err != nil || !has {
		return nil, err
	}
	var ids [][]byte
	err := w.query(`SELECT other.run_id FROM triggered_run own
		JOIN trigger_run t ON t.seq = own.trigger_seq
		JOIN trigger_run same INDEXED BY trigger_run_window ON same.place_id = t.place_id AND same.trigger_key = t.trigger_key
			AND same.window_from = t.window_from AND same.window_to = t.window_to AND same.window_from IS NOT NULL
		JOIN triggered_run other ON other.trigger_seq = same.seq
		WHERE own.place_id = ? AND own.run_id = ? AND t.window_from IS NOT NULL LIMIT 1000`, func(st *sqlite3.Stmt) bool {
		if id := st.ColumnBlob(0, nil); string(id) != string(r.id) {
			ids = append(ids, id)
		}
		return true
	}, r.factory, r.id)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b []byte) int { return slices.Compare(a, b) })
	ids = slices.CompactFunc(ids, func(a, b []byte) bool { return string(a) == string(b) })
	var out []storedRun
	for _, id := range ids {
		one, err := w.findByID(r.factory, id)
		if err != nil {
			return nil, err
		}
		if one != nil {
			out = append(out, *one)
		}
	}
	return out, nil
}

// hasWindows reports whether any trigger run of a factory has a window. Most
// factories have none, and need not be asked at each run.
func (w *writer) hasWindows(factory FactoryKey) (bool, error) {
	if has, ok := w.memory.windows[factory]; ok {
		return has, nil
	}
	has := false
	err := w.queryRow("SELECT 1 FROM trigger_run INDEXED BY trigger_run_window WHERE place_id = ? AND window_from IS NOT NULL LIMIT 1", func(*sqlite3.Stmt) { has = true }, factory)
	if err == nil {
		w.memory.windows[factory] = has
	}
	return has, err
}

// queueTriggered queues the failed runs that a trigger run names.
func (w *writer) queueTriggered(factory FactoryKey, runs [][]byte) error {
	w.memory.windows[factory] = true
	for _, id := range runs {
		r, err := w.findByID(factory, id)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		if r.status == statusFailed {
			w.queue.add(r.seq)
		}
		if err := w.noteWindowOf(r, nil); err != nil {
			return err
		}
		if err := w.noteWindowRunning(r); err != nil {
			return err
		}
	}
	return nil
}
