package collector

import (
	"context"
	"errors"
	"fmt"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/declared"
	"andon/internal/store"
)

// cleanRuns takes out of runs what must not be kept, in the manner of
// redactRuns.
func (f *factory) cleanRuns(runs []adf.PipelineRun) (clean []adf.PipelineRun, lost []azure.OddRow) {
	clean, lost = redactRuns(f.redact, runs)
	return f.secrets.Load().Runs(clean), lost
}

// storedSecrets reads what all stored versions of the definitions declare as
// secret. With an error it returns what was read until then.
func (f *factory) storedSecrets(ctx context.Context) (*declared.Secrets, error) {
	secrets := declared.New(f.redact, nil)
	err := f.store.Definitions(ctx, f.place.Key, secrets.Add)
	return secrets, err
}

// prepareSecrets makes known what the stored definitions declare as secret,
// before the first rows are written. Rows of a factory whose definitions were
// never read are cleaned once they are.
func (f *factory) prepareSecrets(ctx context.Context) {
	secrets, err := f.storedSecrets(ctx)
	if err != nil && ctx.Err() == nil {
		f.logger.WarnContext(ctx, "the stored definitions can't be read", "error", err)
	}
	f.secrets.Store(secrets)
	if err == nil {
		f.cleanedBy = secrets
	}
}

// addSecrets adds what the listed definitions declare to what the stored ones
// do, which may be of pipelines that were deleted or renamed: their runs still
// end. When it returns, all that is stored was cleaned by older secrets, and what
// comes is cleaned by these.
func (f *factory) addSecrets(ctx context.Context, listed []adf.PipelineDefinition) (*declared.Secrets, error) {
	known := f.secrets.Load()
	var err error
	if f.cleanedBy == nil {
		known, err = f.storedSecrets(ctx)
	}
	secrets := known.With(listed)
	f.cleaning.Lock()
	f.secrets.Store(secrets)
	f.cleaning.Unlock()
	return secrets, err
}

// cleanStored takes values out of rows that were stored before the definitions
// said that they are secret: of all pipelines with such parameters where the
// store was never looked through, else of those that have further ones. Imported
// activities are looked through as a whole then, since their logs need not say
// which run they started. It comes before the definitions are stored, so that it is
// done again where it broke off.
func (f *factory) cleanStored(ctx context.Context, s *declared.Secrets) error {
	states, err := f.store.SurroundingsAsOf(ctx, f.place.Key)
	if err != nil {
		return fmt.Errorf("what of factory %s was looked through for secure parameters: %w", f.place.Name, err)
	}
	before, isMarked := f.cleanedBy, !states[store.SurroundingSecureParameters].AsOf.IsZero()
	if !isMarked {
		before = nil
	}
	pipelines, hasActivities := s.Beyond(before)
	for _, pipeline := range pipelines {
		if err := f.cleanStoredRuns(ctx, s, pipeline); err != nil {
			return fmt.Errorf("take secure parameters out of the stored runs of %s: %w", pipeline, err)
		}
	}
	if len(pipelines) > 0 || hasActivities {
		if _, err := f.store.RewriteImportedActivities(ctx, f.place.Key, s.ActivityRow); err != nil {
			return fmt.Errorf("take what is declared secure out of the imported activities of %s: %w", f.place.Name, err)
		}
	}
	f.cleanedBy = s
	if isMarked {
		return nil
	}
	return f.store.SetSurroundings(ctx, f.place.Key, store.SurroundingSecureParameters, f.azureNow(), nil)
}

// cleanStoredRuns cleans the stored runs of a pipeline, and the activities that
// Azure has given of the runs that started them.
func (f *factory) cleanStoredRuns(ctx context.Context, s *declared.Secrets, pipeline string) error {
	q := store.RunQuery{RunFilter: store.RunFilter{Factories: []string{f.place.Short}, Pipelines: []string{pipeline}}, Limit: store.MaxLimit}
	parents := map[string]bool{}
	for {
		page, err := f.store.Runs(ctx, q)
		if err != nil {
			return err
		}
		keys := make([]store.RunKey, len(page.Runs))
		for i := range page.Runs {
			run := &page.Runs[i]
			if by := run.InvokedBy; by != nil && by.PipelineRunID != nil {
				parents[*by.PipelineRunID] = true
			}
			keys[i] = run.Key
		}
		clean := func(raw []byte) ([]byte, bool) { return s.Run(pipeline, raw) }
		if _, err := f.store.RewriteRuns(ctx, f.place.Key, keys, clean); err != nil {
			return err
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	for runID := range parents {
		if err := f.cleanStoredActivities(ctx, s, runID); err != nil {
			return err
		}
	}
	return nil
}

func (f *factory) cleanStoredActivities(ctx context.Context, s *declared.Secrets, runID string) error {
	known, err := f.store.Activities(ctx, f.place.Short, runID)
	if _, isUnknown := errors.AsType[*store.NotFoundError](err); isUnknown {
		return nil
	}
	if err != nil || known.AreImported {
		return err
	}
	rows, changed := s.Activities(known.Rows)
	if !changed {
		return nil
	}
	return f.store.WriteActivities(ctx, f.place.Key, runID, rows, known.State == store.ActivitiesComplete, known.AsOf)
}
