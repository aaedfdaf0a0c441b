package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/store"
)

// Surrounding is what is known of one kind of what stands around the runs of a
// factory.
type Surrounding struct {
	Kind    string        `json:"kind" enum:"factory,pipelines,triggers,triggerRuns,integrationRuntimes" doc:"factory: its own facts and tags."`
	AsOf    NullTime      `json:"asOf" doc:"It was read to its end then; null when it never was."`
	Trouble Null[Trouble] `json:"trouble" doc:"Why it could not be read since; null when it could."`
}

// SurroundingList is what stands around the runs of a factory, kind by kind.
type SurroundingList struct {
	Items      []Surrounding `json:"items" nullable:"false" doc:"The kinds, always all of them and in the same order."`
	NextCursor *string       `json:"nextCursor" doc:"Always null: the list is whole."`
}

func (a *board) registerSurroundings() {
	const path = "/api/v1/factories/{factory}/surroundings"
	register(a, huma.Operation{
		OperationID: "list-surroundings", Path: path, Tags: []string{"factories"},
		Summary: "List until when a factory's definitions, triggers and integration runtimes are known",
	}, a.listSurroundings)
	register(a, huma.Operation{
		OperationID: "read-surroundings", Method: http.MethodPost, Path: path, Tags: []string{"factories"},
		Summary:       "Have a factory's definitions, triggers and integration runtimes read now",
		Description:   "Answers at once, with what is known before. They are read every 15 minutes by themselves.",
		DefaultStatus: http.StatusAccepted,
	}, a.readSurroundings)
}

func (a *board) listSurroundings(ctx context.Context, in *FactoryParams) (SurroundingList, error) {
	f, err := a.storedFactory(ctx, in)
	if err != nil {
		return SurroundingList{}, err
	}
	known, err := a.store.SurroundingsAsOf(ctx, f.Key)
	if err != nil {
		return SurroundingList{}, err
	}
	out := SurroundingList{Items: []Surrounding{}}
	for _, kind := range []store.SurroundingKind{
		store.SurroundingFactory, store.SurroundingPipelines, store.SurroundingTriggers, store.SurroundingTriggerRuns, store.SurroundingRuntimes,
	} {
		out.Items = append(out.Items, Surrounding{Kind: string(kind), AsOf: NullTime(known[kind].AsOf), Trouble: trouble(known[kind].Trouble)})
	}
	return out, nil
}

func (a *board) readSurroundings(ctx context.Context, in *FactoryParams) (SurroundingList, error) {
	before, err := a.listSurroundings(ctx, in)
	if err != nil {
		return SurroundingList{}, err
	}
	if a.collecting == nil {
		return SurroundingList{}, newProblem(http.StatusConflict, titleNotCollected, reasonNotCollecting)
	}
	if err := a.collecting.ReadSurroundings(in.Factory); err != nil {
		return SurroundingList{}, newProblem(http.StatusConflict, "The surroundings can't be read", sentence(err.Error()))
	}
	return before, nil
}
