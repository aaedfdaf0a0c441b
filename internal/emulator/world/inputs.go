package world

import (
	"encoding/json"
	"strconv"
	"strings"
)

// inputOf is the activity run's input: its typeProperties with the expressions worked out.
func (r *Run) inputOf(a *activityRun) map[string]any {
	s := a.step
	switch s.kind {
	case kindCopy:
		return map[string]any{"source": s.source(), "sink": parquetSink(), "enableStaging": false}
	case kindLookup:
		return map[string]any{"source": s.source(), "firstRowOnly": r.pipeline.listed(s) == nil}
	case kindScript:
		return map[string]any{"scripts": s.scripts()}
	case kindProcedure:
		return map[string]any{"storedProcedureName": s.about, "storedProcedureParameters": map[string]any{"runId": map[string]any{"value": r.RunID(), "type": "String"}}}
	case kindExecutePipeline:
		parameters := json.RawMessage("{}")
		if a.child != nil {
			parameters = a.child.handedParameters()
		}
		return map[string]any{"pipeline": reference("PipelineReference", s.target), "waitOnCompletion": true, "parameters": parameters}
	case kindWeb, kindWebHook:
		return map[string]any{"url": s.about, "method": s.method(), "headers": map[string]any{}}
	case kindFunction:
		return map[string]any{"functionName": s.about, "method": "POST", "body": map[string]any{}}
	case kindNotebook:
		return map[string]any{"notebookPath": s.about, "baseParameters": map[string]any{"run_id": r.RunID()}}
	case kindDataFlow:
		return map[string]any{"dataflow": reference("DataFlowReference", s.about), "compute": dataFlowCompute()}
	case kindSSIS:
		return map[string]any{"packageLocation": s.packageLocation(), "loggingLevel": "Basic"}
	case kindSetVariable, kindAppendVariable:
		return map[string]any{"name": s.about, "value": strconv.FormatInt(r.rowsOf(a), 10)}
	case kindWait:
		return map[string]any{"waitTimeInSeconds": max(1, int(a.end.sub(a.begin).Seconds()))}
	case kindIf, kindUntil:
		return map[string]any{"expression": s.about}
	case kindSwitch:
		on := s.about
		if a.item != "" && s.about == expressionItem {
			on = a.item
		}
		return map[string]any{"on": on}
	case kindFilter:
		return map[string]any{"items": r.pipeline.unfiltered(s), "condition": s.about}
	case kindFail:
		return map[string]any{"message": r.causeText(s, 0), "errorCode": r.world().causes[r.cause].errorCode}
	case kindCustom:
		return map[string]any{"command": s.about, "extendedProperties": map[string]any{"runId": r.RunID()}}
	case kindSynapse:
		return map[string]any{"notebook": reference("NotebookReference", s.about), "sparkPool": reference("BigDataPoolReference", sparkPool)}
	case kindGetMetadata, kindDelete, kindValidation:
		return map[string]any{"dataset": reference("DatasetReference", s.dataset())}
	case kindForEach:
	}
	return map[string]any{}
}

// sparkPool is the Synapse pool of all Synapse notebooks.
const sparkPool = "sparksmall"

func reference(kindOfReference, name string) map[string]any {
	return map[string]any{"referenceName": name, "type": kindOfReference}
}

// source is what a Copy or a Lookup reads.
func (s *step) source() map[string]any {
	kindOfSource := "AzureSqlSource"
	if s.hosted {
		kindOfSource = "SqlServerSource"
	}
	source := map[string]any{"type": kindOfSource, "queryTimeout": "02:00:00", "partitionOption": "None"}
	if s.kind == kindLookup {
		source["sqlReaderQuery"] = "SELECT * FROM " + s.about
	}
	return source
}

func parquetSink() map[string]any {
	return map[string]any{
		"type": "ParquetSink", "storeSettings": map[string]any{"type": "AzureBlobFSWriteSettings"}, "formatSettings": map[string]any{"type": "ParquetWriteSettings"},
	}
}

func (s *step) scripts() []any {
	return []any{map[string]any{"type": "NonQuery", "text": "EXEC ctl.usp_prepare '" + s.about + "'"}}
}

func (s *step) packageLocation() map[string]any {
	return map[string]any{"packagePath": s.about, "type": "SSISDB"}
}

func dataFlowCompute() map[string]any {
	return map[string]any{"coreCount": 8, "computeType": "General"}
}

// method is that of a call: whoever sends something posts it.
func (s *step) method() string {
	if s.kind == kindWebHook {
		return "POST"
	}
	for _, word := range []string{"token", "send", "hooks.", "purge", "confirm", "swap", "upload", "submit", "refreshes", "publish", "files"} {
		if strings.Contains(s.about, word) && !strings.Contains(s.about, "?") {
			return "POST"
		}
	}
	return "GET"
}

// userProperty is one of an activity's user properties (ADF REST, UserProperty).
type userProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// userProperties are those that Studio offers for a Copy; other activities here have none.
func (s *step) userProperties() []userProperty {
	if s.kind != kindCopy {
		return []userProperty{}
	}
	return []userProperty{{Name: "Source", Value: s.about}, {Name: "Destination", Value: "raw/" + s.about}}
}

// executes reports whether ADF runs the kind on an integration runtime, by a policy of retries and a timeout (the
// ExecutionActivity of the SDKs).
func (k kind) executes() bool {
	switch k {
	case kindCopy, kindLookup, kindGetMetadata, kindDelete, kindScript, kindProcedure, kindDataFlow, kindSSIS, kindWeb, kindFunction, kindNotebook, kindCustom, kindSynapse:
		return true
	default:
		return false
	}
}
