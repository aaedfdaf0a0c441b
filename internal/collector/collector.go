package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/redact"
	"andon/internal/store"
)

// DefaultHistory is how far back a factory's history is read: ADF forgets
// runs after 45 days (Azure Data Factory limits).
const DefaultHistory = 45 * 24 * time.Hour

// Source is one identity and what it is asked about.
type Source struct {
	Name   string
	Client *azure.Client
	// Factories are read without discovery. Empty means every factory that
	// the identity can list.
	Factories []adf.FactoryID
}

// Options are what New needs.
type Options struct {
	Sources []Source
	Store   *store.Store
	Poll    time.Duration // between two questions for news to one factory; 0 means 30 s
	History time.Duration // how far back to read; 0 means DefaultHistory
	// HistoryRecords is how many run records may be read for one factory's
	// history; 0 means as many as there are.
	HistoryRecords int64
	// Surroundings is the time between two readings of a factory's definitions,
	// triggers, trigger runs and integration runtimes; 0 means 15 minutes.
	Surroundings time.Duration
	// Discovery is how often new factories are looked for; 0 means 10 minutes.
	Discovery time.Duration
	// Sweep is the time between two sweeps of a factory; 0 means an hour.
	Sweep time.Duration
	// SweepRows is how many rows a sweep simply reads again, rather than
	// samples of them; 0 means 1,000.
	SweepRows int64
	// Scheduler counts what is asked; nil counts nothing.
	Scheduler *budget.Scheduler
	// Activities says whose activities are kept; the zero value keeps all. It
	// decides over runs that end from now on, and over those whose activities
	// were still to be read.
	Activities ActivityPolicies
	Redact     *redact.Redactor // takes secrets out before anything is stored; nil means redact.Default
	Logger     *slog.Logger     // nil logs nothing
	Now        func() time.Time // nil means time.Now
}

// Collector collects until it is stopped. Its methods may be called
// concurrently.
type Collector struct {
	options Options
	logger  *slog.Logger
	now     func() time.Time
	isIdle  bool // factories are known and not collected: see ReadRange

	tasks sync.WaitGroup

	mu        sync.Mutex
	started   bool
	ctx       context.Context //nolint:containedctx // ends the tasks that ReadActivities starts
	cancel    context.CancelFunc
	factories map[string]*factory // by adf.FactoryID.Key
	sources   []*source
	used      map[store.UsageKey]store.Usage // since the start
	unstored  map[store.UsageKey]store.Usage // what of it the store could not take yet
}

// New prepares a collector. It asks nothing and starts nothing.
func New(o Options) *Collector {
	if o.Poll <= 0 {
		o.Poll = 30 * time.Second
	}
	if o.History <= 0 {
		o.History = DefaultHistory
	}
	if o.Surroundings <= 0 {
		o.Surroundings = 15 * time.Minute
	}
	if o.Discovery <= 0 {
		o.Discovery = 10 * time.Minute
	}
	if o.Sweep <= 0 {
		o.Sweep = time.Hour
	}
	if o.SweepRows <= 0 {
		o.SweepRows = 1000
	}
	if o.Redact == nil {
		o.Redact = redact.Default()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Collector{options: o, logger: o.Logger, now: o.Now, factories: map[string]*factory{}, used: map[store.UsageKey]store.Usage{}}
}

// Start begins to collect and returns at once; trouble with Azure shows in the
// states that the store holds, and is tried again. Collecting ends with ctx or
// by Stop. The error is non-nil only when it was started before.
func (c *Collector) Start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started {
		return errors.New("the collector was started before; make a new one")
	}
	c.started = true
	c.ctx, c.cancel = context.WithCancel(ctx)
	if c.options.Scheduler != nil {
		c.tasks.Go(func() { c.usageLoop(c.ctx) })
	}
	for _, o := range c.options.Sources {
		s := newSource(c, o)
		c.sources = append(c.sources, s)
		c.tasks.Go(func() { s.run(c.ctx) })
	}
	return nil
}

// Stop ends collecting and waits for it. What was being read is given up and
// will be read again. It may be called more than once and without Start.
func (c *Collector) Stop() {
	c.mu.Lock()
	c.started = true
	if c.cancel != nil {
		c.cancel()
	}
	c.mu.Unlock()
	c.tasks.Wait()
}

