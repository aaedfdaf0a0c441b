package world

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The further statuses of a trigger run; Succeeded, Failed and Cancelled are spelled as those of pipeline runs. The set
// is open: these are the ones that the live service has been seen to give.
const (
	StatusRunning             = "Running"
	StatusWaiting             = "Waiting"             // for another window of the trigger: maxConcurrency
	StatusWaitingOnDependency = "WaitingOnDependency" // for the same window of another trigger
)

// TriggerRun is one run of a trigger: a plan as fixed as that of the pipeline runs it starts. All methods are safe for
// concurrent use.
type TriggerRun struct {
	factory *Factory
	name    string
	kind    origin
	stamp   instant
	runs    []*Run   // the pipeline runs it starts; none when it fails or is cancelled before
	waits   instant  // until then it waits on a dependency
	fails   string   // its message, when it starts nothing and fails
	ends    instant  // when a window that waits in vain is cancelled
	window  int64    // of a window that started nothing
	start   *start   // the trigger's entry in the table
	trigger *trigger // of one that fails
	variant uint16
}

// TriggerRunState is what ADF shows of a trigger run at one time (ADF REST, Trigger Runs - Query By Factory). Its JSON is
// the row itself, in the service's order of members.
type TriggerRunState struct {
	TriggerName         string            `json:"triggerName"`
	TriggerRunID        string            `json:"triggerRunId"`
	TriggerType         string            `json:"triggerType"`
	TriggerRunTimestamp time.Time         `json:"triggerRunTimestamp"` // never changes, and counts as the time of the last update
	Status              string            `json:"status"`
	Message             *string           `json:"message"` // null but for a failed one
	Properties          map[string]string `json:"properties"`
	TriggeredPipelines  map[string]string `json:"triggeredPipelines"` // run ids by the names of the pipelines; empty while it waits
	GroupID             string            `json:"groupId"`
	DependencyStatus    map[string]any    `json:"dependencyStatus"`
}

// TriggerRuns are f's trigger runs whose timestamps lie in the closed interval from after to before and not in the
// world's future, in the order of their timestamps. What it costs follows from the width of the interval.
func (w *World) TriggerRuns(f *Factory, after, before time.Time) []TriggerRun {
	w.mu.RLock()
	defer w.mu.RUnlock()
	from, to := at(after), min(at(before), w.now)
	if from.time().Before(after) {
		from += tick
	}
	var all []TriggerRun
	for _, r := range f.between(from, to) {
		if s := r.startedBy(); s != nil && s.pattern != patternWindow {
			all = f.addRun(all, r, s)
		}
	}
	if f.site.windows {
		all = f.addWindows(all, from, to)
	}
	all = f.addFailed(all, from, to)
	w.endCancelled(all)
	slices.SortStableFunc(all, func(a, b TriggerRun) int {
		return cmp.Or(cmp.Compare(a.stamp, b.stamp), strings.Compare(a.name, b.name))
	})
	return all
}

// TriggerRunByID is f's trigger run with that id, compared without case; nil when there is none by now. The id holds the
// time at which the trigger fired.
func (w *World) TriggerRunByID(f *Factory, id string) *TriggerRun {
	digits, _, _ := strings.Cut(strings.ToUpper(id), "CU")
	if len(digits) != 29 {
		return nil
	}
	countdown, err := strconv.ParseInt(digits[:20], 10, 64)
	if err != nil {
		return nil
	}
	fired := (math.MaxInt64 - ticksAt1970 - countdown)
	if fired < 0 || fired > math.MaxInt64/tick {
		return nil
	}
	when := instant(fired * tick).time()
	for _, t := range w.TriggerRuns(f, when, when) {
		if strings.EqualFold(t.ID(), id) {
			return &t
		}
	}
	return nil
}

// addRun adds the trigger run that started r, or r to it: what one trigger starts at one moment is one trigger run.
func (f *Factory) addRun(all []TriggerRun, r *Run, s *start) []TriggerRun {
	stamp := r.triggered()
	for i := len(all) - 1; s.together && i >= 0 && all[i].stamp == stamp; i-- {
		if all[i].name == s.trigger && all[i].variant == r.variant {
			all[i].runs = append(all[i].runs, r)
			return all
		}
	}
	return append(all, TriggerRun{factory: f, name: s.trigger, kind: r.origin, stamp: stamp, runs: []*Run{r}, start: s, variant: r.variant})
}

// addWindows adds the tumbling windows. A window's pipeline run may start long after its trigger run, so that those that
// start later have to be looked at too.
func (f *Factory) addWindows(all []TriggerRun, from, to instant) []TriggerRun {
	ahead := time.Duration(0)
	if f.world.scales.fixed == 1 {
		ahead = longestWait
	}
	const apart = 5 * time.Second // more than two triggers of the same delay fire apart
	for _, r := range f.between(from.add(-apart), to.add(ahead)) {
		s := r.startedBy()
		if s == nil || s.pattern != patternWindow {
			continue
		}
		if stamp := r.triggered(); stamp >= from && stamp <= to {
			all = f.addRun(all, r, s)
			all[len(all)-1].waits = f.dependencyMet(r, s)
		}
		all = f.addInVain(all, r, s, from, to)
	}
	return all
}

// dependencyMet is until when the window of r waited for another trigger's; 0 when it did not.
func (f *Factory) dependencyMet(r *Run, s *start) instant {
	if s.after == "" || r.triggered() == r.start {
		return 0
	}
	n := s.windowOf(r)
	upstream, other := f.startNamed(s.after)
	if upstream == nil {
		return 0
	}
	due := other.due(f.world.seed, n)
	for _, u := range f.between(due, r.start) {
		if u.pipeline == upstream && u.startedBy() == other && other.windowOf(u) == n {
			return min(r.start, s.dependencyMet(f.world.seed, u))
		}
	}
	return 0
}

