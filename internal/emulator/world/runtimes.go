package world

import (
	"slices"
	"strings"
	"time"
)

// The names of the Managed integration runtimes, the same in all factories that have them.
const (
	runtimeAuto     = "AutoResolveIntegrationRuntime" // shown by the service since the factory has a managed network
	runtimeDataFlow = "ir-dataflow-vnet"
	runtimeSSIS     = "ir-ssis"
)

// The states of an integration runtime (ADF REST, IntegrationRuntimeState) and of its nodes.
const (
	runtimeOnline           = "Online"
	runtimeLimited          = "Limited"
	runtimeOfflineState     = "Offline"
	runtimeNeedRegistration = "NeedRegistration"
	runtimeStarting         = "Starting"
	runtimeStarted          = "Started"
	runtimeStopping         = "Stopping"
	runtimeStopped          = "Stopped"

	nodeUpgrading    = "Upgrading"
	nodeInitializing = "Initializing"
	nodeAvailable    = "Available"
	nodeRecycling    = "Recycling"
)

const (
	selfHosted = "SelfHosted"
	managed    = "Managed"
)

// hostedRuntime is the name of f's self-hosted integration runtime, which is called after its first machine.
func (f *Factory) hostedRuntime() string { return "shir-" + f.systems.onPremises }

// site is what follows from a factory's pipelines, found out once.
type site struct {
	pipelines []*Pipeline
	machines  []string // nodes of the self-hosted integration runtime; none where nobody ever installed it
	packages  bool     // has an SSIS runtime
	windows   bool     // has tumbling window triggers
}

func siteOf(f *Factory, pipelines []*Pipeline) site {
	s := site{pipelines: pipelines}
	hosted := false
	for _, p := range pipelines {
		hosted, s.packages = hosted || p.hosted(), s.packages || p.runsPackages()
		s.windows = s.windows || slices.ContainsFunc(p.starts, func(s start) bool { return s.pattern == patternWindow })
	}
	first := f.systems.onPremises
	switch {
	case !hosted:
	case strings.HasSuffix(first, "ERP01"):
		s.machines = []string{first} // the ledger's owners saw no need for a second one
	default:
		s.machines = []string{first, neighbour(first)}
	}
	return s
}

// neighbour is the next machine of a numbered series: SRVPOS05 of SRVPOS04.
func neighbour(machine string) string {
	if n := len(machine) - 1; n >= 0 && machine[n] >= '0' && machine[n] < '9' {
		return machine[:n] + string(machine[n]+1)
	}
	return machine + "-2"
}

// hosts reports whether f has a self-hosted runtime in use.
func (f *Factory) hosts() bool { return len(f.site.machines) > 0 }

func (p *Pipeline) runsPackages() bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { return s.kind == kindSSIS })
}

// runtimeProperties are an integration runtime's definition (ADF REST, IntegrationRuntime).
type runtimeProperties struct {
	Type                  string         `json:"type"`
	Description           string         `json:"description,omitempty"`
	TypeProperties        map[string]any `json:"typeProperties,omitempty"`
	ManagedVirtualNetwork map[string]any `json:"managedVirtualNetwork,omitempty"`
	State                 string         `json:"state,omitempty"` // of an SSIS runtime alone
}

// RuntimeResources are f's integration runtimes as they stand at t. All that activity runs name are there.
func (f *Factory) RuntimeResources(t time.Time) []Resource {
	var all []Resource
	for _, name := range f.runtimeNames() {
		all = append(all, f.resource("integrationruntimes", name, f.published("integrationruntimes/"+name), f.runtimeDefinition(name, at(t))))
	}
	return all
}

func (f *Factory) runtimeNames() []string {
	names := []string{runtimeAuto, runtimeDataFlow}
	if f.site.packages {
		names = append(names, runtimeSSIS)
	}
	return append(names, f.hostedRuntime())
}

// runtimeNamed finds the runtime's own spelling of a name, which ARM compares without case; empty without one.
func (f *Factory) runtimeNamed(name string) string {
	names := f.runtimeNames()
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		return names[i]
	}
	return ""
}

func (f *Factory) runtimeDefinition(name string, now instant) runtimeProperties {
	network := map[string]any{"type": "ManagedVirtualNetworkReference", "referenceName": "default"}
	switch name {
	case runtimeAuto:
		return runtimeProperties{
			Type: managed, ManagedVirtualNetwork: network, TypeProperties: map[string]any{"computeProperties": map[string]any{"location": "AutoResolve"}},
		}
	case runtimeDataFlow:
		return runtimeProperties{
			Type: managed, ManagedVirtualNetwork: network, Description: "Data flows inside the managed network",
			TypeProperties: map[string]any{"computeProperties": map[string]any{
				"location":           f.systems.region,
				"dataFlowProperties": map[string]any{"computeType": "General", "coreCount": 8, "timeToLive": 10, "cleanup": false},
			}},
		}
	case runtimeSSIS:
		return runtimeProperties{
			Type: managed, Description: "Packages from before Azure; started for the night", State: f.ssisState(now),
			TypeProperties: map[string]any{
				"computeProperties": map[string]any{"location": f.systems.region, "nodeSize": "Standard_D4_v3", "numberOfNodes": ssisNodes, "maxParallelExecutionsPerNode": 4},
				"ssisProperties": map[string]any{
					"catalogInfo": map[string]any{
						"catalogServerEndpoint": f.systems.sqlServer, "catalogAdminUserName": "ssisadmin", "catalogAdminPassword": masked(), "catalogPricingTier": "S1",
					},
					"licenseType": "LicenseIncluded", "edition": "Standard",
				},
			},
		}
	}
	if f.hosts() {
		return runtimeProperties{Type: selfHosted, Description: "Machines in our own network"}
	}
	return runtimeProperties{Type: selfHosted}
}

