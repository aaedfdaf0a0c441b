package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// world makes the history of a company: factories of unequal size, pipelines
// that start at their hours, 3 % failures, children, and every fifth row a
// second version of a run.
type world struct {
	rnd       *rand.Rand
	now       adf.Time
	factories []store.Place
	pipelines [][]string
	again     [benchFactories][]adf.PipelineRun // final versions of runs that were seen in progress
	n         int
}

const (
	benchFactories = 40
	benchPipelines = 1500
	pageRows       = 100
)

func newWorld(tb testing.TB, s *store.Store) *world {
	tb.Helper()
	w := &world{rnd: rand.New(rand.NewPCG(1, 2)), now: adf.TimeOf(time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC))}
	for i := range benchFactories {
		w.factories = append(w.factories, putFactory(tb, s, fmt.Sprintf("adf-company-%02d-prod", i)))
		w.pipelines = append(w.pipelines, nil)
	}
	for i := range benchPipelines {
		f := i * i % benchFactories
		w.pipelines[f] = append(w.pipelines[f], fmt.Sprintf("pl_%s_%03d", []string{"load", "transform", "publish", "archive"}[i%4], i))
	}
	return w
}

// page returns the next rows of one factory, some of them for the second time.
func (w *world) page() store.Page {
	f := w.rnd.IntN(benchFactories)
	for len(w.pipelines[f]) == 0 {
		f = w.rnd.IntN(benchFactories)
	}
	p := store.Page{Factory: w.factories[f].Key, Origin: store.OriginAzure}
	p.Runs, w.again[f] = w.again[f], nil
	for len(p.Runs) < pageRows {
		w.n++
		// 11,500 rows a day, as measured stores had.
		w.now = w.now.Add(time.Duration(w.rnd.Int64N(int64(15 * time.Second))))
		begun, ended := w.run(f)
		if w.n%4 == 0 {
			w.again[f] = append(w.again[f], ended)
			ended = begun
		}
		p.Runs = append(p.Runs, ended)
	}
	return p
}

