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
// Azure keeps 45 days of it. told hears of each factory when it is done, one at
// a time. The error says which sources could not be listed whole; what became
// of a factory stands in what told hears.
func ReadRange(ctx context.Context, o Options, w store.Window, told func(store.Place, Reread)) error {
	c := New(o)
	c.isIdle, c.ctx = true, ctx
	var troubles []error
	for _, one := range o.Sources {
		if _, err := newSource(c, one).discover(budget.For(ctx, budget.Discovery)); err != nil {
			troubles = append(troubles, fmt.Errorf("source %s: %w", one.Name, err))
		}
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
			made := c.readRangeOf(ctx, f, w)
			telling.Lock()
			defer telling.Unlock()
			told(f.place, made)
		})
	}
	tasks.Wait()
	if o.Scheduler != nil {
		c.storeUsage(context.WithoutCancel(ctx))
	}
	return errors.Join(append(troubles, ctx.Err())...)
}

func (c *Collector) readRangeOf(ctx context.Context, f *factory, w store.Window) Reread {
	o, err := c.order(f.place.Short, w)
	if err != nil {
		now := adf.TimeOf(f.now())
		return Reread{Window: w, State: RereadFailed, What: err.Error(), Ordered: now, Ended: now}
	}
	o.end(f.sweepOrdered(budget.For(ctx, budget.Sweep), o), adf.TimeOf(f.now()))
	return o.get()
}
