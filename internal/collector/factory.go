package collector

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/redact"
	"andon/internal/store"
)

// parallelWindows bounds how many windows of one factory's history are read
// at the same time.
const parallelWindows = 4

// factory collects one factory: a loop of polls, one that fills in history,
// and one that reads activities.
type factory struct {
	place      store.Place
	client     *azure.Client
	store      *store.Store
	logger     *slog.Logger
	now        func() time.Time
	poll       time.Duration
	history    time.Duration
	health     *health
	activities *activityQueue
	redact     *redact.Redactor
	policy     func(pipeline string) ActivityPolicy
	openAsked  map[string]time.Time // by lower-case runId; touched by the poll loop only

	// skew is Azure's clock less ours, as its last answer showed it. Windows
	// are laid by Azure's clock.
	skew     atomic.Int64
	wakeFill chan struct{}
	// wantedFrom is where the wanted history begins; touched by the fill loop
	// only.
	wantedFrom adf.Time

	oddMu   sync.Mutex
	oddSeen map[[sha256.Size]byte]bool // odd rows that were counted
}

func newFactory(c *Collector, s *source, place store.Place) *factory {
	f := &factory{
		place: place, client: s.Client, store: c.options.Store, now: c.now,
		logger: c.logger.With("source", s.Name, "factory", place.Short),
		poll:   c.options.Poll, history: c.options.History,
		activities: newActivityQueue(c.now),
		openAsked:  map[string]time.Time{},
		wakeFill:   make(chan struct{}, 1),
		oddSeen:    map[[sha256.Size]byte]bool{},
	}
	f.health = &health{poll: f.poll, now: c.now, tell: func(ctx context.Context, st store.FactoryState) error {
		return f.store.SetFactoryState(ctx, f.place.Key, st)
	}}
	f.keepBy(c.options)
	return f
}

// run collects until ctx ends.
func (f *factory) run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { f.pollLoop(budget.For(ctx, budget.News)) })
	loops.Go(func() { f.fillLoop(budget.For(ctx, budget.History)) })
	loops.Go(func() { f.activityLoop(ctx) })
	loops.Wait()
}

// azureNow returns the time by Azure's clock.
func (f *factory) azureNow() adf.Time {
	return adf.TimeOf(f.now().Add(time.Duration(f.skew.Load())))
}

// missing returns the windows of history that are still to be read, given
// what is covered: all but what the next poll asks for. Where history begins
// is settled by Azure's clock when it is asked for first.
func (f *factory) missing(have []store.Window) []store.Window {
	now := f.azureNow()
	if f.wantedFrom.IsZero() {
		f.wantedFrom = now.Add(-f.history)
	}
	return planFill(store.Window{From: f.wantedFrom, To: pollWindow(have, now).From}, have)
}

// pollLoop asks for news at once, then after a random part of the interval,
// which spreads the factories, and from then on every interval exactly.
func (f *factory) pollLoop(ctx context.Context) {
	var retry backoff
	first := true
	due := f.now()
	for {
		err := f.pollOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		f.report(ctx, partPoll, err)
		now := f.now()
		switch {
		case err != nil:
			due = now.Add(retry.next(now, retryAt(err)))
		case first:
			first = false
			due = now.Add(jitter(f.poll))
		default:
			if due = due.Add(f.poll); due.Before(now) {
				due = now // took longer than the interval
			}
		}
		if err == nil {
			retry.reset()
		}
		if !wait(ctx, due.Sub(now)) {
			return
		}
	}
}

// pollOnce reads the newest window, then asks for the open runs that it did
// not show.
func (f *factory) pollOnce(ctx context.Context) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	err = f.readWindow(ctx, pollWindow(have, f.azureNow()), func(runs []adf.PipelineRun) {
		for i := range runs {
			seen[strings.ToLower(runs[i].RunID)] = true
		}
		f.activities.finished(runs)
	})
	if err != nil {
		return err
	}
	select {
	case f.wakeFill <- struct{}{}:
	default: // is on its way
	}
	f.report(ctx, partOpenRuns, f.askOpenRuns(budget.For(ctx, budget.OpenRuns), seen))
	f.activities.wake()
	return nil
}

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
				break
			}
			if !wait(ctx, retry.next(f.now(), retryAt(err))) {
				return
			}
		}
	}
}

// fill reads every window of history that is missing, newest first. After a
// window broke off no further one is begun; those that were read to their end
// count.
func (f *factory) fill(ctx context.Context) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	plan := f.missing(have)
	if len(plan) == 0 {
		return f.filled(ctx)
	}
	if err := f.health.setFilled(ctx, false, f.wantedFrom); err != nil {
		return err
	}
	f.activities.setFilled(false)
	f.logger.InfoContext(ctx, "reading history", "windows", len(plan), "from", plan[len(plan)-1].From, "to", plan[0].To)
	var broken atomic.Bool
	var group errgroup.Group
	group.SetLimit(parallelWindows)
	for _, w := range plan {
		if broken.Load() {
			break
		}
		group.Go(func() error {
			err := f.readWindow(ctx, w, nil)
			if err != nil {
				broken.Store(true)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	f.logger.InfoContext(ctx, "history is complete", "windows", len(plan))
	return f.filled(ctx)
}

func (f *factory) filled(ctx context.Context) error {
	f.activities.setFilled(true)
	return f.health.setFilled(ctx, true, f.wantedFrom)
}

// report passes on how a part's attempt ended, and logs trouble.
func (f *factory) report(ctx context.Context, p part, err error) {
	if ctx.Err() != nil {
		return // ended, not broken
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		f.logger.WarnContext(ctx, "a factory can't be read", "part", p.String(), "kind", string(kindOf(err)), "error", err)
	}
	if err := f.health.report(ctx, p, err); err != nil && ctx.Err() == nil {
		f.logger.ErrorContext(ctx, "the state of a factory can't be stored", "error", err)
	}
}
