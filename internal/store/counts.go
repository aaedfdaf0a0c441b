package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"andon/internal/adf"
)

// rowCounts are the columns of a roll-up, counted from rows of runs.
const rowCounts = `sum(status = 1) AS queued, sum(status = 4) AS running, sum(status = 2) AS ok, sum(status = 3) AS failed,
	sum(status = 5) AS canceling, sum(status = 6) AS cancelled, sum(status NOT IN (1, 2, 3, 4, 5, 6)) AS other,
	sum(` + condOpen + ") AS open, sum(" + condNotRedone + ") AS not_redone, sum(" + condUnderived + ") AS underived"

// piece is a part of a range that one table can count: whole units of a
// roll-up, or for the empty unit the rows of the ragged ends.
type piece struct {
	unit     string // month, day, hour, or "" for rows
	from, to int64  // from <= unit < to
}

// pieces splits a range into months, days, hours and rows; without hours, for
// the roll-ups of pipelines, into months, days and rows.
func pieces(from, to int64, hours bool) []piece {
	var out []piece
	add := func(unit string, a, b int64) {
		if a < b {
			out = append(out, piece{unit, a, b})
		}
	}
	unit, ticks := "hour", hourTicks
	if !hours {
		unit, ticks = "day", dayTicks
	}
	u0, u1 := ceilDiv(from, ticks), floorDiv(to, ticks)
	if u0 >= u1 {
		add("", from, to)
		return out
	}
	add("", from, u0*ticks)
	add("", u1*ticks, to)
	d0, d1 := u0, u1
	if unit == "hour" {
		if d0, d1 = ceilDiv(u0, 24), floorDiv(u1, 24); d0 >= d1 {
			add("hour", u0, u1)
			return out
		}
		add("hour", u0, d0*24)
		add("hour", d1*24, u1)
	}
	m0 := monthOf(d0*dayTicks-1) + 1
	m1 := monthOf(d1 * dayTicks)
	if m0 >= m1 {
		add("day", d0, d1)
		return out
	}
	add("day", d0, monthStart(m0)/dayTicks)
	add("month", m0, m1)
	add("day", monthStart(m1)/dayTicks, d1)
	return out
}

func ceilDiv(t, unit int64) int64 { return -floorDiv(-t, unit) }

// tally counts runs by status, and failed ones by what became of them.
type tally struct {
	counts                     map[adf.Status]int64
	open, notRedone, underived int64
}

// recovered counts the failed runs that recovered.
func (t tally) recovered() int64 {
	return t.counts[adf.StatusFailed] - t.open - t.notRedone - t.underived
}

// byRecovery counts the failed runs by the code of their recovery, those that
// recovered under one of its codes.
func (t tally) byRecovery() map[int64]int64 {
	return map[int64]int64{0: t.underived, codeOpen: t.open, codeNotRedone: t.notRedone, codeRecovered: t.recovered()}
}

func (t tally) total() (n int64) {
	for _, c := range t.counts {
		n += c
	}
	return n
}

// countRange counts the runs of a scope, of which only the range, the
// factories and the named pipelines apply. It is exact and costs the same for
// a day and for all time.
func (s *Store) countRange(ctx context.Context, sc *scope) (tally, error) {
	all, err := s.countBy(ctx, sc, "0")
	t := all[0]
	if t.counts == nil {
		t.counts = map[adf.Status]int64{}
	}
	return t, err
}

// countBy is countRange for each value of a column: factory_id, for a scope
// with factories; pipeline_id, for one with named pipelines. A value without
// runs is left out.
func (s *Store) countBy(ctx context.Context, sc *scope, column string) (map[int64]tally, error) {
	from, to, err := s.clamp(ctx, sc)
	parts := pieces(from, to, !sc.named)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	b := newStmt().add("SELECT k, ", rollSums(), " FROM (")
	for i, p := range parts {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		sc.countPiece(b, column, p)
	}
	b.add(") GROUP BY k")
	out := map[int64]tally{}
	others := false
	err = b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key int64
		var c counter
		if err := rows.Scan(append([]any{&key}, c.scanInto()...)...); err != nil {
			return err
		}
		out[key] = c.tally()
		others = others || c[colOther] > 0
		return nil
	})
	if err != nil || !others {
		return out, err
	}
	return out, s.countOthers(ctx, sc, column, func(key int64, word adf.Status, n int64) {
		if t, ok := out[key]; ok { // else it arrived since
			t.counts[word] += n
		}
	})
}

// rollSums is "coalesce(sum(queued), 0), …".
func rollSums() string {
	return "coalesce(sum(" + strings.ReplaceAll(rollColumns, ", ", "), 0), coalesce(sum(") + "), 0)"
}

func (c *counter) scanInto() []any {
	out := make([]any, rollCols)
	for i := range c {
		out[i] = &c[i]
	}
	return out
}

