package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/store"
)

// recorded is what a follower has sent, with the time since its start.
type recorded struct {
	begun  time.Time
	blocks []string
}

func (r *recorded) send(p []byte) error {
	for block := range strings.SplitSeq(strings.TrimSuffix(string(p), "\n\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		r.blocks = append(r.blocks, fmt.Sprintf("%s %s", time.Since(r.begun), strings.Join(lines, " | ")))
	}
	return nil
}

// follow runs a follower in a bubble of its own time while play feeds it.
func follow(t *testing.T, change func(*follower), play func(chan<- store.Change)) []string {
	t.Helper()
	var out recorded
	synctest.Test(t, func(t *testing.T) {
		out.begun = time.Now()
		changes := make(chan store.Change)
		f := &follower{
			changes: changes, boot: "boot", now: time.Now, logger: slog.New(slog.DiscardHandler), send: out.send,
			rows: func(_ context.Context, keys []store.RunKey) ([]RunRow, error) {
				rows := make([]RunRow, len(keys))
				for i, key := range keys {
					rows[i].RunID = fmt.Sprint(key)
				}
				return rows, nil
			},
			factory: func(_ context.Context, short string) (Factory, error) { return Factory{Factory: short}, nil },
		}
		if change != nil {
			change(f)
		}
		ended := make(chan error)
		go func() { ended <- f.follow(t.Context()) }()
		play(changes)
		close(changes)
		if err := <-ended; err != nil {
			t.Errorf("the stream broke off: %v", err)
		}
	})
	for i, block := range out.blocks { // the data are long, and their ids tell them apart
		if head, _, ok := strings.Cut(block, "data: "); ok && !strings.Contains(block, "reason") {
			id := "?"
			if _, rest, ok := strings.Cut(block, `"runId":"`); ok {
				id, _, _ = strings.Cut(rest, `"`)
			} else if _, rest, ok := strings.Cut(block, `{"factory":"`); ok {
				id, _, _ = strings.Cut(rest, `"`)
			}
			out.blocks[i] = head + id
		}
	}
	return out.blocks[1:] // without retry
}

// pass lets the bubble's own time pass.
func pass(d time.Duration) { <-time.After(d) }

func changed(seq uint64, keys ...store.RunKey) store.Change {
	return store.Change{Seq: seq, Kind: store.ChangeRun, Factory: store.Place{Short: "f"}, Runs: keys}
}

func fresher(seq uint64, short string) store.Change {
	return store.Change{Seq: seq, Kind: store.ChangeFreshness, Factory: store.Place{Short: short}}
}

func resource(seq uint64, short string, kind store.SurroundingKind) store.Change {
	return store.Change{Seq: seq, Kind: store.ChangeResource, Factory: store.Place{Short: short}, Resource: kind}
}

// many returns n keys from first on.
func many(first, n int) []store.RunKey {
	keys := make([]store.RunKey, n)
	for i := range keys {
		keys[i] = store.RunKey(first + i)
	}
	return keys
}

func TestAQuietStreamBeats(t *testing.T) {
	t.Parallel()
	got := follow(t, nil, func(chan<- store.Change) { pass(46 * time.Second) })
	if diff := cmp.Diff([]string{"15s : beat", "30s : beat", "45s : beat"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChangesOfAMomentAreSentOnceAndTogether(t *testing.T) {
	t.Parallel()
	got := follow(t, nil, func(c chan<- store.Change) {
		c <- changed(7, 1, 2)
		c <- fresher(8, "a")
		pass(50 * time.Millisecond)
		c <- changed(9, 2, 3)
		c <- fresher(10, "a")
		pass(time.Second)
		c <- changed(11, 1)
		pass(time.Second)
		c <- resource(12, "a", store.SurroundingTriggers)
		c <- resource(13, "a", store.SurroundingPipelines)
		c <- resource(14, "a", store.SurroundingTriggers)
		pass(time.Second)
	})
	want := []string{
		"100ms id: boot-6 | event: freshness | a",
		"100ms id: boot-6 | event: run | 1",
		"100ms id: boot-6 | event: run | 2",
		"100ms id: boot-10 | event: run | 3",
		"1.15s id: boot-11 | event: run | 1",
		"2.15s id: boot-11 | event: resource | a",
		"2.15s id: boot-14 | event: resource | a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnlyTheFactoriesAskedFor(t *testing.T) {
	t.Parallel()
	got := follow(t, func(f *follower) { f.factories = []string{"b"} }, func(c chan<- store.Change) {
		c <- changed(1, 1)
		c <- fresher(2, "a")
		c <- fresher(3, "b")
		pass(time.Second)
	})
	if diff := cmp.Diff([]string{"100ms id: boot-3 | event: freshness | b"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFloodIsAResetNowAndThen(t *testing.T) {
	t.Parallel()
	got := follow(t, nil, func(c chan<- store.Change) {
		for i := range 70 { // seven seconds
			c <- changed(uint64(i+1), many(1000*i, mostRows+1)...)
			pass(100 * time.Millisecond)
		}
		pass(5 * time.Second)
		c <- changed(71, 5)
		pass(time.Second)
	})
	want := []string{
		`100ms id: boot-1 | event: reset | data: {"reason":"many runs changed at once"}`,
		`5.1s id: boot-51 | event: reset | data: {"reason":"many runs changed at once"}`,
		`10.1s id: boot-70 | event: reset | data: {"reason":"many runs changed at once"}`,
		`12.1s id: boot-71 | event: run | 5`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAGapIsAReset(t *testing.T) {
	t.Parallel()
	got := follow(t, nil, func(c chan<- store.Change) {
		c <- changed(3, 1)
		c <- store.Change{Seq: 900, Kind: store.ChangeGap}
		pass(time.Second)
		c <- changed(901, 2)
		pass(time.Second)
	})
	want := []string{
		`100ms id: boot-900 | event: reset | data: {"reason":"events were missed"}`,
		"1.1s id: boot-901 | event: run | 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFreshStreamIsToldItsPosition(t *testing.T) {
	t.Parallel()
	got := follow(t, func(f *follower) { f.skipGap = true }, func(c chan<- store.Change) {
		c <- store.Change{Seq: 41, Kind: store.ChangeGap}
		pass(time.Second)
		c <- store.Change{Seq: 99, Kind: store.ChangeGap}
		pass(time.Second)
	})
	want := []string{"0s id: boot-41", `1.1s id: boot-99 | event: reset | data: {"reason":"events were missed"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCouldNotBeReadIsMadeUpByAReset(t *testing.T) {
	t.Parallel()
	broken := true
	got := follow(t, func(f *follower) {
		good := f.rows
		f.rows = func(ctx context.Context, keys []store.RunKey) ([]RunRow, error) {
			if broken {
				broken = false
				return nil, errors.New("the disk is on fire")
			}
			return good(ctx, keys)
		}
	}, func(c chan<- store.Change) {
		c <- changed(3, 1)
		pass(10 * time.Second)
		c <- changed(4, 2)
		pass(time.Second)
	})
	want := []string{
		`5.1s id: boot-3 | event: reset | data: {"reason":"changes could not be read"}`,
		"10.1s id: boot-4 | event: run | 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABrokenConnectionEndsTheStream(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection reset")
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		f := &follower{changes: make(chan store.Change), now: time.Now, send: func([]byte) error {
			if sent++; sent == 3 {
				return gone
			}
			return nil
		}}
		if err := f.follow(t.Context()); !errors.Is(err, gone) || sent != 3 {
			t.Errorf("after %d writes the stream ended with %v", sent, err)
		}
	})
}

func TestAStreamEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begun := time.Now()
		f := &follower{changes: make(chan store.Change), now: time.Now, send: func([]byte) error { return nil }}
		ended := make(chan error)
		go func() { ended <- f.follow(ctx) }()
		pass(time.Second)
		cancel()
		if err := <-ended; err != nil || time.Since(begun) != time.Second {
			t.Errorf("it ended after %s with %v", time.Since(begun), err)
		}
	})
}
