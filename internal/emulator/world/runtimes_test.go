package world_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

// seenRuntime is what a client reads of a runtime's status.
type seenRuntime struct {
	Name       string
	Properties struct {
		DataFactoryName, State, Type string

		TypeProperties struct {
			Version string
			Nodes   []struct {
				NodeName, MachineName, Status string
				IsActiveDispatcher            bool
				LastConnectTime               time.Time
				Capabilities                  map[string]any
			}
		}
	}
}

func statusOf(tb rapid.TB, f *world.Factory, name string, when time.Time) seenRuntime {
	tb.Helper()
	raw := f.RuntimeStatus(name, when)
	if raw == nil {
		tb.Fatalf("%s has no runtime %s", f.Name, name)
	}
	return parseFor[seenRuntime](tb, raw)
}

// azure.md §2.5 [S]: the states of a runtime and of its nodes, and how the first follows from the second.
func TestRuntimesGoThroughTheirStatesInAWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000) // nodes and nights do not depend on the size
	seen := map[string]int{}
	for _, f := range w.Factories() {
		for _, r := range f.RuntimeResources(worldStart()) {
			for when := worldStart().Add(-7 * 24 * time.Hour); !when.After(worldStart()); when = when.Add(3 * time.Minute) {
				s := statusOf(t, f, r.Name, when)
				checkRuntime(t, f, s, when)
				seen[s.Properties.Type+" "+s.Properties.State]++
				for _, n := range s.Properties.TypeProperties.Nodes {
					seen["node "+n.Status]++
				}
			}
		}
	}
	for _, want := range []string{
		"SelfHosted Online", "SelfHosted Limited", "SelfHosted Offline", "SelfHosted NeedRegistration",
		"Managed Online", "Managed Stopped", "Managed Starting", "Managed Started", "Managed Stopping",
		"node Online", "node Offline", "node Upgrading", "node Initializing", "node Starting", "node Available",
	} {
		if seen[want] == 0 {
			t.Errorf("in a week, none was %s (%v)", want, seen)
		}
	}
}

func checkRuntime(tb rapid.TB, f *world.Factory, s seenRuntime, when time.Time) {
	tb.Helper()
	p := s.Properties
	if p.DataFactoryName != f.Name || p.State != f.RuntimeState(s.Name, when) {
		tb.Fatalf("%s of %s: %+v, %s", s.Name, f.Name, p, f.RuntimeState(s.Name, when))
	}
	online, dispatchers := 0, 0
	for _, n := range p.TypeProperties.Nodes {
		if n.Status == "Online" {
			online++
		}
		if n.IsActiveDispatcher {
			dispatchers++
		}
		if n.LastConnectTime.After(when) || p.Type == "SelfHosted" && (n.Status == "Online") != (n.Capabilities["credentialInSync"] == "True") {
			tb.Fatalf("%s at %v: node %+v", s.Name, when, n)
		}
	}
	nodes := len(p.TypeProperties.Nodes)
	possible := map[string]bool{
		"Online": online == nodes && nodes > 0, "Limited": online > 0 && online < nodes, "Offline": online == 0 && nodes > 0,
		"NeedRegistration": nodes == 0 && p.TypeProperties.Version == "",
	}[p.State]
	if p.Type == "Managed" {
		possible = map[string]bool{
			"Online": nodes == 0, "Stopped": nodes == 0, "Stopping": nodes == 0, "Starting": nodes > 0, "Started": nodes > 0,
		}[p.State]
	}
	if !possible || p.Type == "SelfHosted" && nodes > 0 && dispatchers != 1 {
		tb.Fatalf("%s at %v is %s with nodes %+v", s.Name, when, p.State, p.TypeProperties.Nodes)
	}
}

func TestARuntimeIsNeverInAnImpossibleState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 5000)
	if err := w.Advance(20 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(w.Factories()).Draw(t, "factory")
		when := worldStart().Add(time.Duration(rapid.Int64Range(-int64(44*24*time.Hour), int64(20*24*time.Hour)).Draw(t, "when")))
		for _, r := range f.RuntimeResources(when) {
			checkRuntime(t, f, statusOf(t, f, strings.ToUpper(r.Name), when), when)
			m := parseFor[struct {
				Nodes []struct {
					NodeName                                                                      string
					ConcurrentJobsRunning, MaxConcurrentJobs, CPUUtilization, AvailableMemoryInMB int
				}
			}](t, f.RuntimeMonitoring(r.Name, when))
			for _, n := range m.Nodes {
				if n.ConcurrentJobsRunning < 0 || n.ConcurrentJobsRunning > n.MaxConcurrentJobs || n.CPUUtilization > 100 || n.AvailableMemoryInMB <= 0 {
					t.Fatalf("%s at %v: %+v", r.Name, when, n)
				}
			}
		}
	})
}

// azure.md §2.5 [R2]: monitoringData has no nodes at all when none is registered; only self-hosted runtimes have any.
func TestMonitoringDataHasNoNodesWithoutRegisteredOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	for _, f := range w.Factories() {
		for _, r := range f.RuntimeResources(worldStart()) {
			m := parse[map[string]any](t, f.RuntimeMonitoring(r.Name, worldStart()))
			_, has := m["nodes"]
			if want := f.RuntimeState(r.Name, worldStart()); has != (strings.HasPrefix(r.Name, "shir-") && want != "NeedRegistration") || m["name"] != r.Name {
				t.Errorf("%s is %s: %v", r.Name, want, m)
			}
		}
		if f.RuntimeMonitoring("nothing", worldStart()) != nil || f.RuntimeStatus("nothing", worldStart()) != nil || f.RuntimeState("nothing", worldStart()) != "" {
			t.Error("an unknown runtime has a status")
		}
	}
}

