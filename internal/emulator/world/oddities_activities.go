package world

import "strings"

// The tables of odd rows of activity runs. An oddity shows in all of a run's activity runs to which it can apply.

func oddActivities() []oddity {
	odd := func(name, what, evidence string, change func(*members, *Run)) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: evidence, Activity: true}, ended: true, change: change}
	}
	const open = "azure.md §2.2 [S]"
	billing := func(name, what, raw string) oddity {
		return odd(name, what, "azure.md §9 [C][D6]", func(m *members, _ *Run) {
			m.inside("output", func(out *members) { out.set("billingReference", raw) })
		})
	}
	return []oddity{
		odd("activity-input-text", "input is a string", "azure-client.md (d) [V], azure.md §13", put("input", `"@{source=; sink=; enableStaging=False}"`)),
		odd("activity-input-null", "input is null", open, put("input", "null")),
		odd("activity-input-array", "input is an array", open+": any", put("input", `[{"a":1},"b",3]`)),
		odd("activity-output-text", "output is a string", "azure-client.md (d) [V], azure.md §13", put("output", `"@{rowsCopied=17}"`)),
		odd("activity-output-null", "output of an activity that has ended is null", open, put("output", "null")),
		odd("activity-output-array", "output is an array", open+": any", put("output", `[[],{},null]`)),
		odd("activity-output-big", "output has integers that a float does not hold", "azure-client.md [V]", put("output", `{"rowsRead":9007199254740993,"rowsCopied":9007199254740993,"dataRead":9223372036854775807}`)),
		odd("activity-linked-service", "linkedServiceName is an object", "azure-client.md (d) [V]", put("linkedServiceName", `{"referenceName":"ls_core","type":"LinkedServiceReference"}`)),
		odd("activity-duration-over-int32", "durationInMs is more than 2^31", "azure-client.md (d) [V]", put("durationInMs", "2592000123")),
		odd("activity-duration-text", "durationInMs is a number in a string", "azure.md §0.1", put("durationInMs", `"126450"`)),
		odd("activity-dates-empty", "activityRunStart and activityRunEnd are empty strings", "azure.md §0.1 [V]", func(m *members, _ *Run) {
			m.set("activityRunStart", `""`)
			m.set("activityRunEnd", `""`)
		}),
		odd("activity-retry-text", "retryAttempt is a number in a string", open, put("retryAttempt", `"2"`)),
		odd("activity-retry", "retryAttempt is a number although no other attempt shows", "azure.md §11", put("retryAttempt", "3")),
		odd("activity-iteration-null", "iterationHash is null", "azure.md §12 [R]", put("iterationHash", "null")),
		odd("activity-iteration", "iterationHash is no hash", "azure.md §11", put("iterationHash", `"loop [7]/<inner>"`)),
		odd("activity-status-unknown", "status is one that nobody has heard of", "azure.md §2.2: an open set", put("status", `"TimedOut"`)),
		odd("activity-status-blank", "status is In Progress with a blank", "azure.md §2.2 [D1]", put("status", `"In Progress"`)),
		odd("activity-type-unknown", "activityType is one that nobody has heard of", "azure.md §2.2: an open set", put("activityType", `"QuantumCopy"`)),
		odd("activity-user-properties", "userProperties is null", open, put("userProperties", "null")),
		odd("activity-runtimes-text", "integrationRuntimeNames is a string", open, put("integrationRuntimeNames", `"autoresolveintegrationruntime"`)),
		odd("activity-row-2018", "the row is of 2018: no id, iterationHash, recoveryStatus, integrationRuntimeNames", "azure.md §12 [R]", func(m *members, _ *Run) {
			m.drop("id", "iterationHash", "recoveryStatus", "integrationRuntimeNames", "executionDetails", "userProperties")
		}),
		odd("activity-keys-other-case", "the members begin with capitals", "azure-client.md (d) [V]", func(m *members, _ *Run) {
			for i := range *m {
				key := (*m)[i].key
				(*m)[i].key = strings.ToUpper(key[:1]) + key[1:]
			}
		}),
		odd("activity-id-missing", "activityRunId is null and id is missing", "azure-client.md (d) [I]", func(m *members, _ *Run) {
			m.set("activityRunId", "null")
			m.drop("id")
		}),
		odd("activity-run-id-upper-case", "pipelineRunId is in upper case", "azure.md §1", func(m *members, r *Run) { m.setText("pipelineRunId", strings.ToUpper(r.RunID())) }),
		billing("activity-billing-object", "billingReference is an object with two kinds of durations",
			`{"activityType":"DataMovement","billableDuration":[{"meterType":"AzureIR","duration":0.016666666666666666,"unit":"DIUHours"}],"totalBillableDuration":[{"meterType":"AzureIR","duration":0.016666666666666666,"unit":"DIUHours"}]}`),
		billing("activity-billing-text", "billingReference is a JSON string that holds the object",
			`"{\"activityType\":\"DataMovement\",\"billableDuration\":[{\"Managed\":11.733333333333334}]}"`),
		billing("activity-billing-empty", "billingReference is an empty string", `""`),
		{
			Oddity: Oddity{Name: "activity-list-null", What: "elements beside the rows in value are null", Evidence: "azure-client.md (d) [V]", Activity: true},
			beside: func(b, row []byte) []byte { return append(append(b, row...), ",null"...) },
		},
		{
			Oddity: Oddity{Name: "activity-list-repeated", What: "each row stands twice in value", Evidence: "azure.md §10", Activity: true},
			beside: func(b, row []byte) []byte { return append(append(append(b, row...), ','), row...) },
		},
		odd("activity-error-text-on-success", "error of an activity that succeeded is a mangled string", "azure.md §13 (ConvertTo-Json)", put("error", `"@{errorCode=; message=; failureType=; target=cp; details=}"`)),
	}
}