// run returns a run in progress and at its end.
func (w *world) run(f int) (begun, ended adf.PipelineRun) {
	id := func() string {
		a, b := w.rnd.Uint64(), w.rnd.Uint64()
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(a>>32), uint16(a>>16), uint16(a), uint16(b>>48), b&0xffffffffffff)
	}
	run := id()
	ms := int64(w.rnd.ExpFloat64() * 180_000)
	end := w.now.Add(time.Duration(ms) * time.Millisecond)
	name := w.pipelines[f][w.rnd.IntN(len(w.pipelines[f]))]
	status, message := "Succeeded", `""`
	switch n := w.rnd.IntN(1000); {
	case n < 30:
		status = "Failed"
		message = fmt.Sprintf(`"Operation on target cp_%s failed: ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database server %d, table t%d.'"`, name, w.rnd.IntN(50), w.rnd.IntN(4000))
	case n < 35:
		status = "Cancelled"
	}
	by := fmt.Sprintf(`{"id":"08584612345678901234567890123CU04","name":"tr_%s","invokedByType":"ScheduleTrigger"}`, name)
	if w.rnd.IntN(10) < 3 {
		by = fmt.Sprintf(`{"id":"%s","name":"run_%s","invokedByType":"PipelineActivity","pipelineName":"pl_master","pipelineRunId":"%s"}`, id(), name, id())
	}
	decode := func(status, end, ms, message, updated string) adf.PipelineRun {
		r, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"id":"/SUBSCRIPTIONS/11111111-1111-1111-1111-111111111111/RESOURCEGROUPS/RG-DATA/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-COMPANY-%02d-PROD/pipelineruns/%s","runId":"%s","debugRunId":null,"runGroupId":"%s","pipelineName":"%s","parameters":{"day":"2026-03-01","tables":"[\"orders\",\"lines\"]"},"invokedBy":%s,"runStart":"%s","runEnd":%s,"durationInMs":%s,"status":"%s","message":%s,"lastUpdated":%s,"annotations":["team-%d"],"runDimension":{},"isLatest":true}`,
			f, run, run, run, name, by, w.now, end, ms, status, message, updated, f%7))
		if err != nil {
			panic(err)
		}
		return r
	}
	ended = decode(status, strconv.Quote(end.String()), strconv.FormatInt(ms, 10), message, strconv.Quote(end.String()))
	if w.n%4 == 0 {
		begun = decode("InProgress", "null", "null", `""`, strconv.Quote(w.now.String()))
	}
	return begun, ended
}

func benchRuns() int {
	if n, err := strconv.Atoi(os.Getenv("ANDON_BENCH_RUNS")); err == nil {
		return n
	}
	return 50_000
}

// BenchmarkWritePages prints rows written a second: page by page, and with
// eight collectors whose pages share transactions.
func BenchmarkWritePages(b *testing.B) {
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("collectors=%d", writers), func(b *testing.B) {
			s := openStore(b)
			w := newWorld(b, s)
			rows := 0
			var spent time.Duration
			for b.Loop() {
				for rows = 0; rows < benchRuns(); {
					pages := make([]store.Page, 0, 100)
					for range 100 {
						pages = append(pages, w.page())
					}
					start := time.Now()
					writeAll(b, s, pages, writers)
					spent += time.Since(start)
					rows += len(pages) * pageRows
				}
			}
			b.ReportMetric(float64(rows*b.N)/spent.Seconds(), "rows/s")
		})
	}
}

func writeAll(b *testing.B, s *store.Store, pages []store.Page, writers int) {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan store.Page)
	for range writers {
		wg.Go(func() {
			for p := range next {
				if _, err := s.WriteRuns(context.Background(), p); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, p := range pages {
		next <- p
	}
	close(next)
	wg.Wait()
}

// bigStore opens a store of benchRuns runs, which is built once: with
// ANDON_BENCH_DIR it is kept there.
func bigStore(b *testing.B) (*store.Store, *world) {
	b.Helper()
	dir := os.Getenv("ANDON_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("andon-%d.db", benchRuns()))
	_, missing := os.Stat(path)
	s := openAt(b, path)
	w := newWorld(b, s)
	if missing == nil {
		w.now = w.now.Add(time.Duration(float64(benchRuns()) * 0.8 * 7.5 * float64(time.Second)))
		return s, w
	}
	start := time.Now()
	for n := 0; n < benchRuns(); n += 8 * pageRows {
		pages := make([]store.Page, 8)
		for i := range pages {
			pages[i] = w.page()
		}
		writeAll(b, s, pages, 8)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("built %d rows in %s, %d bytes a row", benchRuns(), time.Since(start).Round(time.Second), info.Size()/int64(benchRuns()))
	return s, w
}

// BenchmarkQueries prints p50 and p95 of what the pages ask, over ranges that
// end anywhere in the history.
func BenchmarkQueries(b *testing.B) {
	s, w := bigStore(b)
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(3, 4))
	first := adf.TimeOf(time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC))
	page, err := s.Runs(ctx, store.RunQuery{})
	if err != nil {
		b.Fatal(err)
	}
	last := page.Runs[0].RunStart
	span := func(days float64) (from, to adf.Time) {
		d := time.Duration(days * 24 * float64(time.Hour))
		to = last + 1
		if rnd.IntN(2) == 0 {
			to = first.Add(d) + adf.Time(rnd.Int64N(max(int64(last.Sub(first)-d)/100, 1)))
		}
		return to.Add(-d), to
	}
	list := func(days float64, change func(*store.RunQuery)) func() error {
		return func() error {
			q := store.RunQuery{}
			if days > 0 {
				q.From, q.To = span(days)
			}
			change(&q)
			_, err := s.Runs(ctx, q)
			return err
		}
	}
	factory := func() string { return w.factories[rnd.IntN(benchFactories)].Short }
	yes := true
	failed := []adf.Status{adf.StatusFailed}
	for _, q := range []struct {
		name string
		run  func() error
	}{
		{"newest 100, 1 d", list(1, func(*store.RunQuery) {})},
		{"newest 100, all", list(0, func(*store.RunQuery) {})},
		{"factory, 30 d", list(30, func(q *store.RunQuery) { q.Factories = []string{factory()} })},
		{"5 factories, 30 d", list(30, func(q *store.RunQuery) {
			for range 5 {
				q.Factories = append(q.Factories, factory())
			}
		})},
		{"failed, 30 d", list(30, func(q *store.RunQuery) { q.Statuses = failed })},
		{"factory+failed, all", list(0, func(q *store.RunQuery) { q.Statuses, q.Factories = failed, []string{factory()} })},
		{"open, all", list(0, func(q *store.RunQuery) { q.Open = &yes })},
		{"trigger, all", list(0, func(q *store.RunQuery) {
			q.Triggers = []string{fmt.Sprintf("tr_pl_load_%03d", rnd.IntN(benchPipelines/4)*4)}
		})},
		{"annotation, all", list(0, func(q *store.RunQuery) { q.Annotations = []string{"team-3"} })},
		{"min duration 15 m, all", list(0, func(q *store.RunQuery) { q.MinDurationMs = 900_000 })},
		{"longest, 1 d", list(1, func(q *store.RunQuery) { q.Sort = store.SortLongest })},
		{"longest, 30 d", list(30, func(q *store.RunQuery) { q.Sort = store.SortLongest })},
		{"longest, factory 30 d", list(30, func(q *store.RunQuery) { q.Sort, q.Factories = store.SortLongest, []string{factory()} })},
		{"q common word, all", list(0, func(q *store.RunQuery) { q.Q = "database" })},
		{"q rare word, all", list(0, func(q *store.RunQuery) { q.Q = fmt.Sprintf("t%d", rnd.IntN(4000)) })},
		{"q pipeline part, all", list(0, func(q *store.RunQuery) { q.Q = fmt.Sprintf("_%02d", rnd.IntN(100)) })},
		{"q runId start, all", list(0, func(q *store.RunQuery) { q.Q = page.Runs[rnd.IntN(100)].RunID[:8] })},
		{"run by id", func() error {
			_, err := s.Run(ctx, "", page.Runs[rnd.IntN(100)].RunID)
			return err
		}},
		{"overview, 1 d", func() error {
			from, to := span(1)
			_, err := s.Overview(ctx, store.OverviewQuery{From: from, To: to})
			return err
		}},
		{"overview, 30 d", func() error {
			from, to := span(30)
			_, err := s.Overview(ctx, store.OverviewQuery{From: from, To: to})
			return err
		}},
		{"timeline, 1 d by 15 m", func() error {
			from, to := span(1)
			_, err := s.Timeline(ctx, store.TimelineQuery{From: from, To: to})
			return err
		}},
		{"timeline, 14 d by 1 h", func() error {
			from, to := span(14)
			_, err := s.Timeline(ctx, store.TimelineQuery{From: from, To: to, Bucket: time.Hour})
			return err
		}},
		{"timeline, all by 1 d", func() error {
			_, err := s.Timeline(ctx, store.TimelineQuery{From: first, To: last, Bucket: 24 * time.Hour})
			return err
		}},
		{"facets, 1 d", func() error { f := store.RunFilter{}; f.From, f.To = span(1); _, err := s.Facets(ctx, f); return err }},
		{"facets, 7 d", func() error { f := store.RunFilter{}; f.From, f.To = span(7); _, err := s.Facets(ctx, f); return err }},
		{"facets, all", func() error { _, err := s.Facets(ctx, store.RunFilter{}); return err }},
		{"facets, failed all", func() error { _, err := s.Facets(ctx, store.RunFilter{Statuses: failed}); return err }},
		{"factories", func() error { _, err := s.Factories(ctx); return err }},
	} {
		b.Run(q.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := q.run(); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(times[len(times)/2]), "p50-ms")
			b.ReportMetric(ms(times[len(times)*95/100]), "p95-ms")
		})
	}
}
