package collector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

// parallelWindows bounds how many windows of one factory's history are read
// at the same time.
const parallelWindows = 4

// fillLoop looks after each poll whether history is missing, and reads it. So
// a factory that refuses its first poll is not asked for each of its days.
func (f *factory) fillLoop(ctx context.Context) {
	var retry backoff
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wakeFill:
		}
		for {
			err := f.fill(ctx)
			if ctx.Err() != nil {
				return
			}
			f.report(ctx, partFill, err)
			if err == nil {
				retry.reset()
				f.takeOlderTurn(budget.For(ctx, budget.HistorySurroundings))
				break
			}
			if !waitOr(ctx, retry.after(err, f.now()), f.resumeFill) {
				return
			}
		}
	}
}

// takeOlderTurn reads what is missing of the history of trigger runs. While
// that fails, the turns are further apart, and the history of runs goes on.
func (f *factory) takeOlderTurn(ctx context.Context) {
	if f.now().Before(f.olderRest) {
		return
	}
	err := f.fillTriggerRuns(ctx)
	f.report(ctx, partOlderTriggerRuns, err)
	if err == nil {
		f.olderRetry.reset()
		return
	}
	now := f.now()
	f.olderRest = now.Add(f.olderRetry.next(now, retryAt(err)))
}

// plan returns the plan to read what of history is missing, given what is
// covered: all but what the next poll asks for. Where history begins is
// settled by Azure's clock when it is asked for first.
func (f *factory) plan(ctx context.Context, have []store.Window) *planner {
	now, overlap := f.azureNow(), f.overlap.get(ctx)
	if f.wantedFrom.IsZero() {
		f.wantedFrom = now.Add(-f.history)
	}
	return planKept(f.wantedFrom, pollWindow(have, now, overlap).From, now, have, deepest(overlap))
}

// beginAfterForgotten moves the begin of the wanted history behind what Azure
// forgot before it could be read, so that the factory is complete once all that
// Azure still has is covered. Only what lies before all that is covered moves
// it: a gap between covered ranges stays a gap.
//
// Example: a first fill wants 45 days from noon on and reads the oldest window
// the next morning at 8. Azure has forgotten 20 hours by then, and history
// begins after them.
func (f *factory) beginAfterForgotten(have []store.Window) {
	now := f.azureNow()
	lacks := gaps(store.Window{From: f.wantedFrom, To: now}, have)
	if len(lacks) > 0 && lacks[0].From == f.wantedFrom && lacks[0].To <= outOfReach(now) {
		f.wantedFrom = lacks[0].To
	}
}

// fill reads every window of history that is missing, newest first, several
// at once. After a window broke off no further one is begun; those that were
// read to their end count, so that it can be resumed at any time.
func (f *factory) fill(ctx context.Context) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	plan := f.plan(ctx, have)
	if plan.left() == 0 {
		return f.filled(ctx, have, store.Fill{})
	}
	p := &filling{factory: f, plan: plan, began: f.now()}
	if p.records, err = f.recordsOfHistory(ctx); err != nil {
		return err
	}
	defer func() { f.historyRecords = &p.records }()
	if reason := p.atCeiling(); reason != "" {
		if f.stopped == nil {
			stopped := p.progress(reason)
			f.stopped = &stopped
		}
		return f.filled(ctx, have, *f.stopped) // with the estimates of when it stopped
	}
	if err := f.health.setFilled(ctx, false, f.wantedFrom, p.progress("")); err != nil {
		return err
	}
	f.activities.setFilled(false)
	f.logger.InfoContext(ctx, "reading history", "missing", plan.left().String())
	if err := p.run(ctx, have); err != nil {
		return err
	}
	reason := p.atCeiling()
	f.logger.InfoContext(ctx, "history was read", "windows", p.windows, "pages", p.sum.pages, "stopped", reason)
	done := p.progress(reason)
	if reason != "" {
		f.stopped = &done
	}
	if have, err = f.store.Coverage(ctx, f.place.Key); err != nil {
		return err
	}
	return f.filled(ctx, have, done)
}

