package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// TriggerRunPage is one page of trigger runs of one factory, to be written in
// one transaction.
type TriggerRunPage struct {
	Factory FactoryKey
	Runs    []adf.TriggerRun
	// OddRows counts rows of the page that could not be kept at all.
	OddRows int
	// Asked is when Azure answered, by its clock: a trigger run has no time of
	// its last change, so of two versions that of the later answer counts.
	Asked adf.Time
	// Completes and AsOf are as in Page, of a coverage of their own.
	Completes *Window
	AsOf      adf.Time
}

// The flags of a trigger run.
const (
	triggerOdd     = 1 << iota // a field could not be read
	triggerNoStamp             // triggerRunTimestamp is absent: fired is a stand-in
	triggerLog                 // only logs have shown it: the row is the fold of import_trigger_run
)

// endedTriggers are the statuses in which a trigger run changes no more, as
// index trigger_run_open has them.
const endedTriggers = "('Succeeded', 'Failed', 'Cancelled')"

// arrivingTrigger is a trigger run on its way into the store.
type arrivingTrigger struct {
	run    *adf.TriggerRun
	key    string // see triggerRunKey
	fired  int64
	flags  int64
	packed []byte
	runs   [][]byte // encoded ids of the runs that it names, each once

	windowFrom, windowTo int64 // of a tumbling trigger; 0: none
}

// triggerRunKey is what ids of trigger runs are compared by.
func triggerRunKey(id string) string { return strings.ToUpper(id) }

// storedTrigger is a row of table trigger_run, as far as the writer needs it.
type storedTrigger struct {
	seq, fired, asOf, flags int64
	status                  string
	packed                  []byte
}

// WriteTriggerRuns stores a page. It can be called again with the same page:
// a trigger run is one row of its factory. Of two versions the one with the
// later triggerRunTimestamp stays, then the one that has ended, then that of
// the later answer, then the one without odd fields, then the one that came
// first.
func (s *Store) WriteTriggerRuns(ctx context.Context, p TriggerRunPage) (Changes, error) {
	if err := s.checkReading(Reading{Factory: p.Factory, AsOf: p.Asked}); err != nil {
		return Changes{}, err
	}
	if err := s.ensureDictionary(ctx, rawTriggerRun, len(p.Runs), func(i int) []byte { return p.Runs[i].Raw }); err != nil {
		return Changes{}, fmt.Errorf("store %d trigger runs: %w", len(p.Runs), err)
	}
	arriving := make([]arrivingTrigger, len(p.Runs))
	for i := range p.Runs {
		if r := &p.Runs[i]; r.TriggerRunID == "" || len(r.Raw) == 0 {
			return Changes{}, &InvalidError{Field: "trigger runs", Problem: fmt.Sprintf("hold one without triggerRunId or without its raw bytes, at place %d", i)}
		}
		arriving[i] = s.arriveTrigger(&p.Runs[i], p.Asked)
	}
	var done Changes
	var touched *touchedRuns
	err := s.submit(ctx, func(w *writer) error {
		done, touched = Changes{}, &touchedRuns{}
		return w.writeTriggerPage(p, arriving, &done, touched)
	}, func() {
		s.publishRuns(p.Factory, touched)
		if done.Inserted+done.Updated > 0 || p.Completes != nil {
			s.publishResource(p.Factory, SurroundingTriggerRuns)
		}
	})
	if err != nil {
		return Changes{}, fmt.Errorf("store %d trigger runs: %w", len(p.Runs), err)
	}
	return done, nil
}

func (s *Store) arriveTrigger(r *adf.TriggerRun, asked adf.Time) arrivingTrigger {
	a := arrivingTrigger{run: r, key: triggerRunKey(r.TriggerRunID), fired: int64(cmp.Or(r.TriggerRunTimestamp, asked)), packed: s.codec.pack(rawTriggerRun, r.Raw)}
	if r.TriggerRunTimestamp.IsZero() {
		a.flags |= triggerNoStamp
	}
	if len(r.Odd) > 0 {
		a.flags |= triggerOdd
	}
	a.runs = namedRuns(r)
	if !r.WindowStart.IsZero() && !r.WindowEnd.IsZero() {
		a.windowFrom, a.windowTo = int64(r.WindowStart), int64(r.WindowEnd)
	}
	return a
}

