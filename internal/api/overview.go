package api

import (
	"cmp"
	"context"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// OverviewParams are the parameters of the overview.
type OverviewParams struct {
	RangeParams
	Factory []string `query:"factory,explode" nullable:"false" doc:"Short ids of factories."`
}

// SuccessRate is a share with what it is a share of.
type SuccessRate struct {
	Value     *float64 `json:"value" doc:"succeeded / finished, 0 to 1; null when unknown, which it is unless the range is covered whole."`
	Succeeded *int64   `json:"succeeded" doc:"Known runs that succeeded; null when nothing is known."`
	Finished  *int64   `json:"finished" doc:"Known runs that succeeded or failed; null when nothing is known."`
	Reason    *string  `json:"reason" doc:"Why value is null."`
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
	Count *int64   `json:"count" doc:"Runs that are Queued, InProgress or Canceling; null when none is known and the basis has a reason."`
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
	AfterMs   int64 `json:"afterMs" doc:"After how long without a failure a series is folded away, in milliseconds: the setting olderAfter."`
}

// PipelineProblems are the pipelines whose failed runs have not recovered, whenever
// they failed.
type PipelineProblems struct {
	Pipelines *int64            `json:"pipelines" doc:"Pipelines that need attention: with an open series that is neither flapping nor older. Null while recoveries are being derived, and when none is known and the basis has a reason."`
	Series    *int64            `json:"series" doc:"Open series of these pipelines; null with pipelines."`
	Runs      *int64            `json:"runs" doc:"Open failed runs of these pipelines; null with pipelines."`
	Flapping  int64             `json:"flapping" doc:"Pipelines that fail and work again by themselves each time."`
	NotRedone *int64            `json:"notRedone" doc:"Failed runs that are not redone and not older; null with pipelines."`
	Oldest    NullTime          `json:"oldest" doc:"Start of the oldest open failed run of these pipelines."`
	Before    *int64            `json:"before" doc:"Open failed runs from before the range."`
	Items     []PipelineProblem `json:"items" nullable:"false" doc:"At most 30 of each kind: open first, then flapping, then not redone; within each the latest beginning first."`
	Older     OlderProblems     `json:"older" doc:"Left out of all figures above: series that have not failed for afterMs, whose pipeline Azure no longer lists, or that are known only from an import."`
	Reason    *string           `json:"reason" doc:"Why figures are null or may lack something; null when neither is so."`
}

// RecoveryCounts are the failed runs of the range by what became of them,
// besides those that are open.
type RecoveryCounts struct {
	NotRedone *int64  `json:"notRedone" doc:"Failed runs of the range that are not redone; null when none is known and the range is not covered whole."`
	Recovered *int64  `json:"recovered" doc:"Failed runs of the range that have recovered; null like notRedone."`
	Reason    *string `json:"reason" doc:"Why they are null though the range is covered: recoveries are being derived."`
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
	Finished     int64      `json:"finished" doc:"Those that succeeded or failed."`
	SuccessRate  *float64   `json:"successRate" doc:"(finished - failed) / finished, 0 to 1; null when none finished and when the range is not covered whole."`
	Last         RunRow     `json:"last" doc:"Its newest run."`
	Strip        []StripRun `json:"strip" nullable:"false" doc:"Its last 30 runs, oldest first, whatever the range."`
}

// Overview is the board at a glance.
type Overview struct {
	From           Time             `json:"from" doc:"Where the range begins."`
	To             Time             `json:"to" doc:"Where the range ends; runs that start then are outside."`
	AsOf           NullTime         `json:"asOf" doc:"Everything last updated before it is here: the oldest freshness of the factories asked for that were read and that Azure lists; null when none was."`
	Basis          Basis            `json:"basis" doc:"What all figures here rest on."`
	Counts         map[string]int64 `json:"counts" nullable:"true" doc:"Known runs by status; statuses that do not occur are left out. Null when none is known and nothing of the range is covered."`
	SuccessRate    SuccessRate      `json:"successRate" doc:"Success rate of the range."`
	Previous       PreviousPeriod   `json:"previous" doc:"The period of the same length before."`
	Running        RunningNow       `json:"running" doc:"What goes on now."`
	Problems       PipelineProblems `json:"problems" doc:"What failed and has not recovered."`
	Recovery       RecoveryCounts   `json:"recovery" doc:"What became of the failed runs of the range."`
	NewestFailures []RunRow         `json:"newestFailures" nullable:"false" doc:"At most 10 failures of the range, the newest first."`
	WorstPipelines []PipelineHealth `json:"worstPipelines" nullable:"false" doc:"At most 10 pipelines: most open failures, then most failures, then most runs first."`
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
	basis, err := a.basis(ctx, from, to, in.Factory) // before the runs: see listRuns
	if err != nil {
		return Overview{}, err
	}
	o, err := a.store.Overview(ctx, store.OverviewQuery{From: from, To: to, Factories: in.Factory, OlderAfter: a.olderAfter})
	if err != nil {
		return Overview{}, err
	}
	derivation, err := a.store.Derivation(ctx)
	if err != nil {
		return Overview{}, err
	}
	basis.ran(total(o.Counts))
	out := Overview{
		From: Time(o.From), To: Time(o.To), AsOf: NullTime(o.AsOf), Basis: basis,
		SuccessRate:    basis.successRate(&o.Period),
		Previous:       previousPeriod(&o.Previous),
		Running:        RunningNow{Count: basis.now(o.RunningCount), Items: runRows(o.Running)},
		Problems:       problems(&basis, &o.Problems, derivation),
		Recovery:       RecoveryCounts{NotRedone: known(o.NotRedoneRuns, basis.inRange), Recovered: known(o.RecoveredRuns, basis.inRange), Reason: orNull(o.RecoveryReason)},
		NewestFailures: runRows(o.NewestFailure),
		WorstPipelines: make([]PipelineHealth, len(o.Worst)),
	}
	if len(o.Counts) > 0 || basis.Covered != string(store.CoveredNo) {
		out.Counts = counts(o.Counts)
	}
	for i := range o.Worst {
		out.WorstPipelines[i] = pipelineHealth(&basis, &o.Worst[i])
	}
	return out, nil
}

// total counts the runs of a period.
func total(by map[adf.Status]int64) int64 {
	var n int64
	for _, count := range by {
		n += count
	}
	return n
}

// successRate is the share of a period that the basis is about.
func (b *Basis) successRate(p *store.Period) SuccessRate {
	out := successRate(p)
	if b.Covered == string(store.CoveredYes) {
		return out
	}
	out.Value, out.Reason = nil, b.Reason
	if b.Covered == string(store.CoveredNo) && len(p.Counts) == 0 {
		out.Succeeded, out.Finished = nil, nil
	}
	return out
}

func successRate(p *store.Period) SuccessRate {
	out := SuccessRate{Value: p.SuccessRate}
	if p.Counts != nil {
		succeeded := p.Counts[adf.StatusSucceeded]
		finished := succeeded + p.Counts[adf.StatusFailed]
		out.Succeeded, out.Finished = &succeeded, &finished
	}
	if p.SuccessRate == nil {
		reason := cmp.Or(p.Reason, "no run succeeded or failed")
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

func problems(b *Basis, p *store.Problems, d store.Derivation) PipelineProblems {
	out := PipelineProblems{
		Flapping: p.Flapping, Oldest: NullTime(p.Oldest), Before: b.now(p.Before), Older: OlderProblems{Pipelines: p.Older.Pipelines, Series: p.Older.Series, Runs: p.Older.Runs, AfterMs: p.Older.After.Milliseconds()},
		Reason: orNull(p.Reason), Items: make([]PipelineProblem, len(p.Items)),
	}
	if d.Failed == 0 {
		out.Pipelines, out.Series, out.Runs, out.NotRedone = b.now(p.Pipelines), b.now(p.Series), b.now(p.Runs), b.now(p.NotRedone)
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

func pipelineHealth(b *Basis, p *store.PipelineHealth) PipelineHealth {
	out := PipelineHealth{
		Factory: p.Place.Short, FactoryName: p.Place.Name, PipelineName: p.PipelineName,
		Runs: p.Runs, Finished: p.Finished, Failed: p.Failed, Open: p.Open, NotRedone: p.NotRedone,
		Last: runRow(&p.Last), Strip: make([]StripRun, len(p.Strip)),
	}
	if b.Covered == string(store.CoveredYes) {
		out.SuccessRate = p.SuccessRate
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

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
