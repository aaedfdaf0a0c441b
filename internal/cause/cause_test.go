package cause_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/cause"
	"andon/internal/redact"
)

func TestTheCauseIsTheDeepestSpecificSentence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ message, text, activity string }{
		"one level": {
			"Operation on target MyCopyActivity_0_0 failed: The workflow parameter 'OutputBlobName' is not found",
			"The workflow parameter 'OutputBlobName' is not found", "MyCopyActivity_0_0",
		},
		"three levels, a comma and a colon in a name": {
			"Operation on target Run: all, now failed: Operation on target For each failed: Activity failed because an inner activity failed; Inner activity name: cp_orders, Error: Login failed for user svc. Contact your administrator.",
			"Login failed for user svc", "cp_orders",
		},
		"the older wrapper": {"Activity GetMeta failed: The required Blob is missing.", "The required Blob is missing", "GetMeta"},
		"a name that ends in a blank": {
			"Operation on target Copy_sks  failed: The table is gone.", "The table is gone", "Copy_sks",
		},
		"a sentence that looks like the older wrapper": {"Activity ID: 12. The load failed: no rows", "The load failed: no rows", ""},
		"the words inside a connector's envelope": {
			"Operation on target cp failed: Failure happened on 'Source' side. ErrorCode=SqlFailedToConnect,'Type=Microsoft.X.HybridDeliveryException,Message=Cannot connect to SQL Database. Please contact SQL server team.,Source=Microsoft.X,''Type=Y,Message=The request limit is 200.,Source=Z,'",
			"The request limit is 200", "cp",
		},
		"an exception of the program's own inside": {
			"'Type=X.HybridDeliveryException,Message=Column 'a' contains an invalid value 'b'.,Source=X,''Type=System.FormatException,Message=Input string was not in a correct format.,Source=mscorlib,'",
			"Column 'a' contains an invalid value 'b'", "",
		},
		"host names and versions are no ends of sentences": {
			"Cannot reach dw.database.windows.net with driver 17.2 of today. Try later.",
			"Cannot reach dw.database.windows.net with driver 17.2 of today", "",
		},
		"several lines": {"First line\nsecond line. Third.", "First line second line. Third", ""},
		"an HTML page":  {"<html><head><title>502 Bad Gateway</title></head></html>", "HTTP 502 Bad Gateway", ""},
		"the answer of a service": {
			`Operation on target web failed: {"error":{"code":"429","message":"Rate limit \"gold\" exceeded. Try later."}}`,
			`HTTP 429 Too Many Requests: Rate limit "gold" exceeded`, "web",
		},
		"the second member says more": {
			`{"Message":"An error has occurred.","ExceptionMessage":"Queue 5 is full","ExceptionType":"System.Exception","StackTrace":"at A.B()"}`,
			"Queue 5 is full", "",
		},
		"a field that is not valid": {
			`{"title":"One or more validation errors occurred.","status":400,"errors":{"day":["The day field is required."]}}`,
			"HTTP 400 Bad Request: The day field is required", "",
		},
		"a name of the service": {
			`Operation on target q failed: [{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`,
			"INVALID_SESSION_ID: Session expired or invalid", "q",
		},
		"a procedure's own error": {
			"Execution fail against sql server. Please contact SQL Server team if you need further support. Sql error number: 50000. Error Message: Day 3 is closed. Please reopen it.",
			"SQL 50000: Day 3 is closed", "",
		},
		"what an author wrote": {"Operation on target Fail1 failed: Check your input: file a.csv is missing", "Check your input: file a.csv is missing", "Fail1"},
		"JSON that was cut": {
			`{"StatusCode":"DF-Executor-OutOfMemorySparkError","Message":"Job failed due to reason: Cluster ran out of mem`,
			"Cluster ran out of mem", "",
		},
		"a problem document": {`{"type":"about:blank","title":"Bad gateway","status":502}`, "HTTP 502 Bad Gateway", ""},
		"numbers of SQL after the words": {
			"Operation on target cp failed: Invalid object name 'dbo.x'., SqlErrorNumber=208,Class=16,State=1, Activity ID: 06fe",
			"SQL 208: Invalid object name 'dbo.x'", "cp",
		},
		"a deadlock": {
			"Execution fail against sql server. Sql error number: 1205. Error Message: Transaction (Process ID 7) was chosen as the deadlock victim. Rerun the transaction.",
			"SQL 1205: Transaction (Process ID 7) was chosen as the deadlock victim", "",
		},
		"SQL's own form":           {"Msg 1205, Level 13, State 51, Line 1: Deadlock victim of process 7", "SQL 1205: Deadlock victim of process 7", ""},
		"ODBC":                     {"ERROR [HY000] [Microsoft][ODBC Driver 17 for SQL Server] Login timeout expired", "SQLSTATE HY000: Login timeout expired", ""},
		"entities":                 {"The results&#44; if any&#44; are gone &amp; lost; see https://example.org/?a=1&copy=2", "The results, if any, are gone & lost; see https://example.org/?a=1&copy=2", ""},
		"markup stays text":        {"<b>bold</b> failed", "<b>bold</b> failed", ""},
		"what was redacted stays":  {"Login with <redacted> was refused by the server", "Login with <redacted> was refused by the server", ""},
		"too many runs are queued": {"Pipeline execution throttled. If the concurrency value is set for a pipeline, a maximum of 100 runs will be queued for execution. ", "Pipeline execution throttled: the pipeline's concurrency limit is reached, and 100 runs already wait for it", ""},
		"vague, and nothing else":  {"An error occurred while sending the request.", "An error occurred while sending the request", ""},
		"a lone word":              {"Timeout", "Timeout", ""},
	} {
		got := cause.OfMessage(tt.message)
		if got.Text != tt.text || got.Activity != tt.activity || got.Reason != "" {
			t.Errorf("%s:\n got %q at %q (%s)\nwant %q at %q", name, got.Text, got.Activity, got.Reason, tt.text, tt.activity)
		}
	}
}

