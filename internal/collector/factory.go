package collector

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/declared"
	"andon/internal/redact"
	"andon/internal/store"
)

// factory collects one factory: a loop of polls, one that fills in history,
// one that looks for what was missed, one for what stands around the runs, and
// one that reads activities.
type factory struct {
	place      store.Place
	seers      seers
	store      *store.Store
	logger     *slog.Logger
	now        func() time.Time
	poll       time.Duration
	history    time.Duration
	ceiling    int64 // records that may be read for history; 0: as many as there are
	overlap    *reachBack
	depth      depth // touched by the poll loop only
	orders     *orders
	sweepEvery time.Duration
	sweepRows  int64 // that a sweep simply reads again
	// doubtful are the kinds of sweeps of which one found something and broke
	// off; touched by the sweep loop only.
	doubtful   map[store.SweepKind]bool
	health     *health
	activities *activityQueue
	// usual tells how long runs of the same pipeline usually take, 0 for unknown.
	usual     func(context.Context, store.RunKey) (time.Duration, error)
	openAsked map[string]time.Time // by lower-case runId; touched by the poll loop only
	redact    *redact.Redactor
	policy    func(pipeline string) ActivityPolicy

	// skew is Azure's clock less ours, as its last answer showed it. Windows
	// are laid by Azure's clock.
	skew      atomic.Int64
	askedPoll chan struct{} // somebody wants to know now
	wakeFill  chan struct{}
	// resumeFill ends the pause of the fill loop after a refusal that is over.
	resumeFill chan struct{}
	// wakeAround says that a poll was good, askedAround that somebody wants the
	// surroundings read before their time.
	wakeAround, askedAround chan struct{}
	aroundEvery             time.Duration
	known                   atomic.Pointer[knownPipelines] // nil until definitions were read
	// secrets are what the stored definitions and those that Azure lists declare.
	secrets atomic.Pointer[declared.Secrets]
	// cleanedBy are those that no stored row has any more; nil while the stored
	// definitions could not be read. Once the loops run, only the one that reads
	// definitions uses it.
	cleanedBy *declared.Secrets
	// cleaning is held for reading while rows are cleaned by secrets and written,
	// so that none is written by old definitions once there are new ones.
	cleaning  sync.RWMutex
	factsSeen atomic.Pointer[time.Time] // when Azure showed the factory itself last; nil for never
	// definitionsTried is closed once definitions were read, or can't be.
	definitionsTried chan struct{}
	triedDefinitions sync.Once
	firing           firing
	agedAsked        map[string]time.Time // by triggerRunId, when one was asked for that is open for long; touched by the loop of surroundings only
	olderRest        time.Time            // until when older trigger runs are not asked for; touched by the fill loop only, as is olderRetry
	olderRetry       backoff
	toldStates       map[string]toldState // by lower-case name of the integration runtime; touched by the loop of surroundings only
	calledFor        map[string]bool      // lower-case names of pipelines that surroundings were read again for; touched by the poll loop only
	// wantedFrom is where the wanted history begins; touched by the fill loop
	// only.
	wantedFrom adf.Time
	// historyRecords is how many run records were read for history; nil until
	// the store was asked. Touched by the fill loop only.
	historyRecords *int64
	stopped        *store.Fill // how history stood when its ceiling was reached; touched by the fill loop only

	oddMu   sync.Mutex
	oddSeen map[[sha256.Size]byte]bool // odd rows that were counted
}

func newFactory(c *Collector, s *source, place store.Place) *factory {
	f := &factory{
		definitionsTried: make(chan struct{}),
		place:            place, store: c.options.Store, now: c.now,
		logger: c.logger.With("factory", place.Short),
		poll:   c.options.Poll, history: c.options.History, ceiling: c.options.HistoryRecords,
		orders: newOrders(), sweepEvery: c.options.Sweep, sweepRows: c.options.SweepRows,
		activities: newActivityQueue(c.now),
		usual:      c.options.Store.UsualDuration,
		openAsked:  map[string]time.Time{},
		wakeFill:   make(chan struct{}, 1), askedPoll: make(chan struct{}, 1),
		wakeAround: make(chan struct{}, 1), askedAround: make(chan struct{}, 1), aroundEvery: c.options.Surroundings, calledFor: map[string]bool{},
		oddSeen:  map[[sha256.Size]byte]bool{},
		doubtful: map[store.SweepKind]bool{},
	}
	f.seers.add(seer{s.Name, s.Client})
	f.overlap = &reachBack{now: f.now, ask: func(ctx context.Context) ([]store.Late, error) {
		return f.store.Lateness(ctx, place.Key, f.azureNow().Add(-latenessMemory))
	}}
	f.health = &health{poll: f.poll, now: c.now, tell: func(ctx context.Context, st store.FactoryState) error {
		return f.store.SetFactoryState(ctx, f.place.Key, st)
	}}
	f.keepBy(c.options)
	return f
}

// run collects until ctx ends.
func (f *factory) run(ctx context.Context) {
	f.prepareSecrets(ctx)
	var loops sync.WaitGroup
	loops.Go(func() { f.pollLoop(budget.For(ctx, budget.News)) })
	loops.Go(func() { f.fillLoop(budget.For(ctx, budget.History)) })
	loops.Go(func() { f.sweepLoop(ctx) })
	loops.Go(func() { f.aroundLoop(budget.For(ctx, budget.Surroundings)) })
	loops.Go(func() { f.activityLoop(ctx) })
	loops.Wait()
}

