package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
	"andon/internal/store"
)

// What the store has to reach.
const (
	writeRate      = 22_000 // rows a second, page by page
	groupWriteRate = 28_000 // where pages share commits
	bytesPerRun    = 500
	collectors     = 8 // that share commits
)

// write measures how fast pages of 100 runs are stored with every index,
// roll-up and the text search kept, beside the bare driver.
func (b *bench) write(ctx context.Context) error {
	t := table{
		title:   fmt.Sprintf("Store %s rows in pages of %d, one fifth of them updates, rows/s", whole(float64(b.size/10)), pageRows),
		columns: []string{"round", "one collector", fmt.Sprintf("%d collectors", collectors), "bare inserts", "one ÷ bare", fmt.Sprintf("%d ÷ bare", collectors)},
	}
	var one, many, bare []float64
	var last written
	for round := range b.rounds {
		b.say("write: round %d of %d", round+1, b.rounds)
		var w1, w8, plain written
		for _, m := range []struct {
			into  *written
			write func(context.Context, string) (written, error)
		}{
			{&w1, func(ctx context.Context, dir string) (written, error) { return b.writeStore(ctx, dir, 1) }},
			{&plain, b.writeBare},
			{&w8, func(ctx context.Context, dir string) (written, error) { return b.writeStore(ctx, dir, collectors) }},
		} {
			var err error
			if *m.into, err = inNewFolder(ctx, m.write); err != nil {
				return err
			}
		}
		one, many, bare, last = append(one, w1.rate()), append(many, w8.rate()), append(bare, plain.rate()), w1
		t.add(strconv.Itoa(round+1), whole(w1.rate()), whole(w8.rate()), whole(plain.rate()),
			times(w1.rate()/plain.rate()), times(w8.rate()/plain.rate()))
	}
	t.add("median", whole(median(one)), whole(median(many)), whole(median(bare)),
		times(median(ratios(one, bare))), times(median(ratios(many, bare))))
	perRun := float64(last.bytes) / float64(last.runs)
	t.note("%s runs of %s rows (%.0f %% updates); %.0f bytes a run with its raw JSON, of %.0f bytes of JSON a row.",
		whole(float64(last.runs)), whole(float64(last.rows)), 100*float64(last.updated)/float64(last.rows), perRun, float64(last.rawBytes)/float64(last.rows))
	t.note("Bare inserts: raw rows, same driver and durability, one table, no index, nothing packed.")
	b.expect("store pages, one collector", "≥ 22,000/s", whole(median(one))+"/s", median(one) >= writeRate)
	b.expect("store pages, group commit", "≥ 28,000/s", whole(median(many))+"/s", median(many) >= groupWriteRate)
	b.expect("bytes a run", "≤ 500", fmt.Sprintf("%.0f", perRun), perRun <= bytesPerRun)
	return b.print(&t)
}

// written is what storing some pages came to.
type written struct {
	rows, runs, updated, rawBytes int
	bytes                         int64 // of the file
	spent                         time.Duration
}

func (w *written) rate() float64 { return float64(w.rows) / w.spent.Seconds() }

func inNewFolder(ctx context.Context, do func(context.Context, string) (written, error)) (w written, err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return written{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return do(ctx, dir)
}

// somePages makes the pages before the clock starts.
func (b *bench) somePages(h *history) (pages []store.Page, w written, err error) {
	for {
		page, ok, err := h.next()
		if err != nil || !ok {
			return pages, w, err
		}
		pages = append(pages, page)
		w.rows += len(page.Runs)
		for i := range page.Runs {
			w.rawBytes += len(page.Runs[i].Raw)
		}
	}
}

func (b *bench) writeBare(ctx context.Context, dir string) (written, error) {
	pages, w, err := b.somePages(newHistory(b.size * 8 / 100)) // runs of size/10 rows
	if err != nil {
		return w, err
	}
	start := b.now()
	err = writePlain(ctx, dir, pages)
	w.spent = b.now().Sub(start)
	return w, err
}

// writeStore writes the pages from so many goroutines at once.
func (b *bench) writeStore(ctx context.Context, dir string, writers int) (w written, err error) {
	path := filepath.Join(dir, "andon.db")
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{})
	if err != nil {
		return w, err
	}
	closeStore := sync.OnceValue(s.Close)
	defer func() { err = errors.Join(err, closeStore()) }()
	h := newHistory(b.size * 8 / 100)
	if err := h.put(func(f adf.Factory) (store.Place, error) { return s.PutFactory(ctx, f, "bench") }); err != nil {
		return w, err
	}
	pages, w, err := b.somePages(h)
	if err != nil {
		return w, err
	}
	start := b.now()
	changes, err := writeAll(ctx, s, pages, writers)
	w.spent = b.now().Sub(start)
	if err != nil {
		return w, err
	}
	w.runs, w.updated = changes.Inserted, changes.Updated
	if err := closeStore(); err != nil {
		return w, err
	}
	w.bytes, err = fileSize(path)
	return w, err
}

func writeAll(ctx context.Context, s *store.Store, pages []store.Page, writers int) (store.Changes, error) {
	var next, inserted, updated atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range writers {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(pages) {
					return nil
				}
				done, err := s.WriteRuns(ctx, pages[i])
				if err != nil {
					return err
				}
				inserted.Add(int64(done.Inserted))
				updated.Add(int64(done.Updated))
			}
		})
	}
	err := group.Wait()
	return store.Changes{Inserted: int(inserted.Load()), Updated: int(updated.Load())}, err
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