// collect starts to collect a factory. One that is collected already has the
// source beside those it has. isShown says that Azure has just shown the
// factory itself, so that its first round does not ask for it again, however
// soon that begins.
func (c *Collector) collect(ctx context.Context, s *source, place store.Place, isShown bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.factories[place.ID.Key()]; ok {
		if f.seers.add(seer{s.Name, s.Client}) {
			f.logger.InfoContext(ctx, "a further source sees the factory", "source", s.Name, "reads", f.seers.current().source)
		}
		return
	}
	if ctx.Err() != nil {
		return
	}
	f := newFactory(c, s, place)
	if isShown {
		f.noteFactsSeen()
	}
	c.factories[place.ID.Key()] = f
	if c.isIdle {
		return
	}
	c.tasks.Go(func() { f.run(ctx) })
}

// sawFacts notes that a source has just been shown a factory.
func (c *Collector) sawFacts(ctx context.Context, id adf.FactoryID) error {
	c.mu.Lock()
	f := c.factories[id.Key()]
	c.mu.Unlock()
	if f == nil {
		return nil // the server is stopping
	}
	return f.sawFacts(ctx)
}

// ReadActivities begins to read a run's activities before everything else and
// returns without waiting; the store announces them as a change of the run.
// factory is the short id. A run that is being read or is read to its end is
// left alone; one that a policy does not keep is read like any other. The
// error says why nothing will be read: no such factory is
// collected, the run is not stored, or Azure refused moments ago.
func (c *Collector) ReadActivities(ctx context.Context, factory, runID string) error {
	f := c.byShort(factory)
	if f == nil {
		return &NotCollectedError{factory}
	}
	detail, err := c.options.Store.Run(ctx, factory, runID)
	if err != nil {
		return fmt.Errorf("read the activities of run %s: %w", runID, err)
	}
	if detail.Activities == store.ActivitiesComplete {
		return nil
	}
	job := activityJob{runID: detail.RunID, start: runStartOf(&detail.PipelineRun), ended: detail.Status.Terminal(), urgent: true}
	begin, err := f.activities.claim(job.runID)
	if err != nil || !begin {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		f.activities.release(job, c.ctx.Err())
		return errors.New("the server is stopping")
	}
	// It goes on when whoever asked has left.
	c.tasks.Go(func() { f.readActivities(budget.For(c.ctx, budget.Asked), job) }) //nolint:contextcheck // the collector's own
	return nil
}

// ReadSurroundings has a factory's definitions, triggers and integration
// runtimes read again now, and returns without waiting; the store announces
// them. factory is the short id.
func (c *Collector) ReadSurroundings(factory string) error {
	f := c.byShort(factory)
	if f == nil {
		return &NotCollectedError{factory}
	}
	wake(f.askedAround)
	return nil
}

// AskAgain lists a source's factories and polls them now, however long they
// would rest after what failed before; what Azure itself asked to wait for is
// waited for. It returns without waiting, and does nothing for a source that
// is not collected.
func (c *Collector) AskAgain(source string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var keys []string
	for key, f := range c.factories {
		if f.seers.has(source) {
			keys = append(keys, key)
		}
	}
	if c.options.Scheduler != nil {
		c.options.Scheduler.TryAgain(source, keys)
	}
	for _, key := range keys {
		wake(c.factories[key].askedPoll)
	}
	for _, s := range c.sources {
		if strings.EqualFold(s.Name, source) {
			wake(s.asked)
		}
	}
}

// NextListing returns when a source's factories are listed next; zero while
// they are being listed, and for a source that is not collected.
func (c *Collector) NextListing(source string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sources {
		if strings.EqualFold(s.Name, source) {
			if at := s.next.Load(); at != nil {
				return *at
			}
		}
	}
	return time.Time{}
}

// Skew returns how far Azure's clock is ahead of ours, as its last answer about
// a factory showed it; 0 while nobody knows. factory is the short id.
func (c *Collector) Skew(factory string) time.Duration {
	if f := c.byShort(factory); f != nil {
		return time.Duration(f.skew.Load())
	}
	return 0
}

func (c *Collector) byShort(short string) *factory {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.factories {
		if strings.EqualFold(f.place.Short, short) {
			return f
		}
	}
	return nil
}

// runEndOf returns when an ended run ended, or the nearest known time after
// that; Azure says it of most.
func runEndOf(r *adf.PipelineRun) adf.Time {
	if !r.RunEnd.IsZero() {
		return r.RunEnd
	}
	return r.LastUpdated
}

// runStartOf returns when r started, or the nearest known time before that.
func runStartOf(r *adf.PipelineRun) adf.Time {
	if !r.RunStart.IsZero() {
		return r.RunStart
	}
	return r.LastUpdated
}