// filled says that no more history is missing, or may be read. have is the
// coverage.
func (f *factory) filled(ctx context.Context, have []store.Window, fill store.Fill) error {
	f.beginAfterForgotten(have)
	f.activities.setFilled(true)
	return f.health.setFilled(ctx, true, f.wantedFrom, fill)
}

// filling is one attempt to read what is missing.
type filling struct {
	factory *factory
	began   time.Time

	mu      sync.Mutex
	plan    *planner
	broken  error
	records int64 // read for history so far, by earlier attempts as well
	sum     result
	span    time.Duration // that was read
	windows int
	reading time.Duration // span of the windows that are being read
}

// run reads windows until none is left, one broke off or the ceiling is
// reached.
func (p *filling) run(ctx context.Context, have []store.Window) error {
	var tasks sync.WaitGroup
	for range parallelWindows {
		tasks.Go(func() {
			for {
				w, ok := p.next()
				if !ok {
					return
				}
				got, err := p.factory.read(ctx, reading{window: w, have: have, counts: true})
				p.ended(w, got, err)
				if err == nil {
					err = p.factory.health.setFilled(ctx, false, p.factory.wantedFrom, p.progress(""))
				}
				if err != nil {
					p.stop(err)
				}
			}
		})
	}
	tasks.Wait()
	return p.broken
}

func (p *filling) next() (store.Window, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil || p.ceiling() != "" {
		return store.Window{}, false
	}
	w, ok := p.plan.next()
	p.reading += w.To.Sub(w.From)
	return w, ok
}

func (p *filling) ended(w store.Window, got result, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	length := w.To.Sub(w.From)
	p.reading -= length
	p.sum.add(got)
	p.records += int64(got.rows)
	if err == nil {
		p.windows++
		p.span += length
		p.plan.took(w, got.pages)
	}
}

func (p *filling) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil {
		p.broken = err
	}
}

func (p *filling) atCeiling() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ceiling()
}

// ceiling says that no more history may be read; "" while it may, or when all
// is read.
func (p *filling) ceiling() string {
	limit := p.factory.ceiling
	if limit <= 0 || p.records < limit || p.plan.left()+p.reading == 0 {
		return ""
	}
	return fmt.Sprintf("the ceiling of %d records of history is reached: raise historyRecords (--history-records) to go on", limit)
}

// progress estimates what is left from what this attempt has read.
func (p *filling) progress(reason string) store.Fill {
	p.mu.Lock()
	defer p.mu.Unlock()
	fill := store.Fill{Reason: reason, RecordsRead: p.records, Ceiling: p.factory.ceiling}
	left := p.plan.left() + p.reading
	if p.span == 0 && left > 0 {
		return fill
	}
	var records, requests int64
	var seconds float64
	if left > 0 {
		share := float64(left) / float64(p.span)
		records, requests = int64(share*float64(p.sum.rows)), int64(share*float64(p.sum.pages))
		seconds = share * p.factory.now().Sub(p.began).Seconds()
	}
	fill.RecordsLeft, fill.RequestsLeft, fill.SecondsLeft = &records, &requests, &seconds
	return fill
}

// recordsOfHistory returns how many run records were read for the factory's
// history so far. What the store knows of it is some seconds old, so it is
// asked once, for what was read before this start.
func (f *factory) recordsOfHistory(ctx context.Context) (int64, error) {
	if f.historyRecords != nil {
		return *f.historyRecords, nil
	}
	used, err := f.store.UsageSince(ctx, adf.TimeOf(f.now()).Add(-f.history))
	if err != nil {
		return 0, err
	}
	var n int64
	for key, u := range used {
		isHistory := key.Purpose == string(budget.History) || key.Purpose == string(budget.HistorySurroundings)
		if key.Factory == f.place.Key && isHistory {
			n += u.Records
		}
	}
	return n, nil
}
