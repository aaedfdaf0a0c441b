package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// work says which work a run did: what of a pipeline's runs is compared with
// it.
type work struct {
	end    int64  // of a failed run: when it ended, as recovery counts it; else 0
	shape  int64  // the set of its compared parameters; 0: unknown
	key    *int64 // of its compared parameters; nil: unknown
	series int64  // 0: unknown
}

// sameSeries reports whether two runs of a pipeline have equal recurring
// parameters, as far as their keys show it. Runs of two sets of parameters may
// be equal in those that both have, so for these it is not known.
func (w *work) sameSeries(o *work) (same, known bool) {
	switch {
	case w.series == 0 || o.series == 0:
		return false, true
	case w.series == o.series:
		return true, true
	}
	return false, w.shape != 0 && w.shape == o.shape
}

// pipelineWork is what the writer knows of a pipeline's parameters.
type pipelineWork struct {
	classes history.Classes
	keyed   bool // series and keys of all stored runs are by these classes
	grown   bool // it is noted that runs have come since the classes were decided, or since they are being decided
	shapes  []shape
}

// shape is a set of compared parameters that runs of a pipeline have.
type shape struct {
	id    int64
	names []string
}

// maxShapes bounds the shapes of a pipeline. Runs of further ones are compared
// only with runs of the same parameters: a pipeline changes its parameters a
// few times, and one whose runs each have others is no reason to keep a list
// of them.
const maxShapes = 32

// seriesKey finds a series.
type seriesKey struct{ pipeline, key int64 }

// knownSeries is a series as the running transaction knows it.
type knownSeries struct {
	newest   int64 // run_start of its newest success; see has
	has      bool
	isChange bool // newest is to be written, as changed has it
}

// maxKnown bounds what the writer remembers of series and of restricted keys.
const maxKnown = 100_000

// workMemory is what the writer remembers of works. All of it can be read
// again, so a rollback clears it.
type workMemory struct {
	pipelines  map[int64]*pipelineWork
	seriesIDs  map[seriesKey]int64
	series     map[int64]*knownSeries
	changed    []int64                                      // series whose newest success moved in this transaction
	lost       map[int64]lostSeries                         // by pipeline, until settle has looked at them
	restricted map[int64]map[restrictedKey]*restrictedIndex // by pipeline
	alike      map[alikeKey]*alikeIndex
	windows    map[FactoryKey]bool // see hasWindows
}

func newWorkMemory() workMemory {
	return workMemory{
		pipelines: map[int64]*pipelineWork{}, seriesIDs: map[seriesKey]int64{}, series: map[int64]*knownSeries{}, lost: map[int64]lostSeries{},
		restricted: map[int64]map[restrictedKey]*restrictedIndex{}, alike: map[alikeKey]*alikeIndex{}, windows: map[FactoryKey]bool{},
	}
}

// pipelineWork returns what is known of a pipeline's parameters.
func (w *writer) pipelineWork(pipeline int64) (*pipelineWork, error) {
	if pw := w.memory.pipelines[pipeline]; pw != nil {
		return pw, nil
	}
	pw := &pipelineWork{classes: history.Classes{}}
	var stored string
	err := w.queryRow("SELECT coalesce(classes, ''), derived FROM pipeline WHERE id = ?", func(st *sqlite3.Stmt) {
		stored, pw.keyed = st.ColumnText(0), st.ColumnInt64(1) != derivedNot
	}, pipeline)
	if err != nil {
		return nil, err
	}
	if pw.classes, err = decodeClasses(stored); err != nil {
		return nil, fmt.Errorf("read the classes of pipeline %d: %w", pipeline, err)
	}
	var decodeErr error
	err = w.query("SELECT id, names FROM shape WHERE pipeline_id = ?", func(st *sqlite3.Stmt) bool {
		one := shape{id: st.ColumnInt64(0)}
		decodeErr = json.Unmarshal([]byte(st.ColumnText(1)), &one.names)
		pw.shapes = append(pw.shapes, one)
		return decodeErr == nil
	}, pipeline)
	if err == nil {
		err = decodeErr
	}
	if err != nil {
		return nil, fmt.Errorf("read the parameters of pipeline %d: %w", pipeline, err)
	}
	w.memory.pipelines[pipeline] = pw
	return pw, nil
}

