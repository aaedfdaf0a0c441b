package api

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// OverviewParams are the parameters of the overview.
type OverviewParams struct {
	RangeParams
	Factory []string `query:"factory,explode" nullable:"false" doc:"Short ids of factories."`
}

// SuccessRate is a share that may be unknown.
type SuccessRate struct {
	Value  *float64 `json:"value" doc:"Succeeded / (Succeeded + Failed), 0 to 1; null when unknown."`
	Reason *string  `json:"reason" doc:"Why value is null."`
}

// PreviousPeriod is the period of the same length before the one asked for.
type PreviousPeriod struct {
	From        Time             `json:"from" doc:"Where it begins."`
	To          Time             `json:"to" doc:"Where it ends."`
	Counts      map[string]int64 `json:"counts" nullable:"true" doc:"Runs by status; null when the period is not covered by the history that is here."`
	SuccessRate SuccessRate      `json:"successRate" doc:"Its success rate."`
}

// RunningNow are the runs that go on now, whatever the range.
type RunningNow struct {
	Count int64    `json:"count" doc:"Runs that are Queued, InProgress or Canceling."`
	Items []RunRow `json:"items" nullable:"false" doc:"At most 20 of them, the longest first."`
}

// PipelineProblem is a pipeline with failed runs that have not recovered.
type PipelineProblem struct {
	Kind         string           `json:"kind" enum:"open,flapping,notRedone" doc:"open: it needs attention. flapping: it fails and works again by itself each time. notRedone: it works, but the work of some failed runs is still missing."`
	Factory      string           `json:"factory" doc:"Short id of the factory."`
	FactoryName  string           `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	PipelineName string           `json:"pipelineName" doc:"Name of the pipeline."`
	Runs         int64            `json:"runs" doc:"Its open failed runs; with kind notRedone those that are not redone."`
	NotRedone    int64            `json:"notRedone" doc:"Its failed runs that are not redone, whatever the kind."`
	Series       int64            `json:"series" doc:"Series that these runs belong to."`
	SeriesTotal  int64            `json:"seriesTotal" doc:"All series of the pipeline."`
	Recurring    []string         `json:"recurring" nullable:"false" doc:"Names of the parameters that tell its series apart; empty where it has one series."`
	SeriesItems  []ProblemSeries  `json:"seriesItems" nullable:"false" doc:"At most 20 of the series, the latest beginning first."`
	Since        Time             `json:"since" doc:"Start of the oldest of the runs: when the problem began."`
	Last         RunRow           `json:"last" doc:"The newest of the runs."`
	Spark        []int64          `json:"spark" nullable:"false" minItems:"24" maxItems:"24" doc:"Its failures in each 24th of the range, oldest first."`
	Flapping     Null[Flapping]   `json:"flapping" doc:"How often it fails and how soon it works again; null unless kind is flapping."`
	Folded       []FoldedPipeline `json:"folded" nullable:"false" doc:"Pipelines that failed only because they had started runs of this one that are open."`
}

// ProblemSeries is a series of a problem.
type ProblemSeries struct {
	Parameters map[string]string `json:"parameters" doc:"Its recurring parameters; empty where the pipeline has one series."`
	Runs       int64             `json:"runs" doc:"Its failed runs that the problem counts."`
	Since      Time              `json:"since" doc:"Start of the oldest of them."`
}

// Flapping is how a pipeline fails that works again by itself.
type Flapping struct {
	Failed       int   `json:"failed" doc:"Runs that failed in the last 24 hours."`
	Runs         int   `json:"runs" doc:"Runs that succeeded or failed in the last 24 hours."`
	WorksAgainMs int64 `json:"worksAgainMs" doc:"Milliseconds from the end of a failure to the next success of its series, at most."`
}

// FoldedPipeline is a pipeline that failed only through another.
type FoldedPipeline struct {
	Factory      string `json:"factory" doc:"Short id of the factory."`
	PipelineName string `json:"pipelineName" doc:"Name of the pipeline."`
	Runs         int64  `json:"runs" doc:"Its open failed runs."`
}

// OlderProblems are problems that are folded into one line.
type OlderProblems struct {
	Pipelines int64 `json:"pipelines" doc:"Pipelines."`
	Series    int64 `json:"series" doc:"Series of them."`
	Runs      int64 `json:"runs" doc:"Failed runs of them that are open or not redone."`
}

// PipelineProblems are the pipelines whose failed runs have not recovered, whenever
// they failed.
type PipelineProblems struct {
	Pipelines *int64            `json:"pipelines" doc:"Pipelines that need attention: with an open series that is neither flapping nor older. Null while recoveries are being derived."`
	Series    *int64            `json:"series" doc:"Open series of these pipelines; null with pipelines."`
	Runs      *int64            `json:"runs" doc:"Open failed runs of these pipelines; null with pipelines."`
	Flapping  int64             `json:"flapping" doc:"Pipelines that fail and work again by themselves each time."`
	NotRedone *int64            `json:"notRedone" doc:"Failed runs that are not redone and not older; null with pipelines."`
	Oldest    NullTime          `json:"oldest" doc:"Start of the oldest open failed run of these pipelines."`
	Before    int64             `json:"before" doc:"Open failed runs from before the range."`
	Items     []PipelineProblem `json:"items" nullable:"false" doc:"At most 30 of each kind: open first, then flapping, then not redone; within each the latest beginning first."`
	Older     OlderProblems     `json:"older" doc:"Left out of all figures above: series that have not failed for 14 days, whose pipeline Azure no longer lists, or that are known only from an import."`
	Reason    *string           `json:"reason" doc:"Why figures are null or may lack something; null when neither is so."`
}

// RecoveryCounts are the failed runs of the range by what became of them,
// besides those that are open.
type RecoveryCounts struct {
	NotRedone *int64  `json:"notRedone" doc:"Failed runs of the range that are not redone."`
	Recovered *int64  `json:"recovered" doc:"Failed runs of the range that have recovered."`
	Reason    *string `json:"reason" doc:"Why they are null: recoveries are being derived."`
}

// StripRun is a run as one bar of a strip.
type StripRun struct {
	RunID        string   `json:"runId" doc:"Id of the run."`
	Status       string   `json:"status" doc:"Its status as ADF spells it."`
	RunStart     NullTime `json:"runStart" doc:"When it started."`
	DurationInMs *int64   `json:"durationInMs" doc:"Duration in milliseconds; null while it goes on."`
	Recovery     *string  `json:"recovery" doc:"What became of a failed run: open, notRedone or recovered; null for a run that did not fail, and while it is being derived."`
	RecoveredBy  *string  `json:"recoveredBy" doc:"runId of the run that recovered it."`
	EndUnknown   *string  `json:"endUnknown" doc:"Why nobody can say how it ended; null for every run but those."`
}

// PipelineHealth is how a pipeline did in the range.
type PipelineHealth struct {
	Factory      string     `json:"factory" doc:"Short id of the factory."`
	FactoryName  string     `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	PipelineName string     `json:"pipelineName" doc:"Name of the pipeline."`
	Runs         int64      `json:"runs" doc:"Its runs."`
	Failed       int64      `json:"failed" doc:"Those that failed."`
	Open         int64      `json:"open" doc:"Those that are open."`
	NotRedone    int64      `json:"notRedone" doc:"Those that are not redone."`
	SuccessRate  *float64   `json:"successRate" doc:"Succeeded / (Succeeded + Failed), 0 to 1; null with neither."`
	Last         RunRow     `json:"last" doc:"Its newest run."`
	Strip        []StripRun `json:"strip" nullable:"false" doc:"Its last 30 runs, oldest first, whatever the range."`
}

