package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
	"andon/internal/cause"
)

// Lists show the cause of each failed run, and a run of a log may have any number
// of activities. So what causes need of them is kept in table
// import_failed_activity, with each write that changes table import_activity: the
// last failure of each name, as of activities that Azure gives.
// Example: 1,000 turns of a loop failed in "cp". One row is kept, that of the last
// turn. A page that adds turn 1,001 reads that one and the row kept, not the others.

// deriveRows is after how many rows of import_activity a transaction of the
// derivation ends, so that other writes need not wait long.
const deriveRows = 2_000

// importedFailure is a row of table import_failed_activity.
type importedFailure struct {
	id      []byte   // of the activity run, as in table import_activity
	started adf.Time // zero when it has no start
	cause.Activity
}

func (f importedFailure) isSame(as importedFailure) bool {
	return bytes.Equal(f.id, as.id) && f.started == as.started && f.Activity == as.Activity
}

// lastFailures returns what is kept of activity runs. It sorts them.
func lastFailures(rows []importedActivity) (out []importedFailure) {
	slices.SortFunc(rows, func(a, b importedActivity) int {
		if c := compareStarts(a.run.ActivityRunStart, b.run.ActivityRunStart); c != 0 {
			return c
		}
		return bytes.Compare(a.id, b.id)
	})
	runs := make([]adf.ActivityRun, len(rows))
	for i := range rows {
		runs[i] = rows[i].run
	}
	for _, i := range cause.LastFailed(runs) {
		out = append(out, importedFailure{rows[i].id, runs[i].ActivityRunStart, cause.ActivityOf(&runs[i])})
	}
	return out
}

// isStillLast reports whether a failure that is kept is certainly the last one of
// its name when a further record changed it to now: it failed, has the same name and
// did not move towards the others. now is nil when nothing shows it any more.
func (f importedFailure) isStillLast(now *adf.ActivityRun) bool {
	return now != nil && cause.Failed(now.Status) && strings.TrimSpace(now.ActivityName) == strings.TrimSpace(f.Name) && compareStarts(now.ActivityRunStart, f.started) >= 0
}

// settleImportedFailures keeps what causes need of a run after some of its
// activity runs changed. changed holds what imports say of each of them now, by
// its id in table import_activity; none where they say nothing any more.
func (w *writer) settleImportedFailures(factory FactoryKey, runID []byte, changed map[string][]logged) error {
	isDue := false
	err := w.queryRow("SELECT 1 FROM import_failed_due WHERE factory_id = ? AND run_id = ?", func(*sqlite3.Stmt) { isDue = true }, factory, runID)
	if err != nil {
		return err
	}
	if isDue { // of its other activity runs nothing is kept yet
		_, err := w.deriveImportedFailures(factory, runID)
		return err
	}
	failed := map[string]importedActivity{}
	for id, list := range changed {
		if !slices.ContainsFunc(list, func(l logged) bool { return cause.Failed(l.status) }) {
			continue // its fold has the status of one of them
		}
		run, err := foldActivity(list)
		if err != nil {
			return err
		}
		if cause.Failed(run.Status) {
			failed[id] = importedActivity{[]byte(id), run}
		}
	}
	kept, err := w.importedFailures(factory, runID)
	if err != nil {
		return err
	}
	var rows []importedActivity
	for i := range kept {
		if _, isChanged := changed[string(kept[i].id)]; isChanged {
			var now *adf.ActivityRun
			if a, ok := failed[string(kept[i].id)]; ok {
				now = &a.run
			}
			if !kept[i].isStillLast(now) { // another of its name may be the last one
				_, err := w.deriveImportedFailures(factory, runID)
				return err
			}
			continue
		}
		if len(failed) == 0 {
			continue
		}
		list, err := w.loggedActivityRows(factory, runID, kept[i].id)
		if err != nil {
			return err
		}
		run, err := foldActivity(list)
		if err != nil {
			return err
		}
		rows = append(rows, importedActivity{kept[i].id, run})
	}
	if len(failed) == 0 {
		return nil
	}
	for _, a := range failed {
		rows = append(rows, a)
	}
	return w.putImportedFailures(factory, runID, kept, lastFailures(rows))
}

