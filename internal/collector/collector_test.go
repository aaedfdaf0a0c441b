package collector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

func TestFirstFillEqualsTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 1, Size: 2500})
	b.collect(t)
	b.filled(t)
	b.equalsTruth(t)
	if err := b.store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALivingWorldIsFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 2, Size: 500, Speed: 60})
	b.collect(t)
	b.filled(t)
	before := len(allRuns(t, b.store, ""))
	eventually(t, "new runs", func() string {
		if n := len(allRuns(t, b.store, "")); n < before+30 {
			return fmt.Sprintf("%d runs after %d", n, before)
		}
		return ""
	})
	b.equalsTruth(t)
}

func TestAFailingRunIsStoredWithItsActivitiesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 3, Size: 300})
	b.collect(t)
	b.filled(t)
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	var started struct{ RunID string }
	b.control(t, http.MethodPost, "/truth/runs", map[string]any{
		"factory": name, "pipelineName": "pl_probe", "status": "Failed", "message": "probe went dark", "durationInMs": 300,
	}, &started)
	at := short(t, b.store, name)
	eventually(t, "the failed run", func() string {
		page, err := b.store.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{
			Pipelines: []string{"pl_probe"}, Statuses: []adf.Status{adf.StatusFailed},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Runs) != 1 {
			return fmt.Sprintf("%d failed runs", len(page.Runs))
		}
		run := page.Runs[0]
		acts, err := b.store.Activities(t.Context(), at, run.RunID)
		if err != nil {
			t.Fatal(err)
		}
		if acts.State != store.ActivitiesComplete || len(acts.Rows) == 0 {
			return fmt.Sprintf("%s with %d activities", acts.State, len(acts.Rows))
		}
		return ""
	})
}

func TestActivitiesAreReadOncePerFinishedRun(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 4, Size: 200})
	b.collect(t)
	b.filled(t)
	finished := map[string]bool{}
	for _, r := range allRuns(t, b.store, "") {
		finished[r.RunID] = r.Status.Terminal()
	}
	// Those that ended just now are left alone until their rows have settled.
	b.control(t, http.MethodPost, "/clock", map[string]any{"advance": "3m"}, nil)
	runs := 0
	eventually(t, "activities", func() string {
		missing := 0
		runs = 0
		for _, r := range allRuns(t, b.store, "") {
			if r.Status.Terminal() {
				runs++
			}
			if finished[r.RunID] && r.Activities != store.ActivitiesComplete {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Sprintf("%d of %d runs without activities", missing, len(finished))
		}
		return ""
	})
	// Runs may have ended since they were counted; a few need a second page,
	// or were read while they ran.
	if asked := b.requests(t).ByCall["queryActivityRuns"]; runs == 0 || asked > runs+runs/5+10 {
		t.Errorf("%d requests for the activities of %d finished runs", asked, runs)
	}
}

func TestReadActivitiesAnswersAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 5, Size: 300})
	c := b.collect(t)
	b.filled(t)
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	b.control(t, http.MethodPost, "/truth/runs", map[string]any{
		"factory": name, "pipelineName": "pl_slow_probe", "status": "Succeeded", "durationInMs": 600_000,
	}, nil)
	at := short(t, b.store, name)
	var runID string
	eventually(t, "the running run", func() string {
		page, err := b.store.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Pipelines: []string{"pl_slow_probe"}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Runs) == 0 {
			return "not stored"
		}
		runID = page.Runs[0].RunID
		return ""
	})
	for range 5 { // coalesced
		if err := c.ReadActivities(t.Context(), at, runID); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "activities of the running run", func() string {
		acts, err := b.store.Activities(t.Context(), at, runID)
		if err != nil {
			t.Fatal(err)
		}
		if acts.State != store.ActivitiesPartial {
			return string(acts.State)
		}
		return ""
	})
	if err := c.ReadActivities(t.Context(), at, "no-such-run"); err == nil {
		t.Error("a run that is not stored is said to be read")
	}
	if err := c.ReadActivities(t.Context(), "no-such-factory", runID); err == nil {
		t.Error("a factory that is not collected is said to be read")
	}
}

func TestEveryFaultIsOvercome(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"429", "500", "502html", "503", "401", "reset", "cut"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			b := setup(t, emulator.Options{Seed: 6, Size: 400})
			b.fault(t, map[string]any{"call": "*", "fault": fault, "probability": 0.3, "count": 40, "retryAfter": "1"})
			// Two factories meet as much trouble as all of them.
			b.emulated.Factories = b.emulated.Factories[:2]
			listed := []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0]), adf.FactoryID(b.emulated.Factories[1])}
			collect(t, b.store, collector.Source{Name: "test", Client: b.client, Factories: listed})
			b.filled(t)
			b.equalsTruth(t)
		})
	}
}

