package store

import (
	"strings"
)

// lookUpNames puts the ids of an arrival's names into its row, and adds the
// names that are new to the dictionaries.
func (w *writer) lookUpNames(r *storedRun, a *arrival) error {
	var err error
	if r.status, err = w.statusID(string(a.run.Status)); err != nil {
		return err
	}
	if r.pipeline, err = w.pipelineID(r.factory, a.run.PipelineName); err != nil {
		return err
	}
	if err := w.lookUpInvoker(r, a.by); err != nil {
		return err
	}
	if a.list == "" {
		return nil
	}
	if r.set, err = w.setID(a.list); err != nil {
		return err
	}
	return w.note(w.s.dicts.carriedBy, "INSERT OR IGNORE INTO annotation_pipeline VALUES (?, ?)", r.set, r.pipeline)
}

// lookUpInvoker puts the id of what started a run into its row.
func (w *writer) lookUpInvoker(r *storedRun, by invoker) (err error) {
	if by == (invoker{}) {
		return nil
	}
	if r.invoker, err = w.invokerID(by); err != nil {
		return err
	}
	return w.note(w.s.dicts.startedBy, "INSERT OR IGNORE INTO invoker_pipeline VALUES (?, ?)", r.invoker, r.pipeline)
}

// learn adds a name to its table, and to memory until the transaction is
// rolled back. The statement has the new id as its row id.
func (w *writer) learn(add, forget func(id int64), query string, args ...any) (int64, error) {
	if err := w.exec(query, args...); err != nil {
		return 0, err
	}
	id := w.conn.LastInsertRowID()
	d := w.s.dicts
	d.mu.Lock()
	add(id)
	d.mu.Unlock()
	w.undo = append(w.undo, func() {
		d.mu.Lock()
		forget(id)
		d.mu.Unlock()
	})
	return id, nil
}

func (w *writer) statusID(word string) (int64, error) {
	d := w.s.dicts
	d.mu.RLock()
	id, ok := d.statusID[word]
	d.mu.RUnlock()
	if ok {
		return id, nil
	}
	return w.learn(func(id int64) { d.addStatus(id, word) },
		func(id int64) { delete(d.statusID, word); delete(d.statusWord, id) },
		"INSERT INTO status (id, word) SELECT max(max(id) + 1, ?), ? FROM status", int64(firstOther), word)
}

func (w *writer) pipelineID(factory FactoryKey, name string) (int64, error) {
	d := w.s.dicts
	key := pipelineKey{factory, strings.ToLower(name)}
	d.mu.RLock()
	id, ok := d.pipelineID[key]
	d.mu.RUnlock()
	if ok {
		return id, nil
	}
	return w.learn(func(id int64) { d.addPipeline(id, pipeline{factory, name}) },
		func(id int64) { delete(d.pipelineID, key); delete(d.pipelines, id) },
		"INSERT INTO pipeline (factory_id, name, name_key, derived) VALUES (?, ?, ?, 1)", factory, name, key.name)
}

func (w *writer) invokerID(v invoker) (int64, error) {
	d := w.s.dicts
	d.mu.RLock()
	id, ok := d.invokerID[v]
	d.mu.RUnlock()
	if ok {
		return id, nil
	}
	return w.learn(func(id int64) { d.addInvoker(id, v) },
		func(id int64) { delete(d.invokerID, v); delete(d.invokers, id); delete(d.startedBy, id) },
		"INSERT INTO invoker (name, type) VALUES (?, ?)", v.name, v.kind)
}

func (w *writer) setID(list string) (int64, error) {
	d := w.s.dicts
	d.mu.RLock()
	id, ok := d.setID[list]
	d.mu.RUnlock()
	if ok {
		return id, nil
	}
	return w.learn(func(id int64) { d.addSet(id, list) },
		func(id int64) { delete(d.setID, list); delete(d.sets, id); delete(d.carriedBy, id) },
		"INSERT INTO annotation_set (list) VALUES (?)", list)
}

// note remembers that a pipeline goes with an invoker or a set of annotations.
func (w *writer) note(uses map[int64]map[int64]bool, query string, id, pipeline int64) error {
	d := w.s.dicts
	d.mu.RLock()
	known := uses[id][pipeline]
	d.mu.RUnlock()
	if known {
		return nil
	}
	if err := w.exec(query, id, pipeline); err != nil {
		return err
	}
	d.mu.Lock()
	addUse(uses, id, pipeline)
	d.mu.Unlock()
	w.undo = append(w.undo, func() {
		d.mu.Lock()
		delete(uses[id], pipeline)
		d.mu.Unlock()
	})
	return nil
}
