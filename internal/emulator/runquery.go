package emulator

import (
	"net/http"
	"time"

	"andon/internal/emulator/world"
)

// retention is how long Data Factory keeps a run that has ended (Data Factory,
// Visually monitor: 45 days).
const retention = 45 * 24 * time.Hour

// found is a run that a query holds, in its state at the snapshot's time.
type found struct {
	run   *world.Run
	state world.RunState
	// position is where a page that begins with the row begins.
	position int
}

func (a *azure) queryPipelineRuns(c *call) (reply, *armError) {
	q, e := parseQuery(c.body, pipelineRunGrammar(), a.strict)
	if e != nil {
		return reply{}, e
	}
	runs := a.world.Runs(c.place)
	subject := q.subject(c.place.ID())
	snap, e := a.open(c, q, subject, len(runs))
	if e != nil {
		return reply{}, e
	}
	s := search{query: q, at: snap.at, freshest: snap.freshest(), runs: runs[:snap.runs], blocks: a.indexes[c.place].cover(runs)}
	var rows []found
	if snap.carried != unread {
		rows, _ = s.page(snap.carried, 1)
	}
	more, next := s.page(snap.next, queryPage-len(rows))
	rows = append(rows, more...)
	rows, snap.carried = disturb(a.faults, c, rows, next != unread, func(f found) int { return f.position })
	body := append(a.buffers.take(), `{"value":[`...)
	for i := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = rows[i].run.AppendListed(body, &rows[i].state)
	}
	return reply{status: http.StatusOK, body: appendPageEnd(body, a.nextToken(c, snap, next, subject)), records: len(rows), isPage: true}, nil
}

// pipelineRun is Pipeline Runs - Get. An unknown run is 404 without a body, as
// recorded.
func (a *azure) pipelineRun(c *call) (reply, *armError) {
	run := a.world.Run(c.place, c.runID)
	if run == nil || !run.StartedBy(c.at) || isForgotten(run, c.at) {
		return reply{status: http.StatusNotFound}, nil
	}
	out := jsonReply(http.StatusOK, makeRunRow(run, run.At(c.at)))
	out.records = 1
	return out, nil
}

// isForgotten reports whether the service no longer shows the run at t.
func isForgotten(r *world.Run, t time.Time) bool {
	return r.SettledAt().Before(t.Add(-retention))
}

// unread is the position of no row: where a chain begins, and after its end.
const unread = -1

// search is one query over the runs of a snapshot.
type search struct {
	query    query
	at       time.Time
	freshest time.Time
	runs     []*world.Run
	blocks   []block
}

// page returns at most limit rows from position on, and the position of the
// row after them or unread.
func (s *search) page(position, limit int) ([]found, int) {
	if s.isWalkable() {
		return s.walk(position, limit)
	}
	return s.rank(max(position, 0), limit)
}

// isWalkable reports whether the order asked for is that in which the runs lie,
// or its reverse: then a page costs its own rows only.
func (s *search) isWalkable() bool {
	o := s.query.orders
	return len(o) == 0 || len(o) == 1 && o[0].operand == operandRunStart
}

func (s *search) walk(position, limit int) ([]found, int) {
	backwards := len(s.query.orders) == 1 && s.query.orders[0].descending
	step := 1
	if backwards {
		step = -1
	}
	if position == unread {
		position = 0
		if backwards {
			position = len(s.runs) - 1
		}
	}
	rows := make([]found, 0, queryPage)
	after, before := s.query.window(s.at)
	for i := position; i >= 0 && i < len(s.runs); i += step {
		if n := i / blockRuns; n < len(s.blocks) && !s.blocks[n].mayHold(after, before) {
			i = n * blockRuns
			if !backwards {
				i += blockRuns - 1
			}
			continue
		}
		f, ok := s.look(s.runs[i], after, before)
		if !ok {
			continue
		}
		if len(rows) == limit {
			return rows, i
		}
		f.position = i
		rows = append(rows, f)
	}
	return rows, unread
}

// rank sorts every row of the query, so that a position is a rank.
func (s *search) rank(position, limit int) ([]found, int) {
	var all []found
	after, before := s.query.window(s.at)
	for i, r := range s.runs {
		if n := i / blockRuns; n < len(s.blocks) && !s.blocks[n].mayHold(after, before) {
			continue
		}
		if f, ok := s.look(r, after, before); ok {
			all = append(all, f)
		}
	}
	arrange(&s.query, all, runOperand)
	for i := range all {
		all[i].position = i
	}
	position = min(position, len(all))
	end := min(position+limit, len(all))
	if end == len(all) {
		return all[position:], unread
	}
	return all[position:end], end
}

// look returns the run's state when the query holds it.
func (s *search) look(r *world.Run, after, before time.Time) (found, bool) {
	if !r.StartedBy(s.at) || isForgotten(r, s.at) {
		return found{}, false
	}
	// A state with its texts costs more than this glance at a settled run.
	if t := r.SettledAt(); !t.After(s.at) && (t.Before(after) || t.After(before)) {
		return found{}, false
	}
	state := r.At(s.at)
	if state.LastUpdated.Before(after) || state.LastUpdated.After(before) || state.LastUpdated.After(s.freshest) {
		return found{}, false
	}
	if s.query.latestOnly && !state.IsLatest {
		return found{}, false
	}
	f := found{run: r, state: state}
	return f, passes(&s.query, f, runOperand)
}

// runOperand is what a filter or an order compares: a text or a time, which is
// zero for a run that has no end.
func runOperand(operand string, f found) (string, time.Time) {
	switch operand {
	case operandPipelineName:
		return f.run.PipelineName(), time.Time{}
	case operandStatus:
		return f.state.Status, time.Time{}
	case operandRunGroupID:
		return f.run.RunGroupID(), time.Time{}
	case operandRunStart:
		return "", f.run.RunStart()
	default:
		if f.state.RunEnd == nil {
			return "", time.Time{}
		}
		return "", *f.state.RunEnd
	}
}
