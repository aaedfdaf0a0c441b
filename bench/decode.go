package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"andon/internal/azure"
)

// decode measures how fast a page of ADF's answer becomes runs, beside what
// the standard library takes for the same page into maps, which is the least
// that keeps every field.
func (b *bench) decode(ctx context.Context) error {
	body := newHistory(b.size).pageBody()
	andon := func() (int, error) {
		page, err := azure.DecodeRunPage(body)
		return len(page.Runs), err
	}
	maps := func() (int, error) {
		var page struct{ Value []map[string]any }
		err := json.Unmarshal(body, &page)
		return len(page.Value), err
	}
	var ours, theirs []float64
	t := table{
		title:   fmt.Sprintf("Decode a page of 100 runs (%s bytes), one core, runs/s", whole(float64(len(body)))),
		columns: []string{"round", "azure.DecodeRunPage", "json into map[string]any", "ratio"},
	}
	for round := range b.rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := rate(b.now, b.spell, andon)
		if err != nil {
			return err
		}
		m, err := rate(b.now, b.spell, maps)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, m)
		t.add(strconv.Itoa(round+1), whole(a), whole(m), times(a/m))
	}
	t.add("median", whole(median(ours)), whole(median(theirs)), times(median(ratios(ours, theirs))))
	t.note("azure.DecodeRunPage gives typed fields, each row's own bytes, and keeps a page with odd rows.")
	b.print(&t)
	return nil
}

// rate calls f for the given time and returns how many things a second it
// did.
func rate(now func() time.Time, spell time.Duration, f func() (int, error)) (float64, error) {
	done := 0
	start := now()
	for {
		n, err := f()
		if err != nil {
			return 0, err
		}
		done += n
		if spent := now().Sub(start); spent >= spell {
			return float64(done) / spent.Seconds(), nil
		}
	}
}
