package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"andon/internal/collector"
	"andon/internal/redact"
	"andon/internal/store"
)

// ReadRange reads a range of every factory's history into the store that the
// configuration names, and ends. It refuses a store that a server has open.
// told hears of each factory when it is done, but for those that are gone.
func ReadRange(ctx context.Context, o Options, w store.Window, told func(store.Place, collector.Reread)) (gone []store.Place, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	scheduler := schedulerOf(o)
	sources, err := clients(o, scheduler)
	if err != nil {
		return nil, err
	}
	redactor, err := redact.New(redact.Patterns(o.Config.Redact))
	if err != nil {
		return nil, fmt.Errorf("redact.%w", err)
	}
	s, err := store.Open(ctx, o.Config.Store, store.Options{Logger: o.Logger, Now: o.Now, Series: seriesRules(o.Config.Series)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return collector.ReadRange(ctx, collector.Options{
		Sources: sources, Store: s, Scheduler: scheduler, Logger: o.Logger, Now: o.Now, Redact: redactor,
		Activities: activityPolicies(o.Config.Activities),
	}, w, told)
}
