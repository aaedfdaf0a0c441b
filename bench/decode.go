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
		a, m, err := rates(b.now, b.spell, andon, maps)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, m)
		t.add(strconv.Itoa(round+1), whole(a), whole(m), times(a/m))
	}
	t.add("median", whole(median(ours)), whole(median(theirs)), times(median(ratios(ours, theirs))))
	t.note("azure.DecodeRunPage gives typed fields, each row's own bytes, and keeps a page with odd rows.")
	return b.print(&t)
}

// slice is how long one of two things that are compared goes on before it is
// the other's turn, short enough for a neighbour's load to hit both.
const slice = 50 * time.Millisecond

// rates calls f and g in turn, each for the given time in all, and returns how
// many things a second each did.
func rates(now func() time.Time, spell time.Duration, f, g func() (int, error)) (ofF, ofG float64, err error) {
	var done [2]int
	var spent [2]time.Duration
	for spent[0] < spell || spent[1] < spell {
		for i, call := range []func() (int, error){f, g} {
			for start, busy := now(), time.Duration(0); busy < slice; {
				n, err := call()
				if err != nil {
					return 0, 0, err
				}
				done[i] += n
				if busy = now().Sub(start); busy >= slice {
					spent[i] += busy
				}
			}
		}
	}
	return float64(done[0]) / spent[0].Seconds(), float64(done[1]) / spent[1].Seconds(), nil
}
