package store

import (
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// removeRuns deletes runs and brings what depended on them up to date: the
// failed runs that they recovered, their run groups, the text search, the
// roll-ups and the counts of their factories. Afterwards the store is as if they
// had never arrived, but for names in its dictionaries, which forgetNames
// removes, and for classes of parameters and empty series, which Derive renews.
func (w *writer) removeRuns(seqs []int64, touched *touchedRuns) error {
	for _, seq := range seqs {
		found, err := w.runsWhere("WHERE seq = ?", seq)
		if err != nil {
			return err
		}
		for i := range found {
			if err := w.removeRun(&found[i], touched); err != nil {
				return err
			}
		}
	}
	return w.settle(touched)
}

func (w *writer) removeRun(r *storedRun, touched *touchedRuns) error {
	members, err := w.groupMembers(r)
	if err != nil {
		return err
	}
	if err := w.removeMessage(r); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM run WHERE seq = ?", "DELETE FROM activity WHERE run_seq = ?",
		"DELETE FROM activity_read WHERE run_seq = ?", "DELETE FROM failed_activity WHERE run_seq = ?", "DELETE FROM import_run WHERE run_seq = ?",
	} {
		if err := w.exec(query, r.seq); err != nil {
			return err
		}
	}
	w.rolls.add(r, -1)
	w.countUnread(r.factory, r.flags, 0)
	if err := w.countOdd(r.factory, -(r.flags & flagOdd / flagOdd)); err != nil {
		return err
	}
	if err := w.deriveAgain(r.pipeline); err != nil {
		return err
	}
	if err := w.noteRemoved(r); err != nil {
		return err
	}
	if err := w.exec("DELETE FROM run_raw WHERE seq = ?", r.seq); err != nil {
		return err
	}
	return w.markLatest(members, touched)
}

func (w *writer) removeMessage(r *storedRun) error {
	if r.status != statusFailed {
		return nil
	}
	var id int64
	var message string
	err := w.queryRow("SELECT id, message FROM run_message WHERE seq = ?", func(st *sqlite3.Stmt) { id, message = st.ColumnInt64(0), st.ColumnText(1) }, r.seq)
	if err != nil || message == "" {
		return err
	}
	return w.dropMessage(id, message)
}

// forgetNames removes the pipelines without runs, and the factories that only
// imports knew and of which nothing is left. Names are kept as first spelled, so
// one that an undone import brought must not decide how later ones are shown.
func (w *writer) forgetNames() error {
	// What was removed has to be counted before the counts of its names go.
	if err := w.flushRollups(); err != nil {
		return err
	}
	clear(w.rolls.sums)
	clear(w.unread)
	pipelines, err := w.idsOf("SELECT id FROM pipeline WHERE NOT EXISTS (SELECT 1 FROM run INDEXED BY run_pipeline WHERE pipeline_id = pipeline.id)")
	if err != nil {
		return err
	}
	for _, id := range pipelines {
		if err := w.forgetPipeline(id); err != nil {
			return err
		}
	}
	if len(pipelines) > 0 {
		if err := w.forgetWork(); err != nil { // their series, shapes and runs are among it
			return err
		}
	}
	factories, err := w.idsOf(`SELECT id FROM factory WHERE source = '' AND as_of = 0 AND wanted_from = 0
		AND NOT EXISTS (SELECT 1 FROM run WHERE factory_id = factory.id) AND NOT EXISTS (SELECT 1 FROM coverage WHERE factory_id = factory.id)
		AND NOT EXISTS (SELECT 1 FROM import_activity WHERE factory_id = factory.id)
		AND NOT EXISTS (SELECT 1 FROM resource WHERE place_id = factory.id) AND NOT EXISTS (SELECT 1 FROM trigger_run WHERE place_id = factory.id)`)
	if err != nil {
		return err
	}
	for _, id := range factories {
		if err := w.forgetFactory(FactoryKey(id)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) idsOf(query string) (ids []int64, err error) {
	err = w.query(query, func(st *sqlite3.Stmt) bool {
		ids = append(ids, st.ColumnInt64(0))
		return true
	})
	return ids, err
}

func (w *writer) forgetPipeline(id int64) error {
	for _, query := range []string{
		"DELETE FROM pipeline WHERE id = ?", "DELETE FROM invoker_pipeline WHERE pipeline_id = ?", "DELETE FROM annotation_pipeline WHERE pipeline_id = ?",
		"DELETE FROM roll_pipeline_day WHERE pipeline_id = ?", "DELETE FROM roll_pipeline_month WHERE pipeline_id = ?", "DELETE FROM series WHERE pipeline_id = ?", "DELETE FROM shape WHERE pipeline_id = ?",
	} {
		if err := w.exec(query, id); err != nil {
			return err
		}
	}
	d := w.s.dicts
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pipelines[id]
	delete(d.pipelines, id)
	delete(d.pipelineID, pipelineKey{p.factory, strings.ToLower(p.name)})
	started, carried := dropUse(d.startedBy, id), dropUse(d.carriedBy, id)
	w.undo = append(w.undo, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.addPipeline(id, p)
		for _, by := range started {
			addUse(d.startedBy, by, id)
		}
		for _, by := range carried {
			addUse(d.carriedBy, by, id)
		}
	})
	return nil
}

// dropUse forgets a pipeline, and returns by what it was used.
func dropUse(uses map[int64]map[int64]bool, pipeline int64) (by []int64) {
	for id, pipelines := range uses {
		if pipelines[pipeline] {
			by = append(by, id)
			delete(pipelines, pipeline)
		}
	}
	return by
}

func (w *writer) forgetFactory(key FactoryKey) error {
	for _, query := range []string{"DELETE FROM factory WHERE id = ?", "DELETE FROM roll_hour WHERE factory_id = ?", "DELETE FROM roll_day WHERE factory_id = ?", "DELETE FROM roll_month WHERE factory_id = ?"} {
		if err := w.exec(query, key); err != nil {
			return err
		}
	}
	d := w.s.dicts
	d.mu.Lock()
	defer d.mu.Unlock()
	place := d.places[key]
	delete(d.places, key)
	delete(d.byShort, place.Short)
	delete(d.byARM, place.ID.Key())
	w.undo = append(w.undo, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.addPlace(place)
	})
	return nil
}
