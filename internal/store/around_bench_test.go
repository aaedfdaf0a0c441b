package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// triggerPage makes a page of trigger runs of a factory that fires every few
// seconds, with ids as ADF makes them: they count down with time.
func triggerPage(f store.Place, rnd *rand.Rand, now *adf.Time) store.TriggerRunPage {
	p := store.TriggerRunPage{Factory: f.Key}
	for range pageRows {
		*now = now.Add(time.Duration(rnd.Int64N(int64(15 * time.Second))))
		status := "Succeeded"
		if rnd.IntN(50) == 0 {
			status = "Failed"
		}
		id := fmt.Sprintf("%017d%012dCU%02d", 8_600_000_000_000_000_0-int64(*now)/10, rnd.Int64N(1_000_000_000_000), rnd.IntN(90))
		p.Runs = append(p.Runs, triggerRow{
			ID: id, Trigger: fmt.Sprint("tr_", rnd.IntN(60)), Status: status, Fired: *now, Runs: map[string]string{"pl_load": guid(rnd.IntN(1 << 40))},
		}.run())
	}
	p.Asked = *now
	return p
}

// BenchmarkTriggerRuns prints how many trigger runs are written a second, the
// bytes that one takes, and p95 of what the pages ask.
func BenchmarkTriggerRuns(b *testing.B) {
	path := filepath.Join(b.TempDir(), "andon.db")
	s := openAt(b, path)
	rnd := rand.New(rand.NewPCG(1, 2))
	var places []store.Place
	for i := range 20 {
		places = append(places, putFactory(b, s, fmt.Sprintf("adf-%02d", i)))
	}
	now := hour(0)
	var spent time.Duration
	rows := 0
	for b.Loop() {
		for rows = 0; rows < benchRuns(); rows += pageRows {
			p := triggerPage(places[rnd.IntN(len(places))], rnd, &now)
			start := time.Now()
			if _, err := s.WriteTriggerRuns(b.Context(), p); err != nil {
				b.Fatal(err)
			}
			spent += time.Since(start)
		}
	}
	b.ReportMetric(float64(rows*b.N)/spent.Seconds(), "rows/s")
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(rows*b.N), "B/row")
	for name, f := range map[string]store.TriggerRunFilter{
		"newest": {}, "factory": {Factories: []string{"adf-03"}}, "trigger": {Triggers: []string{"tr_7"}}, "failed": {Statuses: []adf.Status{"Failed"}},
		"factory-failed": {Factories: []string{"adf-03"}, Statuses: []adf.Status{"Failed"}},
	} {
		var took []time.Duration
		for range 50 {
			f.To = hour(0) + adf.Time(rnd.Int64N(int64(now-hour(0))))
			start := time.Now()
			if _, err := s.TriggerRuns(b.Context(), store.TriggerRunQuery{TriggerRunFilter: f}); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[25])/1e6, name+"-p50-ms")
		b.ReportMetric(float64(took[47])/1e6, name+"-p95-ms")
	}
}
