package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// OpenRuns returns the runs of a factory that have not ended and that ADF has
// not forgotten, oldest first.
func (s *Store) OpenRuns(ctx context.Context, factory FactoryKey) ([]RunRef, error) {
	open := s.dicts.statusIDs(func(id int64, _ adf.Status) bool { return !terminalID(id) })
	b := newStmt()
	for i, status := range open {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT " + refColumns + " FROM run INDEXED BY run_odd_factory WHERE factory_id = ").arg(int64(factory))
		b.add(" AND status = ").arg(status).add(" AND status <> 2 AND flags & ").num(flagGone).add(" = 0")
	}
	b.add(" ORDER BY 3, 1")
	return s.runRefs(ctx, b)
}

// refColumns are what runRefs reads.
const refColumns = "seq, status, run_start, last_updated, flags, pipeline_id, duration_ms"

// LateRows is for how long after a run's end rows of its activities may still
// become visible. The one recorded delay was just under a minute.
const LateRows = 90 * time.Second

// RunsWithoutActivities returns finished runs whose activities are still to
// be read, or read again since they were read within LateRows of the run's
// end: failed ones first, then the newest. Runs that ended within settling are
// left for later. Imported runs, which Azure may not know any more, are left
// out, those that failed MaxActivityMisses times, and those that SkipActivities
// named.
func (s *Store) RunsWithoutActivities(ctx context.Context, factory FactoryKey, settling Window, limit int) ([]RunRef, error) {
	var out []RunRef
	for _, statuses := range [][]int64{{statusFailed}, {statusSucceeded, statusCancelled}} {
		b := newStmt()
		for i, status := range statuses {
			if i > 0 {
				b.add(" UNION ALL ")
			}
			b.add("SELECT " + refColumns + " FROM run INDEXED BY run_unread WHERE flags & 128 <> 0 AND factory_id = ").arg(int64(factory))
			b.add(" AND status = ").arg(status)
			b.add(" AND coalesce(run_end, last_updated) NOT BETWEEN ").arg(int64(settling.From)).add(" AND ").arg(int64(settling.To))
		}
		b.add(" ORDER BY 3 DESC, 1 DESC LIMIT ").arg(int64(limit - len(out)))
		refs, err := s.runRefs(ctx, b)
		if err != nil {
			return nil, err
		}
		if out = append(out, refs...); len(out) >= limit {
			break
		}
	}
	return out, nil
}

// runRefs runs a statement that yields refColumns.
func (s *Store) runRefs(ctx context.Context, b *stmt) ([]RunRef, error) {
	rows, err := b.query(ctx, s.read)
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("list runs to ask for: %w", err))
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []RunRef
	var keys []RunKey
	for rows.Next() {
		var r RunRef
		var status, flags, pipelineID int64
		if err := rows.Scan(&r.Key, &status, &r.RunStart, &r.LastUpdated, &flags, &pipelineID, &r.DurationInMs); err != nil {
			return nil, s.unavailable(err)
		}
		r.Status, r.Activities = s.dicts.word(status), activityState(flags)
		r.PipelineName = s.dicts.pipeline(pipelineID).name
		if flags&flagNoStart != 0 {
			r.RunStart = 0
		}
		out = append(out, r)
		keys = append(keys, r.Key)
	}
	if err := rows.Err(); err != nil {
		return nil, s.unavailable(err)
	}
	// runIds go back to Azure in its own spelling, which only the raw row keeps.
	ids, err := s.runIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].RunID = ids[out[i].Key]
	}
	return out, nil
}

// MarkGone says that at some time ADF did not know a run any more that had
// not ended. It keeps its status and is not asked for again, unless it turned
// up since, as a lastUpdated tells that doesn't lie ahead of Azure's clock.
func (s *Store) MarkGone(ctx context.Context, factory FactoryKey, runID string, at adf.Time) error {
	return s.changeFlags(ctx, factory, runID, func(r *storedRun) int64 {
		if terminalID(r.status) || r.lastUpdated > int64(at) && r.flags&flagAhead == 0 {
			return r.flags
		}
		return r.flags | flagGone
	})
}

// MissActivities counts an attempt to read a run's activities in vain.
func (s *Store) MissActivities(ctx context.Context, factory FactoryKey, runID string) error {
	return s.changeFlags(ctx, factory, runID, func(r *storedRun) int64 {
		n := min(misses(r.flags)+1, MaxActivityMisses)
		return withUnread(r.flags&^(flagMissBit|flagMissBit2)|n*flagMissBit, r.status)
	})
}

