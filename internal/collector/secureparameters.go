package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/redact"
	"andon/internal/store"
)

// secureParameters takes the values of SecureString parameters out of rows.
// Their names give no hint, and Azure shows the values in plain text: only the
// definition of the pipeline that declares them says that they are secret.
//
// The rule: what is under the name of a SecureString parameter of pipeline
// P is secret in the parameters of P's runs, in parameters that are handed to
// P, and in P's own defaults. Example: pl_child declares {"pin": {"type":
// "securestring"}, "site": {"type": "string"}}; of {"pin": "4711", "site":
// "north"} that pl_parent hands to it, {"pin": "<redacted>", "site": "north"}
// is kept. What Azure masked itself (***) stays as it came.
type secureParameters struct {
	redact *redact.Redactor
	names  map[string][]string // by lower-case pipeline
}

func newSecureParameters(r *redact.Redactor, all []adf.PipelineDefinition) *secureParameters {
	s := &secureParameters{redact: r, names: map[string][]string{}}
	for i := range all {
		if names := all[i].SecureParameters(); len(names) > 0 {
			s.names[strings.ToLower(all[i].Name)] = names
		}
	}
	return s
}

// isEmpty reports whether no pipeline has such a parameter, as in most
// factories.
func (s *secureParameters) isEmpty() bool { return s == nil || len(s.names) == 0 }

// run returns the raw row of a run of a pipeline without the values.
func (s *secureParameters) run(pipeline string, raw []byte) (clean []byte, changed bool) {
	if s.isEmpty() {
		return raw, false
	}
	names := s.names[strings.ToLower(pipeline)]
	if len(names) == 0 {
		return raw, false
	}
	return adf.EditMember(raw, "parameters", func(v json.RawMessage) (json.RawMessage, bool) {
		return s.redact.WithKeys(without(names, v, isMasked)...).JSON(v)
	})
}

// runs takes the values out of runs.
func (s *secureParameters) runs(runs []adf.PipelineRun) []adf.PipelineRun {
	for i := range runs {
		raw, changed := s.run(runs[i].PipelineName, runs[i].Raw)
		if !changed {
			continue
		}
		// Nothing but the parameters changed, so it can be read as before.
		if clean, err := adf.DecodePipelineRun(raw); err == nil {
			runs[i] = clean
		}
	}
	return runs
}

// activities takes the values out of what activities hand to pipelines.
func (s *secureParameters) activities(rows []adf.ActivityRun) (clean []adf.ActivityRun, changed bool) {
	for i := range rows {
		raw, isChanged := s.handedOn(rows[i].Raw, false)
		if !isChanged {
			continue
		}
		if row, err := adf.DecodeActivityRun(raw); err == nil {
			rows[i], changed = row, true
		}
	}
	return rows, changed
}

// handedOn returns raw without the values that it hands to pipelines. In a
// definition an expression says where a value comes from, and stays; in the
// row of a run the same text is the value itself.
func (s *secureParameters) handedOn(raw []byte, isDefinition bool) (clean []byte, changed bool) {
	if s.isEmpty() || !bytes.Contains(bytes.ToLower(raw), []byte("referencename")) {
		return raw, false
	}
	return adf.EditParameters(raw, func(pipeline string, parameters json.RawMessage) (json.RawMessage, bool) {
		names := s.names[strings.ToLower(pipeline)]
		names = without(names, parameters, isMasked)
		if isDefinition {
			names = without(names, parameters, isExpression)
		}
		return s.redact.WithKeys(names...).JSON(parameters)
	})
}

// definition returns the definition of a pipeline without the defaults of its
// own such parameters, and without what it hands to others.
func (s *secureParameters) definition(pipeline string, raw []byte) (clean []byte, changed bool) {
	clean, changed = s.handedOn(raw, true)
	names := s.names[strings.ToLower(pipeline)]
	if len(names) == 0 {
		return clean, changed
	}
	inDefault := s.redact.WithKeys("defaultValue")
	clean, hasDefaults := adf.EditMember(clean, "properties", func(properties json.RawMessage) (json.RawMessage, bool) {
		return adf.EditMember(properties, "parameters", func(all json.RawMessage) (json.RawMessage, bool) {
			edited := false
			for _, name := range names {
				var isChanged bool
				all, isChanged = adf.EditMember(all, name, func(v json.RawMessage) (json.RawMessage, bool) { return inDefault.JSON(v) })
				edited = edited || isChanged
			}
			return all, edited
		})
	})
	return clean, changed || hasDefaults
}

