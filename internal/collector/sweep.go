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
	// hourlySlices and dailySlices are how many sweeps it takes to have read
	// every row once more.
	hourlySlices = 24
	dailySlices  = 15
	// quietDays is how much history tells when a factory has the least to do.
	quietDays = 14
)

// sweepLoop sweeps every hour, and once a day in the factory's quietest hour,
// and reads what is ordered. It begins once history is filled.
func (f *factory) sweepLoop(ctx context.Context) {
	next := f.now().Add(jitter(f.sweepEvery)) // spreads the factories
	for {
		timer := time.NewTimer(max(0, next.Sub(f.now())))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case o := <-f.orders.waiting:
			timer.Stop()
			err := f.sweepOrdered(budget.For(ctx, budget.History), o)
			f.report(ctx, partSweep, err)
			o.end(err, adf.TimeOf(f.now()))
		case <-timer.C:
			next = f.now().Add(f.sweepEvery)
			if f.activities.isFilled() { // else the fill reads it anyway
				f.report(ctx, partSweep, f.sweepDue(budget.For(ctx, budget.Sweep)))
			}
		}
	}
}

// sweepDue carries out the hourly sweep, and the daily one when it is time.
func (f *factory) sweepDue(ctx context.Context) error {
	if err := f.sweep(ctx, store.SweepHour, hourlyReach, hourlySlices); err != nil {
		return err
	}
	isDue, err := f.isDailyDue(ctx)
	if err != nil || !isDue {
		return err
	}
	return f.sweep(ctx, store.SweepDay, dailyReach, dailySlices)
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

// sweep reads the last reach of what is covered once more, whole where that is
// cheap. Of more rows it reads what did not succeed, and one slice after
// another of the rest; if that shows anything missed, it reads all. slices is how many sweeps it takes to read
// the whole.
func (f *factory) sweep(ctx context.Context, kind store.SweepKind, reach time.Duration, slices int) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil || len(have) == 0 {
		return err
	}
	began := f.azureNow()
	w := store.Window{From: began.Add(-reach), To: have[len(have)-1].To}
	if w.From >= w.To {
		return nil // nothing recent is covered: the polls are in trouble
	}
	cost, err := f.countRuns(ctx, w)
	if err != nil {
		return err
	}
	var sum result
	whole := cost <= f.sweepRows || f.doubtful[kind]
	if !whole {
		sum, err = f.sample(ctx, w, have, slices)
		whole = sum.missed+sum.outdated > 0
	}
	if whole && err == nil {
		var got result
		got, err = f.readWhole(ctx, w, have)
		sum.add(got)
	}
	// What broke off after it had found something is not done with.
	f.doubtful[kind] = err != nil && (f.doubtful[kind] || sum.missed+sum.outdated > 0)
	if err != nil && !f.doubtful[kind] {
		return err
	}
	return errors.Join(err, f.swept(ctx, store.Sweep{Kind: kind, Window: w, Began: began, Whole: whole && err == nil}, sum))
}

// sample reads what did not succeed, and the slice whose turn it is.
func (f *factory) sample(ctx context.Context, w store.Window, have []store.Window, slices int) (result, error) {
	sum, err := f.read(ctx, reading{window: w, have: have, filters: []adf.Filter{{
		Operand: "Status", Operator: "NotEquals", Values: []any{string(adf.StatusSucceeded)},
	}}})
	if err != nil {
		return sum, err
	}
	// Turns go by the clock, so that a restart changes nothing.
	length := w.To.Sub(w.From) / time.Duration(slices)
	turn := f.now().Unix() / int64(max(time.Second, length)/time.Second) % int64(slices)
	from := w.From.Add(time.Duration(turn) * length)
	got, err := f.read(ctx, reading{window: store.Window{From: from, To: from.Add(length)}, have: have})
	sum.add(got)
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
		f.logger.WarnContext(ctx, "a sweep healed what was missed", "kind", string(sw.Kind), "from", sw.Window.From, "to", sw.Window.To, "missed", sw.Missed, "outdated", sw.Outdated)
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
