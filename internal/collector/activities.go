package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

const (
	// urgentActivities bounds how many runs of one factory that have just
	// ended are asked for at the same time.
	urgentActivities = 3
	// activityReach widens the window of an activity query on both sides of
	// the run, since ADF leaves out rows beyond the window.
	activityReach = 24 * time.Hour
	// settleTries bounds how often the activities of a finished run are read
	// again because one of them still seemed to run.
	settleTries = 3
	// activityTries is how often a run is tried before its trouble is taken
	// to be its own.
	activityTries = 3
)

// activityLoop reads activities until ctx ends, the most urgent first.
func (f *factory) activityLoop(ctx context.Context) {
	// Which inputs and outputs are secure only the definitions say.
	select {
	case <-f.definitionsTried:
	case <-ctx.Done():
		return
	}
	urgent := make(chan struct{}, urgentActivities)
	background := make(chan struct{}, 1)
	var reads sync.WaitGroup
	defer reads.Wait()
	for {
		if err := f.refillBacklog(ctx); err != nil {
			f.activities.pause(err)
			f.report(ctx, partActivities, err)
		}
		job, ok, pause := f.activities.next()
		var places chan struct{} // nil, which never takes, where nothing is to be read
		switch {
		case ok && job.urgent:
			places = urgent
		case ok:
			places = background
		}
		timer := time.NewTimer(pause)
		select {
		case places <- struct{}{}:
			ok = false // handed out
			reads.Go(func() {
				defer func() { <-places }()
				f.readActivities(budget.For(ctx, job.purpose()), job)
			})
		case <-f.activities.woken:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
		if ok {
			f.activities.putBack(job)
		}
	}
}

// keepBy prepares what decides over the activities of this factory.
func (f *factory) keepBy(o Options) {
	f.redact, f.policy = o.Redact, o.Activities.of(f.place.Name)
	f.activities.clock, f.activities.policy = f.azureNow, f.policy
}

// refillBacklog gets further finished runs whose activities are missing, once
// those it got before are done. Those that a policy doesn't keep are noted as
// such instead.
func (f *factory) refillBacklog(ctx context.Context) error {
	if err := f.skip(ctx, f.activities.takeUnkept()); err != nil {
		return err
	}
	if !f.activities.wantsBacklog() {
		return nil
	}
	for {
		now := f.azureNow()
		settling := store.Window{From: now.Add(-healAfter), To: now.Add(healAfter)}
		refs, err := f.store.RunsWithoutActivities(ctx, f.place.Key, settling, backlogLength)
		if err != nil {
			return fmt.Errorf("the runs without activities: %w", err)
		}
		wanted, unkept := partition(refs, f.policy)
		if err := f.skip(ctx, unkept); err != nil {
			return err
		}
		if len(wanted) > 0 || len(unkept) == 0 {
			f.activities.setBacklog(wanted)
			return nil
		}
	}
}

// skip notes that the activities of runs are not kept.
func (f *factory) skip(ctx context.Context, runIDs []string) error {
	if len(runIDs) == 0 {
		return nil
	}
	return f.store.SkipActivities(ctx, f.place.Key, runIDs)
}

// readActivities carries out a job and says how it ended.
func (f *factory) readActivities(ctx context.Context, job activityJob) {
	err := f.fetchActivities(ctx, job)
	tries := f.activities.release(job, err)
	if ctx.Err() != nil {
		return
	}
	switch {
	case errors.Is(err, errUnsettled):
		err = nil // it is offered again
	case concernsRun(err), tries > activityTries:
		// This run's activities can't be had. The store stops offering it
		// after a few such attempts, and the others go on.
		f.logger.InfoContext(ctx, "the activities of a run can't be read", "run_id", job.runID, "kind", string(kindOf(err)), "error", err)
		err = f.store.MissActivities(ctx, f.place.Key, job.runID)
	}
	if err != nil {
		f.activities.pause(err)
	}
	f.report(ctx, partActivities, err)
}

// concernsRun reports whether err is about the run alone, so that other runs
// are worth asking for.
func concernsRun(err error) bool {
	k := kindOf(err)
	return k == azure.KindNotFound || k == azure.KindBadRequest
}

// concernsFactory reports whether err would meet every run alike, so that it
// says nothing about this one.
func concernsFactory(err error) bool {
	alike := []azure.Kind{azure.KindThrottled, azure.KindNoRoute, azure.KindUnauthorized, ""}
	return slices.Contains(alike, kindOf(err)) || stateOf(err) != ""
}

func (f *factory) fetchActivities(ctx context.Context, job activityJob) error {
	if job.recheck {
		// An overlapping window shows a finished run again and again.
		known, err := f.store.Activities(ctx, f.place.Short, job.runID)
		if err != nil {
			return err
		}
		if known.State == store.ActivitiesComplete {
			return nil
		}
	}
	for restarts := 0; ; restarts++ {
		rows, asked, err := f.askActivities(ctx, job)
		if kindOf(err) == azure.KindTokenRefused && restarts < windowRestarts {
			continue
		}
		if err != nil {
			return err
		}
		f.cleaning.RLock()
		rows, _ = f.secrets.Load().Activities(redactActivities(f.redact, rows))
		complete := job.ended && (allEnded(rows) || job.tries >= settleTries)
		err = f.store.WriteActivities(ctx, f.place.Key, job.runID, rows, complete, adf.TimeOf(asked))
		f.cleaning.RUnlock()
		if err != nil {
			return fmt.Errorf("store the activities of run %s: %w", job.runID, err)
		}
		if job.ended && !complete {
			return errUnsettled
		}
		return nil
	}
}

// errUnsettled says that an activity of a finished run still seems to run, as
// happens when the run's end is visible before its activities' ends.
var errUnsettled = errors.New("an activity of the finished run still seems to run")

func allEnded(rows []adf.ActivityRun) bool {
	return !slices.ContainsFunc(rows, func(a adf.ActivityRun) bool {
		return a.Status == adf.StatusInProgress || a.Status == adf.StatusQueued
	})
}

// askActivities pages through a run's activities. asked is when the first
// page was answered, by Azure's clock.
func (f *factory) askActivities(ctx context.Context, job activityJob) (rows []adf.ActivityRun, asked time.Time, err error) {
	now := f.azureNow()
	start := job.start
	if start < adf.Oldest || start > now {
		start = now.Add(-f.history) // absent, or of no clock that can be relied on
	}
	filter := adf.RunFilter{LastUpdatedAfter: start.Add(-activityReach), LastUpdatedBefore: now.Add(activityReach)}
	for {
		page, err := f.seers.current().client.QueryActivityRuns(ctx, f.place.ID, job.runID, filter)
		if err != nil {
			return nil, time.Time{}, err
		}
		if asked.IsZero() {
			asked = page.Asked
		}
		rows = append(rows, page.Activities...)
		if page.Next == "" {
			return rows, asked, nil
		}
		if page.Next == filter.ContinuationToken {
			return nil, time.Time{}, endless("activities of run " + job.runID + ", " + f.place.Name)
		}
		filter.ContinuationToken = page.Next
	}
}
