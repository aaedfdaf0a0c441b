package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"andon/internal/adf"
)

// run is one made-up run.
type run struct {
	pipeline  *pipeline
	id, group string
	start     adf.Time
	ms        int64
	status    adf.Status
	message   string
	invokedBy string // JSON
}

func (r *run) end() adf.Time { return r.start.Add(time.Duration(r.ms) * time.Millisecond) }

// newRun lets p start now: by its trigger as a rule, as the child of a recent
// run, by hand, or as the rerun of a failure.
func (h *history) newRun(p *pipeline) *run {
	f := p.factory
	r := &run{pipeline: p, id: h.guid(), start: h.now, status: adf.StatusSucceeded}
	r.group = r.id
	switch {
	case len(f.failed) > 0 && h.rnd.IntN(25) == 0:
		rerun := f.failed[0]
		f.failed = f.failed[1:]
		r.pipeline, r.group = rerun.pipeline, rerun.group
		r.invokedBy = `{"id":"` + h.guid() + `","name":"Manual","invokedByType":"Manual"}`
	case p.child && len(f.parents) > 0:
		parent := f.parents[h.rnd.IntN(len(f.parents))]
		r.invokedBy = invokedByParent(h.guid(), parent.pipeline.name, parent.id)
	case h.rnd.IntN(50) == 0:
		r.invokedBy = `{"id":"` + h.guid() + `","name":"Manual","invokedByType":"Manual"}`
	default:
		r.invokedBy = h.invokedByTrigger(p.trigger, p.kind)
	}
	r.ms = 1500 + int64(r.pipeline.usual*1000*(0.6+0.5*h.rnd.ExpFloat64()))
	switch n := h.rnd.Float64(); {
	case n < r.pipeline.failing, r.pipeline.broken && h.end.Sub(h.now) < brokenDays*24*time.Hour:
		r.status, r.message = adf.StatusFailed, h.failure(r.pipeline)
	case n < r.pipeline.failing+0.005:
		r.status = adf.StatusCancelled
	}
	return r
}

// invokedByTrigger is the JSON of a start by a trigger. The id is formed as
// Azure's are: 20 digits that count down with time, and nine that vary.
func (h *history) invokedByTrigger(name, kind string) string {
	const ticksBefore1970 = 621_355_968_000_000_000
	return fmt.Sprintf(`{"id":"%020d%09dCU%02d","name":"%s","invokedByType":"%s"}`,
		math.MaxInt64-ticksBefore1970-int64(h.now), h.rnd.IntN(1_000_000_000), h.rnd.IntN(90), name, kind)
}

// invokedByParent is the JSON of a start by another run: the id of the parent's
// activity run is the invoker's name too.
func invokedByParent(activityRunID, pipeline, runID string) string {
	return fmt.Sprintf(`{"id":"%s","name":"%s","invokedByType":"%s","pipelineName":"%s","pipelineRunId":"%s"}`,
		activityRunID, activityRunID, adf.InvokedByPipeline, pipeline, runID)
}

// failure returns a message as real ones are: long, and different each time.
func (h *history) failure(p *pipeline) string {
	table, server := h.rnd.IntN(4000), h.rnd.IntN(30)
	switch h.rnd.IntN(5) {
	case 0:
		return fmt.Sprintf("Operation on target cp_%s failed: ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database. Please contact SQL server team for further support. Server: 'sql-%02d.database.windows.net', Database: 'dwh', User: 'loader'. Check the linked service configuration is correct, and make sure the SQL Database firewall allows the integration runtime to access.,Source=Microsoft.DataTransfer.Connectors.MSSQL'", p.name, server)
	case 1:
		return fmt.Sprintf("Operation on target cp_t%d failed: ErrorCode=UserErrorSourceNotFound,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=The required Blob is missing. ContainerName: raw, path: orders/t%d/%s.parquet.,Source=Microsoft.DataTransfer.ClientLibrary'", table, table, h.now.Time().Format("20060102"))
	case 2:
		return fmt.Sprintf("Operation on target nb_transform failed: Databricks execution failed with error state: InternalError, error message: Run %d on cluster 1124-083012-abc%d exited with code 137 (out of memory).", h.rnd.IntN(1_000_000), server)
	case 3:
		return fmt.Sprintf("Operation on target sp_merge failed: Execution fail against sql server. Sql error number: 1205. Error Message: Transaction (Process ID %d) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction. Table t%d.", 50+server, table)
	default:
		return fmt.Sprintf("Operation on target wait_for_%s failed: Activity timed out after 0.%02d:00:00 on integration runtime 'shir-%02d'.", p.name, 1+server%12, server)
	}
}