func (c *counter) tally() tally {
	return tally{counts: c.known(), open: c[colOpen], notRedone: c[colNotRedone], underived: c[colUnderived]}
}

// known returns the counts of the known statuses that occur.
func (c *counter) known() map[adf.Status]int64 {
	out := map[adf.Status]int64{}
	for i, word := range []adf.Status{
		adf.StatusQueued, adf.StatusInProgress, adf.StatusSucceeded, adf.StatusFailed, adf.StatusCanceling, adf.StatusCancelled,
	} {
		if c[i] != 0 {
			out[word] = c[i]
		}
	}
	return out
}

// countPiece appends the statement that counts one piece, by the values of a
// column.
func (sc *scope) countPiece(b *stmt, column string, p piece) {
	if p.unit == "" {
		b.add("SELECT ", column, " AS k, ", rowCounts, " FROM run")
		sc.countedRows(b)
		b.add(" AND run_start >= ").arg(p.from).add(" AND run_start < ").arg(p.to).add(" GROUP BY 1")
		return
	}
	b.add("SELECT ", column, " AS k, ", rollColumns, " FROM ")
	sc.countedUnits(b, p.unit, p.from, p.to)
}

// countedUnits appends the roll-up of a unit and the condition on its rows,
// from <= unit < to.
func (sc *scope) countedUnits(b *stmt, unit string, from, to int64) {
	seek := len(sc.pipelines) <= maxPipelines && to-from <= maxSeeks
	switch {
	case sc.named && seek:
		// The roll-up is led by its unit: a seek for each reads only the pipelines' own rows.
		units := make([]int64, 0, to-from)
		for u := from; u < to; u++ {
			units = append(units, u)
		}
		b.add("roll_pipeline_", unit, " WHERE pipeline_id IN ").nums(sc.pipelines).add(" AND ", unit, " IN ").nums(units)
		return
	case sc.named:
		b.add("roll_pipeline_", unit, " WHERE +pipeline_id IN ").nums(sc.pipelines)
	case sc.factories != nil:
		b.add("roll_", unit, " WHERE factory_id IN ").nums(sc.factories)
	default:
		b.add("roll_", unit, " WHERE factory_id = ").num(allFactories)
	}
	b.add(" AND ", unit, " >= ").arg(from).add(" AND ", unit, " < ").arg(to)
}

// maxSeeks is the most units that are looked for one by one.
const maxSeeks = 7 * MaxBuckets

// clamp cuts a scope's range to the months in which runs are stored, and for
// an empty store to nothing.
func (s *Store) clamp(ctx context.Context, sc *scope) (from, to int64, err error) {
	var first, last sql.NullInt64
	err = s.read.QueryRowContext(ctx, "SELECT min(month), max(month) FROM roll_month WHERE factory_id = 0").Scan(&first, &last)
	if err != nil || !first.Valid {
		return 0, 0, err
	}
	return max(sc.from, monthStart(first.Int64)), min(sc.to, monthStart(last.Int64+1)), nil
}

// countedRows appends the index and the condition for rows of runs.
func (sc *scope) countedRows(b *stmt) {
	switch {
	case sc.named && len(sc.pipelines) <= maxPipelines:
		b.index("run_pipeline").add(" WHERE pipeline_id IN ").nums(sc.pipelines)
	case sc.named:
		b.index("run_start").add(" WHERE +pipeline_id IN ").nums(sc.pipelines)
	case len(sc.factories) == 1:
		b.index("run_key").add(" WHERE factory_id = ").num(sc.factories[0])
	case sc.factories != nil:
		b.index("run_start").add(" WHERE +factory_id IN ").nums(sc.factories)
	default:
		b.index("run_start").add(" WHERE 1")
	}
}

// countOthers counts, from the runs themselves, statuses that roll-ups don't
// tell apart, by the values of an expression over a run's columns.
func (s *Store) countOthers(ctx context.Context, sc *scope, by string, count func(key int64, word adf.Status, n int64)) error {
	others := s.dicts.statusIDs(func(id int64, _ adf.Status) bool { return id >= firstOther })
	for _, id := range others {
		b := newStmt().add("SELECT ", by, ", count(*) FROM run").index("run_odd")
		b.add(" WHERE status <> 2 AND status = ").num(id).add(" AND run_start >= ").arg(sc.from).add(" AND run_start < ").arg(sc.to)
		if sc.factories != nil {
			b.add(" AND factory_id IN ").nums(sc.factories)
		}
		if sc.named {
			b.add(" AND pipeline_id IN ").nums(sc.pipelines)
		}
		b.add(" GROUP BY 1")
		err := b.each(ctx, s.read, func(rows *sql.Rows) error {
			var key, n int64
			if err := rows.Scan(&key, &n); err != nil {
				return err
			}
			count(key, s.dicts.word(id), n)
			return nil
		})
		if err != nil {
			return fmt.Errorf("count runs in status %s: %w", s.dicts.word(id), err)
		}
	}
	return nil
}
