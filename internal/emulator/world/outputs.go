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
		where["nodes"] = []string{r.pipeline.factory.nodeFor(a.begin)}
	}
	s.ExecutionDetails = map[string]any{"integrationRuntime": []any{where}}
}

func (r *Run) runtime(s *step) (name, kindOfRuntime string) {
	switch {
	case s.hosted:
		return r.pipeline.factory.hostedRuntime(), "SelfHosted"
	case s.kind == kindDataFlow:
		return runtimeDataFlow, "Managed"
	case s.kind == kindSSIS:
		return runtimeSSIS, "Managed"
	case s.kind.executes() || s.kind == kindValidation:
		return runtimeAuto, "Managed"
	}
	return "", ""
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
		switch {
		case s.hosted && a.key>>5%3 > 0:
			out["effectiveIntegrationRuntime"] = name + "(" + r.pipeline.factory.nodeFor(a.begin) + ")"
		case s.hosted: // some have no node
		default:
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
		if items := r.pipeline.listed(s); items != nil {
			out["count"], out["value"] = len(items), values(items)
			break
		}
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
	case kindFilter:
		found := append([]string{}, r.pipeline.listed(s)...)
		out["ItemsCount"], out["FilteredItemsCount"], out["Value"] = len(found)+1, len(found), found
	case kindWebHook:
		out["statusCode"], out["output"] = "200", map[string]any{"state": "done"}
	case kindCustom:
		out["exitcode"] = 0
		out["outputs"] = []string{r.batchFile(a, "stdout.txt"), r.batchFile(a, "stderr.txt")}
	case kindSynapse:
		out["status"] = map[string]any{"Status": 1, "Output": map[string]any{"status": "Succeeded", "result": map[string]any{
			"runId": guid(a.key, 3), "runStatus": "Succeeded", "sparkPool": sparkPool, "sessionId": int(a.key % 900), "exitValue": strconv.FormatInt(r.rowsOf(a), 10),
		}}}
	case kindFail, kindScript, kindProcedure, kindUntil, kindIf, kindSwitch, kindSetVariable, kindAppendVariable, kindWait, kindFunction, kindValidation:
	}
	return out
}

// values are the rows that a Lookup finds for a ForEach.
func values(items []string) []any {
	var rows []any
	for _, item := range items {
		rows = append(rows, map[string]any{"value": item})
	}
	return rows
}

// batchFile is where Azure Batch leaves what a custom activity writes.
func (r *Run) batchFile(a *activityRun, name string) string {
	return "https://" + r.pipeline.factory.systems.lake + ".blob.core.windows.net/adfjobs/" + a.id + "/output/" + name
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
	if a.status == StatusFailed && a.key>>13%2 == 0 { // what was read was not written any more
		out["rowsCopied"], out["dataWritten"] = int64(0), int64(0)
	}
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
	if a.status == StatusFailed && a.key>>9%3 > 0 { // a third of the failed ones say nothing there
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
	case kindNotebook, kindProcedure, kindScript, kindFunction, kindWeb, kindSSIS, kindCustom, kindSynapse:
		activityType = "ExternalActivity"
	case kindDataFlow:
		activityType, unit, amount, meter = "executedataflow", "coreHour", amount*8, "General"
	default:
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
