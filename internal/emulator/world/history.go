package world

import (
	"cmp"
	"slices"
	"time"
)

// tree is a run with all that follows from it.
type tree struct {
	runs    []*Run
	before  int  // how many of them start before the world does
	elastic bool // one more or one less of it is not noticed
	cast    bool // belongs to what a visitor must find at the start
}

// scales are how many times as many starts as usual the size of the world asks for. At about the natural size, fixed is
// exactly 1, so that what runs nightly runs once a night, and arrivals make up the difference.
type scales struct{ fixed, elastic float64 }

func (w *World) chooseScales() scales {
	var fixed, elastic float64
	for d := dayOf(w.begin); d < dayOf(w.start); d++ {
		for _, p := range w.pipelines {
			for i := range p.starts {
				n := p.starts[i].expected(d) * float64(p.treeSize())
				if p.starts[i].elastic() {
					elastic += n
				} else {
					fixed += n
				}
			}
		}
	}
	wanted := float64(w.size) - w.start.sub(w.feed).Seconds()*w.feedPerSecond()
	if rest := (wanted - fixed) / elastic; rest > 0.3 && rest < 3 {
		return scales{fixed: 1, elastic: rest}
	}
	both := wanted / (fixed + elastic)
	return scales{fixed: both, elastic: both}
}

// planDay plans all that starts by itself on one day, except what would start before the history begins, and appends it
// to trees.
func (w *World) planDay(p *planner, trees []tree, d day) []tree {
	for _, pl := range w.pipelines {
		for i := range pl.starts {
			p.rng = dice(w.seed, saltPlan, uint64(pl.index), uint64(i), uint64(d)) //nolint:gosec // days after 1970
			trees = w.planStart(p, trees, pl, uint8(i), d)
		}
	}
	return trees
}

func (w *World) planStart(p *planner, trees []tree, pl *Pipeline, trigger uint8, d day) []tree {
	s := &pl.starts[trigger]
	o := order{pipeline: pl, origin: s.origin, trigger: trigger}
	if s.pattern == patternWindow {
		return w.planWindows(p, trees, o, s, d)
	}
	for n, when := range s.occurrences(d, w.scales.elastic, p.rng) {
		copies := 1
		if !s.elastic() && w.scales.fixed != 1 {
			copies = int(w.scales.fixed + p.rng.Float64())
		}
		for c := range copies {
			o.start, o.variant = when, uint16(n+c)
			if c > 0 {
				o.start = when.add(time.Duration(p.rng.Int64N(int64(35 * time.Minute))))
			}
			if s.elastic() {
				o.variant = uint16(p.rng.IntN(1 << 15)) //nolint:gosec // below 2^15
			}
			if o.start >= w.begin {
				trees = w.keep(trees, p.tree(o), s.elastic())
			}
		}
	}
	if s.pattern == patternStream {
		trees = w.planFeed(p, trees, o, s, d)
	}
	return trees
}

func (w *World) keep(trees []tree, runs []*Run, elastic bool) []tree {
	t := tree{runs: runs, elastic: elastic}
	for _, r := range runs {
		if r.start <= w.start {
			t.before++
		}
	}
	return append(trees, t)
}

// feedShare of the history at most is the live feed, which a campaign switched on before the world starts.
const feedShare = 0.05

// busyShare is the same where the feed is all that the company is about.
const busyShare = 0.5

// feedFrom is when the feed was switched on: two hours before the start, or as the scenario says, later in a small world.
func (w *World) feedFrom() instant {
	share, length := feedShare, 2*time.Hour
	if w.scenario.feed > 0 {
		share, length = busyShare, w.scenario.feed
	}
	affordable := float64(w.size) * share / w.feedPerSecond()
	return w.start.add(-min(length, time.Duration(affordable*float64(time.Second))))
}

func (w *World) feedPerSecond() float64 {
	perSecond := 0.0
	for _, p := range w.pipelines {
		for i := range p.starts {
			if s := &p.starts[i]; s.pattern == patternStream {
				perSecond += 1 / s.every.Seconds()
			}
		}
	}
	return perSecond
}

// throttledFrom is when the partners began to refuse some of the feed's calls, as they still do.
func (w *World) throttledFrom() instant { return max(w.feed, w.start.add(-10*time.Minute)) }

// refusedIn is the number of calls of which a throttled feed loses one.
const refusedIn = 5

