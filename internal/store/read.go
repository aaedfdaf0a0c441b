package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"andon/internal/adf"
	"andon/internal/cause"
)

// refresh lets a read-only store learn what another process wrote since; a
// writing one knows.
func (s *Store) refresh(ctx context.Context) error {
	if !s.readOnly {
		return nil
	}
	err := errors.Join(s.dicts.load(ctx, s.read), s.codec.load(ctx, s.read.light), s.seen.catchUp(ctx, s.read.light))
	return s.unavailable(err)
}

// loadRuns returns the runs of the keys, in their order. A key that isn't
// stored is left out.
func (s *Store) loadRuns(ctx context.Context, keys []RunKey) ([]Run, error) {
	if len(keys) == 0 {
		return []Run{}, nil
	}
	b := newStmt().add(`SELECT r.seq, r.factory_id, r.run_start, r.flags, r.status, r.recovery, h.seq, h.run_id, h.pipeline_id, h.run_start, h.run_end, h.flags, ` + showsImported + `,
		EXISTS (SELECT 1 FROM import_failed_due d WHERE d.factory_id = r.factory_id AND d.run_id = r.run_id), w.raw
		FROM run r JOIN run_raw w ON w.seq = r.seq LEFT JOIN run h ON h.seq = r.recovered_seq AND r.recovery >= 3 WHERE r.seq IN `).nums(keyNumbers(keys))
	byKey := make(map[RunKey]Run, len(keys))
	var unrecovered []int64
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key, factory, start, flags, status int64
		var code sql.NullInt64
		var packed sql.RawBytes
		var by scannedLink
		var isImported, isDue bool
		if err := rows.Scan(append([]any{&key, &factory, &start, &flags, &status, &code}, append(by.into(), &isImported, &isDue, &packed)...)...); err != nil {
			return err
		}
		r, err := s.runOf(packed)
		if err != nil {
			return fmt.Errorf("run %d: %w", key, err)
		}
		r.Key = RunKey(key)
		r.Place, _ = s.dicts.place(FactoryKey(factory))
		r.SortTime = adf.Time(start)
		r.Latest = flags&flagSuperseded == 0
		if r.Recovery = s.recoveryOf(status, code.Int64, &by); r.Recovery != nil && r.Recovery.State != Recovered {
			unrecovered = append(unrecovered, key)
		}
		if r.Activities = activityState(flags); isImported {
			r.Activities = ActivitiesImported
			r.AreFailuresDue = isDue && cause.Failed(r.Status)
		}
		r.Gone = flags&flagGone != 0
		r.Origin = originOf(flags)
		if flags&flagOdd != 0 {
			r.Odd = append(r.Odd, oddTimes(&r.PipelineRun, adf.TimeOf(s.now()))...)
		}
		byKey[r.Key] = r
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read runs: %w", err))
	}
	if err := s.addFailedActivities(ctx, byKey); err != nil {
		return nil, s.unavailable(err)
	}
	running, err := s.runningFor(ctx, unrecovered)
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("look for reruns: %w", err))
	}
	out := make([]Run, 0, len(keys))
	for _, k := range keys {
		if r, ok := byKey[k]; ok {
			if r.Recovery != nil {
				r.Recovery.Running = running[k]
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// runOf reads what ADF sent, from its own bytes.
func (s *Store) runOf(packed []byte) (Run, error) {
	raw, err := s.codec.unpack(packed)
	if err != nil {
		return Run{}, err
	}
	r, err := adf.DecodePipelineRun(raw)
	if err != nil {
		return Run{}, fmt.Errorf("read a stored row: %w", err)
	}
	out := Run{PipelineRun: r}
	if r.InvokedBy != nil {
		out.StartedBy = invokerOf(r.InvokedBy).name
	}
	return out, nil
}

func originOf(flags int64) Origin {
	switch {
	case flags&flagImport == 0:
		return OriginAzure
	case flags&flagLog != 0:
		return OriginLog
	default:
		return OriginFile
	}
}

// originFlags returns the flags of a run that only this origin has shown.
func originFlags(o Origin) int64 {
	switch o {
	case OriginFile:
		return flagImport
	case OriginLog:
		return flagImport | flagLog
	case OriginAzure:
	}
	return 0
}

func keyNumbers(keys []RunKey) []int64 {
	out := make([]int64, len(keys))
	for i, k := range keys {
		out[i] = int64(k)
	}
	return out
}

// RunsByKey returns the runs of the keys in their order; a key that isn't
// stored is left out.
func (s *Store) RunsByKey(ctx context.Context, keys []RunKey) ([]Run, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	out := make([]Run, 0, len(keys))
	for part := range slices.Chunk(keys, MaxLimit) {
		runs, err := s.loadRuns(ctx, part)
		if err != nil {
			return nil, err
		}
		out = append(out, runs...)
	}
	return out, nil
}

// runIDs returns the runIds of keys as ADF spells them.
func (s *Store) runIDs(ctx context.Context, keys []RunKey) (map[RunKey]string, error) {
	ids := make(map[RunKey]string, len(keys))
	for part := range slices.Chunk(keys, MaxLimit) {
		runs, err := s.loadRuns(ctx, part)
		if err != nil {
			return nil, err
		}
		for i := range runs {
			ids[runs[i].Key] = runs[i].RunID
		}
	}
	return ids, nil
}

// located is where a run is stored.
type located struct {
	key       RunKey
	factory   FactoryKey
	pipeline  int64
	start     int64
	end       sql.NullInt64
	flags     int64
	id, group []byte
}

// locate finds a run by its id in a factory, or in any for "", the newest
// first; others are the same id in further factories.
func (s *Store) locate(ctx context.Context, factory, runID string) (hit located, others []located, err error) {
	if err := s.refresh(ctx); err != nil {
		return located{}, nil, err
	}
	var want FactoryKey
	if factory != "" {
		if want, err = s.factoryKey(factory); err != nil {
			return located{}, nil, err
		}
	}
	all, err := s.findByID(ctx, encodeRunID(runID))
	if err != nil {
		return located{}, nil, s.unavailable(fmt.Errorf("look for run %s: %w", runID, err))
	}
	i := slices.IndexFunc(all, func(l located) bool { return want == 0 || l.factory == want })
	if i < 0 {
		return located{}, nil, s.unknownRun(ctx, runID)
	}
	return all[i], slices.Delete(slices.Clone(all), i, i+1), nil
}

func (s *Store) findByID(ctx context.Context, id []byte) ([]located, error) {
	segments := s.seen.segments(id)
	if len(segments) == 0 || len(id) == 0 {
		return nil, nil
	}
	b := newStmt().add("SELECT seq, factory_id, pipeline_id, run_start, run_end, flags, run_id, group_id FROM run").index("run_segment")
	b.add(" WHERE seq >> 13 IN ").nums(segments).add(" AND run_id = ").arg(id).add(" ORDER BY run_start DESC, seq DESC")
	var out []located
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var l located
		if err := rows.Scan(&l.key, &l.factory, &l.pipeline, &l.start, &l.end, &l.flags, &l.id, &l.group); err != nil {
			return err
		}
		out = append(out, l)
		return nil
	})
	return out, err
}

func (s *Store) unknownRun(ctx context.Context, runID string) error {
	var oldest sql.NullInt64
	if err := s.read.QueryRowContext(ctx, "SELECT min(run_start) FROM run").Scan(&oldest); err != nil {
		return s.unavailable(err)
	}
	return &NotFoundError{What: "run " + runID, HistoryFrom: adf.Time(oldest.Int64)}
}

// Run returns a run with its surroundings. factory is a short id, or "" for
// the newest run of that id in any factory; AlsoIn then names the others. It
// returns a NotFoundError for an unknown run.
func (s *Store) Run(ctx context.Context, factory, runID string) (RunDetail, error) {
	hit, others, err := s.locate(ctx, factory, runID)
	if err != nil {
		return RunDetail{}, err
	}
	runs, err := s.loadRuns(ctx, []RunKey{hit.key})
	if err != nil {
		return RunDetail{}, err
	}
	d := RunDetail{Run: runs[0]}
	if err := s.explainWork(ctx, hit, &d); err != nil {
		return RunDetail{}, s.unavailable(fmt.Errorf("read the series of run %s: %w", runID, err))
	}
	for _, o := range others {
		place, _ := s.dicts.place(o.factory)
		e := Elsewhere{Place: place, RunStart: adf.Time(o.start)}
		if o.flags&flagNoStart != 0 {
			e.RunStart = 0
		}
		d.AlsoIn = append(d.AlsoIn, e)
	}
	if err := s.surround(ctx, hit, &d); err != nil {
		return RunDetail{}, s.unavailable(fmt.Errorf("read the surroundings of run %s: %w", runID, err))
	}
	return d, nil
}

func (s *Store) surround(ctx context.Context, hit located, d *RunDetail) error {
	group, err := s.groupKeys(ctx, hit)
	if err != nil {
		return err
	}
	children, err := s.childKeys(ctx, hit)
	if err != nil {
		return err
	}
	d.GroupSize, d.ChildCount = len(group), len(children)
	if err := s.read.QueryRowContext(ctx, "SELECT source FROM factory WHERE id = ?", int64(hit.factory)).Scan(&d.Source); err != nil {
		return err
	}
	if d.PreviousRunID, err = s.neighbour(ctx, hit, true); err != nil {
		return err
	}
	d.NextRunID, err = s.neighbour(ctx, hit, false)
	return err
}

// neighbour returns the runId of the run of the same pipeline before or after.
func (s *Store) neighbour(ctx context.Context, hit located, before bool) (string, error) {
	b := newStmt().add("SELECT run_id FROM run").index("run_pipeline").add(" WHERE pipeline_id = ").arg(hit.pipeline)
	keyset(b, "run_start", before, listPlace{hit.start, hit.key})
	b.add(" ORDER BY run_start", direction(before), ", seq", direction(before), " LIMIT 1")
	var id []byte
	err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return decodeRunID(id), err
}

// Group returns the runs of a run's group in order of their start, the run
// itself included.
func (s *Store) Group(ctx context.Context, factory, runID string) ([]Run, error) {
	return s.related(ctx, factory, runID, s.groupKeys)
}

// Children returns the runs that a run started, in order of their start.
func (s *Store) Children(ctx context.Context, factory, runID string) ([]Run, error) {
	return s.related(ctx, factory, runID, s.childKeys)
}

func (s *Store) related(ctx context.Context, factory, runID string, find func(context.Context, located) ([]RunKey, error)) ([]Run, error) {
	hit, _, err := s.locate(ctx, factory, runID)
	if err != nil {
		return nil, err
	}
	keys, err := find(ctx, hit)
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read what belongs to run %s: %w", runID, err))
	}
	ctx, leave, err := s.admit(ctx, int64(len(keys)))
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.RunsByKey(ctx, keys)
}

