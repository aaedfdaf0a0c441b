package store

import (
	"database/sql"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// planStore holds a thousand factories and pipelines by number only: plans
// depend on the filter, not on rows.
func planStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func explain(t *testing.T, s *Store, b *stmt) []string {
	t.Helper()
	q := newStmt().add("EXPLAIN QUERY PLAN ", b.text.String())
	q.args = b.args
	var out []string
	err := q.each(t.Context(), s.read, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		out = append(out, detail)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func numbers(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i + 1)
	}
	return out
}

// TestListsWalkAnIndexInOrder pins which index finds a list, and that no list
// by time is sorted as a whole.
func TestListsWalkAnIndexInOrder(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	all := scope{from: math.MinInt64, to: math.MaxInt64}
	for _, tt := range []struct {
		name   string
		change func(*scope)
		index  string
		search string // the columns that the index is searched by
		walks  int
	}{
		{"everything", func(*scope) {}, "run_start", "", 1},
		{"a range", func(sc *scope) { sc.from, sc.to = 1, 2 }, "run_start", "run_start>? AND run_start<?", 1},
		{"a factory", func(sc *scope) { sc.factories = numbers(1) }, "run_key", "factory_id=?", 1},
		{"five factories", func(sc *scope) { sc.factories = numbers(5) }, "run_key", "factory_id=?", 5},
		{"thirty factories", func(sc *scope) { sc.factories = numbers(30) }, "run_start", "", 1},
		{"failures", func(sc *scope) { sc.statuses = []int64{statusFailed} }, "run_odd", "status=?", 1},
		{"failures and cancelled of 5 factories", func(sc *scope) { sc.statuses, sc.factories = []int64{statusFailed, statusCancelled}, numbers(5) }, "run_odd_factory", "factory_id=? AND status=?", 10},
		{"failures of a pipeline", func(sc *scope) { sc.statuses, sc.pipelines = []int64{statusFailed}, numbers(1) }, "run_odd_pipeline", "pipeline_id=? AND status=?", 1},
		{"successes", func(sc *scope) { sc.statuses = []int64{statusSucceeded} }, "run_start", "", 1},
		{"open", func(sc *scope) { sc.recovery = []int64{codeOpen} }, "run_open", "", 1},
		{"open of a pipeline", func(sc *scope) { sc.recovery, sc.pipelines = []int64{codeOpen}, numbers(1) }, "run_failed_pipeline", "pipeline_id=? AND recovery=?", 1},
		{"not redone", func(sc *scope) { sc.recovery = []int64{codeNotRedone} }, "run_not_redone", "", 1},
		{"open and not redone of a factory", func(sc *scope) { sc.recovery, sc.factories = []int64{codeOpen, codeNotRedone}, numbers(1) }, "run_odd_factory", "factory_id=? AND status=?", 1},
		{"recovered", func(sc *scope) { sc.recovery = recoveredCodes() }, "run_odd", "status=?", 1},
		{"forty pipelines", func(sc *scope) { sc.pipelines = numbers(40) }, "run_pipeline", "pipeline_id=?", 40},
		{"a thousand pipelines", func(sc *scope) { sc.pipelines = numbers(1000) }, "run_start", "", 1},
		{"long ones", func(sc *scope) { sc.minMs = 1 << 40 }, "run_duration", "dur_b=?", 1},
	} {
		sc := all
		tt.change(&sc)
		p, err := s.plan(t.Context(), &sc)
		if err != nil {
			t.Fatal(err)
		}
		branches := p.branches()
		if p.index != tt.index || len(branches) != tt.walks {
			t.Errorf("%s: %d walks of %s, want %d of %s", tt.name, len(branches), p.index, tt.walks, tt.index)
		}
		for _, after := range []listPlace{unbounded(true), {5, 5}} {
			plan := explain(t, s, timeStmt(&sc, branches[:min(len(branches), maxBranches)], true, after, 100))
			if slices.ContainsFunc(plan, func(line string) bool { return strings.Contains(line, "TEMP B-TREE FOR ORDER BY") }) {
				t.Errorf("%s sorts: %s", tt.name, strings.Join(plan, "; "))
			}
			if after == unbounded(true) && !slices.ContainsFunc(plan, func(line string) bool {
				return strings.Contains(line, tt.index) && strings.Contains(line, tt.search)
			}) {
				t.Errorf("%s: %s, want a search of %s by %s", tt.name, strings.Join(plan, "; "), tt.index, tt.search)
			}
			if after != unbounded(true) && !strings.Contains(strings.Join(plan, ";"), "run_start<") {
				t.Errorf("%s: the next page begins at the start: %s", tt.name, strings.Join(plan, "; "))
			}
		}
	}
}

// TestBranchesFitTheStack runs the widest statement that lists make.
func TestBranchesFitTheStack(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	sc := scope{
		from: 1, to: math.MaxInt64 / 2, statuses: numbers(6), factories: numbers(maxBranches), pipelines: numbers(maxPipelines),
		named: true, invokers: numbers(50), sets: numbers(50), latest: true, notOpen: true, recovery: recoveredCodes(), minMs: 5,
	}
	if _, err := s.list(t.Context(), &sc, SortNewest, listPlace{5, 5}, 501); err != nil {
		t.Error(err)
	}
}

// TestListsOfNumbersGrowWithoutEnd runs statements whose lists are as long as
// a store of 100,000 pipelines, parents and factories makes them.
func TestListsOfNumbersGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	many := numbers(100_000)
	whole := scope{from: math.MinInt64, to: math.MaxInt64, factories: many, pipelines: many, named: true, invokers: many, sets: many}
	failed := whole
	failed.statuses = []int64{statusFailed, statusCancelled}
	for name, sc := range map[string]*scope{"all": &whole, "failed": &failed} {
		for _, by := range []Sort{SortNewest, SortLongest} {
			if _, err := s.list(t.Context(), sc, by, unbounded(true), 101); err != nil {
				t.Errorf("%s by %s: %v", name, by, err)
			}
		}
		if _, err := s.listByBucket(t.Context(), sc, true, unbounded(true), 101); err != nil {
			t.Errorf("%s by duration: %v", name, err)
		}
		b := newStmt().add("SELECT ", groupColumns, " FROM run WHERE 1")
		sc.where(b)
		if _, err := s.readGroups(t.Context(), b, facetRows); err != nil {
			t.Errorf("facets of %s: %v", name, err)
		}
		ranged := *sc
		ranged.from, ranged.to = 0, 400*dayTicks
		for _, p := range pieces(ranged.from, ranged.to, false) {
			b := newStmt()
			ranged.countPiece(b, "pipeline_id", p)
			if err := b.each(t.Context(), s.read, func(*sql.Rows) error { return nil }); err != nil {
				t.Errorf("counts of %s by %q: %v", name, p.unit, err)
			}
		}
	}
}

