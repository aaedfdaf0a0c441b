package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/store/history"
)

// Check reads the whole store and returns what is wrong with it, nil for
// nothing: the file's own integrity, runs stored twice, runs that no filter by
// what started them finds, roll-ups that differ from a recount, recoveries that
// come out otherwise when they are worked out again, resources that contradict
// themselves, imports that a run does not know of, activity runs and trigger runs
// of no import, failures that the overview does not know of, and causes that are
// not those of the stored activities.
func (s *Store) Check(ctx context.Context) error {
	return errors.Join(s.checkPages(ctx), s.checkTwice(ctx), s.checkInvokers(ctx), s.checkRollups(ctx), s.checkRecoveries(ctx),
		s.checkDefinitions(ctx), s.checkStates(ctx), s.checkLinks(ctx), s.checkWindows(ctx), s.checkImports(ctx), s.checkImportedActivities(ctx),
		s.checkImportedTriggerRuns(ctx), s.checkFailures(ctx), s.checkFailedActivities(ctx), s.checkImportedFailures(ctx))
}

// checkPages has a connection of its own: FTS5 checks by what its connection
// last knew of the index, and calls a newer one damaged.
func (s *Store) checkPages(ctx context.Context) (err error) {
	db, err := openReaders(s.path)
	if err != nil {
		return s.unavailable(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found []string
	err = newStmt().add("PRAGMA integrity_check(20)").each(ctx, db, func(rows *sql.Rows) error {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			found = append(found, line)
		}
		return nil
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("check the pages of %s: %w", s.path, err))
	}
	if len(found) > 0 {
		return fmt.Errorf("the file %s is damaged: %s", s.path, strings.Join(found, "; "))
	}
	return nil
}

// checkInvokers looks for runs whose invoker is not noted with their pipeline:
// a filter by what started them looks in the pipelines that are.
func (s *Store) checkInvokers(ctx context.Context) error {
	var n int64
	err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM run WHERE invoker_id <> 0
		AND NOT EXISTS (SELECT 1 FROM invoker_pipeline p JOIN invoker i ON i.id = p.invoker_id WHERE p.invoker_id = run.invoker_id AND p.pipeline_id = run.pipeline_id)
		AND NOT EXISTS (SELECT 1 FROM folded_invoker f WHERE f.id = run.invoker_id)`).Scan(&n)
	switch {
	case err != nil:
		return s.unavailable(fmt.Errorf("check what started runs: %w", err))
	case n > 0:
		return fmt.Errorf("%d runs have an invoker that is not noted with their pipeline", n)
	}
	return nil
}

func (s *Store) checkTwice(ctx context.Context) error {
	var errs []error
	err := newStmt().add("SELECT factory_id, run_id, count(*) FROM run GROUP BY 1, 2 HAVING count(*) > 1 LIMIT 20").each(ctx, s.read, func(rows *sql.Rows) error {
		var factory FactoryKey
		var id []byte
		var n int64
		if err := rows.Scan(&factory, &id, &n); err != nil {
			return err
		}
		place, _ := s.dicts.place(factory)
		errs = append(errs, fmt.Errorf("run %s of factory %s is stored %d times", decodeRunID(id), place.Short, n))
		return nil
	})
	return errors.Join(append(errs, s.unavailable(err))...)
}

func (s *Store) checkRollups(ctx context.Context) error {
	var errs []error
	var unread int64
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM factory f WHERE unread <> (SELECT count(*) FROM run WHERE flags & 128 <> 0 AND factory_id = f.id)").Scan(&unread)
	if err != nil {
		errs = append(errs, s.unavailable(fmt.Errorf("recount runs without activities: %w", err)))
	} else if unread > 0 {
		errs = append(errs, fmt.Errorf("%d factories have a wrong number of runs without activities: rebuild the roll-ups", unread))
	}
	for t := range rollTables {
		table, _, _ := t.name()
		// Rows whose runs all moved away stay, full of zeros.
		stored := "SELECT * FROM " + table + " WHERE " + strings.ReplaceAll(rollColumns, ", ", " <> 0 OR ") + " <> 0"
		recount := "SELECT * FROM (" + t.recountSQL() + ") WHERE true"
		var wrong int64
		query := "SELECT (SELECT count(*) FROM (" + stored + " EXCEPT " + recount + ")) + (SELECT count(*) FROM (" + recount + " EXCEPT " + stored + "))"
		if err := s.read.QueryRowContext(ctx, query).Scan(&wrong); err != nil {
			errs = append(errs, s.unavailable(fmt.Errorf("recount %s: %w", table, err)))
		} else if wrong > 0 {
			errs = append(errs, fmt.Errorf("the roll-up %s differs from a recount in %d rows: rebuild the roll-ups", table, wrong))
		}
	}
	return errors.Join(errs...)
}

// Rebuild counts all roll-ups again from the runs, in one transaction.
func (s *Store) Rebuild(ctx context.Context) error {
	err := s.submit(ctx, func(w *writer) error {
		for t := range rollTables {
			table, _, _ := t.name()
			if err := w.exec("DELETE FROM " + table); err != nil {
				return err
			}
			if err := w.exec("INSERT INTO " + table + " " + t.recountSQL()); err != nil {
				return err
			}
		}
		return w.exec("UPDATE factory SET unread = (SELECT count(*) FROM run WHERE flags & 128 <> 0 AND factory_id = factory.id)")
	}, nil)
	if err != nil {
		return fmt.Errorf("rebuild the roll-ups: %w", err)
	}
	return nil
}

// checkRecoveries works the recovery of every failed run out again, and the
// key and series of every run, and compares them with what is stored. It
// needs the writer, so a store that was opened for reading only passes.
func (s *Store) checkRecoveries(ctx context.Context) error {
	if s.readOnly {
		return nil
	}
	var errs []error
	err := s.submit(ctx, func(w *writer) error {
		errs = nil
		found, err := w.checkWork()
		errs = append(errs, found...)
		return err
	}, nil)
	if err != nil {
		errs = append(errs, s.unavailable(fmt.Errorf("work the recoveries out again: %w", err)))
	}
	return errors.Join(errs...)
}

func (w *writer) checkWork() (wrong []error, err error) {
	var seqs []int64
	if err := w.query("SELECT r.seq FROM run r JOIN pipeline p ON p.id = r.pipeline_id WHERE p.derived = 1", func(st *sqlite3.Stmt) bool {
		seqs = append(seqs, st.ColumnInt64(0))
		return true
	}); err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		found, err := w.runsWhere("WHERE seq = ?", seq)
		if err != nil {
			return nil, err
		}
		r := &found[0]
		pw, err := w.pipelineWork(r.pipeline)
		if err != nil {
			return nil, err
		}
		if err := w.checkKey(pw, r); err != nil {
			wrong = append(wrong, err)
		}
		if r.status == statusFailed {
			e, err := w.evidence(r)
			if err != nil {
				return nil, err
			}
			if want := codeOf(history.Recover(e)); want != r.recovery {
				wrong = append(wrong, fmt.Errorf("run %s has recovery %+v, and %+v when it is worked out again", decodeRunID(r.id), r.recovery, want))
			}
		}
		if len(wrong) >= maxWrong {
			break
		}
	}
	return wrong, nil
}

// maxWrong is how many wrong rows a check names.
const maxWrong = 20

func (w *writer) checkKey(pw *pipelineWork, r *storedRun) error {
	compared, err := w.comparedOf(pw, r)
	if err != nil {
		return err
	}
	key, ok := compared.Key()
	switch {
	case ok != (r.key != nil), ok && *r.key != key:
		return fmt.Errorf("run %s is compared by %v, and by %d when that is worked out again", decodeRunID(r.id), r.key, key)
	case ok && r.series == 0:
		return fmt.Errorf("run %s has no series", decodeRunID(r.id))
	}
	return nil
}