// without returns the names of parameters but for those whose value holds no
// secret.
func without(names []string, parameters json.RawMessage, holdsNone func(json.RawMessage) bool) []string {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(parameters, &values); err != nil {
		return names // of another form: all of it is looked at
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		for key, value := range values {
			if strings.EqualFold(key, name) && !holdsNone(value) {
				return false
			}
		}
		return true
	})
}

// isExpression reports whether a value of a definition says where the real one
// comes from: "@pipeline().parameters.pin", as a text or as
// {"value":"@pipeline().parameters.pin","type":"Expression"}.
func isExpression(value json.RawMessage) bool {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return strings.HasPrefix(text, "@") && !strings.HasPrefix(text, "@@")
	}
	var object struct{ Type string }
	return json.Unmarshal(value, &object) == nil && strings.EqualFold(object.Type, "Expression")
}

// isMasked reports whether Azure has masked a value itself.
func isMasked(value json.RawMessage) bool {
	var text string
	return json.Unmarshal(value, &text) == nil && text != "" && strings.Trim(text, "*") == ""
}

// cleanRuns takes out of runs what must not be kept, in the manner of
// redactRuns.
func (f *factory) cleanRuns(runs []adf.PipelineRun) (clean []adf.PipelineRun, lost []azure.OddRow) {
	clean, lost = redactRuns(f.redact, runs)
	return f.secureParameters().runs(clean), lost
}

// secureParameters returns those of the definitions as they were read last,
// and before that of those that are stored.
func (f *factory) secureParameters() *secureParameters {
	if known := f.known.Load(); known != nil {
		return known.parameters
	}
	return f.storedParameters.Load()
}

// prepareParameters makes known which parameters the stored definitions
// declare as secure, before the first rows are written. Rows of a factory whose
// definitions were never read are cleaned once they are.
func (f *factory) prepareParameters(ctx context.Context) {
	all, err := f.store.Definitions(ctx, f.place.Key)
	if err != nil && ctx.Err() == nil {
		f.logger.WarnContext(ctx, "the stored definitions can't be read", "error", err)
	}
	f.storedParameters.Store(newSecureParameters(f.redact, all))
	f.isUnprepared = err != nil
}

// cleanStored takes values out of rows that were stored before the definitions
// said that they are secret: of all pipelines with such parameters where the
// store was never looked through, else of those whose stored definition does
// not have them. It comes before the definitions are stored, so that it is
// done again where it broke off.
func (f *factory) cleanStored(ctx context.Context, s *secureParameters) error {
	states, err := f.store.SurroundingsAsOf(ctx, f.place.Key)
	if err != nil {
		return fmt.Errorf("what of factory %s was looked through for secure parameters: %w", f.place.Name, err)
	}
	isClean := !states[store.SurroundingSecureParameters].AsOf.IsZero() && !f.isUnprepared
	for pipeline, names := range s.names {
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
func (f *factory) cleanStoredRuns(ctx context.Context, s *secureParameters, pipeline string) error {
	q := store.RunQuery{RunFilter: store.RunFilter{Factories: []string{f.place.Short}, Pipelines: []string{pipeline}}, Limit: store.MaxLimit}
	parents := map[string]bool{}
	for {
		page, err := f.store.Runs(ctx, q)
		if err != nil {
			return err
		}
		var dirty []adf.PipelineRun
		for i := range page.Runs {
			run := &page.Runs[i].PipelineRun
			if by := run.InvokedBy; by != nil && by.PipelineRunID != nil {
				parents[*by.PipelineRunID] = true
			}
			if raw, changed := s.run(pipeline, run.Raw); changed {
				run.Raw = raw
				dirty = append(dirty, *run)
			}
		}
		if _, err := f.store.RewriteRuns(ctx, f.place.Key, dirty); err != nil {
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

func (f *factory) cleanStoredActivities(ctx context.Context, s *secureParameters, runID string) error {
	err := f.store.RewriteImportedActivities(ctx, f.place.Key, runID, func(raw []byte) ([]byte, bool) { return s.handedOn(raw, false) })
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
	rows, changed := s.activities(known.Rows)
	if !changed {
		return nil
	}
	return f.store.WriteActivities(ctx, f.place.Key, runID, rows, known.State == store.ActivitiesComplete, known.AsOf)
}
