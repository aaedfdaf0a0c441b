package collector

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Pace is how often the factories of one subscription are asked for news where
// the budget does not let that be as often as wanted.
type Pace struct {
	Subscription string // in lower case
	Factories    int
	Wanted       time.Duration // between two questions to one of them
	Every        time.Duration // between two that the budget allows
	PerSecond    float64       // requests that the budget allows for all of them
}

// slack is how much later than wanted polls may come before that is said.
const slack = 1.1

// HeldBack returns where a source's polls come later than wanted since the
// budget of a subscription is too small for one request to each factory, the
// slowest first. It is counted, not measured: news goes first, so that nothing
// else delays it for long.
func (c *Collector) HeldBack(source string) []Pace {
	perSecond := c.options.Scheduler.ReadsPerSecond()
	if perSecond <= 0 {
		return nil
	}
	// A limit is of a subscription as one identity sees it, whatever the number
	// of sources that use the identity.
	type limit struct{ principal, subscription string }
	factories := map[limit]int{}
	ofSource := map[limit]bool{}
	c.mu.Lock()
	for _, f := range c.factories {
		if f.health.isGone.Load() {
			continue
		}
		reads := f.seers.current()
		at := limit{reads.client.Principal(), strings.ToLower(f.place.ID.Subscription())}
		factories[at]++
		ofSource[at] = ofSource[at] || strings.EqualFold(reads.source, source)
	}
	c.mu.Unlock()
	var out []Pace
	for at, n := range factories {
		every := time.Duration(float64(n) / perSecond * float64(time.Second))
		if ofSource[at] && float64(every) > slack*float64(c.options.Poll) {
			out = append(out, Pace{at.subscription, n, c.options.Poll, every, perSecond})
		}
	}
	slices.SortFunc(out, func(a, b Pace) int {
		return cmp.Or(cmp.Compare(b.Every, a.Every), strings.Compare(a.Subscription, b.Subscription))
	})
	return out
}
