package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"andon/internal/adf"
)

// grown returns a store whose roll-ups say that it holds 400,000 runs of one
// factory in October 2026, of which 100,000 failed.
func grown(t *testing.T) *Store {
	t.Helper()
	s := planStore(t)
	_, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf"}, "")
	if err != nil {
		t.Fatal(err)
	}
	err = s.submit(t.Context(), func(w *writer) error {
		for _, of := range []int64{allFactories, 1} {
			if err := w.exec("INSERT INTO roll_month VALUES (?, ?, 0, 0, 300000, 100000, 0, 0, 0, 0, 0, 0)", of, monthOf(october)); err != nil {
				return err
			}
			for day := range int64(31) {
				if err := w.exec("INSERT INTO roll_day VALUES (?, ?, 0, 0, 9677, 3226, 0, 0, 0, 0, 0, 0)", of, october/dayTicks+day); err != nil {
					return err
				}
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var october = int64(adf.TimeOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)))

// TestWhatIsHeavy pins which reads wait in the queue of heavy ones.
func TestWhatIsHeavy(t *testing.T) {
	t.Parallel()
	s := grown(t)
	yes, no := true, false
	day := func(n int64) adf.Time { return adf.Time(october + n*dayTicks) }
	list := func(by Sort, f RunFilter) func() (int64, error) {
		return func() (int64, error) {
			sc, err := s.resolve(f)
			if err != nil {
				return 0, err
			}
			return s.listRows(t.Context(), &sc, by)
		}
	}
	facets := func(f RunFilter) func() (int64, error) {
		return func() (int64, error) {
			b := &facetBuilder{s: s, filter: f, seen: map[string]*groups{}}
			_, rows, err := b.walks(t.Context(), b.facets(&Facets{}))
			return rows, err
		}
	}
	timeline := func(q TimelineQuery) func() (int64, error) {
		return func() (int64, error) {
			g, _, err := chooseGrid(q)
			if err != nil {
				return 0, err
			}
			sc, err := s.resolve(RunFilter{From: q.From, To: q.To})
			if err != nil {
				return 0, err
			}
			return s.timelineRows(t.Context(), &sc, g)
		}
	}
	factory := []string{"adf"}
	for name, tt := range map[string]struct {
		rows  func() (int64, error)
		heavy bool
	}{
		"the newest runs":                   {list(SortNewest, RunFilter{}), false},
		"the newest of a factory":           {list(SortNewest, RunFilter{Factories: factory}), false},
		"the newest failures":               {list(SortNewest, RunFilter{Statuses: []adf.Status{adf.StatusFailed}}), false},
		"the newest open failures":          {list(SortNewest, RunFilter{Open: &yes}), false},
		"the longest of all":                {list(SortLongest, RunFilter{}), false},
		"the longest of a few hours":        {list(SortLongest, RunFilter{From: day(3), To: day(3).Add(4 * time.Hour), Statuses: []adf.Status{adf.StatusFailed}}), false},
		"a runId":                           {list(SortNewest, RunFilter{Q: "-"}), false},
		"facets of all, by roll-up":         {facets(RunFilter{}), false},
		"hours of a month":                  {timeline(TimelineQuery{From: day(0), To: day(31), Bucket: time.Hour}), false},
		"the longest of a factory":          {list(SortLongest, RunFilter{Factories: factory}), true},
		"the longest of a range":            {list(SortShortest, RunFilter{From: day(3), To: day(9)}), true},
		"what is not open":                  {list(SortNewest, RunFilter{Open: &no}), true},
		"the newest of each group":          {list(SortNewest, RunFilter{LatestOnly: true}), true},
		"a word in messages":                {list(SortNewest, RunFilter{Q: "timeout"}), true},
		"a word in messages, longest first": {list(SortLongest, RunFilter{Q: "timeout"}), true},
		"facets of a day":                   {facets(RunFilter{From: day(3), To: day(4)}), true},
		"facets of a word":                  {facets(RunFilter{Q: "timeout"}), true},
		"facets of a filter":                {facets(RunFilter{Open: &yes}), true},
		"5 minutes of a week":               {timeline(TimelineQuery{From: day(3), To: day(9), Bucket: 5 * time.Minute}), true},
	} {
		rows, err := tt.rows()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if heavy := rows >= heavyRows; heavy != tt.heavy {
			t.Errorf("%s: %d rows, heavy is %t, want %t", name, rows, heavy, tt.heavy)
		}
	}
}

// fillQueue makes heavy reads run and wait until no further one is admitted.
// The returned function ends them.
func fillQueue(t *testing.T, s *Store) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for range cap(s.gate.running) {
		_, leave, err := s.admit(ctx, heavyRows)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-ctx.Done()
			leave()
			ended <- nil
		}()
	}
	for range heavyWaiting {
		go func() {
			_, leave, err := s.admit(ctx, heavyRows)
			if err == nil {
				leave()
			}
			ended <- err
		}()
	}
	for len(s.gate.admitted) < cap(s.gate.admitted) {
		if t.Context().Err() != nil {
			t.Fatal("the queue did not fill")
		}
	}
	return func() {
		cancel()
		for range cap(s.gate.admitted) {
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("a read that waited ended with %v", err)
			}
		}
	}
}

