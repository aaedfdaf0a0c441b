package budget_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"andon/internal/azure/budget"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func request(factory string, p budget.Purpose) budget.Request {
	return budget.Request{Source: "contoso", Principal: "app", Subscription: "S1", Factory: factory, Purpose: p}
}

// pass lets time go by: within a bubble of synctest it is a fake.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // waits for nothing real

// enter is Enter for requests that have to pass.
func enter(t *testing.T, s *budget.Scheduler, r budget.Request) *budget.Pass {
	t.Helper()
	p, err := s.Enter(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// In no minute may a factory be asked more often than the share allows,
// whatever the share and however hard callers push.
func TestBudgetHoldsInEveryMinute(t *testing.T) {
	t.Parallel()
	budgetHolds(t, 0.875) // failed once
	rapid.Check(t, func(rt *rapid.T) {
		budgetHolds(t, rapid.Float64Range(0.01, 1).Draw(rt, "share"))
	})
}

func budgetHolds(t *testing.T, share float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: share}, nil)
		var sent []time.Time
		for range 2*int(1000*share) + 1 {
			p := enter(t, s, request("f", budget.News))
			sent = append(sent, time.Now())
			p.Answered(100)
		}
		first := 0
		for i := range sent {
			for sent[i].Sub(sent[first]) >= time.Minute {
				first++
			}
			if n := i - first + 1; float64(n) > 1000*share+1 {
				t.Fatalf("share %v: %d requests within a minute", share, n)
			}
		}
		if took := sent[len(sent)-1].Sub(sent[0]); took > 4*time.Minute {
			t.Errorf("share %v: two minutes' worth took %s: the budget is not used", share, took)
		}
	})
}

// The subscription's reads are shared by its factories, and counted by
// identity whatever the source is called.
func TestASubscriptionsReadsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 0.25}, nil)
		begin := time.Now()
		for i := range 62 + 25 { // the burst, then a quarter of 25 a second
			r := request(fmt.Sprintf("f%d", i), budget.News)
			r.Source, r.Subscription = fmt.Sprintf("source %d", i%2), [...]string{"s1", "S1"}[i%2]
			enter(t, s, r).Answered(0)
		}
		if took := time.Since(begin); took < 3900*time.Millisecond || took > 4100*time.Millisecond {
			t.Errorf("62 of the bucket and 25 more took %s, want 4 s", took)
		}
		other := request("f", budget.News)
		other.Principal = "another app"
		begin = time.Now()
		enter(t, s, other).Answered(0)
		if took := time.Since(begin); took != 0 {
			t.Errorf("another identity waited %s", took)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 0.001}, nil) // one request in a minute
		enter(t, s, request("f", budget.News)).Answered(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := s.Enter(ctx, request("f", budget.News)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("waited %s, %v; want the deadline after 1 s", time.Since(begin), err)
		}
		if _, err := s.Enter(ctx, request("g", budget.News)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// order starts a request of each kind while nothing may pass, and returns who
// passed after whom.
func order(t *testing.T, waiting []budget.Request) []string {
	t.Helper()
	s := budget.New(budget.Budget{Share: 1}, nil)
	blocker := request("blocker", budget.News)
	enter(t, s, blocker).Failed(errors.New("503")) // leaves one place
	last := enter(t, s, blocker)
	passed := make(chan string)
	for _, r := range waiting {
		go func() {
			p, err := s.Enter(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			passed <- r.Factory + " " + string(r.Purpose)
			p.Unused() // an answer would let more go at once
		}()
		synctest.Wait()
	}
	last.Unused()
	var got []string
	for range waiting {
		synctest.Wait()
		got = append(got, <-passed)
	}
	return got
}

func TestUrgentRequestsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waiting []budget.Request
		var want []string
		for _, p := range slices.Backward(budget.Purposes()) {
			if p != budget.OpenRuns && p != budget.Discovery { // of one rank with the ones before them
				waiting = append(waiting, request("f", p))
				want = append(want, "f "+string(p))
			}
		}
		slices.Reverse(want)
		if got := order(t, waiting); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestFactoriesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waiting []budget.Request
		for range 3 {
			waiting = append(waiting, request("much", budget.News))
		}
		waiting = append(waiting, request("little", budget.News), request("some", budget.News), request("some", budget.News))
		got := order(t, waiting)
		want := []string{"much news", "little news", "some news", "much news", "some news", "much news"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// However much urgent work there is, the rest goes on.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 0.04}, nil) // one read a second
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 20 {
			go func() {
				for {
					p, err := s.Enter(ctx, request(fmt.Sprintf("f%d", i), budget.News))
					if err != nil {
						return
					}
					p.Answered(0)
				}
			}()
		}
		pass(time.Minute)
		begin := time.Now()
		enter(t, s, request("f0", budget.Surroundings)).Answered(0)
		if waited := time.Since(begin); waited > 40*time.Second {
			t.Errorf("what is not urgent waited %s behind twenty others, with one of sixteen turns at one a second", waited)
		}
		cancel()
		synctest.Wait()
	})
}

// Background requests never take the last place, nor the last quarter of a
// bucket.
func TestTheBackgroundLeavesRoomForNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 0.25}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		for range 8 {
			go func() {
				for {
					p, err := s.Enter(ctx, request("f", budget.History))
					if err != nil {
						return
					}
					pass(500 * time.Millisecond)
					p.Answered(100)
				}
			}()
		}
		pass(5 * time.Minute)
		for range 10 {
			begin := time.Now()
			enter(t, s, request("f", budget.News)).Answered(0)
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("news waited %s behind history", waited)
			}
			pass(7 * time.Second)
		}
		cancel()
		pass(time.Second) // the last of history is answered
	})
}

