package collector

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

// The states of a source, as the store keeps them.
const (
	sourceOK    = "ok"
	sourceError = "error"
)

// source finds the factories of one identity and has them collected.
type source struct {
	Source

	collector *Collector
	asked     chan struct{}             // somebody wants the list now
	next      atomic.Pointer[time.Time] // when the list is asked for next; nil while it is
}

func newSource(c *Collector, o Source) *source {
	return &source{Source: o, collector: c, asked: make(chan struct{}, 1)}
}

// run looks for factories until ctx ends. Factories that the store knows from
// before are collected without waiting for the list, so that trouble with the
// list stops none of them; one that is gone or refused shows it by its own
// polls.
func (s *source) run(ctx context.Context) {
	ctx = budget.For(ctx, budget.Discovery)
	var retry backoff
	for {
		err := s.resume(ctx)
		var subscriptions *int
		if err == nil {
			subscriptions, err = s.discover(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		s.say(ctx, subscriptions, err)
		pause := s.collector.options.Discovery
		if err != nil {
			// One subscription may be disabled for days; the others are listed
			// at their time.
			pause = min(pause, retry.after(err, s.collector.now()))
		} else {
			retry.reset()
		}
		next := s.collector.now().Add(pause)
		s.next.Store(&next)
		if !waitOr(ctx, pause, s.asked) {
			return
		}
		s.next.Store(nil)
	}
}

// resume collects the factories of this source that the store knows.
func (s *source) resume(ctx context.Context) error {
	if len(s.Factories) > 0 {
		return nil // the list is the whole of what is wanted
	}
	known, err := s.collector.options.Store.Factories(ctx)
	if err != nil {
		return fmt.Errorf("the factories stored so far: %w", err)
	}
	for _, f := range known {
		if f.Source == s.Name {
			s.collector.collect(ctx, s, f.Place, false)
		}
	}
	return nil
}

// discover asks for the factories and collects them. One subscription's
// trouble doesn't hide the others'. subscriptions is nil when it is unknown.
func (s *source) discover(ctx context.Context) (subscriptions *int, err error) {
	if len(s.Factories) > 0 {
		return nil, s.discoverListed(ctx)
	}
	all, err := s.Client.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	n, found := len(all), 0
	var troubles []error
	for _, sub := range all {
		factories, err := s.Client.Factories(ctx, sub.SubscriptionID)
		if err != nil {
			troubles = append(troubles, err)
			continue
		}
		found += len(factories)
		for _, f := range factories {
			if err := s.show(ctx, f); err != nil {
				troubles = append(troubles, err)
			}
		}
	}
	if len(troubles) == 0 && found == 0 {
		return &n, s.nothingVisible(n)
	}
	return &n, errors.Join(troubles...)
}

func (s *source) nothingVisible(subscriptions int) error {
	what := fmt.Sprintf("no factory is visible in the %d subscriptions that the identity sees", subscriptions)
	if subscriptions == 0 {
		what = "the identity sees no subscription"
	}
	return &azure.Error{
		Kind: azure.KindForbidden, What: what, Where: "source " + s.Name,
		Advice: "assign it a role that may read factories, on a subscription, a resource group or a factory",
	}
}

// discoverListed reads each listed factory for its name and location. One
// that can't be read is collected all the same: its polls show why it can't,
// as that factory's trouble, and it may be right to query but not to read it.
func (s *source) discoverListed(ctx context.Context) error {
	known, err := s.collector.options.Store.Places(ctx)
	if err != nil {
		return fmt.Errorf("the factories stored so far: %w", err)
	}
	places := make(map[string]store.Place, len(known))
	for _, p := range known {
		places[p.ID.Key()] = p
	}
	var troubles []error
	for _, id := range s.Factories {
		f, err := s.Client.Factory(ctx, id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = s.show(ctx, f)
		} else if place, ok := places[id.Key()]; ok {
			s.collector.collect(ctx, s, place, false)
		} else {
			err = errors.Join(err, s.put(ctx, adf.Factory{ID: id, Name: id.Name()}, false))
		}
		if err != nil {
			troubles = append(troubles, err)
		}
	}
	return errors.Join(troubles...)
}

// show puts a factory as Azure has just shown it, which spares asking for it
// among its surroundings.
func (s *source) show(ctx context.Context, f adf.Factory) error {
	if err := s.put(ctx, f, true); err != nil {
		return err
	}
	return s.collector.sawFacts(ctx, f.ID)
}

// put stores what is known of a factory and has it collected. isShown says
// that Azure has just told it.
func (s *source) put(ctx context.Context, f adf.Factory, isShown bool) error {
	f = redactFacts(s.collector.options.Redact, f)
	name := s.Name
	if reads := s.collector.readBy(f.ID); reads != "" {
		name = reads // several sources see it, and one reads it
	}
	place, err := s.collector.options.Store.PutFactory(ctx, f, name)
	if err != nil {
		return fmt.Errorf("store factory %s: %w", f.Name, err)
	}
	s.collector.collect(ctx, s, place, isShown)
	if reads := s.collector.readBy(f.ID); reads != "" && reads != name { // another source was faster
		if _, err := s.collector.options.Store.PutFactory(ctx, f, reads); err != nil {
			return fmt.Errorf("store who reads factory %s: %w", f.Name, err)
		}
	}
	return nil
}

// say stores how the source is doing.
func (s *source) say(ctx context.Context, subscriptions *int, err error) {
	state := store.SourceState{
		Source: s.Name, State: sourceOK, At: adf.TimeOf(s.collector.now()), Subscriptions: subscriptions,
	}
	if err != nil {
		t := troubleOf(err, s.collector.now())
		state.State, state.What, state.Advice, state.Command = sourceError, t.What, t.Advice, t.Command
		s.collector.logger.WarnContext(ctx, "a source can't be listed whole", "source", s.Name, "kind", t.Kind, "error", err)
	}
	if err := s.collector.options.Store.SetSourceState(ctx, state); err != nil && ctx.Err() == nil {
		s.collector.logger.ErrorContext(ctx, "the state of a source can't be stored", "source", s.Name, "error", err)
	}
}
