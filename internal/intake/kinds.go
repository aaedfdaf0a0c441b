package intake

import (
	"encoding/json"
	"strings"

	"andon/internal/adf"
	"andon/internal/store"
)

// rowType is what a row is about.
type rowType int

const (
	isPipelineRun rowType = iota
	isActivityRun
	isTriggerRun
)

// found is a run in a file, an activity run or a trigger run.
type found struct {
	is       rowType
	run      adf.PipelineRun
	activity adf.ActivityRun
	trigger  adf.TriggerRun
	origin   store.Origin
	// resource names the factory: an ARM id of it or of something in it, or the
	// short name that Andon's own tables have. "" when the row names none.
	resource string
	kind     string // of the row, for people
}

// The kinds of rows that are kept.
const (
	kindAPI   = "answers of the API"
	kindLog   = "diagnostic logs"
	kindQuery = "Log Analytics"
	kindTable = "tables of runs"
)

// read tells what a record is. A record that is no run, no activity run and no
// trigger run is refused by the name of its kind. raw is kept, not copied.
func read(raw []byte, isTable bool) (found, reason) {
	if !isTable && json.Valid(raw) {
		// The form of nearly every record of large files.
		run, err := adf.DecodePipelineRun(raw)
		if err == nil && hasTime(&run) && run.DebugRunID == nil && run.ID != nil {
			return found{run: run, origin: store.OriginFile, resource: *run.ID, kind: kindAPI}, reason{}
		}
	}
	var given map[string]json.RawMessage
	if !json.Valid(raw) {
		return found{}, notJSON
	}
	if json.Unmarshal(raw, &given) != nil {
		return found{}, noObject
	}
	m := newMembers(given)
	if why := m.otherKind(); why.what != "" {
		return found{}, why
	}
	switch {
	case m.isActivity():
		return m.activityRow()
	case m.isTrigger():
		return m.triggerRow()
	case m.isLog():
		return m.logRow()
	case isTable:
		return m.tableRow()
	default:
		return m.apiRow(raw)
	}
}

func hasTime(r *adf.PipelineRun) bool { return !r.RunStart.IsZero() || !r.LastUpdated.IsZero() }

// members are those of a record, by their names in lower case, since az writes
// runId, PowerShell and Log Analytics RunId.
type members map[string]json.RawMessage

func newMembers(given map[string]json.RawMessage) members {
	m := make(members, len(given))
	for name, value := range given {
		lower := strings.ToLower(name)
		if _, has := m[lower]; has && name != lower {
			continue // diagnostic logs have level and Level
		}
		m[lower] = value
	}
	return m
}

// has reports whether a member is there and not null.
func (m members) has(names ...string) bool {
	for _, name := range names {
		if v := m[name]; len(v) > 0 && string(v) != "null" && string(v) != `""` {
			return true
		}
	}
	return false
}

// text returns a text, "" for what is none.
func (m members) text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}

// within returns the members of an object in a member, none for anything else.
func (m members) within(name string) members {
	var inner map[string]json.RawMessage
	if json.Unmarshal(m[name], &inner) != nil {
		return members{}
	}
	return newMembers(inner)
}

// category names what a record of a log is: that of the log, or the table of Log
// Analytics in lower case; "" for what is no such record.
func (m members) category() string {
	category := m.text("category")
	if table := m.text("type"); category == "" && isTableOfLogs(table) {
		category = table
	}
	return strings.ToLower(category)
}

// isActivity reports whether a record is an activity run, by its category or, where
// a query has left that out, by its id.
func (m members) isActivity() bool {
	switch m.category() {
	case "activityruns", "adfactivityrun":
		return true
	case "pipelineruns", "adfpipelinerun", "triggerruns", "adftriggerrun":
		return false
	}
	return m.has("activityrunid", "activityname")
}

// isTrigger is isActivity for a trigger run.
func (m members) isTrigger() bool {
	switch m.category() {
	case "triggerruns", "adftriggerrun":
		return true
	case "pipelineruns", "adfpipelinerun", "activityruns", "adfactivityrun":
		return false
	}
	return m.has("triggerrunid") || m.has("triggerid") && m.has("triggername") && !m.has("runid")
}

