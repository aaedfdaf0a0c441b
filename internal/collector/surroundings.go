package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

const (
	// calledAgain is how old surroundings are at least when a run has them
	// read again.
	calledAgain = 2 * time.Minute
	// spread is the part of the interval by which the second reading may come
	// early, once: the first ones of many factories come together.
	spread = 2
)

// aroundLoop reads what stands around the runs of a factory: at once after the
// first good poll, then every so often, and when somebody calls for it.
func (f *factory) aroundLoop(ctx context.Context) {
	var retry backoff
	regular := f.aroundEvery - jitter(f.aroundEvery/spread)
	called := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wakeAround: // there was a good poll since the last round
		}
		err := f.readAround(ctx, called)
		f.report(ctx, partAround, err)
		if ctx.Err() != nil {
			return
		}
		pause := regular
		if passesSoon(err) {
			pause = min(pause, retry.after(err, f.now()))
		} else {
			retry.reset()
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
			called, regular = false, f.aroundEvery
		case <-f.askedAround:
			called = true
		}
		timer.Stop()
	}
}

// callAround has the surroundings read again because of a run whose pipeline
// they don't have, but not right after they were read, and once for a name:
// the runs of a pipeline that was deleted go on being shown.
func (f *factory) callAround(runs []adf.PipelineRun) {
	f.firing.saw(runs)
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
// none of the others, and says so where its figures stand. Unless somebody
// called for them, what can't have changed is left out.
func (f *factory) readAround(ctx context.Context, called bool) error {
	var troubles []error
	for _, part := range []struct {
		kind store.SurroundingKind
		read func(context.Context, bool) error
	}{
		{store.SurroundingFactory, f.readFacts},
		{store.SurroundingPipelines, f.readDefinitions},
		{store.SurroundingTriggers, f.readTriggers},
		{store.SurroundingTriggerRuns, f.readTriggerRuns},
		{store.SurroundingRuntimes, f.readRuntimes},
	} {
		err := part.read(ctx, called)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if part.kind == store.SurroundingPipelines {
			f.triedDefinitions.Do(func() { close(f.definitionsTried) })
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

// readFacts asks for the factory itself, unless discovery has just shown it.
func (f *factory) readFacts(ctx context.Context, called bool) error {
	if seen := f.factsSeen.Load(); !called && seen != nil && f.now().Sub(*seen) < f.aroundEvery {
		return nil
	}
	facts, err := f.azure().Factory(ctx, f.place.ID)
	if err != nil {
		return err
	}
	if _, err := f.store.PutFactory(ctx, redactFacts(f.redact, facts), f.seers.current().source); err != nil {
		return fmt.Errorf("store the facts of factory %s: %w", f.place.Name, err)
	}
	return f.sawFacts(ctx)
}

// sawFacts notes that what the store says of the factory itself is what Azure
// says now.
func (f *factory) sawFacts(ctx context.Context) error {
	f.noteFactsSeen()
	return f.store.SetSurroundings(ctx, f.place.Key, store.SurroundingFactory, f.azureNow(), nil)
}

func (f *factory) noteFactsSeen() {
	now := f.now()
	f.factsSeen.Store(&now)
}

func (f *factory) readDefinitions(ctx context.Context, _ bool) error {
	all, err := f.azure().Pipelines(ctx, f.place.ID)
	if err != nil {
		return err
	}
	known := &knownPipelines{at: f.now(), pipelines: map[string]bool{}}
	for i := range all.Items {
		known.pipelines[strings.ToLower(all.Items[i].Name)] = true
	}
	f.known.Store(known)
	secrets, err := f.addSecrets(ctx, all.Items)
	if err != nil {
		return err
	}
	if err := f.cleanStored(ctx, secrets); err != nil {
		return err
	}
	var clean []adf.PipelineDefinition
	for i := range all.Items {
		d, ok := redacted(f, &all.Items[i], all.Items[i].Raw, adf.DecodePipelineDefinition, func(raw []byte) ([]byte, bool) {
			return secrets.Definition(all.Items[i].Name, raw)
		})
		if ok {
			clean = append(clean, d)
		}
	}
	return f.store.PutDefinitions(ctx, f.reading(all.Asked, len(all.Odd)+len(all.Items)-len(clean)), clean)
}

// redacted returns a resource without its secrets, and without what others
// take out of its text; false when it can't be read any more without them.
func redacted[T any](f *factory, whole *T, raw []byte, decode func([]byte) (T, error), others ...func([]byte) ([]byte, bool)) (T, bool) {
	text, changed := f.redact.JSON(raw)
	for _, other := range others {
		var isChanged bool
		text, isChanged = other(text)
		changed = changed || isChanged
	}
	if !changed {
		return *whole, true
	}
	clean, err := decode(text)
	return clean, err == nil
}

func (f *factory) reading(asked time.Time, lost int) store.Reading {
	return store.Reading{Factory: f.place.Key, AsOf: adf.TimeOf(asked), Partial: lost > 0}
}

func (f *factory) readTriggers(ctx context.Context, _ bool) error {
	all, err := f.azure().Triggers(ctx, f.place.ID)
	if err != nil {
		return err
	}
	f.firing.listed(all.Items, len(all.Odd))
	var clean []adf.Trigger
	for i := range all.Items {
		t, ok := redacted(f, &all.Items[i], all.Items[i].Raw, adf.DecodeTrigger, func(raw []byte) ([]byte, bool) {
			return f.secrets.Load().HandedOn(raw, true)
		})
		if ok {
			clean = append(clean, t)
		}
	}
	return f.store.PutTriggers(ctx, f.reading(all.Asked, len(all.Odd)+len(all.Items)-len(clean)), clean)
}

// knownPipelines is what the collecting itself needs of the definitions.
type knownPipelines struct {
	at        time.Time       // when they were read
	pipelines map[string]bool // by lower-case name
}
