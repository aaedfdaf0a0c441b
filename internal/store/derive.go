package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// Classes of parameters are decided from many runs, so they are decided again
// now and then: once a day at most, and never while history fills. When the
// class of a parameter changes, and for runs that were stored before there
// were classes, series and recoveries of the pipeline are derived again from
// the stored rows, in small transactions beside all other writes.

const (
	classesLast = 24 * time.Hour // how long classes stay before they are decided again
	deriveBatch = 500            // runs of one transaction
	deriveEvery = time.Minute    // how often KeepDerived looks for what is due
)

// The steps of a pipeline's derivation, in column derived of table pipeline.
const (
	derivedNot   = 0 // its runs may lack a series, or have one of other classes
	derivedWhole = 1
	derivedKeys  = 2 // its runs have their series; their recoveries are being worked out
	derivedAgain = 3 // whole, but runs were removed or redacted since or meanwhile: classes, keys and series may say more than is stored
)

// Derivation is how far the derivation of recoveries has come.
type Derivation struct {
	Pipelines int64 // pipelines that are still to be derived
	Failed    int64 // failed runs whose recovery is not known yet
}

// Reason says why the recovery of failed runs is unknown; "" when none is.
func (d Derivation) Reason() string {
	if d.Failed == 0 {
		return ""
	}
	return derivingReason(d.Failed)
}

