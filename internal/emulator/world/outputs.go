package world

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// runtimeOf fills in where the activity ran; control activities run nowhere.
func (r *Run) runtimeOf(a *activityRun, s *ActivityState) {
	name, kindOfRuntime := r.runtime(a.step)
	if name == "" {
		return
	}
	s.IntegrationRuntimeNames = []string{strings.ToLower(name)}
	where := map[string]any{"name": name, "type": kindOfRuntime}
	if kindOfRuntime == "Managed" {
		where["location"] = r.pipeline.factory.systems.region
	} else {
		where["nodes"] = []string{r.pipeline.factory.systems.onPremises}
	}
	s.ExecutionDetails = map[string]any{"integrationRuntime": []any{where}}
}

func (r *Run) runtime(s *step) (name, kindOfRuntime string) {
	switch {
	case s.hosted:
		return "shir-" + r.pipeline.factory.systems.onPremises, "SelfHosted"
	case s.kind == kindDataFlow:
		return "ir-dataflow-vnet", "Managed"
	}
	switch s.kind {
	case kindCopy, kindLookup, kindGetMetadata, kindDelete, kindScript, kindProcedure, kindWeb, kindFunction, kindNotebook, kindValidation, kindSSIS:
		return "AutoResolveIntegrationRuntime", "Managed"
	case kindExecutePipeline, kindDataFlow, kindForEach, kindUntil, kindIf, kindSetVariable, kindWait, kindFail:
	}
	return "", ""
}

func (r *Run) inputOf(a *activityRun) map[string]any {
	s := a.step
	switch s.kind {
	case kindCopy:
		source := "AzureSqlSource"
		if s.hosted {
			source = "SqlServerSource"
		}
		return map[string]any{
			"source": map[string]any{"type": source, "queryTimeout": "02:00:00", "partitionOption": "None"},
			"sink":   map[string]any{"type": "ParquetSink", "storeSettings": map[string]any{"type": "AzureBlobFSWriteSettings"}}, "enableStaging": false,
		}
	case kindLookup:
		return map[string]any{"source": map[string]any{"type": "AzureSqlSource", "sqlReaderQuery": "SELECT * FROM " + s.about}, "firstRowOnly": true}
	case kindScript:
		return map[string]any{"scripts": []any{map[string]any{"type": "NonQuery", "text": "EXEC ctl.usp_prepare '" + s.about + "'"}}}
	case kindProcedure:
		return map[string]any{"storedProcedureName": s.about, "storedProcedureParameters": map[string]any{"runId": map[string]any{"value": r.RunID(), "type": "String"}}}
	case kindExecutePipeline:
		return map[string]any{"pipeline": map[string]any{"referenceName": s.target, "type": "PipelineReference"}, "waitOnCompletion": true, "parameters": map[string]any{}}
	case kindWeb:
		return map[string]any{"url": s.about, "method": "GET", "headers": map[string]any{}}
	case kindFunction:
		return map[string]any{"functionName": s.about, "method": "POST", "body": map[string]any{}}
	case kindNotebook:
		return map[string]any{"notebookPath": s.about, "baseParameters": map[string]any{"run_id": r.RunID()}}
	case kindDataFlow:
		return map[string]any{"dataflow": map[string]any{"referenceName": s.about, "type": "DataFlowReference"}, "compute": map[string]any{"coreCount": 8, "computeType": "General"}}
	case kindSSIS:
		return map[string]any{"packageLocation": map[string]any{"packagePath": s.about, "type": "SSISDB"}, "loggingLevel": "Basic"}
	case kindSetVariable:
		return map[string]any{"name": s.about, "value": strconv.FormatInt(r.rowsOf(a), 10)}
	case kindWait:
		return map[string]any{"waitTimeInSeconds": max(1, int(a.end.sub(a.begin).Seconds()))}
	case kindIf, kindUntil:
		return map[string]any{"expression": s.about}
	case kindFail:
		return map[string]any{"message": r.causeText(s, 0), "errorCode": r.world().causes[r.cause].errorCode}
	case kindGetMetadata, kindDelete, kindValidation:
		return map[string]any{"dataset": map[string]any{"referenceName": "ds_" + lastPart(s.about), "type": "DatasetReference"}}
	case kindForEach:
	}
	return map[string]any{}
}

