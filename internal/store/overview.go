package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
)

// OverviewQuery asks for the state of the board over From <= runStart < To.
type OverviewQuery struct {
	From, To  adf.Time // both required
	Factories []string // short ids; none = all
}

// Overview is the board at a glance. Stale sources and coverage come with
// Factories and Sources.
type Overview struct {
	Period            // the range asked for
	AsOf     adf.Time // oldest freshness of the factories asked for that have one; zero when none has
	Previous Period   // the same length before it

	RunningCount  int64 // Queued, InProgress and Canceling now, whatever the range
	Running       []Run // at most 20, longest first
	Problems      Problems
	HealedRuns    int64 // failures of the range that were healed since
	NewestFailure []Run // at most 10 failures of the range, newest first
	Worst         []PipelineHealth
}

// Period is what happened in a range of time.
type Period struct {
	From, To    adf.Time
	Counts      map[adf.Status]int64 // nil when the range isn't covered: Reason says why
	SuccessRate *float64             // Succeeded/(Succeeded+Failed), 0 to 1; nil with neither
	Reason      string               // why a figure is nil; "" when none is
}

// Problems are the pipelines with open failures, whenever they failed.
type Problems struct {
	Pipelines int64
	Runs      int64
	Oldest    adf.Time  // runStart of the oldest open failure; zero without any
	Before    int64     // open failures before the range
	Items     []Problem // at most 20, newest failure first
}

// Problem is a pipeline with open failures.
type Problem struct {
	Place        Place
	PipelineName string
	Runs         int64    // open failures
	Since        adf.Time // runStart of the oldest open failure
	Last         Run      // the newest open failure
	Spark        []int64  // failures in each 24th of the range, oldest first
}

// PipelineHealth is how a pipeline did in a range.
type PipelineHealth struct {
	Place        Place
	PipelineName string
	Runs, Failed int64
	Finished     int64    // those that succeeded or failed
	Open         int64    // failures of the range that are still open
	SuccessRate  *float64 // nil with neither success nor failure
	Last         Run      // its newest run
	Strip        []Tick   // its last 30 runs, oldest first, whatever the range
}

// Tick is a run as one bar of a strip.
type Tick struct {
	RunID        string
	Status       adf.Status
	RunStart     adf.Time
	DurationInMs *int64
	Open         bool
	HealedBy     string
	Gone         bool // ADF forgot it before it had ended
}

// What an overview shows at most.
const (
	maxRunning  = 20
	maxProblems = 20
	maxNewest   = 10
	maxWorst    = 10
	stripRuns   = 30
	sparkBars   = 24
	fewFailures = 20_000 // are counted one by one
)

