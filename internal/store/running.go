package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// This file finds the unfinished runs that would recover failed ones; the rules
// are in store/history. A list asks for a page of failed runs at once, so each
// step is one query for all of them, and a step that can find nothing is left
// out. Example: where nothing is unfinished, one query is all.

// maxUnfinished bounds the unfinished runs that are looked at, the earliest first.
const maxUnfinished = 5_000

// maxAncestors bounds how far up the parents of a failed run are followed.
// Example: a run whose parent's parent is rerun is found with 2.
const maxAncestors = 8

// maxCompared bounds the runs whose parameters are read for one page, because
// they have not the same set of them as another run.
const maxCompared = 500

// workRow is a run as far as recovery compares it.
type workRow struct {
	seq, factory, pipeline, start int64
	id, group, parent             []byte // group is the run's own id where it has none
	work
}

// workColumns are the columns of a workRow of run r, as into reads them.
const workColumns = "r.seq, r.factory_id, r.pipeline_id, r.run_start, r.run_id, coalesce(r.group_id, r.run_id), r.parent_id, coalesce(r.work_end, 0), coalesce(r.shape_id, 0), r.params_key, coalesce(r.series_id, 0)"

func (r *workRow) into() []any {
	return []any{&r.seq, &r.factory, &r.pipeline, &r.start, &r.id, &r.group, &r.parent, &r.end, &r.shape, &r.key, &r.series}
}

func (r *workRow) candidate() history.Candidate {
	return history.Candidate{Seq: r.seq, ID: r.id, Start: r.start}
}

// unfinishedRun is a run that has not ended and could recover others.
type unfinishedRun struct {
	workRow
	status int64
}

// failedWork is a failed run of the page, or an ancestor of one.
type failedWork struct {
	workRow
	status int64
	by     []byte // id of the run that recovered it; nil: none
}

// runRef names a run, or a run group, of a factory.
type runRef struct {
	factory int64
	id      string
}

// paramsRef names the runs of a pipeline with equal compared parameters.
type paramsRef struct{ pipeline, key int64 }

// runningSearch is what is read to find the unfinished runs that would recover
// failed ones.
type runningSearch struct {
	s          *Store
	byGroup    map[runRef][]history.Candidate
	byID       map[runRef]history.Candidate
	byParams   map[paramsRef][]history.Candidate
	byPipeline map[int64][]*unfinishedRun

	parents   map[runRef]*failedWork        // of failed runs
	factories []int64                       // with trigger windows; nil: not read
	windows   map[int64][]history.Candidate // unfinished runs of the trigger window of a failed run
	compared  map[int64]history.Parameters  // of runs whose parameters are compared one by one
	classes   map[int64]history.Classes     // of the pipelines of these
}

// runningFor returns for failed runs that have not recovered the unfinished run
// that would recover them, as history.Running chooses it.
func (s *Store) runningFor(ctx context.Context, failed []int64) (map[RunKey]*RunLink, error) {
	if len(failed) == 0 {
		return nil, nil
	}
	unfinished, err := s.unfinishedRuns(ctx)
	if err != nil || len(unfinished) == 0 {
		return nil, err
	}
	q := newRunningSearch(s, unfinished)
	page, err := q.load(ctx, newStmt().add("SELECT ", failedColumns, failedTables, " WHERE r.seq IN ").nums(failed))
	if err != nil {
		return nil, err
	}
	for generation, n := page, 0; len(generation) > 0 && n < maxAncestors; n++ {
		if err := q.readWindows(ctx, generation); err != nil {
			return nil, err
		}
		if err := q.readParameters(ctx, generation); err != nil {
			return nil, err
		}
		if generation, err = q.readParents(ctx, generation); err != nil {
			return nil, err
		}
	}
	bySeq := map[int64]*unfinishedRun{}
	for i := range unfinished {
		bySeq[unfinished[i].seq] = &unfinished[i]
	}
	out := map[RunKey]*RunLink{}
	for _, f := range page {
		if u := bySeq[q.running(f, maxAncestors).Seq]; u != nil {
			out[RunKey(f.seq)] = &RunLink{Key: RunKey(u.seq), RunID: decodeRunID(u.id), PipelineName: s.dicts.pipeline(u.pipeline).name, RunStart: adf.Time(u.start), Status: s.dicts.word(u.status)}
		}
	}
	return out, nil
}

