package api

import (
	"encoding/json"

	"andon/internal/adf"
	"andon/internal/store"
)

// InvokedBy says what started a run, as ADF sent it.
type InvokedBy struct {
	ID            *string `json:"id" doc:"Id of the trigger run or of the parent's activity run."`
	Name          *string `json:"name" doc:"Name of the trigger or of the parent's activity, or Manual."`
	InvokedByType *string `json:"invokedByType" doc:"Manual, ScheduleTrigger, TumblingWindowTrigger, BlobEventsTrigger, CustomEventsTrigger, PipelineActivity or a later word of ADF's."`
	PipelineName  *string `json:"pipelineName" doc:"The parent's pipeline, of a run that another run started."`
	PipelineRunID *string `json:"pipelineRunId" doc:"The parent's runId, of a run that another run started."`
}

// RunFields are what a run shows wherever it is listed: ADF's fields by their
// own names, and what Andon makes of them.
type RunFields struct {
	RunID        string            `json:"runId" doc:"Id of the run."`
	Factory      string            `json:"factory" doc:"Short id of the factory, for the factory parameter."`
	FactoryName  string            `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	FactoryID    string            `json:"factoryId" doc:"ARM resource id of the factory."`
	ID           *string           `json:"id" doc:"ARM path of the run; null in rows of 2018."`
	DebugRunID   *string           `json:"debugRunId" doc:"Set on debug runs."`
	RunGroupID   *string           `json:"runGroupId" doc:"runId of the first run of the run group, which holds a run and its reruns; null in rows of 2018."`
	PipelineName string            `json:"pipelineName" doc:"Name of the pipeline."`
	InvokedBy    Null[InvokedBy]   `json:"invokedBy" doc:"What started the run."`
	RunStart     NullTime          `json:"runStart" doc:"When the run was queued; null when ADF sent no readable time."`
	RunEnd       NullTime          `json:"runEnd" doc:"When the run ended; null while it runs, and on some cancelled runs."`
	DurationInMs *int64            `json:"durationInMs" doc:"Duration in milliseconds; null while the run goes on."`
	Status       string            `json:"status" doc:"Queued, InProgress, Succeeded, Failed, Canceling, Cancelled or a later word of ADF's, spelled as ADF spells it."`
	EndUnknown   *string           `json:"endUnknown" doc:"Why nobody can say how the run ended, whatever status says: ADF forgot it before it was seen to end. Null for every other run."`
	Message      *string           `json:"message" doc:"The whole message of the run: the reason of a failure. Null and empty stay what ADF sent."`
	LastUpdated  NullTime          `json:"lastUpdated" doc:"When ADF last changed the run."`
	Annotations  []json.RawMessage `json:"annotations" nullable:"false" doc:"Annotations of the pipeline, strings as a rule."`
	IsLatest     bool              `json:"isLatest" doc:"Whether the run is the newest of its run group. Computed here, since ADF changes its own flag without telling."`
	CancelledBy  json.RawMessage   `json:"cancelledBy" doc:"Who cancelled the run, as ADF sent it; null when nobody did."`
	Open         bool              `json:"open" doc:"Whether the run failed and was not healed since by a success of its pipeline or run group."`
	HealedBy     *string           `json:"healedBy" doc:"runId of the success that healed this failure."`
	Activities   string            `json:"activities" enum:"none,partial,complete,notKept" doc:"How much of the run's activities is stored; notKept where a policy keeps none of this run."`
	Odd          []OddField        `json:"odd" nullable:"false" doc:"Fields of the row that could not be read; empty for a clean row."`
}

// RunRow is a run in a list.
type RunRow struct {
	RunFields
	Parameters          json.RawMessage `json:"parameters,omitempty" doc:"Parameters of the run as ADF sent them; only with include=parameters."`
	RunDimension        json.RawMessage `json:"runDimension,omitempty" doc:"Dimensions of the run as ADF sent them; only with include=parameters."`
	PipelineReturnValue json.RawMessage `json:"pipelineReturnValue,omitempty" doc:"Return value of the pipeline as ADF sent it; only with include=parameters."`
}

// RunPage is a page of the list of runs.
type RunPage struct {
	Basis      Basis    `json:"basis" doc:"What the list rests on: which runs it may lack."`
	Items      []RunRow `json:"items" nullable:"false" doc:"The runs."`
	NextCursor *string  `json:"nextCursor" doc:"Value of cursor for the next page; null on the last."`
	AsOf       NullTime `json:"asOf" doc:"Everything last updated before it is here: the oldest freshness of the factories asked for. Null when one was never read to the end."`
}

// RunList is a short list of runs, always whole.
type RunList struct {
	Items      []RunRow `json:"items" nullable:"false" doc:"The runs."`
	NextCursor *string  `json:"nextCursor" doc:"Always null: the list is whole."`
}

// AlsoIn is another factory that holds the same runId.
type AlsoIn struct {
	Factory     string   `json:"factory" doc:"Short id of the factory."`
	FactoryName string   `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	RunStart    NullTime `json:"runStart" doc:"When that run started."`
}

