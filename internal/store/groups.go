package store

import (
	"bytes"

	"github.com/ncruces/go-sqlite3"
)

// A run group is a run and its reruns: all runs of a factory with the same
// runGroupId, which is the runId of the first of them.

// runsWhere reads whole rows before any of them is changed.
func (w *writer) runsWhere(rest string, args ...any) (runs []storedRun, err error) {
	err = w.query("SELECT "+runColumns+" FROM run "+rest, func(st *sqlite3.Stmt) bool {
		runs = append(runs, scanRun(st))
		return true
	}, args...)
	return runs, err
}

// groupMembers returns the other runs of a run's group in its factory.
func (w *writer) groupMembers(r *storedRun) ([]storedRun, error) {
	group := r.group
	if group == nil {
		group = r.id
	}
	members, err := w.runsWhere("INDEXED BY run_group WHERE group_id = ? AND factory_id = ? AND seq <> ?", group, r.factory, r.seq)
	if err != nil || r.group == nil {
		return members, err
	}
	first, err := w.findByID(r.factory, group)
	if err != nil || first == nil || first.seq == r.seq || first.group != nil {
		return members, err
	}
	return append(members, *first), nil
}

// regroup marks all but the latest run of the groups that a written run is in,
// with the members given, and was in.
func (w *writer) regroup(old, fresh *storedRun, members []storedRun, touched *touchedRuns) error {
	if old != nil && old.start == fresh.start && string(old.group) == string(fresh.group) {
		return nil
	}
	if old != nil && string(old.group) != string(fresh.group) {
		left, err := w.groupMembers(&storedRun{factory: old.factory, id: old.id, group: old.group, seq: old.seq})
		if err != nil {
			return err
		}
		if err := w.markLatest(left, touched); err != nil {
			return err
		}
	}
	if len(members) == 0 && fresh.flags&flagSuperseded == 0 {
		return nil
	}
	return w.markLatest(append(members, *fresh), touched)
}

// markLatest sets flagSuperseded on all but the newest member.
func (w *writer) markLatest(members []storedRun, touched *touchedRuns) error {
	latest := -1
	for i := range members {
		m := &members[i]
		if latest < 0 || m.start > members[latest].start ||
			m.start == members[latest].start && bytes.Compare(m.id, members[latest].id) > 0 {
			latest = i
		}
	}
	for i := range members {
		m := &members[i]
		flags := m.flags &^ flagSuperseded
		if i != latest {
			flags |= flagSuperseded
		}
		if flags == m.flags {
			continue
		}
		if err := w.exec("UPDATE run SET flags = (flags & ~?) | ? WHERE seq = ?", int64(flagSuperseded), flags&flagSuperseded, m.seq); err != nil {
			return err
		}
		touched.add(m.seq)
	}
	return nil
}
