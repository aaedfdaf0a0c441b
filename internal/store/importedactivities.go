package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// An activity run that logs have shown is the fold of what each import says of
// it: the furthest record counts, and what that one lacks is filled from the
// others. Example: import 1 holds "cp_orders, Queued" with its input, import 2
// "cp_orders, Succeeded" without. Shown is Succeeded with that input. Undoing
// import 2 leaves Queued. Once Azure has given activities of a run, those are shown
// and no import changes them.

// loggedActivity is what one import says of an activity run.
type loggedActivity struct {
	source ImportID
	raw    []byte
	run    adf.ActivityRun
}

// foldActivity returns the row that counts. The outcome is the same for every
// order of the list, which is sorted.
func foldActivity(list []loggedActivity) (raw []byte, run adf.ActivityRun, err error) {
	slices.SortFunc(list, func(a, b loggedActivity) int { return -compareActivities(&a, &b) })
	raw, run = list[0].raw, list[0].run
	for _, other := range list[1:] {
		if raw, run, err = completeActivity(raw, run, other); err != nil {
			return nil, run, err
		}
	}
	return raw, run, nil
}

const ticksPerMillisecond = adf.TicksPerSecond / 1000

// compareActivities orders records of one activity run: one that has ended comes
// after one that has not, then one with finer times (a blob has 100 ns, Log
// Analytics milliseconds), then the later end. The bytes decide last, so that
// equal records of two files come out alike in either order.
func compareActivities(a, b *loggedActivity) int {
	isFine := func(r *adf.ActivityRun) bool {
		return int64(r.ActivityRunStart)%ticksPerMillisecond != 0 || int64(r.ActivityRunEnd)%ticksPerMillisecond != 0
	}
	c := compareInts(
		activityProgress(&a.run), activityProgress(&b.run),
		boolInt(isFine(&a.run)), boolInt(isFine(&b.run)),
		int64(a.run.ActivityRunEnd), int64(b.run.ActivityRunEnd))
	if c == 0 {
		c = bytes.Compare(a.raw, b.raw)
	}
	return c
}

// activityProgress is how far an activity run has come: unknown, queued, running,
// or at any status that is none of those, which is an end.
func activityProgress(r *adf.ActivityRun) int64 {
	switch r.Status {
	case "":
		return 0
	case adf.StatusQueued:
		return 1
	case adf.StatusInProgress, adf.StatusCanceling:
		return 2
	default:
		return 3
	}
}

// completeActivity fills the fields that a row lacks from another record. How it
// ended is taken from a record of the same status only, as of runs.
func completeActivity(raw []byte, run adf.ActivityRun, other loggedActivity) ([]byte, adf.ActivityRun, error) {
	if bytes.Equal(raw, other.raw) {
		return raw, run, nil
	}
	var members, more map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, run, fmt.Errorf("complete activity run %s: %w", run.ActivityRunID, err)
	}
	if err := json.Unmarshal(other.raw, &more); err != nil {
		return nil, run, fmt.Errorf("complete activity run %s: %w", run.ActivityRunID, err)
	}
	filled := false
	for field, value := range more {
		isEnd := field == "activityRunEnd" || field == "durationInMs" || field == "durationComputed" || field == "output" || field == "error"
		if isNull(value) || !isNull(members[field]) || isEnd && run.Status != "" && run.Status != other.run.Status {
			continue
		}
		members[field] = value
		filled = true
	}
	if !filled {
		return raw, run, nil
	}
	out, next, err := remadeActivity(members)
	if err != nil || !next.DurationComputed || next.ActivityRunStart.IsZero() || next.ActivityRunEnd.IsZero() {
		return out, next, err
	}
	// Start and end may be of two records now.
	members["durationInMs"] = fmt.Appendf(nil, "%d", next.ActivityRunEnd.Sub(next.ActivityRunStart).Round(time.Millisecond).Milliseconds())
	return remadeActivity(members)
}