// Healer is the success that healed a failure.
type Healer struct {
	RunID        string   `json:"runId" doc:"Id of the run."`
	PipelineName string   `json:"pipelineName" doc:"Name of the pipeline."`
	RunStart     NullTime `json:"runStart" doc:"When it started."`
	RunEnd       NullTime `json:"runEnd" doc:"When it ended."`
}

// RunDetail is one run, whole, with its surroundings.
type RunDetail struct {
	RunFields
	Parameters          json.RawMessage `json:"parameters" doc:"Parameters of the run as ADF sent them; null when absent."`
	RunDimension        json.RawMessage `json:"runDimension" doc:"Dimensions of the run as ADF sent them; null when absent."`
	PipelineReturnValue json.RawMessage `json:"pipelineReturnValue" doc:"Return value of the pipeline as ADF sent it; null when absent."`
	Raw                 json.RawMessage `json:"raw" doc:"The run as ADF sent it, every field and value unchanged but for secrets, in whose place <redacted> stands."`
	StudioURL           string          `json:"studioUrl" doc:"Address of the run's page in ADF Studio."`
	AlsoIn              []AlsoIn        `json:"alsoIn" nullable:"false" doc:"Further factories that hold the same runId; the factory parameter picks one."`
	Healed              Null[Healer]    `json:"healed" doc:"The run that healedBy names."`
	GroupSize           int             `json:"groupSize" doc:"Runs in its run group, itself included."`
	ChildCount          int             `json:"childCount" doc:"Runs that it started."`
	PreviousRunID       *string         `json:"previousRunId" doc:"runId of the run of the same pipeline before it."`
	NextRunID           *string         `json:"nextRunId" doc:"runId of the run of the same pipeline after it."`
}

func runFields(r *store.Run) RunFields {
	return RunFields{
		RunID: r.RunID, Factory: r.Place.Short, FactoryName: r.Place.Name, FactoryID: string(r.Place.ID),
		ID: r.ID, DebugRunID: r.DebugRunID, RunGroupID: r.RunGroupID, PipelineName: r.PipelineName,
		InvokedBy: Null[InvokedBy]{(*InvokedBy)(r.InvokedBy)},
		RunStart:  NullTime(r.RunStart), RunEnd: NullTime(r.RunEnd), DurationInMs: r.DurationInMs,
		Status: string(r.Status), EndUnknown: endUnknown(r.Gone, r.Status), Message: r.Message, LastUpdated: NullTime(r.LastUpdated),
		Annotations: elements(r.Annotations), IsLatest: r.Latest, CancelledBy: orJSONNull(r.CancelledBy),
		Open: r.Open, HealedBy: orNull(r.HealedBy), Activities: string(r.Activities), Odd: oddFields(r.Odd),
	}
}

// endUnknown says why a run that ADF forgot will never be seen to end.
func endUnknown(isGone bool, last adf.Status) *string {
	if !isGone {
		return nil
	}
	return orNull("Azure does not know this run any more, and had not said how it ended. It was " + string(last) + " when it was last seen.")
}

func runRow(r *store.Run) RunRow { return RunRow{RunFields: runFields(r)} }

func runRows(runs []store.Run) []RunRow {
	out := make([]RunRow, len(runs))
	for i := range runs {
		out[i] = runRow(&runs[i])
	}
	return out
}

// runRowsWhole is runRows with what include=parameters adds.
func runRowsWhole(runs []store.Run) []RunRow {
	out := runRows(runs)
	for i := range runs {
		out[i].Parameters = orJSONNull(runs[i].Parameters)
		out[i].RunDimension = orJSONNull(runs[i].RunDimension)
		out[i].PipelineReturnValue = orJSONNull(runs[i].PipelineReturnValue)
	}
	return out
}

func (a *board) runDetail(d *store.RunDetail) RunDetail {
	out := RunDetail{
		RunFields:  runFields(&d.Run),
		Parameters: orJSONNull(d.Parameters), RunDimension: orJSONNull(d.RunDimension),
		PipelineReturnValue: orJSONNull(d.PipelineReturnValue), Raw: orJSONNull(d.Raw),
		StudioURL: a.studioURL(d.Place.ID, d.RunID), AlsoIn: []AlsoIn{},
		GroupSize: d.GroupSize, ChildCount: d.ChildCount,
		PreviousRunID: orNull(d.PreviousRunID), NextRunID: orNull(d.NextRunID),
	}
	for _, e := range d.AlsoIn {
		out.AlsoIn = append(out.AlsoIn, AlsoIn{Factory: e.Place.Short, FactoryName: e.Place.Name, RunStart: NullTime(e.RunStart)})
	}
	if h := d.Healer; h != nil {
		out.Healed.Value = &Healer{RunID: h.RunID, PipelineName: h.PipelineName, RunStart: NullTime(h.RunStart), RunEnd: NullTime(h.RunEnd)}
	}
	return out
}

// elements returns the elements of a JSON array, and none of anything else.
func elements(raw json.RawMessage) []json.RawMessage {
	out := []json.RawMessage{}
	if len(raw) == 0 || json.Unmarshal(raw, &out) != nil || out == nil {
		return []json.RawMessage{} // not an array: the row's raw JSON still shows it
	}
	return out
}
