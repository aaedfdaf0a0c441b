package budget

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Azure's documented limits (Azure Data Factory limits: 1,000 monitoring
// queries a minute and factory; Azure Resource Manager throttling: a bucket
// of 250 reads, refilled by 25 a second, per subscription and identity).
const (
	factoryQueriesPerMinute = 1000
	subscriptionReads       = 250
	subscriptionReadsRefill = 25
	// mostInFlight per subscription is where ARM still answers evenly, and a
	// factory's queries are known to be throttled above it.
	mostInFlight          = 4
	mostInFlightUnlimited = 32
	firstInFlight         = 2
	// lowReads of a bucket of 250 is where the pace slows down, and
	// enoughReads where it goes on as before.
	lowReads    = subscriptionReads / 10
	enoughReads = subscriptionReads / 5
	// maxWait is how long a request waits for a gate; beyond it the caller is
	// told when to come back, so that it can do something else.
	maxWait = 10 * time.Second
	// fairTurn is how often the longest waiting request goes first, whatever
	// it is for, so that much urgent work delays the rest but never stops it.
	fairTurn = 16
)

// DefaultShare leaves most of each limit to the company's own programs.
const DefaultShare = 0.25

// Budget is the share of Azure's documented limits that may be used.
type Budget struct {
	Share float64 // above 0, else DefaultShare; ignored when Off
	Off   bool    // no limit of our own, for measuring; Retry-After is obeyed all the same
}

// Request is what wants to be sent.
type Request struct {
	Source       string // on whose behalf; what fails for it as a whole rests as a whole
	Principal    string // who asks: limits of subscriptions are per identity
	Subscription string // "" for calls above subscriptions
	Factory      string // the factory's key; "" for calls that concern none
	Purpose      Purpose
	Insists      bool // no circuit holds it back
}

// key is whose turn in a queue the request takes.
func (r *Request) key() string {
	if r.Factory != "" {
		return r.Factory
	}
	return r.Source + " " + strings.ToLower(r.Subscription)
}

// ClosedError says that Azure asked to be left alone for longer than a request
// waits.
type ClosedError struct {
	Scope string // for people
	Whose Whose
	Until time.Time
}

// Error returns a sentence without a period.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("%s is closed until %s, as Azure asked", e.Scope, e.Until.UTC().Format(time.RFC3339))
}

// OpenError says that nothing is asked for a while, since what was asked
// before failed again and again.
type OpenError struct {
	Scope string
	Until time.Time
	Cause error // the failure that was one too many
}

// Error returns a sentence without a period.
func (e *OpenError) Error() string {
	return fmt.Sprintf("%s rests until %s: %v", e.Scope, e.Until.UTC().Format(time.RFC3339), e.Cause)
}

// Unwrap returns the failure that opened the circuit.
func (e *OpenError) Unwrap() error { return e.Cause }

// Scheduler lets requests pass. Its methods may be called concurrently.
type Scheduler struct {
	budget Budget
	now    func() time.Time

	mu      sync.Mutex
	scopes  map[string]*scope
	queues  [classes]queue
	waiting int
	arrived uint64
	grants  uint64
	alarm   *time.Timer // wakes the scheduler when time alone lets somebody pass
	usage   map[UsageKey]Usage
}

// New makes a scheduler. now nil means time.Now.
func New(b Budget, now func() time.Time) *Scheduler {
	if now == nil {
		now = time.Now
	}
	if !(b.Share > 0) {
		b.Share = DefaultShare
	}
	return &Scheduler{budget: b, now: now, scopes: map[string]*scope{}, usage: map[UsageKey]Usage{}}
}

// Pass is the permission to send one request. Exactly one of its methods has
// to be called when it has ended.
type Pass struct {
	scheduler *Scheduler
	request   Request
	scopes    []*scope
	began     time.Time
}

// Enter waits until r may be sent. The error is a *ClosedError, an *OpenError
// or ctx's.
func (s *Scheduler) Enter(ctx context.Context, r Request) (*Pass, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	w := &waiter{request: r, scopes: s.scopesOf(&r), turn: s.arrived, granted: make(chan error, 1)}
	s.arrived++
	s.queues[r.Purpose.class()].push(w)
	s.waiting++
	s.dispatch()
	s.mu.Unlock()
	select {
	case err := <-w.granted:
		return w.pass, err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[r.Purpose.class()].remove(w) {
		s.waiting--
		return nil, ctx.Err()
	}
	// It was granted in the same moment: it is given back unused.
	if err := <-w.granted; err == nil {
		for _, sc := range w.scopes {
			sc.inFlight--
			sc.circuit.probing = false
		}
		s.dispatch()
	}
	return nil, ctx.Err()
}

// TryAgain half-opens the circuits of a source, of factories and of their
// subscriptions: a person says that what failed may work again. The next
// request of each decides whether its circuit closes. Factories are named by
// their keys.
func (s *Scheduler) TryAgain(source string, factories []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{"source " + source: true}
	for _, f := range factories {
		names["factory "+f] = true
		names[subscriptionName(subscriptionOf(f))] = true
	}
	for _, sc := range s.scopes {
		if names[sc.name] && sc.circuit.open {
			sc.circuit.until = time.Time{}
		}
	}
	s.dispatch()
}

// subscriptionOf returns the subscription in a factory's key, "" where there
// is none.
func subscriptionOf(factory string) string {
	rest, _ := strings.CutPrefix(factory, "/subscriptions/")
	subscription, _, _ := strings.Cut(rest, "/")
	return subscription
}

// sourceKey and factoryKey are the keys of scopes.
func sourceKey(name string) string { return "source " + name }
func factoryKey(key string) string { return "factory " + key }

// dispatch lets pass whoever may. The caller holds the lock.
func (s *Scheduler) dispatch() {
	soonest := time.Duration(0)
	for s.waiting > 0 {
		now := s.now()
		w, wait := s.pick(now)
		if w == nil {
			soonest = wait
			break
		}
		s.grant(w, now)
	}
	if s.alarm != nil {
		s.alarm.Stop()
		s.alarm = nil
	}
	if soonest > 0 {
		s.alarm = time.AfterFunc(soonest, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.dispatch()
		})
	}
}

