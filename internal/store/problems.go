package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// Problems are the pipelines whose failures nothing has made good yet,
// whenever they failed.
type Problems struct {
	// Pipelines counts those that need attention: with an open series that is
	// neither flapping nor older. Series and Runs count their open series and
	// open failed runs.
	Pipelines, Series, Runs int64
	Flapping                int64    // pipelines that fail and work again by themselves
	NotRedone               int64    // failed runs that are not redone, of those that are not older
	Oldest                  adf.Time // when the oldest open failed run of Pipelines began; zero without any
	Before                  int64    // open failed runs before the range
	Items                   []Problem
	// Older are the series with open or not redone runs that had no failure for
	// OlderAfter, whose pipeline Azure does not list any more, or that were only
	// imported.
	Older OlderProblems
	// Reason says why all this may lack something; "" when it does not.
	Reason string
}

// OlderProblems are problems that are folded into one line.
type OlderProblems struct {
	Pipelines, Series, Runs int64
	After                   time.Duration // OlderAfter of the query
}

// ProblemKind says what kind of problem a pipeline has.
type ProblemKind string

// The kinds of problems, in the order in which they are listed.
const (
	ProblemOpen      ProblemKind = "open"
	ProblemFlapping  ProblemKind = "flapping"
	ProblemNotRedone ProblemKind = "notRedone"
)

// Problem is a pipeline with failed runs that have not recovered.
type Problem struct {
	Kind         ProblemKind
	Place        Place
	PipelineName string
	Runs         int64    // open failed runs; with ProblemNotRedone those not redone
	NotRedone    int64    // failed runs that are not redone, beside open ones
	Series       int64    // series of Runs
	SeriesTotal  int64    // all series of the pipeline
	Recurring    []string // names of the parameters that tell its series apart; empty where it has one series
	SeriesItems  []ProblemSeries
	Since        adf.Time // when the oldest of Runs began
	Last         Run      // the newest of Runs
	Spark        []int64  // failures in each 24th of the range, oldest first
	Flap         *history.Flapping
	// Folded are pipelines whose runs failed only because of runs of this one.
	Folded []FoldedProblem
}

// ProblemSeries is a series of a problem.
type ProblemSeries struct {
	id         int64
	Parameters string // its recurring parameters as JSON, an object of texts; "" where they are unknown
	Runs       int64
	Since      adf.Time
	LastKey    RunKey
}

// FoldedProblem is a pipeline that failed only through another.
type FoldedProblem struct {
	Place        Place
	PipelineName string
	Runs         int64
}

// What problems show at most.
const (
	maxProblems      = 30     // of each kind
	maxProblemSeries = 20     // of one problem
	maxProblemRuns   = 50_000 // failed runs that are looked at for problems
	maxFlapRuns      = 20_000 // runs of a pipeline that are looked at for flapping
)

// problems lists the pipelines that need attention.
func (s *Store) problems(ctx context.Context, sc *scope, o *Overview, olderAfter time.Duration) error {
	runs, err := s.failedRuns(ctx, sc)
	if err != nil {
		return err
	}
	out := &o.Problems
	out.Older.After = olderAfter
	if len(runs) > maxProblemRuns {
		runs = runs[:maxProblemRuns]
		out.Reason = fmt.Sprintf("Only the newest %d failed runs are looked at.", maxProblemRuns)
	}
	recent, err := s.foldOlder(ctx, runs, olderAfter, out)
	if err != nil {
		return err
	}
	through, folded := foldParents(recent)
	groups := groupProblems(recent, through)
	if err := s.findFlapping(ctx, groups); err != nil {
		return err
	}
	slices.SortFunc(groups, func(a, b problemGroup) int {
		return cmp.Or(cmp.Compare(a.kind.order(), b.kind.order()), cmp.Compare(b.oldest(), a.oldest()), cmp.Compare(a.pipeline, b.pipeline))
	})
	shown := map[ProblemKind]int{}
	for i := range groups {
		g := &groups[i]
		out.count(g)
		if shown[g.kind]++; shown[g.kind] > maxProblems {
			continue
		}
		item, err := s.problem(ctx, sc, g)
		if err != nil {
			return err
		}
		item.Folded = s.foldedInto(g.pipeline, folded)
		out.Items = append(out.Items, item)
	}
	return s.countBefore(ctx, sc, o)
}

func (k ProblemKind) order() int {
	return slices.Index([]ProblemKind{ProblemOpen, ProblemFlapping, ProblemNotRedone}, k)
}

// problemGroup are the failed runs of a pipeline that have not recovered.
type problemGroup struct {
	pipeline        int64
	kind            ProblemKind
	open, notRedone []failedRun
	flap            *history.Flapping
}

// runs are the failed runs that the problem is about.
func (g *problemGroup) runs() []failedRun {
	if len(g.open) > 0 {
		return g.open
	}
	return g.notRedone
}

func (g *problemGroup) oldest() int64 {
	return slices.MinFunc(g.runs(), func(a, b failedRun) int { return cmp.Compare(a.start, b.start) }).start
}

