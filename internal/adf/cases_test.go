package adf_test

import (
	"bytes"
	"testing"

	"andon/internal/adf"
)

// Activities of public reports: a failed copy whose output has rows, a code
// that is any text, a status that is a number in text, an output without any.
// None of it is odd, and all of it is kept.
func TestActivitiesOfPublicReports(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]string{
		"failed-copy-with-output.json": {`"rowsRead": 1`, `"rowsCopied": 0`, `"errors": []`, `"errorCode": "2200"`, `"effectiveIntegrationRuntime": "SHIR-A(SHIR-A)"`},
		"webhook-error.json":           {`"errorCode": "RestoreError"`, `"statusCode": "500"`, `"ErrorCode": "RestoreError"`},
		"failed-web-output.json":       {`"errorCode": "2108"`, `401 : Unauthorized`, `"duration": 0.016666666666666666`},
	} {
		for _, e := range cases(t, name) {
			a, err := e.ActivityRun()
			if err != nil || len(a.Odd) > 0 || a.Status != adf.StatusFailed || a.DurationInMs == nil {
				t.Errorf("%s: %v, odd %v, %+v", name, err, a.Odd, a)
			}
			kept := append(bytes.Clone(a.Output), a.Error...)
			for _, part := range parts {
				if !bytes.Contains(kept, []byte(part)) {
					t.Errorf("%s: output and error have no %s", name, part)
				}
			}
		}
	}
	for _, code := range []string{`2200`, `"2200"`, `"RestoreError"`, `null`, `{"a":1}`} {
		a, err := adf.DecodeActivityRun([]byte(`{"activityRunId":"a","status":"Failed","output":{"statusCode":` + code + `},"error":{"errorCode":` + code + `}}`))
		if err != nil || len(a.Odd) > 0 || !bytes.Contains(a.Error, []byte(code)) || !bytes.Contains(a.Output, []byte(code)) {
			t.Errorf("%s: %v, odd %v", code, err, a.Odd)
		}
	}
}

// Runs that failed at Data Factory's limits: throttled, or without a message.
func TestRunsThatFailedAtTheLimits(t *testing.T) {
	t.Parallel()
	messages := map[string]int{}
	for _, name := range []string{"throttled.json", "failed-without-message.json"} {
		for _, e := range cases(t, name) {
			r, err := e.PipelineRun()
			if err != nil || len(r.Odd) > 0 || r.Status != adf.StatusFailed || r.RunEnd.IsZero() {
				t.Errorf("%s: %v, odd %v", name, err, r.Odd)
			}
			message := "null"
			if r.Message != nil {
				message = *r.Message
			}
			messages[message]++
		}
	}
	const throttled = "Pipeline execution throttled. If the concurrency value is set for a pipeline, a maximum of 100 runs will be queued for execution. "
	if len(messages) != 3 || messages["null"] != 1 || messages[""] != 1 || messages[throttled] != 1 {
		t.Errorf("messages %v", messages)
	}
}