// oddActivityErrors are for failed runs: what their failed activity runs say.
func oddActivityErrors() []oddity {
	odd := func(name, what, evidence string, change func(*members, *Run)) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: evidence, Activity: true}, suits: forFailed, ended: true, change: func(m *members, r *Run) {
			if string(m.get("status")) == `"`+StatusFailed+`"` {
				change(m, r)
			}
		}}
	}
	inside := func(change func(*members)) func(*members, *Run) {
		return func(m *members, _ *Run) { m.inside("error", change) }
	}
	const failures = "azure.md §13 (failures)"
	long := odd("activity-error-long", "error.message has 100,000 characters", failures, inside(func(e *members) {
		e.setText("message", longText())
	}))
	long.heavy = true
	return []oddity{
		long,
		odd("activity-error-text", "error is a mangled string", "azure.md §13 (ConvertTo-Json)", put("error", `"@{errorCode=2200; message=Failure happened on 'Sink' side.; failureType=UserError; target=cp; details=}"`)),
		odd("activity-error-null", "error of a failed activity is null", "azure-client.md (d) [V]", put("error", "null")),
		odd("activity-details-array", "error.details is an array of objects", failures, inside(func(e *members) {
			e.set("details", `[{"errorCode":0,"message":"inner","eventType":0,"category":5,"data":{},"exceptionType":null,"source":null,"stackTrace":"","innerEventInfos":[]}]`)
		})),
		odd("activity-details-missing", "error.details is missing", failures, inside(func(e *members) { e.drop("details") })),
		odd("activity-details-object", "error.details is an object", failures, inside(func(e *members) { e.set("details", `{"inner":{"code":"E1"}}`) })),
		odd("activity-code-number", "error.errorCode is a number", failures, inside(func(e *members) { e.set("errorCode", "2200") })),
		odd("activity-code-word", "error.errorCode is a word", failures, inside(func(e *members) { e.set("errorCode", `"RestCallFailedWithClientError"`) })),
		odd("activity-code-author", "error.errorCode is any text of an author", failures, inside(func(e *members) { e.set("errorCode", `"ErrorCodeNotString"`) })),
		odd("activity-code-missing", "error.errorCode is missing", failures, inside(func(e *members) { e.drop("errorCode") })),
		odd("activity-error-flat", "error has code where others have errorCode, and nothing in message", failures, put("error", `{"code":"BadRequest","message":null,"target":"pipeline/child/runid/17","details":null,"error":null}`)),
		odd("activity-failure-type", "error.failureType is written in words", failures, inside(func(e *members) { e.set("failureType", `"User configuration issue"`) })),
	}
}
