package collector

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func newClock() *clock                { return &clock{time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time       { return c.at }
func (c *clock) adf() adf.Time        { return adf.TimeOf(c.at) }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func run(id string, s adf.Status) adf.PipelineRun { return adf.PipelineRun{RunID: id, Status: s} }

func ref(id string, start adf.Time) store.RunRef { return store.RunRef{RunID: id, RunStart: start} }

// drain takes and finishes jobs until there is none, and returns their runs.
func drain(q *activityQueue) []string {
	var ids []string
	for {
		job, ok, _ := q.next()
		if !ok {
			return ids
		}
		ids = append(ids, job.runID)
		q.release(job, nil)
	}
}

func TestQueueOrdersByUrgency(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.finished([]adf.PipelineRun{run("while-filling", adf.StatusFailed)})
	q.setOpen([]store.RunRef{ref("long", c.adf().Add(-time.Hour)), ref("short", c.adf().Add(-time.Minute))})
	if got := drain(q); got != nil || q.wantsBacklog() {
		t.Errorf("%q is read while history is filled", got)
	}
	q.setFilled(true)
	if !q.wantsBacklog() {
		t.Error("no history is wanted after the fill")
	}
	q.setBacklog([]store.RunRef{ref("old-failed", 1), ref("old-good", 2)})
	q.finished([]adf.PipelineRun{run("good", adf.StatusSucceeded), run("running", adf.StatusInProgress), run("failed", adf.StatusFailed)})
	want := []string{"failed", "good", "long", "old-failed", "old-good"}
	if diff := cmp.Diff(want, drain(q)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestQueueReadsAFinishedRunOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	seen := []adf.PipelineRun{run("A", adf.StatusFailed)}
	q.finished(seen)
	q.finished(seen) // the same, before it was read
	if diff := cmp.Diff([]string{"A"}, drain(q)); diff != "" {
		t.Error(diff)
	}
	for range 10 { // an overlapping window shows it again at each poll
		c.pass(30 * time.Second)
		q.wake()
		q.finished([]adf.PipelineRun{run("a", adf.StatusFailed)})
		if got := drain(q); got != nil {
			t.Fatalf("%q is read again", got)
		}
	}
}

func TestQueueReadsRunningRunsRarely(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	q.setOpen([]store.RunRef{
		ref("6h", c.adf().Add(-6*time.Hour)), ref("10m", c.adf().Add(-10*time.Minute)), ref("9m", c.adf().Add(-9*time.Minute)), ref("8m", c.adf().Add(-8*time.Minute)),
	})
	counts := map[string]int{}
	for range 20 { // ten minutes
		for _, id := range drain(q) {
			counts[id]++
		}
		c.pass(30 * time.Second)
		q.wake()
	}
	for id, n := range counts {
		if id == "6h" || n > 10 {
			t.Errorf("%s was read %d times in ten minutes", id, n)
		}
	}
	if len(counts) != runningRuns {
		t.Errorf("read were %v, want the newest %d", counts, runningRuns)
	}
}

func TestQueueReadsHistoryOneAtATime(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	q.setBacklog([]store.RunRef{ref("a", 1), ref("b", 1)})
	first, ok, _ := q.next()
	if _, more, _ := q.next(); !ok || more {
		t.Fatal("two of the backlog are read at the same time")
	}
	q.finished([]adf.PipelineRun{run("new", adf.StatusFailed)})
	if job, ok, _ := q.next(); !ok || job.runID != "new" {
		t.Error("the news waits for history")
	}
	q.putBack(first)
	if job, ok, _ := q.next(); !ok || job.runID != "a" {
		t.Error("a job put back is lost")
	}
}

func TestQueueRestsAfterTroubleAndLeavesABadRunAside(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	q.setBacklog([]store.RunRef{ref("bad", 1), ref("next", 1)})
	job, _, _ := q.next()
	server := &azure.Error{Kind: azure.KindServer}
	if tries := q.release(job, server); tries != 1 {
		t.Errorf("%d tries after the first", tries)
	}
	q.pause(server)
	if _, ok, rest := q.next(); ok || rest <= 0 || rest > lastRetry {
		t.Errorf("the queue rests %s", rest)
	}
	c.pass(5 * time.Second)
	if job, ok, _ := q.next(); !ok || job.runID != "next" {
		t.Error("the other run is not read after the rest")
	}
	c.pass(time.Minute)
	q.wake()
	q.release(activityJob{runID: "next"}, nil)
	q.setBacklog([]store.RunRef{ref("bad", 1)})
	if job, ok, _ := q.next(); !ok || job.tries != 1 {
		t.Errorf("the bad run comes again: %t, after %d tries", ok, job.tries)
	}
	throttled := &azure.Error{Kind: azure.KindThrottled, RetryAt: c.now().Add(90 * time.Second)}
	if tries := q.release(job, throttled); tries != 1 {
		t.Errorf("throttling counts against the run: %d tries", tries)
	}
	q.pause(throttled)
	if _, ok, rest := q.next(); ok || rest != 90*time.Second {
		t.Errorf("the queue rests %s, Azure asked for 90 s", rest)
	}
}

func TestQueueClaimCoalescesAndRepeatsAFreshError(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	if begin, err := q.claim("a"); !begin || err != nil {
		t.Fatalf("%t %v", begin, err)
	}
	if begin, err := q.claim("A"); begin || err != nil {
		t.Errorf("a run that is being read: %t %v", begin, err)
	}
	refused := &azure.Error{Kind: azure.KindForbidden}
	q.release(activityJob{runID: "a", urgent: true}, refused)
	if begin, err := q.claim("a"); begin || !errors.Is(err, refused) {
		t.Errorf("a run that was just refused: %t %v", begin, err)
	}
	c.pass(errorLife)
	if begin, err := q.claim("a"); !begin || err != nil {
		t.Errorf("later: %t %v", begin, err)
	}
}

func TestUnsettledActivitiesAreReadAgainButNotForEver(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	tries := 0
	for range 10 {
		q.setBacklog([]store.RunRef{ref("a", 1)})
		if job, ok, _ := q.next(); ok {
			if job.tries >= settleTries {
				q.release(job, nil) // taken as they are
				break
			}
			tries = q.release(job, errUnsettled)
		}
		c.pass(15 * time.Second)
	}
	if tries != settleTries {
		t.Errorf("unsettled %d times, want %d", tries, settleTries)
	}
}

// TestMuchMoreThanCanBeReadWaitsInTheStore: while activities can't be read for
// weeks, a busy factory's ended runs don't gather in memory.
func TestMuchMoreThanCanBeReadWaitsInTheStore(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	q.setBacklog(nil)
	for i := range 3 * freshMost {
		q.finished([]adf.PipelineRun{run(strconv.Itoa(i), []adf.Status{adf.StatusSucceeded, adf.StatusFailed}[i%2])})
	}
	if n := len(q.fresh); n != freshMost {
		t.Errorf("%d runs wait in memory, want %d", n, freshMost)
	}
	if !q.wantsBacklog() {
		t.Error("nobody asks the store for the others")
	}
}

// TestAnEndedRunIsRememberedWhileWindowsShowIt, so that it is asked for once.
func TestAnEndedRunIsRememberedWhileWindowsShowIt(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	ended := []adf.PipelineRun{run("a", adf.StatusFailed)}
	asked := 0
	for range int(deepest(mostOverlap) / time.Minute) {
		q.finished(ended)
		asked += len(drain(q))
		c.pass(time.Minute)
		q.wake()
	}
	if asked != 1 {
		t.Errorf("it was asked for %d times", asked)
	}
}

// TestARunThatIsBeingReadIsNotForgotten: somebody asked for the activities of
// an open run that no policy keeps, and it ends meanwhile.
func TestARunThatIsBeingReadIsNotForgotten(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.policy = NewActivityPolicies([]ActivityPolicy{{Keep: KeepNone}}).of("adf")
	q.setFilled(true)
	if begin, err := q.claim("a"); !begin || err != nil {
		t.Fatal(begin, err)
	}
	q.finished([]adf.PipelineRun{run("a", adf.StatusSucceeded)})
	c.pass(2 * memoLife)
	q.wake()
	if begin, err := q.claim("A"); begin || err != nil {
		t.Error("it is read twice at once", err)
	}
	q.release(activityJob{runID: "a"}, nil)
}

func TestBackoffGrowsToItsBoundAndObeysRetryAfter(t *testing.T) {
	t.Parallel()
	var b backoff
	now := newClock().now()
	last := time.Duration(0)
	for range 40 {
		last = b.next(now, time.Time{})
		if last < firstRetry/2 || last > lastRetry {
			t.Fatalf("waits %s", last)
		}
	}
	if last < lastRetry/2 {
		t.Errorf("waits %s after 40 failures", last)
	}
	if d := b.next(now, now.Add(time.Hour)); d != time.Hour {
		t.Errorf("waits %s, Azure asked for an hour", d)
	}
	b.reset()
	if d := b.next(now, time.Time{}); d > firstRetry {
		t.Errorf("waits %s after a success", d)
	}
}

func TestHealthTellsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	c := newClock()
	var told []store.State
	h := &health{poll: 30 * time.Second, now: c.now, tell: func(_ context.Context, s store.FactoryState) error {
		told = append(told, s.State)
		return nil
	}}
	ctx := t.Context()
	report := func(p part, err error) {
		t.Helper()
		if err := h.report(ctx, p, err); err != nil {
			t.Fatal(err)
		}
	}
	report(partPoll, nil)
	report(partPoll, nil)
	if err := h.setFilled(ctx, true, c.adf(), store.Fill{}); err != nil {
		t.Fatal(err)
	}
	broken := &azure.Error{Kind: azure.KindServer, What: "x"}
	report(partPoll, broken) // fresh still, with trouble
	report(partPoll, broken)
	c.pass(2 * time.Minute)
	report(partPoll, broken)
	report(partPoll, &azure.Error{Kind: azure.KindForbidden})
	report(partPoll, &azure.Error{Kind: azure.KindNoFactory})
	report(partPoll, nil)
	want := []store.State{"filling", "fresh", "fresh", "stale", "refused", "gone", "fresh"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// TestAFactoryWhosePollsNeverSucceedIsLate: windows of it may be stored, of
// before this start or of an older half, while each poll of this start fails. A
// first fill whose polls succeed is not late, however long it takes.
func TestAFactoryWhosePollsNeverSucceedIsLate(t *testing.T) {
	t.Parallel()
	broken := &azure.Error{Kind: azure.KindServer, What: "x"}
	for name, polls := range map[string]error{"fail": broken, "succeed": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			var told store.State
			h := &health{poll: 30 * time.Second, now: c.now, tell: func(_ context.Context, s store.FactoryState) error {
				told = s.State
				return nil
			}}
			h.pollsBegin()
			for at := time.Duration(0); at <= 5*time.Minute; at += 30 * time.Second {
				if err := h.report(t.Context(), partPoll, polls); err != nil {
					t.Fatal(err)
				}
				if err := h.setFilled(t.Context(), false, c.adf().Add(-time.Hour), store.Fill{}); err != nil {
					t.Fatal(err)
				}
				want := store.StateFilling
				if polls != nil && at > 2*30*time.Second+firstRetry {
					want = store.StateStale
				}
				if told != want {
					t.Errorf("%s after polling began: %s, want %s", at, told, want)
				}
				c.pass(30 * time.Second)
			}
		})
	}
}
