package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"andon/internal/adf"
)

// failedSeries names the series of failed runs. The runs of a pipeline whose series
// is unknown are one, with series 0.
type failedSeries struct{ pipeline, series int64 }

// failuresOf is what decides whether a series is older.
type failuresOf struct {
	newest   int64 // when its newest failed run ended
	imported bool  // only imports have shown its runs
}

// foldOlder returns the runs whose series are not older, and counts the rest.
func (s *Store) foldOlder(ctx context.Context, runs []failedRun, olderAfter time.Duration, out *Problems) ([]failedRun, error) {
	older, err := s.olderSeries(ctx, runs, olderAfter)
	if err != nil {
		return nil, err
	}
	recent := make([]failedRun, 0, len(runs))
	pipelines := map[int64]bool{}
	for _, r := range runs {
		if !older[failedSeries{r.pipeline, r.series}] {
			recent = append(recent, r)
			continue
		}
		pipelines[r.pipeline] = true
		out.Older.Runs++
	}
	out.Older.Series, out.Older.Pipelines = int64(len(older)), int64(len(pipelines))
	return recent, nil
}

// olderSeries returns the series of failed runs that are older. runs holds no
// recovered failures, and a series that failed and recovered lately is not
// older: these are looked up, only for the series that would be folded.
//
// Example: a file of orders is not redone since 20 days. orders failed
// yesterday for another file, which was rerun: orders is not older.
func (s *Store) olderSeries(ctx context.Context, runs []failedRun, olderAfter time.Duration) (map[failedSeries]bool, error) {
	gone, err := s.gonePipelines(ctx)
	if err != nil {
		return nil, err
	}
	all := map[failedSeries]*failuresOf{}
	for _, r := range runs {
		k := failedSeries{r.pipeline, r.series}
		if all[k] == nil {
			all[k] = &failuresOf{newest: r.end, imported: true}
		}
		all[k].newest = max(all[k].newest, r.end)
		all[k].imported = all[k].imported && r.imported
	}
	limit := int64(math.MinInt64)
	if olderAfter > 0 {
		limit = int64(adf.TimeOf(s.now().Add(-olderAfter)))
	}
	older := map[failedSeries]bool{}
	var quiet []failedSeries // no failure since the limit is open or not redone
	for k, f := range all {
		switch {
		case gone[k.pipeline], f.imported:
			older[k] = true
		case f.newest < limit:
			quiet = append(quiet, k)
		}
	}
	failed, err := s.seriesWith(ctx, quiet, recoveredSince(limit))
	if err != nil {
		return nil, err
	}
	for _, k := range quiet {
		if !failed[k.series] {
			older[k] = true
		}
	}
	return older, nil
}

// seriesWith returns the ids of those series for which a condition on table
// series holds. A series that is unknown is never one of them.
func (s *Store) seriesWith(ctx context.Context, of []failedSeries, cond *stmt) (map[int64]bool, error) {
	out := map[int64]bool{}
	if len(of) == 0 {
		return out, nil
	}
	ids := make([]int64, len(of))
	for i, k := range of {
		ids[i] = k.series
	}
	b := newStmt().add("SELECT id FROM series WHERE id IN ").nums(ids).add(" AND ", cond.text.String())
	b.args = append(b.args, cond.args...)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		out[id] = true
		return err
	})
	return out, err
}

// recoveredSince holds for a series that has a recovered failed run which ended
// at or after a time.
func recoveredSince(limit int64) *stmt {
	b := newStmt().add("EXISTS (SELECT 1 FROM run").index("run_failed_series").add(" WHERE status = 3 AND series_id = series.id AND recovery IN ").nums(recoveredCodes())
	return b.add(" AND work_end >= ").arg(limit).add(")")
}

// gonePipelines returns the pipelines that Azure does not list any more.
func (s *Store) gonePipelines(ctx context.Context) (map[int64]bool, error) {
	missing := map[pipelineKey]bool{}
	b := newStmt().add("SELECT place_id, name_key FROM resource WHERE gone IS NOT NULL AND kind = ").arg(string(SurroundingPipelines))
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var k pipelineKey
		if err := rows.Scan(&k.factory, &k.name); err != nil {
			return err
		}
		missing[k] = true
		return nil
	})
	out := map[int64]bool{}
	if err != nil || len(missing) == 0 {
		return out, err
	}
	for _, id := range s.dicts.pipelineIDs(func(_ int64, p pipeline) bool { return missing[pipelineKey{p.factory, nameKey(p.name)}] }) {
		out[id] = true
	}
	return out, nil
}