func TestWhereDataFactoryGaveNoReason(t *testing.T) {
	t.Parallel()
	for message, activity := range map[string]string{
		"":        "",
		" \r\n\t": "",
		"Operation on target For each failed: Activity failed because an inner activity failed":                                                         "For each",
		"Operation on target FE failed: Activity failed because an inner activity failed; Inner activity name: SW":                                      "SW",
		"Operation on target FE failed: Activity failed because an inner activity failed; Inner activity name: SW, Error: ":                             "SW",
		"Operation on target FE failed: Activity failed because an inner activity failed; Inner activity name: SW, Error: Operation on target x failed": "x",
		"Activity Copy failed:": "Copy",
		"...":                   "",
	} {
		got := cause.OfMessage(message)
		want := cause.Cause{Reason: cause.NoReason, Activity: activity}
		if got != want {
			t.Errorf("%q: got %+v, want %+v", message, got, want)
		}
	}
}

func TestTheSpecificPartStaysWhenTextIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("and it goes on like this, ", 20)
	got := cause.OfMessage("Retrieval failed. The client 'a' may not read '/subscriptions/b' " + long).Text
	if !strings.HasPrefix(got, "The client 'a' may not read '/subscriptions/b' and") || !strings.HasSuffix(got, "…") {
		t.Errorf("got %q", got)
	}
	if n := utf8.RuneCountInString(got); n > cause.MaxText || n < cause.MaxText-40 {
		t.Errorf("%d runes", n)
	}
	if got := cause.OfMessage(strings.Repeat("ä", 400)).Text; got != strings.Repeat("ä", cause.MaxText-1)+"…" {
		t.Errorf("one long word: %q", got)
	}
}

// names are names of activities as people give them. Colons are refused by Data
// Factory, and a name with " failed" before its end is a sentence.
func names() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Za-z_0-9äß][A-Za-z_0-9 ,;'()äß-]{0,40} ?`)
}

// wrap puts a wrapper round a message.
func wrap(kind int, name, message string) string {
	switch kind {
	case 0:
		return "Operation on target " + name + " failed: " + message
	case 1:
		return "Activity " + name + " failed: " + message
	default:
		return "Activity failed because an inner activity failed; Inner activity name: " + name + ", Error: " + message
	}
}

func TestWrappersChangeNothingButTheActivity(t *testing.T) {
	t.Parallel()
	all := messages(t)
	rapid.Check(t, func(t *rapid.T) {
		inner := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) string { return all[rapid.IntRange(0, len(all)-1).Draw(t, "line")].Message }),
			rapid.String(),
		).Draw(t, "message")
		want := cause.OfMessage(inner)
		wrapped := inner
		innermost := ""
		for i, kind := range rapid.SliceOfN(rapid.IntRange(0, 2), 1, 12).Draw(t, "kinds") {
			name := names().Draw(t, "name")
			if i == 0 {
				innermost = strings.TrimSpace(name)
			}
			wrapped = wrap(kind, name, wrapped)
		}
		if want.Activity == "" {
			want.Activity = innermost
		}
		if got := cause.OfMessage(wrapped); got != want {
			t.Fatalf("%q\n got %+v\nwant %+v", wrapped, got, want)
		}
	})
}

