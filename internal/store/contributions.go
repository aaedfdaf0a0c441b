package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// A run that an import has shown keeps what each of its sources gave to it. The
// row of the run is the fold of these contributions, so taking one out again
// leaves exactly what the others give. Example: import 1 reads a log of a run,
// import 2 a saved answer of the API. The row is the answer, with parameters of
// the log where the answer has none. Undoing import 2 leaves the log's row,
// undoing both removes the run.
//
// A run that Azure itself has shown, and whose newest version is Azure's, has no
// contributions: no import can change it.

const (
	flagLog    = 1 << 16 // goes with flagImport: only logs have shown the run
	flagTraced = 1 << 17 // the run has rows in import_run
)

// ImportID names one import of files.
type ImportID int64

// The contributions that belong to no import which could be undone.
const (
	fromAPI     ImportID = 0
	fromEarlier ImportID = -1 // an import of a version that did not count imports
)

// contribution is what one source says of a run: the fold of all its rows.
type contribution struct {
	source   ImportID
	origin   Origin
	received adf.Time
	flags    int64 // flagGone, of a run that Azure had forgotten
	raw      []byte
	run      adf.PipelineRun

	isStored bool // as a row of import_run
	isRow    bool // … whose raw is NULL
	isNew    bool // raw has to be written
}

// merged is the fold of contributions.
type merged struct {
	best   contribution // the version that counts
	origin Origin       // of the run
	raw    []byte
	run    adf.PipelineRun
}

// fold makes the row of a run of its contributions, which come in order of
// their sources: of equal versions the first counts. What the best version
// lacks is filled from the others, but not once Azure has shown the run: then
// the best version is the row.
func (w *writer) fold(list []contribution) (merged, error) {
	order := slices.Clone(list)
	for i := range order { // few: a selection
		best := i
		for j := i + 1; j < len(order); j++ {
			if w.isNewer(&order[j], &order[best]) {
				best = j
			}
		}
		c := order[best]
		copy(order[i+1:best+1], order[i:best])
		order[i] = c
	}
	m := merged{best: order[0], origin: OriginLog, raw: order[0].raw, run: order[0].run}
	isAPI := false
	for _, c := range order {
		isAPI = isAPI || c.origin == OriginAzure
		if c.origin == OriginFile {
			m.origin = OriginFile
		}
	}
	if isAPI {
		m.origin = OriginAzure
		return m, nil
	}
	for _, c := range order[1:] {
		var err error
		if m.raw, m.run, err = complete(m.raw, m.run, c.raw, c.run); err != nil {
			return merged{}, err
		}
	}
	return m, nil
}

func (w *writer) isNewer(a, b *contribution) bool {
	return w.version(a).supersedes(w.version(b), a.received)
}

func (w *writer) version(c *contribution) version {
	isOdd := len(c.run.Odd)+len(oddTimes(&c.run, c.received)) > 0
	return w.versionOf(&c.run, c.received, c.origin == OriginLog, isOdd)
}

// complete fills the fields that a row lacks from an older version of the run,
// and returns the row as it was when there is none to fill. How a run ended is
// taken from a version of the same status only: the end of a succeeded run says
// nothing about a row that was saved while the run was in progress.
func complete(raw []byte, run adf.PipelineRun, other []byte, from adf.PipelineRun) ([]byte, adf.PipelineRun, error) {
	var members, more map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, run, fmt.Errorf("complete run %s: %w", run.RunID, err)
	}
	if err := json.Unmarshal(other, &more); err != nil {
		return nil, run, fmt.Errorf("complete run %s: %w", run.RunID, err)
	}
	fields := []string{"id", "runGroupId", "pipelineName", "parameters", "invokedBy", "runStart", "annotations", "status", "log"}
	if run.Status == "" || run.Status == from.Status {
		fields = append(fields, "runEnd", "durationInMs", "message", "pipelineReturnValue", "lastUpdated", "runDimension", "isLatest", "cancelledBy")
	}
	filled := false
	for _, field := range fields {
		value := memberOf(more, field)
		if isNull(value) || !isNull(memberOf(members, field)) {
			continue
		}
		for key := range members {
			if strings.EqualFold(key, field) {
				delete(members, key)
			}
		}
		members[field] = value
		if field == "durationInMs" && from.DurationComputed {
			members["durationComputed"] = json.RawMessage("true")
		}
		filled = true
	}
	if !filled {
		return raw, run, nil
	}
	out, next, err := remade(members)
	if err != nil || !next.DurationComputed || next.RunStart.IsZero() || next.RunEnd.IsZero() {
		return out, next, err
	}
	// Start and end may be of two versions now.
	members["durationInMs"] = fmt.Appendf(nil, "%d", next.RunEnd.Sub(next.RunStart).Round(time.Millisecond).Milliseconds())
	return remade(members)
}

