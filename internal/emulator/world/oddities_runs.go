package world

import (
	"fmt"
	"strings"
	"time"
)

// The tables of odd rows of pipeline runs. A name says what a row has; the evidence is the section of azure.md, or of
// azure-client.md (d, "odd payloads"), with its tag.

func put(key, raw string) func(*members, *Run) {
	return func(m *members, _ *Run) { m.set(key, raw) }
}

func without(keys ...string) func(*members, *Run) {
	return func(m *members, _ *Run) { m.drop(keys...) }
}

// oddParameter adds one with a raw value.
func oddParameter(raw string) func(*members, *Run) {
	return func(m *members, _ *Run) { m.inside("parameters", func(p *members) { p.set("odd", raw) }) }
}

func oddParameters() []oddity {
	const seen = "azure.md §0.1, §2.1 [V][S]"
	odd := func(name, what, raw string) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: seen}, change: oddParameter(raw)}
	}
	return []oddity{
		odd("parameter-number", "a parameter is a number", `42`),
		odd("parameter-fraction", "a parameter is a number with a fraction and an exponent", `-1.5e-7`),
		odd("parameter-bool", "a parameter is a boolean", `true`),
		odd("parameter-object", "a parameter is an object", `{"path":"landing/in","depth":3,"deep":{"deeper":[{"deepest":null}]}}`),
		odd("parameter-array", "a parameter is an array", `["a.csv","b, c.csv",3,null]`),
		odd("parameter-null", "a parameter is null", `null`),
		odd("parameter-array-text", "a parameter is an array written as a JSON string", `"[\"a.csv\",\"b.csv\"]"`),
		odd("parameter-big-integer", "a parameter is an integer that a float does not hold", `9007199254740993`),
		{
			Oddity: Oddity{Name: "parameters-null", What: "parameters is null", Evidence: "azure-client.md (d) [V]"}, change: put("parameters", `null`),
		},
		{
			Oddity: Oddity{Name: "parameters-missing", What: "parameters is missing", Evidence: "azure-client.md (d) [V]"}, change: without("parameters"),
		},
		{
			Oddity: Oddity{Name: "parameters-megabyte", What: "the parameters are a megabyte of text", Evidence: "azure.md §3 [D2]: 896 KB an activity, and the texts around it"}, heavy: true,
			change: oddParameter(`"` + strings.Repeat("0123456789abcdef", 1<<16) + `"`),
		},
	}
}

func oddNumbers() []oddity {
	const overInt32 = "azure.md §0.1, §2.1 [V]: more than 24.8 days"
	return []oddity{
		{Oddity: Oddity{Name: "duration-over-int32", What: "durationInMs is more than 2^31", Evidence: overInt32}, ended: true, change: put("durationInMs", "2592000123")},
		{Oddity: Oddity{Name: "duration-float", What: "durationInMs is 12.0", Evidence: "azure.md §0.1 [V]"}, ended: true, change: put("durationInMs", "12.0")},
		{Oddity: Oddity{Name: "duration-fraction", What: "durationInMs is 458865.75", Evidence: "azure-client.md (d) [V]"}, ended: true, change: put("durationInMs", "458865.75")},
		{Oddity: Oddity{Name: "duration-text", What: "durationInMs is a number in a string", Evidence: "azure-client.md (d) [V]"}, ended: true, change: put("durationInMs", `"458865"`)},
		{Oddity: Oddity{Name: "latest-text", What: "isLatest is the text true", Evidence: "azure.md §0.1 [V]"}, change: put("isLatest", `"true"`)},
		{Oddity: Oddity{Name: "latest-null", What: "isLatest is null", Evidence: "azure-client.md (d) [V]"}, change: put("isLatest", `null`)},
	}
}

