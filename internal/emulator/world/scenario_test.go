package world_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/emulator/world"
)

func newScenario(tb testing.TB, scenario string, seed int64, size int) *world.World {
	tb.Helper()
	w, err := world.New(world.Config{Scenario: scenario, Seed: seed, Size: size, Speed: 1, Start: worldStart()})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// written is every row as the service writes it at t, odd ones and all.
func written(w *world.World, t time.Time) []string {
	var rows []string
	for _, r := range allRuns(w) {
		s := r.At(t)
		rows = append(rows, string(r.AppendRow(nil, &s)))
	}
	return rows
}

func TestEveryScenarioIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for _, s := range world.Scenarios() {
		one, two, other := newScenario(t, s.Name, 7, 3000), newScenario(t, s.Name, 7, 3000), newScenario(t, s.Name, 8, 3000)
		later := worldStart().Add(26 * time.Hour)
		one.AdvanceTo(later)
		for i := range 26 { // in small steps it must come out the same
			two.AdvanceTo(worldStart().Add(time.Duration(i+1) * time.Hour))
		}
		if diff := cmp.Diff(written(one, later), written(two, later)); diff != "" {
			t.Errorf("%s: the same seed gave another world (-first +second):\n%.2000s", s.Name, diff)
		}
		if diff := cmp.Diff(one.Subscriptions(), two.Subscriptions()); diff != "" {
			t.Errorf("%s: the same seed gave other subscriptions:\n%s", s.Name, diff)
		}
		if one.TenantID() == other.TenantID() || one.Subscriptions()[0].ID == other.Subscriptions()[0].ID {
			t.Errorf("%s: another seed gave the same tenant", s.Name)
		}
		if with := ids[one.TenantID()]; with != "" {
			t.Errorf("%s and %s share a tenant", s.Name, with)
		}
		ids[one.TenantID()] = s.Name
	}
}

func TestEveryScenarioIsSound(t *testing.T) {
	t.Parallel()
	for _, s := range world.Scenarios() {
		if strings.HasSuffix(s.What, ".") || s.What == "" {
			t.Errorf("%s: what it is must be a sentence without its full stop: %q", s.Name, s.What)
		}
		w := newScenario(t, s.Name, 1, 2000)
		tenants, names := map[string]bool{}, map[string]bool{}
		for _, tenant := range w.Tenants() {
			tenants[tenant.ID] = true
		}
		if w.TenantID() != w.Tenants()[0].ID {
			t.Errorf("%s: the tenant is not the first of its tenants", s.Name)
		}
		used := map[string]bool{}
		for _, sub := range w.Subscriptions() {
			if !tenants[sub.TenantID] {
				t.Errorf("%s: subscription %s is of no tenant", s.Name, sub.DisplayName)
			}
			used[sub.ID] = false
		}
		for _, f := range w.Factories() {
			if names[strings.ToLower(f.Name)] {
				t.Errorf("%s: two factories named %s", s.Name, f.Name)
			}
			names[strings.ToLower(f.Name)] = true
			used[f.SubscriptionID] = true
		}
		for _, sub := range w.Subscriptions() {
			if !used[sub.ID] {
				t.Errorf("%s: subscription %s is empty", s.Name, sub.DisplayName)
			}
		}
		if w.Factories()[0].SubscriptionID != w.Subscriptions()[0].ID {
			t.Errorf("%s: the first factory is not in the first subscription", s.Name)
		}
	}
}

func TestUnknownScenarioIsRefusedWithWhatIsAllowed(t *testing.T) {
	t.Parallel()
	_, err := world.New(world.Config{Scenario: "war", Size: 1, Start: worldStart()})
	if err == nil {
		t.Fatal("an unknown scenario gave a world")
	}
	for _, s := range world.Scenarios() {
		if !strings.Contains(err.Error(), s.Name) {
			t.Errorf("the refusal does not list %s: %v", s.Name, err)
		}
	}
}

func TestBankHasFortyFactoriesInTwoTenants(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "bank", 1, 20_000)
	if n := len(w.Factories()); n != 40 {
		t.Errorf("%d factories, want 40", n)
	}
	if n := len(w.Subscriptions()); n != 8 {
		t.Errorf("%d subscriptions, want 8", n)
	}
	if len(w.Tenants()) != 2 {
		t.Fatalf("%d tenants, want 2", len(w.Tenants()))
	}
	tenantOf, groups, perTenant := map[string]string{}, map[string]bool{}, map[string]int{}
	for _, s := range w.Subscriptions() {
		tenantOf[s.ID] = s.TenantID
	}
	for _, f := range w.Factories() {
		perTenant[tenantOf[f.SubscriptionID]]++
		groups[f.SubscriptionID+strings.ToLower(f.ResourceGroup)] = true
	}
	if own, subsidiary := perTenant[w.Tenants()[0].ID], perTenant[w.Tenants()[1].ID]; own != 32 || subsidiary != 8 {
		t.Errorf("%d factories in the bank's tenant and %d in the subsidiary's, want 32 and 8", own, subsidiary)
	}
	if len(groups) < 25 {
		t.Errorf("%d resource groups, want many", len(groups))
	}
}