// otherKind names what a record is that is none of these.
func (m members) otherKind() reason {
	switch {
	case m.has("error") && len(m) == 1, m.has("code") && m.has("message") && !m.has("runid"):
		return errorReply
	case m.has("access_token", "accesstoken"):
		return tokenReply
	}
	category := m.category()
	switch category {
	case "pipelineruns", "adfpipelinerun", "activityruns", "adfactivityrun", "triggerruns", "adftriggerrun":
		return reason{}
	case "sandboxpipelineruns", "sandboxactivityruns", "adfsandboxpipelinerun", "adfsandboxactivityrun":
		return debugRuns
	case "":
	default:
		if m.has("resourceid", "_resourceid") {
			return otherLog(m.text("category"))
		}
	}
	switch {
	case m.isActivity(), m.isTrigger():
		return reason{}
	case m.has("debugrunid"), m.within("additionalproperties").has("debugrunid"):
		return debugRuns
	case m.has("runid"):
		return reason{}
	}
	return m.resource()
}

// resource names what is no run at all, as what Azure calls it.
func (m members) resource() reason {
	kind := strings.ToLower(m.text("type"))
	inner := m.within("properties")
	details := inner.within("typeproperties")
	is := func(name string) bool { return strings.HasSuffix(kind, "/"+name) }
	switch {
	case is("linkedservices"):
		return otherResource("linked services")
	case is("pipelines"), inner.has("activities"):
		return otherResource("definitions of pipelines")
	case is("triggers"), inner.has("runtimestate"), details.has("recurrence"):
		return otherResource("triggers")
	case is("datasets"), inner.has("linkedservicename"):
		return otherResource("datasets")
	case is("integrationruntimes"):
		return otherResource("integration runtimes")
	case is("factories"):
		return otherResource("factories")
	case m.has("name") && inner.has("type") && len(details) > 0:
		return otherResource("linked services")
	default:
		return noRunID
	}
}

// isLog reports whether a record is one of a log: those have start where the API
// has runStart.
func (m members) isLog() bool {
	return !m.has("runstart", "lastupdated") && (m.has("start", "end") || m.text("category") != "" || strings.EqualFold(m.text("type"), "ADFPipelineRun"))
}

// apiRow reads a row as the API sends it.
func (m members) apiRow(raw []byte) (found, reason) {
	run, err := adf.DecodePipelineRun(raw)
	switch {
	case err != nil:
		return found{}, noRunID
	case !hasTime(&run):
		return found{}, noTimes
	}
	f := found{run: run, origin: store.OriginFile, kind: kindAPI}
	if run.ID != nil {
		f.resource = *run.ID
	} else {
		f.resource = m.within("additionalproperties").text("id") // az moves it there
	}
	return f, reason{}
}

// tableRow reads a row of a table as the row of the API that it was made of.
func (m members) tableRow() (found, reason) {
	row := map[string]any{}
	for _, name := range []string{"id", "runId", "runGroupId", "pipelineName", "runStart", "runEnd", "durationInMs", "status", "message", "lastUpdated", "isLatest"} {
		if text := m.text(strings.ToLower(name)); text != "" {
			row[name] = text
		}
	}
	for _, name := range []string{"parameters", "annotations", "runDimension", "cancelledBy", "pipelineReturnValue"} {
		if value := m.json(strings.ToLower(name)); value != nil {
			row[name] = value
		}
	}
	by := map[string]any{}
	for name, columns := range map[string][]string{
		"id": {"invokedbyid", "invokedby.id"}, "name": {"invokedbyname", "invokedby.name"},
		"invokedByType": {"invokedbyinvokedbytype", "invokedbytype", "invokedby.invokedbytype"},
		"pipelineName":  {"invokedbypipelinename", "invokedby.pipelinename"}, "pipelineRunId": {"invokedbypipelinerunid", "invokedby.pipelinerunid"},
	} {
		for _, column := range columns {
			if text := m.text(column); text != "" {
				by[name] = text
			}
		}
	}
	if len(by) > 0 {
		row["invokedBy"] = by
	}
	f, why := made(row, store.OriginFile, kindTable)
	if why.what == "" && !hasTime(&f.run) {
		return found{}, noTimes
	}
	if f.resource = m.text("id"); f.resource == "" {
		f.resource = m.text("factory")
	}
	return f, why
}

// json returns the JSON in a member, which may be written as a text; nil where
// there is none.
func (m members) json(name string) json.RawMessage {
	value := m[name]
	if text := m.text(name); text != "" && json.Valid([]byte(text)) {
		value = json.RawMessage(text)
	}
	if len(value) == 0 || value[0] == '"' || string(value) == "null" {
		return nil
	}
	return value
}
