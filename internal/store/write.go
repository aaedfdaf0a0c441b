package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// The flags of a run.
const (
	flagPartial       = 1 << iota // activities were read while the run was going on
	flagComplete                  // … after it had ended, to the end
	flagGone                      // ADF forgot the run before it had ended
	flagImport                    // only an import has shown it
	flagOdd                       // a field could not be read
	flagNoStart                   // runStart is absent or impossible: run_start is a stand-in
	_                             // stores of before schema 4 may have it set; it means nothing
	flagUnread                    // finished, and its activities are still to be read
	flagSuperseded                // a later run of its group exists
	flagMissBit                   // two bits: attempts to read activities in vain
	flagMissBit2                  // …
	flagNotKept                   // a policy keeps no activities of the run
	flagEarly                     // activities were read when some might not have been visible yet
	flagAhead                     // lastUpdated lay ahead of Azure's clock when it was told
	flagsOfActivities = flagPartial | flagComplete | flagMissBit | flagMissBit2 | flagNotKept | flagEarly
)

// MaxActivityMisses is how often reading the activities of a run may fail
// before it isn't offered again.
const MaxActivityMisses = 3

// arrival is a run on its way into the store, prepared outside of the writer.
type arrival struct {
	run               *adf.PipelineRun
	id, group, parent []byte
	told              adf.Time // when, by Azure's clock
	isLog             bool     // a log says so, not the API
	start             int64    // what it sorts by
	noStart           bool     // that is a stand-in
	isOdd             bool
	packed            []byte
	list              string // of annotations
	by                invoker
	params            history.Parameters
	tree              []string // runIds that the row itself names as its own, its group's and its parent's, in lower case
}

// storedRun is a row of table run.
type storedRun struct {
	seq                    int64
	factory                FactoryKey
	pipeline, invoker, set int64
	status, start          int64
	end, duration          *int64
	lastUpdated            int64
	id, group, parent      []byte
	flags                  int64
	recovery               recovery
	work
}

// runColumns are the columns of a storedRun, as scanRun reads them.
const runColumns = `seq, factory_id, pipeline_id, invoker_id, set_id, status, run_start, run_end, duration_ms,
	last_updated, run_id, group_id, parent_id, flags, recovery, recovered_at, recovered_seq, work_end, shape_id, params_key, series_id`

func scanRun(st *sqlite3.Stmt) storedRun {
	return storedRun{
		seq: st.ColumnInt64(0), factory: FactoryKey(st.ColumnInt64(1)), pipeline: st.ColumnInt64(2),
		invoker: st.ColumnInt64(3), set: st.ColumnInt64(4), status: st.ColumnInt64(5), start: st.ColumnInt64(6),
		end: optionalInt(st, 7), duration: optionalInt(st, 8), lastUpdated: st.ColumnInt64(9),
		id: st.ColumnBlob(10, nil), group: optionalBlob(st, 11), parent: optionalBlob(st, 12),
		flags:    st.ColumnInt64(13),
		recovery: recovery{code: st.ColumnInt64(14), at: st.ColumnInt64(15), by: st.ColumnInt64(16)}.valid(),
		work:     work{end: st.ColumnInt64(17), shape: st.ColumnInt64(18), key: optionalInt(st, 19), series: st.ColumnInt64(20)},
	}
}

func optionalInt(st *sqlite3.Stmt, col int) *int64 {
	if st.ColumnType(col) == sqlite3.NULL {
		return nil
	}
	n := st.ColumnInt64(col)
	return &n
}

func optionalBlob(st *sqlite3.Stmt, col int) []byte {
	if st.ColumnType(col) == sqlite3.NULL {
		return nil
	}
	return st.ColumnBlob(col, nil)
}

// WriteRuns stores a page. It can be called again with the same page: a run is
// one row of its factory, and the version with the newest lastUpdated stays.
// At equal lastUpdated, or one that can't be or lies ahead of Azure's clock, the
// one that is further on in its life stays, then the one without odd fields,
// then the one that came first.
func (s *Store) WriteRuns(ctx context.Context, p Page) (Changes, error) {
	if err := s.checkFactory(p.Factory); err != nil {
		return Changes{}, err
	}
	arrivals, err := s.prepare(ctx, p)
	if err != nil {
		return Changes{}, err
	}
	var done Changes
	var touched *touchedRuns
	err = s.submit(ctx, func(w *writer) error {
		done, touched = Changes{}, &touchedRuns{}
		return w.writePage(p, arrivals, &done, touched)
	}, func() { s.publishPage(p, touched) })
	if err != nil {
		return Changes{}, fmt.Errorf("store %d runs: %w", len(p.Runs), err)
	}
	return done, nil
}