func TestConcurrencyGrowsByUseAndHalvesOnTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 1}, nil)
		// most returns how many requests are let pass before one is answered.
		most := func() []*budget.Pass {
			ctx, cancel := context.WithCancel(t.Context())
			passed := make(chan *budget.Pass, 100)
			for range 10 {
				go func() {
					if p, err := s.Enter(ctx, request("f", budget.News)); err == nil {
						passed <- p
					}
				}()
			}
			synctest.Wait()
			cancel()
			synctest.Wait()
			var all []*budget.Pass
			for len(passed) > 0 {
				all = append(all, <-passed)
			}
			return all
		}
		for _, want := range []int{2, 2, 3, 3, 4, 4, 4, 4} {
			all := most()
			if len(all) < want-1 || len(all) > want+1 {
				t.Errorf("%d in flight, want about %d", len(all), want)
			}
			for _, p := range all {
				p.Answered(0)
			}
		}
		all := most()
		if len(all) != 4 {
			t.Errorf("%d in flight at best, want 4", len(all))
		}
		pass(time.Second)
		for _, p := range all { // one burst of trouble halves once
			p.Failed(errors.New("503"))
		}
		all = most()
		if len(all) != 2 {
			t.Errorf("%d in flight after trouble, want 2", len(all))
		}
		for _, p := range all {
			p.Answered(0)
		}
	})
}

func TestLittleLeftSlowsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 1}, nil)
		p := enter(t, s, request("f", budget.News))
		for _, step := range []struct {
			left          int
			changed, slow bool
		}{{249, false, false}, {24, true, true}, {10, false, true}, {30, false, true}, {200, true, false}, {11998, false, false}, {1, true, true}} {
			if changed, slow := p.ReadsLeft(step.left); changed != step.changed || slow != step.slow {
				t.Errorf("%d left: changed %t, slow %t; want %t and %t", step.left, changed, slow, step.changed, step.slow)
			}
		}
		p.Answered(0)
		begin := time.Now()
		for range 25 {
			enter(t, s, request("f", budget.News)).Answered(0)
		}
		if took := time.Since(begin); took < 3*time.Second {
			t.Errorf("25 slow reads took %s, want 4 s where 1 s is usual", took)
		}
	})
}

// Whatever happens in whatever order, places are given back: nothing waits
// that could pass, and no more is in flight than may be.
// What ARM has left is all that may be sent at once, however much of our own
// share there would be: others drink from the same bucket, and it may be
// smaller than documented.
func TestWhatIsLeftBoundsABurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := budget.New(budget.Budget{Share: 0.25}, nil) // 62 at once
		left := 25.0                                     // of a bucket that refills by 2.5 a second
		last := time.Now()
		for i := range 200 {
			p := enter(t, s, request(fmt.Sprintf("f%d", i%7), budget.News))
			now := time.Now()
			left, last = min(25, left+2.5*now.Sub(last).Seconds()), now
			if left < 1 {
				t.Fatalf("request %d met an empty bucket", i)
			}
			left--
			p.ReadsLeft(int(left))
			p.Answered(0)
		}
	})
}

func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 60).Draw(rt, "steps")
		factories := rapid.SliceOfN(rapid.IntRange(0, 3), len(steps), len(steps)).Draw(rt, "factories")
		purposes := rapid.SliceOfN(rapid.SampledFrom(budget.Purposes()), len(steps), len(steps)).Draw(rt, "purposes")
		synctest.Test(t, func(t *testing.T) {
			s := budget.New(budget.Budget{Share: 1}, nil)
			var out []*budget.Pass
			for i, step := range steps {
				r := request(fmt.Sprintf("f%d", factories[i]), purposes[i])
				if step > 1 || len(out) == 0 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(step)*time.Second)
					if p, err := s.Enter(ctx, r); err == nil {
						out = append(out, p)
					}
					cancel()
				}
				if len(out) > 4 {
					t.Fatalf("%d in flight", len(out))
				}
				if step < 6 && len(out) > 0 {
					p := out[0]
					out = out[1:]
					switch step {
					case 0:
						p.Throttled(time.Now().Add(3*time.Second), budget.Whose(i%3))
					case 1:
						p.Failed(errors.New("503"))
					case 2:
						p.Unused()
					case 3:
						p.Unreached(errors.New("no route"), false)
					default:
						p.Answered(i)
					}
				}
			}
			for _, p := range out {
				p.Answered(0)
			}
			pass(2 * time.Minute) // every rest is over
			for f := range 4 {
				enter(t, s, request(fmt.Sprintf("f%d", f), budget.HistoryActivities)).Answered(0)
			}
		})
	})
}