// StaleSource is a source or factory that is not kept up to date though it
// should be.
type StaleSource struct {
	Source  *string  `json:"source" doc:"Name of the source; null when unknown."`
	Factory *string  `json:"factory" doc:"Short id of the factory; null for a source as a whole."`
	Name    string   `json:"name" doc:"Name of the factory or of the source."`
	AsOf    NullTime `json:"asOf" doc:"Everything last updated before it is here."`
	Reason  string   `json:"reason" doc:"Why, and what to do."`
	Command *string  `json:"command" doc:"Command that mends it."`
}

// OverviewCoverage says how much of history the overview rests on.
type OverviewCoverage struct {
	From      NullTime `json:"from" doc:"Where every factory's history has begun; null when one has none yet."`
	Complete  bool     `json:"complete" doc:"Whether every factory's wanted history is here."`
	Filling   int      `json:"filling" doc:"Factories whose history is still being read."`
	DoneShare *float64 `json:"doneShare" doc:"Share of the wanted history that is here, 0 to 1; null when nobody said what is wanted."`
	Runs      int64    `json:"runs" doc:"Runs that are here, all time."`
}

// Overview is the board at a glance.
type Overview struct {
	From           Time             `json:"from" doc:"Where the range begins."`
	To             Time             `json:"to" doc:"Where the range ends; runs that start then are outside."`
	AsOf           NullTime         `json:"asOf" doc:"Everything last updated before it is here: the oldest freshness of the factories asked for."`
	Counts         map[string]int64 `json:"counts" doc:"Runs by status; statuses that do not occur are left out."`
	SuccessRate    SuccessRate      `json:"successRate" doc:"Success rate of the range."`
	Previous       PreviousPeriod   `json:"previous" doc:"The period of the same length before."`
	Running        RunningNow       `json:"running" doc:"What goes on now."`
	Problems       PipelineProblems `json:"problems" doc:"What failed and has not recovered."`
	Recovery       RecoveryCounts   `json:"recovery" doc:"What became of the failed runs of the range."`
	NewestFailures []RunRow         `json:"newestFailures" nullable:"false" doc:"At most 10 failures of the range, the newest first."`
	WorstPipelines []PipelineHealth `json:"worstPipelines" nullable:"false" doc:"At most 10 pipelines: most open failures, then most failures, then most runs first."`
	StaleSources   []StaleSource    `json:"staleSources" nullable:"false" doc:"What is not kept up to date though it should be."`
	Coverage       OverviewCoverage `json:"coverage" doc:"How much of history this rests on."`
}

