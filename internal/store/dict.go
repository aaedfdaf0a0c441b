package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"andon/internal/adf"
)

// Ids of the known statuses, fixed by the first migration. Other words get
// ids from firstOther on.
const (
	statusQueued     = 1
	statusSucceeded  = 2
	statusFailed     = 3
	statusInProgress = 4
	statusCanceling  = 5
	statusCancelled  = 6
	firstOther       = 16
)

// dicts are the small tables that are kept in memory: names that stand as
// numbers in the runs. The writer adds to them; entries never change.
type dicts struct {
	mu sync.RWMutex

	statusID   map[string]int64 // by exact word
	statusWord map[int64]adf.Status

	places  map[FactoryKey]Place
	byShort map[string]FactoryKey
	byARM   map[string]FactoryKey // adf.FactoryID.Key

	pipelineID map[pipelineKey]int64
	pipelines  map[int64]pipeline

	invokerID map[invoker]int64
	invokers  map[int64]invoker
	startedBy map[int64]map[int64]bool // invoker id → ids of the pipelines that it started

	folding     bool             // runs of an earlier version have invokers that were moved; see fold.go
	foldedKinds map[int64]string // kinds of moved invokers that no pipeline is

	setID     map[string]int64 // by the JSON array of its texts
	sets      map[int64][]string
	carriedBy map[int64]map[int64]bool // set id → ids of the pipelines that carried it
}

type pipelineKey struct {
	factory FactoryKey
	name    string // in lower case
}

type pipeline struct {
	factory FactoryKey
	name    string // as first seen
}

func newDicts() *dicts {
	return &dicts{
		statusID: map[string]int64{}, statusWord: map[int64]adf.Status{},
		places: map[FactoryKey]Place{}, byShort: map[string]FactoryKey{}, byARM: map[string]FactoryKey{},
		pipelineID: map[pipelineKey]int64{}, pipelines: map[int64]pipeline{},
		invokerID: map[invoker]int64{}, invokers: map[int64]invoker{}, startedBy: map[int64]map[int64]bool{},
		setID: map[string]int64{}, sets: map[int64][]string{}, carriedBy: map[int64]map[int64]bool{},
	}
}

func loadDicts(ctx context.Context, db *readers) (*dicts, error) {
	d := newDicts()
	return d, d.load(ctx, db)
}

// load reads all dictionaries again; what is known stays.
func (d *dicts) load(ctx context.Context, db *readers) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range []struct {
		query string
		add   func(id, other int64, a, b, c string)
	}{
		{"SELECT id, 0, word, '', '' FROM status", func(id, _ int64, word, _, _ string) { d.addStatus(id, word) }},
		{"SELECT id, 0, arm_id, short, name FROM factory", func(id, _ int64, arm, short, name string) {
			d.addPlace(Place{Key: FactoryKey(id), ID: adf.FactoryID(arm), Short: short, Name: name})
		}},
		{"SELECT id, factory_id, name, '', '' FROM pipeline", func(id, factory int64, name, _, _ string) {
			d.addPipeline(id, pipeline{FactoryKey(factory), name})
		}},
		{"SELECT id, 0, name, type, '' FROM invoker", func(id, _ int64, name, kind, _ string) { d.addInvoker(id, invoker{name, kind}) }},
		{"SELECT id, 0, list, '', '' FROM annotation_set", func(id, _ int64, list, _, _ string) { d.addSet(id, list) }},
		{"SELECT invoker_id, pipeline_id, '', '', '' FROM invoker_pipeline", func(id, p int64, _, _, _ string) { addUse(d.startedBy, id, p) }},
		{"SELECT set_id, pipeline_id, '', '', '' FROM annotation_pipeline", func(id, p int64, _, _, _ string) { addUse(d.carriedBy, id, p) }},
	} {
		if err := loadTable(ctx, db, t.query, t.add); err != nil {
			return fmt.Errorf("read the names: %w", err)
		}
	}
	if err := d.loadFolded(ctx, db); err != nil {
		return fmt.Errorf("read what is to be folded: %w", err)
	}
	return nil
}

func loadTable(ctx context.Context, db *readers, query string, add func(id, other int64, a, b, c string)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id, other int64
		var a, b, c string
		if err := rows.Scan(&id, &other, &a, &b, &c); err != nil {
			return err
		}
		add(id, other, a, b, c)
	}
	return rows.Err()
}

// The add functions need mu held for writing.

func (d *dicts) addStatus(id int64, word string) {
	d.statusID[word] = id
	d.statusWord[id] = adf.Status(word)
}

func (d *dicts) addPlace(p Place) {
	d.places[p.Key] = p
	d.byShort[p.Short] = p.Key
	d.byARM[p.ID.Key()] = p.Key
}

func (d *dicts) addPipeline(id int64, p pipeline) {
	d.pipelineID[pipelineKey{p.factory, strings.ToLower(p.name)}] = id
	d.pipelines[id] = p
}

func (d *dicts) addInvoker(id int64, v invoker) {
	d.invokerID[v] = id
	d.invokers[id] = v
}

func (d *dicts) addSet(id int64, list string) {
	var texts []string
	if err := json.Unmarshal([]byte(list), &texts); err != nil {
		texts = nil // only a damaged store holds such a list: its runs match no annotation
	}
	d.setID[list] = id
	d.sets[id] = texts
}

func addUse(uses map[int64]map[int64]bool, id, pipeline int64) {
	if uses[id] == nil {
		uses[id] = map[int64]bool{}
	}
	uses[id][pipeline] = true
}

// annotationList returns the texts of a run's annotations as a JSON array, ""
// for none. Annotations are texts as a rule; any other JSON stands as itself.
func annotationList(raw json.RawMessage) string {
	var items []json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		return ""
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if json.Unmarshal(item, &texts[i]) != nil || item[0] != '"' {
			texts[i] = string(item)
		}
	}
	list, err := json.Marshal(texts)
	if err != nil {
		return "" // texts always marshal
	}
	return string(list)
}

// place returns the factory of a key.
func (d *dicts) place(k FactoryKey) (Place, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, ok := d.places[k]
	return p, ok
}

// placeIDs returns the keys of all factories.
func (d *dicts) placeIDs() []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ids := make([]int64, 0, len(d.places))
	for k := range d.places {
		ids = append(ids, int64(k))
	}
	return sortedInts(ids)
}

// word returns the status of an id.
func (d *dicts) word(id int64) adf.Status {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.statusWord[id]
}

// idOf returns the id of a status, 0 for a word that never occurred.
func (d *dicts) idOf(word adf.Status) int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.statusID[string(word)]
}

// statusIDs returns the ids of all statuses that keep accepts.
func (d *dicts) statusIDs(keep func(id int64, word adf.Status) bool) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var ids []int64
	for id, word := range d.statusWord {
		if keep(id, word) {
			ids = append(ids, id)
		}
	}
	return sortedInts(ids)
}

// pipelineIDs returns the ids of all pipelines that keep accepts.
func (d *dicts) pipelineIDs(keep func(id int64, p pipeline) bool) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var ids []int64
	for id, p := range d.pipelines {
		if keep(id, p) {
			ids = append(ids, id)
		}
	}
	return sortedInts(ids)
}

// terminalID reports whether a status id is one in which a run has ended.
func terminalID(id int64) bool {
	return id == statusSucceeded || id == statusFailed || id == statusCancelled
}
