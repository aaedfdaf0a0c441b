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

// failuresOf is what the failed runs of a series say that have not recovered.
type failuresOf struct {
	newest   int64 // when the newest that has not recovered ended
	imported bool  // only imports have shown those that have not recovered
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

// olderSeries returns the series of failed runs that are older. runs holds only
// those that have not recovered, but every run of a series decides: the others
// are looked up, only for the series that would be folded.
//
// Example: a file of orders is not redone since 20 days. orders failed
// yesterday for another file, which was rerun: orders is not older. Only an
// import shows that customers failed yesterday, but Azure showed that it worked
// the day before: customers was not only imported.
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
	var quiet, imported []failedSeries // by the runs that have not recovered
	for k, f := range all {
		switch {
		case gone[k.pipeline]:
			older[k] = true
		case f.newest < limit:
			quiet = append(quiet, k)
		case f.imported:
			imported = append(imported, k)
		}
	}
	failed, err := s.seriesWith(ctx, quiet, recoveredSince(limit))
	if err != nil {
		return nil, err
	}
	for _, k := range quiet {
		switch {
		case !failed[k.series]:
			older[k] = true
		case all[k].imported:
			imported = append(imported, k)
		}
	}
	shown, err := s.seriesWith(ctx, imported, shownByAzure())
	if err != nil {
		return nil, err
	}
	for _, k := range imported {
		if !shown[k.series] {
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

// mostRecovered is how many recovered failures of a series are looked at: an
// import may bring any number of them, and an overview has to be quick.
const mostRecovered = 200

// shownByAzure holds for a series whose newest success or a recovered failure
// Azure has shown. Its other successes have no index by series: where an import
// brought the newest, they are not looked at.
func shownByAzure() *stmt {
	b := newStmt().add("(EXISTS (SELECT 1 FROM run").index("run_pipeline")
	b.add(" WHERE pipeline_id = series.pipeline_id AND run_start = series.newest_ok AND series_id = series.id AND status = 2")
	b.add(" AND flags & ").num(flagImport).add(" = 0) OR EXISTS (SELECT 1 FROM (SELECT flags FROM run").index("run_failed_series")
	b.add(" WHERE status = 3 AND series_id = series.id AND recovery IN ").nums(recoveredCodes()).add(" LIMIT ").num(mostRecovered)
	return b.add(") WHERE flags & ").num(flagImport).add(" = 0))")
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
