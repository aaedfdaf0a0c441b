package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
	"andon/internal/cause"
)

// putFailedActivities stores what the cause of a run needs of its activities in
// the place of what is stored of them.
func (w *writer) putFailedActivities(seq int64, rows []adf.ActivityRun) error {
	if err := w.exec("DELETE FROM failed_activity WHERE run_seq = ?", seq); err != nil {
		return err
	}
	ordered := slices.Clone(rows)
	sortActivities(ordered)
	for n, a := range cause.FailedOf(ordered) {
		err := w.exec("INSERT INTO failed_activity (run_seq, n, name, type, text, code, failure_type, child_run_id, inner_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			seq, int64(n), a.Name, a.Type, a.Text, a.Code, a.FailureType, a.ChildRunID, a.Inner)
		if err != nil {
			return err
		}
	}
	return nil
}

// deriveFailedActivities does so for a run whose activities an earlier version
// stored.
func (w *writer) deriveFailedActivities(seq int64) error {
	var rows []adf.ActivityRun
	var packed [][]byte
	err := w.query("SELECT raw FROM activity WHERE run_seq = ? ORDER BY n", func(st *sqlite3.Stmt) bool {
		packed = append(packed, st.ColumnBlob(0, nil))
		return true
	}, seq)
	if err != nil || len(packed) == 0 {
		return err
	}
	for _, p := range packed {
		raw, err := w.s.codec.unpack(p)
		if err != nil {
			return err
		}
		if a, err := adf.DecodeActivityRun(raw); err == nil { // one that can't be read says nothing of a cause
			rows = append(rows, a)
		}
	}
	return w.putFailedActivities(seq, rows)
}

// addFailedActivities adds to failed runs what is stored of the activities that
// failed in them.
func (s *Store) addFailedActivities(ctx context.Context, runs map[RunKey]Run) error {
	var failed, imported []int64
	for key, r := range runs {
		switch {
		case !cause.Failed(r.Status):
		case r.Activities == ActivitiesImported:
			imported = append(imported, int64(key))
		default:
			failed = append(failed, int64(key))
		}
	}
	if len(imported) > 0 {
		if err := s.addImportedFailures(ctx, runs, sortedInts(imported)); err != nil {
			return err
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return s.failedActivities(ctx, newStmt().add("run_seq IN ").nums(failed), func(key RunKey, a cause.Activity) {
		r := runs[key]
		r.FailedActivities = append(r.FailedActivities, a)
		runs[key] = r
	})
}

func (s *Store) failedActivities(ctx context.Context, cond *stmt, each func(RunKey, cause.Activity)) error {
	b := newStmt().add("SELECT run_seq, name, type, text, code, failure_type, child_run_id, inner_name FROM failed_activity WHERE ", cond.text.String(), " ORDER BY run_seq, n")
	b.args = append(b.args, cond.args...)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key RunKey
		var a cause.Activity
		err := rows.Scan(&key, &a.Name, &a.Type, &a.Text, &a.Code, &a.FailureType, &a.ChildRunID, &a.Inner)
		each(key, a)
		return err
	})
	if err != nil {
		return fmt.Errorf("read which activities failed: %w", err)
	}
	return nil
}

// checkFailedActivities compares what is kept of the failed activities of
// failed runs with what the stored activities say. Other runs have no cause;
// those that an earlier version stored have nothing kept.
func (s *Store) checkFailedActivities(ctx context.Context) error {
	kept := map[RunKey][]cause.Activity{}
	if err := s.failedActivities(ctx, newStmt().add("TRUE"), func(key RunKey, a cause.Activity) { kept[key] = append(kept[key], a) }); err != nil {
		return s.unavailable(err)
	}
	var keys []RunKey
	err := newStmt().add("SELECT DISTINCT run_seq FROM activity JOIN run ON run.seq = run_seq WHERE status = ").num(statusFailed).each(ctx, s.read, func(rows *sql.Rows) error {
		var key RunKey
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return s.unavailable(err)
	}
	for _, key := range keys {
		rows, err := s.activityRows(ctx, key)
		if err != nil {
			return s.unavailable(err)
		}
		if !slices.Equal(cause.FailedOf(rows), kept[key]) {
			return fmt.Errorf("run %d has other failed activities than its causes are taken from", key)
		}
	}
	var orphans int64
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM failed_activity WHERE run_seq NOT IN (SELECT run_seq FROM activity)").Scan(&orphans); err != nil {
		return s.unavailable(err)
	}
	if orphans > 0 {
		return fmt.Errorf("%d causes are taken from activities that are not stored", orphans)
	}
	return nil
}
