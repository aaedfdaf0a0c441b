package collector

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/declared"
	"andon/internal/redact"
	"andon/internal/store"
)

// A secure output alone has the imported activities looked through, though no
// pipeline has a SecureString. What broke off is done again.
func TestImportedActivitiesLoseWhatBecomesSecure(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-a", Name: "adf-a"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	row, err := adf.DecodeActivityRun([]byte(`{"activityRunId":"a","pipelineRunId":"r","pipelineName":"p","activityName":"Look","status":"Succeeded","activityRunStart":"2024-01-05T01:00:00Z","output":{"v":"canary"}}`))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Import(t.Context(), nil, func(i *store.Importing) error {
		_, err := i.WriteActivities(t.Context(), place.Key, []adf.ActivityRun{row})
		return errors.Join(err, i.End(t.Context(), 1, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetSurroundings(t.Context(), place.Key, store.SurroundingSecureParameters, 10, nil); err != nil {
		t.Fatal(err)
	}
	f := &factory{store: s, place: place, redact: redact.Default(), now: time.Now}
	f.prepareSecrets(t.Context())
	before := f.cleanedBy
	definition, err := adf.DecodePipelineDefinition([]byte(`{"name":"P","properties":{"activities":[{"name":"look","policy":{"secureOutput":true}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := f.addSecrets(t.Context(), []adf.PipelineDefinition{definition})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.cleanStored(ended, secrets); err == nil || f.cleanedBy != before {
		t.Errorf("what broke off counts as done: %v", err)
	}
	for range 2 {
		if err := f.cleanStored(t.Context(), secrets); err != nil {
			t.Fatal(err)
		}
		left := []byte{}
		_, err = s.RewriteImportedActivities(t.Context(), place.Key, func(raw []byte) ([]byte, bool) {
			left = bytes.Clone(raw)
			return raw, false
		})
		if err != nil || bytes.Contains(left, []byte("canary")) || !bytes.Contains(left, []byte(`"output":"<redacted>"`)) {
			t.Errorf("%s, %v", left, err)
		}
	}
	if _, isDeclared := f.cleanedBy.Beyond(declared.New(redact.Default(), nil)); !isDeclared {
		t.Error("it is not known what the store was cleaned by")
	}
}
