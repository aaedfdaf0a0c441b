package world

import (
	"errors"
	"slices"
	"strings"
)

// Why an action on a trigger or a trigger run is refused.
var (
	ErrNoTrigger    = errors.New("the factory has no such trigger")
	ErrNoTriggerRun = errors.New("the trigger has no such run")
	ErrNotWaiting   = errors.New("the trigger run does not wait on a dependency")
	ErrNothingToRun = errors.New("the trigger run started no pipeline that could run again")
)

// pause is a time in which a trigger was stopped; to is 0 while it still is.
type pause struct{ from, to instant }

func triggerKey(f *Factory, trigger string) string { return strings.ToLower(f.Name + "/" + trigger) }

// SetTrigger starts or stops a trigger; what is so already stays so. While it is stopped it starts no run, and what it
// missed stays missed. Its error is [ErrNoTrigger].
func (w *World) SetTrigger(f *Factory, trigger string, isStarted bool) error {
	t := f.triggerNamed(trigger)
	if t == nil {
		return ErrNoTrigger
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := triggerKey(f, trigger)
	stopped := w.isStopped(key)
	switch {
	case t.state != TriggerStarted && isStarted:
		w.started[key] = true // it has no plan that would start anything
	case t.state != TriggerStarted:
		delete(w.started, key)
	case isStarted && stopped:
		pauses := w.pauses[key]
		pauses[len(pauses)-1].to = w.now
	case !isStarted && !stopped:
		w.pauses[key] = append(w.pauses[key], pause{from: w.now})
	}
	return nil
}

// HasTrigger reports whether f has a trigger of that name, compared without case.
func (f *Factory) HasTrigger(trigger string) bool { return f.triggerNamed(trigger) != nil }

func (f *Factory) triggerNamed(name string) *trigger {
	all := f.triggers()
	i := slices.IndexFunc(all, func(t *trigger) bool { return strings.EqualFold(t.name, name) })
	if i < 0 {
		return nil
	}
	return all[i]
}

// triggerState is the trigger's runtimeState, after what people did to it.
func (w *World) triggerState(f *Factory, t *trigger) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	key := triggerKey(f, t.name)
	switch {
	case w.isStopped(key):
		return TriggerStopped
	case w.started[key]:
		return TriggerStarted
	default:
		return t.state
	}
}

// isStopped is for who holds the lock, as wasPaused is.
func (w *World) isStopped(key string) bool {
	pauses := w.pauses[key]
	return len(pauses) > 0 && pauses[len(pauses)-1].to == 0
}

func (w *World) wasPaused(key string, when instant) bool {
	return slices.ContainsFunc(w.pauses[key], func(p pause) bool { return when >= p.from && (p.to == 0 || when < p.to) })
}

// RerunTrigger starts the pipelines of a trigger run again, for the same window: a new trigger run in the group of the
// first. Its errors are [ErrNoTriggerRun] and [ErrNothingToRun].
func (w *World) RerunTrigger(f *Factory, trigger, id string) error {
	t := w.triggerRun(f, trigger, id)
	if t == nil {
		return ErrNoTriggerRun
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(t.runs) == 0 || t.runs[0].start > w.now {
		return ErrNothingToRun
	}
	for _, earlier := range t.runs {
		last := lastOf(earlier.head(), w.now)
		w.dropRerun(last, w.now)
		p := &w.planner
		p.rng = dice(w.seed, saltAction, firstScripted+uint64(len(w.scripted)))
		p.out = nil
		r := p.plan(order{
			pipeline: earlier.pipeline, start: w.now / tick * tick, origin: earlier.origin, trigger: earlier.trigger,
			variant: earlier.variant, first: earlier.head(),
		})
		r.script = &script{}
		last.rerun.Store(r)
		w.adopt(r, p.out, "")
	}
	return nil
}

// CancelTrigger ends the wait of a tumbling window on its dependency; its pipeline never starts. Its errors are
// [ErrNoTriggerRun] and [ErrNotWaiting].
func (w *World) CancelTrigger(f *Factory, trigger, id string) error {
	t := w.triggerRun(f, trigger, id)
	if t == nil {
		return ErrNoTriggerRun
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.status(w.now.time()) != StatusWaitingOnDependency {
		return ErrNotWaiting
	}
	w.ended[t.ID()] = w.now
	for _, r := range t.runs {
		w.drop(r, w.now)
	}
	return nil
}

func (w *World) triggerRun(f *Factory, trigger, id string) *TriggerRun {
	t := w.TriggerRunByID(f, id)
	if t == nil || !strings.EqualFold(t.name, trigger) {
		return nil
	}
	return t
}

// endCancelled marks the trigger runs whose wait somebody ended. The caller holds the lock.
func (w *World) endCancelled(all []TriggerRun) {
	if len(w.ended) == 0 {
		return
	}
	for i := range all {
		if when, ok := w.ended[all[i].ID()]; ok {
			all[i].ends, all[i].waits, all[i].runs = when, max(all[i].waits, when), nil
		}
	}
}
