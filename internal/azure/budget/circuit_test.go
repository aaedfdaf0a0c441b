package budget_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"andon/internal/azure/budget"
)

func TestGates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		try := func(r budget.Request) (time.Duration, error) {
			begin := time.Now()
			p, err := s.Enter(t.Context(), r)
			if err == nil {
				p.Answered(0)
			}
			return time.Since(begin), err
		}
		sales, other := request("sales", budget.News), request("other", budget.News)
		elsewhere := request("third", budget.News)
		elsewhere.Subscription = "S2"

		a, b := enter(t, s, sales), enter(t, s, sales)
		a.Throttled(time.Now().Add(8*time.Second), budget.OfFactory)
		b.Throttled(time.Now().Add(time.Second), budget.OfFactory) // an earlier end must not open it
		if waited, err := try(other); waited != 0 || err != nil {
			t.Errorf("the neighbour waited %s, %v", waited, err)
		}
		if waited, err := try(sales); waited != 8*time.Second || err != nil {
			t.Errorf("the factory waited %s, %v; want 8 s, to the second", waited, err)
		}

		until := time.Now().Add(time.Minute)
		enter(t, s, other).Throttled(until, budget.OfSubscription)
		waited, err := try(sales)
		closed, ok := errors.AsType[*budget.ClosedError](err)
		if waited != 0 || !ok || !closed.Until.Equal(until) || closed.Scope != "subscription s1" {
			t.Errorf("a gate closed for long: waited %s, %v", waited, err)
		}
		if waited, err := try(elsewhere); waited != 0 || err != nil {
			t.Errorf("another subscription waited %s, %v", waited, err)
		}
		if u := s.TakeUsage()[budget.UsageKey{Source: "contoso", Factory: "sales", Purpose: budget.News}]; u != (budget.Usage{Requests: 3, Throttled: 2}) {
			t.Errorf("usage of the factory: %+v", u)
		}
	})
}

// A gate that closes for long sends away who waits behind it already.
func TestWaitersAreSentAwayWhenTheirGateCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 1}, nil)
		a, _ := enter(t, s, request("f", budget.News)), enter(t, s, request("f", budget.News))
		got := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := s.Enter(t.Context(), request("f", budget.Sweep))
				got <- err
			}()
		}
		synctest.Wait()
		a.Throttled(time.Now().Add(time.Minute), budget.OfFactory)
		for range 3 {
			if err := <-got; !isClosed(err) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func isClosed(err error) bool { _, ok := errors.AsType[*budget.ClosedError](err); return ok }

func TestACircuitOpensAndHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		dead := errors.New("Azure answered 503")
		for range 5 {
			enter(t, s, request("f", budget.News)).Failed(dead)
		}
		_, err := s.Enter(t.Context(), request("f", budget.News))
		open, ok := errors.AsType[*budget.OpenError](err)
		if !ok || !errors.Is(err, dead) || open.Scope != "factory f" || !open.Until.After(time.Now()) {
			t.Fatalf("after five failures: %v", err)
		}
		enter(t, s, request("g", budget.News)).Answered(0) // its neighbour is asked

		// One probe at a time; each failure makes the rest longer, up to a minute.
		var rests []time.Duration
		for range 9 {
			rest := time.Until(open.Until)
			rests = append(rests, rest)
			pass(rest)
			probe := enter(t, s, request("f", budget.News))
			second := make(chan error, 1)
			go func() {
				_, err := s.Enter(t.Context(), request("f", budget.News))
				second <- err
			}()
			synctest.Wait()
			if len(second) > 0 {
				t.Fatalf("a second request did not wait for the probe: %v", <-second)
			}
			probe.Failed(dead)
			if open, ok = errors.AsType[*budget.OpenError](<-second); !ok {
				t.Fatal("the second one passed after the probe failed")
			}
		}
		if rests[0] < time.Second || rests[0] > 2*time.Second || rests[8] < 30*time.Second || rests[8] > time.Minute {
			t.Errorf("it rested for %s", rests)
		}
		pass(time.Until(open.Until))
		enter(t, s, request("f", budget.News)).Answered(0)
		a, b := enter(t, s, request("f", budget.News)), enter(t, s, request("f", budget.News))
		a.Answered(0)
		b.Answered(0)
	})
}

