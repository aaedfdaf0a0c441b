package collector

import (
	"context"
	"errors"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

// Windows alone can miss a row: one that became visible later than they
// overlap, or that an answer left out. Sweeps read once more what is covered.
const (
	hourlyReach = 24 * time.Hour
	dailyReach  = DefaultHistory
	// hourlySlices and dailySlices are in how many parts a range is cut of
	// which a sweep reads one, where it does not read all.
	hourlySlices = 24
	dailySlices  = 15
	dailyEvery   = 24 * time.Hour
	// quietDays is how much history tells when a factory has the least to do.
	quietDays = 14
)

// sweepLoop sweeps every hour, and once a day in the factory's quietest hour,
// and reads what is ordered. It begins once history is filled.
func (f *factory) sweepLoop(ctx context.Context) {
	next := f.now().Add(jitter(f.sweepEvery)) // spreads the factories
	var retry backoff
	for {
		timer := time.NewTimer(max(0, min(next.Sub(f.now()), f.sweepEvery))) // however our clock is set
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case o := <-f.orders.waiting:
			timer.Stop()
			// How it ends the order tells, beside what sweeps found by themselves.
			o.end(f.sweepOrdered(budget.For(ctx, budget.Sweep), o), adf.TimeOf(f.now()))
		case <-timer.C:
			now := f.now()
			// From the last one, not from now: sweeps that come ever later would
			// leave a slice out in the end.
			if next = next.Add(f.sweepEvery); next.Before(now) || next.Sub(now) > f.sweepEvery {
				next = now.Add(f.sweepEvery)
			}
			if !f.activities.isFilled() {
				continue // the fill reads it anyway
			}
			err := f.sweepDue(budget.For(ctx, budget.Sweep))
			f.report(ctx, partSweep, err)
			if passesSoon(err) {
				next = f.now().Add(min(f.sweepEvery, retry.after(err, f.now())))
			} else {
				retry.reset()
			}
		}
	}
}

// sweepDue carries out the hourly sweep, and the daily one when it is time.
func (f *factory) sweepDue(ctx context.Context) error {
	if err := f.sweep(ctx, sweeping{store.SweepHour, hourlyReach, hourlySlices, f.sweepEvery}); err != nil {
		return err
	}
	isDue, err := f.isDailyDue(ctx)
	if err != nil || !isDue {
		return err
	}
	return f.sweep(ctx, sweeping{store.SweepDay, dailyReach, dailySlices, dailyEvery})
}

// isDailyDue reports whether the last daily sweep is over 20 hours old and the
// factory is in its quietest hour, or 40 hours old.
func (f *factory) isDailyDue(ctx context.Context) (bool, error) {
	now := f.azureNow()
	last, err := f.store.Sweeps(ctx, f.place.Key, now.Add(-40*time.Hour), 100)
	if err != nil {
		return false, err
	}
	for i := range last {
		if last[i].Kind != store.SweepDay {
			continue
		}
		if now.Sub(last[i].Ended) < 20*time.Hour {
			return false, nil
		}
		return f.isQuietest(ctx, now)
	}
	return true, nil
}

// isQuietest reports whether now is in the hour of the day (UTC) that had the
// fewest runs lately.
func (f *factory) isQuietest(ctx context.Context, now adf.Time) (bool, error) {
	line, err := f.store.Timeline(ctx, store.TimelineQuery{
		From: now.Add(-quietDays * 24 * time.Hour), To: now, Bucket: time.Hour, Factories: []string{f.place.Short},
	})
	if err != nil {
		return false, err
	}
	var runs [24]int64
	for i := range line.Items {
		for _, n := range line.Items[i].Counts {
			runs[line.Items[i].Start.Time().Hour()] += n
		}
	}
	quietest := 0
	for hour := range runs {
		if runs[hour] < runs[quietest] {
			quietest = hour
		}
	}
	return now.Time().Hour() == quietest, nil
}

// sweeping is a kind of sweeps: every so often over the last reach, and where
// that is much over one of so many slices of it.
type sweeping struct {
	kind   store.SweepKind
	reach  time.Duration
	slices int64
	every  time.Duration
}