func decodeClasses(stored string) (history.Classes, error) {
	out := history.Classes{}
	if stored == "" {
		return out, nil
	}
	var list []history.ParameterClass
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return nil, err
	}
	for _, c := range list {
		out[c.Name] = c
	}
	return out, nil
}

func encodeClasses(c history.Classes) (string, error) {
	list := make([]history.ParameterClass, 0, len(c))
	for _, one := range c {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b history.ParameterClass) int { return strings.Compare(a.Name, b.Name) })
	b, err := json.Marshal(list)
	return string(b), err
}

// placeWork puts the work that an arrival did into its row.
func (w *writer) placeWork(r *storedRun, a *arrival) error {
	if r.status == statusFailed {
		r.work.end = workEnd(a.run, a.told, a.start)
	}
	if !a.params.Known {
		return nil
	}
	pw, err := w.pipelineWork(r.pipeline)
	if err != nil {
		return err
	}
	if err := w.noteGrown(pw, r.pipeline); err != nil {
		return err
	}
	if err := w.classifyNew(pw, r, a); err != nil {
		return err
	}
	return w.setWork(pw, r, a.params, a.tree)
}

// noteGrown notes that a pipeline has runs that its classes were not decided with.
func (w *writer) noteGrown(pw *pipelineWork, pipeline int64) error {
	if pw.grown {
		return nil
	}
	pw.grown = true
	return w.exec("UPDATE pipeline SET grown = grown + 1 WHERE id = ?", pipeline)
}

// setWork works out a run's shape, key and series.
func (w *writer) setWork(pw *pipelineWork, r *storedRun, params history.Parameters, tree []string) error {
	compared := pw.classes.Compared(params, tree)
	key, ok := compared.Key()
	if !ok {
		return nil
	}
	r.key = &key
	var err error
	if r.shape, err = w.shapeID(pw, r.pipeline, compared.Names()); err != nil {
		return err
	}
	r.series, err = w.seriesID(r.pipeline, pw.classes.Series(compared))
	return err
}

// workEnd is when a failed run ended: its runEnd, else its lastUpdated, else
// what it sorts by, the first of them that can be.
func workEnd(r *adf.PipelineRun, told adf.Time, start int64) int64 {
	for _, t := range []adf.Time{r.RunEnd, r.LastUpdated} {
		if isPossible(t, told) {
			return int64(t)
		}
	}
	return start
}

// classifyNew decides the classes of parameters that the pipeline has none
// for, from the runs that arrive together with this one. They are decided
// again when more is known: see Derive.
func (w *writer) classifyNew(pw *pipelineWork, r *storedRun, a *arrival) error {
	isKnown := !slices.ContainsFunc(a.params.All(), func(p history.Parameter) bool {
		_, ok := pw.classes[p.Name]
		return !ok
	})
	if isKnown {
		return nil
	}
	var samples []history.Sample
	for i := range w.page {
		if one := &w.page[i]; strings.EqualFold(one.run.PipelineName, a.run.PipelineName) {
			samples = append(samples, history.Sample{Start: adf.Time(one.start), Parameters: one.params, Tree: one.tree})
		}
	}
	place, _ := w.s.dicts.place(r.factory)
	for name, class := range history.Classify(place.Name, a.run.PipelineName, samples, w.s.seriesRules) {
		if _, ok := pw.classes[name]; !ok {
			pw.classes[name] = class
		}
	}
	text, err := encodeClasses(pw.classes)
	if err != nil {
		return err
	}
	return w.exec("UPDATE pipeline SET classes = ? WHERE id = ?", text, r.pipeline)
}

