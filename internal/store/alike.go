package store

import (
	"encoding/json"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/store/history"
)

// alikeKey names the series of a pipeline with some names, by the keys of a
// part of their parameters. Both lists of names are JSON arrays.
type alikeKey struct {
	pipeline       int64
	names, compare string
}

// alikeSeries returns the other series of a run's pipeline whose recurring
// parameters equal the run's as far as both have them: a pipeline that gains a
// recurring parameter goes on with the series that it had. The parameters are those
// of the run's series and not of its stored row, which can be a newer one: r may be
// what the run was before.
func (w *writer) alikeSeries(r *storedRun) ([]int64, error) {
	pw, err := w.pipelineWork(r.pipeline)
	if err != nil || len(pw.shapes) < 2 || r.series == 0 {
		return nil, err
	}
	sets := pw.recurringSets()
	if len(sets) < 2 {
		return nil, nil
	}
	label := ""
	err = w.queryRow("SELECT label FROM series WHERE id = ?", func(st *sqlite3.Stmt) { label = st.ColumnText(0) }, r.series)
	if err != nil || label == "" {
		return nil, err
	}
	params := history.ParametersOf([]byte(label))
	var out []int64
	for _, names := range sets {
		common := params.Only(func(p history.Parameter) bool { return slices.Contains(names, p.Name) })
		switch own := len(params.All()); {
		case len(common.All()) == own && own == len(names): // the run's own set
			continue
		case len(common.All()) == 0 && own > 0 && len(names) > 0: // nothing can be compared
			continue
		}
		byKey, err := w.seriesBy(r.pipeline, names, common.Names())
		if err != nil {
			return nil, err
		}
		key, _ := common.Key()
		out = append(out, byKey[key]...)
	}
	return out, nil
}

// recurringSets returns the sets of recurring parameters that runs of the
// pipeline have.
func (pw *pipelineWork) recurringSets() (sets [][]string) {
	for _, s := range pw.shapes {
		names := []string{}
		for _, name := range s.names {
			if pw.classes[name].Class == history.Recurring {
				names = append(names, name)
			}
		}
		if !slices.ContainsFunc(sets, func(o []string) bool { return slices.Equal(o, names) }) {
			sets = append(sets, names)
		}
	}
	return sets
}

// alikeIndex are the series of a pipeline that have exactly some names, by the
// keys of the parameters to compare.
type alikeIndex struct {
	names, compare []string
	byKey          map[int64][]int64
}

func (x *alikeIndex) add(id int64, label string) {
	params := history.ParametersOf([]byte(label))
	if !slices.Equal(params.Names(), x.names) {
		return
	}
	key, _ := params.Only(func(p history.Parameter) bool { return slices.Contains(x.compare, p.Name) }).Key()
	x.byKey[key] = append(x.byKey[key], id)
}

// addSeries adds a new series to what is remembered, since to read all series
// again for each new one takes too long. Example: a pipeline with 100,000 series
// gains a parameter, so that each run begins a new series; reading took 200 ms
// for each.
func (m *workMemory) addSeries(pipeline, id int64, label string) {
	for k, x := range m.alike {
		if k.pipeline == pipeline {
			x.add(id, label)
		}
	}
}

// seriesBy returns the series of a pipeline that have exactly these names, by
// the keys of the parameters to compare.
func (w *writer) seriesBy(pipeline int64, names, compare []string) (map[int64][]int64, error) {
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	part, err := json.Marshal(compare)
	if err != nil {
		return nil, err
	}
	k := alikeKey{pipeline, string(list), string(part)}
	if x := w.memory.alike[k]; x != nil {
		return x.byKey, nil
	}
	x := &alikeIndex{names: names, compare: compare, byKey: map[int64][]int64{}}
	err = w.query("SELECT id, label FROM series WHERE pipeline_id = ?", func(st *sqlite3.Stmt) bool {
		x.add(st.ColumnInt64(0), st.ColumnText(1))
		return true
	}, pipeline)
	if err == nil {
		w.memory.alike[k] = x
	}
	return x.byKey, err
}