// deriveImportedFailures keeps what causes need of a run from all that imports say
// of its activities, and returns how many rows that are.
func (w *writer) deriveImportedFailures(factory FactoryKey, runID []byte) (read int64, err error) {
	kept, err := w.importedFailures(factory, runID)
	if err != nil {
		return 0, err
	}
	var rows []importedActivity
	fold := activityFold{codec: w.s.codec, each: func(a importedActivity) {
		if cause.Failed(a.run.Status) {
			rows = append(rows, a)
		}
	}}
	var foldErr error
	err = w.query("SELECT activity_id, import_id, raw FROM import_activity WHERE factory_id = ? AND run_id = ? ORDER BY activity_id, import_id", func(st *sqlite3.Stmt) bool {
		read++
		foldErr = fold.add(st.ColumnBlob(0, nil), ImportID(st.ColumnInt64(1)), st.ColumnBlob(2, nil))
		return foldErr == nil
	}, factory, runID)
	if err != nil {
		return read, err
	}
	if foldErr != nil {
		return read, foldErr
	}
	if err := fold.end(); err != nil {
		return read, err
	}
	if err := w.putImportedFailures(factory, runID, kept, lastFailures(rows)); err != nil {
		return read, err
	}
	return read, w.exec("DELETE FROM import_failed_due WHERE factory_id = ? AND run_id = ?", factory, runID)
}

// putImportedFailures stores what is kept of a run in the place of what was.
func (w *writer) putImportedFailures(factory FactoryKey, runID []byte, kept, now []importedFailure) error {
	if slices.EqualFunc(kept, now, importedFailure.isSame) {
		return nil
	}
	if err := w.exec("DELETE FROM import_failed_activity WHERE factory_id = ? AND run_id = ?", factory, runID); err != nil {
		return err
	}
	for n, f := range now {
		err := w.exec("INSERT INTO import_failed_activity (factory_id, run_id, n, activity_id, started, name, type, text, code, failure_type, child_run_id, inner_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			factory, runID, int64(n), f.id, int64(f.started), f.Name, f.Type, f.Text, f.Code, f.FailureType, f.ChildRunID, f.Inner)
		if err != nil {
			return err
		}
	}
	return nil
}

// importedFailures reads what is kept of a run.
func (w *writer) importedFailures(factory FactoryKey, runID []byte) (kept []importedFailure, err error) {
	err = w.query("SELECT activity_id, started, name, type, text, code, failure_type, child_run_id, inner_name FROM import_failed_activity WHERE factory_id = ? AND run_id = ? ORDER BY n", func(st *sqlite3.Stmt) bool {
		kept = append(kept, importedFailure{st.ColumnBlob(0, nil), adf.Time(st.ColumnInt64(1)), cause.Activity{
			Name: st.ColumnText(2), Type: st.ColumnText(3), Text: st.ColumnText(4), Code: st.ColumnText(5), FailureType: st.ColumnText(6), ChildRunID: st.ColumnText(7), Inner: st.ColumnText(8),
		}})
		return true
	}, factory, runID)
	return kept, err
}

// deriveImported keeps what causes need of the runs whose activities an earlier
// version imported.
func (s *Store) deriveImported(ctx context.Context) error {
	var runs int
	for isMore := true; isMore; {
		var done int
		err := s.submit(ctx, func(w *writer) (err error) {
			done, isMore, err = w.deriveImportedBatch()
			return err
		}, nil)
		if err != nil {
			return err
		}
		runs += done
	}
	if runs > 0 {
		s.log.InfoContext(ctx, "the causes of runs that an earlier version imported were derived", slog.Int("runs", runs))
		s.live.publish([]Change{{Kind: ChangeGap}})
	}
	return nil
}

func (w *writer) deriveImportedBatch() (runs int, isMore bool, err error) {
	for rows := int64(0); rows < deriveRows; runs++ {
		var factory FactoryKey
		var runID []byte
		err := w.queryRow("SELECT factory_id, run_id FROM import_failed_due LIMIT 1", func(st *sqlite3.Stmt) {
			factory, runID = FactoryKey(st.ColumnInt64(0)), st.ColumnBlob(1, nil)
		})
		if err != nil || runID == nil {
			return runs, false, err
		}
		read, err := w.deriveImportedFailures(factory, runID)
		if err != nil {
			return runs, false, fmt.Errorf("run %s: %w", decodeRunID(runID), err)
		}
		rows += max(read, 1)
	}
	return runs, true, nil
}

// addImportedFailures adds to failed runs with imported activities which of those
// failed.
func (s *Store) addImportedFailures(ctx context.Context, runs map[RunKey]Run, failed []int64) error {
	b := newStmt().add(`SELECT r.seq, f.name, f.type, f.text, f.code, f.failure_type, f.child_run_id, f.inner_name
		FROM run r CROSS JOIN import_failed_activity f ON f.factory_id = r.factory_id AND f.run_id = r.run_id WHERE r.seq IN `).nums(failed).add(" ORDER BY r.seq, f.n")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key RunKey
		var a cause.Activity
		if err := rows.Scan(&key, &a.Name, &a.Type, &a.Text, &a.Code, &a.FailureType, &a.ChildRunID, &a.Inner); err != nil {
			return err
		}
		r := runs[key]
		r.FailedActivities = append(r.FailedActivities, a)
		r.AreFailuresDue = false // they were derived since the run was read
		runs[key] = r
		return nil
	})
	if err != nil {
		return fmt.Errorf("read which imported activities failed: %w", err)
	}
	return nil
}

