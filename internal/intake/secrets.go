package intake

import (
	"context"
	"fmt"

	"andon/internal/adf"
	"andon/internal/declared"
	"andon/internal/store"
)

// cleanDeclared takes out of a row what the stored definitions of its factory
// declare to be secret. Where no definition is stored, the collector does it once
// it has read them.
func (im *importer) cleanDeclared(ctx context.Context, place store.Place, f *found) (reason, error) {
	secrets := im.declared[place.Key]
	if secrets == nil {
		secrets = declared.New(im.redact, nil)
		if err := im.store.Definitions(ctx, place.Key, secrets.Add); err != nil {
			return reason{}, fmt.Errorf("read what the definitions of %s declare as secure: %w", place.Name, err)
		}
		im.declared[place.Key] = secrets
	}
	if !clearDeclared(secrets, f) {
		return noSecret, nil
	}
	return reason{}, nil
}

// clearDeclared returns false where the row can't be read without the values.
func clearDeclared(secrets *declared.Secrets, f *found) bool {
	var err error
	switch f.is {
	case isPipelineRun:
		if raw, changed := secrets.Run(f.run.PipelineName, f.run.Raw); changed {
			f.run, err = adf.DecodePipelineRun(raw)
		}
	case isActivityRun:
		if raw, changed := secrets.Activity(f.activity.PipelineName, f.activity.ActivityName, f.activity.Raw); changed {
			f.activity, err = adf.DecodeActivityRun(raw)
		}
	case isTriggerRun: // hands no parameters on
	}
	return err == nil
}
