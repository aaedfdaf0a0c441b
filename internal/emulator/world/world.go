package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// MaxSize is the largest history a world can be given, in runs.
const MaxSize = 5_000_000

// MaxAdvance is the furthest the clock goes in one step: the live feed alone brings ten thousand runs a day.
const MaxAdvance = 400 * 24 * time.Hour

// Config says which world it is. The same Config gives the same world.
type Config struct {
	Scenario string // one of [Scenarios]; "" means the default
	Seed     int64
	Size     int       // runs of history before Start, from 1 to MaxSize; a scenario in which nothing runs has none all the same
	Speed    float64   // seconds of the world per real second; 0 stands still but for SetNow and Advance
	Start    time.Time // the real time the world starts at, and its own
}

// World is the company and its clock. All methods are safe for concurrent use.
type World struct {
	scenario      scenario
	seed          uint64
	size          int
	speed         float64
	start, begin  instant // of the world, and of its history
	feed          instant // when the live feed was switched on
	scales        scales
	tenants       []Tenant
	subscriptions []Subscription
	factories     []*Factory
	pipelines     []*Pipeline // of all factories; [Pipeline.index] is the place here
	causes        []cause
	troubles      []trouble
	causeIndexes  map[kind][]uint8

	realStart time.Time

	odd *oddRows // nil but in a scenario of odd rows

	mu       sync.RWMutex
	now      instant
	offset   instant            // what the clock would show at realStart, had it made all its jumps before
	planned  day                // the last day that is planned
	numbered []*Run             // every planned run by its number
	scripted []*Run             // those of StartRun and CreateRun, with their children
	given    map[string]*Run    // those whose creator chose the id, by its lower-case form
	pending  []*Run             // planned and not yet started, in the order of their starts
	dropped  map[*Run]bool      // pending ones that will not start after all
	pauses   map[string][]pause // of triggers that were stopped, by factory and name in lower case
	started  map[string]bool    // triggers that stood still in the tables and were started
	ended    map[string]instant // when waiting trigger runs were cancelled, by their ids
	adhoc    map[string]*Pipeline
	planner  planner
}

// New makes the world as it stands at its start: the whole history, and the runs in the queue or under way. Its errors
// say what is allowed.
func New(config Config) (*World, error) {
	sc, err := scenarioNamed(config.Scenario)
	switch {
	case err != nil:
		return nil, err
	case config.Size < 1 || config.Size > MaxSize:
		return nil, fmt.Errorf("size %d: allowed are 1 to %d runs", config.Size, MaxSize)
	case !(config.Speed >= 0 && config.Speed <= 100_000):
		return nil, fmt.Errorf("speed %v: allowed are 0 to 100000", config.Speed)
	case config.Start.IsZero():
		return nil, errors.New("the world's start is missing")
	}
	w := &World{
		scenario: sc, seed: sc.seedOf(config.Seed),
		size: config.Size, speed: config.Speed, start: at(config.Start), realStart: config.Start, causes: causes(), adhoc: map[string]*Pipeline{},
		given: map[string]*Run{}, dropped: map[*Run]bool{}, pauses: map[string][]pause{}, started: map[string]bool{}, ended: map[string]instant{},
	}
	w.now, w.offset, w.begin = w.start, w.start, w.start.add(-historyDays*dayLength)
	w.tenants = sc.buildTenants(w.seed)
	w.subscriptions = sc.buildSubscriptions(w.seed, w.tenants)
	w.indexCauses()
	if err := w.buildFactories(); err != nil {
		return nil, err
	}
	w.planned = dayOf(w.start)
	w.planner.world = w
	if w.scenario.still {
		return w, nil
	}
	w.troubles = w.placeIncidents()
	w.feed = w.feedFrom()
	w.scales = w.chooseScales()
	if w.scenario.odd {
		w.odd = newOddRows()
	}
	w.enqueue(w.planHistory(&w.planner))
	w.startDue(w.now)
	return w, nil
}

