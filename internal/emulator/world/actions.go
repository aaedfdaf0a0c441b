package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What people, scripts and other programs do to the company through Azure: they start runs, run them again, cancel
// them, and switch triggers on and off.

// Why an action is refused.
var (
	ErrNoPipeline = errors.New("the factory has no such pipeline")
	ErrNoRun      = errors.New("the factory has no such run")
	ErrNoActivity = errors.New("the pipeline has no such activity")
	ErrOther      = errors.New("the run is one of another pipeline")
)

// Creation is what a createRun asks for (ADF REST, Pipelines - Create Run).
type Creation struct {
	Pipeline string
	// RunID is the id that the run gets if it is free; empty lets the world choose.
	RunID string
	// Parameters replace the usual values; those that the pipeline does not declare are dropped, as recorded.
	Parameters map[string]json.RawMessage
	// Reference is the id of an earlier run whose parameters are taken over; empty for none.
	Reference string
	// IsRecovery makes the run a rerun in the group of Reference.
	IsRecovery bool
	// StartActivity is the top-level activity that a rerun begins with; empty begins at the beginning.
	StartActivity string
	// StartFromFailure makes a rerun begin with the activity that failed.
	StartFromFailure bool
}

// CreateRun starts a run of f now. What becomes of it is the pipeline's habit, as with any run. Its errors are
// [ErrNoPipeline], [ErrNoRun] for the reference, [ErrOther] and [ErrNoActivity].
func (w *World) CreateRun(f *Factory, c Creation) (*Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pl := w.pipelineOf(f, c.Pipeline)
	if pl == nil {
		return nil, ErrNoPipeline
	}
	o := order{pipeline: pl, start: w.now / tick * tick, origin: byHand, asked: true}
	given := map[string]json.RawMessage{}
	for name, value := range c.Parameters {
		given[name] = json.RawMessage(asText(string(value)))
	}
	var earlier *Run
	if c.Reference != "" {
		if earlier = w.find(f, c.Reference); earlier == nil {
			return nil, ErrNoRun
		}
		given = takeOver(given, earlier)
	}
	if earlier != nil && c.IsRecovery {
		if err := w.again(&o, earlier, c); err != nil {
			return nil, err
		}
	}
	number := firstScripted + uint64(len(w.scripted))
	o.variant = uint16(mix(number) % (1 << 15))
	p := &w.planner
	p.rng = dice(w.seed, saltAction, number)
	p.out = nil
	r := p.plan(o)
	r.script = &script{parameters: given, from: o.from}
	if o.first != nil {
		lastOf(o.first, w.now).rerun.Store(r)
	}
	w.adopt(r, p.out, c.RunID)
	return r, nil
}

// adopt gives runs that no day planned their numbers, starts the first and puts the others in line.
func (w *World) adopt(r *Run, all []*Run, id string) {
	for _, x := range all {
		x.number = firstScripted + uint32(len(w.scripted)) //nolint:gosec // far fewer than 2^31
		w.scripted = append(w.scripted, x)
	}
	if key := strings.ToLower(id); key != "" && w.given[key] == nil {
		r.script.id = id
		w.given[key] = r
	}
	r.pipeline.factory.runs = append(r.pipeline.factory.runs, r)
	w.pending = append(slices.Clone(w.pending), all[1:]...)
	slices.SortStableFunc(w.pending, byStart)
}

// takeOver adds the parameters of an earlier run to those that were given.
func takeOver(given map[string]json.RawMessage, earlier *Run) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(earlier.Parameters(), &all); err != nil {
		return given // never: they are this package's own JSON
	}
	maps.Copy(all, given)
	return all
}

// again makes o a rerun in the group of an earlier run. Whoever would have run it again later finds it done.
func (w *World) again(o *order, earlier *Run, c Creation) error {
	if earlier.pipeline != o.pipeline {
		return ErrOther
	}
	o.first = earlier.head()
	last := lastOf(o.first, w.now)
	w.dropRerun(last, w.now)
	steps := earlier.pipeline.steps
	switch {
	case c.StartActivity != "":
		i := slices.IndexFunc(steps, func(s step) bool { return strings.EqualFold(s.name, c.StartActivity) })
		if i < 0 {
			return ErrNoActivity
		}
		o.from = uint8(i) //nolint:gosec // a pipeline has a handful of steps
	case c.StartFromFailure && earlier.outcome == failed:
		o.from = earlier.failStep
	}
	return nil
}

// lastOf is the last run of a group that has started.
func lastOf(first *Run, now instant) *Run {
	for {
		next := first.rerun.Load()
		if next == nil || next.start > now {
			return first
		}
		first = next
	}
}

