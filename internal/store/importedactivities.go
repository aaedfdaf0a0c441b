package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// WriteActivities stores rows of activity runs that a log holds, of any runs of
// a factory. Whether their runs are stored does not matter. Rows of a run whose
// activities Azure has given are kept and count as known: they are not shown.
func (i *Importing) WriteActivities(ctx context.Context, factory FactoryKey, rows []adf.ActivityRun) (ImportChanges, error) {
	for n := range rows {
		if r := &rows[n]; r.ActivityRunID == "" || r.PipelineRunID == "" || len(r.Raw) == 0 {
			return ImportChanges{}, &InvalidError{Field: "activity runs", Problem: fmt.Sprintf("hold one without activityRunId, pipelineRunId or its raw bytes, at place %d", n)}
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
		_, err := i.w.importActivities(factory, i.id, rows, &done)
		return done, err
	}
	err := i.s.ensureDictionary(ctx, rawActivity, len(rows), func(n int) []byte { return rows[n].Raw })
	var changed []RunKey
	if err == nil {
		err = i.s.submit(ctx, func(w *writer) (err error) {
			done = ImportChanges{}
			changed, err = w.importActivities(factory, i.id, rows, &done)
			return err
		}, func() {
			for _, key := range changed {
				i.s.publishRun(factory, key)
			}
		})
	}
	if err != nil {
		return ImportChanges{}, fmt.Errorf("store %d activity runs: %w", len(rows), err)
	}
	return done, nil
}

// importActivities stores rows of an import, and returns the stored runs whose
// activities are others now.
func (w *writer) importActivities(factory FactoryKey, id ImportID, rows []adf.ActivityRun, done *ImportChanges) (changed []RunKey, err error) {
	type state struct {
		key     RunKey // 0: not stored
		isAzure bool   // Azure has given activities of it
		isNoted bool   // in changed
		// What imports say now of its activity runs that changed, by their ids.
		activities map[string][]logged
	}
	runs := map[string]*state{}
	for n := range rows {
		runID := encodeRunID(rows[n].PipelineRunID)
		run := runs[string(runID)]
		if run == nil {
			run = &state{activities: map[string][]logged{}}
			runs[string(runID)] = run
			stored, err := w.findByID(factory, runID)
			if err != nil {
				return nil, err
			}
			if stored != nil {
				run.key = RunKey(stored.seq)
				err := w.queryRow("SELECT 1 FROM activity WHERE run_seq = ? LIMIT 1", func(*sqlite3.Stmt) { run.isAzure = true }, stored.seq)
				if err != nil {
					return nil, err
				}
			}
		}
		figure, err := w.importActivity(factory, runID, id, &rows[n], done, run.activities)
		switch {
		case err != nil:
			return nil, err
		case run.isAzure:
			figure = &done.Known
		case figure != &done.Known && run.key != 0 && !run.isNoted:
			run.isNoted = true
			changed = append(changed, run.key)
		}
		*figure++
	}
	for _, runID := range slices.Sorted(maps.Keys(runs)) {
		if run := runs[runID]; len(run.activities) > 0 {
			if err := w.settleImportedFailures(factory, []byte(runID), run.activities); err != nil {
				return nil, err
			}
		}
	}
	return changed, w.exec("UPDATE import SET activities_taken = activities_taken + ?, activities_known = activities_known + ?, activities_completed = activities_completed + ? WHERE id = ?",
		int64(done.Taken), int64(done.Known), int64(done.Completed), int64(id))
}

// importActivity adds one row to what an import says of an activity run, and
// returns the figure that counts it. Where that changes what imports say of the
// activity run, changed gets it.
func (w *writer) importActivity(factory FactoryKey, runID []byte, id ImportID, row *adf.ActivityRun, done *ImportChanges, changed map[string][]logged) (figure *int, err error) {
	activityID := encodeRunID(row.ActivityRunID)
	list, err := w.loggedActivityRows(factory, runID, activityID)
	if err != nil {
		return nil, err
	}
	fresh, err := loggedActivity(id, row.Raw)
	if err != nil {
		return nil, err
	}
	list, own, figure, err := addLogged(list, fresh, done, loggedActivity)
	if err != nil || own == nil {
		return figure, err
	}
	changed[string(activityID)] = list
	return figure, w.exec("INSERT OR REPLACE INTO import_activity (factory_id, run_id, activity_id, import_id, raw) VALUES (?, ?, ?, ?, ?)",
		factory, runID, activityID, int64(id), w.s.codec.pack(rawActivity, own))
}

// loggedActivityRows reads what each import says of one activity run.
func (w *writer) loggedActivityRows(factory FactoryKey, runID, activityID []byte) ([]logged, error) {
	return w.loggedRows(loggedActivity, "SELECT import_id, raw FROM import_activity WHERE factory_id = ? AND run_id = ? AND activity_id = ?", factory, runID, activityID)
}

// loggedRows reads what each import says of one activity run or trigger run.
func (w *writer) loggedRows(read func(ImportID, []byte) (logged, error), query string, args ...any) (list []logged, err error) {
	err = w.query(query, func(st *sqlite3.Stmt) bool {
		list = append(list, logged{source: ImportID(st.ColumnInt64(0)), raw: st.ColumnBlob(1, nil)})
		return true
	}, args...)
	for i := 0; i < len(list) && err == nil; i++ {
		if list[i].raw, err = w.s.codec.unpack(list[i].raw); err == nil {
			list[i], err = read(list[i].source, list[i].raw)
		}
	}
	return list, err
}

// showsImported is an SQL condition on table run r: its activities are those that
// imports hold, since Azure has given none.
const showsImported = `EXISTS (SELECT 1 FROM import_activity a WHERE a.factory_id = r.factory_id AND a.run_id = r.run_id)
	AND NOT EXISTS (SELECT 1 FROM activity c WHERE c.run_seq = r.seq)`

// importedActivities returns the activity runs of a run that imports hold, each
// once.
func (s *Store) importedActivities(ctx context.Context, factory FactoryKey, runID []byte) ([]adf.ActivityRun, error) {
	folded, err := s.foldImported(ctx, factory, runID)
	if err != nil {
		return nil, err
	}
	var out []adf.ActivityRun
	for i := range folded {
		out = append(out, folded[i].run)
	}
	sortActivities(out)
	return out, nil
}

// importedActivity is an activity run that imports hold.
type importedActivity struct {
	id  []byte // activity_id of table import_activity
	run adf.ActivityRun
}

// foldImported returns the same in order of their ids.
func (s *Store) foldImported(ctx context.Context, factory FactoryKey, runID []byte) (out []importedActivity, err error) {
	fold := activityFold{codec: s.codec, each: func(a importedActivity) { out = append(out, a) }}
	b := newStmt().add("SELECT activity_id, import_id, raw FROM import_activity WHERE factory_id = ").arg(int64(factory)).add(" AND run_id = ").arg(runID).add(" ORDER BY activity_id, import_id")
	err = b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id, packed sql.RawBytes
		var source ImportID
		if err := rows.Scan(&id, &source, &packed); err != nil {
			return err
		}
		return fold.add(id, source, packed)
	})
	if err == nil {
		err = fold.end()
	}
	return out, err
}