func (s *Store) changeFlags(ctx context.Context, factory FactoryKey, runID string, change func(*storedRun) int64) error {
	var touched *touchedRuns
	err := s.submit(ctx, func(w *writer) error {
		touched = &touchedRuns{}
		r, err := w.findByID(factory, encodeRunID(runID))
		if err != nil {
			return err
		}
		if r == nil {
			return &NotFoundError{What: "run " + runID}
		}
		flags := change(r)
		if flags == r.flags {
			return nil
		}
		if err := w.mark(r, flags, touched); err != nil {
			return err
		}
		return w.settle(touched)
	}, func() { s.publishRuns(factory, touched) })
	if err != nil {
		return fmt.Errorf("mark run %s: %w", runID, err)
	}
	return nil
}

// mark gives a stored run other flags, and notes whom that concerns: a run that
// Azure has forgotten recovers nothing, one that it shows again may.
func (w *writer) mark(r *storedRun, flags int64, touched *touchedRuns) error {
	touched.add(r.seq)
	marked := *r
	marked.flags = flags
	if err := w.noteBefore(r, &marked); err != nil {
		return err
	}
	if err := w.setFlags(r, flags); err != nil {
		return err
	}
	return w.noteRunning(r, &marked, nil)
}

func (s *Store) publishRun(factory FactoryKey, key RunKey) {
	if key == 0 {
		return
	}
	place, _ := s.dicts.place(factory)
	s.live.publish([]Change{{Kind: ChangeRun, Factory: place, Runs: []RunKey{key}}})
}

