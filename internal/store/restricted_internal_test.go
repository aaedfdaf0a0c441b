package store

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"andon/internal/adf"
)

// loads is a store to which runs of pipeline load are written, each with its
// status, its parameters and its start in seconds. Each takes half a second.
type loads struct {
	*manySeries

	n int
}

func (s *loads) page(status string, from, count int, params func(n int) string) (p Page) {
	s.t.Helper()
	p = Page{Factory: s.factory, Origin: OriginAzure}
	for i := range count {
		start := adf.TimeOf(s.now.Add(-40 * time.Hour)).Add(time.Duration(from+i) * time.Second)
		r, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"load","parameters":%s,"status":%q,"runStart":%q,"runEnd":%q,"lastUpdated":%q}`,
			manyID(s.n), params(i), status, start, start.Add(time.Second/2), start.Add(time.Second/2)))
		if err != nil {
			s.t.Fatal(err)
		}
		s.n++
		p.Runs = append(p.Runs, r)
	}
	return p
}

// put writes runs, and returns how many failed runs it had worked out.
func (s *loads) put(status string, from, count int, params func(n int) string) (queued int) {
	s.t.Helper()
	p := s.page(status, from, count, params)
	arrivals, err := s.prepare(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.submit(s.t.Context(), func(w *writer) error {
		w.page = arrivals
		defer func() { w.page = nil }()
		for i := range arrivals {
			if _, err := w.writeRun(p, &arrivals[i], &Changes{}, &touchedRuns{}); err != nil {
				return err
			}
		}
		queued = len(w.queue.list)
		return w.settle(&touchedRuns{})
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return queued
}

// states counts the failed runs by what became of them: the code of the recovery,
// and the second at which the run that recovered them began.
func (s *loads) states() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	first := int64(adf.TimeOf(s.now.Add(-40 * time.Hour)))
	err := s.submit(s.t.Context(), func(w *writer) error {
		runs, err := w.runsWhere("WHERE status = 3")
		for i := range runs {
			what := strconv.FormatInt(runs[i].recovery.code, 10)
			if runs[i].recovery.recovered() {
				what += fmt.Sprintf(" at %d", (runs[i].recovery.at-first)/(hourTicks/3600))
			}
			out[what]++
		}
		return err
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *loads) want(step string, queued, wantQueued int, states map[string]int) {
	s.t.Helper()
	if queued != wantQueued {
		s.t.Errorf("%s: %d failed runs were worked out, want %d", step, queued, wantQueued)
	}
	if got := s.states(); fmt.Sprint(got) != fmt.Sprint(states) {
		s.t.Errorf("%s: %v, want %v", step, got, states)
	}
}

// TestASuccessLeavesRunsAloneThatRecoveredLongAgo: a pipeline failed with a table
// and a date, and has lost the date since. A success works out the failed runs that
// it can change, and no others.
func TestASuccessLeavesRunsAloneThatRecoveredLongAgo(t *testing.T) {
	t.Parallel()
	const failed = 50
	s := &loads{manySeries: openManySeries(t)}
	dated := func(n int) string { return fmt.Sprintf(`{"table":"orders","date":"d%d"}`, n) }
	orders := func(int) string { return `{"table":"orders"}` }
	s.put("Failed", 0, failed, dated)
	s.want("the first success", s.put("Succeeded", 1000, 1, orders), failed, map[string]int{"5 at 1000": failed})
	s.want("a later one", s.put("Succeeded", 2000, 1, orders), 0, map[string]int{"5 at 1000": failed})
	s.want("one from before", s.put("Succeeded", failed/2, 1, orders), failed/2, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2})
	s.want("a further failure", s.put("Failed", 3000, 1, dated), 1, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2, "1": 1})
	s.want("a success before its end", s.put("Succeeded", 3000, 1, orders), 0, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2, "1": 1})
	s.want("one after it", s.put("Succeeded", 3001, 1, orders), 1, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2, "5 at 3001": 1})
	s.want("of another table", s.put("Succeeded", 4000, 1, func(int) string { return `{"table":"items"}` }), 0, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2, "5 at 3001": 1})
	s.want("at the same time", s.put("Succeeded", 3001, 1, orders), 1, map[string]int{"5 at 25": failed / 2, "5 at 1000": failed / 2, "5 at 3001": 1})

	// The other way round: the pipeline fails without the date, and has run with one often.
	s.put("Failed", 5000, 1, orders)
	s.put("Succeeded", 5010, failed, dated)
	if got := s.states()["5 at 5010"]; got != 1 {
		t.Errorf("%d runs recovered by the first of the later successes, want 1: %v", got, s.states())
	}
}

// TestWhatIsRememberedOfRunsIsBounded: indexes that grow past the bound together
// are forgotten, but for the largest.
func TestWhatIsRememberedOfRunsIsBounded(t *testing.T) {
	t.Parallel()
	m := newWorkMemory()
	sizes := []int{maxKnown / 4, maxKnown / 2, maxKnown / 8}
	for i, size := range sizes {
		x := &restrictedIndex{byKey: map[int64][]restrictedRun{}, has: map[int64]restrictedRun{}}
		for n := range size {
			x.put(restrictedRun{seq: int64(n), until: untilNever})
		}
		m.restricted[int64(i)] = map[restrictedKey]*restrictedIndex{{pipeline: int64(i)}: x}
	}
	m.boundRestricted()
	if want := maxKnown/4*3 + maxKnown/8 + len(sizes); m.restrictedRuns() != want {
		t.Errorf("%d runs are remembered, want %d", m.restrictedRuns(), want)
	}
	for n := range maxKnown / 4 {
		m.restricted[0][restrictedKey{}].put(restrictedRun{seq: int64(maxKnown + n), key: 1, until: int64(-n)})
	}
	if list := m.restricted[0][restrictedKey{}].since(1, -9); len(list) != 10 || !slices.IsSortedFunc(list, compareRestricted) {
		t.Errorf("since: %v", list)
	}
	m.boundRestricted()
	if m.restrictedRuns() != maxKnown/2+1 {
		t.Errorf("%d runs are remembered of one index, want %d", m.restrictedRuns(), maxKnown/2+1)
	}
}

// TestASuccessOfOtherParametersLeavesLikeSeriesOpen: a newer version of a success
// has other parameters, or says nothing of them. A failed run with one recurring
// parameter more worked again only through it.
func TestASuccessOfOtherParametersLeavesLikeSeriesOpen(t *testing.T) {
	t.Parallel()
	for name, newer := range map[string]string{"lost": "null", "others": `{"table":"items","date":"d2"}`} {
		s := &loads{manySeries: openManySeries(t)}
		s.put("Failed", 0, 1, func(int) string { return `{"table":"orders","config":"{\"b\": 1, \"a\": [2]}","date":"d1"}` })
		success := s.n
		s.put("Succeeded", 10, 1, func(int) string { return `{"table":"orders","date":"d2"}` })
		s.want(name+", before", 0, 0, map[string]int{"2": 1})
		s.n = success
		p := s.page("Succeeded", 10, 1, func(int) string { return newer })
		p.Runs[0].LastUpdated = p.Runs[0].LastUpdated.Add(time.Second)
		if _, err := s.WriteRuns(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		s.want(name+", after", 0, 0, map[string]int{"1": 1})
	}
}