func TestDiscoveryOvercomesFaults(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 12, Size: 200})
	for _, call := range []string{"token", "subscriptions", "factories"} {
		b.fault(t, map[string]any{"call": call, "fault": "503", "count": 4})
	}
	b.collect(t)
	eventually(t, "every factory", func() string {
		places, err := b.store.Places(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(places) != len(b.emulated.Factories) {
			return fmt.Sprintf("%d of %d factories", len(places), len(b.emulated.Factories))
		}
		return ""
	})
}

func TestAFactoryThatRefusesDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 7, Size: 400})
	var refused emulator.Identity
	for _, id := range b.emulated.Identities {
		if strings.Contains(strings.ToLower(id.What), "query") {
			refused = id
		}
	}
	if refused.ClientID == "" {
		t.Fatalf("no identity without the query right among %+v", b.emulated.Identities)
	}
	first, second := adf.FactoryID(b.emulated.Factories[0]), adf.FactoryID(b.emulated.Factories[1])
	nowhere := adf.FactoryID(string(second) + "-gone")
	collect(
		t, b.store,
		collector.Source{Name: "refused", Client: newClient(t, b.emulated, refused.ClientID, refused.ClientSecret), Factories: []adf.FactoryID{first}},
		collector.Source{Name: "good", Client: b.client, Factories: []adf.FactoryID{second, nowhere}},
	)
	eventually(t, "states", func() string {
		factories, err := b.store.Factories(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]store.Factory{}
		for _, f := range factories {
			states[f.Name] = f
		}
		for name, want := range map[string]store.State{
			first.Name(): store.StateRefused, second.Name(): store.StateFresh, nowhere.Name(): store.StateGone,
		} {
			f := states[name]
			if f.State != want {
				return fmt.Sprintf("%s is %q (%+v), not %q", name, f.State, f.LastError, want)
			}
			if (want == store.StateFresh) != (f.LastError == nil) {
				return fmt.Sprintf("%s has the trouble %+v", name, f.LastError)
			}
		}
		if e := states[first.Name()].LastError; e.Kind != string(azure.KindForbidden) || !strings.Contains(e.Command, "az role assignment create") {
			return fmt.Sprintf("the refusal is %+v", e)
		}
		return ""
	})
	b.factoryEqualsTruth(t, second.Name())
}

func TestASourceThatCannotSignInSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 8, Size: 200})
	collect(
		t, b.store,
		collector.Source{Name: "wrong", Client: newClient(t, b.emulated, b.emulated.ClientID, "not-the-secret")},
		collector.Source{Name: "good", Client: b.client},
	)
	b.filled(t)
	eventually(t, "sources", func() string {
		sources, err := b.store.Sources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]store.SourceState{}
		for _, s := range sources {
			states[s.Source] = s
		}
		if w, g := states["wrong"], states["good"]; w.State != "error" || w.What == "" || w.Advice == "" || g.State != "ok" || g.Subscriptions == nil {
			return fmt.Sprintf("%+v", states)
		}
		return ""
	})
}

func TestAPauseIsFilledAfterwards(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 9, Size: 400})
	b.emulated.Factories = b.emulated.Factories[1:2] // the busiest would be much to read
	source := collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}}
	c := collect(t, b.store, source)
	b.filled(t)
	c.Stop()
	before := b.asOf(t)
	const pause = 30 * time.Hour // longer than a poll reaches back
	b.control(t, http.MethodPost, "/clock", map[string]any{"advance": pause.String()}, nil)
	collect(t, b.store, source)
	eventually(t, "the first poll after the pause", func() string {
		if asOf := b.asOf(t); asOf < before.Add(pause) {
			return fmt.Sprintf("as of %s", asOf)
		}
		return ""
	})
	b.filled(t)
	b.equalsTruth(t)
}

// asOf returns the freshness of the only factory.
func (b *bundle) asOf(t *testing.T) adf.Time {
	t.Helper()
	factories, err := b.store.Factories(t.Context())
	if err != nil || len(factories) != 1 {
		t.Fatalf("%d factories, %v", len(factories), err)
	}
	return factories[0].AsOf
}

// collectUntilKilled names the variable by which this test binary becomes a
// collector that its parent kills.
const collectUntilKilled = "ANDON_TEST_COLLECT"

type child struct {
	Info  emulator.Info
	Store string
}