// shapeID returns the id of a set of compared parameters, 0 where the pipeline
// has too many.
func (w *writer) shapeID(pw *pipelineWork, pipeline int64, names []string) (int64, error) {
	if i := slices.IndexFunc(pw.shapes, func(s shape) bool { return slices.Equal(s.names, names) }); i >= 0 {
		return pw.shapes[i].id, nil
	}
	if len(pw.shapes) >= maxShapes {
		return 0, nil
	}
	text, err := json.Marshal(names)
	if err != nil {
		return 0, err
	}
	if err := w.exec("INSERT INTO shape (pipeline_id, names) VALUES (?, ?)", pipeline, string(text)); err != nil {
		return 0, err
	}
	one := shape{id: w.conn.LastInsertRowID(), names: names}
	pw.shapes = append(pw.shapes, one)
	return one.id, nil
}

// seriesID returns the id of a series of a pipeline.
func (w *writer) seriesID(pipeline int64, recurring history.Parameters) (id int64, err error) {
	number, _ := recurring.Key()
	key := seriesKey{pipeline, number}
	if id = w.memory.seriesIDs[key]; id != 0 {
		return id, nil
	}
	err = w.queryRow("SELECT id FROM series WHERE pipeline_id = ? AND key = ?", func(st *sqlite3.Stmt) { id = st.ColumnInt64(0) }, pipeline, number)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		if err := w.exec("INSERT INTO series (pipeline_id, key, label) VALUES (?, ?, ?)", pipeline, number, recurring.Label()); err != nil {
			return 0, err
		}
		id = w.conn.LastInsertRowID()
		w.memory.addSeries(pipeline, id, recurring.Label())
	}
	if len(w.memory.seriesIDs) >= maxKnown {
		clear(w.memory.seriesIDs)
	}
	w.memory.seriesIDs[key] = id
	return id, nil
}

// newestOfSeries returns when the newest success of a series began.
func (w *writer) newestOfSeries(series int64) (at int64, has bool, err error) {
	s, err := w.loadSeries(series)
	if err != nil {
		return 0, false, err
	}
	return s.newest, s.has, nil
}

func (w *writer) loadSeries(series int64) (*knownSeries, error) {
	if s := w.memory.series[series]; s != nil {
		return s, nil
	}
	s := &knownSeries{}
	err := w.queryRow("SELECT newest_ok FROM series WHERE id = ?", func(st *sqlite3.Stmt) {
		s.newest, s.has = st.ColumnInt64(0), st.ColumnType(0) != sqlite3.NULL
	}, series)
	if err != nil {
		return nil, err
	}
	w.memory.series[series] = s
	return s, nil
}

// raiseSeries notes a success of a series.
func (w *writer) raiseSeries(series, start int64) error {
	s, err := w.loadSeries(series)
	if err != nil || s.has && s.newest >= start {
		return err
	}
	s.newest, s.has = start, true
	w.noteChanged(series, s)
	return nil
}

func (w *writer) noteChanged(series int64, s *knownSeries) {
	if !s.isChange {
		s.isChange = true
		w.memory.changed = append(w.memory.changed, series)
	}
}

// lostSeries are series of one pipeline of which runs are no successes any more:
// the latest start of these runs by series.
type lostSeries map[int64]int64

// loseSuccess notes that a run is no success of its series any more. settle looks
// for the newest one that is left.
func (m *workMemory) loseSuccess(r *storedRun) {
	if m.lost[r.pipeline] == nil {
		m.lost[r.pipeline] = lostSeries{}
	}
	if at, has := m.lost[r.pipeline][r.series]; !has || at < r.start {
		m.lost[r.pipeline][r.series] = r.start
	}
}

