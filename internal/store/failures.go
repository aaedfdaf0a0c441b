package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// failedRun is a failed run that has not recovered.
type failedRun struct {
	seq, pipeline, series, start, end int64  // series 0: unknown
	id, parent                        string // of the factory; parent "" for none
	factory                           FactoryKey
	notRedone, imported               bool
}

// failures keeps the newest failed runs that have not recovered, since each
// overview looks at all of them. The writer says when they are outdated: each
// commit that touches a failed run. Example: 50,000 of them take 60 ms to read;
// a thousand successes later they are the same.
type failures struct {
	version atomic.Int64 // of what is stored; counted by the writer

	mu   sync.Mutex
	has  bool
	of   int64       // the version that list is of
	list []failedRun // never changed in place: readers share it
}

func (f *failures) outdate() { f.version.Add(1) }

// failedRuns returns the failed runs of a scope's factories that are open or
// not redone, whatever its range, the newest first: at most one more than
// maxProblemRuns. The caller must not change the list.
func (s *Store) failedRuns(ctx context.Context, sc *scope) ([]failedRun, error) {
	if s.readOnly { // another process may write
		return s.readFailedRuns(ctx, sc.factories)
	}
	all, err := s.allFailedRuns(ctx)
	switch {
	case err != nil || sc.factories == nil:
		return all, err
	case len(all) > maxProblemRuns: // it lacks some, and the scope may have fewer
		return s.readFailedRuns(ctx, sc.factories)
	}
	out := make([]failedRun, 0, len(all))
	for _, r := range all {
		if slices.Contains(sc.factories, int64(r.factory)) {
			out = append(out, r)
		}
	}
	return out, nil
}

// allFailedRuns returns those of all factories. One caller reads them while
// the others wait for it.
func (s *Store) allFailedRuns(ctx context.Context) ([]failedRun, error) {
	f := &s.failures
	f.mu.Lock()
	defer f.mu.Unlock()
	version := f.version.Load() // before reading: what is committed meanwhile makes the list outdated
	if f.has && f.of == version {
		return f.list, nil
	}
	list, err := s.readFailedRuns(ctx, nil)
	if err != nil {
		return nil, err
	}
	f.has, f.of, f.list = true, version, list
	return list, nil
}

// failureEnd is when a failed run ended, as recovery counts it. Stores of before
// schema 4 have no work_end until it is derived.
const failureEnd = "coalesce(work_end, run_end, run_start)"

func (s *Store) readFailedRuns(ctx context.Context, factories []int64) ([]failedRun, error) {
	b := newStmt()
	for i, one := range []struct{ index, cond string }{{"run_open", condOpen}, {"run_not_redone", condNotRedone}} {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT seq, pipeline_id, coalesce(series_id, 0), run_start, ", failureEnd, ", run_id, parent_id, factory_id, recovery, flags FROM run").index(one.index).add(" WHERE ", one.cond)
		if factories != nil {
			b.add(" AND +factory_id IN ").nums(factories)
		}
	}
	b.add(" ORDER BY 4 DESC, 1 DESC LIMIT ").num(maxProblemRuns + 1)
	var out []failedRun
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var r failedRun
		var id, parent sql.RawBytes
		var code, flags int64
		if err := rows.Scan(&r.seq, &r.pipeline, &r.series, &r.start, &r.end, &id, &parent, &r.factory, &code, &flags); err != nil {
			return err
		}
		r.id, r.parent, r.notRedone, r.imported = string(id), string(parent), code == codeNotRedone, flags&flagImport != 0
		out = append(out, r)
		return nil
	})
	return out, err
}

// checkFailures compares the failed runs that are kept with those that are
// stored.
func (s *Store) checkFailures(ctx context.Context) error {
	kept, err := s.failedRuns(ctx, &scope{})
	if err != nil {
		return s.unavailable(err)
	}
	stored, err := s.readFailedRuns(ctx, nil)
	if err != nil {
		return s.unavailable(err)
	}
	if !slices.Equal(kept, stored) {
		return fmt.Errorf("the overview knows of %d failed runs that have not recovered, and they are not the %d stored ones", len(kept), len(stored))
	}
	return nil
}
