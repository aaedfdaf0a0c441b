package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

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
	}
	runs := map[string]*state{}
	for n := range rows {
		runID := encodeRunID(rows[n].PipelineRunID)
		run := runs[string(runID)]
		if run == nil {
			run = &state{}
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
		figure, err := w.importActivity(factory, runID, id, &rows[n], done)
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
	return changed, w.exec("UPDATE import SET activities_taken = activities_taken + ?, activities_known = activities_known + ?, activities_completed = activities_completed + ? WHERE id = ?",
		int64(done.Taken), int64(done.Known), int64(done.Completed), int64(id))
}

// importActivity adds one row to what an import says of an activity run, and
// returns the figure that counts it.
func (w *writer) importActivity(factory FactoryKey, runID []byte, id ImportID, row *adf.ActivityRun, done *ImportChanges) (figure *int, err error) {
	activityID := encodeRunID(row.ActivityRunID)
	list, err := w.loggedRows(loggedActivity, "SELECT import_id, raw FROM import_activity WHERE factory_id = ? AND run_id = ? AND activity_id = ?", factory, runID, activityID)
	if err != nil {
		return nil, err
	}
	fresh, err := loggedActivity(id, row.Raw)
	if err != nil {
		return nil, err
	}
	_, own, figure, err := addLogged(list, fresh, done, loggedActivity)
	if err != nil || own == nil {
		return figure, err
	}
	return figure, w.exec("INSERT OR REPLACE INTO import_activity (factory_id, run_id, activity_id, import_id, raw) VALUES (?, ?, ?, ?, ?)",
		factory, runID, activityID, int64(id), w.s.codec.pack(rawActivity, own))
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
	var out []adf.ActivityRun
	var list []logged // of one activity run
	var current []byte
	fold := func() error {
		if len(list) == 0 {
			return nil
		}
		raw, err := foldLogged(list)
		if err != nil {
			return err
		}
		run, err := adf.DecodeActivityRun(raw)
		out, list = append(out, run), nil
		return err
	}
	b := newStmt().add("SELECT activity_id, import_id, raw FROM import_activity WHERE factory_id = ").arg(int64(factory)).add(" AND run_id = ").arg(runID).add(" ORDER BY activity_id, import_id")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id, packed sql.RawBytes
		var source ImportID
		if err := rows.Scan(&id, &source, &packed); err != nil {
			return err
		}
		if !bytes.Equal(id, current) {
			if err := fold(); err != nil {
				return err
			}
			current = bytes.Clone(id)
		}
		raw, err := s.codec.unpack(packed)
		if err != nil {
			return err
		}
		l, err := loggedActivity(source, raw)
		list = append(list, l)
		return err
	})
	if err == nil {
		err = fold()
	}
	sortActivities(out)
	return out, err
}

// undoActivities takes what an import says of activity runs out again, and
// returns of how many.
func (s *Store) undoActivities(ctx context.Context, id ImportID) (removed int64, err error) {
	for n := int64(removalPage); n == removalPage; removed += n {
		err := s.submit(ctx, func(w *writer) error {
			err := w.exec(`DELETE FROM import_activity WHERE (factory_id, run_id, activity_id, import_id) IN
				(SELECT factory_id, run_id, activity_id, import_id FROM import_activity INDEXED BY import_activity_import WHERE import_id = ? LIMIT ?)`, int64(id), int64(removalPage))
			n = w.conn.Changes()
			return err
		}, func() { s.live.publish([]Change{{Kind: ChangeGap}}) })
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
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
				if _, err := w.rewrite(rawActivity, "import_activity", "factory_id = ? AND run_id = ?", change, factory, run); err != nil {
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