func (g *problemGroup) newest() failedRun {
	return slices.MaxFunc(g.runs(), func(a, b failedRun) int { return compareInts(a.start, b.start, a.seq, b.seq) })
}

// series are the series of the runs, that with the newest beginning first.
func (g *problemGroup) series() []ProblemSeries {
	byID := map[int64]*ProblemSeries{}
	var order []int64
	for _, r := range g.runs() { // newest first
		one := byID[r.series]
		if one == nil {
			one = &ProblemSeries{id: r.series, LastKey: RunKey(r.seq)}
			byID[r.series] = one
			order = append(order, r.series)
		}
		one.Runs++
		one.Since = adf.Time(r.start)
	}
	out := make([]ProblemSeries, len(order))
	for i, id := range order {
		out[i] = *byID[id]
	}
	slices.SortStableFunc(out, func(a, b ProblemSeries) int { return cmp.Compare(b.Since, a.Since) })
	return out
}

func (p *Problems) count(g *problemGroup) {
	p.NotRedone += int64(len(g.notRedone))
	switch g.kind {
	case ProblemOpen:
		p.Pipelines++
		p.Runs += int64(len(g.open))
		p.Series += int64(len(g.series()))
		if oldest := adf.Time(g.oldest()); p.Oldest.IsZero() || oldest < p.Oldest {
			p.Oldest = oldest
		}
	case ProblemFlapping:
		p.Flapping++
	case ProblemNotRedone:
	}
}

// foldParents finds the open runs that failed only through an open child:
// through holds their seqs, and folded for each of their pipelines the
// pipeline of the run at the bottom of the chain.
func foldParents(runs []failedRun) (through map[int64]bool, folded map[int64]map[int64]int64) {
	type ref struct {
		factory FactoryKey
		id      string
	}
	children := map[ref]failedRun{}
	for _, r := range runs {
		if !r.notRedone && r.parent != "" {
			children[ref{r.factory, r.parent}] = r
		}
	}
	through, folded = map[int64]bool{}, map[int64]map[int64]int64{}
	for _, r := range runs {
		bottom, depth := r, 0
		for ; depth < maxFoldDepth; depth++ {
			child, ok := children[ref{bottom.factory, bottom.id}]
			if !ok || child.seq == r.seq {
				break
			}
			bottom = child
		}
		if r.notRedone || depth == 0 || bottom.pipeline == r.pipeline {
			continue
		}
		through[r.seq] = true
		if folded[bottom.pipeline] == nil {
			folded[bottom.pipeline] = map[int64]int64{}
		}
		folded[bottom.pipeline][r.pipeline]++
	}
	return through, folded
}

// maxFoldDepth bounds a chain of parents; rows that name each other as parents
// would go on for ever.
const maxFoldDepth = 32

// groupProblems groups failed runs by pipeline, without those that failed
// through a child.
func groupProblems(runs []failedRun, through map[int64]bool) []problemGroup {
	byPipeline := map[int64]*problemGroup{}
	for _, r := range runs {
		if through[r.seq] {
			continue
		}
		g := byPipeline[r.pipeline]
		if g == nil {
			g = &problemGroup{pipeline: r.pipeline, kind: ProblemNotRedone}
			byPipeline[r.pipeline] = g
		}
		if r.notRedone {
			g.notRedone = append(g.notRedone, r)
		} else {
			g.open, g.kind = append(g.open, r), ProblemOpen
		}
	}
	out := make([]problemGroup, 0, len(byPipeline))
	for _, g := range byPipeline {
		out = append(out, *g)
	}
	return out
}

func (s *Store) foldedInto(pipeline int64, folded map[int64]map[int64]int64) []FoldedProblem {
	var out []FoldedProblem
	for id, runs := range folded[pipeline] {
		name := s.dicts.pipeline(id)
		place, _ := s.dicts.place(name.factory)
		out = append(out, FoldedProblem{Place: place, PipelineName: name.name, Runs: runs})
	}
	slices.SortFunc(out, func(a, b FoldedProblem) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.PipelineName, b.PipelineName))
	})
	return out
}

// findFlapping marks the groups of pipelines that work again by themselves.
func (s *Store) findFlapping(ctx context.Context, groups []problemGroup) error {
	for i := range groups {
		g := &groups[i]
		name := s.dicts.pipeline(g.pipeline)
		now, err := s.asOf(ctx, []int64{int64(name.factory)})
		if err != nil {
			return err
		}
		if now.IsZero() {
			now = adf.TimeOf(s.now())
		}
		outcomes, err := s.outcomes(ctx, g, now.Add(-history.FlapPeriod))
		if err != nil {
			return err
		}
		if flap, ok := history.Flaps(outcomes, now); ok {
			g.flap, g.kind = &flap, ProblemFlapping
		}
	}
	return nil
}