func lastPart(path string) string { return path[strings.LastIndexAny(path, "/.")+1:] }

// outputOf is the activity run's output once it has ended.
func (r *Run) outputOf(a *activityRun) map[string]any {
	switch a.status {
	case StatusSkipped, StatusCancelled:
		return map[string]any{}
	}
	s := a.step
	out := map[string]any{}
	if name, _ := r.runtime(s); name != "" {
		out["effectiveIntegrationRuntime"] = name
		if !s.hosted {
			out["effectiveIntegrationRuntime"] = name + " (" + r.pipeline.factory.systems.region + ")"
		}
		out["executionDuration"] = seconds(a)
		out["durationInQueue"] = map[string]any{"integrationRuntimeQueue": min(int(a.key>>7%4), max(seconds(a)-1, 0))} // a part of the duration
		r.bill(a, out)
	}
	if a.status == StatusFailed {
		r.failedOutput(a, out)
		return out
	}
	switch s.kind {
	case kindCopy:
		r.copyOutput(a, out)
	case kindLookup:
		out["firstRow"] = map[string]any{"value": strconv.FormatInt(r.rowsOf(a), 10), "name": s.about}
	case kindGetMetadata:
		out["childItems"] = []any{map[string]any{"name": fmt.Sprintf("part-%05d.parquet", a.key%1000), "type": "File"}}
	case kindDelete:
		out["filesDeleted"] = int(a.key % 40)
	case kindExecutePipeline:
		if a.child != nil {
			out["pipelineRunId"], out["pipelineName"] = a.child.RunID(), a.child.PipelineName()
		}
	case kindForEach:
		out["itemsCount"] = len(s.items)
	case kindWeb:
		out["ADFWebActivityResponseHeaders"] = map[string]any{"Content-Type": "application/json; charset=utf-8", "Date": a.end.time().Format(time.RFC1123)}
	case kindNotebook:
		out["runPageUrl"], out["runOutput"] = r.runPage(a), "ok"
	case kindDataFlow:
		out["runStatus"] = map[string]any{"computeAcquisitionDuration": int(a.key % 90000), "version": "20241003.1", "rowsWritten": r.rowsOf(a)}
	case kindSSIS:
		r.packageOutput(a, out)
	case kindFail, kindScript, kindProcedure, kindUntil, kindIf, kindSetVariable, kindWait, kindFunction, kindValidation:
	}
	return out
}

// failedOutput is what remains in the output of a failed activity run, beside where it ran and what it cost.
func (r *Run) failedOutput(a *activityRun, out map[string]any) {
	switch {
	case a.step.kind == kindCopy:
		r.copyOutput(a, out)
	case a.step.kind == kindNotebook:
		out["runPageUrl"] = r.runPage(a)
	case a.step.kind == kindSSIS:
		r.packageOutput(a, out)
	case a.step.kind == kindFail:
		out["message"], out["errorCode"] = a.message, r.world().causes[a.cause].errorCode
	case a.child != nil:
		out["pipelineRunId"], out["pipelineName"] = a.child.RunID(), a.child.PipelineName()
	}
}

func (r *Run) runPage(a *activityRun) string {
	systems := &r.pipeline.factory.systems
	return fmt.Sprintf("https://%s/?o=%s#job/%d/run/%d", systems.databricks, systems.workspace, a.key%1e6, a.key>>20%1e6)
}

func seconds(a *activityRun) int { return int(a.end.sub(a.begin).Seconds()) }

// rowsOf is how many rows the activity moved: about the same each time, now and then none at all.
func (r *Run) rowsOf(a *activityRun) int64 {
	if a.status == StatusSucceeded && a.key%113 == 0 {
		return 0
	}
	usual := math.Pow(10, 2.5+4*float64(textKey(r.pipeline.Name+a.step.about)%1000)/1000)
	return int64(usual * (0.9 + 0.2*float64(a.key>>11%1000)/1000))
}