func remadeActivity(members map[string]json.RawMessage) ([]byte, adf.ActivityRun, error) {
	raw, err := json.Marshal(members)
	if err != nil {
		return nil, adf.ActivityRun{}, fmt.Errorf("complete an activity run: %w", err)
	}
	run, err := adf.DecodeActivityRun(raw)
	return raw, run, err
}

// ActivityChanges says what rows of activity runs did to the store.
type ActivityChanges struct {
	Taken     int // activity runs that were new here, or had not ended in what was here
	Known     int // rows that added nothing, and further rows of an activity run that this import has shown
	Completed int // activity runs of which a missing field was filled
}

// WriteActivities stores rows of activity runs that a log holds, of any runs of
// a factory. Whether their runs are stored does not matter. Rows of a run whose
// activities Azure has given are kept and count as known: they are not shown.
func (i *Importing) WriteActivities(ctx context.Context, factory FactoryKey, rows []adf.ActivityRun) (ActivityChanges, error) {
	for n := range rows {
		if r := &rows[n]; r.ActivityRunID == "" || r.PipelineRunID == "" || len(r.Raw) == 0 {
			return ActivityChanges{}, &InvalidError{Field: "activity runs", Problem: fmt.Sprintf("hold one without activityRunId, pipelineRunId or its raw bytes, at place %d", n)}
		}
	}
	if err := i.s.checkFactory(factory); err != nil {
		return ActivityChanges{}, err
	}
	var done ActivityChanges
	if i.w != nil {
		if err := ctx.Err(); err != nil {
			return ActivityChanges{}, err
		}
		_, err := i.w.importActivities(factory, i.id, rows, &done)
		return done, err
	}
	err := i.s.ensureDictionary(ctx, rawActivity, len(rows), func(n int) []byte { return rows[n].Raw })
	var changed []RunKey
	if err == nil {
		err = i.s.submit(ctx, func(w *writer) (err error) {
			done = ActivityChanges{}
			changed, err = w.importActivities(factory, i.id, rows, &done)
			return err
		}, func() {
			for _, key := range changed {
				i.s.publishRun(factory, key)
			}
		})
	}
	if err != nil {
		return ActivityChanges{}, fmt.Errorf("store %d activity runs: %w", len(rows), err)
	}
	return done, nil
}

