package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

// TestWhatIsWatchedForLongIsPrinted: the parts that take an hour are no part of
// the smoke test, but their tables are.
func TestWhatIsWatchedForLongIsPrinted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &bench{out: &out, now: time.Now}
	w := func(factories int) *steadyWorld {
		return &steadyWorld{
			emulator: &emulatorProcess{info: emulator.Info{Factories: make([]string, factories)}},
			spell:    time.Hour, total: 1290, records: 11_000, runs: 1000, stalest: 30.4, byCall: map[string]int64{"pipelines": 4}, entities: map[string]float64{"pipelines": 25},
			used: map[string]purposeUse{
				"news": {"news", 240, 8000, 0}, "activities": {"activities", 1010, 3000, 0}, "surroundings": {"surroundings", 38, 1000, 0},
			},
			naive: naiveUse{requests: 28_800, records: 2_880_000, polls: 120},
		}
	}
	if err := b.printQuiet(w(2)); err != nil {
		t.Fatal(err)
	}
	if err := b.printBusy(w(1)); err != nil {
		t.Fatal(err)
	}
	if err := b.printTargets(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 quiet factories kept fresh to 30s for 1h0m0s",
		"  news                              240                 1.000                120.00  8,000\n",
		"  Andon, by the emulator's        1,290    1.290     1,290  11,000\n",
		"  naïve poller, no activities    28,800   28.800    28,800  2,880,000\n",
		// 12,000 and 2,880,000 records an hour, and 4 lists of 25, at 0.25 and 0.50 for 50,000.
		"Andon $43.20 for records and $0.72 for definitions read; the naïve poller $10368.00 for records.",
		"economy: news per quiet factory and poll   ≤ 1.00     1.000  met\n",
		"economy: requests per run at 1,000 runs/h  ≤ 1.30     1.290  met\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing like %q in\n%s", want, out.String())
		}
	}
}

func TestPartsThatStandApartAreMeasuredByName(t *testing.T) {
	t.Parallel()
	for _, p := range parts() {
		if s, err := parseArgs([]string{"-only", p.name}, &bytes.Buffer{}); err != nil || len(s.only) != 1 {
			t.Errorf("%s: %v, %v", p.name, s.only, err)
		}
		if apart := slices.Contains([]string{"children", "economy", "fleet", "large", "streams", "tenth"}, p.name); p.apart != apart {
			t.Errorf("%s stands apart: %t", p.name, p.apart)
		}
	}
}

func TestTheStalestFactoryIsFound(t *testing.T) {
	t.Parallel()
	s := newStaleness(3)
	if s.add(standing{lags: map[string]float64{"a": 3, "b": 20}}) {
		t.Error("one was not polled yet")
	}
	if !s.add(standing{lags: map[string]float64{"a": 12, "b": 1, "c": 2}}) {
		t.Error("all were polled")
	}
	if got := s.spell(time.Minute, ledger{}); got.worst != 20 || got.median != 12 {
		t.Errorf("worst %v, median %v; want 20 and 12", got.worst, got.median)
	}
}
