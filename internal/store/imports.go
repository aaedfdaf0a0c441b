package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// removalPage is how many runs are removed in one transaction.
const removalPage = 500

// Import is one import of files: what it was given, and what it did.
type Import struct {
	ID        ImportID
	Began     adf.Time
	Ended     adf.Time // zero when it was broken off
	Undone    adf.Time // zero when it was not undone
	Paths     []string // as they were named
	Files     int64    // that were read
	Taken     int64    // runs that were new here, or newer than what was here
	Known     int64    // rows that added nothing
	Completed int64    // runs of which a missing field was filled
	Refused   int64    // rows that are no run
	// Activities and TriggerRuns are the same figures of activity runs and trigger
	// runs.
	Activities, TriggerRuns struct{ Taken, Known, Completed int64 }
}

// Importing is an import that is going on.
type Importing struct {
	s  *Store
	id ImportID
	w  *writer // of a rehearsal, which is one transaction; else nil
}

// Import has body write the runs of files as one import, which UndoImport can
// take out again. What body has written stays when it returns an error.
func (s *Store) Import(ctx context.Context, paths []string, body func(*Importing) error) error {
	i := &Importing{s: s}
	err := s.submit(ctx, func(w *writer) (err error) {
		i.id, err = w.beginImport(paths)
		return err
	}, nil)
	if err != nil {
		return fmt.Errorf("begin an import: %w", err)
	}
	return body(i)
}

var errRehearsed = errors.New("a rehearsal is rolled back")