// nodeState is one node of a self-hosted runtime at one time.
type nodeState struct {
	machine string
	status  string
	since   instant // when it took on the status, as far as the last day goes
}

// nodesAt are the nodes of f's self-hosted runtime. They are all offline while a trouble says so, which is when the
// copies on them fail; else one of several goes away for a while on some days, and each is upgraded on Sundays, one after
// the other, so that a runtime of several machines is never gone.
func (f *Factory) nodesAt(now instant) []nodeState {
	machines := f.site.machines
	offline := len(machines) > 0 && f.offlineAt(now)
	var all []nodeState
	for i, machine := range machines {
		n := nodeState{machine: machine, status: runtimeOnline, since: dayOf(now).clock(0)}
		from, to := f.away(dayOf(now), i)
		upgrade := dayOf(now).clock(hm(13, 10) + time.Duration(i)*40*time.Minute)
		switch {
		case offline:
			n.status = runtimeOfflineState
		case now >= from && now < to:
			n.status, n.since = runtimeOfflineState, from
		case dayOf(now).weekday() != time.Sunday || now < upgrade || now >= upgrade.add(28*time.Minute):
		case now < upgrade.add(25*time.Minute):
			n.status, n.since = nodeUpgrading, upgrade
		default:
			n.status, n.since = nodeInitializing, upgrade.add(25*time.Minute)
		}
		all = append(all, n)
	}
	return all
}

// away is when the i-th node is gone on a day: on every fourth day or so, one node of several, for up to three hours.
func (f *Factory) away(d day, i int) (from, to instant) {
	machines := f.site.machines
	rng := dice(f.world.seed, saltRuntime, textKey(f.Name), uint64(d)) //nolint:gosec // days after 1970
	if len(machines) < 2 || rng.IntN(4) > 0 || d.weekday() == time.Sunday || rng.IntN(len(machines)) != i {
		return 0, 0
	}
	from = d.clock(time.Duration(rng.Int64N(int64(20 * time.Hour))))
	return from, from.add(15*time.Minute + time.Duration(rng.Int64N(int64(165*time.Minute))))
}

// nodeFor is the node that takes an activity on at a time: the first that is online, else the first of all.
func (f *Factory) nodeFor(when instant) string {
	nodes := f.nodesAt(when)
	for _, n := range nodes {
		if n.status == runtimeOnline {
			return n.machine
		}
	}
	if len(nodes) == 0 {
		return f.systems.onPremises
	}
	return nodes[0].machine
}

// hostedState is the state of f's self-hosted runtime, which follows from its nodes'.
func (f *Factory) hostedState(now instant) string {
	nodes := f.nodesAt(now)
	online := 0
	for _, n := range nodes {
		if n.status == runtimeOnline {
			online++
		}
	}
	switch {
	case len(nodes) == 0:
		return runtimeNeedRegistration
	case online == len(nodes):
		return runtimeOnline
	case online == 0:
		return runtimeOfflineState
	}
	return runtimeLimited
}

// An SSIS runtime is started for the night by a schedule of the operators', and by day for whoever reruns a package.
const (
	ssisNodes     = 2
	ssisUp        = 25 * time.Minute // from Starting to Started
	ssisDown      = 6 * time.Minute  // from Stopping to Stopped
	ssisLingers   = 10 * time.Minute // after the last package
	ssisNightFrom = 90 * time.Minute // half past one
	ssisNightTo   = 6 * time.Hour
)

func (f *Factory) ssisState(now instant) string {
	from, to := f.ssisSpan(now)
	switch {
	case now < from || now >= to.add(ssisDown):
		return runtimeStopped
	case now < from.add(ssisUp):
		return runtimeStarting
	case now < to:
		return runtimeStarted
	}
	return runtimeStopping
}

// ssisSpan is the span of time around now, or an empty one before it, in which the runtime is up or on its way.
func (f *Factory) ssisSpan(now instant) (from, to instant) {
	from, to = dayOf(now).clock(ssisNightFrom-ssisUp), dayOf(now).clock(ssisNightTo)
	for _, r := range f.around(now, 6*time.Hour, ssisUp) {
		if !r.pipeline.runsPackages() {
			continue
		}
		early, late := r.start.add(-ssisUp-time.Minute), r.end.add(ssisLingers)
		if r.script != nil && r.script.isFixed {
			early = r.start.add(-ssisUp) // nobody could know; it happened to be up
		}
		switch {
		case early <= to && late >= from:
			from, to = min(from, early), max(to, late)
		case now >= early && now < late.add(ssisDown):
			from, to = early, late
		}
	}
	return from, to
}

// around are f's runs that start between before and after now, the planned ones included, in the order of their starts.
func (f *Factory) around(now instant, before, after time.Duration) []*Run {
	w := f.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	return f.between(now.add(-before), now.add(after))
}

// between are f's runs that start in a closed interval, the planned ones included. The caller holds the lock.
func (f *Factory) between(from, to instant) []*Run {
	all := slices.Clone(started(f.runs, from, to))
	for _, r := range started(f.world.pending, from, to) {
		if r.pipeline.factory == f && !f.world.isOff(r) {
			all = append(all, r)
		}
	}
	return all
}

// started are those of runs, which are in the order of their starts, that start in a closed interval.
func started(runs []*Run, from, to instant) []*Run {
	byTime := func(r *Run, t instant) int { return int(min(1, max(-1, r.start-t))) }
	first, _ := slices.BinarySearchFunc(runs, from, byTime)
	end, _ := slices.BinarySearchFunc(runs, to+1, byTime)
	return runs[first:max(first, end)]
}
