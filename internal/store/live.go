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

const (
	keptChanges      = 10_000 // changes that a late subscriber can catch up with
	subscriberBuffer = 256    // changes that wait for a subscriber before it gets a gap
)

// feed hands committed changes to subscribers without ever waiting for one.
type feed struct {
	mu     sync.Mutex
	seq    uint64
	ring   []Change // the last keptChanges, at seq % keptChanges
	subs   map[*Subscription]struct{}
	closed bool
}

func newFeed() *feed { return &feed{subs: map[*Subscription]struct{}{}} }

// Subscription delivers changes after their commit, in order.
type Subscription struct {
	feed   *feed
	c      chan Change
	behind []Change // what has to be delivered before newer changes; nil when caught up
	wake   chan struct{}
	done   chan struct{}
	once   sync.Once
}

// Subscribe delivers every change after the one with the number after, or
// from now on with 0. When changes in between are not kept any more, or after
// was given out by another process, the first change is a gap. The caller
// must Close the subscription.
func (s *Store) Subscribe(after uint64) *Subscription { return s.live.subscribe(after) }

func (f *feed) subscribe(after uint64) *Subscription {
	sub := &Subscription{feed: f, c: make(chan Change), wake: make(chan struct{}, 1), done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch kept := uint64(len(f.ring)); {
	case after == 0:
	case after > f.seq || f.seq-after > kept:
		sub.behind = []Change{{Seq: f.seq, Kind: ChangeGap}}
	default:
		for n := after + 1; n <= f.seq; n++ {
			sub.behind = append(sub.behind, f.ring[n%keptChanges])
		}
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

// deliver moves changes from behind to the channel until the end.
func (s *Subscription) deliver() {
	defer close(s.c)
	for {
		s.feed.mu.Lock()
		batch := s.behind
		s.behind = nil
		s.feed.mu.Unlock()
		for _, c := range batch {
			select {
			case s.c <- c:
			case <-s.done:
				return
			}
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
	}
}

// publish numbers the changes and gives them to every subscriber.
func (f *feed) publish(changes []Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		f.seq++
		c.Seq = f.seq
		switch {
		case f.ring == nil:
			f.ring = append(make([]Change, 1, 64), c) // slot 0 belongs to number keptChanges
		case len(f.ring) < keptChanges:
			f.ring = append(f.ring, c)
		default:
			f.ring[f.seq%keptChanges] = c
		}
		for sub := range f.subs {
			sub.push(c)
		}
	}
}

// push needs feed.mu held.
func (s *Subscription) push(c Change) {
	if len(s.behind) >= subscriberBuffer {
		s.behind = []Change{{Seq: c.Seq, Kind: ChangeGap}}
	} else {
		s.behind = append(s.behind, c)
	}
	select {
	case s.wake <- struct{}{}:
	default:
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
