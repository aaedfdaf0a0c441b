package world

import (
	"encoding/json"
	"slices"
	"strings"
)

// typeProperties are what the activity's type asks for (ADF REST, the …ActivityTypeProperties), before its siblings.
func (p *Pipeline) typeProperties(s *step, before []step, item string) map[string]any {
	switch s.kind {
	case kindForEach, kindUntil, kindIf, kindSwitch:
		return p.containerProperties(s, before)
	case kindCopy:
		return map[string]any{"source": s.source(), "sink": parquetSink(), "enableStaging": false}
	case kindLookup:
		return map[string]any{"source": s.source(), "dataset": reference("DatasetReference", s.dataset()), "firstRowOnly": p.listed(s) == nil}
	case kindGetMetadata:
		return map[string]any{
			"dataset": reference("DatasetReference", s.dataset()), "fieldList": []string{"childItems", "lastModified"},
			"storeSettings": map[string]any{"type": "AzureBlobFSReadSettings", "recursive": true},
		}
	case kindDelete:
		return map[string]any{
			"dataset": reference("DatasetReference", s.dataset()), "enableLogging": false,
			"storeSettings": map[string]any{"type": "AzureBlobFSReadSettings", "recursive": true},
		}
	case kindValidation:
		return map[string]any{"dataset": reference("DatasetReference", s.dataset()), "timeout": "0.12:00:00", "sleep": 30}
	case kindScript:
		return map[string]any{"scripts": s.scripts(), "scriptBlockExecutionTimeout": "02:00:00"}
	case kindProcedure:
		return map[string]any{
			"storedProcedureName":       s.about,
			"storedProcedureParameters": map[string]any{"runId": map[string]any{"value": expression("@pipeline().RunId"), "type": "String"}},
		}
	case kindExecutePipeline:
		return map[string]any{
			"pipeline": reference("PipelineReference", s.target), "waitOnCompletion": true, "parameters": p.handedDown(p.factory.world.pipelineNamed(p.factory.Name, s.target), item),
		}
	case kindDataFlow:
		return map[string]any{
			"dataFlow": reference("DataFlowReference", s.about), "compute": dataFlowCompute(), "traceLevel": "Fine",
			"integrationRuntime": reference("IntegrationRuntimeReference", runtimeDataFlow),
		}
	case kindSSIS:
		return map[string]any{
			"packageLocation": s.packageLocation(), "loggingLevel": "Basic", "runtime": "x64",
			"connectVia": reference("IntegrationRuntimeReference", runtimeSSIS),
		}
	case kindNotebook:
		return map[string]any{"notebookPath": s.about, "baseParameters": map[string]any{"run_id": expression("@pipeline().RunId")}}
	case kindSynapse:
		return map[string]any{
			"notebook":  reference("NotebookReference", s.about),
			"sparkPool": reference("BigDataPoolReference", sparkPool), "executorSize": "Small", "numExecutors": 2,
		}
	default:
		return p.smallProperties(s, before)
	}
}

// smallProperties are those of the activities that move no data.
func (p *Pipeline) smallProperties(s *step, before []step) map[string]any {
	switch s.kind {
	case kindWeb:
		if s.method() == "POST" {
			return map[string]any{"method": "POST", "url": s.about, "headers": map[string]any{}, "body": "{}"}
		}
		return map[string]any{"method": "GET", "url": s.about, "headers": map[string]any{}}
	case kindWebHook:
		return map[string]any{"method": "POST", "url": s.about, "headers": map[string]any{}, "body": "{}", "timeout": "00:10:00", "reportStatusOnCallBack": true}
	case kindFunction:
		return map[string]any{"functionName": s.about, "method": "POST", "headers": map[string]any{}, "body": map[string]any{}}
	case kindCustom:
		return map[string]any{
			"command": s.about, "resourceLinkedService": reference("LinkedServiceReference", serviceBatchFiles), "folderPath": "adf/" + s.name,
			"extendedProperties": map[string]any{"runId": expression("@pipeline().RunId")}, "retentionTimeInDays": 30,
		}
	case kindSetVariable, kindAppendVariable:
		return map[string]any{"variableName": s.about, "value": expression("@string(" + rowsOfBefore(before) + ")")}
	case kindFilter:
		return map[string]any{"items": expression(createArray(p.unfiltered(s))), "condition": expression(s.about)}
	case kindFail:
		return map[string]any{"message": expression("@concat('Check " + s.name + " found a " + s.about + ": ', pipeline().RunId)"), "errorCode": failCode}
	case kindWait:
		return map[string]any{"waitTimeInSeconds": 60}
	default:
		return map[string]any{}
	}
}

