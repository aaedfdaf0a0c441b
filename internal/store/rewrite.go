package store

import (
	"context"
	"fmt"

	"andon/internal/adf"
)

// SurroundingSecureParameters says until when the stored rows of a factory
// hold no value of a SecureString parameter; never where they were not looked
// through yet. It is not read from Azure.
const SurroundingSecureParameters SurroundingKind = "secureParameters"

// RewriteRuns puts the raw bytes of runs in the place of those that are
// stored, to take out what must not be kept. A run that has another version
// than the one given stays as it is: it arrived since, with what is known now.
// It returns how many it rewrote.
func (s *Store) RewriteRuns(ctx context.Context, factory FactoryKey, runs []adf.PipelineRun) (rewritten int, err error) {
	if len(runs) == 0 {
		return 0, nil
	}
	if err := s.ensureDictionary(ctx, rawRun, len(runs), func(i int) []byte { return runs[i].Raw }); err != nil {
		return 0, fmt.Errorf("rewrite %d runs: %w", len(runs), err)
	}
	packed := make([][]byte, len(runs))
	for i := range runs {
		packed[i] = s.codec.pack(rawRun, runs[i].Raw)
	}
	err = s.submit(ctx, func(w *writer) error {
		rewritten = 0
		for i := range runs {
			r, err := w.findByID(factory, encodeRunID(runs[i].RunID))
			if err != nil {
				return err
			}
			if r == nil || r.lastUpdated != int64(runs[i].LastUpdated) || r.status != w.s.dicts.idOf(runs[i].Status) {
				continue
			}
			if err := w.exec("UPDATE run_raw SET raw = ? WHERE seq = ?", packed[i], r.seq); err != nil {
				return err
			}
			if err := w.deriveAgain(r.pipeline); err != nil { // redacted parameters are compared no more
				return err
			}
			rewritten++
		}
		return nil
	}, nil)
	if err != nil {
		return 0, fmt.Errorf("rewrite %d runs: %w", len(runs), err)
	}
	return rewritten, nil
}
