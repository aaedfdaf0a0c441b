package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"andon/internal/adf"
)

// question is one query of the API, with other values each time.
type question struct {
	name string
	path func() string
}

// asker makes questions about a history.
type asker struct {
	h         *history
	rnd       *rand.Rand
	factories []string // short ids
	found     found
}

// found are things that only the server can name.
type found struct {
	runs     []row // from all of history
	reruns   []row
	parents  []row
	detailed []row // with activities
	cursors  []url.Values
}

func newQuestions(ctx context.Context, asked *board, h *history, rnd *rand.Rand) ([]question, error) {
	a := &asker{h: h, rnd: rnd}
	var err error
	if a.factories, err = asked.shorts(ctx); err != nil {
		return nil, err
	}
	if err := a.find(ctx, asked); err != nil {
		return nil, err
	}
	return append(append(a.lists(), a.counts()...), a.singles()...), nil
}

// find collects runs of each kind from the server.
func (a *asker) find(ctx context.Context, asked *board) error {
	f := &a.found
	for range 20 {
		query := a.span(1)
		query.Set("limit", "500")
		rows, _, err := asked.list(ctx, query)
		if err != nil {
			return err
		}
		f.runs = append(f.runs, rows...)
		query = a.span(30)
		_, next, err := asked.list(ctx, query)
		if err != nil {
			return err
		}
		if next != "" {
			query.Set("cursor", next)
			f.cursors = append(f.cursors, query)
		}
	}
	newest, _, err := asked.list(ctx, url.Values{"limit": {"500"}})
	if err != nil {
		return err
	}
	byHand, _, err := asked.list(ctx, url.Values{"limit": {"500"}, "invokedBy": {"Manual"}})
	if err != nil {
		return err
	}
	for _, r := range append(f.runs, append(newest, byHand...)...) {
		if r.RunGroupID != r.RunID {
			f.reruns = append(f.reruns, r)
		}
		if r.Activities == "complete" {
			f.detailed = append(f.detailed, r)
		}
		if r.InvokedBy != nil && r.InvokedBy.PipelineRunID != "" {
			f.parents = append(f.parents, row{RunID: r.InvokedBy.PipelineRunID, Factory: r.Factory})
		}
	}
	if len(f.runs) == 0 || len(f.reruns) == 0 || len(f.parents) == 0 || len(f.detailed) == 0 || len(f.cursors) == 0 {
		return errors.New("the store lacks runs of some kind: remove its file to have it built anew")
	}
	return nil
}

// span returns a range of so many days: up to now every other time, else
// somewhere in history.
func (a *asker) span(days float64) url.Values {
	length := time.Duration(days * 24 * float64(time.Hour))
	to := a.h.end
	if spare := a.h.end.Sub(a.h.start) - length; spare > 0 && a.rnd.IntN(2) == 0 {
		to = to.Add(-time.Duration(a.rnd.Int64N(int64(spare))))
	}
	return between(to.Add(-length), to)
}

func (a *asker) everything() url.Values { return between(a.h.start, a.h.end) }

func between(from, to adf.Time) url.Values {
	return url.Values{"from": {from.String()}, "to": {to.String()}}
}

func (a *asker) factory() string    { return a.factories[a.rnd.IntN(len(a.factories))] }
func (a *asker) pipe() *pipeline    { return a.h.pipelines[a.rnd.IntN(len(a.h.pipelines))] }
func (a *asker) one(rows []row) row { return rows[a.rnd.IntN(len(rows))] }

// with makes a path of a range and further parameters, given as names and
// values in turn.
func with(path string, query url.Values, more ...string) string {
	for i := 0; i+1 < len(more); i += 2 {
		query.Add(more[i], more[i+1])
	}
	return (&url.URL{Path: path, RawQuery: query.Encode()}).String()
}

