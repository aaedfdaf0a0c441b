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

const (
	// checkPause is between two checks of a source that ask its factories: who
	// asks again and again must not use up what news are asked with.
	checkPause = 10 * time.Second
	// signInPause follows a check that got to no factory: it cost little, and
	// somebody mends what it found.
	signInPause = time.Second
)

// checks are the doctor's findings while the server runs.
type checks struct {
	options   Options
	collector *collector.Collector
	// examine walks the chain of one source.
	examine  func(context.Context, config.Source) doctor.SourceReport
	askAgain func(source string) // hears of each check that found nothing broken
	ctx      context.Context     //nolint:containedctx // ends the checks that are under way
	end      context.CancelFunc

	running sync.WaitGroup
	mu      sync.Mutex
	last    map[string]*check // by the source's name
}

// check is the newest check of one source.
type check struct {
	began time.Time
	ended chan struct{} // closed with the end
	found *api.CheckReport
	at    time.Time // of the end
}

// newChecks makes checks whose requests the scheduler, which is the collector's
// own, lets pass: no limit of Azure's knows who asked, and what they use is
// counted with the rest. What rests after failures is asked all the same, since
// a person wants to know how it stands now. They have clients of their own: the
// collector's has a token, which says nothing about a secret that expired since.
func newChecks(ctx context.Context, o Options, c *collector.Collector, scheduler *budget.Scheduler) *checks {
	ctx, end := context.WithCancel(ctx)
	return &checks{
		options: o, collector: c, ctx: ctx, end: end, last: map[string]*check{}, askAgain: c.AskAgain,
		examine: func(ctx context.Context, src config.Source) doctor.SourceReport {
			return examineSource(budget.Insist(budget.For(ctx, budget.Asked)), o, DoctorOptions{}, src, scheduler)
		},
	}
}

// stop ends the checks that are under way and returns when none is any more.
func (c *checks) stop() {
	c.end()
	c.running.Wait()
}

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
	newest, before := c.newest(src, begin) // which goes on when whoever asked has left
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

// newest returns the newest check, begun just now where that is wanted, none is
// under way and the last was not just now, and what the one before found. After
// one that failed another begins once the pause is over, since somebody may have
// mended what it found.
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
	now := c.options.Now()
	pause := last.pauseLeft(now)
	if pause > 0 && before.Status != string(doctor.Failed) {
		return last, before
	}
	made := &check{began: now.Add(pause), ended: make(chan struct{}), found: before}
	c.last[src.Name] = made
	c.running.Go(func() {
		defer close(made.ended)
		if !sleep(c.ctx, pause) {
			return
		}
		report := c.examine(c.ctx, src)
		if report.Status != doctor.Failed {
			c.askAgain(src.Name)
		}
		found := checkReport(&report, c.options.Now())
		c.mu.Lock()
		defer c.mu.Unlock()
		made.found, made.at = &found, c.options.Now()
	})
	return made, before
}

// pauseLeft is how long the next check has to wait after c, which has ended; 0
// after none.
func (c *check) pauseLeft(now time.Time) time.Duration {
	if c == nil || c.found == nil {
		return 0
	}
	pause := checkPause
	if len(c.found.Factories) == 0 {
		pause = signInPause
	}
	return min(max(0, pause-now.Sub(c.at)), pause) // however our clock was set since
}

// sleep reports whether ctx lasted for d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
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
