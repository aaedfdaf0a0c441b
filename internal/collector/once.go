package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

// factoriesAtOnce is how many factories ReadRange reads at the same time.
const factoriesAtOnce = 4

// ReadRange reads a range of every factory's history into the store, whatever
// is known of it, and ends: nothing goes on collecting. w is in lastUpdated;
// Azure keeps 45 days of it, and Reread.Window is what of w was read. Factories
// that the store holds of these sources are read whether Azure lists them or not,
// unless a source names its own.
//
// told hears of each factory when it is done, one at a time. gone are those that
// told does not hear of because Azure no longer has them, by short id. The error
// says which sources could not be listed whole; what became of a factory stands
// in what told hears.
func ReadRange(ctx context.Context, o Options, w store.Window, told func(store.Place, Reread)) (gone []store.Place, err error) {
	c := New(o)
	c.isIdle, c.ctx = true, ctx
	var troubles []error
	answered := map[string]*source{} // sources that Azure answers, by name
	for _, one := range o.Sources {
		s := newSource(c, one)
		subscriptions, err := s.discover(budget.For(ctx, budget.Discovery))
		if err != nil {
			troubles = append(troubles, fmt.Errorf("source %s: %w", one.Name, err))
		}
		if subscriptions != nil { // else its factories would all repeat that error
			answered[s.Name] = s
		}
	}
	gone, err = c.takeUnlisted(ctx, answered)
	if err != nil {
		troubles = append(troubles, err)
	}
	all := make([]*factory, 0, len(c.factories))
	for _, f := range c.factories {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *factory) int { return strings.Compare(a.place.Short, b.place.Short) })
	free := make(chan struct{}, factoriesAtOnce)
	var tasks sync.WaitGroup
	var telling sync.Mutex
	for _, f := range all {
		free <- struct{}{}
		tasks.Go(func() {
			defer func() { <-free }()
			made, err := c.readRangeOf(ctx, f, w)
			telling.Lock()
			defer telling.Unlock()
			if stateOf(err) == store.StateGone {
				gone = append(gone, f.place)
				return
			}
			told(f.place, made)
		})
	}
	tasks.Wait()
	if o.Scheduler != nil {
		c.storeUsage(context.WithoutCancel(ctx))
	}
	slices.SortFunc(gone, func(a, b store.Place) int { return strings.Compare(a.Short, b.Short) })
	return gone, errors.Join(append(troubles, ctx.Err())...)
}

// takeUnlisted makes known the stored factories that no source listed, so that
// they are tried: one whose role was taken away is refused, and says so. It
// returns those that were known to be gone before, which are not tried.
//
// It comes after all lists, because another source may list what this one
// listed once.
func (c *Collector) takeUnlisted(ctx context.Context, sources map[string]*source) (gone []store.Place, err error) {
	known, err := c.options.Store.Factories(ctx)
	if err != nil {
		return nil, fmt.Errorf("the factories stored so far: %w", err)
	}
	for i := range known {
		f := &known[i]
		s, isOurs := sources[f.Source]
		_, isListed := c.factories[f.ID.Key()]
		switch {
		case !isOurs || isListed:
		case f.State == store.StateGone:
			gone = append(gone, f.Place)
		default:
			c.collect(ctx, s, f.Place, false)
		}
	}
	return gone, nil
}

// readRangeOf reads a range of one factory. The error is what Reread.What says.
func (c *Collector) readRangeOf(ctx context.Context, f *factory, w store.Window) (Reread, error) {
	o, err := c.order(f.place.Short, w)
	if err != nil {
		now := adf.TimeOf(f.now())
		return Reread{Window: w, State: RereadFailed, What: err.Error(), Ordered: now, Ended: now}, err
	}
	err = f.sweepOrdered(budget.For(ctx, budget.Sweep), o)
	o.end(err, adf.TimeOf(f.now()))
	return o.get(), err
}
