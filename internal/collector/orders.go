package collector

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

const (
	// ordersWaiting is how many ranges of a factory may wait to be read.
	ordersWaiting = 8
	// ordersKept is how many ranges of a factory are remembered after they were
	// read.
	ordersKept = 10
)

// RereadState tells how far the reading of an ordered range is.
type RereadState string

// The states of an ordered range, in their order.
const (
	RereadWaiting RereadState = "waiting"
	RereadReading RereadState = "reading"
	RereadDone    RereadState = "done"
	RereadFailed  RereadState = "failed"
)

// Reread is a range of a factory's history that somebody ordered to be read
// once more.
type Reread struct {
	Window   store.Window // bounds of lastUpdated: of what was asked for, what Azure can have
	State    RereadState
	Rows     int64    // rows read so far
	Added    int64    // of Rows, runs that were not here until then
	Missed   int64    // of Added, those whose time was covered already
	Outdated int64    // of Rows, runs that were here in an older version than what was covered should have held
	What     string   // why it failed, half a sentence; "" unless it did
	Ordered  adf.Time // by this machine's clock
	Ended    adf.Time // zero until it is done or failed
}

// order is a range that waits or is read.
type order struct {
	mu     sync.Mutex
	reread Reread
	done   chan struct{} // closed when it ended
	err    error         // how; may be read after done
}

func (o *order) get() Reread {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reread
}

func (o *order) set(change func(*Reread)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&o.reread)
}

// join takes w into the range, and reports whether it did: it waits still, and
// the two touch.
func (o *order) join(w store.Window) (joined bool) {
	o.set(func(r *Reread) {
		joined = r.State == RereadWaiting && w.From <= r.Window.To && w.To >= r.Window.From
		if joined {
			r.Window = store.Window{From: min(w.From, r.Window.From), To: max(w.To, r.Window.To)}
		}
	})
	return joined
}

// begin says that the range is being read, and returns what of it Azure has at
// now: it may have waited. The error says why that is nothing.
func (o *order) begin(now adf.Time) (cut store.Window, err error) {
	o.set(func(r *Reread) {
		r.State = RereadReading
		if cut, err = readable(r.Window, now); err == nil {
			r.Window = cut
		}
	})
	return cut, err
}

func (o *order) end(err error, now adf.Time) {
	o.set(func(r *Reread) {
		r.State, r.Ended = RereadDone, now
		if err != nil {
			r.State, r.What = RereadFailed, troubleOf(err, now.Time()).What
		}
	})
	o.err = err
	close(o.done)
}

// orders are the ranges of one factory that were ordered, the newest last.
type orders struct {
	waiting chan *order

	mu   sync.Mutex
	list []*order
}

func newOrders() *orders { return &orders{waiting: make(chan *order, ordersWaiting)} }

// add queues a range; it returns nil when too many wait. One that touches a
// range that waits already makes that one longer, so that nothing is read twice.
func (o *orders) add(w store.Window, now adf.Time) *order {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.list {
		if one.join(w) {
			return one
		}
	}
	// When it was ordered tells a range from the others of its factory: its ends
	// change when another one joins it, and when Azure forgets some of it.
	if n := len(o.list); n > 0 {
		now = max(now, o.list[n-1].get().Ordered+1)
	}
	made := &order{reread: Reread{Window: w, State: RereadWaiting, Ordered: now}, done: make(chan struct{})}
	select {
	case o.waiting <- made:
	default:
		return nil
	}
	o.list = append(o.list, made)
	// What waits or is read lies at the end, and is never as many.
	o.list = o.list[max(0, len(o.list)-ordersKept):]
	return made
}

// all returns the ranges, the newest first.
func (o *orders) all() []Reread {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Reread, 0, len(o.list))
	for _, one := range slices.Backward(o.list) {
		out = append(out, one.get())
	}
	return out
}

// NotCollectedError says that nobody collects a factory.
type NotCollectedError struct{ Factory string }

// Error returns half a sentence.
func (e *NotCollectedError) Error() string {
	return fmt.Sprintf("factory %q is not collected by this server", e.Factory)
}

// Order has a range of a factory's history read once more, whatever is known
// of it, and returns without waiting. factory is the short id; from and to are
// bounds of lastUpdated, of which Azure keeps 45 days: what lies before is
// left out. The error says why it can't be read.
func (c *Collector) Order(factory string, w store.Window) (Reread, error) {
	o, err := c.order(factory, w)
	if err != nil {
		return Reread{}, err
	}
	return o.get(), nil
}

func (c *Collector) order(factory string, w store.Window) (*order, error) {
	f := c.byShort(factory)
	if f == nil {
		return nil, &NotCollectedError{factory}
	}
	cut, err := readable(w, f.azureNow())
	if err != nil {
		return nil, err
	}
	o := f.orders.add(cut, adf.TimeOf(f.now()))
	if o == nil {
		return nil, fmt.Errorf("%d ranges of factory %s wait to be read already: try again when they are done", ordersWaiting, factory)
	}
	f.logger.Info("a range is read again because somebody ordered it", "from", cut.From, "to", cut.To)
	return o, nil
}

// readable cuts w to what Azure has at now. The error says why that is nothing.
func readable(w store.Window, now adf.Time) (store.Window, error) {
	// A time that is still to come counts as covered once it was asked for, so
	// it may not be.
	cut := store.Window{From: max(w.From, now.Add(-azureKeeps)), To: min(w.To, now)}
	switch {
	case w.From >= w.To:
		return cut, fmt.Errorf("the range ends at %s, which is not after its begin at %s", w.To, w.From)
	case cut.From >= cut.To && w.To <= cut.From:
		return cut, fmt.Errorf("the range ends at %s, and Azure keeps nothing from before %s", w.To, cut.From)
	case cut.From >= cut.To:
		return cut, fmt.Errorf("the range begins at %s, which is still to come", w.From)
	}
	return cut, nil
}

// Reread orders a range and returns once all of it is stored. The error says
// why it can't be read, or broke off.
func (c *Collector) Reread(ctx context.Context, factory string, w store.Window) error {
	o, err := c.order(factory, w)
	if err != nil {
		return err
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return &azure.Error{Kind: azure.KindCanceled, What: "the server is stopping"}
	}
}

// Rereads returns what was ordered of a factory since the start, the newest
// first, and at most ten. factory is the short id.
func (c *Collector) Rereads(factory string) []Reread {
	f := c.byShort(factory)
	if f == nil {
		return nil
	}
	return f.orders.all()
}

// sweepOrdered reads a range that somebody ordered. What of it was not covered
// counts as covered then.
func (f *factory) sweepOrdered(ctx context.Context, o *order) error {
	w, err := o.begin(f.azureNow())
	if err != nil {
		return err
	}
	have, err := f.store.Coverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	began := f.azureNow()
	p := newPlanner(w, nil, 0)
	var sum result
	for {
		part, ok := p.next()
		if !ok {
			break
		}
		got, err := f.read(ctx, reading{window: part, have: have, counts: true})
		sum.add(got)
		o.set(func(r *Reread) {
			r.Rows, r.Added, r.Missed, r.Outdated = int64(sum.rows), int64(sum.added), int64(sum.missed), int64(sum.outdated)
		})
		if err != nil {
			return err
		}
		p.took(part, got.pages)
	}
	return f.swept(ctx, store.Sweep{Kind: store.SweepAsked, Window: w, Began: began, Whole: true}, sum)
}
