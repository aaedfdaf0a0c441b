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

// OpenProblem is a pipeline with open failures.
type OpenProblem struct {
	Factory      string  `json:"factory" doc:"Short id of the factory."`
	FactoryName  string  `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	PipelineName string  `json:"pipelineName" doc:"Name of the pipeline."`
	Runs         int64   `json:"runs" doc:"Its open failures."`
	Since        Time    `json:"since" doc:"Start of the oldest of them."`
	Last         RunRow  `json:"last" doc:"The newest of them."`
	Spark        []int64 `json:"spark" nullable:"false" minItems:"24" maxItems:"24" doc:"Its failures in each 24th of the range, oldest first."`
}

// OpenProblems are the pipelines that have failed and not recovered, whenever
// they failed.
type OpenProblems struct {
	Count  *int64        `json:"count" doc:"Pipelines with open failures; null when none is known and the basis has a reason."`
	Runs   *int64        `json:"runs" doc:"Open failures; null like count."`
	Oldest NullTime      `json:"oldest" doc:"Start of the oldest of them."`
	Items  []OpenProblem `json:"items" nullable:"false" doc:"At most 20 pipelines, the newest failure first."`
	Before *int64        `json:"before" doc:"Open failures from before the range; null like count."`
}

// HealedFailures are the failures of the range that were healed since.
type HealedFailures struct {
	Runs *int64 `json:"runs" doc:"Healed failures; null when none is known and the range is not covered whole."`
}

// StripRun is a run as one bar of a strip.
type StripRun struct {
	RunID        string   `json:"runId" doc:"Id of the run."`
	Status       string   `json:"status" doc:"Its status as ADF spells it."`
	RunStart     NullTime `json:"runStart" doc:"When it started."`
	DurationInMs *int64   `json:"durationInMs" doc:"Duration in milliseconds; null while it goes on."`
	Open         bool     `json:"open" doc:"Whether it failed and was not healed since."`
	HealedBy     *string  `json:"healedBy" doc:"runId of the success that healed it."`
	EndUnknown   *string  `json:"endUnknown" doc:"Why nobody can say how it ended; null for every run but those."`
}

// PipelineHealth is how a pipeline did in the range.
type PipelineHealth struct {
	Factory      string     `json:"factory" doc:"Short id of the factory."`
	FactoryName  string     `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	PipelineName string     `json:"pipelineName" doc:"Name of the pipeline."`
	Runs         int64      `json:"runs" doc:"Its runs."`
	Failed       int64      `json:"failed" doc:"Those that failed."`
	Open         int64      `json:"open" doc:"Failures that were not healed since."`
	Finished     int64      `json:"finished" doc:"Those that succeeded or failed."`
	SuccessRate  *float64   `json:"successRate" doc:"(finished - failed) / finished, 0 to 1; null when none finished and when the range is not covered whole."`
	Last         RunRow     `json:"last" doc:"Its newest run."`
	Strip        []StripRun `json:"strip" nullable:"false" doc:"Its last 30 runs, oldest first, whatever the range."`
}

// Overview is the board at a glance.
type Overview struct {
	From           Time             `json:"from" doc:"Where the range begins."`
	To             Time             `json:"to" doc:"Where the range ends; runs that start then are outside."`
	AsOf           NullTime         `json:"asOf" doc:"Everything last updated before it is here: the oldest freshness of the factories asked for."`
	Basis          Basis            `json:"basis" doc:"What all figures here rest on."`
	Counts         map[string]int64 `json:"counts" nullable:"true" doc:"Known runs by status; statuses that do not occur are left out. Null when none is known and nothing of the range is covered."`
	SuccessRate    SuccessRate      `json:"successRate" doc:"Success rate of the range."`
	Previous       PreviousPeriod   `json:"previous" doc:"The period of the same length before."`
	Running        RunningNow       `json:"running" doc:"What goes on now."`
	OpenProblems   OpenProblems     `json:"openProblems" doc:"What failed and has not recovered."`
	Healed         HealedFailures   `json:"healed" doc:"What failed and recovered."`
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
	o, err := a.store.Overview(ctx, store.OverviewQuery{From: from, To: to, Factories: in.Factory})
	if err != nil {
		return Overview{}, err
	}
	basis, err := a.basis(ctx, from, to, in.Factory)
	if err != nil {
		return Overview{}, err
	}
	basis.ran(total(o.Counts))
	out := Overview{
		From: Time(o.From), To: Time(o.To), AsOf: NullTime(o.AsOf), Basis: basis,
		SuccessRate:    basis.successRate(&o.Period),
		Previous:       previousPeriod(&o.Previous),
		Running:        RunningNow{Count: basis.now(o.RunningCount), Items: runRows(o.Running)},
		OpenProblems:   openProblems(&basis, &o.Problems),
		Healed:         HealedFailures{Runs: basis.inRange(o.HealedRuns)},
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

func openProblems(b *Basis, p *store.Problems) OpenProblems {
	out := OpenProblems{Count: b.now(p.Pipelines), Runs: b.now(p.Runs), Oldest: NullTime(p.Oldest), Before: b.now(p.Before), Items: make([]OpenProblem, len(p.Items))}
	for i := range p.Items {
		one := &p.Items[i]
		out.Items[i] = OpenProblem{
			Factory: one.Place.Short, FactoryName: one.Place.Name, PipelineName: one.PipelineName,
			Runs: one.Runs, Since: Time(one.Since), Last: runRow(&one.Last), Spark: one.Spark,
		}
	}
	return out
}

func pipelineHealth(b *Basis, p *store.PipelineHealth) PipelineHealth {
	out := PipelineHealth{
		Factory: p.Place.Short, FactoryName: p.Place.Name, PipelineName: p.PipelineName,
		Runs: p.Runs, Finished: p.Finished, Failed: p.Failed, Open: p.Open,
		Last: runRow(&p.Last), Strip: make([]StripRun, len(p.Strip)),
	}
	if b.Covered == string(store.CoveredYes) {
		out.SuccessRate = p.SuccessRate
	}
	for i, tick := range p.Strip {
		out.Strip[i] = StripRun{
			RunID: tick.RunID, Status: string(tick.Status), RunStart: NullTime(tick.RunStart),
			DurationInMs: tick.DurationInMs, Open: tick.Open, HealedBy: orNull(tick.HealedBy), EndUnknown: endUnknown(tick.Gone, tick.Status),
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
