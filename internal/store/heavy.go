package store

import (
	"context"
	"fmt"
	"math"
	"runtime"
)

const (
	heavyRows    = sortRows // a read that may look at more rows is heavy
	heavyWaiting = 32       // heavy reads that may wait
)

// heavyAtOnce returns how many heavy reads run at once. Each keeps a core
// busy, and one core is left for what is light: on a machine of two cores one
// runs, on larger ones two.
func heavyAtOnce() int { return min(max(runtime.GOMAXPROCS(0)-1, 1), heavyReaders) }

// gate lets few heavy reads run, and makes a bounded number wait in order of
// arrival.
type gate struct {
	admitted chan struct{} // holds a value for each heavy read that runs or waits
	running  chan struct{} // holds a value for each that runs
}

func newGate() *gate {
	n := heavyAtOnce()
	return &gate{admitted: make(chan struct{}, n+heavyWaiting), running: make(chan struct{}, n)}
}

type heavyKey struct{}

func isHeavy(ctx context.Context) bool { return ctx.Value(heavyKey{}) != nil }

// admit is the only place that decides what is heavy: a read that may look at
// 10,000 rows or more, by the estimate of its caller. Such a read waits for its
// turn, which ends with ctx, and then reads under the returned context; leave
// gives its place to the next. Where too many wait, the error is a BusyError.
// Example: of 50 searches through 100,000 messages, 1 runs on two cores, 32 wait
// and 17 are refused, while lists of one page go on beside them.
func (s *Store) admit(ctx context.Context, rows int64) (_ context.Context, leave func(), err error) {
	if rows < heavyRows || isHeavy(ctx) {
		return ctx, func() {}, nil
	}
	g := s.gate
	select {
	case g.admitted <- struct{}{}:
	default:
		return nil, nil, &BusyError{
			What: fmt.Sprintf("%d large queries run or wait already", cap(g.admitted)),
			Next: "choose a shorter range, a factory or a pipeline, or try again in a few seconds",
		}
	}
	select {
	case g.running <- struct{}{}:
	case <-ctx.Done():
		<-g.admitted
		return nil, nil, fmt.Errorf("wait for other large queries: %w", ctx.Err())
	}
	leave = func() {
		<-g.running
		<-g.admitted
	}
	return context.WithValue(ctx, heavyKey{}, true), leave, nil
}

// listRows returns how many rows a list may look at.
func (s *Store) listRows(ctx context.Context, sc *scope, by Sort) (int64, error) {
	if sc.empty || sc.from >= sc.to {
		return 0, nil
	}
	var rows int64
	if sc.q != "" {
		matches, err := s.messages(ctx, sc)
		if err != nil {
			return 0, err
		}
		rows = matches
	}
	if sc.inOrder(by) {
		return rows, nil // an index ends the page after its last run
	}
	walked, err := s.estimate(ctx, sc)
	return rows + walked, err
}

// inOrder reports whether an index has all runs of a scope, and few others, in
// the order of a list.
func (sc *scope) inOrder(by Sort) bool {
	indexed := sc.invokers == nil && sc.sets == nil && !sc.latest && sc.minMs == 0 && !sc.notOpen &&
		(sc.recovery == nil || sc.onlyRecovery(codeOpen) || sc.onlyRecovery(codeNotRedone))
	if by == SortNewest || by == SortOldest {
		return indexed
	}
	return indexed && sc.recovery == nil && sc.statuses == nil && sc.factories == nil && sc.pipelines == nil &&
		sc.from == math.MinInt64 && sc.to == math.MaxInt64
}

// messages returns how many messages lie in a scope's range. Only failures
// have one.
func (s *Store) messages(ctx context.Context, sc *scope) (int64, error) {
	if matchWords(sc.q) == "" {
		return 0, nil
	}
	return s.estimate(ctx, &scope{from: sc.from, to: sc.to, statuses: []int64{statusFailed}})
}

// timelineRows returns how many rows a timeline looks at. Buckets that a
// roll-up counts, of an hour, and of a day for pipelines, need none but those
// of the ragged ends.
func (s *Store) timelineRows(ctx context.Context, sc *scope, g grid) (int64, error) {
	if sc.empty || g.bucket >= dayTicks || g.bucket >= hourTicks && !sc.named {
		return 0, nil
	}
	return s.estimate(ctx, sc)
}

// walkRows returns how many rows a walk of facets may look at.
func (s *Store) walkRows(ctx context.Context, w *walk) (int64, error) {
	switch {
	case w.scope.empty || w.rolledUp():
		return 0, nil
	case w.scope.q == "":
		return min(w.rows, facetRows), nil // it gives up after so many
	}
	rows, err := s.messages(ctx, &w.scope)
	if len(s.pipelinesLike(&w.scope)) > 0 {
		rows += min(w.rows, facetRows)
	}
	return rows, err
}
