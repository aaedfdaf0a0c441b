package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/store/history"
)

// derivingReason says why the recovery of failed runs is unknown.
func derivingReason(left int64) string {
	if left == 1 {
		return "The recovery of 1 failed run is being derived."
	}
	return fmt.Sprintf("The recovery of %d failed runs is being derived.", left)
}

// Underived says why a filter by recovery can't tell all failed runs of its
// factories and range apart; "" where it can.
func (s *Store) Underived(ctx context.Context, f *RunFilter) (string, error) {
	n, err := s.underivedOf(ctx, f)
	if err != nil || n == 0 {
		return "", s.unavailable(err)
	}
	return derivingReason(n), nil
}

// underivedOf counts the failed runs of a filter's factories and range whose
// recovery is being derived.
func (s *Store) underivedOf(ctx context.Context, f *RunFilter) (n int64, err error) {
	sc, err := s.resolve(RunFilter{From: f.From, To: f.To, Factories: f.Factories})
	if err != nil || sc.empty {
		return 0, err
	}
	tallies, err := s.countBy(ctx, &sc, "factory_id")
	for key, t := range tallies {
		if sc.factories == nil || slices.Contains(sc.factories, key) {
			n += t.underived
		}
	}
	return n, err
}

// scannedLink is a run beside another, as a LEFT JOIN yields it.
type scannedLink struct {
	seq, pipeline, start, end, flags sql.NullInt64
	id                               []byte
}

// into are the columns seq, run_id, pipeline_id, run_start, run_end, flags.
func (l *scannedLink) into() []any {
	return []any{&l.seq, &l.id, &l.pipeline, &l.start, &l.end, &l.flags}
}

func (s *Store) linkOf(l *scannedLink, status adf.Status) *RunLink {
	if !l.seq.Valid {
		return nil
	}
	out := &RunLink{Key: RunKey(l.seq.Int64), RunID: decodeRunID(l.id), PipelineName: s.dicts.pipeline(l.pipeline.Int64).name, RunEnd: adf.Time(l.end.Int64), Status: status}
	if l.flags.Int64&flagNoStart == 0 {
		out.RunStart = adf.Time(l.start.Int64)
	}
	return out
}

// recoveryOf returns what became of a run with a status and the stored code,
// nil for one that did not fail.
func (s *Store) recoveryOf(status, code int64, by *scannedLink) *Recovery {
	if status != statusFailed {
		return nil
	}
	state, rule := stateOf(status, code)
	out := &Recovery{State: RecoveryState(state.String()), Rule: rule.String()}
	switch state {
	case history.Underived:
		out.Reason = "Its recovery is being derived."
	case history.Recovered:
		out.By = s.linkOf(by, adf.StatusSucceeded)
	case history.Open, history.NotRedone:
	}
	return out
}

// explainWork adds to a run its series, how its parameters are compared, and
// since when its series has worked again.
func (s *Store) explainWork(ctx context.Context, hit located, d *RunDetail) error {
	var classes sql.NullString
	var id, end, key sql.NullInt64
	var label sql.NullString
	err := s.read.QueryRowContext(ctx, `SELECT p.classes, r.series_id, r.work_end, r.params_key, s.label FROM run r JOIN pipeline p ON p.id = r.pipeline_id
		LEFT JOIN series s ON s.id = r.series_id WHERE r.seq = ?`, int64(hit.key)).Scan(&classes, &id, &end, &key, &label)
	if err != nil {
		return err
	}
	if label.Valid {
		d.Series = &Series{Parameters: label.String}
	}
	if d.Uses, err = parameterUses(d, classes.String, treeOf(hit.id, hit.group, encodeRunID(parentOf(d)))); err != nil {
		return err
	}
	if d.Recovery == nil || d.Recovery.State != RecoveryNotRedone {
		return nil
	}
	series, err := s.worksAgain(ctx, hit.pipeline, id.Int64, label.String, end.Int64)
	if err != nil {
		return err
	}
	var link scannedLink
	b := newStmt().add("SELECT seq, run_id, pipeline_id, run_start, run_end, flags FROM run").index("run_pipeline").add(" WHERE pipeline_id = ").arg(hit.pipeline)
	b.add(" AND run_start >= ").arg(end.Int64).add(" AND status = 2 AND series_id IN ").nums(series).add(" AND flags & ").num(flagNoStart).add(" = 0 ORDER BY run_start, run_id LIMIT 1")
	err = s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(link.into()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it changed just now
	}
	d.Recovery.Since = s.linkOf(&link, adf.StatusSucceeded)
	return err
}