func remade(members map[string]json.RawMessage) ([]byte, adf.PipelineRun, error) {
	raw, err := json.Marshal(members)
	if err != nil {
		return nil, adf.PipelineRun{}, fmt.Errorf("complete a run: %w", err)
	}
	run, err := adf.DecodePipelineRun(raw)
	return raw, run, err
}

// memberOf finds a member as adf does: PowerShell's "RunId" is runId.
func memberOf(members map[string]json.RawMessage, name string) json.RawMessage {
	if v, ok := members[name]; ok {
		return v
	}
	for key, v := range members {
		if strings.EqualFold(key, name) {
			return v
		}
	}
	return nil
}

// isNull reports whether a field is absent. Names and statuses are absent when
// they are empty.
func isNull(value json.RawMessage) bool {
	return len(value) == 0 || string(value) == "null" || string(value) == `""`
}

// writeContribution stores one run of an import, or what Azure says of a run
// that an import has shown, and returns how it changes the number of odd rows.
func (w *writer) writeContribution(p Page, a *arrival, old *storedRun, done *Changes, touched *touchedRuns) (int64, error) {
	if old == nil {
		done.Inserted++
		return w.insertContribution(p, a, touched)
	}
	isNewer := w.supersedes(a, old)
	if old.flags&(flagTraced|flagImport) == 0 && !isNewer {
		done.Unchanged++
		return 0, nil // Azure has shown the run, and no import can take that away
	}
	own := contribution{source: p.Import, origin: p.Origin, received: a.told, raw: a.run.Raw, run: *a.run, isNew: true}
	current, err := w.rawOf(old.seq)
	if err != nil {
		return 0, err
	}
	list, err := w.contributions(old, current)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(list, func(c contribution) bool { return c.source == p.Import })
	if i < 0 {
		list = append(list, own)
		slices.SortStableFunc(list, func(x, y contribution) int { return compareInts(int64(x.source), int64(y.source)) })
	} else if err := w.extend(&list[i], own); err != nil {
		return 0, err
	}
	odd, changed, err := w.settleContributions(old, current, list, touched)
	if err != nil {
		return 0, err
	}
	switch {
	case p.Import == fromAPI && isNewer, changed && i < 0 && isNewer:
		done.Updated++
	case p.Import != fromAPI && changed && i < 0:
		done.Completed++
	default:
		done.Unchanged++
	}
	return odd, nil
}

// insertContribution stores a run that is new here.
func (w *writer) insertContribution(p Page, a *arrival, touched *touchedRuns) (int64, error) {
	fresh, err := w.rowOf(p, a, nil)
	if err != nil {
		return 0, err
	}
	fresh.flags |= flagTraced
	if err := w.putRow(nil, fresh, a, touched); err != nil {
		return 0, err
	}
	c := contribution{source: p.Import, origin: p.Origin, received: a.told}
	return oddChange(nil, fresh), w.saveContribution(fresh.seq, &c, true)
}

// extend adds a further row of the same source to what that source gave.
func (w *writer) extend(c *contribution, further contribution) error {
	both, err := w.fold([]contribution{*c, further})
	if err != nil {
		return err
	}
	c.isNew = !bytes.Equal(c.raw, both.raw)
	c.origin, c.received, c.flags, c.raw, c.run = both.origin, both.best.received, both.best.flags, both.raw, both.run
	return nil
}

// settleContributions writes the fold of all contributions of a stored run as its row, and
// keeps the contributions. It returns how that changes the number of odd rows,
// and whether the row is another one now.
func (w *writer) settleContributions(old *storedRun, current []byte, list []contribution, touched *touchedRuns) (odd int64, changed bool, err error) {
	m, err := w.fold(list)
	if err != nil {
		return 0, false, err
	}
	isAzures := m.best.origin == OriginAzure
	flagsOf := func(flags, status int64) int64 {
		flags = flags&^(flagImport|flagLog|flagTraced) | originFlags(m.origin)
		if !isAzures {
			flags |= flagTraced
		}
		return withUnread(flags, status)
	}
	changed = !bytes.Equal(m.raw, current)
	fresh := old
	if changed {
		a := w.s.arrive(&m.run, m.best.received, m.origin)
		if fresh, err = w.rowOf(Page{Factory: old.factory, Origin: m.origin}, &a, old); err != nil {
			return 0, false, err
		}
		fresh.flags = flagsOf(fresh.flags|m.best.flags, fresh.status)
		if err = w.putRow(old, fresh, &a, touched); err == nil && fresh.series != old.series {
			err = w.deriveAgain(old.pipeline) // the series that it had may have no run now
		}
	} else if flags := flagsOf(old.flags, old.status); flags != old.flags {
		err = w.mark(old, flags, touched)
	}
	if err != nil {
		return 0, false, err
	}
	if isAzures {
		return oddChange(old, fresh), changed, w.exec("DELETE FROM import_run WHERE run_seq = ?", old.seq)
	}
	for i := range list {
		isRow := bytes.Equal(list[i].raw, m.raw)
		if list[i].isStored && !list[i].isNew && list[i].isRow == isRow {
			continue
		}
		if err := w.saveContribution(old.seq, &list[i], isRow); err != nil {
			return 0, false, err
		}
	}
	return oddChange(old, fresh), changed, nil
}