func TestActivitiesRunOnRuntimesThatAreThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	seen, jobs := map[string]int{}, 0
	for _, f := range w.Factories() {
		for _, r := range w.Runs(f) {
			for _, row := range r.Activities(worldStart()) {
				if row.IntegrationRuntimeNames == nil {
					continue
				}
				where := row.ExecutionDetails["integrationRuntime"].([]any)[0].(map[string]any)
				name, _ := where["name"].(string)
				state := f.RuntimeState(name, row.ActivityRunStart)
				seen[name]++
				switch {
				case state == "" || row.IntegrationRuntimeNames[0] != strings.ToLower(name):
					t.Fatalf("run %s: %s runs on %s", r.RunID(), row.ActivityName, name)
				case row.ActivityType == "ExecuteSSISPackage" && state != "Started":
					t.Fatalf("run %s: %s runs while %s is %s", r.RunID(), row.ActivityName, name, state)
				case where["type"] != "SelfHosted":
					continue
				}
				s := statusOf(t, f, name, row.ActivityRunStart)
				for _, n := range s.Properties.TypeProperties.Nodes {
					if state != "Offline" && slices.Contains(where["nodes"].([]string), n.MachineName) && n.Status != "Online" {
						t.Fatalf("run %s: %s runs on %s, which is %s", r.RunID(), row.ActivityName, n.MachineName, n.Status)
					}
				}
				if jobs == 0 && row.ActivityRunEnd != nil && state == "Online" {
					for _, n := range parse[struct {
						Nodes []struct{ ConcurrentJobsRunning int }
					}](t, f.RuntimeMonitoring(name, row.ActivityRunStart.Add(row.ActivityRunEnd.Sub(row.ActivityRunStart)/2))).Nodes {
						jobs += n.ConcurrentJobsRunning
					}
					if jobs == 0 {
						t.Fatalf("run %s: no job runs while %s does", r.RunID(), row.ActivityName)
					}
				}
			}
		}
	}
	for _, name := range []string{"AutoResolveIntegrationRuntime", "ir-dataflow-vnet", "ir-ssis", "shir-SRVPOS04", "shir-SRVERP01", "shir-WMS-GBG-01"} {
		if seen[name] == 0 {
			t.Errorf("nothing ran on %s", name)
		}
	}
}

func TestCopiesFailWhileTheirRuntimeIsOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	failed := map[string]int{}
	for _, f := range w.Factories() {
		for _, r := range w.Runs(f) {
			for _, row := range r.Activities(worldStart()) {
				if row.IntegrationRuntimeNames == nil || !strings.HasPrefix(row.IntegrationRuntimeNames[0], "shir-") || row.ActivityRunEnd == nil {
					continue
				}
				state := f.RuntimeState(row.IntegrationRuntimeNames[0], r.RunStart().Add(5*time.Second))
				because := strings.Contains(row.Error.Message, "Self-hosted Integration Runtime")
				if because {
					failed[f.Name]++
				}
				if because != (state == "Offline") && row.ActivityRunStart.Sub(r.RunStart()) < 5*time.Second {
					t.Errorf("run %s of %s: %s is %s while the runtime is %s: %s", r.RunID(), r.PipelineName(), row.ActivityName, row.Status, state, row.Error.Message)
				}
			}
		}
	}
	if len(failed) < 2 {
		t.Errorf("copies failed for it in %v, want two factories", failed)
	}
}

func TestNodesCanBeAskedForAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	f := w.Factories()[0]
	node := parse[map[string]any](t, f.RuntimeNode("shir-srvpos04", "node_2", worldStart()))
	if node["nodeName"] != "Node_2" || node["machineName"] != "SRVPOS05" {
		t.Errorf("node %v", node)
	}
	if ip := f.RuntimeNodeAddress("shir-SRVPOS04", "Node_1"); !strings.HasPrefix(ip, "10.") || ip == f.RuntimeNodeAddress("shir-SRVPOS04", "Node_2") {
		t.Errorf("address %q", ip)
	}
	for _, name := range []string{"shir-SRVPOS04", "ir-dataflow-vnet", "nothing"} {
		if f.RuntimeNode(name, "Node_3", worldStart()) != nil || f.RuntimeNodeAddress(name, "Node_3") != "" {
			t.Errorf("%s has a third node", name)
		}
	}
}

func TestOutagesGoOnAfterTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	if err := w.Advance(16 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	outages := map[string]int{}
	for _, r := range allRuns(w) {
		if s := r.At(w.Now()); r.RunStart().After(worldStart()) && s.Status == world.StatusFailed && s.Message != nil {
			for _, words := range []string{"SqlErrorNumber=40613", "AuthorizationPermissionMismatch", "CLOUD_PROVIDER_LAUNCH_FAILURE", "AADSTS7000222", "Self-hosted Integration Runtime", "Netzwerkbezogener"} {
				if strings.Contains(*s.Message, words) && r.PipelineName() != "pl_hr_absence" {
					outages[words]++
				}
			}
		}
	}
	t.Logf("failures by outages in 16 days after the start: %v", outages)
	if len(outages) < 2 {
		t.Errorf("failures by outages: %v, want two kinds", outages)
	}
}
