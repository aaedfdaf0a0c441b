package adf

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The words of a trigger's runtimeState that Andon treats apart; the set is
// open.
const (
	TriggerStarted  = "Started"
	TriggerStopped  = "Stopped"
	TriggerDisabled = "Disabled"
)

// Trigger is what starts pipelines (ADF REST, Triggers - Get). Its Type is
// ScheduleTrigger, TumblingWindowTrigger, BlobEventsTrigger,
// CustomEventsTrigger, RerunTumblingWindowTrigger, BlobTrigger,
// ChainingTrigger, MultiplePipelineTrigger or any later word.
type Trigger struct {
	Resource

	RuntimeState string // Started, Stopped, Disabled; "" when absent, as of the reruns of old
	Description  *string
	Annotations  json.RawMessage // array, of strings as a rule; nil when absent
	Pipelines    []TriggerPipeline
	// Recurrence is when a schedule or a tumbling window fires; nil for other
	// types and where there is none.
	Recurrence *Recurrence
	// TypeProperties holds what is particular to the type, the recurrence
	// included. Nil when absent.
	TypeProperties json.RawMessage
}

// TriggerPipeline is a pipeline that a trigger starts. The same one may stand
// there several times, with other parameters.
type TriggerPipeline struct {
	PipelineName string
	Parameters   json.RawMessage // object; nil when absent
}

// Recurrence is the regular part of a trigger's definition, as ADF has it.
type Recurrence struct {
	Frequency string // Minute, Hour, Day, Week, Month, Year; "" when absent
	Interval  *int64 // in units of Frequency
	StartTime Time
	EndTime   Time // absent where it has no end
	// StartIsLocal and EndIsLocal say that the time has no zone: its clock is
	// that of TimeZone, and not UTC.
	StartIsLocal, EndIsLocal bool
	TimeZone                 string // a Windows name such as "FLE Standard Time"; "" means UTC

	// Of a schedule within the frequency, all empty without one.
	Minutes, Hours, MonthDays []int64 // MonthDays count from the month's end when negative
	WeekDays                  []string
	MonthlyOccurrences        json.RawMessage // array of {day, occurrence}; nil when absent

	// Of a tumbling window.
	Delay          string // after the window's end, such as "00:15:00"; "" when absent
	MaxConcurrency *int64

	// Incomplete says that the recurrence does not say when the trigger fires:
	// a part of it could not be read or is missing. What could be read stays,
	// but no time may be derived from it: weekly on ["Someday"] without its
	// weekDays would be weekly on the day of the start.
	Incomplete bool
}

// DecodeTrigger reads one trigger in the manner of DecodePipelineDefinition.
func DecodeTrigger(raw []byte) (Trigger, error) {
	r, w, p, err := openResource("trigger", raw)
	t := Trigger{
		Resource: r, RuntimeState: p.word("runtimeState"), Description: p.text("description"), Annotations: p.raw("annotations"),
		TypeProperties: p.raw("typeProperties"),
	}
	for _, part := range p.rows("pipelines") {
		t.addPipeline(part)
	}
	t.addPipeline(p.within("pipeline")) // the only one of a tumbling window
	details := p.within("typeProperties")
	switch recurrence := details.within("recurrence"); {
	case len(recurrence.object) > 0:
		t.Recurrence = recurrence.recurrence()
	case !slices.Contains([]string{"nothing", "null", "an object"}, describe(details.find("recurrence"))):
		t.Recurrence = &Recurrence{Incomplete: true}
	case details.has("frequency"):
		t.Recurrence = details.recurrence() // of a tumbling window, whose members are in typeProperties itself
	}
	t.Odd = w.odd
	return t, err
}

// addPipeline adds the pipeline that a row refers to, if it does: an empty
// object occurs.
func (t *Trigger) addPipeline(w *row) {
	if name := w.within("pipelineReference").word("referenceName"); name != "" {
		t.Pipelines = append(t.Pipelines, TriggerPipeline{PipelineName: name, Parameters: w.raw("parameters")})
	}
}

