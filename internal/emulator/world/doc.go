// Package world is the company that the emulator shows: its subscriptions, factories and pipelines, 44 days of their
// runs, and the runs that go on starting while the world's clock moves.
//
// The world is pure. It has no goroutine and reads no clock: whoever holds it says what time it is ([World.AdvanceTo]).
// The same [Config] gives the same runs with the same ids, and a run is a plan made once: what ADF would show of it at
// a time is a function of that plan and the time ([Run.At], [Run.Activities]), so a reader can look at any moment
// without stopping the world.
//
// There are several companies, the scenarios (scenario.go): each is one value in a file of its own (company.go for the
// default, scenario_*.go) with its tenants, subscriptions, factories, cast and incidents, and a further one is a further
// file and a line in scenarios(). pipelines_domain.go has the usual ways of loading a field of business, from which a
// factory is put together in a line. The hostile one has odd rows (oddity.go, oddities_*.go): ordinary rows, rewritten.
//
// What a company is stands in tables: pipelines_*.go (pipelines and what starts them), failures.go (what goes wrong, in
// which words) and incidents.go (when). The rest turns the tables into runs:
// schedule.go says when, plan.go what becomes of each run, history.go how many, activities.go and outputs.go what
// happened inside, row.go how a run is written.
//
// What stands around the runs is made from the same tables when it is asked for: definitions.go, surroundings.go and
// triggers.go give the resources of a factory, triggerruns.go what its triggers did, runtimes.go how its integration
// runtimes are at a time.
//
// Only package emulator may import this package; it imports the standard library alone.
package world
