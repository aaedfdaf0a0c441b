package collector

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// backoff spaces the attempts after failures: twice as long each time, with
// jitter, so that many factories don't come back in the same moment. The zero
// value is ready.
type backoff struct{ failures int }

// next counts a failure and returns how long to wait, at least until retryAt
// when that is known.
func (b *backoff) next(now, retryAt time.Time) time.Duration {
	wait := lastRetry
	if b.failures < 6 {
		wait = min(lastRetry, firstRetry<<b.failures)
	}
	b.failures++
	wait = wait/2 + jitter(wait/2)
	if !retryAt.IsZero() {
		wait = max(wait, retryAt.Sub(now))
	}
	return wait
}

func (b *backoff) reset() { b.failures = 0 }

// jitter returns a random part of d.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(d))) //nolint:gosec // spreads load, guards nothing
}

// wait returns false when ctx ended before d had passed.
func wait(ctx context.Context, d time.Duration) bool { return waitOr(ctx, d, nil) }

// waitOr is wait that is cut short when somebody asks.
func waitOr(ctx context.Context, d time.Duration, asked <-chan struct{}) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-asked:
	}
	return ctx.Err() == nil
}