func (a *board) registerOverview() {
	register(a, huma.Operation{
		OperationID: "overview", Path: "/api/v1/overview", Tags: []string{"overview"},
		Summary:     "Get the state of everything at a glance",
		Description: "Without from and to the last 24 hours.",
	}, a.overview)
}

func (a *board) overview(ctx context.Context, in *OverviewParams) (Overview, error) {
	var r reader
	from, to := a.lastDay(&r, &in.RangeParams)
	if err := r.err(); err != nil {
		return Overview{}, err
	}
	o, err := a.store.Overview(ctx, store.OverviewQuery{From: from, To: to, Factories: in.Factory, OlderAfter: a.olderAfter})
	if err != nil {
		return Overview{}, err
	}
	factories, err := a.factoriesOf(ctx, in.Factory)
	if err != nil {
		return Overview{}, err
	}
	stale, err := a.staleSources(ctx, factories)
	if err != nil {
		return Overview{}, err
	}
	derivation, err := a.store.Derivation(ctx)
	if err != nil {
		return Overview{}, err
	}
	out := Overview{
		From: Time(o.From), To: Time(o.To), AsOf: NullTime(o.AsOf),
		Counts: counts(o.Counts), SuccessRate: successRate(&o.Period),
		Previous:       previousPeriod(&o.Previous),
		Running:        RunningNow{Count: o.RunningCount, Items: runRows(o.Running)},
		Problems:       problems(&o.Problems, derivation),
		Recovery:       RecoveryCounts{NotRedone: o.NotRedoneRuns, Recovered: o.RecoveredRuns, Reason: orNull(o.RecoveryReason)},
		NewestFailures: runRows(o.NewestFailure),
		WorstPipelines: make([]PipelineHealth, len(o.Worst)),
		StaleSources:   stale,
		Coverage:       a.overviewCoverage(factories),
	}
	for i := range o.Worst {
		out.WorstPipelines[i] = pipelineHealth(&o.Worst[i])
	}
	return out, nil
}

func successRate(p *store.Period) SuccessRate {
	out := SuccessRate{Value: p.SuccessRate}
	if p.SuccessRate == nil {
		reason := p.Reason
		if reason == "" {
			reason = "no run succeeded or failed"
		}
		out.Reason = &reason
	}
	return out
}

func previousPeriod(p *store.Period) PreviousPeriod {
	out := PreviousPeriod{From: Time(p.From), To: Time(p.To), SuccessRate: successRate(p)}
	if p.Counts != nil {
		out.Counts = counts(p.Counts)
	}
	return out
}

func problems(p *store.Problems, d store.Derivation) PipelineProblems {
	out := PipelineProblems{
		Flapping: p.Flapping, Oldest: NullTime(p.Oldest), Before: p.Before, Older: OlderProblems(p.Older),
		Reason: orNull(p.Reason), Items: make([]PipelineProblem, len(p.Items)),
	}
	if d.Failed == 0 {
		out.Pipelines, out.Series, out.Runs, out.NotRedone = &p.Pipelines, &p.Series, &p.Runs, &p.NotRedone
	} else {
		out.Reason = orNull(sentences(d.Reason(), p.Reason))
	}
	for i := range p.Items {
		out.Items[i] = problem(&p.Items[i])
	}
	return out
}