// unfinishedRuns returns the runs that have not ended and could recover others,
// the earliest first.
func (s *Store) unfinishedRuns(ctx context.Context) ([]unfinishedRun, error) {
	b := newStmt()
	for i, status := range []int64{statusQueued, statusInProgress} {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT ", workColumns, ", r.status FROM run r").index("run_odd").add(" WHERE r.status <> 2 AND r.status = ").num(status)
		b.add(" AND r.flags & ").num(flagGone | flagNoStart).add(" = 0")
	}
	var out []unfinishedRun
	err := b.add(" ORDER BY 4, 5 LIMIT ").num(maxUnfinished).each(ctx, s.read, func(rows *sql.Rows) error {
		var r unfinishedRun
		err := rows.Scan(append(r.into(), &r.status)...)
		out = append(out, r)
		return err
	})
	return out, err
}

func newRunningSearch(s *Store, unfinished []unfinishedRun) *runningSearch {
	q := &runningSearch{
		s: s, byGroup: map[runRef][]history.Candidate{}, byID: map[runRef]history.Candidate{}, byParams: map[paramsRef][]history.Candidate{}, byPipeline: map[int64][]*unfinishedRun{},
		parents: map[runRef]*failedWork{}, windows: map[int64][]history.Candidate{}, compared: map[int64]history.Parameters{}, classes: map[int64]history.Classes{},
	}
	for i := range unfinished {
		u := &unfinished[i]
		c, group := u.candidate(), runRef{u.factory, string(u.group)}
		q.byGroup[group] = append(q.byGroup[group], c)
		q.byID[runRef{u.factory, string(u.id)}] = c
		if u.key != nil {
			ref := paramsRef{u.pipeline, *u.key}
			q.byParams[ref] = append(q.byParams[ref], c)
		}
		q.byPipeline[u.pipeline] = append(q.byPipeline[u.pipeline], u)
	}
	return q
}

// failedColumns and failedTables are those of a failedWork, as load reads it.
const (
	failedColumns = workColumns + ", r.status, h.run_id"
	failedTables  = " FROM run r" + failedBy
	failedBy      = " LEFT JOIN run h ON h.seq = r.recovered_seq AND r.recovery >= 3"
)

func (q *runningSearch) load(ctx context.Context, b *stmt) (out []*failedWork, err error) {
	err = b.each(ctx, q.s.read, func(rows *sql.Rows) error {
		f := &failedWork{}
		err := rows.Scan(append(f.into(), &f.status, &f.by)...)
		out = append(out, f)
		return err
	})
	return out, err
}

// running returns the unfinished run that would recover a failed run, the zero
// Candidate for none. Rows that name each other as parents end at maxAncestors.
func (q *runningSearch) running(f *failedWork, ancestors int) history.Candidate {
	e := q.evidence(f)
	c, rule := history.Running(e)
	if rule != history.NoRule || ancestors == 0 {
		return c
	}
	e.Parent = q.belowParent(f, ancestors-1)
	c, _ = history.Running(e)
	return c
}

// evidence gathers the unfinished runs that each rule but that of the parent
// names.
func (q *runningSearch) evidence(f *failedWork) history.Evidence {
	return history.Evidence{End: f.end, Rerun: q.byGroup[runRef{f.factory, string(f.group)}], Window: q.windows[f.seq], Parameters: q.equalParameters(f)}
}

