package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"andon/internal/store"
)

const (
	heartbeat    = 15 * time.Second
	eventTimeout = 10 * time.Second // for one write of the stream
	// gathering is how long changes are collected before they are sent, so
	// that a run that changes thrice in one poll is read and sent once.
	gathering = 100 * time.Millisecond
	// mostRows is how many runs are sent one by one; beyond, as happens while
	// history is filled, reading the lists anew is cheaper for both sides.
	mostRows = 200
	// resetPause keeps resets apart: each makes the client ask for everything.
	resetPause = 5 * time.Second
)

// follower sends changes to one client of the live stream.
type follower struct {
	changes   <-chan store.Change
	boot      string
	factories []string // short ids; none = all
	skipGap   bool     // the first gap only tells the position: nothing was missed
	rows      func(context.Context, []store.RunKey) ([]RunRow, error)
	factory   func(context.Context, string) (Factory, error)
	send      func([]byte) error
	now       func() time.Time
	logger    *slog.Logger

	waiting   waiting
	position  uint64 // everything up to it was sent
	located   bool   // whether position is known
	lastReset time.Time
}

// waiting is what was gathered and is still to be sent.
type waiting struct {
	last      uint64 // position of the newest of it
	some      bool
	runs      []store.RunKey // each once, in order of their first change
	seen      map[store.RunKey]bool
	factories []string        // whose freshness has changed, each once
	resources []resourceEvent // each once
	reset     string          // reason why everything must be read again; "" when it need not
}

// follow sends changes until ctx ends, the store closes or a write fails.
func (f *follower) follow(ctx context.Context) error {
	if err := f.send([]byte("retry: 2000\n\n")); err != nil {
		return err
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var ready <-chan time.Time // when what was gathered is due; nil while nothing was
	for {
		select {
		case <-ctx.Done():
			return nil
		case c, ok := <-f.changes:
			if !ok {
				return nil
			}
			skipped, err := f.skip(c)
			if err != nil {
				return err
			}
			if !skipped {
				f.gather(c)
				if ready == nil {
					ready = time.After(gathering)
				}
			}
		case <-ready:
			ready = nil
			pause, err := f.flush(ctx)
			if err != nil {
				return err
			}
			if pause > 0 {
				ready = time.After(pause)
			}
		case <-beat.C:
			if err := f.send([]byte(": beat\n\n")); err != nil {
				return err
			}
		}
	}
}

// skip takes the gap by which a fresh subscription tells its position, and
// gives the client that position: should the connection break before the
// first event, what happens meanwhile is sent when it is back.
func (f *follower) skip(c store.Change) (bool, error) {
	first := f.skipGap
	f.skipGap = false
	if !first || c.Kind != store.ChangeGap {
		return false, nil
	}
	f.position, f.located = c.Seq, true
	return true, f.send([]byte("id: " + f.id(c.Seq) + "\n\n"))
}

// gather adds a change to what is waiting.
func (f *follower) gather(c store.Change) {
	w := &f.waiting
	if !f.located && c.Kind != store.ChangeGap {
		f.position, f.located = c.Seq-1, true // changes come in order, without holes
	}
	w.last, w.some = c.Seq, true
	if c.Kind == store.ChangeGap {
		w.reset = "events were missed"
		return
	}
	if len(f.factories) > 0 && !slices.Contains(f.factories, c.Factory.Short) {
		return
	}
	switch c.Kind {
	case store.ChangeFreshness:
		if !slices.Contains(w.factories, c.Factory.Short) {
			w.factories = append(w.factories, c.Factory.Short)
		}
	case store.ChangeResource:
		if e := (resourceEvent{c.Factory.Short, string(c.Resource)}); !slices.Contains(w.resources, e) {
			w.resources = append(w.resources, e)
		}
	case store.ChangeRun:
		w.gatherRuns(c.Runs)
	case store.ChangeGap: // a reset, above
	}
}

func (w *waiting) gatherRuns(keys []store.RunKey) {
	if w.seen == nil {
		w.seen = map[store.RunKey]bool{}
	}
	for _, key := range keys {
		if len(w.runs) == mostRows && !w.seen[key] {
			w.reset = "many runs changed at once"
			return
		}
		if !w.seen[key] {
			w.seen[key] = true
			w.runs = append(w.runs, key)
		}
	}
}

// flush sends what is waiting. A pause says that it had to be put off.
func (f *follower) flush(ctx context.Context) (pause time.Duration, err error) {
	w := &f.waiting
	if !w.some {
		return 0, nil
	}
	if w.reset != "" {
		if pause := f.lastReset.Add(resetPause).Sub(f.now()); pause > 0 {
			return pause, nil
		}
	}
	events, err := f.events(ctx)
	if err != nil && ctx.Err() != nil {
		return 0, nil //nolint:nilerr // nobody listens any more; follow sees it next
	}
	if err != nil {
		// The store can't be read just now. What could not be sent is made
		// up by a reset once it can.
		f.logger.WarnContext(ctx, "changes can't be read for a live stream", "error", err)
		w.reset = "changes could not be read"
		return resetPause, nil
	}
	if w.reset != "" {
		f.lastReset = f.now()
	}
	if err := f.write(events); err != nil {
		return 0, err
	}
	f.position, f.located = w.last, true
	f.waiting = waiting{}
	return 0, nil
}

type event struct {
	name string
	data any
}

// resourceEvent is the data of a resource event.
type resourceEvent struct {
	Factory string `json:"factory"` // short id
	Kind    string `json:"kind"`    // of a Surrounding
}

// events reads what is waiting from the store.
func (f *follower) events(ctx context.Context) ([]event, error) {
	var out []event
	for _, short := range f.waiting.factories {
		one, err := f.factory(ctx, short)
		if err != nil {
			return nil, err
		}
		out = append(out, event{"freshness", one})
	}
	for _, changed := range f.waiting.resources {
		out = append(out, event{"resource", changed})
	}
	if reason := f.waiting.reset; reason != "" {
		return append(out, event{"reset", map[string]string{"reason": reason}}), nil
	}
	if len(f.waiting.runs) == 0 {
		return out, nil
	}
	rows, err := f.rows(ctx, f.waiting.runs)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		out = append(out, event{"run", rows[i]})
	}
	return out, nil
}

// write sends events together. Only the last one carries the new position: a
// client that got a part of them is sent all of them again.
func (f *follower) write(events []event) error {
	if len(events) == 0 {
		return nil
	}
	var out bytes.Buffer
	for i, e := range events {
		switch {
		case i == len(events)-1:
			fmt.Fprintf(&out, "id: %s\n", f.id(f.waiting.last))
		case f.located:
			fmt.Fprintf(&out, "id: %s\n", f.id(f.position))
		}
		fmt.Fprintf(&out, "event: %s\ndata: ", e.name)
		if err := marshal(&out, e.data); err != nil { // ends the line
			return fmt.Errorf("write a %s event: %w", e.name, err)
		}
		out.WriteByte('\n')
	}
	return f.send(out.Bytes())
}

func (f *follower) id(position uint64) string {
	return f.boot + "-" + strconv.FormatUint(position, 10)
}
