package api

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// Activity is a run of an activity as ADF sent it (ADF REST, Activity Runs -
// Query By Pipeline Run). Each retry is a row of its own.
type Activity struct {
	ActivityName            *string         `json:"activityName" doc:"Name of the activity."`
	ActivityType            *string         `json:"activityType" doc:"Type of the activity: Copy, ForEach, ExecutePipeline …"`
	ActivityRunID           *string         `json:"activityRunId" doc:"Id of the activity run."`
	PipelineName            *string         `json:"pipelineName" doc:"Name of the pipeline."`
	PipelineRunID           *string         `json:"pipelineRunId" doc:"runId of the pipeline run."`
	Status                  *string         `json:"status" doc:"Queued, InProgress, Succeeded, Failed, Cancelled, Skipped, Inactive, TimedOut or a later word of ADF's."`
	ActivityRunStart        NullTime        `json:"activityRunStart" doc:"When it started."`
	ActivityRunEnd          NullTime        `json:"activityRunEnd" doc:"When it ended; null while it runs."`
	DurationInMs            *int64          `json:"durationInMs" doc:"Duration in milliseconds; null while it runs."`
	DurationComputed        *bool           `json:"durationComputed" doc:"true where no duration was sent, as in logs: durationInMs is activityRunEnd - activityRunStart. Null for every other activity run."`
	Input                   json.RawMessage `json:"input" doc:"Its input as ADF sent it, with <redacted> in the place of secrets."`
	Output                  json.RawMessage `json:"output" doc:"Its output as ADF sent it, with <redacted> in the place of secrets."`
	Error                   json.RawMessage `json:"error" doc:"Its error as ADF sent it: on success an object with empty strings."`
	Cause                   Null[Cause]     `json:"cause" doc:"Why it failed; null for an activity that did not. TimedOut counts as failed."`
	LinkedServiceName       *string         `json:"linkedServiceName" doc:"Name of the linked service; null or empty where it has none."`
	RetryAttempt            *int64          `json:"retryAttempt" doc:"Which retry it was; null when ADF sent none."`
	IterationHash           *string         `json:"iterationHash" doc:"Ties the activities of one round of a loop together."`
	UserProperties          json.RawMessage `json:"userProperties" doc:"User properties as ADF sent them."`
	RecoveryStatus          *string         `json:"recoveryStatus" doc:"None, or how a rerun took the activity over."`
	IntegrationRuntimeNames []string        `json:"integrationRuntimeNames" nullable:"true" doc:"Names of the integration runtimes; null when ADF sent none."`
	ExecutionDetails        json.RawMessage `json:"executionDetails" doc:"Details as ADF sent them."`
	ID                      *string         `json:"id" doc:"ARM path of the activity run."`
	Odd                     []OddField      `json:"odd" nullable:"false" doc:"Fields of the row that could not be read; empty for a clean row."`
}

// ActivityList are the activities of a run, in order of their start.
type ActivityList struct {
	Items      []Activity `json:"items" nullable:"false" doc:"The activity runs."`
	NextCursor *string    `json:"nextCursor" doc:"Always null: the list is whole."`
	State      string     `json:"state" enum:"complete,partial,imported,reading,none,notKept" doc:"complete: read after the run had ended. partial: read while it ran. imported: from imported logs, which may lack some. reading: Azure is being asked just now; a run event follows when they are here. none: not here, and reason says why. notKept: not here, since a policy keeps none of this run; ask with read=true."`
	Reason     *string    `json:"reason" doc:"Why more is not here; null when all is."`
	AsOf       NullTime   `json:"asOf" doc:"When Azure was asked for them; null when it never was."`
}

const (
	reasonNotCollecting = "This server does not ask Azure: it was started with --no-collect, so it shows what is stored."
	reasonNotKept       = "Not kept: a policy keeps no activities of this run."
	reasonImported      = "The run came from a file, and the file held no activities."
	reasonFromLogs      = "These come from imported logs, which may lack activities and details."
)