func (q *runningSearch) equalParameters(f *failedWork) []history.Candidate {
	if f.key == nil {
		return nil
	}
	out := q.byParams[paramsRef{f.pipeline, *f.key}]
	if f.shape == 0 {
		return out
	}
	out = slices.Clip(out)
	for _, u := range q.byPipeline[f.pipeline] {
		if u.shape != 0 && u.shape != f.shape && history.Equal(q.compared[f.seq], q.compared[u.seq]) {
			out = append(out, u.candidate())
		}
	}
	return out
}

// belowParent returns the unfinished runs of a failed run's pipeline, with equal
// recurring parameters, below the run that recovered its parent or would
// recover it.
func (q *runningSearch) belowParent(f *failedWork, ancestors int) (out []history.Candidate) {
	parent := q.parents[runRef{f.factory, string(f.parent)}]
	if f.parent == nil || parent == nil || parent.status != statusFailed {
		return nil
	}
	redone := parent.by
	if redone == nil {
		redone = q.running(parent, ancestors).ID
	}
	if redone == nil {
		return nil
	}
	for _, u := range q.byPipeline[f.pipeline] {
		if string(u.parent) == string(redone) && q.sameSeries(f, u) {
			out = append(out, u.candidate())
		}
	}
	return out
}

func (q *runningSearch) sameSeries(f *failedWork, u *unfinishedRun) bool {
	if same, known := f.sameSeries(&u.work); known {
		return same
	}
	classes := q.classes[f.pipeline]
	return history.Equal(classes.Series(q.compared[f.seq]), classes.Series(q.compared[u.seq]))
}

