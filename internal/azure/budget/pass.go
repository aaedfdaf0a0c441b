package budget

import "time"

// Whose is who a limit or a failure belongs to.
type Whose int

// The scopes of a pass, in the order of scopesOf.
const (
	OfSource       Whose = iota // whoever asks: its sign-in, and its way to Azure
	OfSubscription              // as one identity sees it
	OfFactory                   // whoever asks about it; a pass may have none
)

// Answered ends a request that got what it asked for, or an answer that is
// about it alone, such as that a run is not there. records is how many run
// records the answer held: Azure's price is by them.
func (p *Pass) Answered(records int) {
	p.end(func(_ time.Time, s *Scheduler) {
		for _, sc := range p.scopes {
			sc.answered()
		}
		s.count(&p.request, Usage{Requests: 1, Records: int64(records)})
	})
}

// Throttled ends a request that met a limit of whose; a factory's is the
// subscription's where the pass has none. Nothing passes there before until.
func (p *Pass) Throttled(until time.Time, whose Whose) {
	p.end(func(now time.Time, s *Scheduler) {
		at := min(int(whose), len(p.scopes)-1)
		for i, sc := range p.scopes {
			if i != at {
				sc.inFlight--
				sc.circuit.probing = false
				continue
			}
			sc.strained(now, p.began)
			sc.circuit.probing = false
			if until.After(sc.closed) {
				sc.closed = until
			}
		}
		s.count(&p.request, Usage{Requests: 1, Throttled: 1})
	})
}

// Failed ends a request without a usable answer, such as a 503 or a timeout.
// It counts against the factory, or against the subscription where there is
// none.
func (p *Pass) Failed(cause error) {
	p.fail(len(p.scopes)-1, cause, false)
}

// Unreached ends a request that did not get to Azure at all, since the network
// or the identity's token stands in the way; isLasting tells that a person has
// to act first.
func (p *Pass) Unreached(cause error, isLasting bool) {
	p.fail(int(OfSource), cause, isLasting)
}

// Disabled ends a request that met a subscription in which nothing is answered
// until its owner acts. Nothing is asked there before until; then one request
// tries whether it is enabled again.
func (p *Pass) Disabled(cause error, until time.Time) {
	p.end(func(_ time.Time, s *Scheduler) {
		for i, sc := range p.scopes {
			sc.inFlight--
			sc.circuit.probing = false
			if i == int(OfSubscription) {
				sc.circuit = circuit{open: true, until: until, cause: cause}
			}
		}
		s.count(&p.request, Usage{Requests: 1, Failed: 1})
	})
}

func (p *Pass) fail(at int, cause error, isLasting bool) {
	p.end(func(now time.Time, s *Scheduler) {
		for i, sc := range p.scopes {
			sc.strained(now, p.began)
			sc.circuit.probing = false
			if i == at {
				sc.circuit.failed(now, cause, isLasting)
			}
		}
		s.count(&p.request, Usage{Requests: 1, Failed: 1})
	})
}

// Unused gives a pass back: no request was sent.
func (p *Pass) Unused() {
	p.end(func(time.Time, *Scheduler) {
		for _, sc := range p.scopes {
			sc.inFlight--
			sc.circuit.probing = false
		}
	})
}

func (p *Pass) end(how func(time.Time, *Scheduler)) {
	s := p.scheduler
	s.mu.Lock()
	defer s.mu.Unlock()
	how(s.now(), s)
	s.dispatch()
}

// ReadsLeft takes in what ARM says is left of its own bucket, which others of
// the same identity drink from as well. It reports a change of pace.
func (p *Pass) ReadsLeft(reads int) (changed, isSlow bool) {
	s := p.scheduler
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := p.scopes[OfSubscription]
	changed = sc.left(s.now(), reads)
	return changed, sc.slow
}
