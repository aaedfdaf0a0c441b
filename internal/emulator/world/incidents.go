package world

import (
	"math"
	"slices"
	"strings"
	"time"
)

// incident is a stretch of time in which something was wrong for many runs at once, counted back from the world's start.
type incident struct {
	name       string
	daysBefore int
	from       time.Duration // of that day in Stockholm
	lasts      time.Duration
	factories  []string // names; none means all
	folders    []string // prefixes; none means all
	pipelines  []string // names; none means all
	cause      string   // name in the table of causes; empty when runs were only slow
	share      float64  // of the runs that fail
	slower     float64  // factor on durations; 0 leaves them
	live       bool     // it still goes on, without end
}

// incidents is the company's bad days.
func incidents() []incident {
	return []incident{
		{
			name: "the sales database fails over and stays away for two hours", daysBefore: 9, from: hm(1, 40), lasts: 130 * time.Minute,
			factories: []string{"adf-nordhem-sales-prod"}, cause: "sqlUnreachable", share: 0.9,
		},
		{
			name: "a role assignment is removed from the lake by mistake", daysBefore: 23, from: hm(9, 20), lasts: 3 * time.Hour,
			factories: []string{"adf-nordhem-sales-prod", "adf-nordhem-dw-prod"}, cause: "lakeForbidden", share: 0.7,
		},
		{
			name: "no virtual machines to be had for Databricks", daysBefore: 30, from: hm(1, 30), lasts: 4 * time.Hour, cause: "clusterLaunch", share: 0.9,
		},
		{
			name: "the CRM application's secret runs out", daysBefore: 5, from: hm(8, 10), lasts: 5 * time.Hour,
			folders: []string{"crm"}, cause: "tokenSecretExpired", share: 1,
		},
		{
			name: "the runtime in Gothenburg is offline after an update", daysBefore: 16, from: hm(1, 0), lasts: 3 * time.Hour,
			factories: []string{"ADF-Nordhem-Logistics"}, cause: runtimeOffline, share: 1,
		},
		{
			name: "the only machine of the ledger's runtime restarts without being asked", daysBefore: 4, from: hm(12, 50), lasts: 45 * time.Minute,
			factories: []string{"adf-nordhem-finance-prod"}, cause: runtimeOffline, share: 1,
		},
		{
			name: "the ledger's server is renamed", daysBefore: 37, from: hm(8, 0), lasts: 4 * time.Hour,
			factories: []string{"adf-nordhem-finance-prod"}, cause: "onPremisesGerman", share: 0.8,
		},
		{
			name: "the HR system revokes our account and nobody has noticed yet", daysBefore: 2, from: hm(11, 0),
			pipelines: []string{"pl_hr_absence"}, cause: "lakeForbidden", share: 1, live: true,
		},
		{name: "slow night", daysBefore: 12, from: hm(0, 0), lasts: 8 * time.Hour, factories: []string{"adf-nordhem-sales-prod", "adf-nordhem-dw-prod"}, slower: 2.9},
		{name: "slow storage", daysBefore: 3, from: hm(0, 0), lasts: 10 * time.Hour, slower: 2.1},
		{name: "slow carriers", daysBefore: 20, from: hm(6, 0), lasts: 12 * time.Hour, folders: []string{"carriers"}, slower: 3.7},
	}
}

// trouble is an incident placed in time.
type trouble struct {
	incident
	begins, ends instant
	causeIndex   uint8
}

func (w *World) placeIncidents() []trouble {
	today := dayOf(w.start)
	var all []trouble
	for _, in := range w.scenario.incidents {
		t := trouble{incident: in, begins: (today - day(in.daysBefore)).clock(in.from), ends: math.MaxInt64}
		if !in.live {
			t.ends = t.begins.add(in.lasts)
		}
		if in.cause != "" {
			t.causeIndex = w.causeNamed(in.cause)
		}
		all = append(all, t)
	}
	return all
}

// runtimeOffline is the cause of what fails because no node of a self-hosted integration runtime can be reached. As long
// as such a trouble lasts, the nodes are offline: see runtimes.go.
const runtimeOffline = "runtimeOffline"

// recurring is what goes wrong on a day after the world's start: about every fourth day one of the incidents of the past
// happens again, at the same time of the day.
func (w *World) recurring(d day) []trouble {
	if d <= dayOf(w.start) {
		return nil
	}
	rng := dice(w.seed, saltIncident, uint64(d)) //nolint:gosec // days after 1970
	if rng.IntN(4) > 0 {
		return nil
	}
	all := incidents()
	all = slices.DeleteFunc(all, func(in incident) bool { return in.live })
	in := all[rng.IntN(len(all))]
	t := trouble{incident: in, begins: d.clock(in.from)}
	t.ends = t.begins.add(in.lasts)
	if in.cause != "" {
		t.causeIndex = w.causeNamed(in.cause)
	}
	return []trouble{t}
}

// troublesAt are the troubles that may be on at a time, before and after the world's start.
func (p *planner) troublesAt(when instant) []*trouble {
	if d := dayOf(when); d != p.today {
		p.today, p.extra = d, p.world.recurring(d)
		p.troubles = p.troubles[:0]
		for i := range p.world.troubles {
			p.troubles = append(p.troubles, &p.world.troubles[i])
		}
		for i := range p.extra {
			p.troubles = append(p.troubles, &p.extra[i])
		}
	}
	return p.troubles
}

// offlineAt reports whether all nodes of f's self-hosted runtime are offline.
func (f *Factory) offlineAt(when instant) bool {
	w := f.world
	offline := func(t *trouble) bool {
		return t.cause == runtimeOffline && when >= t.begins && when < t.ends && slices.Contains(t.factories, f.Name)
	}
	for i := range w.troubles {
		if offline(&w.troubles[i]) {
			return true
		}
	}
	for _, t := range w.recurring(dayOf(when)) {
		if offline(&t) {
			return true
		}
	}
	return false
}

func (t *trouble) concerns(p *Pipeline, when instant) bool {
	if when < t.begins || when >= t.ends {
		return false
	}
	if len(t.factories) > 0 && !slices.Contains(t.factories, p.factory.Name) {
		return false
	}
	if len(t.pipelines) > 0 && !slices.Contains(t.pipelines, p.Name) {
		return false
	}
	inFolder := func(prefix string) bool { return strings.HasPrefix(p.Folder, prefix) }
	return len(t.folders) == 0 || slices.ContainsFunc(t.folders, inFolder)
}

// place is where in p the trouble shows: the first step it can happen to.
func (t *trouble) place(p *Pipeline, causes []cause) (position, bool) {
	for _, place := range p.positions() {
		s := p.stepAt(place)
		if slices.Contains(causes[t.causeIndex].kinds, s.kind) && (s.hosted || t.cause != runtimeOffline && t.cause != "onPremisesGerman") {
			return place, true
		}
	}
	return position{}, false
}
