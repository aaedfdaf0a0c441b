package app

import (
	"testing"
	"time"

	"andon/internal/collector"
)

func TestThePaceInWords(t *testing.T) {
	t.Parallel()
	held := collector.Pace{Subscription: "1111", Factories: 40, Wanted: 5 * time.Second, Every: 6400 * time.Millisecond, PerSecond: 6.25}
	far := collector.Pace{Subscription: "2222", Factories: 700, Wanted: 5 * time.Second, Every: 112 * time.Second, PerSecond: 6.25}
	alone := held
	alone.Subscription, alone.Factories = "3333", 1
	for _, c := range []struct {
		name         string
		paces        []collector.Pace
		what, advice string
	}{
		{"none", nil, "", ""},
		{
			"one",
			[]collector.Pace{held},
			"the 40 factories of subscription 1111 can be asked every 7s only, not every 5s: the budget allows 6.25 requests/s for all of them",
			"set poll to 7s, or budget to 0.32 instead of 0.25",
		},
		{
			"one factory",
			[]collector.Pace{alone},
			"the only factory of subscription 3333 can be asked every 7s only, not every 5s: the budget allows 6.25 requests/s for it",
			"set poll to 7s, or budget to 0.32 instead of 0.25",
		},
		{
			"more than all of Azure's limit allows",
			[]collector.Pace{far, held},
			"the 700 factories of subscription 2222 can be asked every 1m52s only, not every 5s: the budget allows 6.25 requests/s for all of them",
			"set poll to 1m52s; other subscriptions are held back too, less than this one",
		},
	} {
		if what, advice := paceWords(c.paces, 0.25); what != c.what || advice != c.advice {
			t.Errorf("%s:\n%q\n%q", c.name, what, advice)
		}
	}
}