// lists are the questions that /runs answers.
func (a *asker) lists() []question {
	const runs = "/api/v1/runs"
	all := func(more ...string) func() string {
		return func() string { return with(runs, url.Values{}, more...) }
	}
	month := func(more ...string) func() string {
		return func() string { return with(runs, a.span(30), more...) }
	}
	return []question{
		{"runs: newest 100, 1 d", func() string { return with(runs, a.span(1)) }},
		{"runs: newest 100, 30 d", month()},
		{"runs: newest 100, all", all()},
		{"runs: next page, 30 d", func() string { return with(runs, a.found.cursors[a.rnd.IntN(len(a.found.cursors))]) }},
		{"runs: failed, 30 d", month("status", "Failed")},
		{"runs: factory, 30 d", func() string { return with(runs, a.span(30), "factory", a.factory()) }},
		{"runs: 5 factories, 30 d", func() string {
			return with(runs, a.span(30), "factory", a.factory(), "factory", a.factory(), "factory", a.factory(), "factory", a.factory(), "factory", a.factory())
		}},
		{"runs: factory + failed, all", func() string { return with(runs, url.Values{}, "factory", a.factory(), "status", "Failed") }},
		{"runs: pipeline, all", func() string { return with(runs, url.Values{}, "pipeline", a.pipe().name) }},
		{"runs: trigger, all", func() string { return with(runs, url.Values{}, "trigger", a.pipe().trigger) }},
		{"runs: annotation, 30 d", func() string { return with(runs, a.span(30), "annotation", fmt.Sprintf("team-%d", 1+a.rnd.IntN(11))) }},
		{"runs: annotation, all", func() string { return with(runs, url.Values{}, "annotation", fmt.Sprintf("team-%d", 1+a.rnd.IntN(11))) }},
		{"runs: open, all", all("open", "true")},
		{"runs: latest of each group, 30 d", month("group", "latest")},
		{"runs: 15 min or longer, 30 d", month("minDuration", "15m")},
		{"runs: 15 min or longer, all", all("minDuration", "15m")},
		{"runs: longest, 1 d", func() string { return with(runs, a.span(1), "sort", "-durationInMs") }},
		{"runs: longest, 30 d", month("sort", "-durationInMs")},
		{"runs: longest of a factory, 30 d", func() string { return with(runs, a.span(30), "sort", "-durationInMs", "factory", a.factory()) }},
		{"runs: common word, all", all("q", "database")},
		{"runs: rare word, all", func() string { return with(runs, url.Values{}, "q", fmt.Sprintf("t%d", a.rnd.IntN(4000))) }},
		{"runs: part of a pipeline's name, all", func() string { return with(runs, url.Values{}, "q", fmt.Sprintf("_%02d", a.rnd.IntN(15))) }},
		{"runs: start of a runId, all", func() string { return with(runs, url.Values{}, "q", a.one(a.found.runs).RunID[:8]) }},
	}
}

// counts are the questions that sum up.
func (a *asker) counts() []question {
	const facets, overview, timeline = "/api/v1/runs/facets", "/api/v1/overview", "/api/v1/timeline"
	return []question{
		{"facets, 1 d", func() string { return with(facets, a.span(1)) }},
		{"facets, 7 d", func() string { return with(facets, a.span(7)) }},
		{"facets, 30 d", func() string { return with(facets, a.span(30)) }},
		{"facets, all", func() string { return with(facets, url.Values{}) }},
		{"facets of failed, 30 d", func() string { return with(facets, a.span(30), "status", "Failed") }},
		{"facets of a factory, 30 d", func() string { return with(facets, a.span(30), "factory", a.factory()) }},
		{"facets of a pipeline, all", func() string { return with(facets, url.Values{}, "pipeline", a.pipe().name) }},
		{"facets of a common word, 30 d", func() string { return with(facets, a.span(30), "q", "database") }},
		{"overview, 24 h", func() string { return with(overview, a.span(1)) }},
		{"overview, 30 d", func() string { return with(overview, a.span(30)) }},
		{"overview, all", func() string { return with(overview, a.everything()) }},
		{"overview of a factory, 24 h", func() string { return with(overview, a.span(1), "factory", a.factory()) }},
		{"timeline, 24 h by 15 m", func() string { return with(timeline, a.span(1), "bucket", "15m") }},
		{"timeline, 14 d by 1 h", func() string { return with(timeline, a.span(14), "bucket", "1h") }},
		{"timeline, 90 d by 1 d", func() string { return with(timeline, a.span(90), "bucket", "1d") }},
		{"timeline, all by 1 d", func() string { return with(timeline, a.everything(), "bucket", "1d") }},
		{"timeline of a pipeline, 30 d by 1 d", func() string { return with(timeline, a.span(30), "bucket", "1d", "pipeline", a.pipe().name) }},
	}
}

// singles are the questions about one thing.
func (a *asker) singles() []question {
	of := func(rows []row, parts ...string) func() string {
		return func() string {
			r := a.one(rows)
			return with(strings.Join(append([]string{"/api/v1/runs", r.RunID}, parts...), "/"), url.Values{})
		}
	}
	return []question{
		{"run by id, from all of history", of(a.found.runs)},
		{"activities of a run", of(a.found.detailed, "activities")},
		{"group of a rerun", of(a.found.reruns, "group")},
		{"children of a run", of(a.found.parents, "children")},
		{"factories", func() string { return with("/api/v1/factories", url.Values{}) }},
		{"factory", func() string { return with("/api/v1/factories/"+a.factory(), url.Values{}) }},
	}
}
