package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// manySeries is a store with one factory, to which runs of one pipeline are
// written.
type manySeries struct {
	*Store

	t       *testing.T
	factory FactoryKey
	now     time.Time
	start   time.Duration // of run 0, from now
}

func openManySeries(t *testing.T) *manySeries {
	t.Helper()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	rules := history.SeriesRules{{
		Recurring: []adf.NamePattern{adf.NewNamePattern("table"), adf.NewNamePattern("config")}, Moving: []adf.NamePattern{adf.NewNamePattern("date")},
	}}
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), Options{Now: func() time.Time { return now }, Series: rules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/1/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf", Name: "adf"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return &manySeries{s, t, place.Key, now, -40 * time.Hour}
}

func manyID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n*2654435761%(1<<32), n) }

// write stores the runs from n to before to, one a second; each second one
// failed.
func (s *manySeries) write(n, to int, params func(n int) string) {
	s.t.Helper()
	const rows = 1000
	for n < to {
		p := Page{Factory: s.factory, Origin: OriginAzure}
		for range min(rows, to-n) {
			status := []string{"Failed", "Succeeded"}[n%2]
			start := adf.TimeOf(s.now.Add(s.start)).Add(time.Duration(n) * time.Second)
			raw := fmt.Appendf(nil, `{"runId":%q,"pipelineName":"load","parameters":%s,"status":%q,"runStart":%q,"runEnd":%q,"durationInMs":500,"message":"no such table","lastUpdated":%q}`,
				manyID(n), params(n), status, start, start.Add(time.Second/2), start.Add(time.Second/2))
			r, err := adf.DecodePipelineRun(raw)
			if err != nil {
				s.t.Fatal(err)
			}
			p.Runs = append(p.Runs, r)
			n++
		}
		if _, err := s.WriteRuns(s.t.Context(), p); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *manySeries) problems() Problems {
	s.t.Helper()
	o, err := s.Overview(s.t.Context(), OverviewQuery{From: adf.TimeOf(s.now.Add(-48 * time.Hour)), To: adf.TimeOf(s.now)})
	if err != nil {
		s.t.Fatal(err)
	}
	return o.Problems
}

// TestAHundredThousandSeries: each of 100,000 runs of a pipeline is a series of
// its own, and every second one failed.
func TestAHundredThousandSeries(t *testing.T) {
	t.Parallel()
	const series = 100_000
	s := openManySeries(t)
	s.write(0, series, func(n int) string { return fmt.Sprintf(`{"table":"t%d"}`, n) })

	yes := true
	page, err := s.Runs(t.Context(), RunQuery{Limit: MaxLimit, RunFilter: RunFilter{Open: &yes}})
	if err != nil || len(page.Runs) != MaxLimit || page.NextCursor == "" || page.Runs[0].RunID != manyID(series-2) {
		t.Errorf("a list of %d runs, %v", len(page.Runs), err)
	}
	facets, err := s.Facets(t.Context(), RunFilter{})
	if err != nil || *facets.Total != series || *facets.Open != series/2 {
		t.Errorf("facets: %d runs, %d open, %v", *facets.Total, *facets.Open, err)
	}
	p := s.problems()
	if p.Pipelines != 1 || p.Series != series/2 || p.Runs != series/2 || p.Reason != "" || len(p.Items) != 1 {
		t.Errorf("%d pipelines, %d series, %d runs, %d items; %q", p.Pipelines, p.Series, p.Runs, len(p.Items), p.Reason)
	}
	one := p.Items[0]
	if one.Series != series/2 || one.SeriesTotal != series || len(one.SeriesItems) != maxProblemSeries || one.SeriesItems[0].Parameters != fmt.Sprintf(`{"table":"t%d"}`, series-2) {
		t.Errorf("%d of %d series, %d of them listed, the first %s", one.Series, one.SeriesTotal, len(one.SeriesItems), one.SeriesItems[0].Parameters)
	}

	// The pipeline gains a recurring parameter, with a further 1,000 series.
	s.write(series, series+1000, func(n int) string { return fmt.Sprintf(`{"table":"t%d","config":"a"}`, n) })
	// Then it is started in turn with a date and without: both are compared by what
	// both have.
	s.write(series+1000, series+2000, func(n int) string {
		return []string{fmt.Sprintf(`{"table":"t%d","config":"b"}`, n), fmt.Sprintf(`{"table":"t%d","config":"b","date":"x"}`, n)}[n/2%2]
	})
	p = s.problems()
	if want := "Only the newest 50000 failed runs are looked at."; p.Reason != want || p.Runs != maxProblemRuns {
		t.Errorf("%d runs; %q, want %q", p.Runs, p.Reason, want)
	}
	if p := p.Items[0]; p.SeriesTotal != series+2000 {
		t.Errorf("%d series", p.SeriesTotal)
	}
	err = s.submit(t.Context(), func(w *writer) error {
		m := &w.memory
		if len(m.seriesIDs) > maxKnown || len(m.series) > maxKnown || m.restrictedRuns() > maxKnown {
			t.Errorf("the writer remembers %d and %d series and %d runs, want at most %d", len(m.seriesIDs), len(m.series), m.restrictedRuns(), maxKnown)
		}
		return nil
	}, nil)
	if err != nil {
		t.Error(err)
	}
}