func oddDates() []oddity {
	var all []oddity
	for digits := range 8 {
		all = append(all, oddity{
			Oddity: Oddity{Name: fmt.Sprintf("date-digits-%d", digits), What: fmt.Sprintf("dates have %d digits of a second", digits), Evidence: "azure.md §2.1 [R]"},
			change: func(m *members, _ *Run) { m.dates(func(t time.Time) string { return withDigits(t, digits) }) },
		})
	}
	rewritten := func(name, what, evidence, layout string) oddity {
		return oddity{
			Oddity: Oddity{Name: name, What: what, Evidence: evidence},
			change: func(m *members, _ *Run) { m.dates(func(t time.Time) string { return t.Format(layout) }) },
		}
	}
	const seen = "azure-client.md (d) [V]"
	shifted := func(name, what, evidence string, years int) oddity {
		return oddity{
			Oddity: Oddity{Name: name, What: what, Evidence: evidence},
			change: func(m *members, _ *Run) {
				m.dates(func(t time.Time) string { return t.AddDate(years, 0, 0).Format(time.RFC3339Nano) })
			},
		}
	}
	one := func(name, what, evidence, key, raw string) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: evidence}, ended: true, change: put(key, raw)}
	}
	return append(
		all,
		rewritten("date-offset", "dates end in +00:00", seen, "2006-01-02T15:04:05.0000000+00:00"),
		oddity{
			Oddity: Oddity{Name: "date-other-offset", What: "dates are local times with their offset", Evidence: seen + ", beyond it: RFC 3339"},
			change: func(m *members, _ *Run) {
				m.dates(func(t time.Time) string { return t.In(time.FixedZone("", 2*3600)).Format(time.RFC3339Nano) })
			},
		},
		rewritten("date-no-zone", "dates have no zone", seen+", azure.md §7 [D]", "2006-01-02T15:04:05.9999999"),
		rewritten("date-blank", "dates have a blank instead of the T", seen, "2006-01-02 15:04:05Z"),
		rewritten("date-only", "dates have no time of day", seen, time.DateOnly),
		rewritten("date-us", "dates are in the American form", seen+", azure.md §2.3 [R]", "1/2/2006 3:04:05 PM"),
		rewritten("date-us-24h", "dates are in the American form with 24 hours", "azure.md §12 [R]", "01/02/2006 15:04:05"),
		one("date-end-empty", "runEnd is an empty string", "azure.md §0.1 [V]", "runEnd", `""`),
		one("date-updated-empty", "lastUpdated is an empty string", "azure.md §0.1 [V]", "lastUpdated", `""`),
		one("date-updated-null", "lastUpdated is null", seen, "lastUpdated", `null`),
		one("date-start-missing", "runStart is null", seen, "runStart", `null`),
		one("date-number", "runEnd is a number of seconds", "azure-client.md (d) [I]", "runEnd", `1764000000`),
		one("date-year-1", "runEnd is the first instant of the year 1", seen, "runEnd", `"0001-01-01T00:00:00Z"`),
		one("date-year-1601", "runEnd is the first instant of 1601", "azure.md §13 (diagnostic logs)", "runEnd", `"1601-01-01T00:00:00Z"`),
		one("date-year-9999", "runEnd is the last instant of the year 9999", seen, "runEnd", `"9999-12-31T23:59:59.9999999Z"`),
		shifted("date-future", "dates lie ten years in the future", "azure.md §10: clock skew", 10),
		shifted("date-before-2015", "dates lie before there was a Data Factory", "azure-client.md (d) [I]", -14),
		oddity{
			Oddity: Oddity{Name: "date-end-before-start", What: "runEnd lies before runStart", Evidence: "azure.md §10: clock skew"}, ended: true,
			change: func(m *members, r *Run) { m.set("runEnd", string(appendStamp(nil, r.RunStart().Add(-time.Hour)))) },
		},
		oddity{
			Oddity: Oddity{Name: "date-updated-before-end", What: "lastUpdated lies before runEnd", Evidence: "azure.md §2.1: equal in all recordings until 2024 [R]"}, ended: true,
			change: func(m *members, r *Run) { m.set("lastUpdated", string(appendStamp(nil, r.RunStart()))) },
		},
		oddity{
			Oddity: Oddity{Name: "date-updated-after-end", What: "lastUpdated lies an hour after runEnd", Evidence: "azure.md §12 [R]"}, ended: true,
			change: func(m *members, r *Run) { m.set("lastUpdated", string(appendStamp(nil, r.SettledAt().Add(time.Hour)))) },
		},
	)
}

// withDigits writes exactly so many digits of a second.
func withDigits(t time.Time, digits int) string {
	text := t.UTC().Format("2006-01-02T15:04:05.0000000")
	if digits == 0 {
		return text[:len("2006-01-02T15:04:05")] + "Z"
	}
	return text[:len("2006-01-02T15:04:05.")+digits] + "Z"
}