// copyOutput has the members that Microsoft documents for copy activity monitoring; dataRead may exceed 2^31.
func (r *Run) copyOutput(a *activityRun, out map[string]any) {
	rows := r.rowsOf(a)
	if a.status == StatusFailed {
		rows /= 7
	}
	width := 80 + int64(textKey(a.step.about)%900)
	took := max(1, seconds(a))
	delete(out, "executionDuration")
	out["dataRead"], out["dataWritten"] = rows*width, rows*width/3
	out["rowsRead"], out["rowsCopied"] = rows, rows
	out["sourcePeakConnections"], out["sinkPeakConnections"] = 1, 2
	out["filesWritten"] = 1
	out["copyDuration"] = took
	out["throughput"] = math.Round(float64(rows*width)/1024/float64(took)*1000) / 1000
	out["errors"] = []any{}
	out["usedParallelCopies"] = 1 + int(a.key%4)
	if !a.step.hosted {
		out["usedDataIntegrationUnits"] = 4
	}
	details := map[string]any{
		"source": map[string]any{"type": "AzureSqlDatabase", "region": r.pipeline.factory.systems.region}, "sink": map[string]any{"type": "AzureBlobFS", "region": r.pipeline.factory.systems.region},
		"status": a.status, "start": a.begin.time(), "duration": took, "usedParallelCopies": 1 + int(a.key%4),
		"profile": map[string]any{"queue": map[string]any{"status": "Completed", "duration": min(2, took)}, "transfer": map[string]any{
			"status": "Completed", "duration": took, "details": map[string]any{
				"readingFromSource": map[string]any{"type": "AzureSqlDatabase", "workingDuration": took / 2}, "writingToSink": map[string]any{"type": "AzureBlobFS", "workingDuration": took / 3},
			},
		}},
		"detailedDurations": map[string]any{"queuingDuration": min(2, took), "transferDuration": took},
	}
	out["executionDetails"] = []any{details}
	if a.status == StatusFailed {
		out["errors"] = []any{map[string]any{
			"Code": 22_000 + int(a.cause), "Message": a.message, "EventType": 0, "Category": 5, "Data": map[string]any{}, "MsgId": nil,
			"ExceptionType": nil, "Source": nil, "StackTrace": "", "InnerEventInfos": []any{},
		}}
	}
	if rows > 500_000 {
		out["perfRecommendation"] = []any{map[string]any{
			"Tip": "Consider to set partitionOption to load the table in parallel.", "ReferUrl": "https://go.microsoft.com/fwlink/?linkid=2102534", "RuleName": "PartitionOptionPerfRecommendationRule",
		}}
	}
}

// packageOutput is where the cause of an SSIS failure stands, and nowhere else.
func (r *Run) packageOutput(a *activityRun, out map[string]any) {
	out["executionDuration"] = a.end.sub(a.begin).Milliseconds() // of this activity it looks like milliseconds
	out["executionId"] = a.key % 1_000_000
	out["status"] = "Succeeded"
	if a.status == StatusFailed {
		out["status"] = "Failed"
		out["OperationErrorMessages"] = r.fillIn(r.world().causes[a.cause].detail, a.step, a.attempt)
	}
}

// bill adds output.billingReference in the form that the factory's activities use. Durations are whole minutes.
func (r *Run) bill(a *activityRun, out map[string]any) {
	minutes := math.Ceil(max(1, a.end.sub(a.begin).Seconds()) / 60)
	activityType, unit, amount := "PipelineActivity", "Hours", minutes/60
	meter := "AzureIR"
	if a.step.hosted {
		meter = "SelfhostedIR"
	}
	switch a.step.kind {
	case kindCopy:
		activityType = "DataMovement"
		if !a.step.hosted {
			unit, amount = "DIUHours", amount*4
		}
	case kindNotebook, kindProcedure, kindScript, kindFunction, kindWeb, kindSSIS:
		activityType = "ExternalActivity"
	case kindDataFlow:
		activityType, unit, amount, meter = "executedataflow", "coreHour", amount*8, "General"
	case kindLookup, kindGetMetadata, kindDelete, kindValidation, kindExecutePipeline, kindForEach, kindUntil, kindIf, kindSetVariable, kindWait, kindFail:
	}
	item := map[string]any{"meterType": meter, "duration": amount, "unit": unit}
	switch r.pipeline.factory.systems.billing {
	case billingAbsent:
	case billingText:
		out["billingReference"] = fmt.Sprintf(`{"activityType":%q,"billableDuration":[{"Managed":%v}]}`, activityType, amount)
	case billingObject:
		out["billingReference"] = map[string]any{"activityType": activityType, "billableDuration": []any{item}}
	}
}
