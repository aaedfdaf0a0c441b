package collector_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"andon/internal/collector"
	"andon/internal/emulator"
)

// BenchmarkCollect reads a whole history over loopback into an empty store,
// with every index, roll-up and coverage kept: ANDON_BENCH_RUNS runs, 100,000
// by default, with no budget on either side. It counts runs only: activities
// are read afterwards.
func BenchmarkCollect(b *testing.B) {
	size := 100_000
	if text := os.Getenv("ANDON_BENCH_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		size = n
	}
	info := emulate(b, emulator.Options{Seed: 1, Size: size})
	var runs int64
	for b.Loop() {
		b.StopTimer()
		bench := &bundle{
			emulated: info, client: newClient(b, info, info.ClientID, info.ClientSecret),
			store: openStore(b, filepath.Join(b.TempDir(), "andon.db")),
		}
		c := collector.New(collector.Options{
			Sources: []collector.Source{{Name: "test", Client: bench.client}}, Store: bench.store, Poll: time.Minute,
		})
		b.StartTimer()
		if err := c.Start(context.Background()); err != nil {
			b.Fatal(err)
		}
		bench.filled(b)
		b.StopTimer()
		c.Stop()
		factories, err := bench.store.Factories(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range factories {
			runs += f.Runs
		}
		b.StartTimer()
	}
	if runs < int64(size)*int64(b.N) {
		b.Fatalf("%d runs collected, of %d", runs, size*b.N)
	}
	b.ReportMetric(float64(runs)/b.Elapsed().Seconds(), "runs/s")
}