// checkFactory refuses the key of no factory.
func (s *Store) checkFactory(factory FactoryKey) error {
	if _, ok := s.dicts.place(factory); !ok {
		return &InvalidError{Field: "factory", Problem: fmt.Sprintf("%d is not a factory of this store: put it first", factory)}
	}
	return nil
}

// packers is how many goroutines pack the rows of one page: packing a row
// takes a third of the time that storing it does.
const packers = 2

// prepare packs the rows and works out what the writer needs of them.
func (s *Store) prepare(ctx context.Context, p Page) ([]arrival, error) {
	if err := s.ensureDictionary(ctx, rawRun, len(p.Runs), func(i int) []byte { return p.Runs[i].Raw }); err != nil {
		return nil, fmt.Errorf("store %d runs: %w", len(p.Runs), err)
	}
	return s.arriveAll(p)
}

// arriveAll is prepare without the dictionary.
func (s *Store) arriveAll(p Page) ([]arrival, error) {
	for i := range p.Runs {
		if r := &p.Runs[i]; r.RunID == "" || len(r.Raw) == 0 {
			return nil, &InvalidError{Field: "runs", Problem: fmt.Sprintf("hold a run without runId or without its raw bytes, at place %d", i)}
		}
	}
	told := cmp.Or(p.Asked, adf.TimeOf(s.now()))
	out := make([]arrival, len(p.Runs))
	var parts sync.WaitGroup
	for first := range packers {
		parts.Go(func() {
			for i := first; i < len(out); i += packers {
				out[i] = s.arrive(&p.Runs[i], told, p.Origin)
			}
		})
	}
	parts.Wait()
	return out, nil
}

func (s *Store) arrive(r *adf.PipelineRun, told adf.Time, origin Origin) arrival {
	a := arrival{
		run: r, id: encodeRunID(r.RunID), told: told, isLog: origin == OriginLog, start: int64(r.RunStart), isOdd: len(r.Odd)+len(oddTimes(r, told)) > 0,
		list: annotationList(r.Annotations), packed: s.codec.pack(rawRun, r.Raw),
	}
	if !isPossible(r.RunStart, told) {
		a.noStart, a.start = true, int64(standIn(r, told))
	}
	if g := text(r.RunGroupID); g != "" && string(encodeRunID(g)) != string(a.id) {
		a.group = encodeRunID(g)
	}
	if by := r.InvokedBy; by != nil {
		a.parent = encodeRunID(text(by.PipelineRunID))
		a.by = invokerOf(by)
	}
	a.params = history.ParametersOf(r.Parameters)
	a.tree = treeOf(a.id, a.group, a.parent)
	return a
}

func (s *Store) publishPage(p Page, touched *touchedRuns) {
	s.publishRuns(p.Factory, touched)
	if p.Completes != nil {
		place, _ := s.dicts.place(p.Factory)
		s.live.publish([]Change{{Kind: ChangeFreshness, Factory: place}})
	}
}

// publishRuns announces the runs of a factory that look different now.
func (s *Store) publishRuns(factory FactoryKey, touched *touchedRuns) {
	if len(touched.keys) > 0 {
		place, _ := s.dicts.place(factory)
		s.live.publish([]Change{{Kind: ChangeRun, Factory: place, Runs: touched.keys}})
	}
}

// touchedRuns are the runs that look different after a transaction.
type touchedRuns struct {
	keys []RunKey
	has  map[int64]bool
}

func (t *touchedRuns) add(seq int64) {
	if t.has == nil {
		t.has = map[int64]bool{}
	}
	if !t.has[seq] {
		t.has[seq] = true
		t.keys = append(t.keys, RunKey(seq))
	}
}