// checkImportedFailures compares what is kept of the failed activities of imports
// with what the imports say. Of runs that are still to be derived nothing is kept.
func (s *Store) checkImportedFailures(ctx context.Context) error {
	type run struct {
		factory FactoryKey
		id      string
	}
	kept := map[run][]importedFailure{}
	err := newStmt().add("SELECT factory_id, run_id, activity_id, started, name, type, text, code, failure_type, child_run_id, inner_name FROM import_failed_activity ORDER BY factory_id, run_id, n").each(ctx, s.read, func(rows *sql.Rows) error {
		var of run
		var runID []byte
		var f importedFailure
		err := rows.Scan(&of.factory, &runID, &f.id, &f.started, &f.Name, &f.Type, &f.Text, &f.Code, &f.FailureType, &f.ChildRunID, &f.Inner)
		of.id = string(runID)
		kept[of] = append(kept[of], f)
		return err
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("check the failed activities of imports: %w", err))
	}
	var runs []run
	err = newStmt().add("SELECT factory_id, run_id FROM import_activity EXCEPT SELECT factory_id, run_id FROM import_failed_due").each(ctx, s.read, func(rows *sql.Rows) error {
		var of run
		var runID []byte
		err := rows.Scan(&of.factory, &runID)
		of.id = string(runID)
		runs = append(runs, of)
		return err
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("check the failed activities of imports: %w", err))
	}
	for _, of := range runs {
		rows, err := s.foldImported(ctx, of.factory, []byte(of.id))
		if err != nil {
			return s.unavailable(fmt.Errorf("check the failed activities of imports: %w", err))
		}
		if !slices.EqualFunc(kept[of], lastFailures(rows), importedFailure.isSame) {
			return fmt.Errorf("imports hold other failed activities of run %s than its causes are taken from", decodeRunID([]byte(of.id)))
		}
		delete(kept, of)
	}
	if len(kept) > 0 {
		return fmt.Errorf("the causes of %d runs are taken from activities that no import holds, or that are still to be derived", len(kept))
	}
	return nil
}
