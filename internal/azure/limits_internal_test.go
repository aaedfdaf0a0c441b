package azure

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"andon/internal/adf"
)

func salesPlace() place {
	id := adf.FactoryID("/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/sales")
	return place{factory: id, subscription: id.Subscription()}
}

// In no minute may a factory be asked more often than the share allows,
// whatever the share and however hard callers push.
func TestBudgetHoldsInEveryMinute(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{0.01, 0.25, 1} {
		synctest.Test(t, func(t *testing.T) {
			l := newLimits(Budget{Share: share}, time.Now)
			var sent []time.Time
			for range 2 * int(factoryQueriesPerMinute*share) {
				leave, err := l.enter(t.Context(), salesPlace())
				if err != nil {
					t.Fatal(err)
				}
				sent = append(sent, time.Now())
				leave()
			}
			first := 0
			for i := range sent {
				for sent[i].Sub(sent[first]) >= time.Minute {
					first++
				}
				if n := i - first + 1; float64(n) > factoryQueriesPerMinute*share+1 {
					t.Fatalf("share %v: %d requests within a minute", share, n)
				}
			}
			if took := sent[len(sent)-1].Sub(sent[0]); took > 3*time.Minute {
				t.Errorf("share %v: two minutes' worth took %s: the budget is not used", share, took)
			}
		})
	}
}

func TestBucketsStayUnderAnyShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0.01, 2).Draw(t, "share")
		bucket := newLimits(Budget{Share: share}, time.Now).factory(salesPlace())
		if perMinute := float64(bucket.Burst()) + 60*float64(bucket.Limit()); perMinute > factoryQueriesPerMinute*share*1.0001 {
			t.Errorf("share %v: %v requests in the worst minute", share, perMinute)
		}
		if bucket.Limit() <= 0 {
			t.Errorf("share %v: nothing is ever sent", share)
		}
	})
}

func TestGates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Budget{Off: true}, time.Now)
		sales := salesPlace()
		other := place{factory: sales.factory + "2", subscription: sales.subscription}
		elsewhere := place{subscription: "another"}
		enter := func(p place) (time.Duration, error) {
			start := time.Now()
			leave, err := l.enter(t.Context(), p)
			if err == nil {
				leave()
			}
			return time.Since(start), err
		}

		l.closeGate(sales.factoryGate(), time.Now().Add(8*time.Second))
		l.closeGate(sales.factoryGate(), time.Now().Add(time.Second)) // an earlier end must not open it
		if waited, err := enter(other); waited != 0 || err != nil {
			t.Errorf("the neighbour waited %s, %v", waited, err)
		}
		if waited, err := enter(sales); waited != 8*time.Second || err != nil {
			t.Errorf("the factory waited %s, %v; want 8 s", waited, err)
		}

		until := time.Now().Add(time.Minute)
		l.closeGate(sales.subscriptionGate(), until)
		waited, err := enter(other)
		if closed, ok := errors.AsType[*closedError](err); waited != 0 || !ok || !closed.until.Equal(until) {
			t.Errorf("a gate closed for long: waited %s, %v", waited, err)
		}
		if waited, err := enter(elsewhere); waited != 0 || err != nil {
			t.Errorf("another subscription waited %s, %v", waited, err)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Budget{Share: 0.001}, time.Now) // one request in a minute
		first, err := l.enter(t.Context(), salesPlace())
		if err != nil {
			t.Fatal(err)
		}
		first()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if _, err := l.enter(ctx, salesPlace()); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("waited %s, %v; want the cancellation after 1 s", time.Since(start), err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.enter(ctx, salesPlace()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
}

func TestFourInFlightPerSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Budget{Share: 1}, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		entered := make(chan func(), 100)
		for range 10 {
			go func() {
				if leave, err := l.enter(ctx, salesPlace()); err == nil {
					entered <- leave
				}
			}()
		}
		synctest.Wait()
		if n := len(entered); n != inFlight {
			t.Errorf("%d requests are in flight, want %d", n, inFlight)
		}
		(<-entered)()
		synctest.Wait()
		if n := len(entered); n != inFlight {
			t.Errorf("after one answer %d are in flight besides, want %d", n, inFlight)
		}
		cancel()
		synctest.Wait()
	})
}

func TestLittleLeftSlowsDown(t *testing.T) {
	t.Parallel()
	l := newLimits(Budget{Share: 1}, time.Now)
	p := salesPlace()
	pace := func() float64 { return float64(l.subscription(p).reads.Limit()) }
	for _, step := range []struct {
		left    int
		changed bool
		pace    float64
	}{{249, false, 25}, {24, true, 6.25}, {10, false, 6.25}, {30, false, 6.25}, {200, true, 25}, {11998, false, 25}} {
		h := http.Header{}
		h.Set("x-ms-ratelimit-remaining-subscription-reads", strconv.Itoa(step.left))
		if changed, _, _ := l.observe(p, h); changed != step.changed || pace() != step.pace {
			t.Errorf("%d left: changed %t, pace %v; want %t and %v", step.left, changed, pace(), step.changed, step.pace)
		}
	}
	if changed, _, _ := l.observe(p, http.Header{}); changed {
		t.Error("an answer without the header changed the pace")
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "17", 17 * time.Second},
		{"Retry-After", "Tue, 24 Nov 2026 12:00:30 GMT", 30 * time.Second},
		{"Retry-After", "Tue, 24 Nov 2026 11:00:30 GMT", 0},
		{"Retry-After", "-5", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After-Ms", "1500", 1500 * time.Millisecond},
		{"X-Ms-Retry-After-Ms", "20", 20 * time.Millisecond},
	} {
		h := http.Header{}
		h.Set(tc.name, tc.value)
		if got := retryAfter(h, now); got != tc.want {
			t.Errorf("%s: %s gives %s, want %s", tc.name, tc.value, got, tc.want)
		}
	}
}