func (s *Store) groupKeys(ctx context.Context, hit located) ([]RunKey, error) {
	id := hit.group
	if id == nil {
		id = hit.id
	}
	members := []located{hit}
	if hit.group != nil {
		firsts, err := s.findByID(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, f := range firsts {
			if f.factory == hit.factory && f.key != hit.key && f.group == nil {
				members = append(members, f)
			}
		}
	}
	b := newStmt().add("SELECT seq, run_start FROM run").index("run_group").add(" WHERE group_id = ").arg(id)
	b.add(" AND factory_id = ").arg(int64(hit.factory)).add(" AND seq <> ").arg(int64(hit.key))
	found, err := s.places(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		members = append(members, located{key: p.key, start: p.by})
	}
	slices.SortFunc(members, func(a, b located) int { return compareInts(a.start, b.start, int64(a.key), int64(b.key)) })
	keys := make([]RunKey, len(members))
	for i, m := range members {
		keys[i] = m.key
	}
	return keys, nil
}

// Children start while their parent runs. Those of other days are looked for
// too, since clocks differ and a row without runStart sorts by lastUpdated.
const (
	childDaysBefore = 1
	childDaysAfter  = 7
	maxChildDays    = 120
)

// childrenStmt selects by the index of children, which holds the first four
// bytes of the parent's id: the caller compares the whole.
func childrenStmt(parent []byte, days []int64) *stmt {
	b := newStmt().add("SELECT seq, run_start FROM run").index("run_parent_prefix")
	b.add(" WHERE parent_id IS NOT NULL AND run_start / 864000000000 IN ").nums(days)
	return b.add(" AND substr(parent_id, 1, 4) = substr(").arg(parent).add(", 1, 4)")
}

// childKeys finds a run's children in the days in which they can have started.
func (s *Store) childKeys(ctx context.Context, hit located) ([]RunKey, error) {
	first := hit.start/dayTicks - childDaysBefore
	last := int64(adf.TimeOf(s.now()))/dayTicks + childDaysAfter
	if hit.end.Valid {
		last = hit.end.Int64/dayTicks + childDaysAfter
	}
	// A start may be ahead of now, and of the run's own end.
	last = max(last, hit.start/dayTicks+childDaysAfter)
	var days []int64
	for d := first; d <= last && len(days) < maxChildDays; d++ {
		days = append(days, d)
	}
	b := childrenStmt(hit.id, days).add(" AND parent_id = ").arg(hit.id).add(" AND factory_id = ").arg(int64(hit.factory)).add(" ORDER BY 2, 1")
	found, err := s.places(ctx, b)
	keys := make([]RunKey, len(found))
	for i, p := range found {
		keys[i] = p.key
	}
	return keys, err
}

// asOf returns the oldest freshness of the factories that have one. Those that
// Azure no longer lists count only where there are no others: nothing of them is
// awaited.
func (s *Store) asOf(ctx context.Context, factories []int64) (adf.Time, error) {
	b := newStmt().add("SELECT coalesce(min(as_of) FILTER (WHERE state <> ").arg(string(StateGone)).add("), min(as_of), 0) FROM factory WHERE as_of > 0")
	if factories != nil {
		b.add(" AND id IN ").nums(factories)
	}
	var at adf.Time
	err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&at)
	return at, s.unavailable(err)
}

// Statuses returns the known statuses of pipeline runs and every other word
// that occurs.
func (s *Store) Statuses(ctx context.Context) ([]adf.Status, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	out := adf.KnownStatuses()
	for _, id := range s.dicts.statusIDs(func(id int64, _ adf.Status) bool { return id >= firstOther }) {
		out = append(out, s.dicts.word(id))
	}
	return out, nil
}

// catchUp adds the runs that another process wrote.
func (f *seenRuns) catchUp(ctx context.Context, db *sql.DB) error {
	f.mu.RLock()
	from := f.upto
	f.mu.RUnlock()
	return f.addFrom(ctx, db, from)
}
