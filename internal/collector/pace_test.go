package collector_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
)

// TestABudgetTooSmallForTheWantedPolls: factories of one subscription that
// share 1.25 requests a second can't each be asked every second.
func TestABudgetTooSmallForTheWantedPolls(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "quiet"})
	held := func(poll time.Duration, limits budget.Budget) []collector.Pace {
		config := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
		config.Scheduler = budget.New(limits, nil)
		c := collector.New(collector.Options{
			Sources: []collector.Source{{Name: "test", Client: newClientOf(t, config)}}, Store: newStore(t), Poll: poll, Scheduler: config.Scheduler,
		})
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer c.Stop()
		eventually(t, "the list of factories", func() string {
			if c.NextListing("test").IsZero() {
				return "is being read"
			}
			return ""
		})
		if other := c.HeldBack("nobody"); other != nil {
			t.Errorf("of a source without factories: %v", other)
		}
		return c.HeldBack("test")
	}
	factories := map[string]int{}
	want := []collector.Pace{
		{Factories: 24, Wanted: time.Second, Every: 19200 * time.Millisecond, PerSecond: 1.25},
		{Factories: 12, Wanted: time.Second, Every: 9600 * time.Millisecond, PerSecond: 1.25},
		{Factories: 4, Wanted: time.Second, Every: 3200 * time.Millisecond, PerSecond: 1.25},
	}
	for _, id := range b.emulated.Factories {
		factories[adf.FactoryID(id).Subscription()]++
	}
	for subscription, n := range factories {
		for i := range want {
			if want[i].Factories == n {
				want[i].Subscription = subscription
			}
		}
	}
	if diff := cmp.Diff(want, held(time.Second, budget.Budget{Share: 0.05})); diff != "" {
		t.Errorf("every second (-want +got):\n%s", diff)
	}
	if got := held(19*time.Second, budget.Budget{Share: 0.05}); got != nil {
		t.Errorf("every 19 s, which is all but enough: %v", got)
	}
	if got := held(time.Second, budget.Budget{Off: true}); got != nil {
		t.Errorf("without a budget: %v", got)
	}
}