// recountLost finds the newest successes of the series that lost one, and queues
// their runs that are open now. The runs of a pipeline are read once for all of its
// series. Example: undoing an import of 4,000 runs, each of its own series, read
// the pipeline once for each of them.
func (w *writer) recountLost() error {
	for _, pipeline := range slices.Sorted(maps.Keys(w.memory.lost)) {
		lost := w.memory.lost[pipeline]
		if err := w.recountSeries(pipeline, lost); err != nil {
			return fmt.Errorf("look for the newest successes of pipeline %d: %w", pipeline, err)
		}
		for _, series := range slices.Sorted(maps.Keys(lost)) {
			newest, has, err := w.newestOfSeries(series)
			if err != nil {
				return err
			}
			if !has {
				newest = math.MinInt64
			}
			if err := w.queueNotRedone(series, newest, lost[series]); err != nil {
				return err
			}
		}
	}
	clear(w.memory.lost)
	return nil
}

// recountSeries looks for the newest successes of the series among the runs. A
// series with a success later than those that it lost keeps that one.
func (w *writer) recountSeries(pipeline int64, lost lostSeries) error {
	wanted, upto := map[int64]*knownSeries{}, int64(math.MinInt64)
	for series, at := range lost {
		s, err := w.loadSeries(series)
		if err != nil {
			return err
		}
		if s.has && s.newest > at {
			continue
		}
		s.newest, s.has = 0, false
		w.noteChanged(series, s)
		wanted[series], upto = s, max(upto, at)
	}
	if len(wanted) == 0 {
		return nil
	}
	return w.query(`SELECT series_id, run_start FROM run INDEXED BY run_pipeline WHERE pipeline_id = ? AND run_start <= ? AND status = 2 AND flags & ? = 0
		ORDER BY run_start DESC`, func(st *sqlite3.Stmt) bool {
		if s := wanted[st.ColumnInt64(0)]; s != nil {
			s.newest, s.has = st.ColumnInt64(1), true
			delete(wanted, st.ColumnInt64(0))
		}
		return len(wanted) > 0
	}, pipeline, upto, int64(flagNoStart))
}

// forgetWork forgets what is remembered of all pipelines. It can be read again, but
// for the newest successes that jobs of this transaction have moved: these are
// written.
func (w *writer) forgetWork() error {
	err := w.flushSeries()
	w.memory = newWorkMemory()
	return err
}

// flushSeries writes the newest successes that the transaction has moved.
func (w *writer) flushSeries() error {
	for _, id := range w.memory.changed {
		s := w.memory.series[id]
		var newest any
		if s.has {
			newest = s.newest
		}
		if err := w.exec("UPDATE series SET newest_ok = ? WHERE id = ?", newest, id); err != nil {
			return err
		}
		s.isChange = false
	}
	w.memory.changed = w.memory.changed[:0]
	if len(w.memory.series) >= maxKnown {
		clear(w.memory.series)
	}
	w.memory.boundRestricted()
	return nil
}

// sameSeries reports whether two runs of a pipeline have equal recurring
// parameters, of those that both have.
func (w *writer) sameSeries(a, b *storedRun) (bool, error) {
	if same, known := a.sameSeries(&b.work); known {
		return same, nil
	}
	pw, err := w.pipelineWork(a.pipeline)
	if err != nil {
		return false, err
	}
	pa, err := w.comparedOf(pw, a)
	if err != nil {
		return false, err
	}
	pb, err := w.comparedOf(pw, b)
	return err == nil && history.Equal(pw.classes.Series(pa), pw.classes.Series(pb)), err
}

// comparedOf reads a stored run's compared parameters.
func (w *writer) comparedOf(pw *pipelineWork, r *storedRun) (out history.Parameters, err error) {
	var packed []byte
	if err := w.queryRow("SELECT raw FROM run_raw WHERE seq = ?", func(st *sqlite3.Stmt) { packed = st.ColumnBlob(0, nil) }, r.seq); err != nil {
		return out, err
	}
	one, err := w.s.runOf(packed)
	if err != nil {
		return out, err
	}
	return pw.classes.Compared(history.ParametersOf(one.Parameters), r.tree()), nil
}

// tree returns the runIds that a row names as its own, its group's and its
// parent's.
func (r *storedRun) tree() []string { return treeOf(r.id, r.group, r.parent) }

func treeOf(ids ...[]byte) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if len(id) > 0 {
			out = append(out, decodeRunID(id))
		}
	}
	return out
}