// reporter is what tests, fuzz targets and draws have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// check holds what is true of the cause of any message.
func check(tb reporter, message string) {
	tb.Helper()
	got := cause.OfMessage(message)
	if n := utf8.RuneCountInString(got.Text); n > cause.MaxText {
		tb.Errorf("%q: %d runes", message, n)
	}
	if (got.Text == "") != (got.Reason == cause.NoReason) {
		tb.Errorf("%q: text %q with the reason %q", message, got.Text, got.Reason)
	}
	if !utf8.ValidString(got.Text) || strings.ContainsFunc(got.Text, unicode.IsControl) || strings.TrimSpace(got.Text) != got.Text {
		tb.Errorf("%q: the text is not one clean line: %q", message, got.Text)
	}
	if again := cause.OfMessage(message); again != got {
		tb.Errorf("%q: %+v, then %+v", message, got, again)
	}
}

// pieces are what messages are made of, so that random ones reach every rule.
func pieces() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"ErrorCode=X,", "'Type=Microsoft.A.B,", "Type=System.FormatException,", "Message=", ",Source=S,'", "SqlErrorNumber=1205,", "{\"error\":", "{\"message\":\"", "\"}", "}", "[", "]",
		"<html><title>502 Bad</title>", "'", "\"", ": ", ". ", "\n", "Response: ", "status code 401 ", "The HttpStatusCode 404 indicates failure. ", "Exception: ", "java.io.IOException: ",
		"Error Message: ", "Operation on target x failed: ", "at Sink 'a'(Line 1/Col 2): ", "&#44;", "Account: 'a'. FileSystem: 'b'. ", "ERROR [42P01] ", "AADSTS50012: ", "ä words here", "cannot open 'x'", "Please wait. ",
	})
}

func TestWhatIsTrueOfEveryCause(t *testing.T) {
	t.Parallel()
	for _, m := range messages(t) {
		check(t, m.Message)
		for end := range m.Message { // as a log of fixed length cuts them
			check(t, m.Message[:end])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.OneOf(pieces(), rapid.StringN(0, 8, 20)), 0, 40).Draw(t, "pieces"), ""))
	})
}

func FuzzCause(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(m.Message)
	}
	f.Fuzz(func(t *testing.T, message string) { check(t, message) })
}

// TestNoSecretIsShown plants secrets, redacts as the store does, and looks for
// them in the cause. Nor does the cause of redacted text hold what redaction
// would still take out.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	r := redact.Default()
	const secret = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9v"
	for i, m := range messages(t) {
		for _, planted := range []string{"AccountKey=" + secret, "Password=" + secret + ";", "https://x.blob.core.windows.net/a?sig=" + secret, "Bearer " + secret} {
			for _, message := range []string{m.Message + " " + planted, planted + " " + m.Message, "Operation on target a failed: Message: '" + planted + "'. " + m.Message} {
				clean, _ := r.Text(message)
				text := cause.OfMessage(clean).Text
				if strings.Contains(text, secret) {
					t.Errorf("line %d: %q", i+1, text)
				}
			}
		}
		clean, _ := r.Text(m.Message)
		text := cause.OfMessage(clean).Text
		if again, changed := r.Text(text); changed {
			t.Errorf("line %d: redaction takes more out of the cause %q: %q", i+1, text, again)
		}
	}
}

func TestLongMessagesTakeTimeByTheirLengthAlone(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		"Operation on target x failed: ", "Activity failed because an inner activity failed; Inner activity name: a, Error: ", "Operation on target a ", "Error: ", "[", "{\"", "{\"error\":", "Type=Microsoft.",
		"Message=", "message: ", "Exception: x ", "'", "\n", ". ", ".\n", "&", "&#44;", "AccountException:", "status code 401 ", "ä", " ", "<html>", "at Sink 'a': ", "error message: an error occurred ",
	} {
		message := strings.Repeat(part, 1<<20/len(part))
		start := time.Now()
		cause.OfMessage(message)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("1 MB of %q took %s", part, took)
		}
	}
}

func activity(name, kind, status, errorJSON, output string) adf.ActivityRun {
	return adf.ActivityRun{ActivityName: name, ActivityType: kind, Status: adf.Status(status), Error: json.RawMessage(errorJSON), Output: json.RawMessage(output)}
}