func oddStatuses() []oddity {
	odd := func(name, what, evidence, raw string) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: evidence}, ended: true, change: put("status", raw)}
	}
	const open = "azure.md §2.2 [S][D1]: an open set"
	return []oddity{
		odd("status-unknown", "status is one that nobody has heard of", open, `"Hibernating"`),
		odd("status-blank", "status is In Progress with a blank", "azure.md §2.2 [D1]", `"In Progress"`),
		odd("status-lower", "status is in lower case", open, `"succeeded"`),
		odd("status-number", "status is a number", "azure-client.md (d) [V]", `4`),
		odd("status-null", "status is null", "azure-client.md (d) [I]", `null`),
		odd("status-empty", "status is an empty string", open, `""`),
		odd("status-american", "status is Canceled with one l", "azure.md §2.2", `"Canceled"`),
		{
			Oddity: Oddity{Name: "status-back", What: "the run is over, under way again with a later lastUpdated, and over", Evidence: "azure.md §10"},
			apply:  func(_ *World, r *Run) { r.flags |= flagWavers },
		},
	}
}

func oddIdentities() []oddity {
	return []oddity{
		{
			Oddity: Oddity{Name: "keys-other-case", What: "the members begin with capitals: RunId, PipelineName", Evidence: "azure-client.md (d) [V]"},
			change: func(m *members, _ *Run) {
				for i := range *m {
					key := (*m)[i].key
					(*m)[i].key = strings.ToUpper(key[:1]) + key[1:]
				}
			},
		},
		{Oddity: Oddity{Name: "id-missing", What: "id is missing", Evidence: "azure.md §2.1, §12: not in the specification"}, change: without("id")},
		{Oddity: Oddity{Name: "id-null", What: "id is null", Evidence: "azure.md §2.1"}, change: put("id", "null")},
		{
			Oddity: Oddity{Name: "id-angle-brackets", What: "id holds < and >", Evidence: "azure.md §13"},
			change: func(m *members, r *Run) {
				m.setText("id", "/SUBSCRIPTIONS/<SUBSCRIPTIONID>/RESOURCEGROUPS/<RESOURCEGROUPNAME>/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/<FACTORYNAME>/pipelineruns/"+r.RunID())
			},
		},
		{
			Oddity: Oddity{Name: "id-mixed-case", What: "id is in mixed case", Evidence: "azure.md §2.1 [D]"},
			change: func(m *members, r *Run) { m.setText("id", r.pipeline.factory.ID()+"/pipelineRuns/"+r.RunID()) },
		},
		{
			Oddity: Oddity{Name: "run-id-upper-case", What: "runId is in upper case here and in lower case in its activity runs", Evidence: "azure.md §1: ARM compares without case"},
			change: func(m *members, r *Run) { m.setText("runId", strings.ToUpper(r.RunID())) },
		},
		{Oddity: Oddity{Name: "run-id-twin", What: "a run of another factory has the same runId", Evidence: "azure.md §1.3: the id is the caller's"}, apply: pairUp},
		{Oddity: Oddity{Name: "run-id-missing", What: "neither runId nor id is there", Evidence: "azure-client.md (d): missing fields [V]", Unreadable: true}, change: without("runId", "id")},
		{
			Oddity: Oddity{Name: "run-id-null", What: "runId and id are null", Evidence: "azure-client.md (d) [I]", Unreadable: true},
			change: func(m *members, _ *Run) { m.set("runId", "null"); m.set("id", "null") },
		},
		{Oddity: Oddity{Name: "run-id-number", What: "runId is a number, and id is missing", Evidence: "azure-client.md (d) [I]", Unreadable: true}, change: func(m *members, _ *Run) { m.set("runId", "17"); m.drop("id") }},
		{Oddity: Oddity{Name: "group-missing", What: "runGroupId is missing", Evidence: "azure.md §12 [R]"}, change: without("runGroupId")},
		{
			Oddity: Oddity{Name: "pipeline-name-case", What: "pipelineName is in another case than its definition", Evidence: "azure.md §1: ARM compares without case"},
			change: func(m *members, r *Run) { m.setText("pipelineName", strings.ToUpper(r.PipelineName())) },
		},
		{
			Oddity: Oddity{Name: "pipeline-name-null", What: "pipelineName is null", Evidence: "azure-client.md (d): missing fields [V]"}, change: put("pipelineName", "null"),
		},
	}
}

