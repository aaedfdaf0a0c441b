package world_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"andon/internal/emulator/world"
)

// worldStart is a Tuesday noon in Stockholm, three weeks and a bit after a month's end and a change of clocks.
func worldStart() time.Time { return time.Date(2026, 11, 24, 11, 30, 0, 123456700, time.UTC) }

func newWorld(tb testing.TB, seed int64, size int) *world.World {
	tb.Helper()
	w, err := world.New(world.Config{Seed: seed, Size: size, Speed: 1, Start: worldStart()})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func allRuns(w *world.World) []*world.Run {
	var all []*world.Run
	for _, f := range w.Factories() {
		all = append(all, w.Runs(f)...)
	}
	return all
}

// row is what a client can see of a run, for comparisons.
type row struct {
	ID, Group, Pipeline, Parameters, Status, Message string
	InvokedBy                                        world.InvokedBy
	Start, Updated                                   time.Time
	Latest                                           bool
}

func rowsAt(w *world.World, t time.Time) []row {
	var rows []row
	for _, r := range allRuns(w) {
		state := r.At(t)
		message := "null"
		if state.Message != nil {
			message = *state.Message
		}
		rows = append(rows, row{
			ID: r.ID(), Group: r.RunGroupID(), Pipeline: r.PipelineName(), Parameters: string(r.Parameters()), Status: state.Status, Message: message,
			InvokedBy: r.InvokedBy(), Start: r.RunStart(), Updated: state.LastUpdated, Latest: state.IsLatest,
		})
	}
	return rows
}

func TestSameConfigGivesTheSameWorld(t *testing.T) {
	t.Parallel()
	one, two, other := newWorld(t, 7, 3000), newWorld(t, 7, 3000), newWorld(t, 8, 3000)
	later := worldStart().Add(90 * time.Minute)
	one.AdvanceTo(later)
	for i := range 90 { // in small steps it must come out the same
		two.AdvanceTo(worldStart().Add(time.Duration(i+1) * time.Minute))
	}
	if diff := cmp.Diff(rowsAt(one, later), rowsAt(two, later)); diff != "" {
		t.Errorf("the same seed gave another world (-first +second):\n%s", diff)
	}
	if cmp.Equal(rowsAt(one, later), rowsAt(other, later)) {
		t.Error("another seed gave the same world")
	}
	if one.TenantID() == other.TenantID() {
		t.Error("another seed gave the same tenant")
	}
}

func TestHistoryHasExactlySizeRuns(t *testing.T) {
	t.Parallel()
	begin := worldStart().Add(-44 * 24 * time.Hour)
	for _, size := range []int{1, 7, 200, 1000, 20_000, 54_321} {
		for seed := range int64(3) {
			runs := allRuns(newWorld(t, seed, size))
			if len(runs) != size {
				t.Errorf("seed %d: %d runs, want %d", seed, len(runs), size)
			}
			ids := map[string]bool{}
			for _, r := range runs {
				ids[r.RunID()] = true
				if r.RunStart().Before(begin) || r.RunStart().After(worldStart()) {
					t.Errorf("run %s starts at %v, outside the history", r.RunID(), r.RunStart())
				}
			}
			if len(ids) != size {
				t.Errorf("seed %d, size %d: %d different run ids", seed, size, len(ids))
			}
		}
	}
}

func TestCompanyIsBelievable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	if n := len(w.Subscriptions()); n != 2 {
		t.Errorf("%d subscriptions, want 2", n)
	}
	if n := len(w.Factories()); n < 3 {
		t.Errorf("%d factories, want at least 3", n)
	}
	busiest := w.Factories()[0]
	if busiest.SubscriptionID != w.Subscriptions()[0].ID {
		t.Error("the first factory is not in the first subscription")
	}
	subscriptionsUsed, pipelines := map[string]bool{}, map[string]bool{}
	for _, f := range w.Factories() {
		subscriptionsUsed[f.SubscriptionID] = true
		if len(w.Runs(f)) > len(w.Runs(busiest)) {
			t.Errorf("factory %s has more runs than the first", f.Name)
		}
		for _, r := range w.Runs(f) {
			pipelines[f.Name+"/"+r.PipelineName()] = true
		}
	}
	if len(subscriptionsUsed) != 2 {
		t.Errorf("factories lie in %d subscriptions, want 2", len(subscriptionsUsed))
	}
	if len(pipelines) < 60 {
		t.Errorf("%d pipelines ran, want at least 60", len(pipelines))
	}
}

func TestBusiestFactoryHasSomeOfEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	f := w.Factories()[0]
	seen, perDay := map[string]int{}, map[string]int{}
	for _, r := range w.Runs(f) {
		state := r.At(worldStart())
		seen["status "+state.Status]++
		seen["invoked by "+r.InvokedBy().InvokedByType]++
		perDay[r.RunStart().Format(time.DateOnly)]++
		count(seen, "rerun", r.RunGroupID() != r.RunID())
		count(seen, "parameters", string(r.Parameters()) != "{}")
		count(seen, "annotations", len(r.Annotations()) > 0)
		count(seen, "run dimension", string(r.RunDimension()) != "{}")
		count(seen, "return value", len(state.PipelineReturnValue) > 2)
		count(seen, "cancelled without end", state.Status == world.StatusCancelled && state.RunEnd == nil)
		count(seen, "updated after its end", state.RunEnd != nil && state.LastUpdated.After(*state.RunEnd))
		count(seen, "nested failure", state.Message != nil && strings.Contains(*state.Message, "an inner activity failed; Inner activity name: "))
	}
	for _, want := range []string{
		"status Queued", "status InProgress", "status Succeeded", "status Failed", "status Canceling", "status Cancelled",
		"invoked by Manual", "invoked by ScheduleTrigger", "invoked by TumblingWindowTrigger", "invoked by BlobEventsTrigger",
		"invoked by CustomEventsTrigger", "invoked by PipelineActivity", "rerun", "parameters", "annotations", "run dimension", "return value",
		"cancelled without end", "updated after its end", "nested failure",
	} {
		if seen[want] == 0 {
			t.Errorf("no run with: %s", want)
		}
	}
	first := worldStart().Add(-44 * 24 * time.Hour).Format(time.DateOnly)
	for day, n := range perDay {
		if day != first && n < 100 {
			t.Errorf("%s has %d runs, want at least 100", day, n)
		}
	}
}

func count(seen map[string]int, what string, is bool) {
	if is {
		seen[what]++
	}
}

func TestNightsAndWorkingDaysAreBusiest(t *testing.T) {
	t.Parallel()
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	var night, day, weekend, week float64
	for _, r := range allRuns(newWorld(t, 1, 20_000)) {
		local := r.RunStart().In(stockholm)
		if local.After(worldStart().Add(-24 * time.Hour)) {
			continue // the feed of the last hours is another matter
		}
		if local.Hour() >= 1 && local.Hour() < 5 {
			night += 1. / 4
		} else {
			day += 1. / 20
		}
		if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
			weekend += 1. / 2
		} else {
			week += 1. / 5
		}
	}
	if night < 1.3*day {
		t.Errorf("an hour of the night has %.0f runs, another %.0f: no peak", night, day)
	}
	if weekend > 0.95*week {
		t.Errorf("a day of the weekend has %.0f runs, a working day %.0f: no week", weekend, week)
	}
}

func TestOneToTwoPercentFail(t *testing.T) {
	t.Parallel()
	for seed := range int64(5) {
		statuses := map[string]int{}
		for _, r := range allRuns(newWorld(t, seed, 20_000)) {
			statuses[r.At(worldStart()).Status]++
		}
		if n := statuses[world.StatusFailed]; n < 200 || n > 400 {
			t.Errorf("seed %d: %d of 20000 failed, want 200 to 400", seed, n)
		}
		if statuses[world.StatusInProgress] < 5 || statuses[world.StatusQueued] < 3 {
			t.Errorf("seed %d: too little going on at the start: %v", seed, statuses)
		}
	}
}