// azureNow returns the time by Azure's clock.
func (f *factory) azureNow() adf.Time {
	return adf.TimeOf(f.now().Add(time.Duration(f.skew.Load())))
}

// pollLoop asks for news at once, then after a random part of the interval,
// which spreads the factories, and from then on every interval exactly.
func (f *factory) pollLoop(ctx context.Context) {
	var retry backoff
	first, refused := true, false
	due := f.now()
	f.health.pollsBegin()
	for {
		err := f.pollBySomebody(ctx)
		if ctx.Err() != nil {
			return
		}
		if refused && err == nil {
			f.retryRefused()
		}
		refused = stateOf(err) != ""
		f.report(ctx, partPoll, err)
		now := f.now()
		switch {
		case err != nil:
			due = now.Add(retry.after(err, now))
		case first:
			first = false
			due = now.Add(jitter(f.poll))
		default:
			if due = due.Add(f.poll); due.Before(now) || due.Sub(now) > f.poll {
				due = now // took longer than the interval, or our clock was set
			}
		}
		if err == nil {
			retry.reset()
		}
		if !waitOr(ctx, due.Sub(now), f.askedPoll) {
			return
		}
		if now = f.now(); now.Before(due) { // somebody asked
			due = now
		}
	}
}

// pollBySomebody polls, by another source where one is refused. When all are,
// the first one's refusal counts.
func (f *factory) pollBySomebody(ctx context.Context) error {
	first := f.seers.current()
	err := f.pollOnce(ctx)
	failed := err
	for asks := first; failed != nil && isRefusal(failed); {
		if !f.seers.next(asks) {
			break
		}
		if asks = f.seers.current(); asks.source == first.source {
			break // all were tried
		}
		if failed = f.pollOnce(ctx); failed == nil {
			f.logger.InfoContext(ctx, "another source reads the factory", "source", asks.source, "refused", first.source)
			if err := f.store.SetReader(ctx, f.place.Key, asks.source); err != nil {
				return fmt.Errorf("store who reads factory %s: %w", f.place.Name, err)
			}
			f.retryRefused()
			return nil
		}
	}
	return err
}

// retryRefused has what was refused tried again: another source asks, the right
// to ask was given, or the subscription was enabled. What waits for a quarter of
// an hour because the subscription was disabled goes on now.
func (f *factory) retryRefused() {
	f.health.forgive()
	f.activities.resume()
	wake(f.resumeFill)
	wake(f.askedAround)
}

// isRefusal reports whether an error is about the source that asks, so that
// another source may be answered. A source that can't sign in, since its tenant
// is down, is refused too. A disabled subscription is so for every source.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*azure.Error](err)
	if !ok || e.Kind == azure.KindDisabled {
		return false
	}
	return e.Call == azure.TokenCall || stateOf(err) == store.StateRefused || e.Kind == azure.KindUnauthorized || e.Kind == azure.KindNoFactory
}

// pollOnce reads the newest window, then asks for the open runs that it did
// not show.
func (f *factory) pollOnce(ctx context.Context) error {
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	reach, isWhole := f.depth.next(f.overlap.get(ctx), newestOf(have), f.azureNow())
	got, err := f.readNews(ctx, have, reach, func(runs []adf.PipelineRun) {
		for i := range runs {
			seen[strings.ToLower(runs[i].RunID)] = true
		}
		f.activities.finished(runs)
		f.callAround(runs)
	})
	f.depth.took(got, isWhole, err)
	if err != nil {
		return err
	}
	if got.missed+got.outdated > 0 {
		f.overlap.forget()
	}
	wake(f.wakeFill)
	wake(f.wakeAround)
	f.report(ctx, partOpenRuns, f.askOpenRuns(budget.For(ctx, budget.OpenRuns), have, seen))
	f.activities.wake()
	return nil
}

// readNews reads the newest window. Where the answer shows that it was laid by
// a clock that has been set meanwhile, ours or Azure's, it is laid anew.
func (f *factory) readNews(ctx context.Context, have []store.Window, reach time.Duration, taken func([]adf.PipelineRun)) (result, error) {
	var sum result
	for tries := 1; ; tries++ {
		w := pollWindow(have, f.azureNow(), reach)
		got, err := f.read(ctx, reading{window: f.inDoubt(w), have: have, counts: true, taken: taken})
		sum.add(got)
		isOff := errors.Is(err, errClock) || err == nil && f.azureNow() > w.To
		if !isOff || tries == 2 {
			return sum, err
		}
		f.logger.InfoContext(ctx, "a clock was set, so the news are asked for again", "azure_ahead", time.Duration(f.skew.Load()).String())
	}
}

// clockDoubt is how far Azure's clock and ours may differ while nobody can say
// which of the two is wrong.
const clockDoubt = 15 * time.Minute

// inDoubt widens a window of news to what it would be by our own clock, where
// that differs a little. Runs are stamped by a third clock, which may agree
// with either.
func (f *factory) inDoubt(w store.Window) store.Window {
	skew := time.Duration(f.skew.Load())
	if skew.Abs() > clockDoubt {
		return w
	}
	return store.Window{From: min(w.From, w.From.Add(-skew)), To: max(w.To, w.To.Add(-skew))}
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
