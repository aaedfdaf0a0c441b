package world

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// planner makes runs: what becomes of each is decided here, once.
type planner struct {
	world *World
	rng   *rand.Rand
	slab  []Run
	out   []*Run // the runs of the tree in hand

	windows map[*Pipeline]*windowed // of the tumbling window triggers, what was planned last

	today    day // the day whose troubles are in hand
	extra    []trouble
	troubles []*trouble
}

// order is a run to be planned.
type order struct {
	pipeline *Pipeline
	start    instant
	origin   origin
	trigger  uint8
	variant  uint16
	first    *Run // of the group, for a rerun
	parent   *Run
	ordinal  uint8
	from     uint8 // the first step to run
	asked    bool  // of a program, which does not cancel it by chance
	calm     bool  // must succeed
	bound    *fate // is decided already
}

// fate is how a run's own steps end; a run with children may still fail by one of them.
type fate struct {
	outcome outcome
	at      position
	cause   uint8
	handled bool
}

// tree plans a run, its children, and the reruns people will start when it fails.
func (p *planner) tree(o order) []*Run {
	p.out = nil
	r := p.plan(o)
	switch {
	case o.calm || o.bound != nil:
	case r.outcome == failed:
		p.reruns(r)
	default:
		p.meetLimit(r)
	}
	return p.out
}

func (p *planner) plan(o order) *Run {
	r := p.alloc()
	*r = Run{
		pipeline: o.pipeline, parent: o.parent, first: o.first, start: o.start, trigger: o.trigger, origin: o.origin,
		variant: o.variant, ordinal: o.ordinal,
	}
	p.out = append(p.out, r)
	r.left = r.start.add(p.queueTime(o.bound != nil))
	f := p.fate(o, r.left)
	if f.outcome == failed && f.at.step < o.from {
		f = fate{} // what would fail is not run again
	}
	r.failStep, r.failInner, r.cause = f.at.step, f.at.inner, f.cause
	if f.handled {
		r.flags |= flagHandled
	}
	length := p.length(o.pipeline, r.left, f)
	if o.pipeline.startsOthers() {
		p.orchestrate(r, o, f, length)
		return r
	}
	r.outcome = f.outcome
	r.end = r.left.add(length)
	switch f.outcome {
	case failed:
		r.flags |= flagOwnFailure
	case cancelled:
		r.cancelling = uint32(min(2000+p.rng.IntN(7000), int(length.Milliseconds()))) //nolint:gosec // a few thousand
		if p.rng.IntN(4) == 0 {
			r.flags |= flagNoEnd
		}
	case succeeded:
	}
	return r
}

func (p *planner) alloc() *Run {
	if len(p.slab) == 0 {
		p.slab = make([]Run, 1024)
	}
	r := &p.slab[0]
	p.slab = p.slab[1:]
	return r
}

// queueTime is short, but now and then a pipeline is at its limit of concurrent runs.
func (p *planner) queueTime(short bool) time.Duration {
	if !short && p.rng.IntN(60) == 0 {
		return 20*time.Second + time.Duration(p.rng.Int64N(int64(3*time.Minute)))
	}
	return 120*time.Millisecond + time.Duration(p.rng.Int64N(int64(900*time.Millisecond)))
}

// fate decides the outcome of the run's own steps: first by the incidents of the time, then by the pipeline's habits.
func (p *planner) fate(o order, when instant) fate {
	if o.bound != nil {
		return *o.bound
	}
	w := p.world
	for _, t := range p.troublesAt(when) {
		if t.cause == "" || o.calm && t.cause != runtimeOffline || !t.concerns(o.pipeline, when) || p.rng.Float64() >= t.share {
			continue
		}
		if place, ok := t.place(o.pipeline, w.causes); ok {
			return fate{outcome: failed, at: place, cause: t.causeIndex}
		}
	}
	if o.calm {
		return fate{}
	}
	if p.rng.Float64() < failureShare(o.pipeline) {
		return p.ownFailure(o.pipeline)
	}
	if o.parent == nil && !o.asked && !o.pipeline.startsOthers() && p.rng.Float64() < cancelledShare {
		return fate{outcome: cancelled}
	}
	return fate{}
}

const (
	usualFailures  = 0.0035 // share of runs that fail of themselves
	cancelledShare = 0.004
)

func failureShare(pl *Pipeline) float64 {
	h := &pl.habits
	switch {
	case h.neverFails:
		return 0
	case h.failing > 0:
		return h.failing
	}
	return usualFailures
}

// ownFailure mostly hits the same step for the same reason: that is how pipelines are.
func (p *planner) ownFailure(pl *Pipeline) fate {
	if len(pl.positions()) == 0 {
		return fate{}
	}
	f := fate{outcome: failed, at: pl.weakStep, cause: pl.weakCause}
	if p.rng.IntN(10) < 3 {
		places := pl.positions()
		f.at = places[p.rng.IntN(len(places))]
		candidates := p.world.causesOf(pl.stepAt(f.at).kind)
		f.cause = candidates[p.rng.IntN(len(candidates))]
	}
	if pl.habits.handles && f.at.step+1 == pl.handler() {
		f.outcome, f.handled = succeeded, true
	}
	return f
}

