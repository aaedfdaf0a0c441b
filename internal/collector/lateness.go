package collector

import (
	"context"
	"sync"
	"time"

	"andon/internal/store"
)

// latenessMemory is for how long a late row makes windows overlap more.
const latenessMemory = 7 * 24 * time.Hour

// overlapFor returns how far windows have to reach back, given how late rows
// became visible: twice what 99 of 100 late rows needed, within bounds. What
// is later than that costs too much to wait for with every poll, and is a
// sweep's to find.
func overlapFor(seen []store.Late) time.Duration {
	var all int64
	for _, late := range seen {
		all += late.Rows
	}
	var sum int64
	for _, late := range seen {
		sum += late.Rows
		if sum*100 >= all*99 {
			return max(leastOverlap, min(mostOverlap, 2*late.Within))
		}
	}
	return leastOverlap
}

// overlapMemory is how long an overlap is kept before it is worked out anew.
const overlapMemory = time.Hour

// reachBack is how far a factory's windows overlap, worked out from time to
// time from the lateness that was seen.
type reachBack struct {
	now func() time.Time
	ask func(context.Context) ([]store.Late, error) // what was seen lately

	mu    sync.Mutex
	value time.Duration
	until time.Time // when it has to be worked out anew
}

// get returns the overlap. When the store can't tell, the last one holds.
func (o *reachBack) get(ctx context.Context) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.now(); !now.Before(o.until) {
		if seen, err := o.ask(ctx); err == nil {
			o.value, o.until = overlapFor(seen), now.Add(overlapMemory)
		}
	}
	return max(o.value, leastOverlap)
}

// forget has the overlap worked out anew, after late rows were seen.
func (o *reachBack) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = time.Time{}
}