// Overview returns the state of the board. It returns an InvalidError for an
// unknown factory or an empty range.
func (s *Store) Overview(ctx context.Context, q OverviewQuery) (Overview, error) {
	if q.From.IsZero() || q.To.IsZero() || q.From >= q.To {
		return Overview{}, &InvalidError{Field: "from", Problem: "has to be before to"}
	}
	if err := s.refresh(ctx); err != nil {
		return Overview{}, err
	}
	sc, err := s.resolve(RunFilter{From: q.From, To: q.To, Factories: q.Factories})
	if err != nil {
		return Overview{}, err
	}
	var o Overview
	type part func(context.Context, *scope, *Overview) error
	together, partCtx := errgroup.WithContext(ctx)
	for _, chain := range [][]part{{s.periods, s.worst}, {s.problems}, {s.running, s.newestFailures}} {
		together.Go(func() error {
			for _, read := range chain { // each fills its own fields
				if err := read(partCtx, &sc, &o); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := together.Wait(); err != nil {
		return Overview{}, s.unavailable(fmt.Errorf("read the overview: %w", err))
	}
	o.AsOf, err = s.asOf(ctx, sc.factories)
	return o, err
}

// periods counts the range and the one before it.
func (s *Store) periods(ctx context.Context, sc *scope, o *Overview) error {
	now, err := s.countRange(ctx, sc)
	if err != nil {
		return err
	}
	o.Period = periodOf(sc.from, sc.to, now.counts)
	o.HealedRuns = now.counts[adf.StatusFailed] - now.open

	before := scope{from: sc.from - (sc.to - sc.from), to: sc.from, factories: sc.factories}
	o.Previous = Period{From: adf.Time(before.from), To: adf.Time(before.to)}
	basis, err := s.readBasis(ctx, sc.factories)
	if err != nil {
		return err
	}
	if coverAll(basis, Window{o.Previous.From, o.Previous.To}) != CoveredYes {
		o.Previous.Reason = "the period before is not read whole"
		return nil
	}
	then, err := s.countRange(ctx, &before)
	if err != nil {
		return err
	}
	o.Previous = periodOf(before.from, before.to, then.counts)
	return nil
}

func periodOf(from, to int64, counts map[adf.Status]int64) Period {
	p := Period{From: adf.Time(from), To: adf.Time(to), Counts: counts, SuccessRate: rate(counts[adf.StatusSucceeded], counts[adf.StatusFailed])}
	if p.SuccessRate == nil {
		p.Reason = "no run succeeded or failed"
	}
	return p
}

// rate is nil with neither success nor failure.
func rate(ok, failed int64) *float64 {
	if ok+failed == 0 {
		return nil
	}
	r := float64(ok) / float64(ok+failed)
	return &r
}

// running lists what goes on now, the longest first.
func (s *Store) running(ctx context.Context, sc *scope, o *Overview) error {
	now := s.dicts.statusIDs(func(id int64, _ adf.Status) bool {
		return id == statusQueued || id == statusInProgress || id == statusCanceling
	})
	b := newStmt()
	for i, status := range now {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT seq, run_start FROM run").index("run_odd").add(" WHERE status <> 2 AND status = ").num(status)
		b.add(" AND flags & ").num(flagGone).add(" = 0")
		if sc.factories != nil {
			b.add(" AND factory_id IN ").nums(sc.factories)
		}
	}
	all := newStmt().add("SELECT count(*) FROM (", b.text.String(), ")")
	if err := s.read.QueryRowContext(ctx, all.text.String()).Scan(&o.RunningCount); err != nil {
		return err
	}
	b.add(" ORDER BY 2, 1 LIMIT ").num(maxRunning)
	found, err := s.places(ctx, b)
	if err != nil {
		return err
	}
	o.Running, err = s.loadPlaces(ctx, found)
	return err
}

func (s *Store) loadPlaces(ctx context.Context, places []listPlace) ([]Run, error) {
	keys := make([]RunKey, len(places))
	for i, p := range places {
		keys[i] = p.key
	}
	return s.loadRuns(ctx, keys)
}

// openPipeline is a pipeline with open failures.
type openPipeline struct {
	pipeline, runs, oldest, newest int64
}

// problems lists the pipelines with open failures, whenever they failed.
func (s *Store) problems(ctx context.Context, sc *scope, o *Overview) error {
	var all []openPipeline
	b := newStmt().add("SELECT pipeline_id, count(*), min(run_start), max(run_start) FROM run").index("run_open_pipeline")
	b.add(" WHERE status = 3 AND healed_at IS NULL GROUP BY pipeline_id")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var p openPipeline
		if err := rows.Scan(&p.pipeline, &p.runs, &p.oldest, &p.newest); err != nil {
			return err
		}
		if sc.factories == nil || slices.Contains(sc.factories, int64(s.dicts.pipeline(p.pipeline).factory)) {
			all = append(all, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	oldest := int64(math.MaxInt64)
	for _, p := range all {
		o.Problems.Runs += p.runs
		oldest = min(oldest, p.oldest)
	}
	if o.Problems.Pipelines = int64(len(all)); len(all) > 0 {
		o.Problems.Oldest = adf.Time(oldest)
	}
	yes := true
	before := newStmt().add("SELECT count(*) FROM run").index("run_open").add(" WHERE status = 3 AND healed_at IS NULL")
	(&scope{from: math.MinInt64, to: sc.from, factories: sc.factories, open: &yes}).where(before)
	if err := s.read.QueryRowContext(ctx, before.text.String(), before.args...).Scan(&o.Problems.Before); err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b openPipeline) int {
		return cmp.Or(cmp.Compare(b.newest, a.newest), cmp.Compare(a.pipeline, b.pipeline))
	})
	for _, p := range all[:min(maxProblems, len(all))] {
		item, err := s.problem(ctx, sc, p)
		if err != nil {
			return err
		}
		o.Problems.Items = append(o.Problems.Items, item)
	}
	return nil
}

func (s *Store) problem(ctx context.Context, sc *scope, p openPipeline) (Problem, error) {
	name := s.dicts.pipeline(p.pipeline)
	place, _ := s.dicts.place(name.factory)
	out := Problem{Place: place, PipelineName: name.name, Runs: p.runs, Since: adf.Time(p.oldest), Spark: make([]int64, sparkBars)}
	last := newStmt().add("SELECT seq, run_start FROM run").index("run_open_pipeline").add(" WHERE status = 3 AND healed_at IS NULL AND pipeline_id = ").arg(p.pipeline)
	found, err := s.places(ctx, last.add(" ORDER BY run_start DESC, seq DESC LIMIT 1"))
	if err != nil {
		return out, err
	}
	runs, err := s.loadPlaces(ctx, found)
	if err != nil {
		return out, err
	}
	if len(runs) > 0 { // it may have been healed just now
		out.Last = runs[0]
	}
	bar := max((sc.to-sc.from+sparkBars-1)/sparkBars, 1)
	b := newStmt().add("SELECT (run_start - ").arg(sc.from).add(") / ").arg(bar).add(", count(*) FROM run").index("run_odd_pipeline")
	b.add(" WHERE status <> 2 AND status = 3 AND pipeline_id = ").arg(p.pipeline).add(" AND run_start >= ").arg(sc.from).add(" AND run_start < ").arg(sc.to).add(" GROUP BY 1")
	err = b.each(ctx, s.read, func(rows *sql.Rows) error {
		var i, n int64
		if err := rows.Scan(&i, &n); err != nil {
			return err
		}
		out.Spark[i] = n
		return nil
	})
	return out, err
}

func (s *Store) newestFailures(ctx context.Context, sc *scope, o *Overview) error {
	failed := *sc
	failed.statuses = []int64{statusFailed}
	found, err := s.listByTime(ctx, &failed, true, unbounded(true), maxNewest)
	if err != nil {
		return err
	}
	o.NewestFailure, err = s.loadPlaces(ctx, found)
	return err
}

// pipelineCount is how a pipeline did in a range.
type pipelineCount struct{ pipeline, failed, open int64 }

// worst lists the pipelines that failed in the range: those with most open
// failures first, then most failures, then most runs.
func (s *Store) worst(ctx context.Context, sc *scope, o *Overview) error {
	all, err := s.failedPipelines(ctx, sc, o.Counts[adf.StatusFailed])
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b pipelineCount) int {
		return cmp.Or(cmp.Compare(b.open, a.open), cmp.Compare(b.failed, a.failed), cmp.Compare(a.pipeline, b.pipeline))
	})
	// Those equal to the last one shown have to be told apart by their runs.
	n := min(maxWorst, len(all))
	for n > 0 && n < len(all) && n < 2*maxWorst && all[n].open == all[maxWorst-1].open && all[n].failed == all[maxWorst-1].failed {
		n++
	}
	health, err := s.health(ctx, sc, all[:n])
	if err != nil {
		return err
	}
	slices.SortStableFunc(health, func(a, b PipelineHealth) int {
		return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Runs, a.Runs))
	})
	o.Worst = health[:min(maxWorst, n)]
	for i := range o.Worst {
		if err := s.fillHealth(ctx, sc, &o.Worst[i], all[:n]); err != nil {
			return err
		}
	}
	return nil
}

