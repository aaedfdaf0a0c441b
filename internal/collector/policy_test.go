package collector

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// ended is a run that ended at a time.
func ended(id, pipeline string, s adf.Status, at adf.Time, took time.Duration) adf.PipelineRun {
	ms := took.Milliseconds()
	return adf.PipelineRun{RunID: id, PipelineName: pipeline, Status: s, RunStart: at.Add(-took), RunEnd: at, LastUpdated: at, DurationInMs: &ms}
}

func TestTheFirstPolicyThatMatchesCounts(t *testing.T) {
	t.Parallel()
	policies := NewActivityPolicies([]ActivityPolicy{
		{Factory: "adf-*-prod", Pipeline: "pl_beat_?", Keep: KeepNone},
		{Factory: "*", Pipeline: "*.hourly", Keep: KeepFailed, SlowerThan: 10 * time.Minute},
		{Factory: "ADF-dev", Keep: KeepFailed},
	})
	minute, hour := int64(60_000), int64(3_600_000)
	for _, c := range []struct {
		factory, pipeline string
		status            adf.Status
		ms                *int64
		want              bool
		reason            string
	}{
		{"adf-sales-prod", "pl_beat_1", adf.StatusFailed, &hour, false, "Not kept: the policy for this pipeline keeps none."},
		{"ADF-SALES-PROD", "PL_BEAT_1", adf.StatusFailed, &hour, false, "Not kept: the policy for this pipeline keeps none."},
		{"adf-sales-prod", "pl_beat_12", adf.StatusSucceeded, &minute, true, "Not kept: the policy for this pipeline kept less when the run ended."},
		{"adf-sales-prod", "x.hourly", adf.StatusSucceeded, &minute, false, "Not kept: the policy for this pipeline keeps failures and runs slower than 10m only."},
		{"adf-sales-prod", "x.hourly", adf.StatusSucceeded, &hour, true, "Not kept: the policy for this pipeline keeps failures and runs slower than 10m only."},
		{"adf-sales-prod", "x.hourly", adf.StatusCancelled, nil, true, "Not kept: the policy for this pipeline keeps failures and runs slower than 10m only."},
		{"adf-sales-prod", "x_hourly", adf.StatusSucceeded, &minute, true, "Not kept: the policy for this pipeline kept less when the run ended."},
		{"adf-dev", "x", adf.StatusCancelled, &hour, false, "Not kept: the policy for this pipeline keeps failures only."},
		{"adf-dev", "x", adf.StatusFailed, &minute, true, "Not kept: the policy for this pipeline keeps failures only."},
	} {
		for _, p := range []ActivityPolicy{policies.For(c.factory, c.pipeline), policies.of(c.factory)(c.pipeline)} {
			if got := p.Wants(c.status, c.ms); got != c.want || p.Reason() != c.reason {
				t.Errorf("%s/%s, %s: kept %t, %q", c.factory, c.pipeline, c.status, got, p.Reason())
			}
		}
	}
	for want, d := range map[string]time.Duration{"1h": time.Hour, "1h30m": 90 * time.Minute, "45s": 45 * time.Second, "10m30s": 630 * time.Second} {
		if got := shortDuration(d); got != want {
			t.Errorf("%s is written %s", d, got)
		}
	}
}

func TestQueueLeavesOutWhatAPolicyDoesNotKeep(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.policy = NewActivityPolicies([]ActivityPolicy{
		{Pipeline: "never", Keep: KeepNone}, {Pipeline: "bad", Keep: KeepFailed}, {Pipeline: "slow", Keep: KeepFailed, SlowerThan: 30 * time.Minute},
	}).of("any")
	q.setFilled(true)
	start := c.adf().Add(-time.Hour)
	q.setOpen([]store.RunRef{
		{RunID: "never-open", PipelineName: "never", RunStart: start},
		{RunID: "bad-open", PipelineName: "bad", RunStart: start},
		{RunID: "slow-open", PipelineName: "slow", RunStart: start},
		{RunID: "quick-open", PipelineName: "slow", RunStart: c.adf().Add(-10 * time.Minute)},
		{RunID: "other-open", PipelineName: "other", RunStart: start},
	})
	page := []adf.PipelineRun{
		ended("never-failed", "never", adf.StatusFailed, start, time.Hour), ended("bad-failed", "bad", adf.StatusFailed, start, time.Minute),
		ended("bad-good", "bad", adf.StatusSucceeded, start, time.Hour), ended("slow-good", "slow", adf.StatusSucceeded, start, time.Hour),
		ended("slow-quick", "slow", adf.StatusSucceeded, start, time.Minute), ended("other", "other", adf.StatusSucceeded, start, time.Minute),
	}
	q.finished(page)
	q.finished(page)
	if diff := cmp.Diff([]string{"bad-failed", "slow-good", "other", "slow-open", "other-open"}, drain(q)); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"never-failed", "bad-good", "slow-quick"}, q.takeUnkept()); diff != "" {
		t.Errorf("noted as not kept (-want +got):\n%s", diff)
	}
	q.finished(page)
	if got := q.takeUnkept(); got != nil {
		t.Errorf("%q are noted again", got)
	}
}

func TestQueueWaitsForRowsThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	q.finished([]adf.PipelineRun{
		ended("good", "p", adf.StatusSucceeded, c.adf().Add(-30*time.Second), time.Minute), ended("odd", "p", adf.StatusSucceeded, c.adf().Add(90*24*time.Hour), time.Minute),
		ended("failed", "p", adf.StatusFailed, c.adf(), time.Minute), ended("old", "p", adf.StatusCancelled, c.adf().Add(-time.Hour), time.Minute),
	})
	if diff := cmp.Diff([]string{"failed", "old"}, drain(q)); diff != "" {
		t.Errorf("at once (-want +got):\n%s", diff)
	}
	if _, _, pause := q.next(); pause != idle {
		t.Errorf("rests for %s", pause)
	}
	c.pass(settle - 40*time.Second)
	if _, ok, pause := q.next(); ok || pause != 10*time.Second {
		t.Errorf("%t, rests for %s instead of 10 s", ok, pause)
	}
	c.pass(10 * time.Second)
	if diff := cmp.Diff([]string{"good"}, drain(q)); diff != "" {
		t.Errorf("once settled (-want +got):\n%s", diff)
	}
	c.pass(30 * time.Second)
	if diff := cmp.Diff([]string{"odd"}, drain(q)); diff != "" {
		t.Errorf("with an end that lies far ahead (-want +got):\n%s", diff)
	}
}

// hour simulates an hour of a busy factory: 1,000 runs, of which one in
// failing fails, seen by a poll each half minute; rows of activities become
// visible after lag. It returns the requests for polls and activities, and
// how many runs lack rows at the end. heals says whether what the store offers
// again is read again.
func hour(failing int, lag time.Duration, atOnce, heals bool) (requests, lacking int) {
	c := newClock()
	q := newActivityQueue(c.now)
	q.setFilled(true)
	type stored struct {
		end      adf.Time
		early    bool
		complete bool
	}
	runs := map[string]*stored{}
	ask := func() {
		for job, ok, _ := q.next(); ok; job, ok, _ = q.next() {
			requests++
			r := runs[job.runID]
			r.early = c.adf() < r.end.Add(store.LateRows)
			r.complete = c.adf() >= r.end.Add(lag)
			q.release(job, nil)
		}
	}
	var page []adf.PipelineRun
	for second := range 3600 + 300 {
		if second < 3600 && second*1000/3600 != (second+1)*1000/3600 {
			id, status := strconv.Itoa(second), adf.StatusSucceeded
			if len(runs)%failing == 0 {
				status = adf.StatusFailed
			}
			runs[id] = &stored{end: c.adf()}
			r := ended(id, "p", status, c.adf(), time.Minute)
			if atOnce {
				r.RunEnd, r.LastUpdated = 0, 0 // as if it were long over
			}
			page = append(page, r)
		}
		if second%30 == 0 {
			if second < 3600 {
				requests++
			}
			q.wake()
			q.finished(page)
			page = nil
			for id, r := range runs {
				if heals && r.early && c.adf() >= r.end.Add(healAfter) {
					r.early = false
					q.setBacklog([]store.RunRef{ref(id, r.end)})
				}
				ask()
			}
		}
		ask()
		c.pass(time.Second)
	}
	for _, r := range runs {
		if !r.complete {
			lacking++
		}
	}
	return requests, lacking
}

// TestRequestEconomy demands of 1,000 runs an hour at most 1.3 requests a run,
// polls included, and that rows which become visible a minute late are healed.
func TestRequestEconomy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		failing       int
		atOnce, heals bool
		most          int
		lacks         bool
	}{
		{"at once, never again", 20, true, false, 1_300, true},
		{"at once, then all again", 20, true, true, 3_000, false},
		{"settled, failed at once and again", 20, false, true, 1_300, false},
		{"settled, one in six fails", 6, false, true, 1_300, false},
	} {
		requests, lacking := hour(c.failing, 55*time.Second, c.atOnce, c.heals)
		t.Logf("%-36s %5d requests, %.2f a run; %d of 1,000 runs lack rows", c.name, requests, float64(requests)/1_000, lacking)
		if requests > c.most || (lacking > 0) != c.lacks {
			t.Errorf("%s: %d requests, %d runs lack rows", c.name, requests, lacking)
		}
	}
}
