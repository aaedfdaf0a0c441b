package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
)

const (
	// DefaultMost is how many factories of a source are tried.
	DefaultMost = 3
	// DefaultStepTime is how long one step may take.
	DefaultStepTime = 20 * time.Second
)

// Source is what to check of one identity.
type Source struct {
	Name   string
	Client *azure.Client // nil where it could not be made
	Err    error         // why there is no client
	// Scopes are where its factories are looked for; none means wherever the
	// identity may look.
	Scopes        []azure.Scope
	SecretExpires time.Time // as the configuration says; zero when it does not
}

// Options say how much is tried.
type Options struct {
	// Most is how many factories of a source are tried, named ones aside; 0
	// means DefaultMost, a negative number all.
	Most     int
	StepTime time.Duration    // 0 means DefaultStepTime
	Operator bool             // also say what is known of the rights to rerun and to cancel
	Now      func() time.Time // nil means time.Now
}

func (o Options) complete() Options {
	if o.Most == 0 {
		o.Most = DefaultMost
	}
	if o.StepTime == 0 {
		o.StepTime = DefaultStepTime
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// CheckSource walks the chain of one source. It changes nothing in Azure, and
// returns when every step has ended or ctx has.
func CheckSource(ctx context.Context, s Source, o Options) SourceReport {
	w := &walk{source: s, options: o.complete(), report: SourceReport{
		Name: s.Name, Steps: []Step{}, Factories: []FactoryReport{}, NotLookedAt: []string{},
	}}
	w.run(ctx)
	w.report.finish()
	return w.report
}

// walk is one way along the chain.
type walk struct {
	source  Source
	options Options
	report  SourceReport
	clocks  []azure.Reached
}

func (w *walk) run(ctx context.Context) {
	if w.source.Client == nil {
		w.add(w.failure(StepSettings, w.source.Err))
		w.skip("the settings can't work", StepEntra, StepManager, StepToken, StepFactories)
	} else {
		w.add(w.settings())
		w.ask(ctx)
	}
	w.add(clockStep(w.clocks))
}

// ask tries everything that is asked over the network, as far as it goes.
func (w *walk) ask(ctx context.Context) {
	entraFree := !w.source.Client.AsksEntra() || w.reach(ctx, StepEntra, w.source.Client.ReachEntra)
	managerFree := w.reach(ctx, StepManager, w.source.Client.ReachResourceManager)
	switch {
	case !entraFree:
		w.skip("Entra ID was not reached", StepToken, StepFactories)
	case !w.step(ctx, StepToken, w.token):
		w.skip("there is no token", StepFactories)
	case !managerFree:
		w.skip("Azure Resource Manager was not reached", StepFactories)
	default:
		w.eachFactory(ctx, w.factories(ctx))
	}
}

// step carries one out within its time and reports whether it did not fail.
func (w *walk) step(ctx context.Context, name string, do func(context.Context) Step) bool {
	s := timed(ctx, w.options, name, do)
	w.add(s)
	return s.Status != Failed
}

func (w *walk) add(s Step) { w.report.Steps = append(w.report.Steps, s) }

func (w *walk) failure(name string, err error) Step {
	return failure(name, w.source.Client, err, w.options)
}

// timed carries out a step within its time.
func timed(ctx context.Context, o Options, name string, do func(context.Context) Step) Step {
	ctx, cancel := context.WithTimeout(ctx, o.StepTime)
	defer cancel()
	began := o.Now()
	s := do(ctx)
	s.Step, s.DurationInMs = name, o.Now().Sub(began).Milliseconds()
	return s
}

// skip marks steps as not reached.
func (w *walk) skip(why string, names ...string) {
	for _, name := range names {
		if name == StepFactories && w.needsSubscriptions() {
			w.add(notReached(StepSubscriptions, why))
		}
		w.add(notReached(name, why))
	}
}

// settings says what was understood of the configuration, and what of it ends
// soon.
func (w *walk) settings() Step {
	c := w.source.Client
	cloud := c.CloudName()
	if cloud == "" {
		cloud = "custom"
	}
	s := Step{Step: StepSettings, Status: OK, What: c.Credential() + ", cloud " + cloud}
	if e := ExpiryOf(c, w.source.SecretExpires, w.options.Now()); e.What != "" {
		s.Status, s.What, s.Advice, s.Command = Warning, e.What, e.Advice, e.Command
	}
	return s
}

// reach tries the way to a host and keeps what its clock said.
func (w *walk) reach(ctx context.Context, name string, ask func(context.Context) (azure.Reached, error)) bool {
	return w.step(ctx, name, func(ctx context.Context) Step {
		at, err := ask(ctx)
		if err != nil {
			return w.failure(name, err)
		}
		w.clocks = append(w.clocks, at)
		what := at.Host + " answers"
		if at.Proxy != "" {
			what += ", through the proxy " + at.Proxy
		}
		return Step{Status: OK, What: what}
	})
}

func (w *walk) token(ctx context.Context) Step {
	expires, err := w.source.Client.Token(ctx)
	if err != nil {
		return w.failure(StepToken, err)
	}
	return Step{Status: OK, What: fmt.Sprintf("valid for %s", expires.Sub(w.options.Now()).Round(time.Minute))}
}

// needsSubscriptions reports whether factories have to be looked for in
// whatever the identity sees. What lies in a management group is asked for so
// as well: no list of Data Factory's goes by it.
func (w *walk) needsSubscriptions() bool {
	for _, s := range w.source.Scopes {
		if s.ManagementGroup != "" {
			return true
		}
	}
	return len(w.source.Scopes) == 0
}

// found is a factory to try; a named one is tried in any case.
type found struct {
	id    adf.FactoryID
	named bool
}

// factories finds what to try.
func (w *walk) factories(ctx context.Context) []found {
	scopes := w.source.Scopes
	if w.needsSubscriptions() {
		ok := w.step(ctx, StepSubscriptions, func(ctx context.Context) Step {
			step, subscriptions := w.subscriptions(ctx)
			for _, s := range subscriptions {
				scopes = append(slices.Clip(scopes), azure.Scope{Subscription: s.SubscriptionID})
			}
			return step
		})
		if !ok {
			w.add(notReached(StepFactories, "there is no subscription to look into"))
			return nil
		}
	}
	var all []found
	isBroken, isSearch := false, false
	for _, scope := range scopes {
		switch {
		case scope.ManagementGroup != "": // its subscriptions are in the list
		case scope.Factory != "":
			all = append(all, found{scope.Factory, true})
		default:
			isSearch = true
			var list []adf.Factory
			step := timed(ctx, w.options, StepFactories, func(ctx context.Context) Step { return w.list(ctx, scope, &list) })
			for _, f := range list {
				all = append(all, found{f.ID, false})
			}
			if step.Status == Failed {
				isBroken = true
				w.add(step)
			}
		}
	}
	switch {
	case len(all) > 0 && !isSearch:
		w.add(Step{Step: StepFactories, Status: OK, What: count(len(all), "is", "are") + " named"})
	case len(all) > 0:
		w.add(Step{Step: StepFactories, Status: OK, What: count(len(all), "is", "are") + " seen"})
	case !isBroken:
		w.add(w.noFactory(scopes))
	}
	return all
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (w *walk) subscriptions(ctx context.Context) (Step, []adf.Subscription) {
	seen, err := w.source.Client.Subscriptions(ctx)
	if err != nil {
		return w.failure(StepSubscriptions, err), nil
	}
	if len(seen) > 0 {
		return Step{Status: OK, What: count(len(seen), "is", "are") + " seen"}, seen
	}
	_, host := w.source.Client.Hosts()
	return Step{
		Status: Failed, What: "the identity sees no subscription: it holds no role anywhere",
		Evidence: &Evidence{Host: host, Call: "listSubscriptions", HTTPStatus: 200},
		Advice:   "somebody who may assign roles runs the commands, with az set to the factories' subscription, then wait up to five minutes",
		Command:  azure.GrantReaderHere(w.source.Client.ClientID()),
	}, nil
}

// list finds the factories of a resource group or a subscription.
func (w *walk) list(ctx context.Context, scope azure.Scope, all *[]adf.Factory) Step {
	var err error
	*all, err = w.source.Client.FactoriesIn(ctx, scope.Subscription, scope.ResourceGroup)
	if e, ok := errors.AsType[*azure.Error](err); ok && e.Kind == azure.KindNotRegistered && len(w.source.Scopes) == 0 {
		return Step{Status: OK} // nobody said that there is a factory in it
	}
	if err != nil {
		return w.failure(StepFactories, err)
	}
	return Step{Status: OK}
}

// noFactory says that lists came and were empty, as they are for somebody who
// may not read what is in them.
func (w *walk) noFactory(scopes []azure.Scope) Step {
	_, host := w.source.Client.Hosts()
	s := Step{
		Step: StepFactories, Status: Failed, What: "the identity sees no factory in " + count(len(scopes), "place", "places") + " that it may look into",
		Evidence: &Evidence{Host: host, Call: "listFactories", HTTPStatus: 200},
		Advice:   "where there are some, somebody who may assign roles runs the commands, then wait up to five minutes",
	}
	for _, scope := range scopes {
		if scope.ManagementGroup == "" {
			s.Command = azure.GrantReader(w.source.Client.ClientID(), scope)
			break
		}
	}
	return s
}
