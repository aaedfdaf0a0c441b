package emulator

import (
	"encoding/json"
	"time"

	"andon/internal/emulator/world"
)

// timestamp prints as the service does: UTC, up to seven digits of a second,
// trailing zeros trimmed.
type timestamp time.Time

const timestampLayout = `"2006-01-02T15:04:05.9999999Z"`

// MarshalJSON implements json.Marshaler.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(timestampLayout)), timestampLayout), nil
}

func stampOrNull(t *time.Time) *timestamp {
	if t == nil {
		return nil
	}
	s := timestamp(*t)
	return &s
}

// runRow is a pipeline run in the key order of recorded answers. The live
// service says runDimension where the specification says runDimensions.
type runRow struct {
	ID                  string          `json:"id"`
	RunID               string          `json:"runId"`
	DebugRunID          *string         `json:"debugRunId"`
	RunGroupID          string          `json:"runGroupId"`
	PipelineName        string          `json:"pipelineName"`
	Parameters          json.RawMessage `json:"parameters"`
	InvokedBy           invokedBy       `json:"invokedBy"`
	RunStart            timestamp       `json:"runStart"`
	RunEnd              *timestamp      `json:"runEnd"`
	DurationInMs        *int64          `json:"durationInMs"`
	Status              string          `json:"status"`
	Message             *string         `json:"message"`
	PipelineReturnValue json.RawMessage `json:"pipelineReturnValue"`
	LastUpdated         timestamp       `json:"lastUpdated"`
	Annotations         []string        `json:"annotations"`
	RunDimension        json.RawMessage `json:"runDimension"`
	IsLatest            bool            `json:"isLatest"`
}

type invokedBy struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	InvokedByType string `json:"invokedByType"`
	PipelineName  string `json:"pipelineName,omitempty"`
	PipelineRunID string `json:"pipelineRunId,omitempty"`
}

func makeRunRow(r *world.Run, s world.RunState) runRow {
	return runRow{
		ID:                  r.ID(),
		RunID:               r.RunID(),
		RunGroupID:          r.RunGroupID(),
		PipelineName:        r.PipelineName(),
		Parameters:          r.Parameters(),
		InvokedBy:           invokedBy(r.InvokedBy()),
		RunStart:            timestamp(r.RunStart()),
		RunEnd:              stampOrNull(s.RunEnd),
		DurationInMs:        s.DurationInMs,
		Status:              s.Status,
		Message:             s.Message,
		PipelineReturnValue: s.PipelineReturnValue,
		LastUpdated:         timestamp(s.LastUpdated),
		Annotations:         r.Annotations(),
		RunDimension:        r.RunDimension(),
		IsLatest:            s.IsLatest,
	}
}
