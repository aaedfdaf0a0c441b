package redact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"andon/internal/redact"
)

// activityRow is a Copy activity as Azure sends it, without a secret.
const activityRow = `{"activityName":"cp_orders","activityType":"Copy","activityRunId":"c1d2e3f4-0000-4000-8000-000000000000","pipelineName":"pl_load_orders",` +
	`"pipelineRunId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01","status":"Succeeded","activityRunStart":"2026-03-01T02:00:05.5Z","activityRunEnd":"2026-03-01T02:02:11.95Z",` +
	`"durationInMs":126450,"retryAttempt":null,"iterationHash":"","error":{"errorCode":"","message":"","failureType":"","target":"cp_orders","details":""},` +
	`"input":{"source":{"type":"AzureSqlSource","queryTimeout":"02:00:00","partitionOption":"None"},"sink":{"type":"ParquetSink","storeSettings":{"type":"AzureBlobFSWriteSettings"},` +
	`"formatSettings":{"type":"ParquetWriteSettings"}},"enableStaging":false},"linkedServiceName":"","output":{"dataRead":104857600,"dataWritten":31457280,"rowsRead":1200000,` +
	`"rowsCopied":1200000,"sourcePeakConnections":1,"sinkPeakConnections":2,"copyDuration":120,"throughput":853.3,"errors":[],` +
	`"effectiveIntegrationRuntime":"AutoResolveIntegrationRuntime (West Europe)","usedDataIntegrationUnits":4,"usedParallelCopies":2,` +
	`"executionDetails":[{"source":{"type":"AzureSqlDatabase","region":"West Europe"},"sink":{"type":"AzureBlobFS","region":"West Europe"},"status":"Succeeded","start":"2026-03-01T02:00:05.5Z",` +
	`"duration":120,"profile":{"queue":{"status":"Completed","duration":2},"transfer":{"status":"Completed","duration":118,"details":{"readingFromSource":{"type":"AzureSqlDatabase","workingDuration":60},` +
	`"writingToSink":{"type":"AzureBlobFS","workingDuration":40}}}},"detailedDurations":{"queuingDuration":2,"transferDuration":118}}],` +
	`"billingReference":{"activityType":"DataMovement","billableDuration":[{"meterType":"AzureIR","duration":0.2,"unit":"DIUHours"}]},"durationInQueue":{"integrationRuntimeQueue":1}},` +
	`"userProperties":{"Source":"dbo.orders"},"recoveryStatus":"None","integrationRuntimeNames":["autoresolveintegrationruntime"],` +
	`"executionDetails":{"integrationRuntime":[{"name":"AutoResolveIntegrationRuntime","type":"Managed","location":"West Europe"}]},` +
	`"id":"/SUBSCRIPTIONS/1111/RESOURCEGROUPS/RG-DATA/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-SALES-PROD/pipelineruns/6d1f0c52/activityruns/c1d2e3f4"}`

func BenchmarkJSON(b *testing.B) {
	megabyte := strings.Repeat("0123456789abcdef", 1<<16)
	own, err := redact.New(redact.Patterns{Keys: []string{"(?i)customer"}, Values: []string{`\b[0-9]{8}-[0-9]{4}\b`}})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		r    *redact.Redactor
		row  string
	}{
		{"row without a secret", redact.Default(), activityRow},
		{"row with a hint", redact.Default(), strings.Replace(activityRow, "dbo.orders", "dbo.tokens", 1)},
		{"row with a secret", redact.Default(), strings.Replace(activityRow, `"enableStaging"`, `"password":"p1","enableStaging"`, 1)},
		{"row without a secret, operator's patterns", own, activityRow},
		{"megabyte without a secret", redact.Default(), fmt.Sprintf(`{"p":%q}`, megabyte)},
		{"megabyte with a secret", redact.Default(), fmt.Sprintf(`{"p":%q,"pwd":"x"}`, megabyte+" Pwd=x; "+megabyte[:16])},
		{"megabyte of nested JSON with a secret", redact.Default(), fmt.Sprintf(`{"p":%q}`, `{"pwd":"x","rows":["`+strings.Repeat(`a","`, 1<<18)+`"]}`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			raw := []byte(c.row)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				c.r.JSON(raw)
			}
		})
	}
}

// BenchmarkDecode is what the rows of BenchmarkJSON cost at least before they
// come to be redacted.
func BenchmarkDecode(b *testing.B) {
	raw := []byte(activityRow)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if !json.Valid(raw) {
			b.Fatal("not valid")
		}
	}
}
