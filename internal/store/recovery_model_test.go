package store_test

import (
	"bytes"
	"cmp"
	"strings"

	"andon/internal/adf"
	"andon/internal/store"
	"andon/internal/store/history"
)

// modelRule is a rule of recovery: which later runs do a failed run's work.
type modelRule struct {
	name string
	does func(modelRun) bool
}

// rules are the rules for a failed run. redone returns the run that recovered
// its parent, or would.
func (m *model) rules(f modelRun, redone func(parent modelRun) *store.RunLink) []modelRule {
	return []modelRule{
		{"rerun", func(r modelRun) bool { return r.group() == f.group() }},
		{"window", func(r modelRun) bool { w, ok := m.windows[f.key()]; return ok && m.windows[r.key()] == w }},
		{"parameters", func(r modelRun) bool { return samePipeline(f, r) && history.Equal(f.compared(), r.compared()) }},
		{"parent", func(r modelRun) bool {
			parent, ok := m.runs[f.factory+"/"+f.parent()]
			if !ok || f.parent() == "" || !samePipeline(f, r) || !history.Equal(f.series(), r.series()) {
				return false
			}
			by := redone(parent)
			return by != nil && r.parent() == by.RunID
		}},
	}
}

func samePipeline(a, b modelRun) bool { return strings.EqualFold(a.PipelineName, b.PipelineName) }

// later returns the earliest run of some statuses that began at or after the
// end of a failed one and that does its work.
func (m *model) later(f modelRun, does func(modelRun) bool, statuses ...adf.Status) *store.RunLink {
	end := cmp.Or(possible(f.RunEnd), possible(f.LastUpdated), f.sort)
	var best *modelRun
	for _, status := range statuses {
		for _, r := range m.runs {
			if r.factory != f.factory || r.Status != status || possible(r.RunStart) == 0 || r.RunStart < end || !does(r) {
				continue
			}
			if best == nil || r.sort < best.sort || r.sort == best.sort && bytes.Compare(idBytes(r.RunID), idBytes(best.RunID)) < 0 {
				best = &r
			}
		}
	}
	if best == nil {
		return nil
	}
	return &store.RunLink{RunID: strings.ToLower(best.RunID)}
}

// recovery looks at every run of the factory, rule by rule.
func (m *model) recovery(f modelRun) store.Recovery {
	if f.Status != adf.StatusFailed {
		return store.Recovery{}
	}
	for _, one := range m.rules(f, func(parent modelRun) *store.RunLink { return m.recovery(parent).By }) {
		if by := m.later(f, one.does, adf.StatusSucceeded); by != nil {
			return store.Recovery{State: store.Recovered, Rule: one.name, By: by}
		}
	}
	works := func(r modelRun) bool { return samePipeline(f, r) && history.Equal(f.series(), r.series()) }
	if m.later(f, works, adf.StatusSucceeded) != nil {
		return store.Recovery{State: store.RecoveryNotRedone}
	}
	return store.Recovery{State: store.RecoveryOpen}
}

// running is recovery for runs that have not ended. Parents are followed so far up
// and no further: rows can name each other.
func (m *model) running(f modelRun, ancestors int) *store.RunLink {
	if f.Status != adf.StatusFailed || ancestors == 0 {
		return nil
	}
	redone := func(parent modelRun) *store.RunLink {
		if by := m.recovery(parent).By; by != nil {
			return by
		}
		return m.running(parent, ancestors-1)
	}
	for _, one := range m.rules(f, redone) {
		if by := m.later(f, one.does, adf.StatusInProgress, adf.StatusQueued); by != nil {
			return by
		}
	}
	return nil
}

func (m *model) recoveryAndRunning(r modelRun) store.Recovery {
	out := m.recovery(r)
	if out.State != store.Recovered {
		out.Running = m.running(r, 9)
	}
	return out
}