// readWindows reads the unfinished runs of the trigger windows of failed runs,
// as trigger runs name them.
func (q *runningSearch) readWindows(ctx context.Context, failed []*failedWork) error {
	factories, err := q.factoriesWithWindows(ctx)
	if err != nil || len(factories) == 0 {
		return err
	}
	var seqs []int64
	bySeq := map[int64]*failedWork{}
	for _, f := range failed {
		if slices.Contains(factories, f.factory) {
			seqs = append(seqs, f.seq)
			bySeq[f.seq] = f
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	return windowsStmt(seqs).each(ctx, q.s.read, func(rows *sql.Rows) error {
		var seq int64
		var id []byte
		if err := rows.Scan(&seq, &id); err != nil {
			return err
		}
		if c, ok := q.byID[runRef{bySeq[seq].factory, string(id)}]; ok {
			q.windows[seq] = append(q.windows[seq], c)
		}
		return nil
	})
}

// windowsStmt selects runs and the other runs of their trigger windows.
func windowsStmt(seqs []int64) *stmt {
	b := newStmt().add("SELECT r.seq, other.run_id FROM run r CROSS JOIN triggered_run own").index("triggered_run_id").add(" ON own.place_id = r.factory_id AND own.run_id = r.run_id")
	b.add(" CROSS JOIN trigger_run t ON t.seq = own.trigger_seq AND t.window_from IS NOT NULL CROSS JOIN trigger_run same").index("trigger_run_window")
	b.add(` ON same.place_id = t.place_id AND same.trigger_key = t.trigger_key AND same.window_from = t.window_from AND same.window_to = t.window_to AND same.window_from IS NOT NULL
		CROSS JOIN triggered_run other ON other.trigger_seq = same.seq WHERE other.run_id <> r.run_id AND r.seq IN `)
	return b.nums(seqs)
}

// factoriesWithWindows returns the factories that have unfinished runs and
// trigger windows. Most have none, and their runs need not be looked up.
func (q *runningSearch) factoriesWithWindows(ctx context.Context) (out []int64, err error) {
	if q.factories != nil {
		return q.factories, nil
	}
	var with []int64
	for ref := range q.byID {
		if !slices.Contains(with, ref.factory) {
			with = append(with, ref.factory)
		}
	}
	b := newStmt().add("SELECT f.value FROM json_each(").arg(jsonArray(with)).add(") f WHERE EXISTS (SELECT 1 FROM trigger_run t").index("trigger_run_window")
	err = b.add(" WHERE t.place_id = f.value AND t.window_from IS NOT NULL)").each(ctx, q.s.read, func(rows *sql.Rows) error {
		var factory int64
		err := rows.Scan(&factory)
		out = append(out, factory)
		return err
	})
	q.factories = out
	if out == nil {
		q.factories = []int64{}
	}
	return out, err
}

// readParents returns the failed parents of failed runs that no rule but that
// of the parent finds an unfinished run for, and that have not recovered.
func (q *runningSearch) readParents(ctx context.Context, failed []*failedWork) (parents []*failedWork, err error) {
	wanted := map[runRef]bool{}
	for _, f := range failed {
		ref := runRef{f.factory, string(f.parent)}
		if f.parent == nil || f.series == 0 || wanted[ref] || q.parents[ref] != nil {
			continue
		}
		if _, rule := history.Running(q.evidence(f)); rule != history.NoRule {
			continue
		}
		wanted[ref] = slices.ContainsFunc(q.byPipeline[f.pipeline], func(u *unfinishedRun) bool { return u.parent != nil && u.start >= f.end })
	}
	type place struct {
		Segment int64
		ID      string
	}
	var places []place
	for ref, isWanted := range wanted {
		if isWanted {
			for _, segment := range q.s.seen.segments([]byte(ref.id)) {
				places = append(places, place{segment, hex.EncodeToString([]byte(ref.id))})
			}
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(places)
	if err != nil {
		return nil, err
	}
	found, err := q.load(ctx, parentsStmt(string(list)))
	for _, p := range found {
		ref := runRef{p.factory, string(p.id)}
		if !wanted[ref] || q.parents[ref] != nil {
			continue
		}
		q.parents[ref] = p
		if p.status == statusFailed && p.by == nil {
			parents = append(parents, p)
		}
	}
	return parents, err
}

// parentsStmt selects the runs of a JSON list of segments and runIds.
func parentsStmt(list string) *stmt {
	b := newStmt().add("SELECT ", failedColumns, " FROM json_each(").arg(list).add(") j CROSS JOIN run r").index("run_segment")
	return b.add(" ON r.seq >> 13 = j.value ->> 'Segment' AND r.run_id = unhex(j.value ->> 'ID')", failedBy)
}

// readParameters reads the compared parameters of failed runs, and of the
// unfinished ones of their pipelines that have another set of them.
func (q *runningSearch) readParameters(ctx context.Context, failed []*failedWork) error {
	rows := map[int64]*workRow{}
	need := func(r *workRow) {
		if _, ok := q.compared[r.seq]; !ok && len(rows)+len(q.compared) < maxCompared {
			rows[r.seq] = r
		}
	}
	for _, f := range failed {
		for _, u := range q.byPipeline[f.pipeline] {
			if f.series != 0 && u.series != 0 && u.start >= f.end && (f.shape == 0 || f.shape != u.shape) {
				need(&f.workRow)
				need(&u.workRow)
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	seqs := slices.Sorted(maps.Keys(rows))
	b := newStmt().add("SELECT w.seq, coalesce(p.classes, ''), w.raw FROM run r JOIN run_raw w ON w.seq = r.seq JOIN pipeline p ON p.id = r.pipeline_id WHERE r.seq IN ").nums(seqs)
	return b.each(ctx, q.s.read, func(found *sql.Rows) error {
		var seq int64
		var stored string
		var packed sql.RawBytes
		if err := found.Scan(&seq, &stored, &packed); err != nil {
			return err
		}
		one, err := q.s.runOf(packed)
		if err != nil {
			return fmt.Errorf("run %d: %w", seq, err)
		}
		r := rows[seq]
		if q.classes[r.pipeline] == nil {
			if q.classes[r.pipeline], err = decodeClasses(stored); err != nil {
				return err
			}
		}
		q.compared[seq] = q.classes[r.pipeline].Compared(history.ParametersOf(one.Parameters), treeOf(r.id, r.group, r.parent))
		return nil
	})
}