// Derivation returns what is left to derive. Both figures are 0 when every
// failed run has its recovery.
func (s *Store) Derivation(ctx context.Context) (d Derivation, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM pipeline WHERE derived <> 1),
		(SELECT coalesce(sum(underived), 0) FROM roll_month WHERE factory_id = 0)`).Scan(&d.Pipelines, &d.Failed)
	return d, s.unavailable(err)
}

// KeepDerived does what Derive does now and again until ctx ends; classes of
// pipelines that have more runs are decided again once a day.
func (s *Store) KeepDerived(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case <-timer.C:
		}
		if err := s.derive(ctx, classesLast); err != nil && ctx.Err() == nil && !s.isClosed() {
			s.log.WarnContext(ctx, "recoveries were not derived; they will be tried again", slog.Any("error", err))
		}
		timer.Reset(deriveEvery)
	}
}

// Derive decides the classes of parameters of all pipelines that have got runs
// since it last did, and derives series and recoveries that do not follow from
// them yet. It can be ended at any time and goes on at the next call.
func (s *Store) Derive(ctx context.Context) error { return s.derive(ctx, 0) }

// derive is Derive for classes that were decided at least so long ago.
func (s *Store) derive(ctx context.Context, decided time.Duration) error {
	if err := s.deriveWindows(ctx); err != nil {
		return fmt.Errorf("derive the windows of trigger runs: %w", err)
	}
	due, err := s.dueForClasses(ctx, decided)
	if err != nil {
		return s.unavailable(fmt.Errorf("look for pipelines whose parameters are to be classified: %w", err))
	}
	began, derived := s.now(), 0
	for i, p := range due {
		again, err := s.derivePipeline(ctx, p)
		if err != nil {
			return fmt.Errorf("derive the recoveries of pipeline %s: %w", s.dicts.pipeline(p.id).name, err)
		}
		if again {
			derived++
		}
		if again && derived%100 == 0 {
			s.log.InfoContext(ctx, "recoveries are being derived", slog.Int("pipelines", i+1), slog.Int("of", len(due)))
		}
	}
	if derived > 0 {
		s.log.InfoContext(ctx, "recoveries were derived", slog.Int("pipelines", derived), slog.Duration("took", s.now().Sub(began)))
		s.live.publish([]Change{{Kind: ChangeGap}})
	}
	if err := s.deriveImported(ctx); err != nil {
		return fmt.Errorf("derive which imported activities failed: %w", err)
	}
	return nil
}

// duePipeline is a pipeline whose classes are to be decided.
type duePipeline struct {
	id      int64
	factory FactoryKey
	derived bool
	classes history.Classes
}

// dueForClasses lists the pipelines that are not derived, that the
// configuration classifies otherwise than before, or that have got runs since
// their classes were decided, at least so long ago.
func (s *Store) dueForClasses(ctx context.Context, decided time.Duration) (due []duePipeline, err error) {
	old := int64(adf.TimeOf(s.now().Add(-decided)))
	err = newStmt().add(`SELECT p.id, p.factory_id, p.derived, coalesce(p.classes, ''), p.grown > 0 AND p.classes_at <= `).arg(old).
		add(` AND f.state <> `).arg(string(StateFilling)).
		add(` FROM pipeline p JOIN factory f ON f.id = p.factory_id ORDER BY p.id`).each(ctx, s.read, func(rows *sql.Rows) error {
		var p duePipeline
		var stored string
		var step int64
		var isOld bool
		err := rows.Scan(&p.id, &p.factory, &step, &stored, &isOld)
		if err != nil {
			return err
		}
		p.derived = step == derivedWhole
		if p.classes, err = decodeClasses(stored); err != nil {
			return err
		}
		place, _ := s.dicts.place(p.factory)
		if !p.derived || isOld || s.seriesRules != nil && !s.seriesRules.Agree(place.Name, s.dicts.pipeline(p.id).name, p.classes) {
			due = append(due, p)
		}
		return nil
	})
	return due, err
}

// derivePipeline decides a pipeline's classes and, where they have changed or
// its runs have none yet, derives its series and recoveries. again reports
// whether it did the latter.
func (s *Store) derivePipeline(ctx context.Context, p duePipeline) (again bool, err error) {
	var grown int64
	err = s.submit(ctx, func(w *writer) (err error) {
		grown, err = w.beginClasses(p.id)
		return err
	}, nil)
	if err != nil {
		return false, err
	}
	samples, err := s.samples(ctx, p.id)
	if err != nil {
		return false, s.unavailable(err)
	}
	place, _ := s.dicts.place(p.factory)
	classes := history.Classify(place.Name, s.dicts.pipeline(p.id).name, samples, s.seriesRules)
	for name, c := range p.classes {
		switch _, ok := classes[name]; {
		case s.seriesRules == nil && c.Rule == history.RuleConfigured:
			classes[name] = c
		case !ok:
			classes[name] = s.seriesRules.Reclass(place.Name, s.dicts.pipeline(p.id).name, c) // of runs that are no samples any more
		}
	}
	again = !p.derived || !history.SameClasses(p.classes, classes)
	var asked int64
	err = s.submit(ctx, func(w *writer) (err error) {
		asked, err = w.setClasses(p.id, classes, grown, again)
		return err
	}, nil)
	if err != nil || !again {
		return again, err
	}
	if err := s.eachRunOf(ctx, p.id, "", func(w *writer, seq int64) error { return w.deriveWork(p.id, seq) }); err != nil {
		return true, err
	}
	// From here on what arrives is worked out at once.
	if err := s.submit(ctx, func(w *writer) error { return w.setDerived(p.id, derivedKeys) }, nil); err != nil {
		return true, err
	}
	err = s.eachRunOf(ctx, p.id, " AND status = 3", func(w *writer, seq int64) error { w.queue.add(seq); return nil })
	if err != nil {
		return true, err
	}
	return true, s.submit(ctx, func(w *writer) error { return w.endDerivation(p.id, asked) }, nil)
}

// samples reads the runs that a pipeline's classes are decided from.
func (s *Store) samples(ctx context.Context, pipeline int64) ([]history.Sample, error) {
	var newest sql.NullInt64
	err := s.read.QueryRowContext(ctx, "SELECT max(run_start) FROM run INDEXED BY run_pipeline WHERE pipeline_id = ?", pipeline).Scan(&newest)
	if err != nil || !newest.Valid {
		return nil, err
	}
	var out []history.Sample
	b := newStmt().add("SELECT r.run_start, r.run_id, r.group_id, r.parent_id, w.raw FROM run r").index("run_pipeline").add(" JOIN run_raw w ON w.seq = r.seq WHERE r.pipeline_id = ").arg(pipeline)
	b.add(" AND r.run_start >= ").arg(newest.Int64 - int64(history.SampleAge/100)).add(" ORDER BY r.run_start DESC LIMIT ").num(history.SampleRuns)
	err = b.each(ctx, s.read, func(rows *sql.Rows) error {
		var start int64
		var id, group, parent []byte
		var packed sql.RawBytes
		if err := rows.Scan(&start, &id, &group, &parent, &packed); err != nil {
			return err
		}
		r, err := s.runOf(packed)
		if err != nil {
			return err
		}
		out = append(out, history.Sample{Start: adf.Time(start), Parameters: history.ParametersOf(r.Parameters), Tree: treeOf(id, group, parent)})
		return nil
	})
	return out, err
}

// beginClasses returns how often a pipeline was noted to have grown. Runs that
// come after it are noted once more, so that the classes that are decided now are
// known to lack them.
func (w *writer) beginClasses(pipeline int64) (grown int64, err error) {
	delete(w.memory.pipelines, pipeline)
	err = w.queryRow("SELECT grown FROM pipeline WHERE id = ?", func(st *sqlite3.Stmt) { grown = st.ColumnInt64(0) }, pipeline)
	return grown, err
}

// setClasses stores a pipeline's classes, decided when it had grown so often.
// again forgets its series, which its runs then get again from deriveWork. It
// returns how often a derivation of the pipeline was asked for.
func (w *writer) setClasses(pipeline int64, classes history.Classes, grown int64, again bool) (asked int64, err error) {
	text, err := encodeClasses(classes)
	if err != nil {
		return 0, err
	}
	delete(w.memory.pipelines, pipeline)
	err = w.exec("UPDATE pipeline SET classes = ?, classes_at = ?, grown = iif(grown = ?, 0, grown) WHERE id = ?",
		text, int64(adf.TimeOf(w.s.now())), grown, pipeline)
	if err != nil || !again {
		return 0, err
	}
	if err := w.forgetWork(); err != nil {
		return 0, err
	}
	if err := w.setDerived(pipeline, derivedNot); err != nil {
		return 0, err
	}
	if err := w.exec("DELETE FROM shape WHERE pipeline_id = ?", pipeline); err != nil {
		return 0, err
	}
	if err := w.exec("DELETE FROM series WHERE pipeline_id = ?", pipeline); err != nil {
		return 0, err
	}
	err = w.queryRow("SELECT asked_again FROM pipeline WHERE id = ?", func(st *sqlite3.Stmt) { asked = st.ColumnInt64(0) }, pipeline)
	return asked, err
}

// endDerivation calls a pipeline derived whole, unless it was asked to be
// derived again since asked was read: rows that were passed already may have
// changed then.
func (w *writer) endDerivation(pipeline, asked int64) error {
	var now int64
	if err := w.queryRow("SELECT asked_again FROM pipeline WHERE id = ?", func(st *sqlite3.Stmt) { now = st.ColumnInt64(0) }, pipeline); err != nil {
		return err
	}
	if now != asked {
		return w.setDerived(pipeline, derivedAgain)
	}
	return w.setDerived(pipeline, derivedWhole)
}

// eachRunOf calls do for every run of a pipeline that meets a condition, in
// transactions of some hundred runs.
func (s *Store) eachRunOf(ctx context.Context, pipeline int64, cond string, do func(w *writer, seq int64) error) error {
	after := listPlace{math.MinInt64, math.MinInt64}
	for {
		b := newStmt().add("SELECT seq, run_start FROM run").index("run_pipeline").add(" WHERE pipeline_id = ").arg(pipeline).add(cond)
		keyset(b, "run_start", false, after)
		found, err := s.places(ctx, b.add(" ORDER BY run_start, seq LIMIT ").num(deriveBatch))
		if err != nil {
			return s.unavailable(err)
		}
		if len(found) == 0 {
			return nil
		}
		after = found[len(found)-1]
		err = s.submit(ctx, func(w *writer) error {
			for _, p := range found {
				if err := do(w, int64(p.key)); err != nil {
					return err
				}
			}
			return w.settle(&touchedRuns{})
		}, nil)
		if err != nil {
			return err
		}
	}
}

// deriveWork gives a stored run its series and key by the present classes.
func (w *writer) deriveWork(pipeline, seq int64) error {
	found, err := w.runsWhere("WHERE seq = ?", seq)
	if err != nil || len(found) == 0 || found[0].pipeline != pipeline {
		return err // it moved to another pipeline since
	}
	r := &found[0]
	pw, err := w.pipelineWork(pipeline)
	if err != nil {
		return err
	}
	var packed []byte
	if err := w.queryRow("SELECT raw FROM run_raw WHERE seq = ?", func(st *sqlite3.Stmt) { packed = st.ColumnBlob(0, nil) }, seq); err != nil {
		return err
	}
	one, err := w.s.runOf(packed)
	if err != nil {
		return err
	}
	r.work = work{}
	if r.status == statusFailed {
		r.work.end = workEnd(&one.PipelineRun, adf.TimeOf(w.s.now()), r.start)
		if err := w.deriveFailedActivities(seq); err != nil {
			return err
		}
	}
	params := history.ParametersOf(one.Parameters)
	if params.Known {
		if err := w.setWork(pw, r, params, r.tree()); err != nil {
			return err
		}
	}
	if r.doneWork() && r.series != 0 {
		if err := w.raiseSeries(r.series, r.start); err != nil {
			return err
		}
	}
	w.rolls.noteFailed(r)
	return w.exec("UPDATE run SET work_end = ?, shape_id = ?, params_key = ?, series_id = ? WHERE seq = ?",
		nullable(r.work.end), nullable(r.shape), r.key, nullable(r.series), seq)
}

func (w *writer) setDerived(pipeline, step int64) error {
	delete(w.memory.pipelines, pipeline)
	clear(w.memory.restricted) // runs have got other shapes
	return w.exec("UPDATE pipeline SET derived = ? WHERE id = ?", step, pipeline)
}

// deriveAgain has the next Derive decide the classes and series of a pipeline
// once more, also where one is at it. Until then those of now hold.
func (w *writer) deriveAgain(pipeline int64) error {
	return w.exec("UPDATE pipeline SET asked_again = asked_again + 1, derived = iif(derived = ?, ?, derived) WHERE id = ?",
		int64(derivedWhole), int64(derivedAgain), pipeline)
}

// deriveWindows gives trigger runs that were stored before schema 4 their
// window.
func (s *Store) deriveWindows(ctx context.Context) error {
	for {
		var upto sql.NullInt64
		err := s.read.QueryRowContext(ctx, "SELECT upto FROM derivation WHERE name = 'trigger windows'").Scan(&upto)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return s.unavailable(err)
		}
		if err := s.submit(ctx, func(w *writer) error { return w.deriveWindowBatch(upto.Int64) }, nil); err != nil {
			return err
		}
	}
}

func (w *writer) deriveWindowBatch(after int64) error {
	type row struct {
		seq     int64
		factory FactoryKey
		packed  []byte
	}
	var batch []row
	err := w.query("SELECT seq, place_id, raw FROM trigger_run WHERE seq > ? ORDER BY seq LIMIT ?", func(st *sqlite3.Stmt) bool {
		batch = append(batch, row{st.ColumnInt64(0), FactoryKey(st.ColumnInt64(1)), st.ColumnBlob(2, nil)})
		return true
	}, after, int64(deriveBatch))
	if err != nil {
		return err
	}
	if len(batch) == 0 {
		return w.exec("DELETE FROM derivation WHERE name = 'trigger windows'")
	}
	for _, one := range batch {
		raw, err := w.s.codec.unpack(one.packed)
		if err != nil {
			return err
		}
		t, err := adf.DecodeTriggerRun(raw)
		if err != nil {
			return fmt.Errorf("read trigger run %d: %w", one.seq, err)
		}
		if t.WindowStart.IsZero() || t.WindowEnd.IsZero() {
			continue
		}
		if err := w.exec("UPDATE trigger_run SET window_from = ?, window_to = ? WHERE seq = ?", int64(t.WindowStart), int64(t.WindowEnd), one.seq); err != nil {
			return err
		}
		if err := w.queueTriggered(one.factory, namedRuns(&t)); err != nil {
			return err
		}
	}
	if err := w.exec("UPDATE derivation SET upto = ? WHERE name = 'trigger windows'", batch[len(batch)-1].seq); err != nil {
		return err
	}
	return w.settle(&touchedRuns{})
}