// SkipActivities says that a policy keeps no activities of these runs. They
// are not offered again, unless they are written with another status or
// duration; what is stored of them stays.
func (s *Store) SkipActivities(ctx context.Context, factory FactoryKey, runIDs []string) error {
	err := s.submit(ctx, func(w *writer) error {
		for _, id := range runIDs {
			r, err := w.findByID(factory, encodeRunID(id))
			if err != nil {
				return err
			}
			if r == nil || !terminalID(r.status) || r.flags&flagComplete != 0 {
				continue
			}
			if err := w.setFlags(r, withUnread(r.flags|flagNotKept, r.status)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("note %d runs whose activities are not kept: %w", len(runIDs), err)
	}
	return nil
}

// WriteActivities replaces the activities of a run. complete says that they
// were asked for after the run had ended, and read to the end; an incomplete
// answer never replaces a complete one. Nor does an older answer replace a newer
// one, unless it is complete and the newer one is not to stay: Azure's clock, or
// ours, was ahead then. Those of a complete answer that was asked for within
// LateRows of the run's end are offered once more.
func (s *Store) WriteActivities(ctx context.Context, factory FactoryKey, runID string, rows []adf.ActivityRun, complete bool, asOf adf.Time) error {
	if err := s.ensureDictionary(ctx, rawActivity, len(rows), func(i int) []byte { return rows[i].Raw }); err != nil {
		return fmt.Errorf("store the activities of run %s: %w", runID, err)
	}
	packed := make([][]byte, len(rows))
	for i := range rows {
		packed[i] = s.codec.pack(rawActivity, rows[i].Raw)
	}
	var changed RunKey
	err := s.submit(ctx, func(w *writer) (err error) {
		changed, err = w.writeActivities(factory, runID, rows, packed, complete, asOf)
		return err
	}, func() { s.publishRun(factory, changed) })
	if err != nil {
		return fmt.Errorf("store the activities of run %s: %w", runID, err)
	}
	return nil
}

func (w *writer) writeActivities(factory FactoryKey, runID string, rows []adf.ActivityRun, packed [][]byte, complete bool, asOf adf.Time) (RunKey, error) {
	r, err := w.findByID(factory, encodeRunID(runID))
	if err != nil {
		return 0, err
	}
	if r == nil {
		return 0, &NotFoundError{What: "run " + runID}
	}
	var before int64
	err = w.queryRow("SELECT as_of FROM activity_read WHERE run_seq = ?", func(st *sqlite3.Stmt) { before = st.ColumnInt64(0) }, r.seq)
	if err != nil {
		return 0, err
	}
	isStale := int64(asOf) < before && (!complete || isRead(r.flags))
	if isStale || !complete && r.flags&flagComplete != 0 {
		return 0, nil
	}
	if err := w.exec("DELETE FROM activity WHERE run_seq = ?", r.seq); err != nil {
		return 0, err
	}
	for i, raw := range packed {
		if err := w.exec("INSERT INTO activity (run_seq, n, raw) VALUES (?, ?, ?)", r.seq, int64(i), raw); err != nil {
			return 0, err
		}
	}
	if err := w.putFailedActivities(r.seq, rows); err != nil {
		return 0, err
	}
	if err := w.exec("INSERT OR REPLACE INTO activity_read (run_seq, as_of) VALUES (?, ?)", r.seq, int64(asOf)); err != nil {
		return 0, err
	}
	flags := r.flags &^ (flagPartial | flagComplete | flagEarly | flagNotKept)
	switch {
	case !complete:
		flags |= flagPartial
	case isEarly(r, asOf):
		flags |= flagComplete | flagEarly
	default:
		flags |= flagComplete
	}
	return RunKey(r.seq), w.setFlags(r, withUnread(flags, r.status))
}

// isEarly reports whether rows of the activities of an ended run may not have
// been visible when they were asked for. A run that ends long after that has
// an odd end, which says nothing.
func isEarly(r *storedRun, asked adf.Time) bool {
	end := adf.Time(r.lastUpdated)
	if r.end != nil {
		end = adf.Time(*r.end)
	}
	return asked < end.Add(LateRows) && end < asked.Add(LateRows)
}

// activityState reads the state out of a run's flags.
func activityState(flags int64) ActivityState {
	switch {
	case flags&flagComplete != 0:
		return ActivitiesComplete
	case flags&flagPartial != 0:
		return ActivitiesPartial
	case flags&flagNotKept != 0:
		return ActivitiesNotKept
	default:
		return ActivitiesNone
	}
}

// Activities returns the stored activities of a run: those that Azure has given.
// Where those are none, they are those that imports hold: of a run that it has
// forgotten, Azure answers an empty list. factory is a short id, or "" for the newest run of
// that id in any factory. It returns a NotFoundError for an unknown run; a run
// whose activities were not read is none.
func (s *Store) Activities(ctx context.Context, factory, runID string) (Activities, error) {
	hit, _, err := s.locate(ctx, factory, runID)
	if err != nil {
		return Activities{}, err
	}
	out := Activities{State: activityState(hit.flags), Origin: originOf(hit.flags)}
	err = s.read.QueryRowContext(ctx, "SELECT as_of FROM activity_read WHERE run_seq = ?", int64(hit.key)).Scan(&out.AsOf)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Activities{}, s.unavailable(err)
	}
	if out.Rows, err = s.activityRows(ctx, hit.key); err != nil {
		return Activities{}, s.unavailable(fmt.Errorf("read the activities of run %s: %w", runID, err))
	}
	if len(out.Rows) > 0 {
		return out, nil
	}
	if out.Rows, err = s.importedActivities(ctx, hit.factory, hit.id); err != nil {
		return Activities{}, s.unavailable(fmt.Errorf("read the imported activities of run %s: %w", runID, err))
	}
	out.AreImported = len(out.Rows) > 0
	return out, nil
}

func (s *Store) activityRows(ctx context.Context, key RunKey) ([]adf.ActivityRun, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT raw FROM activity WHERE run_seq = ? ORDER BY n", int64(key))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []adf.ActivityRun
	for rows.Next() {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return nil, err
		}
		raw, err := s.codec.unpack(packed)
		if err != nil {
			return nil, err
		}
		a, err := adf.DecodeActivityRun(raw)
		if err != nil {
			a.Odd = append(a.Odd, adf.FieldError{Problem: err.Error()})
		}
		out = append(out, a)
	}
	sortActivities(out)
	return out, rows.Err()
}

// sortActivities orders activities by their start. Those without one, which were
// skipped, come last.
func sortActivities(rows []adf.ActivityRun) {
	slices.SortStableFunc(rows, func(a, b adf.ActivityRun) int {
		return compareStarts(a.ActivityRunStart, b.ActivityRunStart)
	})
}

// compareStarts orders starts of activities. None comes last.
func compareStarts(a, b adf.Time) int {
	return compareInts(boolInt(a.IsZero()), boolInt(b.IsZero()), int64(a), int64(b))
}