// planFeed plans a feed's runs of one day: one every few seconds. The refused calls are drawn so that no minute of a
// throttled feed is without one; each is soon followed by a success with the same parameters.
func (w *World) planFeed(p *planner, trees []tree, o order, s *start, d day) []tree {
	from, to := max(d.clock(0), w.feed), (d + 1).clock(0)
	refused := int64(2)
	for slot := int64(from) / int64(s.every); slot*int64(s.every) < int64(to); slot++ {
		when := instant(slot * int64(s.every)).add(time.Duration(p.rng.Int64N(int64(time.Second))))
		if when < from || when >= to {
			continue
		}
		if slot%refusedIn == 0 {
			refused = 2 + p.rng.Int64N(2)
		}
		o.start, o.variant, o.bound = when, uint16(slot%(1<<15)), nil //nolint:gosec // below 2^15
		if s.throttled && when >= w.throttledFrom() && slot%refusedIn == refused {
			o.bound = w.refusal(p, o.pipeline)
		}
		trees = w.keep(trees, p.tree(o), true)
	}
	return trees
}

func (w *World) refusal(p *planner, pl *Pipeline) *fate {
	reasons := []string{"restThrottled", "restThrottled", "restThrottled", "restServerError", "badGatewayPage"}
	return &fate{outcome: failed, at: pl.positions()[0], cause: w.causeNamed(reasons[p.rng.IntN(len(reasons))])}
}

// planHistory plans every day up to the world's start, with exactly size runs before it.
func (w *World) planHistory(p *planner) []*Run {
	trees := append(make([]tree, 0, w.size+w.size/8), w.planCast(p)...)
	for d := dayOf(w.begin); d <= dayOf(w.start); d++ {
		trees = w.planDay(p, trees, d)
	}
	trees = w.trim(trees)
	trees = w.fill(p, trees)
	runs := make([]*Run, 0, w.size+w.size/8)
	for _, t := range trees {
		runs = append(runs, t.runs...)
	}
	return runs
}

// trim takes trees out until at most size runs start before the world does: arrivals first.
func (w *World) trim(trees []tree) []tree {
	excess := -w.size
	for _, t := range trees {
		excess += t.before
	}
	shuffled := dice(w.seed, saltTrim).Perm(len(trees))
	takeOut := func(may func(*tree) bool) {
		for _, i := range shuffled {
			if t := &trees[i]; excess > 0 && t.before > 0 && !t.cast && may(t) {
				excess -= t.before
				t.runs, t.before = nil, 0
			}
		}
	}
	takeOut(func(t *tree) bool { return t.elastic && t.before <= excess })
	takeOut(func(t *tree) bool { return t.before <= excess })
	takeOut(func(*tree) bool { return true }) // a world too small for the trees that are left; fill makes up for it
	return slices.DeleteFunc(trees, func(t tree) bool { return t.runs == nil })
}

// fill adds single arrivals until size runs start before the world does.
func (w *World) fill(p *planner, trees []tree) []tree {
	missing := w.size
	for _, t := range trees {
		missing -= t.before
	}
	p.rng = dice(w.seed, saltHistory)
	days := int(dayOf(w.start) - dayOf(w.begin))
	for missing > 0 {
		pl := w.pipelines[p.rng.IntN(len(w.pipelines))]
		i := slices.IndexFunc(pl.starts, func(s start) bool { return s.elastic() })
		d := dayOf(w.begin) + day(p.rng.IntN(days+1))
		if i < 0 || pl.startsOthers() || !pl.starts[i].days.includes(d) {
			continue
		}
		s := &pl.starts[i]
		when := d.clock(s.arrival(p.rng))
		if when < w.begin || when >= w.start {
			continue
		}
		runs := p.tree(order{
			pipeline: pl, start: when, origin: s.origin, trigger: uint8(i), calm: true, //nolint:gosec // a pipeline has two starts at most
			variant: uint16(p.rng.IntN(1 << 15)), //nolint:gosec // below 2^15
		})
		trees = w.keep(trees, runs, true)
		missing--
	}
	return trees
}

// byStart orders runs by their start; where two are equal, the order follows from the pipelines, so that it is always the
// same.
func byStart(a, b *Run) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.pipeline.index, b.pipeline.index), cmp.Compare(a.variant, b.variant))
}

// enqueue gives runs their numbers, from which their ids follow, and puts them in line for being started.
func (w *World) enqueue(runs []*Run) {
	slices.SortFunc(runs, byStart)
	w.numbered = slices.Grow(w.numbered, len(runs))
	for _, r := range runs {
		r.number = uint32(len(w.numbered)) //nolint:gosec // the world holds far fewer than 2^31 runs
		w.numbered = append(w.numbered, r)
	}
	if w.odd != nil {
		w.makeOdd(runs)
	}
	w.pending = append(slices.Clone(w.pending), runs...) // a copy: what has started must not stay in memory here too
	slices.SortFunc(w.pending, byStart)
}

// historyDays is how far back the history reaches: one day less than ADF remembers.
const historyDays = 44
