package store

import "sync"

// ChangeKind says what a Change is about.
type ChangeKind string

// The kinds of changes.
const (
	ChangeRun       ChangeKind = "run"       // runs are new or different
	ChangeFreshness ChangeKind = "freshness" // a factory's freshness, coverage or state moved
	ChangeResource  ChangeKind = "resource"  // factory resources of one kind changed, or when they were read, or why they could not be
	ChangeGap       ChangeKind = "gap"       // changes were lost to this subscriber: read everything again
)

// Change is one committed change.
type Change struct {
	Seq      uint64 // counts from 1 in each process
	Kind     ChangeKind
	Factory  Place           // zero for a gap
	Resource SurroundingKind // of ChangeResource
	Runs     []RunKey        // of ChangeRun: written runs, and those whose recovery or isLatest changed with them
}

// keptChanges bounds how far behind a subscriber may be. One that is further
// behind gets a gap. Example: of 600 changes, a subscriber after number 100
// would need 500, so it gets a gap with number 600 and goes on from there.
const keptChanges = 256

// feed hands committed changes to subscribers without waiting for any of them.
// Subscribers share the ring; each has a position of its own in it, so a
// subscriber costs the same however far behind it is.
type feed struct {
	mu     sync.Mutex
	seq    uint64
	ring   [keptChanges]Change // change n is at n % keptChanges
	subs   map[*Subscription]struct{}
	closed bool
}

func newFeed() *feed { return &feed{subs: map[*Subscription]struct{}{}} }

// Subscription delivers changes after their commit, in order.
type Subscription struct {
	feed *feed
	at   uint64 // position: the change that was delivered last; guarded by feed.mu
	gap  bool   // a gap is to be delivered before what follows at; guarded by feed.mu
	c    chan Change
	wake chan struct{}
	done chan struct{}
	once sync.Once
}

// Subscribe delivers every change after the one with the number after, or
// from now on with 0. When more than 256 changes came since, or after was
// given out by another process, the first change is a gap. The caller must
// Close the subscription.
func (s *Store) Subscribe(after uint64) *Subscription { return s.live.subscribe(after) }

func (f *feed) subscribe(after uint64) *Subscription {
	sub := &Subscription{feed: f, at: after, c: make(chan Change), wake: make(chan struct{}, 1), done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	sub.limit()
	if after == 0 {
		sub.at, sub.gap = f.seq, false
	}
	if f.closed {
		sub.once.Do(func() { close(sub.done) })
	} else {
		f.subs[sub] = struct{}{}
	}
	go sub.deliver()
	return sub
}

// C delivers the changes. It is closed by Close, and when the store closes.
func (s *Subscription) C() <-chan Change { return s.c }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	delete(s.feed.subs, s)
	s.feed.mu.Unlock()
	s.once.Do(func() { close(s.done) })
}

// deliver sends changes to the channel until the end.
func (s *Subscription) deliver() {
	defer close(s.c)
	for {
		c, ok := s.next()
		if !ok {
			select {
			case <-s.wake:
				continue
			case <-s.done:
				return
			}
		}
		select {
		case s.c <- c:
		case <-s.done:
			return
		}
	}
}

// next returns the change after the subscription's position, and false when
// there is none yet.
func (s *Subscription) next() (Change, bool) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	s.limit()
	switch {
	case s.gap:
		s.gap = false
		return Change{Seq: s.at, Kind: ChangeGap}, true
	case s.at == f.seq:
		return Change{}, false
	default:
		s.at++
		return f.ring[s.at%keptChanges], true
	}
}

// limit moves a position that the ring does not hold to the newest change, and
// notes the gap. It needs feed.mu held.
func (s *Subscription) limit() {
	if s.at > s.feed.seq || s.feed.seq-s.at > keptChanges {
		s.at, s.gap = s.feed.seq, true
	}
}

// publish numbers the changes and wakes every subscriber.
func (f *feed) publish(changes []Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		f.seq++
		c.Seq = f.seq
		f.ring[f.seq%keptChanges] = c
	}
	for sub := range f.subs {
		select {
		case sub.wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for sub := range f.subs {
		sub.once.Do(func() { close(sub.done) })
	}
	clear(f.subs)
}