// TestLightReadsPassTheHeavyQueue: while heavy reads hold all their connections
// and as many as may wait do, a further heavy one is refused at once, and what
// is light is answered. Readiness is answered even while every other
// connection is in use.
func TestLightReadsPassTheHeavyQueue(t *testing.T) {
	t.Parallel()
	s := grown(t)
	end := fillQueue(t, s)
	for range heavyReaders {
		c, err := s.read.heavy.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // it goes back to the pool
	}
	heavy := RunFilter{Q: "timeout"}
	for name, read := range map[string]func() error{
		"list":   func() error { _, err := s.Runs(t.Context(), RunQuery{RunFilter: heavy, Sort: SortLongest}); return err },
		"facets": func() error { _, err := s.Facets(t.Context(), heavy); return err },
		"timeline": func() error {
			_, err := s.Timeline(t.Context(), TimelineQuery{From: adf.Time(october), To: adf.Time(october + 5*dayTicks), Bucket: 5 * time.Minute})
			return err
		},
	} {
		var busy *BusyError
		if err := read(); !errors.As(err, &busy) || busy.Error() != fmt.Sprintf("%d large queries run or wait already: choose a shorter range, a factory or a pipeline, or try again in a few seconds", cap(s.gate.admitted)) {
			t.Errorf("a further %s ended with %v", name, err)
		}
	}
	if _, err := s.Runs(t.Context(), RunQuery{Limit: 10}); err != nil {
		t.Errorf("list: %v", err)
	}
	if _, err := s.Overview(t.Context(), OverviewQuery{From: adf.Time(october), To: adf.Time(october + dayTicks)}); err != nil {
		t.Errorf("overview: %v", err)
	}
	for range lightReaders {
		c, err := s.read.light.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // it goes back to the pool
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	end()
	if n := len(s.gate.admitted) + len(s.gate.running); n != 0 {
		t.Errorf("%d places are taken after the end", n)
	}
}

// TestAWaitingReadLeavesWithItsClient: a client that goes away while it waits
// gives its place to another one.
func TestAWaitingReadLeavesWithItsClient(t *testing.T) {
	t.Parallel()
	s := grown(t)
	end := fillQueue(t, s)
	<-s.gate.admitted // so that there is room for one
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Facets(ctx, RunFilter{Q: "timeout"}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if n := len(s.gate.admitted); n != cap(s.gate.admitted)-1 {
		t.Errorf("%d places are taken, want %d", n, cap(s.gate.admitted)-1)
	}
	s.gate.admitted <- struct{}{}
	end()
}

func TestWordsThatAnotherOneImpliesAreDropped(t *testing.T) {
	t.Parallel()
	for q, want := range map[string]string{
		"timeout":                      `"timeout"*`,
		"Timeout timeout TIMEOUT":      `"timeout"`,
		"failed to load fai":           `"failed" "to" "load"`,
		"failed x failed":              `"failed" "x"`,
		"fail failed":                  `"fail" "failed"*`,
		"operation on operation on ta": `"operation" "on" "ta"*`,
		`";drop--`:                     `"drop"*`,
		" - ":                          "",
	} {
		if got := matchWords(q); got != want {
			t.Errorf("%q is %s, want %s", q, got, want)
		}
	}
	if err := checkWords("a b c d e f g h a b c"); err != nil {
		t.Errorf("8 words: %v", err)
	}
	if err := checkWords("a b c d e f g h i"); err == nil || err.Error() != "q has 9 different words; allowed: up to 8" {
		t.Errorf("9 words: %v", err)
	}
}

// TestCountsOfATextAreComplete: a limit counts what the whole filter leaves,
// and a run that is found in two ways once.
func TestCountsOfATextAreComplete(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	const mine, others = 8, 40
	for _, name := range []string{"a", "b"} {
		place, err := s.PutFactory(t.Context(), adf.Factory{ID: adf.FactoryID("/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/" + name)}, "")
		if err != nil {
			t.Fatal(err)
		}
		page := Page{Factory: place.Key, Origin: OriginAzure}
		for n := range map[string]int{"a": others, "b": mine}[name] {
			at := adf.Time(october + int64(n)*hourTicks)
			run, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":"%s%d","pipelineName":"pl_timeout","status":"Failed","message":"timeout of the host","runStart":%q,"lastUpdated":%q}`, name, n, at, at))
			if err != nil {
				t.Fatal(err)
			}
			page.Runs = append(page.Runs, run)
		}
		if _, err := s.WriteRuns(t.Context(), page); err != nil {
			t.Fatal(err)
		}
	}
	sc, err := s.resolve(RunFilter{Factories: []string{"b"}, Q: "timeout"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.groupText(t.Context(), &sc, mine)
	if err != nil {
		t.Fatal(err)
	}
	var counted Facets
	if got.totals(&counted); counted.Total == nil || *counted.Total != mine {
		t.Errorf("counted %v, want %d", counted.Total, mine)
	}
	if got, err := s.groupText(t.Context(), &sc, mine-1); err != nil || got != nil {
		t.Errorf("one too many: %+v %v, want nothing", got, err)
	}
}