// healing is what a monitor would ask: which failures did a later success make good?
func healing(w *world.World, now time.Time) (open, healed int) {
	lastSuccess := map[string]time.Time{}
	keys := func(r *world.Run) [2]string {
		return [2]string{r.RunGroupID(), r.Factory().Name + r.PipelineName() + string(r.Parameters())}
	}
	for _, r := range allRuns(w) {
		if s := r.At(now); s.Status == world.StatusSucceeded {
			for _, k := range keys(r) {
				lastSuccess[k] = r.RunStart()
			}
		}
	}
	for _, r := range allRuns(w) {
		if r.At(now).Status != world.StatusFailed {
			continue
		}
		k := keys(r)
		if lastSuccess[k[0]].After(r.RunStart()) || lastSuccess[k[1]].After(r.RunStart()) {
			healed++
		} else {
			open++
		}
	}
	return open, healed
}

func TestMostFailuresAreHealedAndSomeAreOpen(t *testing.T) {
	t.Parallel()
	for seed := range int64(3) {
		open, healed := healing(newWorld(t, seed, 20_000), worldStart())
		t.Logf("seed %d: %d open, %d healed", seed, open, healed)
		if open < 1 || healed < 3*open {
			t.Errorf("seed %d: %d failures open, %d healed", seed, open, healed)
		}
	}
}

func TestOutageHitsSeveralPipelinesWithOneCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	perDay := map[string]map[string]bool{}
	for _, r := range w.Runs(w.Factories()[0]) {
		s := r.At(worldStart())
		if s.Status == world.StatusFailed && s.Message != nil && strings.Contains(*s.Message, "SqlErrorNumber=40613") {
			day := r.RunStart().Format(time.DateOnly)
			if perDay[day] == nil {
				perDay[day] = map[string]bool{}
			}
			perDay[day][r.PipelineName()] = true
		}
	}
	if n := len(perDay["2026-11-15"]); n < 3 {
		t.Errorf("%d pipelines failed in the outage of 15 November, want at least 3: %v", n, perDay)
	}
}

func TestJSONOfEveryRunIsValid(t *testing.T) {
	t.Parallel()
	for _, r := range allRuns(newWorld(t, 1, 20_000)) {
		var parameters, dimension, returned map[string]any
		for text, into := range map[string]*map[string]any{string(r.Parameters()): &parameters, string(r.RunDimension()): &dimension} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("%s of %s: %v", text, r.RunID(), err)
			}
		}
		if s := r.At(worldStart()); s.Terminal() {
			if err := json.Unmarshal(s.PipelineReturnValue, &returned); err != nil {
				t.Fatalf("return value of %s: %v", r.RunID(), err)
			}
		} else if s.PipelineReturnValue != nil {
			t.Fatalf("unfinished run %s has a return value", r.RunID())
		}
	}
}

func TestRunIsFoundByItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f, other := w.Factories()[0], w.Factories()[1]
	for _, r := range w.Runs(f) {
		if got := w.Run(f, strings.ToUpper(r.RunID())); got != r {
			t.Fatalf("Run(%s) = %v", r.RunID(), got)
		}
		if w.Run(other, r.RunID()) != nil {
			t.Fatalf("run %s is found in another factory", r.RunID())
		}
	}
	for _, id := range []string{"", "x", "00000000-0000-0000-0000-000000000000", "zzzzzzzz-0000-4000-8000-000000000000"} {
		if w.Run(f, id) != nil {
			t.Errorf("Run(%q) found something", id)
		}
	}
}

func TestNewRefusesBadConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]world.Config{
		"no size":        {Speed: 1, Start: worldStart()},
		"size too large": {Size: world.MaxSize + 1, Speed: 1, Start: worldStart()},
		"negative speed": {Size: 1, Speed: -1, Start: worldStart()},
		"no start":       {Size: 1, Speed: 1},
	} {
		if w, err := world.New(c); err == nil {
			t.Errorf("%s: got a world at %v", name, w.Now())
		}
	}
}

func BenchmarkNewMillion(b *testing.B) {
	for b.Loop() {
		if n := len(allRuns(newWorld(b, 1, 1_000_000))); n != 1_000_000 {
			b.Fatal(n)
		}
	}
}
