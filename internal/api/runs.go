package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/store"
)

// RunFilterParams are the parameters that pick runs, the same on every path
// that has them. Values of one name are joined by OR, names by AND.
type RunFilterParams struct {
	RangeParams
	Status      []string `query:"status,explode" nullable:"false" doc:"Statuses, spelled as ADF spells them, without regard to case."`
	Factory     []string `query:"factory,explode" nullable:"false" doc:"Short ids of factories."`
	Pipeline    []string `query:"pipeline,explode" nullable:"false" doc:"Names of pipelines, whole, without regard to case."`
	Trigger     []string `query:"trigger,explode" nullable:"false" doc:"Names of triggers, whole, without regard to case."`
	InvokedBy   []string `query:"invokedBy,explode" nullable:"false" doc:"Values of invokedBy.invokedByType, or names of triggers or of parent pipelines, without regard to case."`
	Annotation  []string `query:"annotation,explode" nullable:"false" doc:"Annotations; a run has at least one of them."`
	Group       string   `query:"group" enum:"latest" doc:"latest: only the newest run of each run group."`
	Recovery    []string `query:"recovery,explode" nullable:"false" enum:"open,notRedone,recovered" doc:"Failed runs by what became of them: see recovery of a run."`
	Open        boolText `query:"open" doc:"true: the same as recovery=open. false: every other run."`
	MinDuration string   `query:"minDuration" example:"5m" doc:"Least duration, such as 90s, 5m or 1h30m, or whole milliseconds. Runs that go on have none and are left out."`
	Q           string   `query:"q" minLength:"1" maxLength:"200" doc:"Words in the message, part of the pipeline's name, or the start of a runId. Repeated words count once; more than 8 different ones are refused."`
}

// ListRunsParams are the parameters of the list of runs.
type ListRunsParams struct {
	RunFilterParams
	Sort    string    `query:"sort" enum:"-runStart,runStart,-durationInMs,durationInMs" doc:"Order; -runStart, the newest first, when absent."`
	Limit   limitText `query:"limit" doc:"Most runs on a page."`
	Cursor  string    `query:"cursor" doc:"nextCursor of the page before, with the same filters and sort."`
	Include []string  `query:"include,explode" nullable:"false" enum:"parameters" doc:"parameters: adds parameters, runDimension and pipelineReturnValue."`
}

// RunParams name one run.
type RunParams struct {
	RunID   string `path:"runId" doc:"Id of the run, without regard to case."`
	Factory string `query:"factory" doc:"Short id of the factory, where a runId stands in two; without it the newest run is given."`
}

// Facet is a value of a filter and how many runs have it.
type Facet struct {
	Value string `json:"value" doc:"Value for the filter's parameter."`
	Count int64  `json:"count" doc:"Runs that have it, among those that every other filter leaves."`
}

// FactoryFacet is a factory and how many runs it has.
type FactoryFacet struct {
	Value string `json:"value" doc:"Short id of the factory."`
	Name  string `json:"name" doc:"Name of the factory as Azure spells it."`
	Count int64  `json:"count" doc:"Runs that it has, among those that every other filter leaves."`
}

// Facets are the counts beside a list of runs. A figure that would cost too
// much is null, and reason says so. A zero that is not known to be one is null
// too, and the basis says why.
type Facets struct {
	Basis          Basis          `json:"basis" doc:"What all figures here rest on."`
	Total          *int64         `json:"total" doc:"Known runs that the filters leave; null when none is known and the range is not covered whole, and when the filters ask for a recovery and recoveries are being derived."`
	Open           *int64         `json:"open" doc:"Open failed runs among them; null when none is known and the basis has a reason."`
	NotRedone      *int64         `json:"notRedone" doc:"Failed runs among them that are not redone; null like open."`
	Recovered      *int64         `json:"recovered" doc:"Failed runs among them that have recovered; null like open."`
	RecoveryReason *string        `json:"recoveryReason" doc:"Why open, notRedone, recovered and the counts by recovery are null: recoveries are being derived."`
	Recovery       []Facet        `json:"recovery" nullable:"true" doc:"Failed runs by recovery."`
	Status         []Facet        `json:"status" nullable:"true" doc:"By status."`
	Factory        []FactoryFacet `json:"factory" nullable:"true" doc:"By factory."`
	InvokedBy      []Facet        `json:"invokedBy" nullable:"true" doc:"By invokedBy.invokedByType."`
	Trigger        []Facet        `json:"trigger" nullable:"true" doc:"The 20 triggers with the most runs, and those that the filter names."`
	Parent         []Facet        `json:"parent" nullable:"true" doc:"The 20 pipelines that started the most runs, and those that the filter names, for the parameter invokedBy."`
	Pipeline       []Facet        `json:"pipeline" nullable:"true" doc:"The 50 pipelines with the most runs, and those that the filter names."`
	Annotation     []Facet        `json:"annotation" nullable:"true" doc:"The 50 annotations with the most runs, and those that the filter names."`
	Reason         *string        `json:"reason" doc:"Why a figure is null; null when none is."`
}