// worksAgain returns a series and those that it is alike with, of which a run
// succeeded after a time.
func (s *Store) worksAgain(ctx context.Context, pipeline, own int64, label string, after int64) ([]int64, error) {
	out := []int64{own}
	var shapes int
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM shape WHERE pipeline_id = ?", pipeline).Scan(&shapes)
	if err != nil || shapes < 2 {
		return out, err // all runs have the same parameters, so that no two series are alike
	}
	params := history.ParametersOf([]byte(label))
	b := newStmt().add("SELECT id, label FROM series WHERE pipeline_id = ").arg(pipeline).add(" AND newest_ok >= ").arg(after).add(" AND id <> ").arg(own)
	err = b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		var other string
		err := rows.Scan(&id, &other)
		if history.Equal(params, history.ParametersOf([]byte(other))) {
			out = append(out, id)
		}
		return err
	})
	return out, err
}

func parentOf(d *RunDetail) string {
	if d.InvokedBy == nil {
		return ""
	}
	return text(d.InvokedBy.PipelineRunID)
}

// parameterUses says of each parameter of a run how it is compared and why.
func parameterUses(d *RunDetail, stored string, tree []string) ([]ParameterUse, error) {
	classes, err := decodeClasses(stored)
	if err != nil {
		return nil, err
	}
	out := []ParameterUse{}
	for _, p := range history.ParametersOf(d.PipelineRun.Parameters).All() {
		use := ParameterUse{ParameterClass: history.ParameterClass{Name: p.Name, Class: history.Ignored}}
		switch c, ok := classes[p.Name]; {
		case ok && c.Rule == history.RuleConfigured:
			use.ParameterClass, use.Reason = c, c.Why()
		case p.Hidden():
			use.Reason = "Its value was redacted."
		case slices.Contains(tree, strings.ToLower(p.Text)):
			use.Rule, use.Reason = history.RuleTree, "Its value is the id of a run of this run's own tree."
		case ok:
			use.ParameterClass, use.Reason = c, c.Why()
		default:
			use.Class, use.Reason = "", "It is not classified yet."
		}
		out = append(out, use)
	}
	return out, nil
}

// FactoryRecoveries counts a factory's failed runs by what became of them.
type FactoryRecoveries struct {
	OpenSeries    int64
	NotRedoneRuns int64
	Underived     int64 // failed runs whose recovery is not known yet: the others may lack some
}

// Recoveries returns the counts of every factory that has any.
func (s *Store) Recoveries(ctx context.Context) (map[FactoryKey]FactoryRecoveries, error) {
	out := map[FactoryKey]FactoryRecoveries{}
	err := newStmt().add("SELECT factory_id, sum(not_redone), sum(underived) FROM roll_month WHERE factory_id > 0 GROUP BY 1").each(ctx, s.read, func(rows *sql.Rows) error {
		var k FactoryKey
		var r FactoryRecoveries
		err := rows.Scan(&k, &r.NotRedoneRuns, &r.Underived)
		out[k] = r
		return err
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("count recoveries: %w", err))
	}
	err = newStmt().add("SELECT factory_id, count(DISTINCT coalesce(series_id, -pipeline_id)) FROM run").index("run_open").add(" WHERE ", condOpen, " GROUP BY 1").each(ctx, s.read, func(rows *sql.Rows) error {
		var k FactoryKey
		var n int64
		if err := rows.Scan(&k, &n); err != nil {
			return err
		}
		r := out[k]
		r.OpenSeries = n
		out[k] = r
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("count open series: %w", err))
	}
	return out, nil
}