// pipelineOf finds a pipeline by its name, without case, as ARM does.
func (w *World) pipelineOf(f *Factory, name string) *Pipeline {
	for _, p := range w.pipelines {
		if p.factory == f && strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return w.adhoc[f.Name+"/"+strings.ToLower(name)]
}

// firstStep is the index of the first step that r runs.
func (r *Run) firstStep() int {
	if r.script == nil {
		return 0
	}
	return int(r.script.from)
}

// ending is the end that a run gets instead of the planned one.
type ending struct {
	asked   instant // from here on it is Canceling; for a run that fails with its child, the end
	end     instant
	outcome outcome
	message string
	child   *Run // whose cancel made the run fail; nil for a cancel
}

// Cancel asks for the end of a run that still runs; one that has ended stays as it is. A recursive cancel takes its child
// runs with it. Children that have not started never do, and a parent that waits for the run fails. Its error is
// [ErrNoRun].
func (w *World) Cancel(f *Factory, id string, isRecursive bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.find(f, id)
	if r == nil {
		return ErrNoRun
	}
	w.cancel(r, isRecursive)
	return nil
}

func (w *World) cancel(r *Run, isRecursive bool) {
	if r.isOver(w.now) {
		return
	}
	length := 2*time.Second + time.Duration(mix(uint64(r.number))%7000)*time.Millisecond
	e := &ending{asked: w.now, end: max(w.now, min(w.now.add(length), r.end)), outcome: cancelled}
	r.changed.Store(e)
	for _, c := range r.children() {
		switch {
		case c.start > w.now:
			w.drop(c, w.now)
		case isRecursive:
			w.cancel(c, true)
		}
	}
	w.dropRerun(r, w.now)
	if r.parent != nil {
		w.failWith(r.parent, r, e.end)
	}
}

// failWith lets a run fail because the child run that it waits for was cancelled.
func (w *World) failWith(r, child *Run, childEnd instant) {
	if r.isOver(w.now) {
		return
	}
	const handOver = 400 * time.Millisecond
	when := max(w.now, min(childEnd.add(handOver), r.end))
	name := r.childTop(child.ordinal).name
	r.changed.Store(&ending{
		asked: when, end: when, outcome: failed, child: child,
		message: fmt.Sprintf("Operation on target %s failed: The pipeline run '%s' was cancelled.", name, child.RunID()),
	})
	for _, c := range r.children() {
		if c.start >= when {
			w.drop(c, w.now)
		}
	}
	if r.parent != nil {
		w.failWith(r.parent, r, when)
	}
}

// isOver reports whether the run has ended by then, or is about to end otherwise than planned.
func (r *Run) isOver(now instant) bool { return r.changed.Load() != nil || now >= r.settled() }

// drop takes back a planned run that has not started by then, with all that would follow from it.
func (w *World) drop(r *Run, then instant) {
	if r.start <= then {
		return
	}
	w.dropped[r] = true
	for _, c := range r.children() {
		w.drop(c, then)
	}
	w.dropRerun(r, then)
}

func (w *World) dropRerun(r *Run, then instant) {
	if next := r.rerun.Load(); next != nil && next.start > then {
		w.drop(next, then)
		r.rerun.Store(nil)
	}
}

// isHeldBack reports whether a run that is due does not start, and takes back what would follow from it.
func (w *World) isHeldBack(r *Run) bool {
	if !w.isOff(r) {
		return false
	}
	if !w.dropped[r] {
		w.drop(r, r.start-1)
	}
	return true
}

// isOff reports whether a pending run will not start: it was taken back, or its trigger is stopped.
func (w *World) isOff(r *Run) bool {
	if w.dropped[r] {
		return true
	}
	s := r.startedBy()
	return s != nil && len(w.pauses) > 0 && w.isStopped(triggerKey(r.pipeline.factory, s.trigger))
}

// forget takes the run's number back, so that its id leads nowhere.
func (w *World) forget(r *Run) {
	delete(w.dropped, r)
	if r.number >= firstScripted {
		w.scripted[r.number-firstScripted] = nil
		return
	}
	w.numbered[r.number] = nil
}

// show writes what ADF shows of the run from the cancel on.
func (e *ending) show(r *Run, state *RunState, now instant) {
	empty := ""
	if now < e.end {
		state.Status, state.Message, state.LastUpdated = StatusCanceling, &empty, e.asked.time()
		return
	}
	end, duration := e.end.time(), e.end.sub(r.start).Milliseconds()
	state.Status, state.LastUpdated = e.outcome.status(), end
	if e.message != "" || r.origin == byHand {
		state.Message = &e.message
	}
	state.RunEnd, state.DurationInMs = &end, &duration
	state.PipelineReturnValue = json.RawMessage("{}")
}

// cut leaves of the planned activity runs what had begun before the cancel, and lets what ran on end with it.
func (e *ending) cut(rows []activityRun) []activityRun {
	var kept []activityRun
	for _, a := range rows {
		if a.begin >= e.asked {
			continue
		}
		if a.end > e.end {
			a.end, a.status, a.message = e.end, StatusCancelled, ""
			if e.child != nil && (a.child == e.child || a.step.child != nil && len(a.step.inner) > 0) {
				a.status, a.message = StatusFailed, e.message
			}
		}
		kept = append(kept, a)
	}
	return kept
}

// childTop is the top-level activity in which the child with that ordinal was started.
func (r *Run) childTop(ordinal uint8) *step {
	left := int(ordinal)
	for i := r.firstStep(); i < len(r.pipeline.steps); i++ {
		s := &r.pipeline.steps[i]
		if s.child == nil {
			continue
		}
		if n := max(1, len(s.items)); left >= n {
			left -= n
			continue
		}
		return s
	}
	return &r.pipeline.steps[0]
}