// TestLongListsSeek pins that an index is searched for each number of a list,
// whether the statement spells the list out or not.
func TestLongListsSeek(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for _, n := range []int{2, spelledOut, spelledOut + 1, 100_000} {
		for search, b := range map[string]*stmt{
			"INDEX run_segment (<expr>=? AND run_id>? AND run_id<?)": newStmt().add("SELECT seq FROM run").index("run_segment").
				add(" WHERE seq >> 13 IN ").nums(numbers(n)).add(" AND run_id BETWEEN ").arg([]byte{1}).add(" AND ").arg([]byte{2}),
			"run USING INTEGER PRIMARY KEY (rowid=?)": newStmt().add("SELECT seq FROM run WHERE seq IN ").nums(numbers(n)),
			"PRIMARY KEY (day=? AND pipeline_id=?)": newStmt().add("SELECT ok FROM roll_pipeline_day WHERE pipeline_id IN ").nums(numbers(min(n, maxPipelines))).
				add(" AND day IN ").nums(numbers(n)).add(" AND day >= 1 AND day < 9"),
		} {
			if plan := strings.Join(explain(t, s, b), "; "); !strings.Contains(plan, search) {
				t.Errorf("%d numbers: %s, want a search of %s", n, plan, search)
			}
		}
	}
}

