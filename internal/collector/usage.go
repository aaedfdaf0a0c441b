package collector

import (
	"context"
	"maps"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

// usageEvery is how often what was asked of Azure is stored.
const usageEvery = 30 * time.Second

// usageLoop stores what requests used until ctx ends, and what is left then.
func (c *Collector) usageLoop(ctx context.Context) {
	for wait(ctx, usageEvery) {
		c.storeUsage(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	c.storeUsage(ctx)
}

func (c *Collector) storeUsage(ctx context.Context) {
	c.countUsage(ctx, c.options.Scheduler.TakeUsage())
}

// countUsage adds what requests used. What can't be stored now is stored with the next.
func (c *Collector) countUsage(ctx context.Context, counted map[budget.UsageKey]budget.Usage) {
	used := map[store.UsageKey]store.Usage{}
	for key, u := range counted {
		k := store.UsageKey{Factory: c.keyOf(adf.FactoryID(key.Factory)), Source: key.Source, Purpose: string(key.Purpose)}
		used[k] = used[k].Add(store.Usage(u))
	}
	c.mu.Lock()
	addUsage(c.used, used)
	addUsage(used, c.unstored)
	c.unstored = nil
	c.mu.Unlock()
	if err := c.options.Store.AddUsage(ctx, used); err != nil {
		c.logger.ErrorContext(ctx, "what requests used can't be stored yet", "error", err)
		c.mu.Lock()
		defer c.mu.Unlock()
		addUsage(used, c.unstored)
		c.unstored = used
	}
}

func addUsage(to, from map[store.UsageKey]store.Usage) {
	for key, u := range from {
		to[key] = to[key].Add(u)
	}
}

// Used returns what requests used since the start, up to half a minute ago.
func (c *Collector) Used() map[store.UsageKey]store.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.used)
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
