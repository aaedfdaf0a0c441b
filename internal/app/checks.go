package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/config"
	"andon/internal/doctor"
)

// checks are the doctor's findings while the server runs.
type checks struct {
	options   Options
	collector *collector.Collector
	ctx       context.Context //nolint:containedctx // ends the checks that are under way

	running sync.WaitGroup
	mu      sync.Mutex
	last    map[string]*check // by the source's name
}

// check is the newest check of one source.
type check struct {
	began time.Time
	ended chan struct{} // closed with the end
	found *api.CheckReport
}

func newChecks(ctx context.Context, o Options, c *collector.Collector) *checks {
	return &checks{options: o, collector: c, ctx: ctx, last: map[string]*check{}}
}

// wait returns when no check is under way any more.
func (c *checks) wait() { c.running.Wait() }

func (c *checks) source(name string) (config.Source, bool) {
	for _, src := range c.options.Config.Sources {
		if strings.EqualFold(src.Name, name) {
			return src, true
		}
	}
	return config.Source{}, false
}

// check is api.Collecting.Check.
func (c *checks) check(ctx context.Context, name string, begin bool) api.SourceCheck {
	out := api.SourceCheck{Source: name, State: "none"}
	src, ok := c.source(name)
	if !ok {
		return out
	}
	out.Source = src.Name
	newest, before := c.newest(src, begin) //nolint:contextcheck // a check goes on when whoever asked has left
	if newest == nil {
		return out
	}
	out.State, out.StartedAt = "running", api.NullTime(adf.TimeOf(newest.began))
	out.Report.Value = before
	if begin {
		select {
		case <-newest.ended:
		case <-ctx.Done():
		}
	}
	select {
	case <-newest.ended:
		out.State, out.Report.Value = "done", newest.found
	default:
	}
	return out
}

// newest returns the newest check, begun just now where that is wanted and
// none is under way, and what the one before found.
func (c *checks) newest(src config.Source, begin bool) (newest *check, before *api.CheckReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last[src.Name]
	if last != nil {
		before = last.found
		select {
		case <-last.ended:
		default:
			return last, before // under way
		}
	}
	if !begin || c.ctx.Err() != nil {
		return last, before
	}
	made := &check{began: c.options.Now(), ended: make(chan struct{}), found: before}
	c.last[src.Name] = made
	c.running.Go(func() {
		found := c.examine(src)
		c.mu.Lock()
		made.found = &found
		c.mu.Unlock()
		close(made.ended)
	})
	return made, before
}

// examine walks the chain with a client of its own: the collector's has a
// token, which says nothing about a secret that expired since. What it uses is
// counted all the same.
func (c *checks) examine(src config.Source) api.CheckReport {
	scheduler := schedulerOf(c.options)
	report := examineSource(budget.For(c.ctx, budget.Asked), c.options, DoctorOptions{}, src, scheduler)
	c.collector.CountUsage(c.ctx, scheduler.TakeUsage())
	if report.Status != doctor.Failed {
		c.collector.AskAgain(src.Name)
	}
	return checkReport(&report, c.options.Now())
}

// facts is api.Collecting.Facts. client returns the collector's client of a
// source.
func (c *checks) facts(client func(source string) *azure.Client) func(source string) api.SourceFacts {
	return func(name string) api.SourceFacts {
		src, ok := c.source(name)
		at := client(src.Name)
		if !ok || at == nil {
			return api.SourceFacts{}
		}
		e := doctor.ExpiryOf(at, src.SecretExpires, c.options.Now())
		facts := api.SourceFacts{Known: true, Credential: at.Credential(), Expires: e.At, Command: e.Command, NextTry: c.collector.NextListing(src.Name)}
		if e.What != "" {
			facts.Advice = capital(e.What) + ": " + e.Advice
		}
		facts.Pace, facts.PaceAdvice = paceWords(c.collector.HeldBack(src.Name), c.options.Config.Budget.Share)
		return facts
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func checkReport(r *doctor.SourceReport, now time.Time) api.CheckReport {
	out := api.CheckReport{
		CheckedAt: api.Time(adf.TimeOf(now)), Status: string(r.Status), Steps: checkSteps(r.Steps),
		Factories: make([]api.CheckedFactory, len(r.Factories)), NotLookedAt: r.NotLookedAt,
	}
	for i, f := range r.Factories {
		out.Factories[i] = api.CheckedFactory{FactoryID: f.ID, Name: f.Name, Status: string(f.Status), Steps: checkSteps(f.Steps)}
	}
	return out
}

func checkSteps(steps []doctor.Step) []api.CheckStep {
	out := make([]api.CheckStep, len(steps))
	for i, s := range steps {
		out[i] = api.CheckStep{
			Step: s.Step, Status: string(s.Status), What: s.What, Advice: orNil(s.Advice), Command: orNil(s.Command), DurationInMs: s.DurationInMs,
		}
		if e := s.Evidence; e != nil {
			out[i].Evidence.Value = checkEvidence(e)
		}
	}
	return out
}

func checkEvidence(e *doctor.Evidence) *api.CheckEvidence {
	out := &api.CheckEvidence{
		Host: e.Host, Call: e.Call, HTTPStatus: orNil(e.HTTPStatus), Code: orNil(e.Code), Action: orNil(e.Action), Scope: orNil(e.Scope), System: orNil(e.System),
	}
	if e.RetryAt != nil {
		out.RetryAt = api.NullTime(adf.TimeOf(*e.RetryAt))
	}
	return out
}

// orNil returns nil for what is absent.
func orNil[T comparable](v T) *T {
	var absent T
	if v == absent {
		return nil
	}
	return &v
}

// rereads writes ordered ranges as the API does.
func rereads(list []collector.Reread) []api.Reread {
	out := make([]api.Reread, len(list))
	for i := range list {
		out[i] = reread(&list[i])
	}
	return out
}

func reread(r *collector.Reread) api.Reread {
	return api.Reread{
		From: api.Time(r.Window.From), To: api.Time(r.Window.To), State: string(r.State),
		Rows: r.Rows, Added: r.Added, Missed: r.Missed, Outdated: r.Outdated, What: orNil(r.What),
		OrderedAt: api.Time(r.Ordered), EndedAt: api.NullTime(r.Ended),
	}
}