func (w *World) buildFactories() error {
	for _, spec := range w.scenario.factories {
		f, err := spec.build(w)
		if err != nil {
			return fmt.Errorf("factory %s: %w", spec.name, err)
		}
		var own []*Pipeline
		for _, p := range spec.pipelines() {
			p.factory, p.index = f, len(w.pipelines)
			own = append(own, &p)
			w.pipelines = append(w.pipelines, &p)
		}
		if err := link(f, own); err != nil {
			return err
		}
		for _, p := range own {
			w.giveWeakness(p)
		}
		w.factories = append(w.factories, f)
	}
	return nil
}

// giveWeakness chooses where and why p fails when it does.
func (w *World) giveWeakness(p *Pipeline) {
	places := p.positions()
	if len(places) == 0 {
		return
	}
	rng := dice(w.seed, saltWeakness, textKey(p.factory.Name+"/"+p.Name))
	p.weakStep = places[rng.IntN(len(places))]
	for _, place := range places {
		if p.stepAt(place).kind == kindFail {
			p.weakStep = place // its author expected trouble there
		}
	}
	if p.habits.handles {
		p.weakStep = position{step: p.handler() - 1}
	}
	candidates := w.causesOf(p.stepAt(p.weakStep).kind)
	p.weakCause = candidates[rng.IntN(len(candidates))]
}

func (w *World) indexCauses() {
	w.causeIndexes = map[kind][]uint8{}
	for i := range w.causes {
		for _, k := range w.causes[i].kinds {
			if !w.causes[i].rare {
				w.causeIndexes[k] = append(w.causeIndexes[k], uint8(i))
			}
		}
	}
}

func (w *World) causesOf(k kind) []uint8 { return w.causeIndexes[k] }

// causeNamed is for the tables of this package, whose names a test checks; an unknown one is the first cause.
func (w *World) causeNamed(name string) uint8 {
	i := slices.IndexFunc(w.causes, func(c cause) bool { return c.name == name })
	return uint8(max(0, i)) //nolint:gosec // a few dozen causes
}

// placeOf is the first step of p that the cause can happen to.
func (w *World) placeOf(p *Pipeline, cause uint8) position {
	places := p.positions()
	for _, place := range places {
		if slices.Contains(w.causes[cause].kinds, p.stepAt(place).kind) {
			return place
		}
	}
	return places[0]
}

func (w *World) pipelineNamed(factory, name string) *Pipeline {
	for _, p := range w.pipelines {
		if p.factory.Name == factory && p.Name == name {
			return p
		}
	}
	return nil
}

// Tenants are the Entra tenants that the subscriptions belong to, the company's own first; not to be changed.
func (w *World) Tenants() []Tenant { return w.tenants }

// TenantID is the GUID of the company's own Entra tenant, the first of [World.Tenants].
func (w *World) TenantID() string { return w.tenants[0].ID }

// Subscriptions are the company's; not to be changed.
func (w *World) Subscriptions() []Subscription { return w.subscriptions }

// Factories are the company's, the busiest first; not to be changed.
func (w *World) Factories() []*Factory { return w.factories }

// Runs are all runs of f that have started, in the order of their starts. The slice is a snapshot that later runs do
// not change; it must not be written to.
func (w *World) Runs(f *Factory) []*Run {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.Clip(f.runs)
}

// Run is the run of f with that id, compared without case; nil when there is none or it has not started.
func (w *World) Run(f *Factory, id string) *Run {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.find(f, id)
}

// find is Run for who holds the lock.
func (w *World) find(f *Factory, id string) *Run {
	if r := w.given[strings.ToLower(id)]; r != nil && r.pipeline.factory == f {
		return r
	}
	number, ok := numberOf(w.seed, id)
	if !ok {
		return nil
	}
	var r *Run
	switch i := int(number & (firstScripted - 1)); {
	case number >= firstScripted && i < len(w.scripted):
		r = w.scripted[i]
	case number < firstScripted && i < len(w.numbered):
		r = w.numbered[i]
	}
	if w.odd != nil && w.odd.twins[number] != nil && w.odd.twins[number].pipeline.factory == f {
		r = w.odd.twins[number]
	}
	if r == nil || r.number != number || r.pipeline.factory != f || r.start > w.now {
		return nil
	}
	return r
}

