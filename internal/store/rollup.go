package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// Lengths in ticks.
const (
	hourTicks = 3600 * adf.TicksPerSecond
	dayTicks  = 24 * hourTicks
)

// The columns of a roll-up, and their places in a counter.
const (
	colQueued = iota
	colRunning
	colOK
	colFailed
	colCanceling
	colCancelled
	colOther     // every word that isn't known; which one stands in the runs
	colOpen      // of colFailed
	colNotRedone // of colFailed
	colUnderived // of colFailed: its recovery is not derived yet
	rollCols
)

const rollColumns = "queued, running, ok, failed, canceling, cancelled, other, open, not_redone, underived"

type counter [rollCols]int64

func statusColumn(status int64) int {
	switch status {
	case statusQueued:
		return colQueued
	case statusInProgress:
		return colRunning
	case statusSucceeded:
		return colOK
	case statusFailed:
		return colFailed
	case statusCanceling:
		return colCanceling
	case statusCancelled:
		return colCancelled
	default:
		return colOther
	}
}

// recoveryColumn returns the column that counts a run's recovery: -1 for one
// that did not fail, and for one that recovered, which the others leave.
func (r *storedRun) recoveryColumn() int {
	if r.status != statusFailed {
		return -1
	}
	switch r.recovery.code {
	case 0:
		return colUnderived
	case codeOpen:
		return colOpen
	case codeNotRedone:
		return colNotRedone
	}
	return -1
}

// rollTable is one of the roll-ups.
type rollTable uint8

const (
	rollHour rollTable = iota
	rollDay
	rollMonth
	rollPipelineDay
	rollPipelineMonth
	rollTables
)

// name returns the table, and the names of the two columns of its key.
func (t rollTable) name() (table, first, second string) {
	switch t {
	case rollHour:
		return "roll_hour", "factory_id", "hour"
	case rollDay:
		return "roll_day", "factory_id", "day"
	case rollMonth:
		return "roll_month", "factory_id", "month"
	case rollPipelineDay:
		return "roll_pipeline_day", "day", "pipeline_id"
	case rollPipelineMonth, rollTables:
	}
	return "roll_pipeline_month", "month", "pipeline_id"
}

// rollKey is one row of a roll-up; first and second are its key.
type rollKey struct {
	table         rollTable
	first, second int64
}

// rollups are the changes of one transaction, summed before they are written.
type rollups struct {
	sums     map[rollKey]*counter
	hasFails bool // failed runs are among what changed: see failures
}

func newRollups() rollups { return rollups{sums: map[rollKey]*counter{}} }

func (r *rollups) reset() {
	clear(r.sums)
	r.hasFails = false
}

// allFactories is the factory_id of the sum over all.
const allFactories = 0

// add counts a run by n, 1 or -1, in every roll-up.
func (r *rollups) add(run *storedRun, n int64) {
	r.noteFailed(run)
	hour, day, month := floorDiv(run.start, hourTicks), floorDiv(run.start, dayTicks), monthOf(run.start)
	col := statusColumn(run.status)
	state := run.recoveryColumn()
	for _, k := range [...]rollKey{
		{rollHour, int64(run.factory), hour},
		{rollHour, allFactories, hour},
		{rollDay, int64(run.factory), day},
		{rollDay, allFactories, day},
		{rollMonth, int64(run.factory), month},
		{rollMonth, allFactories, month},
		{rollPipelineDay, day, run.pipeline},
		{rollPipelineMonth, month, run.pipeline},
	} {
		c := r.sums[k]
		if c == nil {
			c = &counter{}
			r.sums[k] = c
		}
		c[col] += n
		if state >= 0 {
			c[state] += n
		}
	}
}

// noteFailed notes that something changed of a run, if it is a failed one.
func (r *rollups) noteFailed(run *storedRun) { r.hasFails = r.hasFails || run.status == statusFailed }

// countUnread keeps the number of runs whose activities are to be read, when
// the flags of a run change. before is 0 for a new run.
func (w *writer) countUnread(factory FactoryKey, before, after int64) {
	w.unread[factory] += after&flagUnread/flagUnread - before&flagUnread/flagUnread
}

