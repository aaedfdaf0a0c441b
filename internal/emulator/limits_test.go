package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestTheRealBudgetIsABucketOfReads(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Limits: "real", Now: c.now})
	f := b.info.Factories[0]
	granted := func() (n int, refusal answer) {
		for {
			a := b.arm("GET", f, "")
			if a.status == http.StatusTooManyRequests {
				return n, a
			}
			n++
		}
	}
	if first := b.arm("GET", f, ""); first.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads") != "249" {
		t.Errorf("remaining after the first read: %v", first.header)
	}
	n, refusal := granted()
	if n != 249 {
		t.Errorf("%d reads before the first refusal, want 249 after the first", n)
	}
	if refusal.header.Get("Retry-After") != "1" || refusal.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads") != "0" || !strings.Contains(string(refusal.body), "SubscriptionRequestsThrottled") {
		t.Errorf("refusal: %v %s", refusal.header, refusal.body)
	}
	c.advance(time.Second)
	if n, _ := granted(); n != 25 {
		t.Errorf("%d reads in the next second, want 25", n)
	}
	if a := b.arm("GET", b.info.Factories[len(b.info.Factories)-1], ""); a.status != http.StatusOK {
		t.Errorf("the other subscription is refused as well: %d", a.status)
	}
	if a := b.arm("GET", "/subscriptions?api-version=2022-12-01", ""); a.header.Get("X-Ms-Ratelimit-Remaining-Tenant-Reads") != "249" {
		t.Errorf("the tenant's reads: %v", a.header)
	}
	id := b.info.Identities[0]
	b.bearer = "Bearer " + b.token(id.ClientID, id.ClientSecret)
	if a := b.arm("GET", f, ""); a.status != http.StatusOK {
		t.Errorf("the other principal is refused as well: %d", a.status)
	}
}

func TestAFactoryAnswersSoManyQueriesAMinute(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Limits: "0.1", Now: c.now})
	f, other := b.info.Factories[0], b.info.Factories[1]
	n := 0
	var refusal answer
	for {
		refusal = b.arm("POST", f+"/queryPipelineRuns", "{}")
		if refusal.status != http.StatusOK {
			break
		}
		n++
		c.advance(400 * time.Millisecond) // as fast as the bucket of reads refills
	}
	if n != 100 || refusal.status != http.StatusTooManyRequests {
		t.Errorf("%d queries before %d, want 100 before 429", n, refusal.status)
	}
	name := f[strings.LastIndex(f, "/")+1:]
	if !strings.Contains(string(refusal.body), "TooManyPipelineRunQueryRequests") || !strings.Contains(string(refusal.body), name) || refusal.header.Get("Retry-After") != "20" {
		t.Errorf("refusal: %v %s", refusal.header, refusal.body)
	}
	var counted struct{ Throttled int }
	if b.decode(b.control("GET", "/truth/requests", ""), http.StatusOK, &counted); counted.Throttled != 1 {
		t.Errorf("%d requests are counted as throttled, want 1", counted.Throttled)
	}
	if a := b.arm("POST", other+"/queryPipelineRuns", "{}"); a.status != http.StatusOK {
		t.Errorf("the other factory: %d %s", a.status, a.body)
	}
	c.advance(20 * time.Second)
	if a := b.arm("POST", f+"/queryPipelineRuns", "{}"); a.status != http.StatusOK {
		t.Errorf("after Retry-After: %d %s", a.status, a.body)
	}
}

func TestWithoutLimitsNothingIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Limits: "off", Now: stoppedClock().now})
	for range 1100 {
		a := b.arm("POST", b.info.Factories[0]+"/queryPipelineRuns", `{"lastUpdatedBefore":"2001-01-01T00:00:00Z"}`)
		if a.status != http.StatusOK || a.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads") != "249" {
			t.Fatalf("%d %v", a.status, a.header)
		}
	}
}
