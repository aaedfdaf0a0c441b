package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// SurroundingSecureParameters says until when the stored rows of a factory
// hold no value of a SecureString parameter; never where they were not looked
// through yet. It is not read from Azure.
const SurroundingSecureParameters SurroundingKind = "secureParameters"

// RewriteRuns takes out of stored runs of a factory what must not be kept.
// clean returns the bytes of a row without it, and whether that changed them; it
// must leave alone what names the run and says when it ran and how it ended. What
// imports gave to the runs is cleaned with their rows. It returns how many runs
// it rewrote; a run that is not stored any more is none.
func (s *Store) RewriteRuns(ctx context.Context, factory FactoryKey, runs []RunKey, clean func(raw []byte) ([]byte, bool)) (rewritten int, err error) {
	err = s.submit(ctx, func(w *writer) error {
		rewritten = 0
		for _, key := range runs {
			changed, err := w.rewriteRun(factory, key, clean)
			if err != nil {
				return err
			}
			if changed {
				rewritten++
			}
		}
		return nil
	}, nil)
	if err != nil {
		return 0, fmt.Errorf("rewrite %d runs: %w", len(runs), err)
	}
	return rewritten, nil
}

func (w *writer) rewriteRun(factory FactoryKey, key RunKey, clean func(raw []byte) ([]byte, bool)) (changed bool, err error) {
	found, err := w.runsWhere("WHERE seq = ? AND factory_id = ?", int64(key), factory)
	if err != nil || len(found) == 0 {
		return false, err
	}
	r := &found[0]
	changed, err = w.rewrite(rawRun, "run_raw", "seq = ?", clean, r.seq)
	if err != nil {
		return false, err
	}
	if r.flags&flagTraced != 0 {
		given, err := w.rewrite(rawRun, "import_run", "run_seq = ?", clean, r.seq)
		if err != nil {
			return false, err
		}
		changed = changed || given
	}
	if changed {
		err = w.deriveAgain(r.pipeline) // redacted parameters are compared no more
	}
	return changed, err
}

// rewrite cleans the rows of a run in a table of packed rows of a kind; where and
// its arguments name the run. import_run has NULL where what an import gave is the
// row of the run.
func (w *writer) rewrite(kind, table, where string, clean func(raw []byte) ([]byte, bool), args ...any) (changed bool, err error) {
	var all [][]byte
	err = w.query("SELECT raw FROM "+table+" WHERE "+where+" AND raw IS NOT NULL", func(st *sqlite3.Stmt) bool {
		all = append(all, st.ColumnBlob(0, nil))
		return true
	}, args...)
	if err != nil {
		return false, err
	}
	for _, packed := range all {
		raw, err := w.s.codec.unpack(packed)
		if err != nil {
			return false, err
		}
		out, edited := clean(raw)
		if !edited {
			continue
		}
		values := slices.Concat([]any{w.s.codec.pack(kind, out)}, args, []any{packed})
		if err := w.exec("UPDATE "+table+" SET raw = ? WHERE "+where+" AND raw = ?", values...); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}
