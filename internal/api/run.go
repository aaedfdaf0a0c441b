package api

import (
	"encoding/json"

	"andon/internal/adf"
	"andon/internal/store"
)

// InvokedBy says what started a run, as ADF sent it.
type InvokedBy struct {
	ID            *string `json:"id" doc:"Id of the trigger run or of the parent's activity run."`
	Name          *string `json:"name" doc:"Name of the trigger, or Manual. Of a run that another run started it is no name but the id of the parent's activity run, as id is: pipelineName names the parent."`
	InvokedByType *string `json:"invokedByType" doc:"Manual, ScheduleTrigger, TumblingWindowTrigger, BlobEventsTrigger, CustomEventsTrigger, PipelineActivity or a later word of ADF's."`
	PipelineName  *string `json:"pipelineName" doc:"The parent's pipeline, of a run that another run started."`
	PipelineRunID *string `json:"pipelineRunId" doc:"The parent's runId, of a run that another run started."`
}

// RunFields are what a run shows wherever it is listed: ADF's fields by their
// own names, and what Andon makes of them.
type RunFields struct {
	RunID            string            `json:"runId" doc:"Id of the run."`
	Factory          string            `json:"factory" doc:"Short id of the factory, for the factory parameter."`
	FactoryName      string            `json:"factoryName" doc:"Name of the factory as Azure spells it."`
	FactoryID        string            `json:"factoryId" doc:"ARM resource id of the factory."`
	ID               *string           `json:"id" doc:"ARM path of the run; null in rows of 2018."`
	DebugRunID       *string           `json:"debugRunId" doc:"Set on debug runs."`
	RunGroupID       *string           `json:"runGroupId" doc:"runId of the first run of the run group, which holds a run and its reruns; null in rows of 2018."`
	PipelineName     string            `json:"pipelineName" doc:"Name of the pipeline."`
	InvokedBy        Null[InvokedBy]   `json:"invokedBy" doc:"What started the run."`
	StartedBy        *string           `json:"startedBy" doc:"Name of the trigger or of the parent's pipeline, or Manual, for the parameter invokedBy; null when none is known. It is never the id that stands in invokedBy.name of a run that another run started."`
	RunStart         NullTime          `json:"runStart" doc:"When the run was queued; null when ADF sent no readable time."`
	RunEnd           NullTime          `json:"runEnd" doc:"When the run ended; null while it runs, and on some cancelled runs."`
	DurationInMs     *int64            `json:"durationInMs" doc:"Duration in milliseconds; null while the run goes on."`
	DurationComputed *bool             `json:"durationComputed" doc:"true where no duration was sent, as in logs: durationInMs is runEnd - runStart. Null for every other run."`
	Status           string            `json:"status" doc:"Queued, InProgress, Succeeded, Failed, Canceling, Cancelled or a later word of ADF's, spelled as ADF spells it."`
	EndUnknown       *string           `json:"endUnknown" doc:"Why nobody can say how the run ended, whatever status says: ADF forgot it before it was seen to end. Null for every other run."`
	Message          *string           `json:"message" doc:"The whole message of the run: the reason of a failure. Null and empty stay what ADF sent."`
	Cause            Null[Cause]       `json:"cause" doc:"Why the run failed; null for a run that did not."`
	LastUpdated      NullTime          `json:"lastUpdated" doc:"When ADF last changed the run."`
	SortTime         Time              `json:"sortTime" doc:"The time that lists sort the run by and that from and to compare: runStart; lastUpdated where runStart is absent or impossible; when Andon read the run where both are."`
	Annotations      []json.RawMessage `json:"annotations" nullable:"false" doc:"Annotations of the pipeline, strings as a rule."`
	IsLatest         bool              `json:"isLatest" doc:"Whether the run is the newest of its run group. Computed here, since ADF changes its own flag without telling."`
	CancelledBy      json.RawMessage   `json:"cancelledBy" doc:"Who cancelled the run, as ADF sent it; null when nobody did."`
	Recovery         Null[Recovery]    `json:"recovery" doc:"What became of a failed run. Null for a run that did not fail, and while it is being derived, as recoveryReason says."`
	RecoveryReason   *string           `json:"recoveryReason" doc:"Why recovery of a failed run is null; null when it is not."`
	Origin           string            `json:"origin" enum:"api,log,file" doc:"Where the run is known from: api, Azure itself; file, an imported file that holds what the API said; log, an imported log alone, which says less."`
	Activities       string            `json:"activities" enum:"none,partial,complete,imported,notKept" doc:"How much of the run's activities is stored; imported where they are those of imported logs, which may lack some; notKept where a policy keeps none of this run."`
	Odd              []OddField        `json:"odd" nullable:"false" doc:"Fields of the row that could not be read; empty for a clean row."`
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
	AsOf       NullTime `json:"asOf" doc:"Everything last updated before it is here: the oldest freshness of the factories asked for that were read and that Azure lists. Null when none was; basis names those that never were."`
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

// RunLink names a run beside another.
type RunLink struct {
	RunID        string   `json:"runId" doc:"Id of the run."`
	PipelineName string   `json:"pipelineName" doc:"Name of the pipeline."`
	RunStart     NullTime `json:"runStart" doc:"When it started."`
	RunEnd       NullTime `json:"runEnd" doc:"When it ended; null while it runs."`
	Status       string   `json:"status" doc:"Its status as ADF spells it."`
}

// Recovery is what became of a failed run.
type Recovery struct {
	State   string        `json:"state" enum:"open,notRedone,recovered" doc:"open: nothing of its series has succeeded since. notRedone: its series works again, but the work of this run (its file, day or window) is still missing. recovered: a later run did this work."`
	Rule    *string       `json:"rule" doc:"Why by counts as the same work: rerun, same run group; window, same window of a tumbling trigger; parameters, same pipeline and equal compared parameters; parent, it ran below the run that recovered this run's parent. Null unless recovered."`
	By      Null[RunLink] `json:"by" doc:"The run that recovered it; null unless recovered."`
	Running Null[RunLink] `json:"running" doc:"A later unfinished run that would recover this one if it succeeded."`
}

// ParameterUse says how a parameter of a run is compared with those of other
// runs of its pipeline.
type ParameterUse struct {
	Name   string  `json:"name" doc:"Name of the parameter."`
	Class  *string `json:"class" doc:"recurring: its values come back and tell the pipeline's series apart. moving: its values are new each time. ignored: it is not compared. Null while it is not classified."`
	Rule   *string `json:"rule" doc:"What decided the class: configured, tree, dates, seenAgain or looks; null for a redacted value and while there is no class."`
	Reason string  `json:"reason" doc:"Why, in a sentence."`
}

// Series is the runs of a pipeline with equal recurring parameters.
type Series struct {
	Parameters map[string]string `json:"parameters" doc:"The recurring parameters and their values; empty where the pipeline has one series."`
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
	Series              Null[Series]    `json:"series" doc:"The series that the run belongs to; null where its parameters are unknown."`
	ParameterUses       []ParameterUse  `json:"parameterUses" nullable:"false" doc:"How each of its parameters is compared with those of other runs, in order of their names."`
	WorksSince          Null[RunLink]   `json:"worksSince" doc:"Of a run that is not redone: the first later success of its series. Null for every other run."`
	GroupSize           int             `json:"groupSize" doc:"Runs in its run group, itself included."`
	ChildCount          int             `json:"childCount" doc:"Runs that it started."`
	PreviousRunID       *string         `json:"previousRunId" doc:"runId of the run of the same pipeline before it."`
	NextRunID           *string         `json:"nextRunId" doc:"runId of the run of the same pipeline after it."`
}

func runFields(r *store.Run) RunFields {
	return RunFields{
		RunID: r.RunID, Factory: r.Place.Short, FactoryName: r.Place.Name, FactoryID: string(r.Place.ID),
		ID: r.ID, DebugRunID: r.DebugRunID, RunGroupID: r.RunGroupID, PipelineName: r.PipelineName,
		InvokedBy: Null[InvokedBy]{(*InvokedBy)(r.InvokedBy)}, StartedBy: orNull(r.StartedBy),
		RunStart: NullTime(r.RunStart), RunEnd: NullTime(r.RunEnd), DurationInMs: r.DurationInMs,
		Status: string(r.Status), EndUnknown: endUnknown(r.Gone, r.Status), Message: r.Message, Cause: runCause(r), LastUpdated: NullTime(r.LastUpdated), SortTime: Time(r.SortTime),
		Annotations: elements(r.Annotations), IsLatest: r.Latest, CancelledBy: orJSONNull(r.CancelledBy),
		Recovery: recoveryOf(r.Recovery), RecoveryReason: recoveryReason(r.Recovery),
		DurationComputed: trueOrNull(r.DurationComputed), Origin: string(r.Origin), Activities: string(r.Activities), Odd: oddFields(r.Odd),
	}
}

func recoveryOf(r *store.Recovery) Null[Recovery] {
	if r == nil || r.State == "" {
		return Null[Recovery]{}
	}
	return Null[Recovery]{&Recovery{State: string(r.State), Rule: orNull(r.Rule), By: runLink(r.By), Running: runLink(r.Running)}}
}

func recoveryReason(r *store.Recovery) *string {
	if r == nil {
		return nil
	}
	return orNull(r.Reason)
}

func runLink(l *store.RunLink) Null[RunLink] {
	if l == nil {
		return Null[RunLink]{}
	}
	return Null[RunLink]{&RunLink{RunID: l.RunID, PipelineName: l.PipelineName, RunStart: NullTime(l.RunStart), RunEnd: NullTime(l.RunEnd), Status: string(l.Status)}}
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

// runDetail writes a run whole.
func (a *board) runDetail(d *store.RunDetail) RunDetail {
	out := RunDetail{
		RunFields:  runFields(&d.Run),
		Parameters: orJSONNull(d.Parameters), RunDimension: orJSONNull(d.RunDimension),
		PipelineReturnValue: orJSONNull(d.PipelineReturnValue), Raw: orJSONNull(d.Raw),
		StudioURL: a.studioURL(d.Source, d.Place.ID, d.RunID), AlsoIn: []AlsoIn{}, ParameterUses: []ParameterUse{},
		GroupSize: d.GroupSize, ChildCount: d.ChildCount,
		PreviousRunID: orNull(d.PreviousRunID), NextRunID: orNull(d.NextRunID),
	}
	for _, e := range d.AlsoIn {
		out.AlsoIn = append(out.AlsoIn, AlsoIn{Factory: e.Place.Short, FactoryName: e.Place.Name, RunStart: NullTime(e.RunStart)})
	}
	if d.Series != nil {
		out.Series.Value = &Series{Parameters: seriesParameters(d.Series.Parameters)}
	}
	for _, u := range d.Uses {
		out.ParameterUses = append(out.ParameterUses, ParameterUse{Name: u.Name, Class: orNull(string(u.Class)), Rule: orNull(string(u.Rule)), Reason: u.Reason})
	}
	if d.Recovery != nil {
		out.WorksSince = runLink(d.Recovery.Since)
	}
	return out
}

// seriesParameters reads the name of a series, which the store writes as an
// object of texts.
func seriesParameters(label string) map[string]string {
	out := map[string]string{}
	if err := json.Unmarshal([]byte(label), &out); err != nil || out == nil {
		return map[string]string{}
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
