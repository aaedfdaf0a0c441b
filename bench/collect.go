package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

const (
	// collectRatio is how many times as fast as the JavaScript client's mere
	// reading Andon has to read and store.
	collectRatio = 3.0
	// look is how often the store is asked whether all is there, seldom enough
	// to cost nothing that counts.
	look = 100 * time.Millisecond
	// collectLimit bounds one round: a collector that never gets there would
	// be waited for without end.
	collectLimit = 10 * time.Minute
)

// collect measures how fast the history of an emulated Azure, which answers
// without limits, gets into an empty store, beside how fast Microsoft's
// JavaScript client reads the same runs and keeps none.
func (b *bench) collect(ctx context.Context) (err error) {
	size := b.size / 10
	b.say("collect: starting an emulated Azure with %s runs", whole(float64(size)))
	emu, err := emulator.New(emulator.Options{
		Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0",
		Seed: 1, Size: size, Limits: "off", Now: b.now,
	})
	if err != nil {
		return err
	}
	if err := emu.Start(ctx); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, emu.Stop(stopping))
	}()
	return b.compareCollectors(ctx, emu.Info(), size)
}

func (b *bench) compareCollectors(ctx context.Context, info emulator.Info, size int) error {
	const name, bound = "collect beside the JavaScript client", "≥ 3×"
	t := table{
		title:   fmt.Sprintf("Collect %s runs of %d factories over loopback, runs/s", whole(float64(size)), len(info.Factories)),
		columns: []string{"round", "Andon, stored", "JavaScript, read", "ratio"},
	}
	absent := b.peerAbsent()
	var ours, theirs []float64
	for round := range b.rounds {
		b.say("collect: round %d of %d", round+1, b.rounds)
		stored, err := b.collectOnce(ctx, info, size)
		if err != nil {
			return err
		}
		ours = append(ours, stored)
		if absent != "" {
			t.add(strconv.Itoa(round+1), whole(stored), "-", "-")
			continue
		}
		answer, err := b.runPeer(ctx, info, size)
		if err != nil {
			return err
		}
		read := float64(answer.Runs) / answer.Milliseconds * 1000
		theirs = append(theirs, read)
		t.add(strconv.Itoa(round+1), whole(stored), whole(read), times(stored/read))
		if round == 0 {
			t.note("JavaScript: @azure/arm-datafactory and @azure/identity as bench/peer pins them, Node %s,", answer.Node)
			t.note("one process, a chain of pages for each factory, all factories at once.")
		}
	}
	t.note("Andon: from the first request for a token until every factory's history is complete in SQLite.")
	if absent != "" {
		t.add("median", whole(median(ours)), "-", "-")
		b.notMeasured(name, bound, absent)
	} else {
		ratio := median(ratios(ours, theirs))
		t.add("median", whole(median(ours)), whole(median(theirs)), times(ratio))
		b.expect(name, bound, times(ratio), ratio >= collectRatio)
	}
	return b.print(&t)
}

// collectOnce fills an empty store and returns runs a second.
func (b *bench) collectOnce(ctx context.Context, info emulator.Info, size int) (rate float64, err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "andon.db"), store.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	client, err := azure.New(azure.Config{
		Name: "bench", TenantID: info.TenantID, ClientID: info.ClientID, Secret: azure.Secret(info.ClientSecret),
		Cloud:     azure.Cloud{Authority: info.Authority, ResourceManager: info.ResourceManager, CAFile: info.CAFile},
		Scheduler: budget.New(budget.Budget{Off: true}, nil), Version: "v0.0.0",
	})
	if err != nil {
		return 0, err
	}
	defer client.Close()
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "bench", Client: client}}, Store: s, Poll: time.Minute,
	})

	start := b.now()
	if err := c.Start(ctx); err != nil {
		return 0, err
	}
	defer c.Stop()
	runs, err := waitFilled(ctx, s, len(info.Factories))
	spent := b.now().Sub(start)
	if err != nil {
		return 0, err
	}
	if runs < int64(size) {
		return 0, fmt.Errorf("the collector says that all is there, with %d runs of %d", runs, size)
	}
	return float64(runs) / spent.Seconds(), nil
}

// waitFilled returns how many runs are stored once each of so many factories
// has its whole history.
func waitFilled(ctx context.Context, s *store.Store, factories int) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, collectLimit, fmt.Errorf("history is not complete after %s", collectLimit))
	defer cancel()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		known, err := s.Factories(ctx)
		if err != nil {
			return 0, err
		}
		var filled int
		var runs int64
		for _, f := range known {
			if f.LastError != nil {
				return 0, fmt.Errorf("collect %s: %s", f.Name, f.LastError.What)
			}
			if f.State == store.StateFresh && f.Coverage.Complete {
				filled++
			}
			runs += f.Runs
		}
		if filled == factories {
			return runs, nil
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
