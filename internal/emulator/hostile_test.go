package emulator_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"

	"andon/internal/emulator"
	"andon/internal/emulator/world"
)

// hostileBundle is a hostile emulator and a second world that is the same.
func hostileBundle(t *testing.T, size int) (*bundle, *world.World) {
	t.Helper()
	still := stoppedClock()
	b := setup(t, emulator.Options{Scenario: "hostile", Seed: 3, Size: size, Now: still.now})
	w, err := world.New(world.Config{Scenario: "hostile", Seed: 3, Size: size, Speed: 1, Start: still.now()})
	if err != nil {
		t.Fatal(err)
	}
	return b, w
}

// rawPages is every page of a query for everything, as it came.
func rawPages(b *bundle, path string) []byte {
	b.t.Helper()
	var all []byte
	token := regexp.MustCompile(`"continuationToken":"([^"]+)"}$`)
	next := everything
	for {
		a := b.arm("POST", path, next)
		if a.status != 200 {
			b.t.Fatalf("status %d: %.300s", a.status, a.body)
		}
		all = append(append(all, a.body...), '\n')
		found := token.FindSubmatch(a.body)
		if found == nil {
			return all
		}
		next = withToken(b.t, everything, string(found[1]))
	}
}

// oddRuns is the first runs of each oddity in the first factory.
func oddRuns(w *world.World, each int) map[string][]*world.Run {
	found := map[string][]*world.Run{}
	for _, r := range w.Runs(w.Factories()[0]) {
		if len(found[r.Oddity()]) < each {
			found[r.Oddity()] = append(found[r.Oddity()], r)
		}
	}
	return found
}

// TestEveryOddityIsInTheAnswersOfTheAPI finds each odd row, byte for byte, in the pages of the queries, and in the truth.
func TestEveryOddityIsInTheAnswersOfTheAPI(t *testing.T) {
	t.Parallel()
	b, w := hostileBundle(t, 6000)
	factory := b.info.Factories[0]
	pages := rawPages(b, factory+"/queryPipelineRuns")
	truth := b.control("GET", "/truth/runs?factory="+w.Factories()[0].Name, "").body
	runs := oddRuns(w, 2)
	for _, o := range world.Oddities() {
		if len(runs[o.Name]) < 2 {
			t.Errorf("oddity %s occurs %d times", o.Name, len(runs[o.Name]))
		}
		for _, r := range runs[o.Name] {
			if o.Activity {
				rows, err := r.AppendActivities(nil, r.Activities(w.Now()))
				if err != nil {
					t.Fatal(err)
				}
				got := rawPages(b, factory+"/pipelineruns/"+r.RunID()+"/queryActivityruns")
				if !bytes.Equal(got, append(append([]byte(`{"value":[`), rows...), "]}\n"...)) {
					t.Errorf("oddity %s: the activity runs are\n%.500s\nwant\n%.500s", o.Name, got, rows)
				}
				continue
			}
			s := r.At(w.Now())
			row := r.AppendListed(nil, &s)
			if !bytes.Contains(pages, row) {
				t.Errorf("oddity %s: no such row in the API's pages: %.400s", o.Name, row)
			}
			if !bytes.Contains(truth, row) {
				t.Errorf("oddity %s: no such row in the truth: %.400s", o.Name, row)
			}
			if got := b.arm("GET", factory+"/pipelineruns/"+r.RunID(), ""); got.status != 200 || !bytes.Equal(got.body, r.AppendRow(nil, &s)) {
				t.Errorf("oddity %s: the run alone is %d %.400s", o.Name, got.status, got.body)
			}
		}
	}
}

