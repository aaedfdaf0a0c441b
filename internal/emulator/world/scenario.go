package world

import (
	"fmt"
	"strings"
	"time"
)

// DefaultScenario is the company of a Config that names none.
const DefaultScenario = "default"

// scenario is one company. A further one is one more value of this type in [scenarios]: its tenants and subscriptions,
// its factories with the pipelines of each, and what a visitor must find at the start.
type scenario struct {
	name          string
	what          string // in a sentence, for people who choose
	tenants       []tenantSpec
	subscriptions []subscriptionSpec
	factories     []factorySpec // the busiest first, in the first subscription: other programs rely on that
	cast          []role
	incidents     []incident
	feed          time.Duration // how long before the start the feeds were switched on; 0 means two hours
	still         bool          // nothing runs and nothing ever ran; only StartRun makes a run
	odd           bool          // every other row is odd: see [Oddities]
}

type tenantSpec struct {
	name   string
	domain string
}

type subscriptionSpec struct {
	name   string
	tenant int // index in the scenario's tenants
}

// scenarios are all there are, the default first.
func scenarios() []scenario {
	return []scenario{defaultScenario(), bankScenario(), quietScenario(), hostileScenario(), fleetScenario(), busyScenario()}
}

// ScenarioInfo is what people are told of a scenario.
type ScenarioInfo struct {
	Name string
	What string // a sentence without its full stop
}

// Scenarios lists what [Config.Scenario] may name, the default first.
func Scenarios() []ScenarioInfo {
	var all []ScenarioInfo
	for _, s := range scenarios() {
		all = append(all, ScenarioInfo{Name: s.name, What: s.what})
	}
	return all
}

// scenarioNamed finds a scenario; "" means the default. Its error lists what is allowed.
func scenarioNamed(name string) (scenario, error) {
	if name == "" {
		name = DefaultScenario
	}
	var names []string
	for _, s := range scenarios() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return scenario{}, fmt.Errorf("unknown scenario %q; allowed: %s", name, strings.Join(names, ", "))
}

// seedOf keeps the scenarios apart: with the same seed, two of them share no id.
func (s *scenario) seedOf(seed int64) uint64 {
	bits := uint64(seed) //nolint:gosec // any bits make a seed
	if s.name == DefaultScenario {
		return bits
	}
	return mixAll(bits, saltScenario, textKey(s.name))
}

// Tenant is an Entra tenant that pays for some of the subscriptions.
type Tenant struct {
	ID     string
	Name   string
	Domain string // the tenant's default domain name
}

func (s *scenario) buildTenants(seed uint64) []Tenant {
	var all []Tenant
	for i, t := range s.tenants {
		id := guid(seed, saltCompany)
		if i > 0 {
			id = guid(seed, saltScenario, textKey(t.domain))
		}
		all = append(all, Tenant{ID: id, Name: t.name, Domain: t.domain})
	}
	return all
}

func (s *scenario) buildSubscriptions(seed uint64, tenants []Tenant) []Subscription {
	var all []Subscription
	for i, sub := range s.subscriptions {
		all = append(all, Subscription{
			ID: guid(seed, saltCompany, uint64(i)+1), DisplayName: sub.name, TenantID: tenants[sub.tenant].ID,
		})
	}
	return all
}