// failedPipelines counts the failures of each pipeline that has any; failed is
// their number in all.
func (s *Store) failedPipelines(ctx context.Context, sc *scope, failed int64) ([]pipelineCount, error) {
	counts := map[int64]*pipelineCount{}
	add := func(rows *sql.Rows) error {
		var p pipelineCount
		if err := rows.Scan(&p.pipeline, &p.failed, &p.open); err != nil {
			return err
		}
		if counts[p.pipeline] == nil {
			counts[p.pipeline] = &pipelineCount{pipeline: p.pipeline}
		}
		counts[p.pipeline].failed += p.failed
		counts[p.pipeline].open += p.open
		return nil
	}
	parts := []piece{{"", sc.from, sc.to}}
	if failed > fewFailures {
		parts = pieces(sc.from, sc.to, false)
	}
	for _, p := range parts {
		for _, b := range s.failureCounts(sc, p) {
			if err := b.each(ctx, s.read, add); err != nil {
				return nil, err
			}
		}
	}
	out := make([]pipelineCount, 0, len(counts))
	for _, p := range counts {
		if p.failed > 0 && (sc.factories == nil || slices.Contains(sc.factories, int64(s.dicts.pipeline(p.pipeline).factory))) {
			out = append(out, *p)
		}
	}
	return out, nil
}