// A refused secret stops the whole source at once, and no other.
func TestALastingRefusalStopsTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		enter(t, s, request("f", budget.News)).Unreached(errors.New("AADSTS7000222"), true)
		_, err := s.Enter(t.Context(), request("g", budget.News))
		if open, ok := errors.AsType[*budget.OpenError](err); !ok || open.Scope != "source contoso" {
			t.Errorf("another factory of the source: %v", err)
		}
		other := request("h", budget.News)
		other.Source, other.Principal = "fabrikam", "its app"
		enter(t, s, other).Answered(0)
	})
}

// A disabled subscription is left alone until the time given; a person may have
// it tried before.
func TestADisabledSubscriptionIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		disabled := errors.New("ReadOnlyDisabledSubscription")
		const sales, stock = "/subscriptions/s1/resourcegroups/g/providers/microsoft.datafactory/factories/sales", "/subscriptions/s1/x/stock"
		until := time.Now().Add(15 * time.Minute)
		enter(t, s, request(sales, budget.News)).Disabled(disabled, until)
		_, err := s.Enter(t.Context(), request(stock, budget.News))
		if open, ok := errors.AsType[*budget.OpenError](err); !ok || open.Scope != "subscription s1" || !open.Until.Equal(until) || !errors.Is(err, disabled) {
			t.Errorf("another factory of the subscription: %v", err)
		}
		elsewhere := request("elsewhere", budget.News)
		elsewhere.Subscription = "S2"
		enter(t, s, elsewhere).Answered(0)
		pass(15*time.Minute + time.Second)
		enter(t, s, request(stock, budget.News)).Disabled(disabled, time.Now().Add(15*time.Minute))
		if _, err := s.Enter(t.Context(), request(sales, budget.News)); !errors.Is(err, disabled) {
			t.Errorf("after it was tried: %v", err)
		}
		s.TryAgain("another source", []string{"/subscriptions/s9/x/sales"})
		if _, err := s.Enter(t.Context(), request(sales, budget.News)); !errors.Is(err, disabled) {
			t.Errorf("after another subscription was to be tried: %v", err)
		}
		s.TryAgain("contoso", []string{sales})
		enter(t, s, request(sales, budget.News)).Answered(0)
		enter(t, s, request(stock, budget.News)).Answered(0)
	})
}

// A person who has fixed the cause need not wait for the rest to end.
func TestARestEndsWhenSomebodyAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		refused := errors.New("AADSTS7000222")
		enter(t, s, request("f", budget.News)).Unreached(refused, true)
		other := request("h", budget.News)
		other.Source = "fabrikam"
		for range 5 {
			enter(t, s, other).Failed(refused)
		}
		s.TryAgain("contoso", []string{"f"})
		probe := enter(t, s, request("f", budget.News))
		probe.Unreached(refused, true)
		if _, err := s.Enter(t.Context(), request("f", budget.News)); !errors.Is(err, refused) {
			t.Errorf("after the probe failed: %v", err)
		}
		s.TryAgain("contoso", []string{"f", "never asked"})
		enter(t, s, request("f", budget.News)).Answered(0)
		if _, err := s.Enter(t.Context(), other); !errors.Is(err, refused) {
			t.Errorf("another source's factory: %v", err)
		}
		s.TryAgain("fabrikam", []string{"h"})
		enter(t, s, other).Answered(0)
	})
}

// TestWhoInsistsPassesWhatRests: a person's request is sent though everything
// rests, makes no rest longer, and ends it with a good answer. A gate holds it
// like any other.
func TestWhoInsistsPassesWhatRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Off: true}, nil)
		dead := errors.New("Azure answered 503")
		asked := request("f", budget.Asked)
		asked.Insists = true
		rest := func() time.Time {
			_, err := s.Enter(t.Context(), request("f", budget.News))
			open, ok := errors.AsType[*budget.OpenError](err)
			if !ok {
				t.Fatalf("it does not rest: %v", err)
			}
			return open.Until
		}
		for range 5 {
			enter(t, s, request("f", budget.News)).Failed(dead)
		}
		until := rest()
		for range 5 {
			enter(t, s, asked).Failed(dead)
		}
		if again := rest(); !again.Equal(until) {
			t.Errorf("it rests until %s, not %s", again, until)
		}
		pass(time.Until(until))
		probe := enter(t, s, request("f", budget.News))
		enter(t, s, asked).Unused() // beside the probe
		probe.Failed(dead)
		rest()
		enter(t, s, asked).Answered(0)
		enter(t, s, request("f", budget.News)).Throttled(time.Now().Add(time.Minute), budget.OfFactory)
		if _, err := s.Enter(t.Context(), asked); !isClosed(err) {
			t.Errorf("behind a gate: %v", err)
		}
	})
}
