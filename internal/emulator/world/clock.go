package world

import (
	"fmt"
	"time"
)

// Now is the world's time, as of the last AdvanceTo, SetNow or Advance.
func (w *World) Now() time.Time {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now.time()
}

// AdvanceTo says what real time it is: the world's clock has moved on by what has passed, times the speed, and all runs
// due by then start. A real time before an earlier one changes nothing.
func (w *World) AdvanceTo(realTime time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	passed := realTime.Sub(w.realStart)
	if now := w.offset + instant(float64(passed)*w.speed); now > w.now {
		w.moveTo(now)
	}
}

// SetNow moves the clock forward to t; it goes on from there. See [World.Advance] for what is allowed.
func (w *World) SetNow(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jump(t.Sub(w.now.time()))
}

// Advance moves the clock forward by d; it goes on from there. The clock never goes back, since ADF's does not, and no
// further than MaxAdvance at once.
func (w *World) Advance(d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jump(d)
}

func (w *World) jump(d time.Duration) error {
	if d < 0 || d > MaxAdvance {
		return fmt.Errorf("the world's clock shows %s and goes only forward, at most %v at once", w.now.time().Format(time.RFC3339Nano), MaxAdvance)
	}
	w.offset += instant(d)
	w.moveTo(w.now + instant(d))
	return nil
}

// moveTo plans the days that the clock reaches and starts what is due. The caller holds the lock.
func (w *World) moveTo(now instant) {
	w.now = now
	for !w.scenario.still && w.planned < dayOf(now) {
		w.startDue((w.planned + 1).clock(0) - 1)
		w.planned++
		var runs []*Run
		for _, t := range w.planDay(&w.planner, nil, w.planned) {
			runs = append(runs, t.runs...)
		}
		w.enqueue(runs)
	}
	w.startDue(now)
}