// failureCounts counts the failures of a part of a range by pipeline: from
// roll-ups, or from indexes alone without looking at a run.
func (s *Store) failureCounts(sc *scope, p piece) []*stmt {
	if p.unit != "" {
		return []*stmt{newStmt().add("SELECT pipeline_id, sum(failed), sum(open) FROM roll_pipeline_", p.unit, " WHERE failed > 0 AND ", p.unit, " >= ").arg(p.from).
			add(" AND ", p.unit, " < ").arg(p.to).add(" GROUP BY 1")}
	}
	mine := s.dicts.pipelineIDs(func(_ int64, pl pipeline) bool {
		return sc.factories == nil || slices.Contains(sc.factories, int64(pl.factory))
	})
	if len(mine) == 0 {
		return nil // SQLite can't use an index for IN ()
	}
	all := newStmt().add("SELECT pipeline_id, count(*), 0 FROM run").index("run_odd_pipeline").add(" WHERE status <> 2 AND status = 3 AND pipeline_id IN ").nums(mine)
	open := newStmt().add("SELECT pipeline_id, 0, count(*) FROM run").index("run_open_pipeline").add(" WHERE status = 3 AND healed_at IS NULL AND pipeline_id IN ").nums(mine)
	for _, b := range []*stmt{all, open} {
		b.add(" AND run_start >= ").arg(p.from).add(" AND run_start < ").arg(p.to).add(" GROUP BY 1")
	}
	return []*stmt{all, open}
}

// health counts the runs of pipelines.
func (s *Store) health(ctx context.Context, sc *scope, of []pipelineCount) ([]PipelineHealth, error) {
	if len(of) == 0 {
		return nil, nil
	}
	own := scope{from: sc.from, to: sc.to, named: true}
	for _, p := range of {
		own.pipelines = append(own.pipelines, p.pipeline)
	}
	tallies, err := s.countBy(ctx, &own, "pipeline_id")
	out := make([]PipelineHealth, len(of))
	for i, p := range of {
		t := tallies[p.pipeline]
		name := s.dicts.pipeline(p.pipeline)
		place, _ := s.dicts.place(name.factory)
		out[i] = PipelineHealth{
			Place: place, PipelineName: name.name, Runs: t.total(), Failed: t.counts[adf.StatusFailed], Open: t.open,
			Finished:    t.counts[adf.StatusSucceeded] + t.counts[adf.StatusFailed],
			SuccessRate: rate(t.counts[adf.StatusSucceeded], t.counts[adf.StatusFailed]),
		}
	}
	return out, err
}

// fillHealth adds a pipeline's newest run of the range and its strip.
func (s *Store) fillHealth(ctx context.Context, sc *scope, h *PipelineHealth, all []pipelineCount) error {
	i := slices.IndexFunc(all, func(p pipelineCount) bool {
		name := s.dicts.pipeline(p.pipeline)
		return name.factory == h.Place.Key && name.name == h.PipelineName
	})
	id := all[i].pipeline
	own := scope{from: sc.from, to: sc.to, pipelines: []int64{id}, named: true}
	found, err := s.listByTime(ctx, &own, true, unbounded(true), 1)
	if err != nil {
		return err
	}
	runs, err := s.loadPlaces(ctx, found)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		h.Last = runs[0]
	}
	h.Strip, err = s.strip(ctx, id)
	return err
}

// strip returns a pipeline's last runs, oldest first.
func (s *Store) strip(ctx context.Context, pipeline int64) ([]Tick, error) {
	b := newStmt().add(`SELECT r.run_id, r.status, r.run_start, r.duration_ms, r.flags, r.healed_seq, h.run_id
		FROM run r`).index("run_pipeline").add(" LEFT JOIN run h ON h.seq = r.healed_seq WHERE r.pipeline_id = ").arg(pipeline)
	b.add(" ORDER BY r.run_start DESC, r.seq DESC LIMIT ").num(stripRuns)
	var out []Tick
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var t Tick
		var id, healer sql.RawBytes
		var status, flags int64
		var healedSeq sql.NullInt64
		if err := rows.Scan(&id, &status, &t.RunStart, &t.DurationInMs, &flags, &healedSeq, &healer); err != nil {
			return err
		}
		t.RunID, t.HealedBy, t.Status = decodeRunID(id), decodeRunID(healer), s.dicts.word(status)
		t.Open, t.Gone = status == statusFailed && !healedSeq.Valid, flags&flagGone != 0
		if flags&flagNoStart != 0 {
			t.RunStart = 0
		}
		out = append(out, t)
		return nil
	})
	slices.Reverse(out)
	return out, err
}