func (a *board) registerActivities() {
	register(a, huma.Operation{
		OperationID: "run-activities", Path: "/api/v1/runs/{runId}/activities", Tags: []string{"runs"},
		Summary:     "List the activities of a run, in order of start",
		Description: "What is stored is given at once: what Azure has given, else what imported logs hold. Where that is not all, Azure is asked for the rest, and a run event says when it is here. Activities that a policy does not keep are asked for only with read=true, and are kept then.",
	}, a.runActivities)
}

// ActivityParams name the run whose activities are wanted.
type ActivityParams struct {
	RunParams

	Read boolText `query:"read" doc:"true: ask Azure for activities that a policy does not keep."`
}

func (a *board) runActivities(ctx context.Context, in *ActivityParams) (ActivityList, error) {
	var r reader
	read := r.boolean("read", in.Read)
	if err := r.err(); err != nil {
		return ActivityList{}, err
	}
	// The run is looked up first, so that both questions concern the same
	// factory when the runId stands in two.
	run, err := a.store.Run(ctx, in.Factory, in.RunID)
	if err != nil {
		return ActivityList{}, err
	}
	stored, err := a.store.Activities(ctx, run.Place.Short, run.RunID)
	if err != nil {
		return ActivityList{}, err
	}
	out := ActivityList{Items: make([]Activity, len(stored.Rows)), State: string(stored.State), AsOf: NullTime(stored.AsOf)}
	for i := range stored.Rows {
		out.Items[i] = activity(&stored.Rows[i])
	}
	if stored.AreImported {
		out.State, out.Reason = string(store.ActivitiesImported), orNull(reasonFromLogs)
	}
	switch {
	case stored.State == store.ActivitiesComplete: // nothing more can be had
	case stored.AreImported && !a.asksForMore(&stored, read):
	case stored.Origin != store.OriginAzure:
		out.Reason = orNull(reasonImported)
	case stored.State == store.ActivitiesNotKept && (read == nil || !*read):
		out.Reason = orNull(a.notKept(run.Place.Name, run.PipelineName))
	case a.collecting == nil:
		out.Reason = orNull(reasonNotCollecting)
	default:
		if err := a.collecting.ReadActivities(ctx, run.Place.Short, run.RunID); err != nil {
			out.Reason = orNull(strings.TrimSpace(sentence(err.Error()) + " " + text(out.Reason)))
		} else {
			out.State = "reading"
		}
	}
	return out, nil
}

// asksForMore reports whether Azure is asked for activities of a run that only logs
// have shown: of runs that Azure has, unless a policy keeps none and the caller
// does not ask for them.
func (a *board) asksForMore(stored *store.Activities, read *bool) bool {
	isWanted := stored.State != store.ActivitiesNotKept || read != nil && *read
	return stored.Origin == store.OriginAzure && a.collecting != nil && isWanted
}

func activity(a *adf.ActivityRun) Activity {
	return Activity{
		ActivityName: orNull(a.ActivityName), ActivityType: orNull(a.ActivityType), ActivityRunID: orNull(a.ActivityRunID),
		PipelineName: orNull(a.PipelineName), PipelineRunID: orNull(a.PipelineRunID), Status: orNull(string(a.Status)),
		ActivityRunStart: NullTime(a.ActivityRunStart), ActivityRunEnd: NullTime(a.ActivityRunEnd), DurationInMs: a.DurationInMs, DurationComputed: trueOrNull(a.DurationComputed),
		Input: orJSONNull(a.Input), Output: orJSONNull(a.Output), Error: orJSONNull(a.Error), Cause: activityCause(a),
		LinkedServiceName: a.LinkedServiceName, RetryAttempt: a.RetryAttempt, IterationHash: a.IterationHash,
		UserProperties: orJSONNull(a.UserProperties), RecoveryStatus: a.RecoveryStatus,
		IntegrationRuntimeNames: names(a.IntegrationRuntimeNames), ExecutionDetails: orJSONNull(a.ExecutionDetails),
		ID: a.ID, Odd: oddFields(a.Odd),
	}
}

// names returns the strings of a JSON array, and nil for anything else.
func names(raw json.RawMessage) []string {
	var out []string
	if len(raw) == 0 || json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}
