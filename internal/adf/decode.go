package adf

import (
	"errors"
	"fmt"
)

// DecodePipelineRun reads one row. A field of a wrong type costs only itself:
// it stays absent and is named in Odd. The error is non-nil only when raw is
// not a JSON object or has no runId, since such a row can't be kept apart from
// others. raw is kept, not copied.
func DecodePipelineRun(raw []byte) (PipelineRun, error) {
	members, err := parseObject(raw)
	return readPipelineRun(raw, members, err)
}

// readPipelineRun reads a row that was taken apart, or passes on why not.
func readPipelineRun(raw []byte, members object, err error) (PipelineRun, error) {
	if err != nil {
		return PipelineRun{Raw: raw}, fmt.Errorf("a pipeline run %w", err)
	}
	w := row{object: members}
	r := PipelineRun{
		ID:                  w.text("id"),
		RunID:               w.word("runId"),
		DebugRunID:          w.text("debugRunId"),
		RunGroupID:          w.text("runGroupId"),
		PipelineName:        w.word("pipelineName"),
		Parameters:          w.raw("parameters"),
		InvokedBy:           w.invokedBy("invokedBy"),
		RunStart:            w.instant("runStart"),
		RunEnd:              w.instant("runEnd"),
		DurationInMs:        w.length("durationInMs"),
		Status:              Status(w.word("status")).Canonical(),
		Message:             w.text("message"),
		PipelineReturnValue: w.raw("pipelineReturnValue"),
		LastUpdated:         w.instant("lastUpdated"),
		Annotations:         w.raw("annotations"),
		RunDimension:        w.raw("runDimension"),
		IsLatest:            w.truth("isLatest"),
		CancelledBy:         w.raw("cancelledBy"),
		Raw:                 raw,
	}
	if r.RunDimension == nil {
		r.RunDimension = w.raw("runDimensions")
	}
	if computed := w.truth("durationComputed"); computed != nil {
		r.DurationComputed = *computed
	}
	w.checkTimes("runStart", r.RunStart, "runEnd", r.RunEnd)
	w.checkOldest("lastUpdated", r.LastUpdated)
	r.Odd = w.odd
	if r.RunID == "" {
		return r, errors.New("a pipeline run without a readable runId")
	}
	return r, nil
}

// DecodeActivityRun reads one row in the manner of DecodePipelineRun. The
// error is non-nil only when raw is not a JSON object or has neither an
// activityRunId nor an activityName.
func DecodeActivityRun(raw []byte) (ActivityRun, error) {
	members, err := parseObject(raw)
	return readActivityRun(raw, members, err)
}

// readActivityRun is readPipelineRun for an activity.
func readActivityRun(raw []byte, members object, err error) (ActivityRun, error) {
	if err != nil {
		return ActivityRun{Raw: raw}, fmt.Errorf("an activity run %w", err)
	}
	w := row{object: members}
	a := ActivityRun{
		ID:                      w.text("id"),
		ActivityName:            w.word("activityName"),
		ActivityType:            w.word("activityType"),
		ActivityRunID:           w.word("activityRunId"),
		PipelineName:            w.word("pipelineName"),
		PipelineRunID:           w.word("pipelineRunId"),
		LinkedServiceName:       w.text("linkedServiceName"),
		Status:                  Status(w.word("status")).Canonical(),
		ActivityRunStart:        w.instant("activityRunStart"),
		ActivityRunEnd:          w.instant("activityRunEnd"),
		DurationInMs:            w.length("durationInMs"),
		RetryAttempt:            w.whole("retryAttempt"),
		IterationHash:           w.text("iterationHash"),
		RecoveryStatus:          w.text("recoveryStatus"),
		Input:                   w.raw("input"),
		Output:                  w.raw("output"),
		Error:                   w.raw("error"),
		UserProperties:          w.raw("userProperties"),
		IntegrationRuntimeNames: w.raw("integrationRuntimeNames"),
		ExecutionDetails:        w.raw("executionDetails"),
		Raw:                     raw,
	}
	if computed := w.truth("durationComputed"); computed != nil {
		a.DurationComputed = *computed
	}
	w.checkTimes("activityRunStart", a.ActivityRunStart, "activityRunEnd", a.ActivityRunEnd)
	a.Odd = w.odd
	if a.ActivityRunID == "" && a.ActivityName == "" {
		return a, errors.New("an activity run without activityRunId and activityName")
	}
	return a, nil
}

// DecodeFactory reads one factory resource. It fails only when raw is not an
// object or holds no usable id; a bad tag or location costs only itself.
func DecodeFactory(raw []byte) (Factory, error) {
	members, err := parseObject(raw)
	if err != nil {
		return Factory{}, fmt.Errorf("a factory %w", err)
	}
	w := row{object: members}
	id, err := ParseFactoryID(w.word("id"))
	if err != nil {
		return Factory{}, fmt.Errorf("a factory without a usable id: %w", err)
	}
	f := Factory{
		ID: id, Name: w.word("name"), Location: w.word("location"),
		Tags: w.raw("tags"), Properties: w.raw("properties"), Raw: raw,
	}
	if f.Name == "" {
		f.Name = id.Name()
	}
	return f, nil
}
