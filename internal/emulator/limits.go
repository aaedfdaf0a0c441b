package emulator

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Data Factory's own budget of monitoring queries for each factory (Data
// Factory limits).
const (
	queriesPerMinute = 1000
	queryWindow      = time.Minute
)

// bucket is one of Resource Manager's token buckets: each subscription (or the
// tenant), principal and kind of call has one (Resource Manager, Request limits
// and throttling).
type bucket struct {
	// kind is the word in refusals, header that in the remaining-… header.
	kind, header string
	burst        int
	perSecond    float64
}

func bucketOf(op *operation) bucket {
	if op != nil && op.isWrite {
		return bucket{kind: "write", header: "Writes", burst: 200, perSecond: 10}
	}
	return bucket{kind: "read", header: "Reads", burst: 250, perSecond: 25}
}

// limits is how many times Azure's budgets a client gets; off means no budget.
type limits struct {
	off    bool
	factor float64
}

func parseLimits(text string) (limits, error) {
	switch strings.ToLower(text) {
	case "real":
		return limits{factor: 1}, nil
	case "off":
		return limits{off: true}, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) || f > 1e6 {
		return limits{}, fmt.Errorf("limits %q are not known; allowed: real, off, or a number of times the real ones such as 0.1 or 4", text)
	}
	return limits{factor: f}, nil
}

// budgets counts requests against the limits. It runs on real time: clients
// wait in real time too.
type budgets struct {
	limits limits
	now    func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	queries map[string]*window
}

// window counts the queries of one factory in the minute that began with the
// first of them.
type window struct {
	began time.Time
	count int
}

func newBudgets(l limits, now func() time.Time) *budgets {
	return &budgets{limits: l, now: now, buckets: map[string]*rate.Limiter{}, queries: map[string]*window{}}
}

// take takes one call of the subscription's or the tenant's bucket and returns
// how many are left, or the refusal. Without limits the bucket stays full.
func (b *budgets) take(c *call, k bucket, tenant string) (remaining int, e *armError) {
	if b.limits.off {
		return k.burst - 1, nil
	}
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	key := k.kind + " " + strings.ToLower(c.subscription) + " " + c.principal.clientID
	l := b.buckets[key]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(k.perSecond*b.limits.factor), max(1, int(float64(k.burst)*b.limits.factor)))
		b.buckets[key] = l
	}
	if !l.AllowN(now, 1) {
		wait := time.Duration((1 - l.TokensAt(now)) / float64(l.Limit()) * float64(time.Second))
		if c.subscription == "" {
			return 0, errTenantThrottled(k.kind, tenant, c.principal.objectID, wait)
		}
		return 0, errSubscriptionThrottled(k.kind, c.subscription, c.principal.objectID, wait)
	}
	return int(l.TokensAt(now)), nil
}

// takeQuery takes one of the factory's monitoring queries, or returns Data
// Factory's refusal.
func (b *budgets) takeQuery(factory string) *armError {
	if b.limits.off {
		return nil
	}
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	key := strings.ToLower(factory)
	w := b.queries[key]
	if w == nil || now.Sub(w.began) >= queryWindow {
		w = &window{began: now}
		b.queries[key] = w
	}
	if w.count >= max(1, int(queriesPerMinute*b.limits.factor)) {
		return errQueriesThrottled(factory, queryWindow-now.Sub(w.began))
	}
	w.count++
	return nil
}
