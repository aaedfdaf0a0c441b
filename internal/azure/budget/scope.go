package budget

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	minWindow = 1 // requests in flight, however much trouble there is
	// reserveShare of a bucket is left to what is urgent by what is not.
	reserveShare = 0.25
)

// scope is something that has limits of its own: an identity, a subscription
// as one identity sees it, or a factory. Its fields are guarded by the
// Scheduler's lock.
type scope struct {
	name  string // for people: "factory adf-sales", "subscription 1111…"
	whose Whose

	bucket *rate.Limiter // of requests; nil where there is none
	usual  rate.Limit    // the bucket's refill when nothing slows it down
	slow   bool          // ARM says that little is left

	inFlight int
	window   float64 // how many requests may be in flight; grows by use, halves on trouble
	most     float64
	cut      time.Time // when window was halved last

	closed  time.Time // nothing passes before then: Azure said so
	circuit circuit
}

// verdict says whether a request may pass a scope now.
type verdict struct {
	passes bool
	// wait is how long it certainly can't; 0 when an answer may change it at
	// any time.
	wait time.Duration
	err  error // it will not pass for so long that the caller should do something else
}

func (s *scope) judge(now time.Time, r *Request) verdict {
	if d := s.closed.Sub(now); d > 0 {
		if d > maxWait {
			return verdict{err: &ClosedError{Scope: s.name, Whose: s.whose, Until: s.closed}}
		}
		return verdict{wait: d}
	}
	if err := s.circuit.refusal(now); err != nil && !r.Insists {
		return verdict{err: &OpenError{Scope: s.name, Until: s.circuit.until, Cause: err}}
	}
	c := r.Purpose.class()
	if s.circuit.isProbing() && !r.Insists || s.most > 0 && s.inFlight >= s.places(c) {
		return verdict{}
	}
	if s.bucket == nil {
		return verdict{passes: true}
	}
	need := 1.0
	if c.isBackground() {
		need += float64(int(float64(s.bucket.Burst()) * reserveShare))
	}
	missing := need - s.bucket.TokensAt(now)
	if missing <= 0 {
		return verdict{passes: true}
	}
	// Never 0, which would mean that time alone can't help.
	return verdict{wait: time.Millisecond + time.Duration(missing/float64(s.bucket.Limit())*float64(time.Second))}
}

// places is how many requests may be in flight. What is not urgent leaves one
// place free, so that nobody urgent stands behind all of it.
func (s *scope) places(c class) int {
	n := max(minWindow, int(s.window))
	if c.isBackground() && n > 1 {
		n--
	}
	return n
}

// enter takes what a request needs, after judge let it pass.
func (s *scope) enter(now time.Time) {
	s.inFlight++
	s.circuit.enter(now)
	if s.bucket != nil {
		s.bucket.AllowN(now, 1)
	}
}

// answered gives back a place after a good answer to a request that began at.
// The window grows by one each time as many answers came as fit into it, while
// it is used to its full.
func (s *scope) answered() {
	if s.most > 0 && float64(s.inFlight) >= float64(int(s.window)) {
		s.window = min(s.most, s.window+1/s.window)
	}
	s.inFlight--
	s.circuit.answered()
}

// strained gives back a place and halves the window, but for requests that
// began before it was halved last.
func (s *scope) strained(now, began time.Time) {
	s.inFlight--
	if s.most > 0 && began.After(s.cut) {
		s.window = max(minWindow, s.window/2)
		s.cut = now
	}
}

// left tells that ARM says how many reads are left of its own bucket. Ours
// never holds more than what those that are on their way will leave of them.
func (s *scope) left(now time.Time, reads int) (changed bool) {
	if s.bucket == nil {
		return false
	}
	// The one that brought the answer is still among those in flight.
	most := max(0, reads-(s.inFlight-1))
	if over := s.bucket.TokensAt(now) - float64(most); over > 0 {
		s.bucket.AllowN(now, int(min(over, float64(s.bucket.Burst()))))
	}
	switch {
	case reads < lowReads && !s.slow:
		s.slow = true
		s.bucket.SetLimit(s.usual / 4)
		return true
	case reads >= enoughReads && s.slow:
		s.slow = false
		s.bucket.SetLimit(s.usual)
		return true
	}
	return false
}