func problem(p *store.Problem) PipelineProblem {
	out := PipelineProblem{
		Kind: string(p.Kind), Factory: p.Place.Short, FactoryName: p.Place.Name, PipelineName: p.PipelineName,
		Runs: p.Runs, NotRedone: p.NotRedone, Series: p.Series, SeriesTotal: p.SeriesTotal, Recurring: orEmpty(p.Recurring),
		Since: Time(p.Since), Last: runRow(&p.Last), Spark: p.Spark,
		SeriesItems: make([]ProblemSeries, len(p.SeriesItems)), Folded: make([]FoldedPipeline, len(p.Folded)),
	}
	for i, one := range p.SeriesItems {
		out.SeriesItems[i] = ProblemSeries{Parameters: seriesParameters(one.Parameters), Runs: one.Runs, Since: Time(one.Since)}
	}
	for i, one := range p.Folded {
		out.Folded[i] = FoldedPipeline{Factory: one.Place.Short, PipelineName: one.PipelineName, Runs: one.Runs}
	}
	if p.Flap != nil {
		out.Flapping.Value = &Flapping{Failed: p.Flap.Failed, Runs: p.Flap.Runs, WorksAgainMs: p.Flap.WorksAgain.Milliseconds()}
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func pipelineHealth(p *store.PipelineHealth) PipelineHealth {
	out := PipelineHealth{
		Factory: p.Place.Short, FactoryName: p.Place.Name, PipelineName: p.PipelineName,
		Runs: p.Runs, Failed: p.Failed, Open: p.Open, NotRedone: p.NotRedone, SuccessRate: p.SuccessRate,
		Last: runRow(&p.Last), Strip: make([]StripRun, len(p.Strip)),
	}
	for i, tick := range p.Strip {
		out.Strip[i] = StripRun{
			RunID: tick.RunID, Status: string(tick.Status), RunStart: NullTime(tick.RunStart),
			DurationInMs: tick.DurationInMs, EndUnknown: endUnknown(tick.Gone, tick.Status),
		}
		if r := tick.Recovery; r != nil {
			out.Strip[i].Recovery = orNull(string(r.State))
			if r.By != nil {
				out.Strip[i].RecoveredBy = orNull(r.By.RunID)
			}
		}
	}
	return out
}

// factoriesOf returns the factories with these short ids, all without any.
func (a *board) factoriesOf(ctx context.Context, shorts []string) ([]store.Factory, error) {
	all, err := a.store.Factories(ctx)
	if err != nil || len(shorts) == 0 {
		return all, err
	}
	return slices.DeleteFunc(all, func(f store.Factory) bool { return !slices.Contains(shorts, f.Short) }), nil
}

// staleSources lists what should be fresh and is not: sources in trouble,
// then factories whose own polls break off.
func (a *board) staleSources(ctx context.Context, factories []store.Factory) ([]StaleSource, error) {
	sources, err := a.sources(ctx)
	if err != nil {
		return nil, err
	}
	out := []StaleSource{}
	for _, s := range sources {
		if s.State == sourceError {
			out = append(out, StaleSource{Source: &s.Source, Name: s.Source, Reason: sentences(text(s.What), text(s.Advice)), Command: s.Command})
		}
	}
	for i := range factories {
		f := &factories[i]
		state := a.stateOf(f)
		if state != store.StateStale && state != store.StateRefused {
			continue
		}
		one := StaleSource{Source: orNull(f.Source), Factory: &f.Short, Name: f.Name, AsOf: NullTime(f.AsOf)}
		if t := f.LastError; t != nil {
			one.Reason, one.Command = sentences(t.What, t.Advice), orNull(t.Command)
		} else {
			one.Reason = "No poll was completed since then, and no error was reported. The server may have been asleep or short of time."
		}
		out = append(out, one)
	}
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *board) overviewCoverage(factories []store.Factory) OverviewCoverage {
	out := OverviewCoverage{Complete: len(factories) > 0}
	var share float64
	var wanted int
	var from adf.Time
	begun := len(factories) > 0
	for i := range factories {
		f := &factories[i]
		out.Runs += f.Runs
		if f.State == store.StateNotCollected && f.Source == "" {
			continue // known from a file only: nothing is meant to be complete
		}
		if a.stateOf(f) == store.StateFilling {
			out.Filling++
		}
		out.Complete = out.Complete && f.Coverage.Complete
		begun = begun && !f.Coverage.From.IsZero()
		from = max(from, f.Coverage.From)
		if f.Coverage.DoneShare != nil {
			share += *f.Coverage.DoneShare
			wanted++
		}
	}
	if begun {
		out.From = NullTime(from)
	}
	if wanted > 0 {
		mean := share / float64(wanted)
		out.DoneShare = &mean
	}
	return out
}