// RehearseImport is Import in one transaction that is rolled back: each figure is
// what Import would give, and nothing is stored. Nothing else can be written
// meanwhile.
func (s *Store) RehearseImport(ctx context.Context, paths []string, body func(*Importing) error) error {
	// body must have ended when this returns, so ctx ends body and not the waiting for it.
	err := s.submit(context.WithoutCancel(ctx), func(w *writer) error {
		id, err := w.beginImport(paths)
		if err != nil {
			return err
		}
		if err := body(&Importing{s: s, id: id, w: w}); err != nil {
			return err
		}
		return errRehearsed
	}, nil)
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

func (w *writer) beginImport(paths []string) (ImportID, error) {
	list, err := json.Marshal(paths)
	if err != nil {
		return 0, fmt.Errorf("write the names of files: %w", err)
	}
	err = w.exec("INSERT INTO import (began, paths) VALUES (?, ?)", int64(adf.TimeOf(w.s.now())), string(list))
	return ImportID(w.conn.LastInsertRowID()), err
}

// ID returns what UndoImport takes.
func (i *Importing) ID() ImportID { return i.id }

// Write stores a page of the import. Its Origin is OriginFile or OriginLog.
// Completed of the result counts runs that were here and lacked a field;
// Unchanged counts rows that added nothing, and further rows of a run that this
// import has shown already.
func (i *Importing) Write(ctx context.Context, p Page) (Changes, error) {
	if originFlags(p.Origin) == 0 {
		return Changes{}, &InvalidError{Field: "origin", Problem: fmt.Sprintf("of an import is %s or %s, not %q", OriginFile, OriginLog, p.Origin)}
	}
	p.Import = i.id
	if i.w == nil {
		return i.s.WriteRuns(ctx, p)
	}
	if err := errors.Join(ctx.Err(), i.s.checkFactory(p.Factory)); err != nil {
		return Changes{}, err
	}
	arrivals, err := i.s.arriveAll(p)
	if err != nil {
		return Changes{}, err
	}
	var done Changes
	err = i.w.writePage(p, arrivals, &done, &touchedRuns{})
	return done, err
}

// PutFactory is PutFactory of the store for a factory that the files name.
func (i *Importing) PutFactory(ctx context.Context, id adf.FactoryID) (Place, error) {
	f := adf.Factory{ID: id, Name: id.Name()}
	if i.w == nil {
		return i.s.PutFactory(ctx, f, "")
	}
	place, _, err := i.w.putFactory(f, "")
	return place, err
}

// End notes that the import is over, and what it did beside its pages.
func (i *Importing) End(ctx context.Context, files, refused int64) error {
	end := func(w *writer) error {
		return w.exec("UPDATE import SET ended = ?, files = ?, refused = ? WHERE id = ?", int64(adf.TimeOf(w.s.now())), files, refused, int64(i.id))
	}
	if i.w != nil {
		return end(i.w)
	}
	if err := i.s.submit(ctx, end, nil); err != nil {
		return fmt.Errorf("end import %d: %w", i.id, err)
	}
	return nil
}

// countImport adds what a page did to the figures of its import.
func (w *writer) countImport(id ImportID, done Changes) error {
	if id == fromAPI {
		return nil
	}
	return w.exec("UPDATE import SET taken = taken + ?, known = known + ?, completed = completed + ? WHERE id = ?",
		int64(done.Inserted+done.Updated), int64(done.Unchanged), int64(done.Completed), int64(id))
}

// Imports returns every import, the newest first.
func (s *Store) Imports(ctx context.Context) ([]Import, error) {
	var out []Import
	err := newStmt().add("SELECT id, began, ended, undone, paths, files, taken, known, completed, refused, activities_taken, activities_known, activities_completed, triggers_taken, triggers_known, triggers_completed FROM import ORDER BY id DESC").each(ctx, s.read, func(rows *sql.Rows) error {
		var i Import
		var paths string
		if err := rows.Scan(&i.ID, &i.Began, &i.Ended, &i.Undone, &paths, &i.Files, &i.Taken, &i.Known, &i.Completed, &i.Refused, &i.Activities.Taken, &i.Activities.Known, &i.Activities.Completed,
			&i.TriggerRuns.Taken, &i.TriggerRuns.Known, &i.TriggerRuns.Completed); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(paths), &i.Paths); err != nil {
			return fmt.Errorf("the names of files of import %d: %w", i.ID, err)
		}
		out = append(out, i)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the imports: %w", err))
	}
	return out, nil
}

// Undone says what undoing an import did.
type Undone struct {
	Removed int64 // runs that nothing else has shown
	Kept    int64 // runs that have what their other sources say
	// Activities and TriggerRuns are those of which the import had said something.
	// Other imports may have shown them, too.
	Activities, TriggerRuns int64
}

// UndoImport takes out what an import gave: runs that it alone has shown are
// removed, others have what their other sources say. Afterwards the store reads as
// if the import had never happened, apart from its entry in Imports and from the
// case of letters in the name of a pipeline that the import named first; how many
// series its pipelines have is right after the next Derive. When it is broken off,
// it can be called again. It returns a NotFoundError for an unknown
// import, and an InvalidError for one that is undone already.
func (s *Store) UndoImport(ctx context.Context, id ImportID) (Undone, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, "SELECT undone FROM import WHERE id = ?", int64(id)).Scan(&at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Undone{}, &NotFoundError{What: "import " + strconv.FormatInt(int64(id), 10)}
	case err != nil:
		return Undone{}, s.unavailable(err)
	case at != 0:
		return Undone{}, &InvalidError{Field: "import", Problem: fmt.Sprintf("%d was undone at %s already", id, adf.Time(at))}
	}
	var done Undone
	if done.Activities, err = s.undoActivities(ctx, id); err != nil {
		return done, fmt.Errorf("undo import %d: %w", id, err)
	}
	if done.TriggerRuns, err = s.undoTriggerRuns(ctx, id); err != nil {
		return done, fmt.Errorf("undo import %d: %w", id, err)
	}
	for last, more := int64(0), true; more; {
		var page Undone
		var next int64
		err := s.submit(ctx, func(w *writer) (err error) {
			page = Undone{}
			next, more, err = w.undoPage(id, last, &page)
			return err
		}, func() { s.live.publish([]Change{{Kind: ChangeGap}}) }) // a removed run can't be named by its key
		if err != nil {
			return done, fmt.Errorf("undo import %d: %w", id, err)
		}
		last = next
		done.Removed += page.Removed
		done.Kept += page.Kept
	}
	return done, nil
}