// setFlags changes the flags of a run by what happens to its activities.
func (w *writer) setFlags(r *storedRun, flags int64) error {
	w.countUnread(r.factory, r.flags, flags)
	w.rolls.noteFailed(r)
	return w.exec("UPDATE run SET flags = ? WHERE seq = ?", flags, r.seq)
}

// flushRollups writes the changes of the transaction.
func (w *writer) flushRollups() error {
	for factory, n := range w.unread {
		if n == 0 {
			continue
		}
		if err := w.exec("UPDATE factory SET unread = unread + ? WHERE id = ?", n, factory); err != nil {
			return err
		}
	}
	keys := make([]rollKey, 0, len(w.rolls.sums))
	for k, c := range w.rolls.sums {
		if *c != (counter{}) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b rollKey) int {
		return compareInts(int64(a.table), int64(b.table), a.first, b.first, a.second, b.second)
	})
	args := make([]any, 2+rollCols)
	for _, k := range keys {
		args[0], args[1] = k.first, k.second
		for i, n := range w.rolls.sums[k] {
			args[2+i] = n
		}
		if err := w.exec(w.rollUpsert[k.table], args...); err != nil {
			return err
		}
	}
	return nil
}

// upsertSQL returns the statement that adds a change to the roll-up.
func (t rollTable) upsertSQL() string {
	var sums []string
	for c := range strings.SplitSeq(rollColumns, ", ") {
		sums = append(sums, c+" = "+c+" + excluded."+c)
	}
	table, first, second := t.name()
	return "INSERT INTO " + table + " VALUES (?, ?" + strings.Repeat(", ?", rollCols) + ") ON CONFLICT (" +
		first + ", " + second + ") DO UPDATE SET " + strings.Join(sums, ", ")
}

// recountSQL returns the statement that counts a roll-up from the runs.
func (t rollTable) recountSQL() string {
	const counts = `sum(status = 1), sum(status = 4), sum(status = 2), sum(status = 3), sum(status = 5), sum(status = 6),
		sum(status NOT IN (1, 2, 3, 4, 5, 6)), sum(` + condOpen + "), sum(" + condNotRedone + "), sum(" + condUnderived + ")"
	hour, day := floorSQL(hourTicks), floorSQL(dayTicks)
	second := floorSQL(adf.TicksPerSecond)
	month := "(CAST(strftime('%Y', " + second + ", 'unixepoch') AS INTEGER) * 12 + CAST(strftime('%m', " + second + ", 'unixepoch') AS INTEGER) - 1)"
	perFactory := func(unit string) string {
		return "SELECT factory_id, " + unit + ", " + counts + " FROM run GROUP BY 1, 2 UNION ALL SELECT 0, " + unit + ", " + counts + " FROM run GROUP BY 1, 2"
	}
	switch t {
	case rollHour:
		return perFactory(hour)
	case rollDay:
		return perFactory(day)
	case rollMonth:
		return perFactory(month)
	case rollPipelineDay:
		return "SELECT " + day + ", pipeline_id, " + counts + " FROM run GROUP BY 1, 2"
	case rollPipelineMonth, rollTables:
	}
	return "SELECT " + month + ", pipeline_id, " + counts + " FROM run GROUP BY 1, 2"
}

// floorSQL is floorDiv(run_start, unit) in SQL, whose division cuts towards zero.
func floorSQL(unit int64) string {
	return fmt.Sprintf("((run_start - ((run_start %% %d) + %d) %% %d) / %d)", unit, unit, unit, unit)
}

// floorDiv divides a time before 1970 downwards too.
func floorDiv(t, unit int64) int64 {
	q := t / unit
	if t%unit < 0 {
		q--
	}
	return q
}

// monthOf returns year * 12 + month - 1 in UTC.
func monthOf(t int64) int64 {
	at := tickTime(t)
	return int64(at.Year())*12 + int64(at.Month()) - 1
}

// monthStart returns the first tick of a month.
func monthStart(month int64) int64 {
	at := time.Date(int(floorDiv(month, 12)), time.Month(month-floorDiv(month, 12)*12+1), 1, 0, 0, 0, 0, time.UTC)
	return at.Unix() * adf.TicksPerSecond
}

// tickTime converts a time of the store, where 0 is 1970 and not absent.
func tickTime(t int64) time.Time {
	sec := floorDiv(t, adf.TicksPerSecond)
	return time.Unix(sec, (t-sec*adf.TicksPerSecond)*100).UTC()
}
