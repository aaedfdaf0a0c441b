package world

import "time"

// A tumbling window trigger cuts the universal time into windows, in which no change of clocks leaves a gap, and starts
// its pipeline once for each: when the window has closed and a delay is over, when the trigger it depends on has
// succeeded for the same window, and when fewer windows than maxConcurrency are at work.

// windowDelay is the delay of all tumbling window triggers: the time for the last rows of a window to arrive.
const windowDelay = 2 * time.Minute

// longestWait is the longest that a window waits for the one before it. After that it starts all the same: a backlog is
// believable, one without end is not.
const longestWait = 30 * time.Hour

// windowed is what the planner remembers of a tumbling window trigger.
type windowed struct {
	day   day
	runs  map[int64]*Run // of that day, by the number of the window
	ended instant        // the last of all days
}

// planWindows plans the windows that are due on one day. The number of its window is a run's variant, so that window and
// wait can be told from the run alone. At other sizes of the world than the usual, where windows are worked on several
// times or not at all, no window waits for another.
func (w *World) planWindows(p *planner, trees []tree, o order, s *start, d day) []tree {
	if p.windows == nil {
		p.windows = map[*Pipeline]*windowed{}
	}
	own := &windowed{day: d, runs: map[int64]*Run{}}
	if before := p.windows[o.pipeline]; before != nil {
		own.ended = before.ended
	}
	p.windows[o.pipeline] = own
	for n := s.windowClosed(d.clock(0).add(-windowDelay)-1) + 1; n <= s.windowClosed((d+1).clock(0).add(-windowDelay)-1); n++ {
		o.variant = uint16(n & 0xffff)
		due := s.due(w.seed, n)
		if w.scales.fixed != 1 {
			for c := range int(w.scales.fixed + p.rng.Float64()) {
				o.start = due
				if c > 0 {
					o.start = due.add(time.Duration(p.rng.Int64N(int64(35 * time.Minute))))
				}
				trees = w.keepSince(p, trees, o)
			}
			continue
		}
		start, ok := w.released(p, o.pipeline, s, n, due)
		if o.start = start; !ok || start < w.begin {
			continue
		}
		trees = w.keepSince(p, trees, o)
		r := trees[len(trees)-1].runs[0]
		own.runs[n] = r
		own.ended = max(own.ended, r.end)
	}
	return trees
}

func (w *World) keepSince(p *planner, trees []tree, o order) []tree {
	if o.start < w.begin {
		return trees
	}
	return w.keep(trees, p.tree(o), false)
}

// released is when the window's run starts; ok is false when it never does, because the other trigger failed.
func (w *World) released(p *planner, pl *Pipeline, s *start, n int64, due instant) (when instant, ok bool) {
	when = due
	if s.after != "" {
		other, _ := pl.factory.startNamed(s.after)
		upstream := p.windows[other]
		if upstream == nil || upstream.runs[n] == nil || upstream.runs[n].outcome != succeeded {
			return 0, false
		}
		when = max(when, s.dependencyMet(w.seed, upstream.runs[n]))
	}
	if own := p.windows[pl]; s.alone && own.ended >= when {
		when = min(own.ended.add(1200*time.Millisecond), due.add(longestWait))
	}
	return when, true
}

// dependencyMet is when the trigger notices that the run it waited for has ended.
func (s *start) dependencyMet(seed uint64, upstream *Run) instant {
	h := mixAll(seed, saltTriggerRun, textKey(s.trigger), uint64(upstream.end)) //nolint:gosec // after 1970
	return upstream.end.add(time.Second + time.Duration(h%40_000_000*tick))
}

// windowClosed is the number of the last window that has closed by then; the n-th ends n+1 lengths after 1970.
func (s *start) windowClosed(by instant) int64 { return int64(by)/int64(s.every) - 1 }

func (s *start) window(n int64) (from, to instant) {
	return instant(n * int64(s.every)), instant((n + 1) * int64(s.every))
}

// due is when the trigger run of a window comes into being: up to three seconds after the delay.
func (s *start) due(seed uint64, n int64) instant {
	_, closed := s.window(n)
	h := mixAll(seed, saltTriggerRun, textKey(s.trigger), uint64(n)) //nolint:gosec // after 1970
	return closed.add(windowDelay + time.Duration(h%uint64(3*time.Second/tick)*tick))
}

// windowOf is the number of the window that a run started by s works on: the last one with the number the run carries.
func (s *start) windowOf(r *Run) int64 {
	last := s.windowClosed(r.start)
	return last - (last-int64(r.variant))&0xffff
}

// window is the window that the run's group works on; for a run that no window started, the hour before.
func (r *Run) window() (from, to instant) {
	head := r.head()
	if s := head.startedBy(); s != nil && s.pattern == patternWindow {
		return s.window(s.windowOf(head))
	}
	to = head.start / instant(time.Hour) * instant(time.Hour)
	return to.add(-time.Hour), to
}

// startedBy is the entry of the pipeline's table that started the run; nil for runs that people or other runs started.
func (r *Run) startedBy() *start {
	if r.origin == byHand || r.origin == byPipeline || int(r.trigger) >= len(r.pipeline.starts) {
		return nil
	}
	return &r.pipeline.starts[r.trigger]
}

// triggered is when the trigger run that started r came into being: with the run, but for windows that had to wait.
func (r *Run) triggered() instant {
	s := r.startedBy()
	if s == nil || s.pattern != patternWindow || r.world().scales.fixed != 1 || r.first != nil {
		return r.start
	}
	return min(r.start, s.due(r.world().seed, s.windowOf(r)))
}

// startNamed is the pipeline and the entry of its table that a trigger's name stands for; nil without one. A trigger that
// starts several pipelines gives its first.
func (f *Factory) startNamed(trigger string) (*Pipeline, *start) {
	for _, p := range f.pipelines() {
		for i := range p.starts {
			if p.starts[i].trigger == trigger {
				return p, &p.starts[i]
			}
		}
	}
	return nil, nil
}

// pipelines are those of f in the order of its table.
func (f *Factory) pipelines() []*Pipeline { return f.site.pipelines }