// firstScripted is where the numbers of StartRun's runs begin: they must not shift the ids of the planned ones.
const firstScripted = 1 << 31

// StartRun adds one run that starts now and ends with the given status after durationInMs. A pipeline name that f does
// not have makes an ad-hoc pipeline of that name. An empty message gives a failed run a message of the usual kind. The
// error says what is allowed.
func (w *World) StartRun(f *Factory, pipeline, status, message string, durationInMs int64) (*Run, error) {
	return w.StartOddRun(f, pipeline, status, message, durationInMs, nil)
}

// StartOddRun is StartRun for a run whose row has the given members from its first moment on, as [Run.Tell] gives them.
func (w *World) StartOddRun(f *Factory, pipeline, status, message string, durationInMs int64, row map[string]json.RawMessage) (*Run, error) {
	outcomes := map[string]outcome{StatusSucceeded: succeeded, StatusFailed: failed, StatusCancelled: cancelled}
	end, ok := outcomes[status]
	const longest = 366 * 24 * time.Hour
	switch {
	case !ok:
		return nil, fmt.Errorf("status %q: allowed are %s, %s, %s", status, StatusSucceeded, StatusFailed, StatusCancelled)
	case strings.TrimSpace(pipeline) == "":
		return nil, errors.New("the pipeline's name is missing")
	case durationInMs < 0 || durationInMs > longest.Milliseconds():
		return nil, fmt.Errorf("durationInMs %d: allowed are 0 to %d", durationInMs, longest.Milliseconds())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	length := time.Duration(durationInMs) * time.Millisecond
	r := &Run{
		pipeline: w.pipelineForScript(f, pipeline), script: &script{message: message, isFixed: true}, origin: byHand, outcome: end,
		start: w.now / tick * tick, number: firstScripted + uint32(len(w.scripted)), //nolint:gosec // far fewer than 2^31
	}
	r.left = r.start.add(min(250*time.Millisecond, length/10))
	r.end = r.start.add(length)
	switch end {
	case failed:
		r.flags |= flagOwnFailure
		w.blame(r)
	case cancelled:
		r.cancelling = uint32(min(3000, durationInMs/4))
	case succeeded:
	}
	if err := r.Tell(row); err != nil {
		return nil, err
	}
	w.scripted = append(w.scripted, r)
	f.runs = append(f.runs, r)
	return r, nil
}

// pipelineForScript finds the pipeline by its name, without case as ARM does, or makes one.
func (w *World) pipelineForScript(f *Factory, name string) *Pipeline {
	for _, p := range w.pipelines {
		if p.factory == f && strings.EqualFold(p.Name, name) {
			return p
		}
	}
	key := f.Name + "/" + strings.ToLower(name)
	if w.adhoc[key] == nil {
		w.adhoc[key] = &Pipeline{
			Name: name, Annotations: []string{}, usual: time.Minute, factory: f, index: -1,
			steps: []step{lookup("lkp_input", "ctl.input"), copying("cp_data", "dbo.data")},
		}
	}
	return w.adhoc[key]
}

// blame chooses the step at which a scripted run fails: the one its message names, else the last that can fail.
func (w *World) blame(r *Run) {
	p := r.pipeline
	places := p.positions()
	if len(places) == 0 {
		return
	}
	place := places[len(places)-1]
	for _, candidate := range places {
		if strings.HasPrefix(r.script.message, "Operation on target "+p.steps[candidate.step].name+" failed: ") {
			place = candidate
		}
	}
	r.failStep, r.failInner = place.step, place.inner
	candidates := w.causesOf(p.stepAt(place).kind)
	r.cause = candidates[int(r.number)%len(candidates)]
}

// startDue moves the runs that start until then from pending to their factories, but for those that will not start
// after all. The caller holds the lock, or is New.
func (w *World) startDue(until instant) {
	due := 0
	for due < len(w.pending) && w.pending[due].start <= until {
		r := w.pending[due]
		due++
		if w.isHeldBack(r) {
			w.forget(r)
			continue
		}
		r.pipeline.factory.runs = append(r.pipeline.factory.runs, r)
	}
	w.pending = w.pending[due:]
}