// failCode is the error code that the company's Fail activities are given.
const failCode = "NH-DQ-01"

func (p *Pipeline) containerProperties(s *step, before []step) map[string]any {
	switch s.kind {
	case kindForEach:
		items, item := itemsOf(s, before)
		loop := map[string]any{"items": expression(items), "isSequential": false, "activities": p.activities(s.inner, item)}
		if s.target == "" {
			loop["batchCount"] = batch
		}
		return loop
	case kindUntil:
		return map[string]any{"expression": expression(s.about), "timeout": "0.12:00:00", "activities": p.activities(s.inner, "")}
	case kindIf:
		properties := map[string]any{"expression": expression(s.about), "ifTrueActivities": p.activities(inBranch(s.inner, ""), "")}
		if other := inBranch(s.inner, branchFalse); len(other) > 0 {
			properties["ifFalseActivities"] = p.activities(other, "")
		}
		return properties
	default:
		return p.switchProperties(s)
	}
}

func (p *Pipeline) switchProperties(s *step) map[string]any {
	cases := []map[string]any{}
	for i := range s.inner {
		value := s.inner[i].branch
		if value != "" && !slices.ContainsFunc(cases, func(c map[string]any) bool { return c["value"] == value }) {
			cases = append(cases, map[string]any{"value": value, "activities": p.activities(inBranch(s.inner, value), "")})
		}
	}
	return map[string]any{"on": expression(s.about), "cases": cases, "defaultActivities": p.activities(inBranch(s.inner, ""), "")}
}

// itemsOf are what a ForEach works on, and how its activities name the value of one: what the step before found, or a
// list in the definition itself.
func itemsOf(s *step, before []step) (items, item string) {
	if n := len(before); n > 0 {
		switch before[n-1].kind {
		case kindFilter:
			return "@activity('" + before[n-1].name + "').output.Value", expressionItem
		case kindLookup:
			return "@activity('" + before[n-1].name + "').output.value", expressionItem + ".value"
		default:
		}
	}
	return createArray(s.items), expressionItem
}

func createArray(items []string) string { return "@createArray('" + strings.Join(items, "','") + "')" }

// listed are the values that the step finds for the ForEach after it; nil when there is none.
func (p *Pipeline) listed(s *step) []string {
	for i := range len(p.steps) - 1 {
		if next := &p.steps[i+1]; &p.steps[i] == s && next.kind == kindForEach {
			return next.items
		}
	}
	return nil
}

// closed is the value that a Filter takes out.
const closed = "closed"

// unfiltered are what a Filter chooses from.
func (p *Pipeline) unfiltered(s *step) []string {
	return append(slices.Clone(p.listed(s)), closed)
}

func rowsOfBefore(before []step) string {
	for i := range slices.Backward(before) {
		if before[i].kind == kindCopy {
			return "activity('" + before[i].name + "').output.rowsCopied"
		}
	}
	return "utcNow()"
}

// handedDown are the parameters that a pipeline gives to the one it starts.
func (p *Pipeline) handedDown(child *Pipeline, item string) map[string]any {
	given := map[string]any{}
	if child == nil {
		return given
	}
	for i := range child.parameters {
		c := &child.parameters[i]
		has := slices.ContainsFunc(p.parameters, func(own parameter) bool { return own.name == c.name })
		switch {
		case has:
			given[c.name] = expression("@pipeline().parameters." + c.name)
		case c.secure:
			given[c.name] = json.RawMessage(c.values[0])
		case c.kind == paramChoice && item != "":
			given[c.name] = expression(item)
		case c.kind == paramDay:
			given[c.name] = expression("@formatDateTime(addDays(utcNow(), -1), 'yyyy-MM-dd')")
		case c.kind == paramMonth:
			given[c.name] = expression("@formatDateTime(addDays(utcNow(), -28), 'yyyy-MM')")
		}
	}
	return given
}