// outcomes returns the ended runs of a pipeline since a time and its open runs
// from before, none where it failed too seldom to flap or ran too often to be
// looked at.
func (s *Store) outcomes(ctx context.Context, g *problemGroup, since adf.Time) ([]history.Outcome, error) {
	b := newStmt().add("SELECT count(*) FROM run").index("run_odd_pipeline").add(" WHERE status <> 2 AND status = 3 AND pipeline_id = ").arg(g.pipeline)
	b.add(" AND run_start >= ").arg(int64(since))
	var failures int64
	if err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&failures); err != nil || failures < history.FlapFailures {
		return nil, err
	}
	var out []history.Outcome
	b = newStmt().add("SELECT coalesce(series_id, 0), run_start, ", failureEnd, ", status, coalesce(recovery, 0) FROM run").index("run_pipeline").add(" WHERE pipeline_id = ").arg(g.pipeline)
	b.add(" AND run_start >= ").arg(int64(since)).add(" AND status IN (2, 3) ORDER BY run_start DESC LIMIT ").num(maxFlapRuns + 1)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var o history.Outcome
		var status, code int64
		if err := rows.Scan(&o.Series, &o.Start, &o.End, &status, &code); err != nil {
			return err
		}
		o.Failed = status == statusFailed
		o.Open = o.Failed && code == codeOpen
		out = append(out, o)
		return nil
	})
	if err != nil || len(out) > maxFlapRuns {
		return nil, err
	}
	for _, r := range g.open {
		if r.start < int64(since) {
			out = append(out, history.Outcome{Series: r.series, Start: adf.Time(r.start), End: adf.Time(r.end), Failed: true, Open: true})
		}
	}
	return out, nil
}

// problem fills in what the list of problems shows of one.
func (s *Store) problem(ctx context.Context, sc *scope, g *problemGroup) (Problem, error) {
	name := s.dicts.pipeline(g.pipeline)
	place, _ := s.dicts.place(name.factory)
	series := g.series()
	out := Problem{
		Kind: g.kind, Place: place, PipelineName: name.name, Flap: g.flap, Since: adf.Time(g.oldest()),
		Runs: int64(len(g.runs())), NotRedone: int64(len(g.notRedone)), Series: int64(len(series)), SeriesItems: series[:min(len(series), maxProblemSeries)],
		Spark: make([]int64, sparkBars),
	}
	runs, err := s.loadRuns(ctx, []RunKey{RunKey(g.newest().seq)})
	if err != nil {
		return out, err
	}
	if len(runs) > 0 {
		out.Last = runs[0]
	}
	if err := s.nameSeries(ctx, g.pipeline, &out); err != nil {
		return out, err
	}
	return out, s.spark(ctx, sc, g.pipeline, out.Spark)
}

// nameSeries adds the names of a problem's series.
func (s *Store) nameSeries(ctx context.Context, pipeline int64, p *Problem) error {
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM series WHERE pipeline_id = ?", pipeline).Scan(&p.SeriesTotal); err != nil {
		return err
	}
	ids := make([]int64, len(p.SeriesItems))
	for i, one := range p.SeriesItems {
		ids[i] = one.id
	}
	labels := map[int64]string{}
	err := newStmt().add("SELECT id, label FROM series WHERE id IN ").nums(ids).each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		var label string
		if err := rows.Scan(&id, &label); err != nil {
			return err
		}
		labels[id] = label
		return nil
	})
	for i := range p.SeriesItems {
		p.SeriesItems[i].Parameters = labels[p.SeriesItems[i].id]
	}
	if err != nil || len(p.SeriesItems) == 0 || p.SeriesItems[0].Parameters == "" {
		return err
	}
	var members map[string]string
	if err := json.Unmarshal([]byte(p.SeriesItems[0].Parameters), &members); err != nil {
		return fmt.Errorf("read the name of series %d: %w", p.SeriesItems[0].id, err)
	}
	for name := range members {
		p.Recurring = append(p.Recurring, name)
	}
	slices.Sort(p.Recurring)
	return nil
}

// spark counts a pipeline's failures in each 24th of a range.
func (s *Store) spark(ctx context.Context, sc *scope, pipeline int64, into []int64) error {
	bar := max((sc.to-sc.from+sparkBars-1)/sparkBars, 1)
	b := newStmt().add("SELECT (run_start - ").arg(sc.from).add(") / ").arg(bar).add(", count(*) FROM run").index("run_odd_pipeline")
	b.add(" WHERE status <> 2 AND status = 3 AND pipeline_id = ").arg(pipeline).add(" AND run_start >= ").arg(sc.from).add(" AND run_start < ").arg(sc.to).add(" GROUP BY 1")
	return b.each(ctx, s.read, func(rows *sql.Rows) error {
		var i, n int64
		if err := rows.Scan(&i, &n); err != nil {
			return err
		}
		into[i] = n
		return nil
	})
}

// countBefore counts the open failed runs before the range.
func (s *Store) countBefore(ctx context.Context, sc *scope, o *Overview) error {
	before := newStmt().add("SELECT count(*) FROM run").index("run_open").add(" WHERE ", condOpen)
	(&scope{from: math.MinInt64, to: sc.from, factories: sc.factories}).where(before)
	return s.read.QueryRowContext(ctx, before.text.String(), before.args...).Scan(&o.Problems.Before)
}