// slicesDue returns the parts of w whose turn it is in a sweep that began at
// began. Time is cut into slices that stand still while w moves on, and a slice
// is read by each sweep whose number has the same distance from its own, by the
// clock and not by memory: so every moment is read at least once while it is in
// reach, half of that time after it was read first, whichever process sweeps.
func (s sweeping) slicesDue(w store.Window, began adf.Time) []store.Window {
	length := int64(s.reach) / s.slices
	start := func(n int64) adf.Time { return adf.TimeOf(time.Unix(0, n*length)) }
	turn := began.Time().UnixNano() / int64(s.every)
	var due []store.Window
	for n := w.From.Time().UnixNano() / length; start(n) < w.To; n++ {
		if ((turn-n)%s.slices+s.slices)%s.slices == s.slices/2 {
			due = append(due, store.Window{From: max(w.From, start(n)), To: min(w.To, start(n+1))})
		}
	}
	return due
}

// sweep reads the last reach of what is covered once more, whole where that is
// cheap. Of more rows it reads what did not succeed, and of the rest the slice
// whose turn it is; if that shows anything missed, it reads all.
func (f *factory) sweep(ctx context.Context, s sweeping) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil || len(have) == 0 {
		return err
	}
	began := f.azureNow()
	w := store.Window{From: began.Add(-s.reach), To: have[len(have)-1].To}
	if w.From >= w.To {
		return nil // nothing recent is covered: the polls are in trouble
	}
	cost, err := f.countRuns(ctx, w)
	if err != nil {
		return err
	}
	var sum result
	whole := cost <= f.sweepRows || f.doubtful[s.kind]
	if !whole {
		sum, err = f.sample(ctx, w, have, s.slicesDue(w, began))
		whole = sum.missed+sum.outdated > 0
	}
	if whole && err == nil {
		var got result
		got, err = f.readWhole(ctx, w, have)
		sum.add(got)
	}
	// What broke off after it had found something is not done with.
	f.doubtful[s.kind] = err != nil && (f.doubtful[s.kind] || sum.missed+sum.outdated > 0)
	if err != nil && !f.doubtful[s.kind] {
		return err
	}
	return errors.Join(err, f.swept(ctx, store.Sweep{Kind: s.kind, Window: w, Began: began, Whole: whole && err == nil}, sum))
}

// sample reads of w what did not succeed, and all of the slices.
func (f *factory) sample(ctx context.Context, w store.Window, have, slices []store.Window) (result, error) {
	sum, err := f.read(ctx, reading{window: w, have: have, filters: []adf.Filter{{
		Operand: "Status", Operator: "NotEquals", Values: []any{string(adf.StatusSucceeded)},
	}}})
	for _, slice := range slices {
		if err != nil {
			break
		}
		var got result
		got, err = f.read(ctx, reading{window: slice, have: have})
		sum.add(got)
	}
	return sum, err
}

// readWhole reads all of w in windows of bearable length.
func (f *factory) readWhole(ctx context.Context, w store.Window, have []store.Window) (result, error) {
	p := newPlanner(w, nil, 0)
	var sum result
	for {
		part, ok := p.next()
		if !ok {
			return sum, nil
		}
		got, err := f.read(ctx, reading{window: part, have: have})
		sum.add(got)
		if err != nil {
			return sum, err
		}
		p.took(part, got.pages)
	}
}

// swept remembers what a sweep found.
func (f *factory) swept(ctx context.Context, sw store.Sweep, sum result) error {
	sw.Ended = f.azureNow()
	sw.Rows, sw.Missed, sw.Outdated = int64(sum.rows), int64(sum.missed), int64(sum.outdated)
	if sw.Missed+sw.Outdated > 0 {
		f.logger.WarnContext(ctx, "a sweep corrected what was missed", "kind", string(sw.Kind), "from", sw.Window.From, "to", sw.Window.To, "missed", sw.Missed, "outdated", sw.Outdated)
		f.overlap.forget()
	}
	return f.store.AddSweep(ctx, f.place.Key, sw)
}

// countRuns returns how many runs began within w.
func (f *factory) countRuns(ctx context.Context, w store.Window) (int64, error) {
	line, err := f.store.Timeline(ctx, store.TimelineQuery{From: w.From, To: w.To, Factories: []string{f.place.Short}})
	if err != nil {
		return 0, err
	}
	var n int64
	for i := range line.Items {
		for _, k := range line.Items[i].Counts {
			n += k
		}
	}
	return n, nil
}
