package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/emulator"
)

// disturbed is an emulator under a clock that stands still but for what a
// property does to it.
type disturbed struct {
	*bundle
	clock   *clock
	factory string
	name    string
	created []string
}

func newDisturbed(t *testing.T, size int) *disturbed {
	t.Helper()
	c := stoppedClock()
	b := setup(t, emulator.Options{Size: size, Now: c.now})
	f := b.info.Factories[0]
	return &disturbed{bundle: b, clock: c, factory: f, name: f[strings.LastIndex(f, "/")+1:]}
}

// step lets something happen between two requests.
func (d *disturbed) step(rt *rapid.T) {
	d.wait(time.Millisecond) // real time never stands still between two requests
	switch rapid.SampledFrom([]string{"wait", "start", "create", "cancel", "rerun", "nothing"}).Draw(rt, "step") {
	case "wait":
		d.wait(time.Duration(rapid.IntRange(1, 15).Draw(rt, "seconds")) * time.Second)
	case "start":
		status := rapid.SampledFrom([]string{"Succeeded", "Failed", "Cancelled"}).Draw(rt, "status")
		d.control("POST", "/truth/runs", fmt.Sprintf(`{"factory":%q,"pipelineName":"pl_by_hand","status":%q,"durationInMs":%d}`, d.name, status, rapid.IntRange(0, 400_000).Draw(rt, "length")))
	case "create":
		d.created = append(d.created, d.createRun(d.factory+"/pipelines/pl_price_import/createRun", "{}"))
	case "cancel":
		if len(d.created) > 0 {
			d.arm("POST", d.factory+"/pipelineruns/"+rapid.SampledFrom(d.created).Draw(rt, "run")+"/cancel", "")
		}
	case "rerun":
		if len(d.created) > 0 {
			id := rapid.SampledFrom(d.created).Draw(rt, "run")
			d.created = append(d.created, d.createRun(d.factory+"/pipelines/pl_price_import/createRun?api-version=2018-06-01&isRecovery=true&referencePipelineRunId="+id, "{}"))
		}
	}
}

// wait moves time, and lets the token be asked for anew: it may have ended.
func (d *disturbed) wait(by time.Duration) {
	d.clock.advance(by)
	d.bearer = ""
}

// pages reads a query to its end; between is called between two pages.
func (d *disturbed) pages(body string, between func()) []row {
	var all []row
	for token := ""; ; {
		var page struct {
			Value             []row
			ContinuationToken string
		}
		d.decode(d.arm("POST", d.factory+"/queryPipelineRuns", strings.TrimSuffix(body, "}")+token+"}"), http.StatusOK, &page)
		all = append(all, page.Value...)
		if page.ContinuationToken == "" {
			return all
		}
		token = `,"continuationToken":"` + page.ContinuationToken + `"`
		between()
	}
}

func (d *disturbed) fault(rule string) {
	d.addFault(`{"call":"queryPipelineRuns",` + rule + `}`)
}

// shown is what the truth holds of a query: rows by their id.
func (d *disturbed) shown(holds func(row) bool) map[string]row {
	forgotten := d.clock.now().Add(-45 * 24 * time.Hour)
	rows := map[string]row{}
	for _, r := range d.truth(d.factory) {
		updated, err := time.Parse(time.RFC3339Nano, r["lastUpdated"].(string))
		if err != nil {
			d.t.Fatal(err)
		}
		if !updated.Before(forgotten) && holds(r) {
			rows[r["runId"].(string)] = r
		}
	}
	return rows
}

// TestPagingUnderChangeLosesNoRow is the property: whatever happens between
// two pages, a chain of them holds every row that its first page's moment held,
// as it was then, and no other; a moved row is still there, a repeated one is
// there twice.
func TestPagingUnderChangeLosesNoRow(t *testing.T) {
	t.Parallel()
	d := newDisturbed(t, 1200)
	rapid.Check(t, func(rt *rapid.T) {
		statuses := rapid.SampledFrom([][]string{nil, {"Succeeded"}, {"Succeeded", "InProgress", "Canceling"}, {"Failed", "Cancelled", "Queued", "Succeeded"}}).Draw(rt, "statuses")
		query := map[string]any{"lastUpdatedAfter": "2000-01-01T00:00:00Z", "lastUpdatedBefore": "2199-12-31T00:00:00Z"}
		if statuses != nil {
			query["filters"] = []any{map[string]any{"operand": "Status", "operator": "In", "values": statuses}}
		}
		if by := rapid.SampledFrom([]string{"", "RunStart", "RunEnd", "PipelineName", "Status"}).Draw(rt, "order"); by != "" {
			query["orderBy"] = []any{map[string]any{"orderBy": by, "order": rapid.SampledFrom([]string{"ASC", "DESC"}).Draw(rt, "direction")}}
		}
		body, err := json.Marshal(query)
		if err != nil {
			rt.Fatal(err)
		}
		mayRepeat := false
		switch rapid.SampledFrom([]string{"", "", "moved", "repeated"}).Draw(rt, "fault") {
		case "moved":
			d.fault(`"fault":"moved","probability":0.7`)
		case "repeated":
			d.fault(`"fault":"repeated","probability":0.7`)
			mayRepeat = true
		}
		defer d.control("DELETE", "/faults", "")
		want := d.shown(func(r row) bool { return statuses == nil || slices.Contains(statuses, r["status"].(string)) })
		got := map[string]row{}
		for _, r := range d.pages(string(body), func() { d.step(rt) }) {
			id := r["runId"].(string)
			if got[id] != nil && !mayRepeat {
				rt.Errorf("run %s comes twice", id)
			}
			got[id] = r
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%d rows, want %d (− truth, + pages)\n%.2000s", len(got), len(want), diff)
		}
	})
}

// TestTheTruthIsWhatTheAPIEventuallySays is the property: after any faults and
// changes, once the faults are over, the query, the get of each run and the
// truth say the same.
func TestTheTruthIsWhatTheAPIEventuallySays(t *testing.T) {
	t.Parallel()
	d := newDisturbed(t, 400)
	rapid.Check(t, func(rt *rapid.T) {
		for _, fault := range []string{"late", "moved", "repeated", "truncated"} {
			if rapid.Bool().Draw(rt, fault) {
				d.fault(`"fault":"` + fault + `","probability":0.5`)
			}
		}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			d.step(rt)
			for _, r := range d.pages(everything, func() { d.step(rt) }) {
				if r["runId"] == "" {
					rt.Fatalf("a row without an id: %v", r)
				}
			}
		}
		d.control("DELETE", "/faults", "")
		want := d.shown(func(row) bool { return true })
		got := map[string]row{}
		for _, r := range d.pages(everything, func() {}) {
			got[r["runId"].(string)] = r
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("(− truth, + query)\n%.2000s", diff)
		}
		for range 5 {
			id := rapid.SampledFrom(sortedKeys(want)).Draw(rt, "run")
			if diff := cmp.Diff(want[id], d.run(d.factory, id)); diff != "" {
				rt.Fatalf("(− truth, + get)\n%s", diff)
			}
		}
	})
}

func sortedKeys(rows map[string]row) []string {
	var keys []string
	for k := range rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