// handler is the index of the step that runs when the one before it failed; 255 without one.
func (p *Pipeline) handler() uint8 {
	i := slices.IndexFunc(p.steps, func(s step) bool { return s.onFailure })
	return uint8(i) //nolint:gosec // a pipeline has a handful of steps; -1 becomes 255, which no step has
}

// length is how long the run's own steps take.
func (p *planner) length(pl *Pipeline, when instant, f fate) time.Duration {
	w := p.world
	d := float64(pl.usual) * math.Exp(0.22*p.rng.NormFloat64())
	for _, t := range p.troublesAt(when) {
		if t.slower > 0 && t.concerns(pl, when) {
			d *= t.slower * (0.8 + 0.4*p.rng.Float64())
		}
	}
	if pl.habits.degrading > 0 {
		d *= 1 + pl.habits.degrading*w.progress(when)
	}
	switch f.outcome {
	case failed:
		if slower := w.causes[f.cause].slower; slower > 0 {
			d *= slower
		} else {
			d *= 0.15 + 0.8*p.rng.Float64()
		}
	case cancelled:
		d *= 0.1 + 0.9*p.rng.Float64()
	case succeeded:
	}
	return max(time.Second, time.Duration(d))
}

// progress is 0 at the beginning of the history, 1 at the world's start and at most 1.5 later.
func (w *World) progress(when instant) float64 {
	return min(1.5, max(0, float64(when-w.begin)/float64(w.start-w.begin)))
}

// orchestrate plans a run with children: its steps follow one another, each child begins when its step does, and a
// child that fails makes the run fail there.
func (p *planner) orchestrate(r *Run, o order, f fate, own time.Duration) {
	pl := o.pipeline
	const handOver = 400 * time.Millisecond
	share := own / time.Duration(len(pl.steps)+1)
	t := r.left.add(share / 2)
	var last *Run
	for i := range pl.steps {
		s := &pl.steps[i]
		if i < int(o.from) {
			continue
		}
		if f.outcome == failed && int(f.at.step) == i {
			r.outcome = failed
			r.flags |= flagOwnFailure
			r.end = t.add(share)
			return
		}
		if s.child == nil {
			t = t.add(share)
			continue
		}
		ended, broken := p.startChildren(r, o, s, t.add(handOver), &last)
		t = ended.add(handOver)
		if broken {
			r.outcome, r.failStep, r.failInner = failed, uint8(i), 0
			r.end = t.add(handOver)
			return
		}
	}
	r.end = t.add(share / 2)
}

// startChildren plans the child runs of one step; a ForEach starts them all, a few seconds apart at most.
func (p *planner) startChildren(r *Run, o order, s *step, t instant, last **Run) (ended instant, broken bool) {
	for item := range max(1, len(s.items)) {
		c := p.plan(order{
			pipeline: s.child, start: t.add(time.Duration(item) * 90 * time.Millisecond), origin: byPipeline, parent: r,
			variant: uint16(item), ordinal: uint8(p.nextOrdinal(*last)), calm: o.calm, //nolint:gosec // a few dozen children at most
		})
		if *last == nil {
			r.child = c
		} else {
			(*last).sibling = c
		}
		*last = c
		ended = max(ended, c.end)
		broken = broken || c.outcome == failed
	}
	return ended, broken
}

func (p *planner) nextOrdinal(last *Run) int {
	if last == nil {
		return 0
	}
	return int(last.ordinal) + 1
}

// reruns are what people do about a failure: they start it again, sometimes more than once, seldom never. Where the
// next run does the same work anyway they mostly wait for that one.
func (p *planner) reruns(r *Run) {
	o := order{pipeline: r.pipeline, origin: byHand, variant: r.variant, first: r}
	chance := 0.94
	if r.pipeline.habits.seldomHeld || !r.pipeline.dated() {
		chance = 0.2
	}
	for range 3 {
		if p.rng.Float64() >= chance {
			return
		}
		o.start = p.noticed(r.end)
		o.calm = p.rng.Float64() < 0.85
		again := p.plan(o)
		r.rerun.Store(again)
		r = again
		if r.outcome != failed {
			return
		}
		chance = 0.94
	}
}

// noticed is when somebody deals with a failure: within the hour by day, in the morning after a night.
func (p *planner) noticed(failedAt instant) instant {
	d, clock := dayOf(failedAt), timeOfDay(failedAt)
	if clock > hm(7, 0) && clock < hm(21, 0) {
		return failedAt.add(4*time.Minute + time.Duration(p.rng.Int64N(int64(55*time.Minute))))
	}
	if clock >= hm(21, 0) {
		d++
	}
	return max(failedAt.add(time.Minute), d.clock(hm(7, 10)+time.Duration(p.rng.Int64N(int64(100*time.Minute)))))
}
