package intake

import (
	"encoding/json"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// activityRow reads a record of a diagnostic log (category ActivityRuns) or a row
// of Log Analytics (table ADFActivityRun) as the row of the API that it was
// written from. Its fields are described in Microsoft's "Schema of logs and
// events" and in the reference of the table. What the log lacks stays absent:
// retry, iteration, integration runtime and execution details.
func (m members) activityRow() (found, reason) {
	if m.category() == "" && m.has("activityrunstart", "activityrunend", "durationinms", "retryattempt", "iterationhash", "executiondetails") {
		return found{}, apiActivities
	}
	inner := m.within("properties")
	activityID, runID := m.text("activityrunid"), m.text("pipelinerunid")
	start, startErr := adf.ParseTime(m.text("start"))
	end, endErr := adf.ParseTime(m.text("end")) // 1601-01-01 is none
	switch {
	case activityID == "":
		return found{}, noActivityRunID
	case runID == "":
		return found{}, noPipelineRunID
	case (startErr != nil || start.IsZero()) && (endErr != nil || end.IsZero()):
		return found{}, noActivityTime
	}
	row := map[string]any{"activityRunId": activityID, "pipelineRunId": runID}
	for name, text := range map[string]string{
		"activityName": m.text("activityname"), "activityType": m.text("activitytype"), "pipelineName": m.text("pipelinename"),
		"linkedServiceName": m.text("linkedservicename"), "status": m.activityStatus(end),
	} {
		if text != "" {
			row[name] = text
		}
	}
	if startErr == nil && !start.IsZero() {
		row["activityRunStart"] = start
	}
	if endErr == nil && !end.IsZero() {
		row["activityRunEnd"] = end
		if row["activityRunStart"] != nil && end >= start {
			row["durationInMs"], row["durationComputed"] = end.Sub(start).Round(time.Millisecond).Milliseconds(), true
		}
	}
	for _, name := range []string{"input", "output", "userProperties"} {
		if value := value(m, inner, strings.ToLower(name)); value != nil {
			row[name] = value
		}
	}
	if failure := activityError(m, inner); failure != nil {
		row["error"] = failure
	}
	kind, resource := m.logKind(), m.logResource()
	if id, err := adf.ParseFactoryID(resource); err == nil {
		row["id"] = string(id) + "/pipelineruns/" + runID + "/activityruns/" + activityID
	}
	raw, err := json.Marshal(row)
	if err != nil {
		return found{}, notJSON
	}
	activity, err := adf.DecodeActivityRun(raw)
	if err != nil {
		return found{}, noActivityRunID
	}
	return found{is: isActivityRun, activity: activity, origin: store.OriginLog, resource: resource, kind: kind}, reason{}
}

// activityStatus returns the status of a record. Where a log has no member of that
// name, the operation ends in it: "cp_orders - Succeeded", and "cp_orders -" of one
// that has only started.
func (m members) activityStatus(end adf.Time) string {
	name := m.text("activityname")
	status := m.statusOf(name)
	if status == "" && end.IsZero() && strings.TrimSpace(m.text("operationname")) == name+" -" {
		return string(adf.StatusInProgress)
	}
	return status
}

// statusOf returns the status of a record about what has a name, "" where it says
// none.
func (m members) statusOf(name string) string {
	if status := m.text("status"); status != "" {
		return status
	}
	status, ok := strings.CutPrefix(m.text("operationname"), name+" -")
	if !ok {
		return ""
	}
	return strings.TrimSpace(status)
}

// value returns what a record or its properties have under a name: JSON, which may
// be written as a text, else the text. It is nil where there is none; the text
// "null" is none.
func value(m, inner members, name string) json.RawMessage {
	if value := either(m, inner, name); value != nil {
		return value
	}
	for _, from := range []members{m, inner} {
		if text := strings.TrimSpace(from.text(name)); text != "" && text != "null" {
			return from[name]
		}
	}
	return nil
}

// activityError returns the error of a record as the API has it: an object with
// texts, empty ones on success. Logs write "null" for an empty text. Log Analytics
// has columns for its parts, too, which fill what the object lacks.
func activityError(m, inner members) map[string]any {
	failure := map[string]any{}
	given := value(m, inner, "error")
	var object map[string]any
	switch {
	case given == nil:
	case json.Unmarshal(given, &object) == nil:
		for name, part := range object {
			if part == "null" || part == nil {
				part = ""
			}
			failure[name] = part
		}
	case given[0] == '"':
		failure["message"] = given
	}
	for _, name := range []string{"errorCode", "message", "failureType"} {
		column := strings.ToLower(name)
		if name == "message" {
			column = "errormessage"
		}
		for _, from := range []members{m, inner} {
			if text := from.text(column); text != "" && text != "null" && (failure[name] == nil || failure[name] == "") {
				failure[name] = text
			}
		}
	}
	if len(failure) == 0 {
		return nil
	}
	if target := m.text("activityname"); target != "" && (failure["target"] == nil || failure["target"] == "") {
		failure["target"] = target
	}
	return failure
}
