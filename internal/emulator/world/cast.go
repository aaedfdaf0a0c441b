package world

import "time"

// role is one run that a visitor must find when the world starts, whatever the dice say.
type role struct {
	factory  string
	pipeline string
	ago      time.Duration // queued so long before the start
	queued   time.Duration // waits so long; 0 means a moment
	runs     time.Duration // from leaving the queue to its end
	outcome  outcome
	cause    string // of a failed one
	trigger  bool   // started by the pipeline's event trigger, else by hand: no schedule would start it then
	noEnd    bool
	again    *role // its rerun
}

// theCast is what is going on at the start: long runs, a queue, a cancel, failures open and healed.
func theCast() []role {
	const sales, finance, dw, logistics, dev = "adf-nordhem-sales-prod", "adf-nordhem-finance-prod", "adf-nordhem-dw-prod", "ADF-Nordhem-Logistics", "adf-nordhem-dev"
	return []role{
		{factory: sales, pipeline: "pl_sales_forecast", ago: 130 * time.Minute, runs: 185 * time.Minute},
		{factory: sales, pipeline: "pl_load_orders", ago: 6 * time.Minute, runs: 9 * time.Minute},
		{factory: sales, pipeline: "pl_price_import", ago: 3 * time.Minute, runs: 12 * time.Minute},
		{factory: sales, pipeline: "pl_web_search_index", ago: 35 * time.Second, queued: 3 * time.Minute, runs: 4 * time.Minute, trigger: true},
		{factory: sales, pipeline: "pl_product_images", ago: 22 * time.Second, queued: 2 * time.Minute, runs: 65 * time.Second, trigger: true},
		{factory: sales, pipeline: "pl_product_images", ago: 9 * time.Second, queued: 4 * time.Minute, runs: 70 * time.Second, trigger: true},
		{factory: sales, pipeline: "pl_price_publish", ago: 95 * time.Second, runs: 105 * time.Second, outcome: cancelled},
		{factory: sales, pipeline: "pl_price_publish", ago: 5 * time.Hour, runs: 80 * time.Second, outcome: cancelled, noEnd: true},
		{
			factory: sales, pipeline: "pl_price_import", ago: 4 * time.Hour, runs: 6 * time.Minute, outcome: failed, cause: "sqlInvalidColumn",
			again: &role{ago: 3 * time.Hour, runs: 5 * time.Minute, outcome: failed, cause: "sqlInvalidColumn"},
		},
		{
			factory: sales, pipeline: "pl_loyalty_points", ago: 7 * time.Hour, runs: 8 * time.Minute, outcome: failed, cause: "deadlock",
			again: &role{ago: 6 * time.Hour, runs: 11 * time.Minute},
		},
		{
			factory: sales, pipeline: "pl_fraud_scores", ago: 8 * time.Hour, runs: 14 * time.Minute, outcome: failed, cause: "notebookAssertion",
			again: &role{ago: 25 * time.Minute, runs: 50 * time.Minute},
		},
		{factory: finance, pipeline: "pl_gl_reconcile", ago: 11 * time.Minute, runs: 20 * time.Minute},
		{factory: finance, pipeline: "pl_ap_scans", ago: 12 * time.Second, queued: 95 * time.Second, runs: 75 * time.Second, trigger: true},
		{factory: finance, pipeline: "pl_vat_report", ago: 26 * time.Hour, runs: 4 * time.Minute, outcome: failed, cause: "flowOutOfMemory"},
		{factory: dw, pipeline: "pl_ml_demand_forecast", ago: 100 * time.Minute, runs: 170 * time.Minute},
		{
			factory: dw, pipeline: "pl_dw_quality_checks", ago: 9 * time.Hour, runs: 4 * time.Minute, outcome: failed, cause: "checkFailed",
			again: &role{ago: 8 * time.Hour, runs: 6 * time.Minute},
		},
		{factory: dw, pipeline: "pl_lake_compaction", ago: 31 * time.Minute, runs: 55 * time.Minute},
		{factory: logistics, pipeline: "pl_routes_optimise", ago: 14 * time.Minute, runs: 38 * time.Minute},
		{factory: logistics, pipeline: "pl_carrier_edi", ago: 16 * time.Second, queued: 150 * time.Second, runs: 40 * time.Second, trigger: true},
		{factory: dev, pipeline: "pl_spark_poc", ago: 7 * time.Minute, runs: 21 * time.Minute},
		{factory: dev, pipeline: "Copy data 1", ago: 40 * time.Minute, runs: 30 * time.Second, outcome: failed, cause: "sqlInvalidObject"},
	}
}

// planCast leaves out whom a very small world has no room for.
func (w *World) planCast(p *planner) []tree {
	p.rng = dice(w.seed, saltHistory, 1)
	var trees []tree
	total := 0
	for _, part := range w.scenario.cast {
		pl := w.pipelineNamed(part.factory, part.pipeline)
		size := 1
		if part.again != nil {
			size = 2
		}
		if total += size; pl == nil || total > w.size/4 {
			return trees
		}
		p.out = nil
		first := w.play(p, pl, &part, nil)
		if part.again != nil {
			first.rerun.Store(w.play(p, pl, part.again, first))
		}
		trees = w.keep(trees, p.out, false)
		trees[len(trees)-1].cast = true
	}
	return trees
}

func (w *World) play(p *planner, pl *Pipeline, part *role, first *Run) *Run {
	early := time.Duration(p.rng.Int64N(int64(2 * time.Second)))
	o := order{pipeline: pl, start: w.start.add(-part.ago - early), origin: byHand, first: first, bound: &fate{outcome: part.outcome}}
	if part.trigger && len(pl.starts) > 0 {
		o.origin = pl.starts[0].origin
	}
	if part.outcome == failed {
		o.bound.cause = w.causeNamed(part.cause)
		o.bound.at = w.placeOf(pl, o.bound.cause)
	}
	r := p.plan(o)
	if part.queued > 0 {
		r.left = r.start.add(part.queued)
	}
	r.end = r.left.add(part.runs)
	r.flags &^= flagNoEnd
	if part.noEnd {
		r.flags |= flagNoEnd
	}
	if part.outcome == cancelled {
		r.cancelling = 20_000
	}
	return r
}