func (w *writer) writePage(p Page, arrivals []arrival, done *Changes, touched *touchedRuns) error {
	odd := int64(p.OddRows)
	var late []time.Duration
	w.page = arrivals
	defer func() { w.page = nil }()
	for i := range arrivals {
		before := *done
		n, err := w.writeRun(p, &arrivals[i], done, touched)
		if err != nil {
			return err
		}
		odd += n
		if d, ok := p.lateness(arrivals[i].run.LastUpdated); ok {
			inserted, updated := done.Inserted-before.Inserted, done.Updated-before.Updated
			done.LateInserted += inserted
			done.LateUpdated += updated
			if inserted+updated > 0 {
				late = append(late, d)
			}
		}
	}
	if err := w.settle(touched); err != nil {
		return err
	}
	if err := w.countLate(p.Factory, late, adf.TimeOf(w.s.now())); err != nil {
		return err
	}
	if err := w.countImport(p.Import, *done); err != nil {
		return err
	}
	if err := w.countOdd(p.Factory, odd); err != nil || p.Completes == nil {
		return err
	}
	if err := w.cover(coveredRuns(), p.Factory, *p.Completes); err != nil {
		return err
	}
	return w.refreshTo(p.Factory, p.AsOf)
}

// lateness returns how late a row that is new here became visible at least:
// it was not there yet when what is covered was read.
func (p *Page) lateness(updated adf.Time) (time.Duration, bool) {
	if p.Covered == nil || updated.IsZero() || updated < p.Covered.From || updated >= p.Covered.To {
		return 0, false
	}
	return p.Covered.To.Sub(updated), true
}

// countOdd changes the number of a factory's odd rows.
func (w *writer) countOdd(factory FactoryKey, n int64) error {
	if n == 0 {
		return nil
	}
	return w.exec("UPDATE factory SET odd_rows = odd_rows + ? WHERE id = ?", n, factory)
}

// writeRun stores one run, and returns how it changes the number of odd rows.
func (w *writer) writeRun(p Page, a *arrival, done *Changes, touched *touchedRuns) (odd int64, err error) {
	old, err := w.find(p.Factory, a)
	if err != nil {
		return 0, err
	}
	if p.Import != 0 || old != nil && old.flags&flagTraced != 0 {
		return w.writeContribution(p, a, old, done, touched)
	}
	if old != nil && !w.supersedes(a, old) {
		done.Unchanged++
		return 0, w.claimForAzure(p, old, touched)
	}
	fresh, err := w.rowOf(p, a, old)
	if err != nil {
		return 0, err
	}
	if old == nil {
		done.Inserted++
	} else {
		done.Updated++
	}
	return oddChange(old, fresh), w.putRow(old, fresh, a, touched)
}

// putRow writes a row, new or in the place of old, and brings what depends on
// it up to date.
func (w *writer) putRow(old, fresh *storedRun, a *arrival, touched *touchedRuns) error {
	if err := w.noteBefore(old, fresh); err != nil {
		return err
	}
	var err error
	if old == nil {
		err = w.insert(fresh, a)
	} else {
		err = w.update(old, fresh, a)
	}
	if err != nil {
		return err
	}
	touched.add(fresh.seq)
	members, err := w.groupMembers(fresh)
	if err != nil {
		return err
	}
	if err := w.noteWork(old, fresh, members, a); err != nil {
		return err
	}
	return w.regroup(old, fresh, members, touched)
}

func oddChange(old, fresh *storedRun) int64 {
	var n int64
	if fresh.flags&flagOdd != 0 {
		n++
	}
	if old != nil && old.flags&flagOdd != 0 {
		n--
	}
	return n
}

// find returns the stored row of a run: under its key as a rule, elsewhere if
// its runStart changed.
func (w *writer) find(factory FactoryKey, a *arrival) (found *storedRun, err error) {
	err = w.queryRow("SELECT "+runColumns+" FROM run INDEXED BY run_key WHERE factory_id = ? AND run_start = ? AND run_id = ?",
		func(st *sqlite3.Stmt) { r := scanRun(st); found = &r }, factory, a.start, a.id)
	if err != nil || found != nil {
		return found, err
	}
	return w.findByID(factory, a.id)
}

