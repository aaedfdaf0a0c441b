package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"andon/internal/adf"
	"andon/internal/store"
)

// metricsPath is where Prometheus asks.
const metricsPath = "/metrics"

// metrics tells Prometheus what the board shows of collecting. Each question
// is answered from the store, so there is nothing to keep in step. What is
// unknown has no series.
type metrics struct {
	board   *board
	version string
	descs   descs
}

// descs describe the metrics.
type descs struct {
	info, storeUp, sourceUp, expiry, state, freshness, asOf, coveredFrom, coverage, gaps, pending, odd, runs, openSeries, notRedone, corrected, requests, records, throttled, failed, cost *prometheus.Desc
}

func newDescs() descs {
	of := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("andon_"+name, help, labels, nil)
	}
	return descs{
		info:        of("build_info", "Version of the server; always 1.", "version"),
		storeUp:     of("store_up", "Whether the store can be read."),
		sourceUp:    of("source_up", "Whether the factories of a source could be listed whole the last time.", "source"),
		expiry:      of("source_credential_expiry_timestamp_seconds", "When the secret or certificate of a source ends, where that is known.", "source"),
		state:       of("factory_state", "Which state a factory is in: 1 for that, 0 for the others.", "factory", "source", "state"),
		freshness:   of("factory_freshness_seconds", "Seconds since the moment up to which everything is here.", "factory", "source"),
		asOf:        of("factory_as_of_timestamp_seconds", "Everything last updated before is here.", "factory", "source"),
		coveredFrom: of("factory_covered_from_timestamp_seconds", "Where what is here begins.", "factory", "source"),
		coverage:    of("factory_coverage_ratio", "Share of the wanted history that is here.", "factory", "source"),
		gaps:        of("factory_coverage_gaps", "Stretches of history that are missing in between.", "factory", "source"),
		pending:     of("factory_activities_pending", "Finished runs whose activities are still to be read.", "factory", "source"),
		odd:         of("factory_odd_rows_total", "Rows of Azure's with a field that could not be read.", "factory", "source"),
		runs:        of("factory_runs", "Runs that are here, by status.", "factory", "source", "status"),
		openSeries:  of("open_series", "Series whose newest outcome is a failure; absent while recoveries are being derived, and instead of 0 while anything limits what is known of the factory.", "factory", "source"),
		notRedone:   of("not_redone_runs", "Failed runs whose series works again though nothing has redone their work; absent as andon_open_series is.", "factory", "source"),
		corrected:   of("factory_corrected_runs", "Runs that sweeps found missed or outdated in the last 30 days.", "factory", "source", "kind"),
		requests:    of("azure_requests_total", "Requests sent to Azure since the start.", "factory", "source", "purpose"),
		records:     of("azure_records_total", "Run records received since the start.", "factory", "source", "purpose"),
		throttled:   of("azure_throttled_total", "Requests that met one of Azure's limits since the start.", "factory", "source", "purpose"),
		failed:      of("azure_failed_total", "Requests without a usable answer since the start.", "factory", "source", "purpose"),
		cost:        of("azure_cost_usd_total", "Azure's list price of the records since the start, in US dollars.", "factory", "source", "purpose"),
	}
}