func oddShapes() []oddity {
	return []oddity{
		{
			Oddity: Oddity{Name: "invoked-by-untyped", What: "invokedBy has no invokedByType", Evidence: "azure.md §2.4 [S]"},
			change: func(m *members, _ *Run) { m.inside("invokedBy", func(by *members) { by.drop("invokedByType") }) },
		},
		{Oddity: Oddity{Name: "invoked-by-null", What: "invokedBy is null", Evidence: "azure-client.md (d) [V]"}, change: put("invokedBy", "null")},
		{Oddity: Oddity{Name: "invoked-by-text", What: "invokedBy is a string", Evidence: "azure-client.md (d) [V], azure.md §13 (ConvertTo-Json)"}, change: put("invokedBy", `"@{id=; name=Manual; invokedByType=Manual}"`)},
		{
			Oddity: Oddity{Name: "invoked-by-unknown", What: "invokedByType is one that nobody has heard of", Evidence: "azure.md §2.4"},
			change: func(m *members, _ *Run) {
				m.inside("invokedBy", func(by *members) { by.set("invokedByType", `"CometTrigger"`) })
			},
		},
		{
			Oddity: Oddity{Name: "dimensions-plural", What: "runDimensions stands where the service says runDimension", Evidence: "azure.md §2.1 [S]"},
			change: func(m *members, _ *Run) {
				m.set("runDimension", `{"JobId":"7"}`)
				m.rename("runDimension", "runDimensions")
			},
		},
		{
			Oddity: Oddity{Name: "dimensions-both", What: "runDimension and runDimensions are both there, with a number", Evidence: "azure.md §2.1, azure-client.md (d) [V]"},
			change: func(m *members, _ *Run) { m.set("runDimensions", `{"JobId":7,"Deep":{"a":[]}}`) },
		},
		{Oddity: Oddity{Name: "annotations-mixed", What: "annotations are not all strings", Evidence: "azure.md §2.1 [S]: any"}, change: put("annotations", `["tier-1",7,null,{"owner":"x"},["y"]]`)},
		{Oddity: Oddity{Name: "annotations-null", What: "annotations is null", Evidence: "azure-client.md (d) [V]"}, change: put("annotations", "null")},
		{
			Oddity: Oddity{Name: "row-2018", What: "the row is of 2018: no id, debugRunId, runGroupId, isLatest, invokedByType", Evidence: "azure.md §12 [R]"},
			change: func(m *members, _ *Run) {
				m.drop("id", "debugRunId", "runGroupId", "isLatest", "pipelineReturnValue")
				m.inside("invokedBy", func(by *members) { by.drop("invokedByType") })
			},
		},
		{
			Oddity: Oddity{Name: "row-2017", What: "the row is of the 2017 preview: also no annotations and no runDimension", Evidence: "azure.md §13"},
			change: func(m *members, _ *Run) {
				m.drop("id", "debugRunId", "runGroupId", "isLatest", "pipelineReturnValue", "annotations", "runDimension")
				m.inside("invokedBy", func(by *members) { by.drop("invokedByType") })
			},
		},
		{
			Oddity: Oddity{Name: "extra-keys", What: "there are members that no documentation names, and a deep pipelineReturnValue", Evidence: "azure.md §13 [#4619], §12"}, ended: true,
			change: func(m *members, _ *Run) {
				m.set("pipelineReturnValue", `{"rows":9007199254740993,"files":[{"name":"a","parts":[[1,[2,[3,[4,[5]]]]]]}],"ok":true,"none":null}`)
				m.set("cancelledBy", `null`)
				m.set("futureMember", `{"a":{"b":{"c":[{}]}}}`)
			},
		},
		{
			Oddity: Oddity{Name: "list-null", What: "an element beside the row in value is null", Evidence: "azure-client.md (d) [V]"},
			beside: func(b, row []byte) []byte { return append(append(b, "null,"...), row...) },
		},
		{
			Oddity: Oddity{Name: "list-repeated", What: "the row stands twice in value", Evidence: "azure.md §3, §10"},
			beside: func(b, row []byte) []byte { return append(append(append(b, row...), ','), row...) },
		},
		{
			Oddity: Oddity{Name: "list-not-object", What: "elements beside the row in value are no objects", Evidence: "azure-client.md (d) [I]"},
			beside: func(b, row []byte) []byte { return append(append(append(b, `"",`...), row...), `,[],{}`...) },
		},
	}
}

