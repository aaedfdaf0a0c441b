package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// Earlier versions kept an invoker for each child run. Migration 5 moved those
// to the table folded_invoker, which says of what kind each is; what follows
// gives their runs the invokers that invokerOf makes of their rows, while the
// store serves. Until then a filter by kind finds them all, and the names of
// parents are not known.
// Example: 1,000,000 children of pl_parent have 1,000,000 invokers, and then one.

const (
	foldBatch = 2_000       // runs that get their invokers in one job of the writer
	foldRetry = time.Minute // after a failure, such as a full disk
)

// startFolding begins to fold, where something is to be folded.
func (s *Store) startFolding(ctx context.Context) {
	if !s.dicts.isFolding() {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.folding.Go(func() {
		defer cancel()
		s.keepFolding(ctx)
	})
	go func() { // queries end when the store closes
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
}

// keepFolding folds until all is done or the store closes.
func (s *Store) keepFolding(ctx context.Context) {
	for {
		n, err := s.fold(ctx)
		switch {
		case err == nil:
			s.log.InfoContext(ctx, "runs of an earlier version got the names of their parents", slog.Int("runs", n))
			return
		case ctx.Err() != nil:
			return
		}
		s.log.WarnContext(ctx, "the names of parents could not be stored and are tried again", slog.Any("error", err), slog.Duration("after", foldRetry))
		select {
		case <-time.After(foldRetry):
		case <-ctx.Done():
			return
		}
	}
}

// foldedRun is a run whose invoker was moved.
type foldedRun struct {
	seq, pipeline, was int64
	by                 invoker
}

// fold gives every run its invoker and returns how many had none.
func (s *Store) fold(ctx context.Context) (n int, err error) {
	for last := int64(0); ; {
		runs, err := s.foldedAfter(ctx, last)
		if err != nil {
			return n, fmt.Errorf("read runs of an earlier version: %w", err)
		}
		if len(runs) == 0 {
			break
		}
		last = runs[len(runs)-1].seq
		n += len(runs)
		if err := s.submit(ctx, func(w *writer) error { return w.refold(runs) }, nil); err != nil {
			return n, fmt.Errorf("store what started runs: %w", err)
		}
	}
	err = s.submit(ctx, func(w *writer) error { return w.exec("DELETE FROM folded_invoker") }, s.dicts.endFolding)
	return n, err
}

// foldedAfter reads the next runs whose invoker was moved, by seq. Runs that
// arrive meanwhile have invokers of today.
func (s *Store) foldedAfter(ctx context.Context, last int64) ([]foldedRun, error) {
	b := newStmt().add(`SELECT run.seq, run.pipeline_id, run.invoker_id, folded_invoker.type, run_raw.raw
		FROM run CROSS JOIN folded_invoker ON folded_invoker.id = run.invoker_id CROSS JOIN run_raw ON run_raw.seq = run.seq
		WHERE run.seq > `).arg(last).add(" ORDER BY run.seq LIMIT ").num(foldBatch)
	var out []foldedRun
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var r foldedRun
		var kind string
		var packed sql.RawBytes
		if err := rows.Scan(&r.seq, &r.pipeline, &r.was, &kind, &packed); err != nil {
			return err
		}
		r.by = invokerOf(&adf.InvokedBy{InvokedByType: &kind}) // a damaged row leaves its kind
		if run, err := s.runOf(packed); err == nil && run.InvokedBy != nil {
			r.by = invokerOf(run.InvokedBy)
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// refold stores the invokers of runs that did not get another one meanwhile.
func (w *writer) refold(runs []foldedRun) error {
	for i := range runs {
		r := &runs[i]
		row := storedRun{pipeline: r.pipeline}
		if err := w.lookUpInvoker(&row, r.by); err != nil {
			return err
		}
		if err := w.exec("UPDATE run SET invoker_id = ? WHERE seq = ? AND invoker_id = ?", row.invoker, r.seq, r.was); err != nil {
			return err
		}
	}
	return nil
}

// loadFolded reads whether invokers are still to be folded, and the kinds of
// those that no pipeline is. mu must be held for writing.
func (d *dicts) loadFolded(ctx context.Context, db *readers) error {
	d.folding, d.foldedKinds = false, map[int64]string{}
	err := newStmt().add("SELECT 1 FROM folded_invoker LIMIT 1").each(ctx, db, func(*sql.Rows) error {
		d.folding = true
		return nil
	})
	if err != nil || !d.folding {
		return err
	}
	return newStmt().add("SELECT id, type FROM folded_invoker WHERE type NOT LIKE ").arg(adf.InvokedByPipeline).each(ctx, db, func(rows *sql.Rows) error {
		var id int64
		var kind string
		err := rows.Scan(&id, &kind)
		d.foldedKinds[id] = kind
		return err
	})
}

func (d *dicts) endFolding() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folding = false
}

func (d *dicts) isFolding() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.folding
}

// invoker returns what an id is of. One that was moved has a kind alone, also
// to a query that began before the last of them was folded.
func (d *dicts) invoker(id int64) invoker {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if v, ok := d.invokers[id]; ok || id == 0 {
		return v
	}
	if kind, ok := d.foldedKinds[id]; ok {
		return invoker{kind: kind}
	}
	return invoker{kind: adf.InvokedByPipeline}
}

// kindsToFold returns those kinds of moved invokers that keep accepts, nil when
// nothing is to be folded.
func (d *dicts) kindsToFold(keep func(kind string) bool) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.folding {
		return nil
	}
	kinds := map[string]bool{adf.InvokedByPipeline: true}
	for _, kind := range d.foldedKinds {
		kinds[kind] = true
	}
	maps.DeleteFunc(kinds, func(kind string, _ bool) bool { return !keep(kind) })
	return slices.Sorted(maps.Keys(kinds))
}

// parentsUnknown says that the names of parents are not known yet.
const parentsUnknown = "the names of parent pipelines are being read from the runs of an earlier version"

// checkNamesKnown refuses a filter by a name while the names of parents are
// unknown: its answer would lack runs.
func (s *Store) checkNamesKnown(invokedBy []string) error {
	if len(invokedBy) == 0 || !s.dicts.isFolding() {
		return nil
	}
	kinds := s.dicts.invokerKinds()
	for _, word := range invokedBy {
		if !kinds[strings.ToLower(word)] {
			return &UnavailableError{What: fmt.Sprintf("the runs that %q started are not all known yet, since %s", word, parentsUnknown), Next: "try again in a minute, or give a type such as PipelineActivity"}
		}
	}
	return nil
}

// invokerKinds returns the kinds of all invokers, in lower case.
func (d *dicts) invokerKinds() map[string]bool {
	kinds := map[string]bool{}
	for _, kind := range d.kindsToFold(func(string) bool { return true }) {
		kinds[strings.ToLower(kind)] = true
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, v := range d.invokers {
		kinds[strings.ToLower(v.kind)] = true
	}
	return kinds
}