// importActivities stores rows of an import, and returns the stored runs whose
// activities are others now.
func (w *writer) importActivities(factory FactoryKey, id ImportID, rows []adf.ActivityRun, done *ActivityChanges) (changed []RunKey, err error) {
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
func (w *writer) importActivity(factory FactoryKey, runID []byte, id ImportID, row *adf.ActivityRun, done *ActivityChanges) (figure *int, err error) {
	activityID := encodeRunID(row.ActivityRunID)
	list, err := w.loggedActivities(factory, runID, activityID)
	if err != nil {
		return nil, err
	}
	before := slices.Clone(list)
	own := loggedActivity{source: id, raw: row.Raw, run: *row}
	i := slices.IndexFunc(list, func(l loggedActivity) bool { return l.source == id })
	if i < 0 {
		list = append(list, own)
	} else {
		further := loggedActivity{source: id}
		if further.raw, further.run, err = foldActivity([]loggedActivity{list[i], own}); err != nil {
			return nil, err
		}
		own = further
		if bytes.Equal(own.raw, list[i].raw) {
			return &done.Known, nil
		}
		list[i] = own
	}
	err = w.exec("INSERT OR REPLACE INTO import_activity (factory_id, run_id, activity_id, import_id, raw) VALUES (?, ?, ?, ?, ?)",
		factory, runID, activityID, int64(id), w.s.codec.pack(rawActivity, own.raw))
	switch {
	case err != nil:
		return nil, err
	case len(before) == 0:
		return &done.Taken, nil
	case i >= 0:
		return &done.Known, nil
	}
	old, was, err := foldActivity(before)
	if err != nil {
		return nil, err
	}
	now, is, err := foldActivity(list)
	switch {
	case err != nil:
		return nil, err
	case activityProgress(&is) > activityProgress(&was):
		return &done.Taken, nil
	case bytes.Equal(old, now):
		return &done.Known, nil
	default:
		return &done.Completed, nil
	}
}

// loggedActivities reads what each import says of an activity run.
func (w *writer) loggedActivities(factory FactoryKey, runID, activityID []byte) (list []loggedActivity, err error) {
	err = w.query("SELECT import_id, raw FROM import_activity WHERE factory_id = ? AND run_id = ? AND activity_id = ?", func(st *sqlite3.Stmt) bool {
		list = append(list, loggedActivity{source: ImportID(st.ColumnInt64(0)), raw: st.ColumnBlob(1, nil)})
		return true
	}, factory, runID, activityID)
	for i := 0; i < len(list) && err == nil; i++ {
		list[i], err = w.s.unpackActivity(list[i].source, list[i].raw)
	}
	return list, err
}

func (s *Store) unpackActivity(source ImportID, packed []byte) (loggedActivity, error) {
	l := loggedActivity{source: source}
	var err error
	if l.raw, err = s.codec.unpack(packed); err != nil {
		return l, err
	}
	if l.run, err = adf.DecodeActivityRun(l.raw); err != nil {
		return l, fmt.Errorf("read a stored activity run: %w", err)
	}
	return l, nil
}

// showsImported is an SQL condition on table run r: its activities are those that
// imports hold, since Azure has given none.
const showsImported = `EXISTS (SELECT 1 FROM import_activity a WHERE a.factory_id = r.factory_id AND a.run_id = r.run_id)
	AND NOT EXISTS (SELECT 1 FROM activity c WHERE c.run_seq = r.seq)`

// importedActivities returns the activity runs of a run that imports hold, each
// once.
func (s *Store) importedActivities(ctx context.Context, factory FactoryKey, runID []byte) ([]adf.ActivityRun, error) {
	var out []adf.ActivityRun
	var list []loggedActivity // of one activity run
	var current []byte
	fold := func() error {
		if len(list) == 0 {
			return nil
		}
		_, run, err := foldActivity(list)
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
		l, err := s.unpackActivity(source, packed)
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

// RewriteImportedActivities changes what imports say of the activities of a run,
// to take out what must not be kept. change returns a row without that, and
// whether it differs.
func (s *Store) RewriteImportedActivities(ctx context.Context, factory FactoryKey, runID string, change func(raw []byte) ([]byte, bool)) error {
	type row struct {
		activityID, raw []byte
		source          ImportID
	}
	var hasAny bool
	err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM import_activity WHERE factory_id = ? AND run_id = ?)", int64(factory), encodeRunID(runID)).Scan(&hasAny)
	if err != nil || !hasAny { // as of nearly every run: the writer has other work
		return s.unavailable(err)
	}
	err = s.submit(ctx, func(w *writer) error {
		var rows []row
		err := w.query("SELECT activity_id, import_id, raw FROM import_activity WHERE factory_id = ? AND run_id = ?", func(st *sqlite3.Stmt) bool {
			rows = append(rows, row{st.ColumnBlob(0, nil), st.ColumnBlob(2, nil), ImportID(st.ColumnInt64(1))})
			return true
		}, factory, encodeRunID(runID))
		if err != nil {
			return err
		}
		for _, r := range rows {
			raw, err := w.s.codec.unpack(r.raw)
			if err != nil {
				return err
			}
			clean, changed := change(raw)
			if !changed {
				continue
			}
			err = w.exec("UPDATE import_activity SET raw = ? WHERE factory_id = ? AND run_id = ? AND activity_id = ? AND import_id = ?",
				w.s.codec.pack(rawActivity, clean), factory, encodeRunID(runID), r.activityID, int64(r.source))
			if err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("rewrite the imported activities of run %s: %w", runID, err)
	}
	return nil
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