func (a *board) registerRuns() {
	register(a, huma.Operation{
		OperationID: "list-runs", Path: "/api/v1/runs", Tags: []string{"runs"},
		Summary:     "List pipeline runs",
		Description: "Runs of every factory, page by page. Without from and to all of history. A page that was begun is not disturbed by runs that arrive meanwhile.",
	}, a.listRuns)
	register(a, huma.Operation{
		OperationID: "run-facets", Path: "/api/v1/runs/facets", Tags: []string{"runs"},
		Summary:     "Count pipeline runs by the values of each filter",
		Description: "Each facet applies every filter but its own, so that its values can be added to the filter.",
	}, a.runFacets)
	register(a, huma.Operation{
		OperationID: "get-run", Path: "/api/v1/runs/{runId}", Tags: []string{"runs"},
		Summary: "Get one pipeline run, whole",
	}, a.getRun)
	register(a, huma.Operation{
		OperationID: "run-group", Path: "/api/v1/runs/{runId}/group", Tags: []string{"runs"},
		Summary: "List a run and its reruns, in order of start",
	}, a.runGroup)
	register(a, huma.Operation{
		OperationID: "run-children", Path: "/api/v1/runs/{runId}/children", Tags: []string{"runs"},
		Summary: "List the runs that a run started, in order of start",
	}, a.runChildren)
}

func (a *board) listRuns(ctx context.Context, in *ListRunsParams) (RunPage, error) {
	var r reader
	query := store.RunQuery{
		RunFilter: a.runFilter(ctx, &r, &in.RunFilterParams),
		Sort:      store.Sort(r.oneOf("sort", in.Sort, "-runStart", "runStart", "-durationInMs", "durationInMs")),
		Limit:     r.limit(in.Limit), Cursor: in.Cursor,
	}
	for _, include := range in.Include {
		r.oneOf("include", include, "parameters")
	}
	if err := r.err(); err != nil {
		return RunPage{}, err
	}
	// Before the runs: what is read between the two is here and not yet counted as read.
	basis, err := a.basisOf(ctx, &query.RunFilter)
	if err != nil {
		return RunPage{}, err
	}
	page, err := a.store.Runs(ctx, query)
	if err != nil {
		return RunPage{}, err
	}
	rows := runRows
	if len(in.Include) > 0 {
		rows = runRowsWhole
	}
	return RunPage{Basis: basis, Items: rows(page.Runs), NextCursor: orNull(page.NextCursor), AsOf: NullTime(page.AsOf)}, nil
}

func (a *board) runFacets(ctx context.Context, in *RunFilterParams) (Facets, error) {
	var r reader
	filter := a.runFilter(ctx, &r, in)
	if err := r.err(); err != nil {
		return Facets{}, err
	}
	basis, err := a.basis(ctx, filter.From, filter.To, filter.Factories) // before the runs: see listRuns
	if err != nil {
		return Facets{}, err
	}
	f, err := a.store.Facets(ctx, filter)
	if err != nil {
		return Facets{}, err
	}
	if filter.ByRecovery() {
		basis.lacksRecoveries(f.RecoveryReason)
	}
	out := Facets{
		Basis: basis, Total: known(f.Total, basis.inRange), Open: known(f.Open, basis.now), NotRedone: known(f.NotRedone, basis.now), Recovered: known(f.Recovered, basis.now), RecoveryReason: orNull(f.RecoveryReason), Reason: orNull(f.Reason),
		Recovery: facets(f.Recovery), Status: facets(f.Status), InvokedBy: facets(f.InvokedBy), Trigger: facets(f.Trigger),
		Parent: facets(f.Parent), Pipeline: facets(f.Pipeline), Annotation: facets(f.Annotation),
	}
	if f.Factory != nil {
		out.Factory = make([]FactoryFacet, len(f.Factory))
	}
	for i, one := range f.Factory {
		out.Factory[i] = FactoryFacet(one)
	}
	return out, nil
}

// facets keeps nil, which means unknown, apart from empty.
func facets(in []store.Facet) []Facet {
	if in == nil {
		return nil
	}
	out := make([]Facet, len(in))
	for i, f := range in {
		out[i] = Facet{Value: f.Value, Count: f.Count}
	}
	return out
}

func (a *board) getRun(ctx context.Context, in *RunParams) (RunDetail, error) {
	detail, err := a.store.Run(ctx, in.Factory, in.RunID)
	if err != nil {
		return RunDetail{}, err
	}
	return a.runDetail(&detail), nil
}

func (a *board) runGroup(ctx context.Context, in *RunParams) (RunList, error) {
	runs, err := a.store.Group(ctx, in.Factory, in.RunID)
	return RunList{Items: runRows(runs)}, err
}

func (a *board) runChildren(ctx context.Context, in *RunParams) (RunList, error) {
	runs, err := a.store.Children(ctx, in.Factory, in.RunID)
	return RunList{Items: runRows(runs)}, err
}