func (h *history) guid() string {
	a, b := h.rnd.Uint64(), h.rnd.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff|0x4000, b>>48, b&0xffffffffffff)
}

// final returns the run as ADF shows it once it has ended.
func (r *run) final() []byte {
	end := r.end()
	return r.row(fmt.Sprintf(`"runEnd":"%s","durationInMs":%d,"status":"%s","message":%q,"pipelineReturnValue":{},"lastUpdated":"%s"`,
		end, r.ms, r.status, r.message, end.Add(300*time.Microsecond)))
}

// inProgress returns the run as ADF shows it while it goes on.
func (r *run) inProgress() []byte {
	return r.row(fmt.Sprintf(`"runEnd":null,"durationInMs":null,"status":"InProgress","message":"","pipelineReturnValue":null,"lastUpdated":"%s"`,
		r.start))
}

func (r *run) row(state string) []byte {
	f := r.pipeline.factory
	return fmt.Appendf(nil, `{"id":"%s/pipelineruns/%s","runId":"%s","debugRunId":null,"runGroupId":"%s","pipelineName":"%s","parameters":{"windowStart":"%s","environment":"prod","tables":"[\"orders\",\"lines\"]"},"invokedBy":%s,"runStart":"%s",%s,"annotations":%s,"runDimension":{},"isLatest":true}`,
		strings.ToUpper(string(f.id)), r.id, r.id, r.group, r.pipeline.name,
		r.start.Time().Truncate(time.Hour).Format(time.RFC3339), r.invokedBy, r.start, state, r.pipeline.annotations)
}

// activityRow returns the nth activity of a stored run as ADF shows it.
func activityRow(r *adf.PipelineRun, n int) []byte {
	start := r.RunStart.Add(time.Duration(n) * time.Second)
	return fmt.Appendf(nil, `{"id":"/SUBSCRIPTIONS/1/pipelineruns/%s/activityruns/%d","activityName":"cp_table_%02d","activityType":"Copy","activityRunId":"%s%04x","pipelineName":"%s","pipelineRunId":"%s","linkedServiceName":"","status":"Succeeded","activityRunStart":"%s","activityRunEnd":"%s","durationInMs":5000,"retryAttempt":null,"iterationHash":"","recoveryStatus":"None","input":{"source":{"type":"SqlServerSource","queryTimeout":"02:00:00"},"sink":{"type":"ParquetSink"}},"output":{"dataRead":184320,"dataWritten":92160,"rowsRead":%d,"rowsCopied":%d,"copyDuration":5,"throughput":18.2,"errors":[],"effectiveIntegrationRuntime":"AutoResolveIntegrationRuntime (West Europe)","billingReference":{"activityType":"DataMovement","billableDuration":[{"meterType":"AzureIR","duration":0.067,"unit":"DIUHours"}]}},"error":{"errorCode":"","message":"","failureType":"","target":"cp_table_%02d","details":""},"userProperties":[],"executionDetails":{}}`,
		r.RunID, n, n, r.RunID[:32], n, r.PipelineName, r.RunID, start, start.Add(5*time.Second), 1000+n, 1000+n, n)
}