// saveContribution stores what a source gave to a run; isRow says that it is
// the run's row.
func (w *writer) saveContribution(seq int64, c *contribution, isRow bool) error {
	var packed []byte
	if !isRow {
		packed = w.s.codec.pack(rawRun, c.raw)
	}
	return w.exec("INSERT OR REPLACE INTO import_run (run_seq, import_id, origin, received, flags, raw) VALUES (?, ?, ?, ?, ?, ?)",
		seq, int64(c.source), originNumber(c.origin), int64(c.received), c.flags, packed)
}

// The numbers of origins in import_run.
func originNumber(o Origin) int64 {
	switch o {
	case OriginFile:
		return 1
	case OriginLog:
		return 2
	case OriginAzure:
	}
	return 0
}

func originOfNumber(n int64) Origin {
	return [...]Origin{OriginAzure, OriginFile, OriginLog}[min(max(n, 0), 2)]
}

// rawOf reads the row of a run as it was received.
func (w *writer) rawOf(seq int64) ([]byte, error) {
	var packed []byte
	err := w.queryRow("SELECT raw FROM run_raw WHERE seq = ?", func(st *sqlite3.Stmt) { packed = st.ColumnBlob(0, nil) }, seq)
	if err != nil {
		return nil, err
	}
	return w.s.codec.unpack(packed)
}

// contributions reads what each source gave to a run, in order of the sources.
// A run without stored contributions has one: its row.
func (w *writer) contributions(r *storedRun, current []byte) ([]contribution, error) {
	if r.flags&flagTraced == 0 {
		return w.onlyContribution(r, current)
	}
	var list []contribution
	err := w.query("SELECT import_id, origin, received, flags, raw FROM import_run WHERE run_seq = ? ORDER BY import_id", func(st *sqlite3.Stmt) bool {
		list = append(list, contribution{
			source: ImportID(st.ColumnInt64(0)), origin: originOfNumber(st.ColumnInt64(1)), received: adf.Time(st.ColumnInt64(2)),
			flags: st.ColumnInt64(3), raw: optionalBlob(st, 4), isStored: true,
		})
		return true
	}, r.seq)
	if err != nil {
		return nil, err
	}
	for i := range list {
		c := &list[i]
		if c.isRow = c.raw == nil; c.isRow {
			c.raw = current
		} else if c.raw, err = w.s.codec.unpack(c.raw); err != nil {
			return nil, err
		}
		if c.run, err = adf.DecodePipelineRun(c.raw); err != nil {
			return nil, fmt.Errorf("read a stored row: %w", err)
		}
	}
	return list, nil
}

// onlyContribution makes one of the row of a run that no import has shown which
// could be undone.
func (w *writer) onlyContribution(r *storedRun, current []byte) ([]contribution, error) {
	run, err := adf.DecodePipelineRun(current)
	if err != nil {
		return nil, fmt.Errorf("read a stored row: %w", err)
	}
	c := contribution{source: fromAPI, origin: originOf(r.flags), received: adf.TimeOf(w.s.now()), flags: r.flags & flagGone, raw: current, run: run}
	if c.origin != OriginAzure {
		c.source = fromEarlier
	}
	if r.flags&flagAhead != 0 {
		c.received = run.LastUpdated.Add(-2 * aheadSlack) // it lay ahead when it was received
	}
	return []contribution{c}, nil
}

// dropContribution takes what an import gave out of a run, which is removed
// when nothing else has shown it. The caller settles what follows.
func (w *writer) dropContribution(seq int64, source ImportID) (removed bool, err error) {
	found, err := w.runsWhere("WHERE seq = ?", seq)
	if err != nil || len(found) == 0 {
		return false, err
	}
	r := &found[0]
	current, err := w.rawOf(seq)
	if err != nil {
		return false, err
	}
	list, err := w.contributions(r, current)
	if err != nil {
		return false, err
	}
	if err := w.exec("DELETE FROM import_run WHERE run_seq = ? AND import_id = ?", seq, int64(source)); err != nil {
		return false, err
	}
	list = slices.DeleteFunc(list, func(c contribution) bool { return c.source == source })
	if len(list) == 0 {
		return true, w.removeRun(r, &touchedRuns{})
	}
	odd, _, err := w.settleContributions(r, current, list, &touchedRuns{})
	if err != nil {
		return false, err
	}
	return false, w.countOdd(r.factory, odd)
}