func (w *writer) findByID(factory FactoryKey, id []byte) (found *storedRun, err error) {
	for _, segment := range w.s.seen.segments(id) {
		err = w.queryRow("SELECT "+runColumns+" FROM run INDEXED BY run_segment WHERE seq >> 13 = ? AND run_id = ? AND +factory_id = ?",
			func(st *sqlite3.Stmt) { r := scanRun(st); found = &r }, segment, id, factory)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

// progress orders statuses by when in its life a run has them.
func progress(status int64) int {
	switch status {
	case statusQueued:
		return 0
	case statusCanceling:
		return 2
	case statusSucceeded, statusFailed, statusCancelled:
		return 3
	default:
		return 1
	}
}

// claimForAzure makes a run that was imported before one of Azure's, so that
// its activities are read.
func (w *writer) claimForAzure(p Page, old *storedRun, touched *touchedRuns) error {
	if originFlags(p.Origin) != 0 || old.flags&(flagImport|flagGone) == 0 {
		return nil
	}
	return w.mark(old, withUnread(old.flags&^(flagImport|flagLog|flagGone), old.status), touched)
}

// withUnread sets flagUnread as the other flags and the status demand.
func withUnread(flags, status int64) int64 {
	flags &^= flagUnread
	if terminalID(status) && !isRead(flags) && flags&(flagImport|flagGone|flagNotKept) == 0 && misses(flags) < MaxActivityMisses {
		flags |= flagUnread
	}
	return flags
}

// isRead reports whether a run's activities need not be read any more.
func isRead(flags int64) bool { return flags&(flagComplete|flagEarly) == flagComplete }

func misses(flags int64) int64 { return flags / flagMissBit & 3 }

// rowOf makes the row of an arrival, on the place of old if there is one.
func (w *writer) rowOf(p Page, a *arrival, old *storedRun) (*storedRun, error) {
	r := &storedRun{
		factory: p.Factory, start: a.start, lastUpdated: int64(a.run.LastUpdated), duration: a.run.DurationInMs,
		id: a.id, group: a.group, parent: a.parent,
	}
	if end := int64(a.run.RunEnd); end != 0 {
		r.end = &end
	}
	r.flags = originFlags(p.Origin)
	if old == nil {
		r.seq = w.nextSeq
		w.nextSeq++
	} else {
		r.seq = old.seq
		r.flags &= old.flags
		r.flags |= old.flags & (flagsOfActivities | flagSuperseded)
	}
	if a.isOdd {
		r.flags |= flagOdd
	}
	if a.noStart {
		r.flags |= flagNoStart
	}
	if isAhead(a.run.LastUpdated, a.told) {
		r.flags |= flagAhead
	}
	if err := w.lookUpNames(r, a); err != nil {
		return nil, err
	}
	if err := w.placeWork(r, a); err != nil {
		return nil, err
	}
	if old != nil && old.status == statusFailed && r.status == statusFailed {
		r.recovery = old.recovery // until settle has looked at it again
	}
	if old != nil && !terminalID(old.status) && r.flags&flagComplete != 0 {
		r.flags = r.flags&^(flagComplete|flagEarly) | flagPartial // complete holds only of a run that had ended
	}
	if old != nil && (old.status != r.status || !sameInt(old.duration, r.duration)) {
		r.flags &^= flagNotKept // a policy may keep the run now
	}
	r.flags = withUnread(r.flags, r.status)
	return r, nil
}

func (w *writer) insert(r *storedRun, a *arrival) error {
	err := w.exec(`INSERT INTO run (seq, factory_id, pipeline_id, invoker_id, set_id, status, run_start, run_end, duration_ms, dur_b,
		last_updated, run_id, group_id, parent_id, flags, work_end, shape_id, params_key, series_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		r.seq, r.factory, r.pipeline, r.invoker, r.set, r.status, r.start, r.end, r.duration, durationBucket(r.duration),
		r.lastUpdated, r.id, r.group, r.parent, r.flags, nullable(r.work.end), nullable(r.shape), r.key, nullable(r.series))
	if err != nil {
		return err
	}
	if err := w.exec("INSERT INTO run_raw (seq, raw) VALUES (?, ?)", r.seq, a.packed); err != nil {
		return err
	}
	w.s.seen.add(r.seq, r.id)
	w.rolls.add(r, 1)
	w.countUnread(r.factory, 0, r.flags)
	return w.writeMessage(nil, r, a)
}

// update writes a new version of a row, not yet healed. Setting a column
// rewrites its indexes even to the same value, so what hardly ever changes is
// left out as a rule.
func (w *writer) update(old, r *storedRun, a *arrival) error {
	err := w.exec(`UPDATE run SET status = ?, run_end = ?, duration_ms = ?, dur_b = ?, last_updated = ?, flags = ?,
		recovery = ?, recovered_at = ?, recovered_seq = ?, work_end = ?, shape_id = ?, params_key = ?, series_id = ? WHERE seq = ?`,
		r.status, r.end, r.duration, durationBucket(r.duration), r.lastUpdated, r.flags,
		nullable(r.recovery.code), nullable(r.recovery.at), nullable(r.recovery.by), nullable(r.work.end), nullable(r.shape), r.key, nullable(r.series), r.seq)
	if err != nil {
		return err
	}
	if r.start != old.start || r.pipeline != old.pipeline || r.invoker != old.invoker || r.set != old.set ||
		string(r.group) != string(old.group) || string(r.parent) != string(old.parent) {
		err = w.exec(`UPDATE run SET run_start = ?, pipeline_id = ?, invoker_id = ?, set_id = ?, group_id = ?, parent_id = ? WHERE seq = ?`,
			r.start, r.pipeline, r.invoker, r.set, r.group, r.parent, r.seq)
		if err != nil {
			return err
		}
	}
	if err := w.exec("UPDATE run_raw SET raw = ? WHERE seq = ?", a.packed, r.seq); err != nil {
		return err
	}
	w.rolls.add(old, -1)
	w.rolls.add(r, 1)
	w.countUnread(r.factory, old.flags, r.flags)
	return w.writeMessage(old, r, a)
}

func sameInt(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// nullable returns n, or nil for 0.
func nullable(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// durationBucket returns 0 for an unknown duration, else
// 1 + floor(2*log2(ms+1)): a list of the longest runs walks the buckets.
func durationBucket(ms *int64) int64 {
	if ms == nil || *ms < 0 {
		return 0
	}
	n := uint64(*ms) + 1
	e := bits.Len64(n) - 1 // n = 2^e * f, 1 <= f < 2
	b := 1 + 2*int64(e)
	if float64(n)/math.Exp2(float64(e)) >= math.Sqrt2 {
		b++
	}
	return b
}

// messageEpoch is 2000-01-01 in microseconds: ids of messages count from it,
// 12 bits for equal times, and last until 2071.
const (
	messageEpoch   = 946_684_800_000_000
	messageTieBits = 12
)

// messageID returns the first id of a message at a time.
func messageID(start int64) int64 {
	micros := min(max(floorDiv(start, 10)-messageEpoch, 0), 1<<(63-messageTieBits)-2)
	return micros << messageTieBits
}

// writeMessage keeps the text search over messages of failures.
func (w *writer) writeMessage(old, r *storedRun, a *arrival) error {
	text := ""
	if r.status == statusFailed && a.run.Message != nil {
		text = *a.run.Message
	}
	if old != nil && old.status == statusFailed {
		var id int64
		var before string
		err := w.queryRow("SELECT id, message FROM run_message WHERE seq = ?", func(st *sqlite3.Stmt) { id, before = st.ColumnInt64(0), st.ColumnText(1) }, r.seq)
		switch {
		case err != nil:
			return err
		case before == text && r.start == old.start:
			return nil
		case before != "":
			if err := w.dropMessage(id, before); err != nil {
				return err
			}
		}
	}
	if text == "" {
		return nil
	}
	id, err := w.freeMessageID(messageID(r.start))
	if err != nil {
		return err
	}
	if err := w.exec("INSERT INTO run_message (id, seq, message) VALUES (?, ?, ?)", id, r.seq, text); err != nil {
		return err
	}
	return w.exec("INSERT INTO run_search (rowid, message) VALUES (?, ?)", id, text)
}

func (w *writer) dropMessage(id int64, message string) error {
	if err := w.exec("INSERT INTO run_search (run_search, rowid, message) VALUES ('delete', ?, ?)", id, message); err != nil {
		return err
	}
	return w.exec("DELETE FROM run_message WHERE id = ?", id)
}

// freeMessageID returns the first free id at a time, or shortly after when
// 4,096 failures share a microsecond.
func (w *writer) freeMessageID(base int64) (int64, error) {
	for ; base < math.MaxInt64-1<<messageTieBits; base += 1 << messageTieBits {
		id := base
		err := w.queryRow("SELECT max(id) FROM run_message WHERE id BETWEEN ? AND ?", func(st *sqlite3.Stmt) {
			if st.ColumnType(0) != sqlite3.NULL {
				id = st.ColumnInt64(0) + 1
			}
		}, base, base+1<<messageTieBits-1)
		if err != nil || id < base+1<<messageTieBits {
			return id, err
		}
	}
	return 0, errors.New("no id is left for a message")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