// undoPage undoes an import for some runs after one, and ends the undoing when
// there are no more.
func (w *writer) undoPage(id ImportID, after int64, done *Undone) (last int64, more bool, err error) {
	var seqs []int64
	err = w.query("SELECT run_seq FROM import_run WHERE run_seq > ? AND import_id = ? ORDER BY run_seq LIMIT ?", func(st *sqlite3.Stmt) bool {
		seqs = append(seqs, st.ColumnInt64(0))
		return true
	}, after, int64(id), int64(removalPage))
	if err != nil {
		return 0, false, err
	}
	for _, seq := range seqs {
		removed, err := w.dropContribution(seq, id)
		if err != nil {
			return 0, false, err
		}
		if removed {
			done.Removed++
		} else {
			done.Kept++
		}
	}
	if err := w.settle(&touchedRuns{}); err != nil {
		return 0, false, err
	}
	if len(seqs) == removalPage {
		return seqs[len(seqs)-1], true, nil
	}
	if err := w.forgetNames(); err != nil {
		return 0, false, err
	}
	return 0, false, w.exec("UPDATE import SET undone = ? WHERE id = ?", int64(adf.TimeOf(w.s.now())), int64(id))
}

// UntimedRuns are rows without any time that earlier versions imported as runs.
type UntimedRuns struct {
	Removed int64
	At      adf.Time // when they were removed; zero when the store has had none to look for yet
}

// UntimedRuns returns what bringing the store up to date removed.
func (s *Store) UntimedRuns(ctx context.Context) (UntimedRuns, error) {
	var u UntimedRuns
	err := s.read.QueryRowContext(ctx, "SELECT removed, at FROM untimed_runs").Scan(&u.Removed, &u.At)
	if err != nil {
		return UntimedRuns{}, s.unavailable(fmt.Errorf("read how many runs without times were removed: %w", err))
	}
	return u, nil
}

// removeUntimed removes, once, the rows without any time that earlier versions
// imported as runs. They were rows of logs, which an import reads properly now.
func (s *Store) removeUntimed(ctx context.Context) error {
	u, err := s.UntimedRuns(ctx)
	if err != nil || !u.At.IsZero() {
		return err
	}
	for more := true; more; {
		err := s.submit(ctx, func(w *writer) (err error) {
			more, err = w.removeUntimedPage()
			return err
		}, nil)
		if err != nil {
			return fmt.Errorf("remove imported rows without times: %w", err)
		}
	}
	if u, err = s.UntimedRuns(ctx); err == nil && u.Removed > 0 {
		s.log.WarnContext(ctx, "rows that earlier imports stored as runs without any time were removed: import their files again", slog.Int64("removed", u.Removed))
	}
	return err
}

func (w *writer) removeUntimedPage() (more bool, err error) {
	var seqs []int64
	const isUntimed = flagImport | flagNoStart
	err = w.query("SELECT seq FROM run WHERE flags & ? = ? AND last_updated = 0 ORDER BY seq LIMIT ?", func(st *sqlite3.Stmt) bool {
		seqs = append(seqs, st.ColumnInt64(0))
		return true
	}, int64(isUntimed), int64(isUntimed), int64(removalPage))
	if err != nil {
		return false, err
	}
	if err := w.removeRuns(seqs, &touchedRuns{}); err != nil {
		return false, err
	}
	if err := w.exec("UPDATE untimed_runs SET removed = removed + ?", int64(len(seqs))); err != nil {
		return false, err
	}
	if len(seqs) == removalPage {
		return true, nil
	}
	if err := w.forgetNames(); err != nil {
		return false, err
	}
	return false, w.exec("UPDATE untimed_runs SET at = ?", int64(adf.TimeOf(w.s.now())))
}

// checkImports looks for contributions of runs that are not stored, and for runs
// that say they have contributions and have none, or the reverse.
func (s *Store) checkImports(ctx context.Context) error {
	var orphans, wrong int64
	err := s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM import_run WHERE run_seq NOT IN (SELECT seq FROM run)),
		(SELECT count(*) FROM run WHERE (flags & ? <> 0) <> (EXISTS (SELECT 1 FROM import_run WHERE run_seq = run.seq)))`, int64(flagTraced)).Scan(&orphans, &wrong)
	if err != nil {
		return s.unavailable(fmt.Errorf("check the imports: %w", err))
	}
	if orphans+wrong > 0 {
		return fmt.Errorf("%d contributions of imports belong to no run, and %d runs do not know what imports gave to them", orphans, wrong)
	}
	return nil
}