func TestChildrenAreFoundByDayAndParent(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	b := childrenStmt(encodeRunID("6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"), numbers(30)).add(" AND parent_id = ").arg([]byte{1}).add(" ORDER BY 2, 1")
	if plan := strings.Join(explain(t, s, b), "; "); !strings.Contains(plan, "run_parent_prefix (<expr>=? AND <expr>=?)") {
		t.Errorf("%s, want a search by day and parent", plan)
	}
}

func TestPiecesCoverARangeOnce(t *testing.T) {
	t.Parallel()
	start := func(unit string, n int64) int64 {
		switch unit {
		case "month":
			return monthStart(n)
		case "day":
			return n * dayTicks
		case "hour":
			return n * hourTicks
		}
		return n
	}
	for _, hours := range []bool{true, false} {
		for _, from := range []int64{-5*dayTicks - 7, 0, hourTicks / 2, 3 * dayTicks, 400*dayTicks + 5, monthStart(24_310)} {
			for _, length := range []int64{1, hourTicks, 5*hourTicks + 3, 30 * hourTicks, 40 * dayTicks, 400*dayTicks + 11} {
				var spans [][2]int64
				for _, p := range pieces(from, from+length, hours) {
					spans = append(spans, [2]int64{start(p.unit, p.from), start(p.unit, p.to)})
				}
				slices.SortFunc(spans, func(a, b [2]int64) int { return compareInts(a[0], b[0]) })
				at := from
				for _, sp := range spans {
					if sp[0] != at || sp[1] <= sp[0] {
						t.Fatalf("pieces of %d to %d: %v", from, from+length, spans)
					}
					at = sp[1]
				}
				if at != from+length {
					t.Fatalf("pieces of %d to %d end at %d", from, from+length, at)
				}
			}
		}
	}
}

func TestRunIDsSurviveEncoding(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01", "x", "fifteen-letters", "sixteen-letters!", "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a0z"} {
		if got := decodeRunID(encodeRunID(strings.ToUpper(id))); got != id {
			t.Errorf("%q becomes %q", id, got)
		}
	}
}

func TestDurationBucketsRise(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]int64{-1: 0, 0: 1, 1: 3, 2: 4, 3: 5, 1000: 20, math.MaxInt64: 127} {
		if got := durationBucket(&ms); got != want {
			t.Errorf("%d ms is in bucket %d, want %d", ms, got, want)
		}
	}
}

// FuzzCursor feeds cursors of strangers: they are refused, or stand for a
// place that encodes to the same.
func FuzzCursor(f *testing.F) {
	q := RunQuery{Sort: SortNewest, Limit: 10}
	f.Add(encodeCursor(q, listPlace{math.MinInt64, math.MaxInt64}))
	f.Add("AQ")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		q.Cursor = cursor
		at, err := decodeCursor(q)
		if err != nil {
			return
		}
		again := q
		again.Cursor = encodeCursor(q, at)
		if same, err := decodeCursor(again); err != nil || same != at {
			t.Errorf("%q stands for %v, and again for %v, %v", cursor, at, same, err)
		}
	})
}

// A stretch that gave up, or more rows than may be looked at in all, leaves
// the counts unknown whatever the other stretches found.
func TestGroupsOfTooManyRowsAreUnknown(t *testing.T) {
	t.Parallel()
	few, half := map[groupKey]int64{{status: 2}: 1}, map[groupKey]int64{{status: 2}: facetRows}
	s := &Store{dicts: newDicts()}
	for name, parts := range map[string][]map[groupKey]int64{
		"the first gave up": {nil, few}, "the last gave up": {few, nil}, "too many together": {few, half},
	} {
		if g := s.mergeGroups(parts...); g != nil {
			t.Errorf("%s: %+v, want nothing", name, g)
		}
	}
}

// TestImportedActivitiesAreReadInPages pins that a page begins at its key.
func TestImportedActivitiesAreReadInPages(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for _, c := range []struct {
		after importedKey
		want  string
	}{
		{importedKey{}, "SEARCH import_activity USING PRIMARY KEY (factory_id=?)"},
		{importedKey{[]byte("r"), []byte("a"), 1}, "SEARCH import_activity USING PRIMARY KEY (factory_id=? AND (run_id,activity_id,import_id)>(?,?,?))"},
	} {
		if got := strings.Join(explain(t, s, importedPageStmt(1, &c.after)), "; "); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
