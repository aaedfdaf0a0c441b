package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"andon/internal/store/history"
)

// TestWhatIsCleanedDuringADerivationIsDerivedAgain cleans a run that the
// derivation has passed already: its series would else keep the secret.
func TestWhatIsCleanedDuringADerivationIsDerivedAgain(t *testing.T) {
	t.Parallel()
	s := openManySeries(t)
	s.write(0, 10, func(int) string { return `{"table":"orders","config":"canary"}` })
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pipeline, seq int64
	if err := s.read.QueryRowContext(t.Context(), "SELECT pipeline_id, max(seq) FROM run").Scan(&pipeline, &seq); err != nil {
		t.Fatal(err)
	}
	var classes history.Classes
	var asked int64
	step := func(do func(w *writer) error) {
		t.Helper()
		if err := s.submit(t.Context(), do, nil); err != nil {
			t.Fatal(err)
		}
	}
	step(func(w *writer) (err error) {
		pw, err := w.pipelineWork(pipeline)
		if err != nil {
			return err
		}
		classes = pw.classes
		asked, err = w.setClasses(pipeline, classes, 0, true)
		return err
	})
	if err := s.eachRunOf(t.Context(), pipeline, "", func(w *writer, seq int64) error { return w.deriveWork(pipeline, seq) }); err != nil {
		t.Fatal(err)
	}
	var keys []RunKey
	for key := range seq {
		keys = append(keys, RunKey(key+1))
	}
	n, err := s.RewriteRuns(t.Context(), s.factory, keys, func(raw []byte) ([]byte, bool) {
		return []byte(strings.ReplaceAll(string(raw), "canary", "<redacted>")), true
	})
	if err != nil || n != 10 {
		t.Fatalf("%d runs are cleaned: %v", n, err)
	}
	step(func(w *writer) error { return w.endDerivation(pipeline, asked) })

	if d, err := s.Derivation(t.Context()); err != nil || d.Pipelines != 1 {
		t.Errorf("%d pipelines are to be derived, not 1: %v", d.Pipelines, err)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	var labels string
	if err := s.read.QueryRowContext(t.Context(), "SELECT group_concat(label) FROM series").Scan(&labels); err != nil || labels != `{"table":"orders"}` {
		t.Errorf("the series are %s: %v", labels, err)
	}
	if d, err := s.Derivation(t.Context()); err != nil || d != (Derivation{}) {
		t.Errorf("at the end %+v is left: %v", d, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestOlderRunsDecideClassesAnew: the numbers of companies look like counters
// until the history of before shows that they come back.
func TestOlderRunsDecideClassesAnew(t *testing.T) {
	t.Parallel()
	s := openManySeries(t)
	s.seriesRules = nil
	company := func(n int) string { return fmt.Sprintf(`{"company":"%d"}`, 100200300+n/2%4) }
	s.start = -2 * time.Hour
	s.write(10_000, 10_008, company)
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	classOf := func() history.ParameterClass {
		var pipeline int64
		if err := s.read.QueryRowContext(t.Context(), "SELECT id FROM pipeline").Scan(&pipeline); err != nil {
			t.Fatal(err)
		}
		var stored string
		if err := s.read.QueryRowContext(t.Context(), "SELECT classes FROM pipeline").Scan(&stored); err != nil {
			t.Fatal(err)
		}
		classes, err := decodeClasses(stored)
		if err != nil {
			t.Fatal(err)
		}
		return classes["company"]
	}
	if c := classOf(); c.Class != history.Moving || c.Rule != history.RuleLooks {
		t.Fatalf("of one day, company is %+v", c)
	}
	for day := range 30 {
		s.start = -time.Duration(day+2) * 24 * time.Hour
		s.write(day*8, day*8+8, company)
	}
	if err := s.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := classOf(); c.Class != history.Recurring || c.Rule != history.RuleSeenAgain {
		t.Errorf("of thirty days, company is %+v", c)
	}
	if due, err := s.dueForClasses(t.Context(), 0); err != nil || len(due) > 0 {
		t.Errorf("%v is due once more: %v", due, err)
	}
	s.start = 0
	s.write(20_000, 20_001, company)
	for decided, want := range map[time.Duration]int{0: 1, classesLast: 0} {
		if due, err := s.dueForClasses(t.Context(), decided); err != nil || len(due) != want {
			t.Errorf("decided %s ago: %d are due, not %d: %v", decided, len(due), want, err)
		}
	}
}