// TestHostilePagesHoldWhatBreaksClients names the shapes themselves, as azure.md §0, §2, §12, §13 and azure-client.md (d) have them.
func TestHostilePagesHoldWhatBreaksClients(t *testing.T) {
	t.Parallel()
	b, w := hostileBundle(t, 6000)
	factory := b.info.Factories[0]
	pages := rawPages(b, factory+"/queryPipelineRuns")
	yearsFrom := func(n int) string { // the history may have begun last year
		return fmt.Sprintf(`"runStart":"(?:%d|%d)-`, w.Now().Year()+n-1, w.Now().Year()+n)
	}
	var activities []byte
	for name, runs := range oddRuns(w, 2) {
		if name != "" {
			for _, r := range runs {
				activities = append(activities, rawPages(b, factory+"/pipelineruns/"+r.RunID()+"/queryActivityruns")...)
			}
		}
	}
	for _, want := range []string{
		`"odd":42[,}]`, `"odd":true`, `"odd":\{`, `"odd":\[`, `"odd":null`, `"odd":"\[\\"a.csv`, `9007199254740993`, `"parameters":null`, `"odd":"[0-9a-f]{1000}[0-9a-f]{1000}`,
		`"durationInMs":2592000123`, `"durationInMs":12\.0`, `"durationInMs":458865\.75`, `"durationInMs":"458865"`, `"isLatest":"true"`,
		`"invokedBy":null`, `"invokedBy":"`, `"invokedBy":\{"id":"[^"]*","name":"[^"]*"\}`, `"runDimensions":\{`, `"runDimension":\{[^}]*\},"isLatest":\w+,"runDimensions":\{"JobId":7`,
		`"runStart":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`, `"runStart":"[^"]+\.\dZ"`, `"runStart":"[^"]+\.\d{4}Z"`, `"runStart":"[^"]+\.\d{7}Z"`, `"runStart":"[^"]+\+00:00"`, `"runStart":"[^"]+\.\d+"`,
		`"runStart":"\d{4}-\d\d-\d\d \d\d`, `"runStart":"\d{4}-\d\d-\d\d"`, `"runStart":"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M"`, `"runEnd":""`, `"lastUpdated":""`, `"runEnd":"0001-01-01`,
		`"runEnd":"9999-12-31`, yearsFrom(10), yearsFrom(-14), `"status":"Cancelled","message":"","pipelineReturnValue":\{\},"lastUpdated":`, `"runEnd":null,"durationInMs":null,"status":"Cancelled"`,
		`"status":"Hibernating"`, `"status":"In Progress"`, `"status":"succeeded"`, `"status":4`, `"RunId":"`, `"id":"[^"]*<`, `"id":"/subscriptions/`, `"runId":"[0-9A-F-]*[A-F][0-9A-F-]*"`,
		`\{"runId":"[^"]+","pipelineName"`, `\[null,\{|,null,\{`, `"cancelledBy":`, `\[4,\[5\]\]`, `"message":\{`, `<!DOCTYPE html>`, `"message":null,"pipelineReturnValue":\{`,
		`Error: Operation on target Do it failed: "`, `ネットワーク`, `&#39;`, `(?:Row 17: [^"]{28}){30}`, `\{"debugRunId"`,
	} {
		if !regexp.MustCompile(want).Match(pages) {
			t.Errorf("nothing like %s in the run rows", want)
		}
	}
	if !bytes.Contains(pages, []byte("caf\xe9 \xff\xfe")) {
		t.Error("no bytes that are not UTF-8")
	}
	for _, want := range []string{
		`"error":"@\{`, `"error":null`, `"details":\[\{`, `"target":"[^"]*"\},"activityRunId"`, `"details":\{`, `"errorCode":2200`, `"errorCode":"RestCall`, `"error":\{"message"`, `"input":"`, `"input":null`, `"input":\[`,
		`"output":"`, `"output":null`, `"output":\[`, `"linkedServiceName":\{`, `"retryAttempt":3`, `"iterationHash":"loop`, `"durationInMs":2592000123`, `"activityRunEnd":""`,
		`"billingReference":\{`, `"billingReference":"\{`, `"billingReference":""`, `"value":\[\{[^\n]*,null`,
	} {
		if !regexp.MustCompile(want).Match(activities) {
			t.Errorf("nothing like %s in the activity rows", want)
		}
	}
	names := b.control("GET", "/truth/runs?factory=ADF-KURIOSA-NAMES", "").body
	for _, want := range []string{`"pipelineName":"  pl with blanks  "`, `"pipelineName":"pl \\"quoted`, `🚚`, `"pipelineName":"[a-z_]{200}"`, `<script>`} {
		if !regexp.MustCompile(want).Match(names) {
			t.Errorf("nothing like %s in the names", want)
		}
	}
}