func TestBankHasFewBigFactoriesAndALongTail(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "bank", 1, 20_000)
	first := len(w.Runs(w.Factories()[0]))
	big, small := 0, 0
	for _, f := range w.Factories()[1:] {
		switch n := len(w.Runs(f)); {
		case n == 0:
			t.Errorf("nothing ever ran in %s", f.Name)
		case n > first:
			t.Errorf("%s is busier than the first factory", f.Name)
		case n > 700:
			big++
		case n < 350:
			small++
		}
	}
	if big < 3 || big > 8 || small < 25 {
		t.Errorf("%d big factories and %d small ones", big, small)
	}
}

func TestBusiestFactoryOfTheBankHasSomeOfEverything(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "bank", 1, 20_000)
	f := w.Factories()[0]
	seen, perDay := map[string]int{}, map[string]int{}
	for _, r := range w.Runs(f) {
		state := r.At(worldStart())
		seen["status "+state.Status]++
		seen["invoked by "+r.InvokedBy().InvokedByType]++
		perDay[r.RunStart().Format(time.DateOnly)]++
		count(seen, "rerun", r.RunGroupID() != r.RunID())
		for _, a := range r.Activities(worldStart()) {
			seen["activity "+a.ActivityType]++
			seen["activity "+a.Status]++
			count(seen, "second attempt", a.RetryAttempt != nil)
			count(seen, "iteration", a.IterationHash != "")
		}
	}
	for _, want := range []string{
		"status Queued", "status InProgress", "status Succeeded", "status Failed", "status Canceling", "status Cancelled",
		"invoked by Manual", "invoked by ScheduleTrigger", "invoked by TumblingWindowTrigger", "invoked by BlobEventsTrigger",
		"invoked by CustomEventsTrigger", "invoked by PipelineActivity", "rerun", "second attempt", "iteration",
		"activity Copy", "activity Lookup", "activity GetMetadata", "activity Delete", "activity Script", "activity SqlServerStoredProcedure",
		"activity ExecutePipeline", "activity ExecuteDataFlow", "activity ExecuteSSISPackage", "activity ForEach", "activity Until",
		"activity IfCondition", "activity SetVariable", "activity Wait", "activity Fail", "activity WebActivity", "activity AzureFunctionActivity",
		"activity DatabricksNotebook", "activity Validation", "activity Skipped", "activity Failed", "activity Cancelled",
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

func TestSharedServerOfTheBankHitsSixFactories(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "bank", 1, 20_000)
	hit := map[string]bool{}
	for _, f := range w.Factories() {
		for _, r := range w.Runs(f) {
			s := r.At(worldStart())
			if s.Status == world.StatusFailed && r.RunStart().Format(time.DateOnly) == "2026-11-16" && s.Message != nil && strings.Contains(*s.Message, "sql-ostervik-core-prod") {
				hit[f.Name] = true
			}
		}
	}
	if len(hit) != 6 {
		t.Errorf("the outage of the shared server shows in %d factories, want 6: %v", len(hit), hit)
	}
}

func TestEveryLivingScenarioLivesAndFails(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"default", "bank", "hostile"} {
		w := newScenario(t, scenario, 1, 20_000)
		before := len(allRuns(w))
		w.AdvanceTo(worldStart().Add(10 * time.Minute))
		now := allRuns(w)
		failed := 0
		for _, r := range now {
			if s := r.At(w.Now()); s.Status == world.StatusFailed && s.LastUpdated.After(worldStart()) {
				failed++
			}
		}
		if started := len(now) - before; started < 40 || failed < 3 {
			t.Errorf("%s: in ten minutes %d runs started and %d failed", scenario, started, failed)
		}
	}
}

func TestQuietStaysEmptyAsTimePasses(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "quiet", 1, 50_000)
	if n := len(w.Factories()); n != 40 {
		t.Errorf("%d factories, want 40", n)
	}
	for _, d := range []time.Duration{0, time.Hour, 40 * 24 * time.Hour} {
		if err := w.Advance(d); err != nil {
			t.Fatal(err)
		}
		if n := len(allRuns(w)); n != 0 {
			t.Errorf("%d runs after %v", n, d)
		}
	}
	f := w.Factories()[3]
	if n := len(w.TriggerRuns(f, worldStart().Add(-time.Hour), w.Now())); n != 0 {
		t.Errorf("%d trigger runs where nothing runs", n)
	}
	for _, trigger := range f.TriggerResources() {
		if text, err := json.Marshal(trigger); err != nil || strings.Contains(string(text), `"Started"`) {
			t.Errorf("a trigger is started, or %v: %s", err, text)
		}
	}
	r, err := w.StartRun(f, "pl_readings_load", world.StatusFailed, "no meter answers", 5000)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Advance(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if got := w.Run(f, r.RunID()); got != r || got.At(w.Now()).Status != world.StatusFailed || len(r.Activities(w.Now())) == 0 {
		t.Errorf("the run that was ordered is %v", got)
	}
	if n := len(allRuns(w)); n != 1 {
		t.Errorf("%d runs after one was ordered", n)
	}
	if _, err := w.CreateRun(f, world.Creation{Pipeline: "pl_readings_nightly"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(allRuns(w)); n < 3 {
		t.Errorf("%d runs a day after one with children was created", n)
	}
}
