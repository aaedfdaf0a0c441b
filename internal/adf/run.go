package adf

import "encoding/json"

// InvokedBy says what started a pipeline run.
type InvokedBy struct {
	// ID is the trigger run's id for a trigger, the parent's activity run id
	// for a child, and an opaque value for a manual start. Nil when absent.
	ID *string `json:"id"`
	// Name is the trigger's name, or "Manual". Of a child it is ID once more:
	// a GUID that differs from run to run, and the parent's name is PipelineName
	// (seen in the rows of a real factory, 2024-01). Nil when absent.
	Name *string `json:"name"`
	// InvokedByType is Manual, ScheduleTrigger, TumblingWindowTrigger,
	// BlobEventsTrigger, CustomEventsTrigger, PipelineActivity or any later
	// word. Rows of 2018 have none; where their name is Manual it is derived.
	InvokedByType *string `json:"invokedByType"`
	// PipelineName and PipelineRunID name the parent of a child run, and are
	// nil otherwise.
	PipelineName  *string `json:"pipelineName"`
	PipelineRunID *string `json:"pipelineRunId"`
}

// The kinds of invokedByType that Andon treats apart.
const (
	InvokedManually   = "Manual"
	InvokedByPipeline = "PipelineActivity"
)

// FieldError is one field of a row that could not be read. The row keeps its
// good fields and its raw bytes.
type FieldError struct {
	Field   string `json:"field"`   // ADF's name of the field, "" for the row as a whole
	Problem string `json:"problem"` // a sentence without the value where it could hold a secret
}

// PipelineRun is one run of a pipeline (ADF REST, Pipeline Runs - Query By
// Factory and Get), with the fields that the service is seen to send beyond
// its specification: id, debugRunId, pipelineReturnValue, runDimension in the
// singular, cancelledBy.
type PipelineRun struct {
	ID           *string // upper-cased ARM path of the run; nil in rows of 2018
	RunID        string  // compare without regard to case; "" makes the row unusable
	DebugRunID   *string // set on debug runs only: queryDebugPipelineRuns lists them, queryPipelineRuns does not
	RunGroupID   *string // runId of the first run of the group; nil in rows of 2018
	PipelineName string
	Parameters   json.RawMessage // object; values mostly strings, any JSON occurs; nil when absent
	InvokedBy    *InvokedBy      // nil when absent or unreadable
	// RunStart is set when the run is queued, so queue time is part of the
	// duration. Absent only in odd rows.
	RunStart Time
	// RunEnd is absent until the run is terminal, and can stay absent on a
	// Cancelled run.
	RunEnd Time
	// DurationInMs is milliseconds; nil while running. It can exceed 32 bits.
	DurationInMs *int64
	// DurationComputed says that ADF sent no duration, as logs do not:
	// DurationInMs is RunEnd - RunStart. ADF itself never sends this field.
	DurationComputed bool
	Status           Status
	// Message is nil on a queued run, "" on a running one, either on a good
	// one, and the reason on a failed one, if Data Factory gave any.
	Message             *string
	PipelineReturnValue json.RawMessage // null until the run ends; nil when absent
	// LastUpdated can lie a little after RunEnd.
	LastUpdated  Time
	Annotations  json.RawMessage // array, of strings as a rule; nil when absent
	RunDimension json.RawMessage // object; read from runDimensions too; nil when absent
	// IsLatest is what ADF said. It changes without LastUpdated changing, so
	// whoever needs it computes it over the run group. Nil when absent.
	IsLatest    *bool
	CancelledBy json.RawMessage // any JSON; nil when absent

	Raw json.RawMessage // the row byte for byte
	Odd []FieldError    // fields that could not be read; nil for a clean row
}

// ActivityRun is one run of an activity (ADF REST, Activity Runs - Query By
// Pipeline Run). Each retry is a row of its own. ADF names no parent activity.
type ActivityRun struct {
	ID                      *string
	ActivityName            string
	ActivityType            string
	ActivityRunID           string
	PipelineName            string
	PipelineRunID           string
	LinkedServiceName       *string
	Status                  Status
	ActivityRunStart        Time
	ActivityRunEnd          Time   // absent while running
	DurationInMs            *int64 // milliseconds; nil while running
	DurationComputed        bool   // DurationInMs is end − start, since a log has none. Azure never sends it
	RetryAttempt            *int64 // nil where ADF sent null
	IterationHash           *string
	RecoveryStatus          *string
	Input                   json.RawMessage
	Output                  json.RawMessage
	Error                   json.RawMessage // an object with empty strings on success: look for content
	UserProperties          json.RawMessage
	IntegrationRuntimeNames json.RawMessage
	ExecutionDetails        json.RawMessage

	Raw json.RawMessage
	Odd []FieldError
}

// Operand, Operator and the rest of RunFilter are the words of ADF's
// RunFilterParameters. Values are sent as JSON, since LatestOnly is a boolean.
type (
	// Filter restricts a query; the operands of one query are joined by AND.
	Filter struct {
		Operand  string `json:"operand"`
		Operator string `json:"operator"`
		Values   []any  `json:"values"`
	}
	// OrderBy sorts a query's answer. LastUpdated is not a legal key.
	OrderBy struct {
		OrderBy string `json:"orderBy"`
		Order   string `json:"order"`
	}
	// RunFilter is the body of a run query. Both bounds are inclusive and are
	// always sent: ADF's window without them is not documented.
	RunFilter struct {
		LastUpdatedAfter  Time      `json:"lastUpdatedAfter"`
		LastUpdatedBefore Time      `json:"lastUpdatedBefore"`
		Filters           []Filter  `json:"filters,omitempty"`
		OrderBy           []OrderBy `json:"orderBy,omitempty"`
		ContinuationToken string    `json:"continuationToken,omitempty"`
	}
)