// addInVain adds the windows of other triggers that waited for r, which did not succeed, until somebody cancelled them.
func (f *Factory) addInVain(all []TriggerRun, r *Run, s *start, from, to instant) []TriggerRun {
	if r.outcome == succeeded || f.world.scales.fixed != 1 {
		return all
	}
	for _, p := range f.pipelines() {
		for i := range p.starts {
			waiting := &p.starts[i]
			if waiting.pattern != patternWindow || waiting.after != s.trigger {
				continue
			}
			n := s.windowOf(r)
			if stamp := waiting.due(f.world.seed, n); stamp >= from && stamp <= to {
				h := mixAll(f.world.seed, saltTriggerRun, uint64(n), 2) //nolint:gosec // after 1970
				all = append(all, TriggerRun{
					factory: f, name: waiting.trigger, kind: byWindow, stamp: stamp, waits: math.MaxInt64, start: waiting, window: n, variant: uint16(n & 0xffff),
					ends: stamp.add(4*time.Hour + time.Duration(h%uint64(5*time.Hour/tick)*tick)),
				})
			}
		}
	}
	return all
}

// failedPerDay is how many events a day, for each trigger, lack what the trigger's parameters ask for.
const failedPerDay = 0.6

// addFailed adds the trigger runs of custom events whose payload lacks a key: they fail, and no pipeline run exists.
func (f *Factory) addFailed(all []TriggerRun, from, to instant) []TriggerRun {
	from = max(from, f.world.begin)
	for _, t := range f.triggers() {
		if t.start.origin != byEvent || t.state != TriggerStarted {
			continue
		}
		key := t.missingKey()
		for d := dayOf(from); key != "" && d <= dayOf(to); d++ {
			rng := dice(f.world.seed, saltTriggerRun, textKey(f.Name+"/"+t.name), uint64(d)) //nolint:gosec // days after 1970
			for range poisson(failedPerDay, rng) {
				stamp := d.clock(t.start.arrival(rng)) / tick * tick
				variant := uint16(1<<15 + rng.IntN(1<<14)) //nolint:gosec // below 2^16, where no run's is
				if stamp >= from && stamp <= to && !f.world.wasPaused(triggerKey(f, t.name), stamp) {
					all = append(all, TriggerRun{
						factory: f, name: t.name, kind: byEvent, stamp: stamp, start: t.start, trigger: t, variant: variant,
						fails: "The template language expression 'triggerBody().event.data." + key + "' cannot be evaluated because property '" + key +
							"' doesn't exist, available properties are 'id, changedAt'.",
					})
				}
			}
		}
	}
	return all
}

// missingKey is a key of the event's data that a parameter of the trigger's pipelines refers to; empty without one.
func (t *trigger) missingKey() string {
	for _, p := range t.pipelines {
		for _, q := range p.parameters {
			if value := p.triggered(t.start)[q.name]; strings.HasPrefix(value, eventData) {
				return strings.TrimPrefix(value, eventData)
			}
		}
	}
	return ""
}

// Factory is where the trigger stands.
func (t *TriggerRun) Factory() *Factory { return t.factory }

// Name is the trigger's name.
func (t *TriggerRun) Name() string { return t.name }

// Timestamp is when the trigger fired. It never changes.
func (t *TriggerRun) Timestamp() time.Time { return t.stamp.time() }

// ID is the trigger run's id, the same as InvokedBy.ID of all runs it started.
func (t *TriggerRun) ID() string {
	return triggerRunID(t.factory.world.seed, t.name, t.stamp, t.variant)
}

// GroupID is the id of the first trigger run of the same window.
func (t *TriggerRun) GroupID() string {
	if len(t.runs) > 0 && t.runs[0].first != nil {
		return t.runs[0].head().InvokedBy().ID
	}
	return t.ID()
}

// Runs are the pipeline runs that the trigger run has started by then.
func (t *TriggerRun) Runs(by time.Time) []*Run {
	return slices.DeleteFunc(slices.Clone(t.runs), func(r *Run) bool { return !r.StartedBy(by) })
}

// At is the trigger run's state at when, which must not be before [TriggerRun.Timestamp].
func (t *TriggerRun) At(when time.Time) TriggerRunState {
	now := at(when)
	s := TriggerRunState{
		TriggerName: t.name, TriggerRunID: t.ID(), TriggerType: t.kind.invokedByType(), TriggerRunTimestamp: t.Timestamp(), Status: t.status(when),
		Properties: t.properties(), TriggeredPipelines: map[string]string{}, GroupID: t.GroupID(), DependencyStatus: map[string]any{},
	}
	for _, r := range t.runs {
		if r.start <= now {
			s.TriggeredPipelines[r.PipelineName()] = r.RunID()
		}
	}
	if t.fails != "" {
		s.Message = &t.fails
	}
	return s
}

// status of a schedule or an event says whether the trigger fired, that of a window what became of its pipeline run.
func (t *TriggerRun) status(when time.Time) string {
	now := at(when)
	switch {
	case t.fails != "":
		return StatusFailed
	case t.kind != byWindow:
		return StatusSucceeded
	case now < t.waits && (t.ends == 0 || now < t.ends):
		return StatusWaitingOnDependency
	case t.ends > 0:
		return StatusCancelled
	case now < t.runs[0].start:
		return StatusWaiting
	}
	if s := t.runs[0].At(when); s.Terminal() {
		return s.Status
	}
	return StatusRunning
}
