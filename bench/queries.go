package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

const (
	// queryBound is what 95 of 100 answers have to stay below.
	queryBound = 50 * time.Millisecond
	// fewSamples are taken of a query however long it takes; further ones for
	// at most querySpell.
	fewSamples = 20
	querySpell = 20 * time.Second
	warmUps    = 3 // answers that don't count
)

// queries measures how long the API takes to answer over a large store, one
// request at a time.
func (b *bench) queries(ctx context.Context) (err error) {
	h := newHistory(b.size)
	path, err := b.largeStore(ctx, h)
	if err != nil {
		return err
	}
	size, err := fileSize(path)
	if err != nil {
		return err
	}
	address, stop, err := serve(ctx, path, h)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer func() {
		client.CloseIdleConnections()
		err = errors.Join(err, stop())
	}()
	asked := &board{address: address, client: client, now: b.now}
	all, err := newQuestions(ctx, asked, h, rand.New(rand.NewPCG(3, 4))) //nolint:gosec // the same questions every time
	if err != nil {
		return err
	}
	days := h.end.Sub(h.start).Hours() / 24
	t := table{
		title:   fmt.Sprintf("Answer over HTTP from %s runs of %.0f days in %d factories, ms", whole(float64(b.size)), days, factoryCount),
		columns: []string{"query", "p50", "p95", "slowest", "kB", "p95 < 50 ms"},
	}
	var over []string
	for _, q := range all {
		a, err := b.askMany(ctx, asked, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		verdict := "ok"
		if a.p95 >= queryBound {
			verdict, over = "OVER", append(over, q.name)
		}
		t.add(q.name, millis(a.p50), millis(a.p95), millis(a.slowest), whole(float64(a.bytes)/1000), verdict)
	}
	t.note("Each row: %d requests (at least %d in %s), one at a time over one connection, warm file cache; ranges", b.samples, min(b.samples, fewSamples), querySpell)
	t.note("end now in one half of them, anywhere in history in the other. kB: the answer, unpacked.")
	t.note("The file has %.0f bytes a run, activities of %s runs included.", float64(size)/float64(b.size), whole(detailed))
	got := fmt.Sprintf("%d of %d", len(all)-len(over), len(all))
	b.expect(fmt.Sprintf("API on %s runs", whole(float64(b.size))), "every p95 < 50 ms", got, len(over) == 0)
	return b.print(&t)
}

// answers are how long the answers to one query took.
type answers struct {
	p50, p95, slowest time.Duration
	bytes             int // of the largest body
}

func (b *bench) askMany(ctx context.Context, asked *board, q question) (answers, error) {
	for range warmUps {
		if _, _, err := asked.get(ctx, q.path()); err != nil {
			return answers{}, err
		}
	}
	var all []time.Duration
	var out answers
	start := b.now()
	for len(all) < b.samples && (len(all) < fewSamples || b.now().Sub(start) < querySpell) {
		body, took, err := asked.get(ctx, q.path())
		if err != nil {
			return answers{}, err
		}
		all = append(all, took)
		out.bytes = max(out.bytes, len(body))
	}
	slices.Sort(all)
	out.p50, out.p95, out.slowest = percentile(all, 0.5), percentile(all, 0.95), all[len(all)-1]
	return out, nil
}