// TriggerRun is one firing of a trigger (ADF REST, Trigger Runs - Query By
// Factory).
type TriggerRun struct {
	TriggerName  string
	TriggerRunID string // such as 08586001810390879645608998212CU07; "" makes the row unusable
	TriggerType  string // see Trigger
	// TriggerRunTimestamp is when the trigger fired. It is not seen to change
	// when the status does, and the row has no other time of change.
	TriggerRunTimestamp Time
	// Status is Succeeded, Failed, InProgress, and beyond the specification
	// Running, Waiting and WaitingOnDependency; open set. Succeeded means that
	// the runs were started, not how they ended.
	Status             Status
	Message            *string         // nil or "" unless it failed
	Properties         json.RawMessage // object of strings; nil when absent
	TriggeredPipelines []TriggeredPipeline
	GroupID            *string         // id of the first trigger run, which reruns share; nil in rows of 2018
	DependencyStatus   json.RawMessage // object; nil when absent
	RunDimension       json.RawMessage // object; nil when absent

	// Of Properties; absent where the type has no such time.
	TriggerTime  Time
	ScheduleTime Time // the time on the schedule that it fired for
	WindowStart  Time
	WindowEnd    Time

	Raw json.RawMessage
	Odd []FieldError
}

// TriggeredPipeline is a run that a trigger run started. ADF names them by
// pipeline, so of two runs of the same pipeline it shows one: the other tells
// by its invokedBy.id, which is the id of the trigger run.
type TriggeredPipeline struct {
	PipelineName string
	RunID        string
}

// DecodeTriggerRun reads one row in the manner of DecodePipelineRun. The error
// is non-nil only when raw is not a JSON object or has no triggerRunId.
func DecodeTriggerRun(raw []byte) (TriggerRun, error) {
	members, err := parseObject(raw)
	return readTriggerRun(raw, members, err)
}

// readTriggerRun is readPipelineRun for a trigger run.
func readTriggerRun(raw []byte, members object, err error) (TriggerRun, error) {
	if err != nil {
		return TriggerRun{Raw: raw}, fmt.Errorf("a trigger run %w", err)
	}
	w := &row{object: members}
	t := TriggerRun{
		TriggerName:         w.word("triggerName"),
		TriggerRunID:        w.word("triggerRunId"),
		TriggerType:         w.word("triggerType"),
		TriggerRunTimestamp: w.instant("triggerRunTimestamp"),
		Status:              Status(w.word("status")).Canonical(),
		Message:             w.text("message"),
		Properties:          w.raw("properties"),
		GroupID:             w.text("groupId"),
		DependencyStatus:    w.raw("dependencyStatus"),
		RunDimension:        w.raw("runDimension"),
		Raw:                 raw,
	}
	p := w.within("properties")
	t.TriggerTime, t.ScheduleTime = p.instantAs("TriggerTime", parsePropertyTime), p.instantAs("ScheduleTime", parsePropertyTime)
	t.WindowStart, t.WindowEnd = p.instantAs("windowStartTime", parsePropertyTime), p.instantAs("windowEndTime", parsePropertyTime)
	t.TriggeredPipelines = w.triggered("triggeredPipelines")
	t.Odd = w.odd
	if t.TriggerRunID == "" {
		return t, errors.New("a trigger run without a readable triggerRunId")
	}
	return t, nil
}

// triggered reads an object of pipeline name → runId, in its order.
func (r *row) triggered(field string) []TriggeredPipeline {
	w := r.within(field)
	var all []TriggeredPipeline
	for _, m := range w.object {
		name := unquote(m.key)
		switch {
		case m.value[0] == '"':
			all = append(all, TriggeredPipeline{PipelineName: name, RunID: unquote(m.value[1 : len(m.value)-1])})
		case m.value[0] != 'n':
			r.isOdd(field, "has a member that is "+describe(m.value)+" where a string was expected")
		}
	}
	return all
}