// namedRuns returns the encoded ids of the runs that a trigger run names, each
// once.
func namedRuns(r *adf.TriggerRun) (ids [][]byte) {
	named := map[string]bool{"": true}
	for _, t := range r.TriggeredPipelines {
		if id := encodeRunID(t.RunID); !named[string(id)] {
			named[string(id)] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *writer) writeTriggerPage(p TriggerRunPage, arriving []arrivingTrigger, done *Changes, touched *touchedRuns) error {
	odd := int64(p.OddRows)
	for i := range arriving {
		n, err := w.writeTrigger(p, &arriving[i], done)
		if err != nil {
			return err
		}
		odd += n
	}
	if err := w.settle(touched); err != nil {
		return err
	}
	if err := w.countOdd(p.Factory, odd); err != nil || p.Completes == nil {
		return err
	}
	if err := w.cover(coveredTriggerRuns(), p.Factory, *p.Completes); err != nil {
		return err
	}
	return w.setAsOf(p.Factory, SurroundingTriggerRuns, p.AsOf)
}

// writeTrigger stores one trigger run, and returns how it changes the number
// of odd rows.
func (w *writer) writeTrigger(p TriggerRunPage, a *arrivingTrigger, done *Changes) (odd int64, err error) {
	old, err := w.findTrigger(p.Factory, a.key)
	switch {
	case err != nil:
		return 0, err
	case old == nil:
		done.Inserted++
		return a.flags & triggerOdd, w.insertTrigger(p, a)
	case old.flags&triggerLog != 0: // Azure's version replaces a log's, whatever it says
	case !a.supersedes(old, int64(p.Asked)):
		done.Unchanged++
		return 0, nil
	case string(a.packed) == string(old.packed):
		// The same again: only that it still is so is new.
		done.Unchanged++
		return 0, w.exec("UPDATE trigger_run SET as_of = ? WHERE seq = ?", int64(p.Asked), old.seq)
	}
	done.Updated++
	return a.flags&triggerOdd - old.flags&triggerOdd, w.updateTrigger(p, a, old)
}

func (w *writer) findTrigger(factory FactoryKey, key string) (found *storedTrigger, err error) {
	err = w.queryRow("SELECT seq, fired, as_of, flags, status, raw FROM trigger_run WHERE place_id = ? AND id_key = ?", func(st *sqlite3.Stmt) {
		found = &storedTrigger{seq: st.ColumnInt64(0), fired: st.ColumnInt64(1), asOf: st.ColumnInt64(2), flags: st.ColumnInt64(3), status: st.ColumnText(4), packed: st.ColumnBlob(5, nil)}
	}, factory, key)
	return found, err
}

func (w *writer) insertTrigger(p TriggerRunPage, a *arrivingTrigger) error {
	err := w.exec("INSERT INTO trigger_run (place_id, id_key, trigger_key, status, fired, as_of, flags, raw, window_from, window_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Factory, a.key, nameKey(a.run.TriggerName), string(a.run.Status), a.fired, int64(p.Asked), a.flags, a.packed, nullable(a.windowFrom), nullable(a.windowTo))
	if err != nil {
		return err
	}
	return w.linkRuns(p.Factory, w.conn.LastInsertRowID(), a)
}

func (w *writer) updateTrigger(p TriggerRunPage, a *arrivingTrigger, old *storedTrigger) error {
	if err := w.queueLinked(p.Factory, old.seq); err != nil { // of the window that it names no more
		return err
	}
	err := w.exec("UPDATE trigger_run SET trigger_key = ?, status = ?, fired = ?, as_of = ?, flags = ?, raw = ?, window_from = ?, window_to = ? WHERE seq = ?",
		nameKey(a.run.TriggerName), string(a.run.Status), a.fired, int64(p.Asked), a.flags, a.packed, nullable(a.windowFrom), nullable(a.windowTo), old.seq)
	if err != nil {
		return err
	}
	if err := w.exec("DELETE FROM triggered_run WHERE trigger_seq = ?", old.seq); err != nil {
		return err
	}
	return w.linkRuns(p.Factory, old.seq, a)
}

// supersedes reports whether an arrival that Azure told at a time replaces
// what is stored.
func (a *arrivingTrigger) supersedes(old *storedTrigger, asked int64) bool {
	stamp := func(fired, flags int64) int64 {
		if flags&triggerNoStamp != 0 {
			return 0
		}
		return fired
	}
	return compareInts(
		stamp(a.fired, a.flags), stamp(old.fired, old.flags),
		boolInt(a.run.Status.Terminal()), boolInt(adf.Status(old.status).Terminal()),
		asked, old.asOf,
		old.flags&triggerOdd, a.flags&triggerOdd) > 0
}

// linkRuns stores which runs a trigger run names. They know their trigger
// window now, by which one can recover another.
func (w *writer) linkRuns(factory FactoryKey, seq int64, a *arrivingTrigger) error {
	for _, id := range a.runs {
		if err := w.exec("INSERT INTO triggered_run (trigger_seq, run_id, place_id) VALUES (?, ?, ?)", seq, id, factory); err != nil {
			return err
		}
	}
	if a.windowFrom == 0 {
		return nil
	}
	return w.queueTriggered(factory, a.runs)
}

// queueLinked queues the failed runs of the trigger window of a stored trigger
// run.
func (w *writer) queueLinked(factory FactoryKey, seq int64) error {
	var runs [][]byte
	err := w.query("SELECT r.run_id FROM triggered_run r JOIN trigger_run t ON t.seq = r.trigger_seq WHERE r.trigger_seq = ? AND t.window_from IS NOT NULL", func(st *sqlite3.Stmt) bool {
		runs = append(runs, st.ColumnBlob(0, nil))
		return true
	}, seq)
	if err != nil {
		return err
	}
	return w.queueTriggered(factory, runs)
}

// TriggerRunCoverage returns the windows that were asked for trigger runs and
// read to their end, merged, oldest first. How fresh they are,
// SurroundingsAsOf tells.
func (s *Store) TriggerRunCoverage(ctx context.Context, factory FactoryKey) ([]Window, error) {
	return s.windows(ctx, coveredTriggerRuns(), factory)
}