// activityFold folds rows of table import_activity of one run, which come in order
// of their activity runs.
type activityFold struct {
	codec *codec
	each  func(importedActivity)

	id   []byte   // of the activity run that is being folded
	list []logged // what imports say of it
}

// add takes the next row. It keeps neither id nor packed.
func (f *activityFold) add(id []byte, source ImportID, packed []byte) error {
	if !bytes.Equal(id, f.id) {
		if err := f.end(); err != nil {
			return err
		}
		f.id = bytes.Clone(id)
	}
	raw, err := f.codec.unpack(packed)
	if err != nil {
		return err
	}
	l, err := loggedActivity(source, raw)
	f.list = append(f.list, l)
	return err
}

// end ends the last activity run.
func (f *activityFold) end() error {
	if len(f.list) == 0 {
		return nil
	}
	run, err := foldActivity(f.list)
	if err != nil {
		return err
	}
	f.list = nil
	f.each(importedActivity{f.id, run})
	return nil
}

// foldActivity returns the activity run that imports say this of.
func foldActivity(list []logged) (adf.ActivityRun, error) {
	raw, err := foldLogged(list)
	if err != nil {
		return adf.ActivityRun{}, err
	}
	return adf.DecodeActivityRun(raw)
}

// undoActivities takes what an import says of activity runs out again, and
// returns of how many.
func (s *Store) undoActivities(ctx context.Context, id ImportID) (removed int64, err error) {
	for n := removalPage; n == removalPage; removed += int64(n) {
		err := s.submit(ctx, func(w *writer) (err error) {
			n, err = w.undoActivityPage(id)
			return err
		}, func() { s.live.publish([]Change{{Kind: ChangeGap}}) })
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (w *writer) undoActivityPage(id ImportID) (removed int, err error) {
	type activity struct {
		factory   FactoryKey
		run, self []byte
	}
	var page []activity
	err = w.query("SELECT factory_id, run_id, activity_id FROM import_activity INDEXED BY import_activity_import WHERE import_id = ? ORDER BY factory_id, run_id LIMIT ?", func(st *sqlite3.Stmt) bool {
		page = append(page, activity{FactoryKey(st.ColumnInt64(0)), st.ColumnBlob(1, nil), st.ColumnBlob(2, nil)})
		return true
	}, int64(id), int64(removalPage))
	if err != nil {
		return 0, err
	}
	changed := map[string][]logged{} // of one run
	for i, a := range page {
		if err := w.exec("DELETE FROM import_activity WHERE factory_id = ? AND run_id = ? AND activity_id = ? AND import_id = ?", a.factory, a.run, a.self, int64(id)); err != nil {
			return 0, err
		}
		if changed[string(a.self)], err = w.loggedActivityRows(a.factory, a.run, a.self); err != nil {
			return 0, err
		}
		if next := i + 1; next < len(page) && page[next].factory == a.factory && bytes.Equal(page[next].run, a.run) {
			continue
		}
		if err := w.settleImportedFailures(a.factory, a.run, changed); err != nil {
			return 0, err
		}
		changed = map[string][]logged{}
	}
	return len(page), nil
}

// rewritePage is how many rows of imported activities are looked at between two
// writes: the writer is never asked for more than their runs at once.
const rewritePage = 500

// RewriteImportedActivities changes what imports say of the activities of a
// factory, to take out what must not be kept. change returns a row without that,
// and whether it differs; it may be called more than once for a row. It returns of
// how many runs rows differed. With an error a part may be rewritten; calling it
// again does the rest.
func (s *Store) RewriteImportedActivities(ctx context.Context, factory FactoryKey, change func(raw []byte) ([]byte, bool)) (rewritten int, err error) {
	var after importedKey
	for more := true; more; {
		var runs [][]byte
		if runs, more, err = s.importedToRewrite(ctx, factory, &after, change); err != nil {
			return rewritten, fmt.Errorf("look through the imported activities of factory %d: %w", factory, err)
		}
		if len(runs) == 0 { // as in nearly every page: the writer has other work
			continue
		}
		err := s.submit(ctx, func(w *writer) error {
			for _, run := range runs {
				changed, err := w.rewrite(rawActivity, "import_activity", "factory_id = ? AND run_id = ?", change, factory, run)
				if err == nil && changed { // causes must not keep it either
					_, err = w.deriveImportedFailures(factory, run)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}, nil)
		if err != nil {
			return rewritten, fmt.Errorf("rewrite the imported activities of %d runs: %w", len(runs), err)
		}
		rewritten += len(runs)
	}
	return rewritten, nil
}

// importedKey is where a row of import_activity is among those of its factory.
type importedKey struct {
	run, activity []byte
	source        ImportID
}

// importedPageStmt reads the rows after a key, in the order of the primary key.
func importedPageStmt(factory FactoryKey, after *importedKey) *stmt {
	b := newStmt().add("SELECT run_id, activity_id, import_id, raw FROM import_activity WHERE factory_id = ").arg(int64(factory))
	if after.run != nil {
		b.add(" AND (run_id, activity_id, import_id) > (").arg(after.run).add(", ").arg(after.activity).add(", ").arg(int64(after.source)).add(")")
	}
	return b.add(" ORDER BY run_id, activity_id, import_id LIMIT ").num(rewritePage)
}

// importedToRewrite looks at the page after a key, which it moves to the last row.
// It returns the runs with rows that change changes, each once, and whether
// there may be a further page.
func (s *Store) importedToRewrite(ctx context.Context, factory FactoryKey, after *importedKey, change func(raw []byte) ([]byte, bool)) (runs [][]byte, more bool, err error) {
	n := 0
	err = importedPageStmt(factory, after).each(ctx, s.read, func(rows *sql.Rows) error {
		n++
		var run, activity, packed sql.RawBytes
		if err := rows.Scan(&run, &activity, &after.source, &packed); err != nil {
			return err
		}
		after.run, after.activity = bytes.Clone(run), bytes.Clone(activity)
		raw, err := s.codec.unpack(packed)
		if err != nil {
			return err
		}
		_, differs := change(raw)
		if differs && (len(runs) == 0 || !bytes.Equal(runs[len(runs)-1], run)) {
			runs = append(runs, after.run)
		}
		return nil
	})
	return runs, n == rewritePage, s.unavailable(err)
}

// checkImportedActivities looks for activity runs of imports that are unknown or
// were undone.
func (s *Store) checkImportedActivities(ctx context.Context) error {
	var orphans int64
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM import_activity WHERE import_id NOT IN (SELECT id FROM import WHERE undone = 0)").Scan(&orphans)
	if err != nil {
		return s.unavailable(fmt.Errorf("check the imported activity runs: %w", err))
	}
	if orphans > 0 {
		return fmt.Errorf("%d activity runs are of imports that are unknown or were undone", orphans)
	}
	return nil
}
