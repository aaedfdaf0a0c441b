package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/redact"
	"andon/internal/store"
)

const (
	// calledAgain is how old surroundings are at least when a run has them
	// read again.
	calledAgain = 2 * time.Minute
	// triggerOverlap is how far a window of trigger runs reaches back over the
	// one before it: one was seen to become visible five minutes late
	// (recordings, triggerruns-query-006 and -007).
	triggerOverlap = 15 * time.Minute
	// triggerWindows bounds how many windows of older trigger runs are read
	// with each round.
	triggerWindows = 4
	// openTriggers is how many trigger runs that have not ended are looked at
	// for how far back a window has to begin.
	openTriggers = 100
	// openTriggerReach is how far back it begins at most for their sake.
	openTriggerReach = 24 * time.Hour
)

// aroundLoop reads what stands around the runs of a factory: at once after the
// first good poll, then every so often, and when somebody calls for it.
func (f *factory) aroundLoop(ctx context.Context) {
	var retry backoff
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wakeAround:
		}
		err := f.readAround(ctx)
		f.report(ctx, partAround, err)
		if ctx.Err() != nil {
			return
		}
		// The first rounds of many factories spread by themselves: they begin
		// with their first polls. Each further one waits for a good poll too.
		pause := f.aroundEvery - jitter(f.aroundEvery/10)
		if passesSoon(err) {
			pause = min(pause, retry.after(err, f.now()))
		} else {
			retry.reset()
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-f.askedAround:
		}
		timer.Stop()
	}
}

// callAround has the surroundings read again because of a run whose pipeline
// they don't have, but not right after they were read, and once for a name:
// the runs of a pipeline that was deleted go on being shown.
func (f *factory) callAround(runs []adf.PipelineRun) {
	known := f.known.Load()
	if known == nil {
		return // they are about to be read for the first time
	}
	for i := range runs {
		name := strings.ToLower(runs[i].PipelineName)
		if !known.pipelines[name] && !f.calledFor[name] && f.now().Sub(known.at) > calledAgain {
			f.calledFor[name] = true
			wake(f.askedAround)
		}
	}
}

// wake lets whoever waits for c go on, now or when it comes to wait.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // is on its way
	}
}

