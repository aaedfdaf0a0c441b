package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Check reads the whole store and returns what is wrong with it, nil for
// nothing: the file's own integrity, runs stored twice, roll-ups that differ
// from a recount, failures healed by the wrong run, surroundings that
// contradict themselves, and imports that a run does not know of.
func (s *Store) Check(ctx context.Context) error {
	return errors.Join(s.checkPages(ctx), s.checkTwice(ctx), s.checkRollups(ctx), s.checkHealers(ctx),
		s.checkDefinitions(ctx), s.checkStates(ctx), s.checkLinks(ctx), s.checkWindows(ctx), s.checkImports(ctx))
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

// checkHealers walks each pipeline from its newest run back. What a run group
// of several pipelines heals is left to the writer.
func (s *Store) checkHealers(ctx context.Context) error {
	type success struct{ seq, start int64 }
	var pipeline, wrong int64 = -1, 0
	var next, later success // the first success at or after the row; the first one after its start
	var at int64
	b := newStmt().add("SELECT pipeline_id, seq, status, run_start, healed_seq, flags FROM run").index("run_pipeline").add(" ORDER BY pipeline_id DESC, run_start DESC, run_id DESC")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var p, seq, status, start, flags int64
		var healed sql.NullInt64
		if err := rows.Scan(&p, &seq, &status, &start, &healed, &flags); err != nil {
			return err
		}
		if p != pipeline {
			pipeline, next, later, at = p, success{}, success{}, start
		}
		if start != at {
			later, at = next, start
		}
		switch status {
		case statusSucceeded:
			next = success{seq, start}
		case statusFailed:
			if flags&flagGroupHealed == 0 && healed.Int64 != later.seq {
				wrong++
			}
		}
		return nil
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("check what healed failures: %w", err))
	}
	if wrong > 0 {
		return fmt.Errorf("%d failures name a wrong run as the one that healed them", wrong)
	}
	return nil
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
