package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/emulator"
)

const (
	pollEvery = 30 * time.Second
	// naiveReach is the window that a naïve poller asks for each time.
	naiveReach = 24 * time.Hour
	month      = 30 * 24 * time.Hour
	// busySize is the least at which the last day of the busy factory has a
	// thousand runs in each hour.
	busySize = 60_000

	newsBound   = 1.0 // requests per factory and poll
	perRunBound = 1.3 // requests per run
)

// economy counts what Andon asks of Azure while nothing but the present is
// left to read: for 40 factories in which nothing runs, and for one with a
// thousand runs an hour. Beside it stands a poller that asks for the last 24
// hours each time and for no more.
func (b *bench) economy(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.say("economy: building andon")
	binary, err := builtAndon(ctx, dir)
	if err != nil {
		return err
	}
	quiet, busy := &steadyWorld{scenario: "quiet", size: 1}, &steadyWorld{scenario: "busy", size: busySize}
	for _, w := range []*steadyWorld{quiet, busy} {
		b.say("economy: filling the history of %s", w.scenario)
		if err := b.fillFirst(ctx, binary, w); err != nil {
			return errors.Join(err, w.stop())
		}
		defer func() { err = errors.Join(err, w.stop()) }()
	}
	b.say("economy: watching both for %s", b.steady)
	group, watching := errgroup.WithContext(ctx)
	for _, w := range []*steadyWorld{quiet, busy} {
		group.Go(func() error { return b.watch(watching, w) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(b.printQuiet(quiet), b.printBusy(busy))
}

// steadyWorld is an emulated company whose history is read, and what a spell
// of watching it came to.
type steadyWorld struct {
	scenario string
	size     int

	emulator *emulatorProcess
	server   *serverProcess
	dir      string

	spell    time.Duration
	total    int64 // requests of Andon, by the emulator's count
	records  int64 // of them, which leave out trigger runs
	byCall   map[string]int64
	used     map[string]purposeUse // by Andon's own count
	runs     int64                 // that started
	stalest  float64               // seconds
	naive    naiveUse
	entities map[string]float64 // that a call of a list answers with
}

func (w *steadyWorld) stop() (err error) {
	if w.server != nil {
		err = w.server.stop()
	}
	if w.emulator != nil {
		err = errors.Join(err, w.emulator.stop())
	}
	if w.dir != "" {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}

// fillFirst starts a world and a server whose store has its history. What
// history costs is no part of what is measured, so it is read without limits,
// and without the activities of its runs.
func (b *bench) fillFirst(ctx context.Context, binary string, w *steadyWorld) (err error) {
	if w.dir, err = os.MkdirTemp("", "andon-bench-"); err != nil {
		return err
	}
	if w.emulator, err = b.startEmulator(ctx, binary, "--scenario", w.scenario, "--size", strconv.Itoa(w.size), "--limits", "off"); err != nil {
		return err
	}
	info := &w.emulator.info
	if w.server, err = b.startServer(ctx, binary, info, w.dir, "activities:\n  - keep: none\n", "--budget", "off", "--poll", "2s"); err != nil {
		return err
	}
	if err := b.until(ctx, time.Hour, "history is not complete", func() (bool, error) {
		s, err := w.server.stands(ctx)
		return s.filled == len(info.Factories) && s.pending == 0, err
	}); err != nil {
		return err
	}
	// Trigger runs come last.
	last := int64(-1)
	if err := b.until(ctx, time.Hour, "trigger runs are not complete", func() (bool, error) {
		l, err := asked(ctx, info)
		n := l.ByCall["queryTriggerRuns"]
		done := n > 0 && n == last
		last = n
		return done, err
	}); err != nil {
		return err
	}
	err = w.server.stop()
	w.server = nil
	if err != nil {
		return err
	}
	// As people start it.
	w.server, err = b.startServer(ctx, binary, info, w.dir, "")
	return err
}

// until asks done every other second, for so long at most. what is how things
// stand while it is not.
func (b *bench) until(ctx context.Context, most time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("%s after %s", what, most))
	defer cancel()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if !sleep(ctx, 2*time.Second) {
			return context.Cause(ctx)
		}
	}
}

// settling is how long a server that was just started is left alone: its first
// polls come early, and its first surroundings with them.
const settling = 2 * time.Minute

// watch counts requests for a spell that begins when the server has settled.
func (b *bench) watch(ctx context.Context, w *steadyWorld) error {
	info := &w.emulator.info
	settle := min(settling, b.steady)
	if !sleep(ctx, settle) {
		return context.Cause(ctx)
	}
	before, err := w.server.used(ctx)
	if err != nil {
		return err
	}
	had, err := startedRuns(ctx, info)
	if err != nil {
		return err
	}
	if w.entities, err = listLengths(ctx, info); err != nil {
		return err
	}
	if err := resetAsked(ctx, info); err != nil {
		return err
	}
	begin := b.now()
	poller := &naivePoller{info: info}
	if err := b.eachPoll(ctx, func() error {
		s, err := w.server.stands(ctx)
		w.stalest = max(w.stalest, s.stalest)
		return errors.Join(err, poller.poll(ctx, b.now()))
	}); err != nil {
		return err
	}
	w.spell, w.naive = b.now().Sub(begin), poller.use
	l, err := asked(ctx, info)
	if err != nil {
		return err
	}
	w.total, w.records, w.byCall = l.Total-poller.use.requests-poller.use.tokens, l.Records-poller.use.records, l.ByCall
	w.byCall["queryPipelineRuns"] -= poller.use.requests
	if w.runs, err = startedRuns(ctx, info); err != nil {
		return err
	}
	w.runs -= had
	if w.used, err = w.server.used(ctx); err != nil {
		return err
	}
	for purpose, u := range w.used {
		was := before[purpose]
		w.used[purpose] = purposeUse{purpose, u.Requests - was.Requests, u.Records - was.Records, u.Throttled - was.Throttled}
	}
	return nil
}

// eachPoll does something at once and with every interval of polls until the
// spell is over.
func (b *bench) eachPoll(ctx context.Context, do func() error) error {
	end := b.now().Add(b.steady)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if err := do(); err != nil {
			return err
		}
		last := time.NewTimer(end.Sub(b.now()))
		select {
		case <-ctx.Done():
			last.Stop()
			return context.Cause(ctx)
		case <-last.C:
			return nil
		case <-ticker.C:
			last.Stop()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// naiveUse is what a naïve poller used.
type naiveUse struct{ requests, tokens, records, polls int64 }

// naivePoller asks each factory for the runs of the last 24 hours, as first
// scripts do. It has an identity of its own, and never asks for activities.
type naivePoller struct {
	info   *emulator.Info
	reader *pageReader
	begun  time.Time // with its present token
	use    naiveUse
}

func (n *naivePoller) poll(ctx context.Context, now time.Time) error {
	if n.reader == nil || now.Sub(n.begun) > 30*time.Minute {
		if err := n.begin(ctx, now); err != nil {
			return err
		}
	}
	sent := n.reader.sent
	for _, factory := range n.info.Factories {
		task := chain{
			path: n.info.ResourceManager + factory + "/queryPipelineRuns?api-version=2018-06-01",
			body: fmt.Sprintf(`{"lastUpdatedAfter":%q,"lastUpdatedBefore":%q`, now.Add(-naiveReach).UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)),
		}
		rows, err := n.reader.read(ctx, task)
		if err != nil {
			return err
		}
		n.use.records += int64(rows)
	}
	n.use.requests += n.reader.sent - sent
	n.use.polls++
	return nil
}

// begin signs in as another application than Andon.
func (n *naivePoller) begin(ctx context.Context, now time.Time) error {
	info := *n.info
	for _, id := range info.Identities {
		if strings.HasPrefix(id.What, "holds ADF Run Monitor everywhere") {
			info.ClientID, info.ClientSecret = id.ClientID, id.ClientSecret
		}
	}
	pem, err := os.ReadFile(info.CAFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	n.reader, n.begun = newPageReader(info, pool, false), now
	token, err := n.reader.token(ctx)
	n.reader.bearer = "Bearer " + token
	n.use.tokens++
	return err
}

// listLengths returns how many entities a list of each kind holds, in the mean
// of the factories.
func listLengths(ctx context.Context, info *emulator.Info) (map[string]float64, error) {
	var truth struct {
		Items []struct{ Pipelines, Triggers, IntegrationRuntimes []struct{} }
	}
	if err := control(ctx, info, "GET", "/truth/factories", &truth); err != nil {
		return nil, err
	}
	n := map[string]float64{"factories": float64(len(truth.Items))}
	for _, f := range truth.Items {
		n["pipelines"] += float64(len(f.Pipelines)) / float64(len(truth.Items))
		n["triggers"] += float64(len(f.Triggers)) / float64(len(truth.Items))
		n["integrationRuntimes"] += float64(len(f.IntegrationRuntimes)) / float64(len(truth.Items))
	}
	return n, nil
}

// entityCost is Microsoft's list price in US dollars of that many entities
// read: 0.50 per 50,000 (Azure Data Factory pricing, Data Factory Operations,
// Read/Write).
func entityCost(entities float64) float64 { return entities * 0.5 / 50_000 }

// dollars returns what Andon's records and entities cost in a month, and what
// the naïve poller's records do.
func (w *steadyWorld) dollars() (records, entities, naive float64) {
	scale := float64(month) / float64(w.spell)
	var n int64
	for _, u := range w.used {
		n += u.Records
	}
	var read float64
	for call, length := range w.entities {
		read += float64(w.byCall[call]) * length
	}
	return adf.MonitoringCost(n) * scale, entityCost(read) * scale, adf.MonitoringCost(w.naive.records) * scale
}

// news is how many requests for news each factory got with each poll.
func (w *steadyWorld) news() float64 {
	polls := w.spell.Seconds() / pollEvery.Seconds() * float64(len(w.emulator.info.Factories))
	return float64(w.used[string(budget.News)].Requests) / polls
}

func (b *bench) printQuiet(w *steadyWorld) error {
	factories := float64(len(w.emulator.info.Factories))
	hours := w.spell.Hours()
	t := table{
		title:   fmt.Sprintf("%.0f quiet factories kept fresh to %s for %s", factories, pollEvery, w.spell.Round(time.Second)),
		columns: []string{"", "requests", "per factory and poll", "per factory and hour", "records"},
	}
	polls := factories * w.spell.Seconds() / pollEvery.Seconds()
	row := func(name string, requests, records int64) {
		t.add(name, whole(float64(requests)), fmt.Sprintf("%.3f", float64(requests)/polls), fmt.Sprintf("%.2f", float64(requests)/factories/hours), whole(float64(records)))
	}
	w.rows(row)
	w.noteMoney(&t)
	b.expect("economy: news per quiet factory and poll", "≤ 1.00", fmt.Sprintf("%.3f", w.news()), w.news() <= newsBound+0.5/float64(w.naive.polls))
	return b.print(&t)
}

func (b *bench) printBusy(w *steadyWorld) error {
	t := table{
		title:   fmt.Sprintf("One factory with %s runs in %s, each with its activities", whole(float64(w.runs)), w.spell.Round(time.Second)),
		columns: []string{"", "requests", "per run", "per hour", "records"},
	}
	w.rows(func(name string, requests, records int64) {
		t.add(name, whole(float64(requests)), fmt.Sprintf("%.3f", float64(requests)/float64(w.runs)), whole(float64(requests)/w.spell.Hours()), whole(float64(records)))
	})
	w.noteMoney(&t)
	perRun := float64(w.total) / float64(w.runs)
	b.expect("economy: requests per run at 1,000 runs/h", "≤ 1.30", fmt.Sprintf("%.3f", perRun), perRun <= perRunBound)
	return b.print(&t)
}

// rows adds a line for each purpose, one for all and one for the poller.
func (w *steadyWorld) rows(add func(name string, requests, records int64)) {
	var requests, records int64
	for _, p := range budget.Purposes() {
		if u := w.used[string(p)]; u.Requests > 0 {
			add(string(p), u.Requests, u.Records)
			requests, records = requests+u.Requests, records+u.Records
		}
	}
	add("Andon, by its own count", requests, records)
	add("Andon, by the emulator's", w.total, w.records)
	add("naïve poller, no activities", w.naive.requests, w.naive.records)
}

func (w *steadyWorld) noteMoney(t *table) {
	records, entities, naive := w.dollars()
	t.note("List price a month: Andon $%.2f for records and $%.2f for definitions read; the naïve poller $%.2f for records.", records, entities, naive)
	t.note("Naïve: the last %.0f hours of each factory every %s, all pages. The stalest factory was %.0f s old at worst.", naiveReach.Hours(), pollEvery, w.stalest)
	t.note("Andon's own count is told every 30 s, so that it may differ a little from the emulator's; tokens are in the latter alone.")
}