// longText has 100,000 characters.
func longText() string {
	return string([]rune(strings.Repeat("Row 17: the value 'Å' does not fit. ", 3000))[:100_000])
}

func oddMessages() []oddity {
	odd := func(name, what, text string) oddity {
		return oddity{
			Oddity: Oddity{Name: name, What: what, Evidence: "azure.md §13 (failures)"}, suits: forFailed, ended: true,
			change: func(m *members, _ *Run) { m.setText("message", text) },
		}
	}
	long := odd("message-long", "message has 100,000 characters", longText())
	long.heavy = true
	return []oddity{
		long,
		odd("message-html", "message holds a whole HTML page", "Operation on target web_call failed: <!DOCTYPE html>\r\n<html><head><title>503</title><script>alert(\"x\")</script></head><body><h1>Service Unavailable</h1></body></html>"),
		odd("message-json", "message holds JSON", `Operation on target fn_call failed: {"error":{"code":"Conflict","message":"busy","details":[{"code":"E17","target":"a\"b"}]}}`),
		odd("message-cut-json", "message holds JSON that is cut short", `Operation on target fn_call failed: {"error":{"code":"Conflict","message":"the part was lo`),
		odd("message-lines", "message has several lines, tabs and control characters", "Operation on target sp_load failed: line one\r\n\tline two\n\nline four\u0000\u001b[31m\u2028end"),
		odd("message-entities", "message holds HTML entities", "Operation on target web_call failed: Can&#39;t open &quot;in&amp;out&quot; &lt;null&gt; &nbsp;"),
		odd("message-language", "message is in other languages", "Operation on target cp_x failed: Der angegebene Netzwerkname ist nicht mehr verfügbar. ネットワーク名が見つかりません。 اسم الشبكة غير متوفر. Имя сети недоступно. 🚫"),
		odd("message-wrapped", "message is nested wrapping that ends without a cause", "Operation on target For each: \"site, A\" failed: Activity failed because an inner activity failed; Inner activity name: Run: 'child', Error: Operation on target exec failed: "+
			"Activity failed because an inner activity failed; Inner activity name: If, then, Error: Operation on target Do it failed: "),
		odd("message-doubled-code", "message has ErrorCode= twice", "Operation on target cp_x failed: Failure happened on 'Sink' side. ErrorCode=SqlOperationFailed,'Type=X,Message=m,Source=,''Type=SqlException,ErrorCode=-2146232060,State=1,'"),
		odd("message-blank", "message of a failed run is empty", ""),
		{
			Oddity: Oddity{Name: "message-null", What: "message of a failed run is null", Evidence: "azure.md §13 (failures)"}, suits: forFailed, ended: true, change: put("message", "null"),
		},
		{
			Oddity: Oddity{Name: "message-object", What: "message is an object", Evidence: "azure-client.md (d) [V]"}, suits: forFailed, ended: true,
			change: put("message", `{"code":"2200","message":"Operation on target cp_x failed: busy","target":"cp_x","details":null,"error":null}`),
		},
		{
			Oddity: Oddity{Name: "message-invalid-utf8", What: "message holds bytes that are not UTF-8", Evidence: "azure-client.md (d) [V]"}, suits: forFailed, ended: true,
			change: put("message", "\"Operation on target cp_x failed: caf\xe9 \xff\xfe \xc3\""),
		},
		{
			Oddity: Oddity{Name: "message-surrogate", What: "message holds half a surrogate pair", Evidence: "azure-client.md (d) [I]"}, suits: forFailed, ended: true,
			change: put("message", `"Operation on target cp_x failed: \ud83d and \ude00 and \ud83d\ude00"`),
		},
	}
}

// oddEnds are those of cancelled runs.
func oddEnds() []oddity {
	return []oddity{
		{
			Oddity: Oddity{Name: "cancelled-without-end", What: "the run is Cancelled, and runEnd and durationInMs stay null", Evidence: "azure.md §12 [S]"}, suits: forCancelled,
			apply: func(_ *World, r *Run) { r.flags |= flagNoEnd },
		},
		{
			Oddity: Oddity{Name: "cancelled-by", What: "cancelledBy says who cancelled the run", Evidence: "azure.md §13 [#4619]"}, suits: forCancelled, ended: true,
			change: put("cancelledBy", `{"id":"0f4bd1bd3a3b4f5a9c6f5d3a8d0f4e11","name":"Manual","invokedByType":"Manual"}`),
		},
	}
}
