package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
)

// OverviewQuery asks for the state of the board over From <= runStart < To.
type OverviewQuery struct {
	From, To  adf.Time // both required
	Factories []string // short ids; none = all
	// OlderAfter is how long a series may not have failed before it is folded
	// away; 0 folds none away for its age.
	OlderAfter time.Duration
}

// Overview is the board at a glance. Stale sources and coverage come with
// Factories and Sources.
type Overview struct {
	Period            // the range asked for
	AsOf     adf.Time // oldest freshness of the factories asked for that have one; zero when none has
	Previous Period   // the same length before it

	RunningCount int64 // Queued, InProgress and Canceling now, whatever the range
	Running      []Run // at most 20, longest first
	Problems     Problems
	// What became of the failed runs of the range; nil while some are being
	// derived, as RecoveryReason says.
	NotRedoneRuns, RecoveredRuns *int64
	RecoveryReason               string
	NewestFailure                []Run // at most 10 failures of the range, newest first
	Worst                        []PipelineHealth
}

// Period is what happened in a range of time.
type Period struct {
	From, To    adf.Time
	Counts      map[adf.Status]int64 // nil when the range isn't covered: Reason says why
	SuccessRate *float64             // Succeeded/(Succeeded+Failed), 0 to 1; nil with neither
	Reason      string               // why a figure is nil; "" when none is
}

// PipelineHealth is how a pipeline did in a range.
type PipelineHealth struct {
	Place        Place
	PipelineName string
	Runs, Failed int64
	Finished     int64    // those that succeeded or failed
	Open         int64    // failed runs of the range that are open
	NotRedone    int64    // failed runs of the range that are not redone
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
	Recovery     *Recovery // nil unless it failed
	Gone         bool      // ADF forgot it before it had ended
}

// What an overview shows at most.
const (
	maxRunning  = 20
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
	problems := func(ctx context.Context, sc *scope, o *Overview) error {
		return s.problems(ctx, sc, o, q.OlderAfter)
	}
	together, partCtx := errgroup.WithContext(ctx)
	for _, chain := range [][]part{{s.periods, s.worst}, {problems}, {s.running, s.newestFailures}} {
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
	if now.underived > 0 {
		o.RecoveryReason = derivingReason(now.underived)
	} else {
		recovered := now.recovered()
		o.NotRedoneRuns, o.RecoveredRuns = &now.notRedone, &recovered
	}

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
// failures first, then most failures, then most runs, then by name: the same
// runs read the same in whatever order their pipelines became known.
func (s *Store) worst(ctx context.Context, sc *scope, o *Overview) error {
	all, err := s.failedPipelines(ctx, sc, o.Counts[adf.StatusFailed])
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b pipelineCount) int {
		return cmp.Or(cmp.Compare(b.open, a.open), cmp.Compare(b.failed, a.failed), cmp.Compare(s.dicts.pipeline(a.pipeline).name, s.dicts.pipeline(b.pipeline).name),
			cmp.Compare(a.pipeline, b.pipeline))
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
		return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.PipelineName, b.PipelineName),
			cmp.Compare(a.Place.Short, b.Place.Short))
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
	open := newStmt().add("SELECT pipeline_id, 0, count(*) FROM run").index("run_failed_pipeline").add(" WHERE ", condOpen, " AND pipeline_id IN ").nums(mine)
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
			Place: place, PipelineName: name.name, Runs: t.total(), Failed: t.counts[adf.StatusFailed], Open: t.open, NotRedone: t.notRedone,
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
	b := newStmt().add(`SELECT r.run_id, r.status, r.run_start, r.duration_ms, r.flags, r.recovery, h.seq, h.run_id, h.pipeline_id, h.run_start, h.run_end, h.flags
		FROM run r`).index("run_pipeline").add(" LEFT JOIN run h ON h.seq = r.recovered_seq AND r.recovery >= 3 WHERE r.pipeline_id = ").arg(pipeline)
	b.add(" ORDER BY r.run_start DESC, r.seq DESC LIMIT ").num(stripRuns)
	var out []Tick
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var t Tick
		var id sql.RawBytes
		var status, flags int64
		var code sql.NullInt64
		var by scannedLink
		if err := rows.Scan(append([]any{&id, &status, &t.RunStart, &t.DurationInMs, &flags, &code}, by.into()...)...); err != nil {
			return err
		}
		t.RunID, t.Status = decodeRunID(id), s.dicts.word(status)
		t.Recovery, t.Gone = s.recoveryOf(status, code.Int64, &by), flags&flagGone != 0
		if flags&flagNoStart != 0 {
			t.RunStart = 0
		}
		out = append(out, t)
		return nil
	})
	slices.Reverse(out)
	return out, err
}
