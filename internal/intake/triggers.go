package intake

import (
	"encoding/json"

	"andon/internal/adf"
	"andon/internal/store"
)

// triggerRow reads a record of a diagnostic log (category TriggerRuns) or a row of
// Log Analytics (table ADFTriggerRun) as the row of the API that it was written
// from. Its fields are described in Microsoft's "Schema of logs and events" and in
// the reference of the table. A log names no pipeline runs that were started.
func (m members) triggerRow() (found, reason) {
	if m.category() == "" && m.has("triggerrunid", "triggerruntimestamp") {
		return found{}, apiTriggers
	}
	inner := m.within("properties")
	id := m.text("triggerid")
	start, err := adf.ParseTime(m.text("start"))
	switch {
	case id == "":
		return found{}, noTriggerID
	case err != nil || start.IsZero():
		return found{}, noStart
	}
	row := map[string]any{"triggerRunId": id, "triggerRunTimestamp": start}
	for name, text := range map[string]string{
		"triggerName": m.text("triggername"), "triggerType": m.text("triggertype"),
		"status": m.statusOf(m.text("triggername")), "message": message(m, inner),
	} {
		if text != "" {
			row[name] = text
		}
	}
	// They are what the API has as properties: TriggerTime, ScheduleTime and the window of a tumbling trigger.
	var parameters map[string]json.RawMessage
	if json.Unmarshal(either(m, inner, "parameters"), &parameters) == nil && len(parameters) > 0 {
		row["properties"] = parameters
	}
	rest := logOnly(m, inner)
	if event := m.text("triggerevent"); event != "" {
		rest["triggerEvent"] = event
	}
	if failure := m.text("triggerfailuretype"); failure != "" {
		rest["failureType"] = failure
	}
	if len(rest) > 0 {
		row["log"] = rest
	}
	raw, err := json.Marshal(row)
	if err != nil {
		return found{}, notJSON
	}
	trigger, err := adf.DecodeTriggerRun(raw)
	if err != nil {
		return found{}, noTriggerID
	}
	return found{is: isTriggerRun, trigger: trigger, origin: store.OriginLog, resource: m.logResource(), kind: m.logKind()}, reason{}
}