// readAround reads every kind of surroundings. One that can't be read hides
// none of the others, and says so where its figures stand.
func (f *factory) readAround(ctx context.Context) error {
	var troubles []error
	for _, part := range []struct {
		kind store.SurroundingKind
		read func(context.Context) error
	}{
		{store.SurroundingFactory, f.readFacts},
		{store.SurroundingPipelines, f.readDefinitions},
		{store.SurroundingTriggers, f.readTriggers},
		{store.SurroundingTriggerRuns, f.readTriggerRuns},
		{store.SurroundingRuntimes, f.readRuntimes},
	} {
		err := part.read(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		troubles = append(troubles, err)
		if err := f.store.SetSurroundings(ctx, f.place.Key, part.kind, 0, troubleOf(err, f.now())); err != nil {
			return errors.Join(append(troubles, err)...)
		}
	}
	return errors.Join(troubles...)
}

func (f *factory) azure() *azure.Client { return f.seers.current().client }

func (f *factory) readFacts(ctx context.Context) error {
	facts, err := f.azure().Factory(ctx, f.place.ID)
	if err != nil {
		return err
	}
	if _, err := f.store.PutFactory(ctx, facts, f.seers.current().source); err != nil {
		return fmt.Errorf("store the facts of factory %s: %w", f.place.Name, err)
	}
	return f.store.SetSurroundings(ctx, f.place.Key, store.SurroundingFactory, f.azureNow(), nil)
}

func (f *factory) readDefinitions(ctx context.Context) error {
	all, err := f.azure().Pipelines(ctx, f.place.ID)
	if err != nil {
		return err
	}
	known := &knownPipelines{at: f.now(), pipelines: map[string]bool{}, secure: map[string]redact.Options{}}
	var clean []adf.PipelineDefinition
	for i := range all.Items {
		known.pipelines[strings.ToLower(all.Items[i].Name)] = true
		collectSecure(known.secure, all.Items[i].Name, all.Items[i].Activities)
		if d, ok := redacted(f, &all.Items[i], all.Items[i].Raw, adf.DecodePipelineDefinition); ok {
			clean = append(clean, d)
		}
	}
	f.known.Store(known)
	return f.store.PutDefinitions(ctx, f.reading(all.Asked, len(all.Odd)+len(all.Items)-len(clean)), clean)
}

// redacted returns a thing without its secrets; false when it can't be read
// any more without them.
func redacted[T any](f *factory, whole *T, raw []byte, decode func([]byte) (T, error)) (T, bool) {
	text, changed := f.redact.JSON(raw)
	if !changed {
		return *whole, true
	}
	clean, err := decode(text)
	return clean, err == nil
}

func (f *factory) reading(asked time.Time, lost int) store.Reading {
	return store.Reading{Factory: f.place.Key, AsOf: adf.TimeOf(asked), Partial: lost > 0}
}

func (f *factory) readTriggers(ctx context.Context) error {
	all, err := f.azure().Triggers(ctx, f.place.ID)
	if err != nil {
		return err
	}
	var clean []adf.Trigger
	for i := range all.Items {
		if t, ok := redacted(f, &all.Items[i], all.Items[i].Raw, adf.DecodeTrigger); ok {
			clean = append(clean, t)
		}
	}
	return f.store.PutTriggers(ctx, f.reading(all.Asked, len(all.Odd)+len(all.Items)-len(clean)), clean)
}

// readRuntimes reads the integration runtimes, and the state of each. A state
// that can't be had leaves what was known of it.
func (f *factory) readRuntimes(ctx context.Context) error {
	all, err := f.azure().IntegrationRuntimes(ctx, f.place.ID)
	if err != nil {
		return err
	}
	var list []store.RuntimeReading
	var troubles []error
	for i := range all.Items {
		r := store.RuntimeReading{Runtime: all.Items[i]}
		status, asked, err := f.azure().IntegrationRuntimeStatus(ctx, f.place.ID, r.Runtime.Name)
		switch {
		case err == nil:
			r.Status, r.StatusAsOf = &status, adf.TimeOf(asked)
		case kindOf(err) != azure.KindNotFound: // it may have gone since it was listed
			troubles = append(troubles, err)
		}
		if strings.EqualFold(r.Runtime.Type, "SelfHosted") { // others have none
			load, asked, err := f.azure().IntegrationRuntimeMonitoring(ctx, f.place.ID, r.Runtime.Name)
			switch {
			case err == nil:
				r.Monitoring, r.MonitoringAt = &load, adf.TimeOf(asked)
			case kindOf(err) != azure.KindNotFound:
				troubles = append(troubles, err)
			}
		}
		list = append(list, r)
	}
	if err := f.store.PutRuntimes(ctx, f.reading(all.Asked, len(all.Odd)), list); err != nil {
		return err
	}
	return errors.Join(troubles...)
}

// readTriggerRuns reads the trigger runs since the last round, from the oldest
// one on that had not ended, then some windows of those before.
func (f *factory) readTriggerRuns(ctx context.Context) error {
	have, err := f.store.TriggerRunCoverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	open, err := f.store.OpenTriggerRuns(ctx, f.place.Key, openTriggers)
	if err != nil {
		return err
	}
	now := f.azureNow()
	newest := pollWindow(have, now, triggerOverlap)
	if len(open) > 0 && !open[0].TriggerRunTimestamp.IsZero() {
		newest.From = min(newest.From, max(open[0].TriggerRunTimestamp, now.Add(-openTriggerReach)))
	}
	if err := f.readTriggerWindow(ctx, newest); err != nil {
		return err
	}
	plan := newPlanner(store.Window{From: now.Add(-f.history), To: newest.From}, have, triggerOverlap)
	for range triggerWindows {
		w, ok := plan.next()
		if !ok {
			break
		}
		if err := f.readTriggerWindow(ctx, w); err != nil {
			return err
		}
		plan.took(w, 0)
	}
	return nil
}

func (f *factory) readTriggerWindow(ctx context.Context, w store.Window) error {
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To}
	done := store.Window{From: w.From}
	for {
		answer, err := f.azure().QueryTriggerRuns(ctx, f.place.ID, filter)
		if err != nil {
			return err
		}
		asked := adf.TimeOf(answer.Asked)
		if done.To.IsZero() {
			done.To = max(done.From, min(w.To, asked))
		}
		page := store.TriggerRunPage{Factory: f.place.Key, OddRows: f.newOddRows(answer.Odd), Asked: asked}
		for i := range answer.Runs {
			if r, ok := redacted(f, &answer.Runs[i], answer.Runs[i].Raw, adf.DecodeTriggerRun); ok {
				page.Runs = append(page.Runs, r)
			}
		}
		last := answer.Next == ""
		if last {
			page.Completes, page.AsOf = &done, done.To
		}
		if _, err := f.store.WriteTriggerRuns(ctx, page); err != nil {
			return fmt.Errorf("store trigger runs of %s: %w", f.place.Name, err)
		}
		if last {
			return nil
		}
		if answer.Next == filter.ContinuationToken {
			return endless("trigger runs of " + f.place.Name)
		}
		filter.ContinuationToken = answer.Next
	}
}

// knownPipelines is what the collecting itself needs of the definitions.
type knownPipelines struct {
	at        time.Time                 // when they were read
	pipelines map[string]bool           // by lower-case name
	secure    map[string]redact.Options // by secureKey: what ADF is told not to show of an activity
}

// secure returns what must not be kept of an activity run, whatever came.
func (f *factory) secure(a *adf.ActivityRun) redact.Options {
	if known := f.known.Load(); known != nil {
		return known.secure[secureKey(a.PipelineName, a.ActivityName)]
	}
	return redact.Options{}
}

// secureKey names an activity of a pipeline, without regard to case.
func secureKey(pipeline, activity string) string {
	return strings.ToLower(pipeline) + "\x00" + strings.ToLower(activity)
}

// collectSecure notes the activities that have a secure input or output.
func collectSecure(into map[string]redact.Options, pipeline string, activities []adf.Activity) {
	for i := range activities {
		a := &activities[i]
		if p := secureOf(a.Raw); p != (redact.Options{}) {
			into[secureKey(pipeline, a.Name)] = p
		}
		collectSecure(into, pipeline, a.Inner)
	}
}

// secureOf reads an activity's policy (ADF REST, Activity Policy).
func secureOf(activity []byte) redact.Options {
	var w struct {
		Policy struct {
			SecureInput  any `json:"secureInput"`
			SecureOutput any `json:"secureOutput"`
		} `json:"policy"`
	}
	if err := json.Unmarshal(activity, &w); err != nil {
		return redact.Options{} // a policy of another form, which ADF does not have
	}
	return redact.Options{DropInput: isOn(w.Policy.SecureInput), DropOutput: isOn(w.Policy.SecureOutput)}
}

// isOn takes what is neither absent nor false for true, an expression say.
func isOn(v any) bool { return v != nil && v != false && v != "false" }
