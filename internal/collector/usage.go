package collector

import (
	"context"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// usageEvery is how often what was asked of Azure is stored.
const usageEvery = 30 * time.Second

// usageLoop stores what requests used until ctx ends, and what is left then.
func (c *Collector) usageLoop(ctx context.Context) {
	used := map[store.UsageKey]store.Usage{}
	for wait(ctx, usageEvery) {
		c.storeUsage(ctx, used)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	c.storeUsage(ctx, used)
}

// storeUsage stores what was used since it was called last, and what could not
// be stored then, which used keeps.
func (c *Collector) storeUsage(ctx context.Context, used map[store.UsageKey]store.Usage) {
	for key, u := range c.options.Scheduler.TakeUsage() {
		k := store.UsageKey{Factory: c.keyOf(adf.FactoryID(key.Factory)), Source: key.Source, Purpose: string(key.Purpose)}
		sum := used[k]
		used[k] = store.Usage{
			Requests: sum.Requests + u.Requests, Records: sum.Records + u.Records,
			Throttled: sum.Throttled + u.Throttled, Failed: sum.Failed + u.Failed,
		}
	}
	if err := c.options.Store.AddUsage(ctx, used); err != nil {
		c.logger.ErrorContext(ctx, "what requests used can't be stored yet", "error", err)
		return
	}
	clear(used)
}

// readBy returns the source that reads a factory, "" for none yet.
func (c *Collector) readBy(id adf.FactoryID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.factories[id.Key()]; f != nil {
		return f.seers.current().source
	}
	return ""
}

// keyOf returns the key of a collected factory, 0 for any other.
func (c *Collector) keyOf(id adf.FactoryID) store.FactoryKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.factories[id.Key()]; f != nil {
		return f.place.Key
	}
	return 0
}