func (s *Scheduler) grant(w *waiter, now time.Time) {
	s.queues[w.request.Purpose.class()].served(w)
	s.waiting--
	s.grants++
	w.pass = &Pass{scheduler: s, request: w.request, scopes: w.scopes, began: now}
	for _, sc := range w.scopes {
		sc.enter(now)
	}
	w.granted <- nil
}

// pick returns who goes next. When nobody can, wait is how long that holds
// unless an answer comes; 0 when only an answer can change it. Requests that
// can't go for long are sent away.
func (s *Scheduler) pick(now time.Time) (next *waiter, wait time.Duration) {
	isFair := s.grants%fairTurn == fairTurn-1
	var refused []*waiter
	for i := range s.queues {
		q := &s.queues[i]
		q.heads(func(w *waiter) bool {
			v := w.judge(now)
			switch {
			case v.err != nil:
				refused = append(refused, w)
				w.granted <- v.err
			case v.passes:
				if next == nil || w.turn < next.turn {
					next = w
				}
				return isFair
			case v.wait > 0 && (wait == 0 || v.wait < wait):
				wait = v.wait
			}
			return true
		})
		if next != nil && !isFair {
			break
		}
	}
	for _, w := range refused {
		s.queues[w.request.Purpose.class()].remove(w)
		s.waiting--
	}
	if next == nil && len(refused) > 0 && s.waiting > 0 {
		return s.pick(now) // others of their factories stand first now
	}
	return next, wait
}

// judge asks every scope. What holds longest counts.
func (w *waiter) judge(now time.Time) verdict {
	all := verdict{passes: true}
	waitsForAnswer := false
	for _, sc := range w.scopes {
		v := sc.judge(now, &w.request)
		if v.err != nil {
			return v
		}
		if !v.passes {
			all.passes = false
			all.wait = max(all.wait, v.wait)
			waitsForAnswer = waitsForAnswer || v.wait == 0
		}
	}
	if waitsForAnswer {
		all.wait = 0
	}
	return all
}

// scopesOf returns the limits that r falls under. The caller holds the lock.
func (s *Scheduler) scopesOf(r *Request) []*scope {
	out := []*scope{s.scope(OfSource, sourceKey(r.Source), "source "+r.Source, func(*scope) {})}
	sub := strings.ToLower(r.Subscription)
	out = append(out, s.scope(OfSubscription, "subscription "+r.Principal+" "+sub, subscriptionName(sub), s.limitSubscription))
	if r.Factory != "" {
		out = append(out, s.scope(OfFactory, factoryKey(r.Factory), "factory "+r.Factory, s.limitFactory))
	}
	return out
}

func subscriptionName(sub string) string {
	if sub == "" {
		return "what lies above subscriptions"
	}
	return "subscription " + sub
}

func (s *Scheduler) scope(whose Whose, key, name string, limit func(*scope)) *scope {
	sc := s.scopes[key]
	if sc == nil {
		sc = &scope{whose: whose, name: name}
		limit(sc)
		s.scopes[key] = sc
	}
	return sc
}

// ReadsPerSecond is how many requests may be sent for one subscription and
// identity in the long run; 0 without a limit of our own, and for no scheduler.
func (s *Scheduler) ReadsPerSecond() float64 {
	if s == nil || s.budget.Off {
		return 0
	}
	return subscriptionReadsRefill * s.budget.Share
}

func (s *Scheduler) limitSubscription(sc *scope) {
	sc.most, sc.window = mostInFlight, firstInFlight
	if s.budget.Off {
		sc.most, sc.window = mostInFlightUnlimited, mostInFlightUnlimited
		return
	}
	sc.usual = rate.Limit(s.ReadsPerSecond())
	sc.bucket = rate.NewLimiter(sc.usual, max(1, int(subscriptionReads*s.budget.Share)))
}

// limitFactory gives a factory its bucket. Burst and refill together stay
// under the share in any minute; the burst is the smaller part, so that a poll
// does not stand behind a spent minute.
func (s *Scheduler) limitFactory(sc *scope) {
	sc.most, sc.window = mostInFlight, firstInFlight
	if s.budget.Off {
		sc.most, sc.window = mostInFlightUnlimited, mostInFlightUnlimited
		return
	}
	perMinute := factoryQueriesPerMinute * s.budget.Share
	burst := max(1, int(perMinute/5))
	refill := max(perMinute-float64(burst), perMinute/5)
	sc.usual = rate.Limit(refill / 60)
	sc.bucket = rate.NewLimiter(sc.usual, burst)
}
