package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// WriteTriggerRuns stores rows of trigger runs that a log holds. A trigger run
// that Azure has shown stays as it is; its rows are kept and count as known. A log
// names no pipeline runs, so that those rows have no links to any.
func (i *Importing) WriteTriggerRuns(ctx context.Context, factory FactoryKey, rows []adf.TriggerRun) (ImportChanges, error) {
	for n := range rows {
		if r := &rows[n]; r.TriggerRunID == "" || r.TriggerRunTimestamp.IsZero() || len(r.Raw) == 0 {
			return ImportChanges{}, &InvalidError{Field: "trigger runs", Problem: fmt.Sprintf("hold one without triggerRunId, triggerRunTimestamp or its raw bytes, at place %d", n)}
		}
	}
	if err := i.s.checkFactory(factory); err != nil {
		return ImportChanges{}, err
	}
	var done ImportChanges
	if i.w != nil {
		if err := ctx.Err(); err != nil {
			return ImportChanges{}, err
		}
		err := i.w.importTriggerRuns(factory, i.id, rows, &done)
		return done, err
	}
	err := i.s.ensureDictionary(ctx, rawTriggerRun, len(rows), func(n int) []byte { return rows[n].Raw })
	if err == nil {
		err = i.s.submit(ctx, func(w *writer) error {
			done = ImportChanges{}
			return w.importTriggerRuns(factory, i.id, rows, &done)
		}, func() { i.s.publishResource(factory, SurroundingTriggerRuns) })
	}
	if err != nil {
		return ImportChanges{}, fmt.Errorf("store %d trigger runs of logs: %w", len(rows), err)
	}
	return done, nil
}

func (w *writer) importTriggerRuns(factory FactoryKey, id ImportID, rows []adf.TriggerRun, done *ImportChanges) error {
	for n := range rows {
		key := triggerRunKey(rows[n].TriggerRunID)
		list, err := w.loggedTriggerRuns(factory, key)
		if err != nil {
			return err
		}
		fresh, err := loggedTriggerRun(id, rows[n].Raw)
		if err != nil {
			return err
		}
		list, own, figure, err := addLogged(list, fresh, done, loggedTriggerRun)
		if err != nil {
			return err
		}
		if own != nil {
			err = w.exec("INSERT OR REPLACE INTO import_trigger_run (place_id, id_key, import_id, raw) VALUES (?, ?, ?, ?)", factory, key, int64(id), w.s.codec.pack(rawTriggerRun, own))
			if err != nil {
				return err
			}
			isAzure, err := w.settleLoggedTrigger(factory, key, list)
			if err != nil {
				return err
			}
			if isAzure {
				figure = &done.Known
			}
		}
		*figure++
	}
	return w.exec("UPDATE import SET triggers_taken = triggers_taken + ?, triggers_known = triggers_known + ?, triggers_completed = triggers_completed + ? WHERE id = ?",
		int64(done.Taken), int64(done.Known), int64(done.Completed), int64(id))
}

func (w *writer) loggedTriggerRuns(factory FactoryKey, key string) ([]logged, error) {
	return w.loggedRows(loggedTriggerRun, "SELECT import_id, raw FROM import_trigger_run WHERE place_id = ? AND id_key = ?", factory, key)
}

// settleLoggedTrigger makes the row of a trigger run of what imports say of it,
// and removes it when they say nothing. One that Azure has shown stays as it is.
func (w *writer) settleLoggedTrigger(factory FactoryKey, key string, list []logged) (isAzure bool, err error) {
	old, err := w.findTrigger(factory, key)
	if err != nil || old != nil && old.flags&triggerLog == 0 {
		return old != nil, err
	}
	if len(list) == 0 {
		if old == nil {
			return false, nil
		}
		return false, errors.Join(w.exec("DELETE FROM trigger_run WHERE seq = ?", old.seq), w.countOdd(factory, -(old.flags&triggerOdd)))
	}
	raw, err := foldLogged(list)
	if err != nil {
		return false, err
	}
	run, err := adf.DecodeTriggerRun(raw)
	if err != nil {
		return false, fmt.Errorf("read a trigger run of a log: %w", err)
	}
	a := w.s.arriveTrigger(&run, 0)
	a.flags |= triggerLog
	p := TriggerRunPage{Factory: factory}
	if old == nil {
		return false, errors.Join(w.insertTrigger(p, &a), w.countOdd(factory, a.flags&triggerOdd))
	}
	return false, errors.Join(w.updateTrigger(p, &a, old), w.countOdd(factory, a.flags&triggerOdd-old.flags&triggerOdd))
}

// undoTriggerRuns takes what an import says of trigger runs out again, and returns
// of how many.
func (s *Store) undoTriggerRuns(ctx context.Context, id ImportID) (removed int64, err error) {
	type trigger struct {
		factory FactoryKey
		key     string
	}
	for isMore := true; isMore; {
		var page []trigger
		err := s.submit(ctx, func(w *writer) error {
			page = nil
			err := w.query("SELECT place_id, id_key FROM import_trigger_run INDEXED BY import_trigger_run_import WHERE import_id = ? LIMIT ?", func(st *sqlite3.Stmt) bool {
				page = append(page, trigger{FactoryKey(st.ColumnInt64(0)), st.ColumnText(1)})
				return true
			}, int64(id), int64(removalPage))
			if err != nil {
				return err
			}
			for _, t := range page {
				if err := w.dropLoggedTrigger(t.factory, t.key, id); err != nil {
					return err
				}
			}
			return nil
		}, func() { s.live.publish([]Change{{Kind: ChangeGap}}) })
		if err != nil {
			return removed, err
		}
		removed += int64(len(page))
		isMore = len(page) == removalPage
	}
	return removed, nil
}

func (w *writer) dropLoggedTrigger(factory FactoryKey, key string, id ImportID) error {
	if err := w.exec("DELETE FROM import_trigger_run WHERE place_id = ? AND id_key = ? AND import_id = ?", factory, key, int64(id)); err != nil {
		return err
	}
	list, err := w.loggedTriggerRuns(factory, key)
	if err != nil {
		return err
	}
	_, err = w.settleLoggedTrigger(factory, key, list)
	return err
}

// checkImportedTriggerRuns looks for trigger runs of imports that are unknown or
// were undone, and for imported trigger runs that are not stored, or the reverse.
func (s *Store) checkImportedTriggerRuns(ctx context.Context) error {
	var orphans, lost, wrong int64
	err := s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM import_trigger_run WHERE import_id NOT IN (SELECT id FROM import WHERE undone = 0)),
		(SELECT count(*) FROM import_trigger_run i WHERE NOT EXISTS (SELECT 1 FROM trigger_run t WHERE t.place_id = i.place_id AND t.id_key = i.id_key)),
		(SELECT count(*) FROM trigger_run t WHERE flags & ? <> 0 AND NOT EXISTS (SELECT 1 FROM import_trigger_run i WHERE t.place_id = i.place_id AND t.id_key = i.id_key))`,
		int64(triggerLog)).Scan(&orphans, &lost, &wrong)
	switch {
	case err != nil:
		return s.unavailable(fmt.Errorf("check the imported trigger runs: %w", err))
	case orphans+lost+wrong > 0:
		return fmt.Errorf("%d trigger runs are of imports that are unknown or were undone, %d of imports are not stored, and %d are of no import", orphans, lost, wrong)
	}
	return nil
}
