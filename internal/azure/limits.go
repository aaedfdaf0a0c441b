package azure

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"andon/internal/adf"
)

// Azure's documented limits (Azure Data Factory limits: 1,000 monitoring
// queries a minute and factory; Azure Resource Manager throttling: a bucket
// of 250 reads, refilled by 25 a second, per subscription and identity).
const (
	factoryQueriesPerMinute = 1000
	subscriptionReads       = 250
	subscriptionReadsRefill = 25
	// inFlight requests per subscription is where ARM still answers evenly.
	inFlight          = 4
	inFlightUnlimited = 32
	// lowReads of a bucket of 250 is where this client slows down, and
	// enoughReads where it goes on as before.
	lowReads    = subscriptionReads / 10
	enoughReads = subscriptionReads / 5
	// maxWait is how long a call waits for a gate; beyond it the caller is
	// told when to come back, so that it can do something else.
	maxWait = 10 * time.Second
)

// limits keeps one identity inside Azure's limits. Every request passes the
// gates of its factory and subscription, then their buckets, then takes one
// of the subscription's slots.
type limits struct {
	budget Budget
	now    func() time.Time

	mu            sync.Mutex
	factories     map[string]*rate.Limiter // by FactoryID.Key; not used when the budget is off
	subscriptions map[string]*subscription // by lower-cased id; "" for calls above subscriptions
	gates         map[string]time.Time     // by scope: closed until then, since Azure said so
}

type subscription struct {
	slots chan struct{}
	reads *rate.Limiter // nil when the budget is off
	slow  bool          // guarded by limits.mu
}

func newLimits(b Budget, now func() time.Time) *limits {
	return &limits{
		budget: b, now: now, factories: map[string]*rate.Limiter{},
		subscriptions: map[string]*subscription{}, gates: map[string]time.Time{},
	}
}

// place is what a call is about, for limits: a factory and its subscription,
// a subscription alone, or neither.
type place struct {
	factory      adf.FactoryID
	subscription string
}

func (p place) factoryGate() string      { return "factory " + p.factory.Key() }
func (p place) subscriptionGate() string { return "subscription " + strings.ToLower(p.subscription) }

// closedError says that a gate is closed for longer than a call waits.
type closedError struct{ until time.Time }

func (c *closedError) Error() string { return "closed until " + c.until.UTC().Format(time.RFC3339) }

// enter waits until a request to p may be sent, and returns what has to be
// called when its answer is there. The error is a *closedError or ctx's.
func (l *limits) enter(ctx context.Context, p place) (leave func(), err error) {
	sub := l.subscription(p)
	if err := l.passGates(ctx, p); err != nil {
		return nil, err
	}
	for _, bucket := range []*rate.Limiter{l.factory(p), sub.reads} {
		if bucket == nil {
			continue
		}
		if err := bucket.Wait(ctx); err != nil {
			return nil, waitError(ctx)
		}
	}
	for {
		select {
		case sub.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		leave = func() { <-sub.slots }
		if l.closedFor(p) <= 0 {
			return leave, nil
		}
		// A gate closed meanwhile. Others may use the slot until it opens.
		leave()
		if err := l.passGates(ctx, p); err != nil {
			return nil, err
		}
	}
}

// waitError gives the limiter's refusal to wait past a deadline the form of
// that deadline.
func waitError(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: the budget allows no request before it", context.DeadlineExceeded)
}

func (l *limits) passGates(ctx context.Context, p place) error {
	for {
		d := l.closedFor(p)
		switch {
		case d <= 0:
			return nil
		case d > maxWait:
			return &closedError{until: l.now().Add(d)}
		}
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
}

// closedFor returns how long p's gates stay closed, at most 0 when they are
// open.
func (l *limits) closedFor(p place) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.gates[p.subscriptionGate()]
	if f := l.gates[p.factoryGate()]; p.factory != "" && f.After(until) {
		until = f
	}
	if until.IsZero() {
		return 0
	}
	return until.Sub(l.now())
}

// closeGate lets nothing through the gate until then.
func (l *limits) closeGate(gate string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.gates[gate]) {
		l.gates[gate] = until
	}
}

// factory returns the bucket of p's factory, nil where there is none. Burst
// and refill together stay under the share in any minute; the burst is the
// smaller part, so that a poll does not stand behind a spent minute.
func (l *limits) factory(p place) *rate.Limiter {
	if l.budget.Off || p.factory == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := p.factory.Key()
	if l.factories[key] == nil {
		perMinute := factoryQueriesPerMinute * l.budget.Share
		burst := max(1, int(perMinute/5))
		refill := max(perMinute-float64(burst), perMinute/5)
		l.factories[key] = rate.NewLimiter(rate.Limit(refill/60), burst)
	}
	return l.factories[key]
}

func (l *limits) subscription(p place) *subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := strings.ToLower(p.subscription)
	s := l.subscriptions[key]
	if s == nil {
		s = &subscription{slots: make(chan struct{}, inFlightUnlimited)}
		if !l.budget.Off {
			s.slots = make(chan struct{}, inFlight)
			s.reads = rate.NewLimiter(l.readsPerSecond(), max(1, int(subscriptionReads*l.budget.Share)))
		}
		l.subscriptions[key] = s
	}
	return s
}

func (l *limits) readsPerSecond() rate.Limit {
	return rate.Limit(subscriptionReadsRefill * l.budget.Share)
}

// observe slows a subscription down to a quarter while ARM says that little
// is left, since the bucket is shared with others of the same identity. It
// reports the change of pace, and what ARM said is left.
func (l *limits) observe(p place, h http.Header) (changed, slow bool, left int) {
	left, err := strconv.Atoi(h.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads"))
	s := l.subscription(p)
	if err != nil || s.reads == nil {
		return false, false, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case left < lowReads && !s.slow:
		s.slow = true
		s.reads.SetLimit(l.readsPerSecond() / 4)
		return true, true, left
	case left >= enoughReads && s.slow:
		s.slow = false
		s.reads.SetLimit(l.readsPerSecond())
		return true, false, left
	}
	return false, s.slow, left
}

// pause waits for d or for ctx's end.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