func TestTheCauseOfAnActivity(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]cause.Cause{
		"C26-parent-error.json": {
			Text:     "The required Blob is missing. ContainerName: https://harborstore.blob.core.windows.net/inbound, ContainerExist: True, BlobPrefix: Master/, BlobCount: 0",
			Activity: "GetMeta", Code: "BadRequest", FailureType: "UserError", ChildRunID: "c0ffee00-0000-4000-8000-0000000c2601",
		},
		"C30-webhook.json":           {Text: "Backup set holds another database", Code: "RestoreError", FailureType: "UserError"},
		"C45-failed-web-output.json": {Text: "HTTP 401 Unauthorized", Code: "2108", FailureType: "UserError"},
	} {
		raw, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Value []json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		a, err := adf.DecodeActivityRun(page.Value[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := cause.OfActivity(&a); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", file, got, want)
		}
	}
	for errorJSON, want := range map[string]cause.Cause{
		``:     {Reason: cause.NoReason},
		`null`: {Reason: cause.NoReason},
		`{"message":"","errorCode":"","target":""}`:  {Reason: cause.NoReason},
		`"just text of it"`:                          {Text: "just text of it"},
		`{"message":7,"errorCode":500,"target":[1]}`: {Text: "7", Code: "500"},
		`{"message":["a"],"code":"X"}`:               {Reason: cause.NoReason, Code: "X"},
	} {
		a := activity("a", "Copy", "Failed", errorJSON, "")
		if got := cause.OfActivity(&a); got != want {
			t.Errorf("%s: got %+v, want %+v", errorJSON, got, want)
		}
	}
}

func TestWhatActivitiesAddToARun(t *testing.T) {
	t.Parallel()
	inner := `{"errorCode":"2200","message":"The table is gone","failureType":"UserError"}`
	outer := `{"errorCode":"","message":"Activity failed because an inner activity failed"}`
	child := `{"errorCode":"2108","message":"Operation on target cp failed: The table is gone","failureType":"UserError"}`
	for name, tt := range map[string]struct {
		message    string
		activities []adf.ActivityRun
		want       cause.Cause
	}{
		"none is stored": {"Operation on target cp failed: x y", nil, cause.Cause{Text: "x y", Activity: "cp"}},
		"the innermost named": {
			"Operation on target each failed: Activity failed because an inner activity failed; Inner activity name: cp, Error: x y",
			[]adf.ActivityRun{activity("other", "Copy", "Failed", `{"errorCode":"1"}`, ""), activity("cp", "Copy", "Failed", inner, ""), activity("each", "ForEach", "Failed", outer, "")},
			cause.Cause{Text: "x y", Activity: "cp", Code: "2200", FailureType: "UserError"},
		},
		"the last try of a name": {
			"Operation on target cp failed: x y",
			[]adf.ActivityRun{activity("cp", "Copy", "Failed", `{"errorCode":"1"}`, ""), activity("cp", "Copy", "Failed", inner, "")},
			cause.Cause{Text: "x y", Activity: "cp", Code: "2200", FailureType: "UserError"},
		},
		"the child that a parent waited for": {
			"Operation on target exec failed: Operation on target cp failed: The table is gone",
			[]adf.ActivityRun{activity("exec", "ExecutePipeline", "Failed", child, `{"pipelineName":"pl","pipelineRunId":"0602"}`)},
			cause.Cause{Text: "The table is gone", Activity: "cp", Code: "2108", FailureType: "UserError", ChildRunID: "0602"},
		},
		"no message, and no loop but what is in it": {
			"",
			[]adf.ActivityRun{activity("cp", "Copy", "Failed", inner, ""), activity("each", "ForEach", "Failed", outer, ""), activity("ok", "Copy", "Succeeded", `{"message":""}`, "")},
			cause.Cause{Text: "The table is gone", Activity: "cp", Code: "2200", FailureType: "UserError"},
		},
		"none failed": {"", []adf.ActivityRun{activity("ok", "Copy", "Succeeded", "{}", "")}, cause.Cause{Reason: cause.NoReason}},
	} {
		if got := cause.OfRun(tt.message, cause.FailedOf(tt.activities)); got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tt.want)
		}
	}
}

func BenchmarkOfMessage(b *testing.B) {
	all := messages(b)
	size := 0
	for _, m := range all {
		size += len(m.Message)
	}
	b.SetBytes(int64(size / len(all)))
	for i := 0; b.Loop(); i++ {
		cause.OfMessage(all[i%len(all)].Message)
	}
}

func BenchmarkALongMessage(b *testing.B) {
	all := messages(b)
	message := "Operation on target a failed: " + all[61].Message + strings.Repeat("\nlines of a log that go on and on. And on.", 400)
	for b.Loop() {
		cause.OfMessage(message)
	}
}
