package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/declared"
	"andon/internal/store"
)

// cleanRuns takes out of runs what must not be kept, in the manner of
// redactRuns.
func (f *factory) cleanRuns(runs []adf.PipelineRun) (clean []adf.PipelineRun, lost []azure.OddRow) {
	clean, lost = redactRuns(f.redact, runs)
	return f.declaredSecrets().Runs(clean), lost
}

// declaredSecrets returns those of the definitions as they were read last,
// and before that of those that are stored.
func (f *factory) declaredSecrets() *declared.Secrets {
	if known := f.known.Load(); known != nil {
		return known.secrets
	}
	return f.storedSecrets.Load()
}

// prepareParameters makes known which parameters the stored definitions
// declare as secure, before the first rows are written. Rows of a factory whose
// definitions were never read are cleaned once they are.
func (f *factory) prepareParameters(ctx context.Context) {
	all, err := f.store.Definitions(ctx, f.place.Key)
	if err != nil && ctx.Err() == nil {
		f.logger.WarnContext(ctx, "the stored definitions can't be read", "error", err)
	}
	f.storedSecrets.Store(declared.New(f.redact, all))
	f.isUnprepared = err != nil
}

// cleanStored takes values out of rows that were stored before the definitions
// said that they are secret: of all pipelines with such parameters where the
// store was never looked through, else of those whose stored definition does
// not have them. It comes before the definitions are stored, so that it is
// done again where it broke off.
func (f *factory) cleanStored(ctx context.Context, s *declared.Secrets) error {
	states, err := f.store.SurroundingsAsOf(ctx, f.place.Key)
	if err != nil {
		return fmt.Errorf("what of factory %s was looked through for secure parameters: %w", f.place.Name, err)
	}
	isClean := !states[store.SurroundingSecureParameters].AsOf.IsZero() && !f.isUnprepared
	for pipeline, names := range s.Pipelines() {
		if isClean {
			isKnown, err := f.isKnownSecure(ctx, pipeline, names)
			if err != nil {
				return err
			}
			if isKnown {
				continue
			}
		}
		if err := f.cleanStoredRuns(ctx, s, pipeline); err != nil {
			return fmt.Errorf("take secure parameters out of the stored runs of %s: %w", pipeline, err)
		}
	}
	if isClean {
		return nil
	}
	f.isUnprepared = false
	return f.store.SetSurroundings(ctx, f.place.Key, store.SurroundingSecureParameters, f.azureNow(), nil)
}

// isKnownSecure reports whether the stored definition of a pipeline declares
// the parameters as secure: then its runs were stored without them.
func (f *factory) isKnownSecure(ctx context.Context, pipeline string, names []string) (bool, error) {
	d, err := f.store.Definition(ctx, f.place.Short, pipeline, 0)
	if _, isUnknown := errors.AsType[*store.NotFoundError](err); isUnknown {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	known := d.SecureParameters()
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(known, name) }), nil
}

// cleanStoredRuns cleans the stored runs of a pipeline, and the activities of
// the runs that started them.
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
	err := f.store.RewriteImportedActivities(ctx, f.place.Key, runID, func(raw []byte) ([]byte, bool) { return s.HandedOn(raw, false) })
	if err != nil {
		return err
	}
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
