package intake

import (
	"encoding/json"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// logRow reads a record of a diagnostic log (category PipelineRuns) or a row of
// Log Analytics (table ADFPipelineRun) as the row of the API that it was written
// from. Its fields are described in Microsoft's "Monitor schemas: logs and
// events" and in the reference of the table. What the log lacks stays absent:
// run group, last update, return value.
func (m members) logRow() (found, reason) {
	inner := m.within("properties")
	start, err := adf.ParseTime(m.text("start"))
	if err != nil || start.IsZero() {
		return found{}, noStart
	}
	runID := m.text("runid")
	if runID == "" {
		return found{}, noRunID
	}
	row := map[string]any{"runId": runID, "runStart": start}
	put := func(name, text string) {
		if text != "" {
			row[name] = text
		}
	}
	put("pipelineName", m.text("pipelinename"))
	put("status", m.text("status"))
	put("message", message(m, inner))
	if end, err := adf.ParseTime(m.text("end")); err == nil && !end.IsZero() { // 1601-01-01 is none
		row["runEnd"] = end
		if end >= start {
			row["durationInMs"], row["durationComputed"] = end.Sub(start).Round(time.Millisecond).Milliseconds(), true
		}
	}
	if parameters := parametersOf(m, inner); parameters != nil {
		row["parameters"] = parameters
	}
	if by := invokedBy(m, inner); len(by) > 0 {
		row["invokedBy"] = by
	}
	if annotations := either(m, inner, "annotations"); annotations != nil {
		row["annotations"] = annotations
	}
	if rest := logOnly(m, inner); len(rest) > 0 {
		row["log"] = rest
	}
	kind, resource := m.logKind(), m.logResource()
	if id, err := adf.ParseFactoryID(resource); err == nil {
		row["id"] = string(id) + "/pipelineruns/" + runID
	}
	f, why := made(row, store.OriginLog, kind)
	f.resource = resource
	return f, why
}

// logKind says whether a record is one of a diagnostic log or of Log Analytics.
func (m members) logKind() string {
	if m.has("timegenerated", "tablename", "_resourceid") || isTableOfLogs(m.text("type")) || !m.has("properties") {
		return kindQuery
	}
	return kindLog
}

// isTableOfLogs reports whether a name is that of a table of Log Analytics which
// holds runs, such as ADFPipelineRun.
func isTableOfLogs(name string) bool { return strings.HasPrefix(strings.ToLower(name), "adf") }

// logResource names the factory of a record of a log.
func (m members) logResource() string {
	if resource := m.text("resourceid"); resource != "" {
		return resource
	}
	return m.text("_resourceid")
}

// made decodes a row that was put together.
func made(row map[string]any, origin store.Origin, kind string) (found, reason) {
	raw, err := json.Marshal(row)
	if err != nil {
		return found{}, notJSON
	}
	run, err := adf.DecodePipelineRun(raw)
	if err != nil {
		return found{}, noRunID
	}
	return found{run: run, origin: origin, kind: kind}, reason{}
}

// either returns the JSON of a member of a record, or else of its properties.
func either(m, inner members, name string) json.RawMessage {
	if value := m.json(name); value != nil {
		return value
	}
	return inner.json(name)
}

func message(m, inner members) string {
	for _, text := range []string{
		inner.text("message"), m.text("errormessage"), inner.text("errormessage"), inner.text("error"),
		inner.within("error").text("message"), m.text("message"),
	} {
		if text != "" {
			return text
		}
	}
	return ""
}

// parametersOf returns the parameters of a run without the one that the service
// adds for itself.
func parametersOf(m, inner members) json.RawMessage {
	value := either(m, inner, "parameters")
	var given map[string]json.RawMessage
	if value == nil || json.Unmarshal(value, &given) != nil {
		return value
	}
	if _, has := given["_jitCompilationId"]; !has {
		return value
	}
	delete(given, "_jitCompilationId")
	rest, err := json.Marshal(given)
	if err != nil {
		return value
	}
	return rest
}

// invokedBy makes the API's invokedBy of the first predecessor.
func invokedBy(m, inner members) map[string]string {
	var list []map[string]json.RawMessage
	if json.Unmarshal(either(m, inner, "predecessors"), &list) != nil || len(list) == 0 {
		return nil
	}
	first, by := newMembers(list[0]), map[string]string{}
	for _, name := range []string{"id", "name", "invokedByType", "pipelineName", "pipelineRunId"} {
		if text := first.text(strings.ToLower(name)); text != "" {
			by[name] = text
		}
	}
	return by
}

// logOnly returns what a log says beyond what the API says of a run.
func logOnly(m, inner members) map[string]any {
	rest := map[string]any{}
	for _, name := range []string{"failureType", "errorCode"} {
		for _, from := range []members{m, inner} {
			if text := from.text(strings.ToLower(name)); text != "" {
				rest[name] = text
			}
		}
	}
	if value := either(m, inner, "systemparameters"); value != nil {
		rest["systemParameters"] = value
	}
	return rest
}