func collectForParent(arg string) {
	ctx := context.Background()
	var c child
	err := json.Unmarshal([]byte(arg), &c)
	var s *store.Store
	if err == nil {
		s, err = store.Open(ctx, "sqlite:"+c.Store, store.Options{})
	}
	var client *azure.Client
	if err == nil {
		client, err = azure.New(clientConfig(c.Info, c.Info.ClientID, c.Info.ClientSecret))
	}
	if err == nil {
		err = collector.New(collector.Options{
			Sources: []collector.Source{{Name: "test", Client: client}}, Store: s, Poll: 100 * time.Millisecond,
		}).Start(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("collecting")
	select {}
}

func TestKilledAtAnyMomentNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	info := emulate(t, emulator.Options{Seed: 10, Size: 3000})
	path := filepath.Join(t.TempDir(), "andon.db")
	arg, err := json.Marshal(child{info, path})
	if err != nil {
		t.Fatal(err)
	}
	for i, after := range []int{50, 120, 300, 500, 800, 200} {
		runAndKill(t, string(arg), time.Duration(after)*time.Millisecond)
		s := openStore(t, path)
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("after kill %d: %v", i+1, err)
		}
		t.Logf("%d runs stored after kill %d, %d ms into collecting", len(allRuns(t, s, "")), i+1, after)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b := &bundle{emulated: info, client: newClient(t, info, info.ClientID, info.ClientSecret), store: openStore(t, path)}
	b.collect(t)
	b.filled(t)
	b.equalsTruth(t)
	if err := b.store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// runAndKill lets a child collect for a while and kills it without notice.
func runAndKill(t *testing.T, arg string, after time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), collectUntilKilled+"="+arg)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the child does not collect: %v", err)
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	<-timer.C
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

func TestStopMayComeAtAnyTime(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 11, Size: 400})
	unstarted := collector.New(collector.Options{Store: b.store})
	unstarted.Stop()
	unstarted.Stop()
	if err := unstarted.Start(t.Context()); err == nil {
		t.Error("a stopped collector starts")
	}
	c := b.collect(t)
	if err := c.Start(t.Context()); err == nil {
		t.Error("a collector starts twice")
	}
	c.Stop() // in the middle of the first fill
	c.Stop()
	if err := c.ReadActivities(t.Context(), "any", "any"); err == nil {
		t.Error("a stopped collector reads activities")
	}
}

// TestLateRowsOfActivitiesAreHealed has a run fail whose activities become
// visible only after they were asked for the first time.
func TestLateRowsOfActivitiesAreHealed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 13, Size: 200})
	b.collect(t)
	b.filled(t)
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	b.fault(t, map[string]any{"call": "queryActivityRuns", "fault": "late", "delay": "1m"})
	var started struct{ RunID string }
	b.control(t, http.MethodPost, "/truth/runs", map[string]any{
		"factory": name, "pipelineName": "pl_late", "status": "Failed", "message": "probe went dark", "durationInMs": 300,
	}, &started)
	at := short(t, b.store, name)
	read := func() store.Activities {
		acts, err := b.store.Activities(t.Context(), at, started.RunID)
		if err != nil {
			return store.Activities{State: "not stored"}
		}
		return acts
	}
	eventually(t, "the failed run's first look", func() string {
		if acts := read(); acts.State != store.ActivitiesComplete {
			return string(acts.State)
		}
		return ""
	})
	if acts := read(); len(acts.Rows) > 0 {
		t.Fatalf("%d rows were visible at once: nothing is late", len(acts.Rows))
	}
	b.control(t, http.MethodPost, "/clock", map[string]any{"advance": "3m"}, nil)
	eventually(t, "the second look", func() string {
		if acts := read(); len(acts.Rows) == 0 {
			return "without rows"
		}
		return ""
	})
}

func TestActivitiesThatAPolicyDoesNotKeepAreNotAskedForUnlessAPersonDoes(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 14, Size: 200})
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client}}, Store: b.store, Poll: 200 * time.Millisecond,
		Activities: collector.NewActivityPolicies([]collector.ActivityPolicy{{Keep: collector.KeepNone}}),
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	b.control(t, http.MethodPost, "/clock", map[string]any{"advance": "3m"}, nil)
	var some store.Run
	eventually(t, "runs whose activities are not kept", func() string {
		none := 0
		for _, r := range allRuns(t, b.store, "") {
			switch {
			case r.Activities == store.ActivitiesNotKept:
				some = r
			case r.Status.Terminal():
				none++
			}
		}
		if none > 30 { // runs go on ending
			return fmt.Sprintf("%d runs are not decided about", none)
		}
		return ""
	})
	if n := b.requests(t).ByCall["queryActivityRuns"]; n > 0 {
		t.Errorf("%d requests for activities that nobody keeps", n)
	}
	if err := c.ReadActivities(t.Context(), some.Place.Short, some.RunID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "activities that a person asked for", func() string {
		acts, err := b.store.Activities(t.Context(), some.Place.Short, some.RunID)
		if err != nil {
			t.Fatal(err)
		}
		if acts.State != store.ActivitiesComplete || len(acts.Rows) == 0 {
			return fmt.Sprintf("%s, %d rows", acts.State, len(acts.Rows))
		}
		return ""
	})
}