func (d *descs) all() []*prometheus.Desc {
	return []*prometheus.Desc{
		d.info, d.storeUp, d.sourceUp, d.expiry, d.state, d.freshness, d.asOf, d.coveredFrom, d.coverage, d.gaps, d.pending, d.odd, d.runs, d.openSeries, d.notRedone, d.corrected, d.requests, d.records, d.throttled, d.failed, d.cost,
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range m.descs.all() {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	gauge(out, m.descs.info, 1, m.version)
	err := m.collectStored(ctx, out)
	gauge(out, m.descs.storeUp, truth(err == nil))
	if err != nil {
		m.board.logger.WarnContext(ctx, "metrics are incomplete: the store can't be read", "error", err)
	}
}

func (m *metrics) collectStored(ctx context.Context, out chan<- prometheus.Metric) error {
	factories, err := m.board.store.Factories(ctx)
	if err != nil {
		return err
	}
	corrected, err := m.board.store.CorrectedSince(ctx, adf.TimeOf(m.board.now()).Add(-correctedReach))
	if err != nil {
		return err
	}
	recoveries, err := m.board.store.Recoveries(ctx)
	if err != nil {
		return err
	}
	// The range of an overview without one, so that both give the same zeros.
	to := adf.TimeOf(m.board.now())
	bases, err := m.board.basisOfEach(ctx, to.Add(-24*time.Hour), to)
	if err != nil {
		return err
	}
	sources, err := m.board.sources(ctx)
	if err != nil {
		return err
	}
	for i := range sources {
		s := &sources[i]
		if s.State == sourceNotCollected {
			continue
		}
		gauge(out, m.descs.sourceUp, truth(s.State != sourceError), s.Source)
		instant(out, m.descs.expiry, s.CredentialExpires, s.Source)
	}
	shorts := map[store.FactoryKey]string{0: ""}
	for i := range factories {
		f := &factories[i]
		shorts[f.Key] = f.Short
		m.collectFactory(out, f, corrected[f.Key])
		if r, basis := recoveries[f.Key], bases[f.Short]; r.Underived == 0 && basis != nil {
			figure(out, m.descs.openSeries, basis.now(r.OpenSeries), f.Short, f.Source)
			figure(out, m.descs.notRedone, basis.now(r.NotRedoneRuns), f.Short, f.Source)
		}
	}
	if m.board.collecting != nil {
		m.collectUsage(out, m.board.collecting.Used(), shorts)
	}
	return nil
}

func (m *metrics) collectFactory(out chan<- prometheus.Metric, stored *store.Factory, corrected store.Corrected) {
	f := m.board.factory(stored)
	of := []string{stored.Short, stored.Source}
	for _, state := range []store.State{store.StateFilling, store.StateFresh, store.StateStale, store.StateRefused, store.StateGone, store.StateNotCollected} {
		gauge(out, m.descs.state, truth(f.State == string(state)), append(of[:2:2], string(state))...)
	}
	if f.LagSeconds != nil {
		gauge(out, m.descs.freshness, *f.LagSeconds, of...)
	}
	instant(out, m.descs.asOf, f.AsOf, of...)
	instant(out, m.descs.coveredFrom, f.Coverage.From, of...)
	if f.Coverage.DoneShare != nil {
		gauge(out, m.descs.coverage, *f.Coverage.DoneShare, of...)
	}
	gauge(out, m.descs.gaps, float64(len(f.Coverage.Gaps)), of...)
	gauge(out, m.descs.pending, float64(f.Coverage.ActivitiesPending), of...)
	counter(out, m.descs.odd, float64(f.OddRows), of...)
	for status, n := range f.Counts {
		gauge(out, m.descs.runs, float64(n), append(of[:2:2], status)...)
	}
	gauge(out, m.descs.corrected, float64(corrected.Missed), append(of[:2:2], "missed")...)
	gauge(out, m.descs.corrected, float64(corrected.Outdated), append(of[:2:2], "outdated")...)
}

func (m *metrics) collectUsage(out chan<- prometheus.Metric, used map[store.UsageKey]store.Usage, shorts map[store.FactoryKey]string) {
	for key, u := range used {
		of := []string{shorts[key.Factory], key.Source, key.Purpose}
		counter(out, m.descs.requests, float64(u.Requests), of...)
		counter(out, m.descs.records, float64(u.Records), of...)
		counter(out, m.descs.throttled, float64(u.Throttled), of...)
		counter(out, m.descs.failed, float64(u.Failed), of...)
		counter(out, m.descs.cost, adf.MonitoringCost(u.Records), of...)
	}
}

func gauge(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

// figure writes a number, and nothing for an unknown one.
func figure(out chan<- prometheus.Metric, d *prometheus.Desc, n *int64, labels ...string) {
	if n != nil {
		gauge(out, d, float64(*n), labels...)
	}
}

// instant writes a time in Unix seconds, and nothing for an unknown one.
func instant(out chan<- prometheus.Metric, d *prometheus.Desc, t NullTime, labels ...string) {
	if t != 0 {
		gauge(out, d, float64(adf.Time(t).Time().UnixMilli())/1000, labels...)
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// metricsHandler answers Prometheus with what collecting and this process do.
func (a *board) metricsHandler(version string) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		&metrics{board: a, version: version, descs: newDescs()}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	// The answer is compressed as all others are.
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, DisableCompression: true, MaxRequestsInFlight: 4}), nil
}
