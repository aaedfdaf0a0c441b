// Package declared takes out of rows what the definitions of pipelines declare
// to be secret: the values of SecureString parameters, and the inputs and outputs
// of activities with secureInput or secureOutput.
package declared

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/redact"
)

// Secrets takes out of the rows of one factory what its definitions declare to
// be secret. Nothing in a row says so: only the definition of the pipeline does.
// nil declares nothing. It can be used concurrently.
//
// Of an activity with secureInput the whole input is secret, of one with
// secureOutput the whole output.
//
// Of SecureString parameters the values are, which Azure shows in plain text.
// The rule: what is under the name of a SecureString parameter of pipeline
// P is secret in the parameters of P's runs, in parameters that are handed to
// P, and in P's own defaults. Example: pl_child declares {"pin": {"type":
// "securestring"}, "site": {"type": "string"}}; of {"pin": "4711", "site":
// "north"} that pl_parent hands to it, {"pin": "<redacted>", "site": "north"}
// is kept. What Azure masked itself (***) stays as it came.
type Secrets struct {
	redact *redact.Redactor
	names  map[string][]string // of parameters, by lower-case pipeline
	// activities are those with a secure input or output, by activityKey.
	activities map[string]redact.Options
}

// New returns those of a factory's definitions, as Add applies them one after
// another.
func New(r *redact.Redactor, all []adf.PipelineDefinition) *Secrets {
	s := &Secrets{redact: r, names: map[string][]string{}, activities: map[string]redact.Options{}}
	for i := range all {
		s.Add(&all[i])
	}
	return s
}

// Add applies a definition that is newer than those before it. Of a parameter or
// an activity the newest version that has it decides, since runs of older versions
// still end and are imported. Example: version 1 of pl_child declares pin and key
// as SecureString, version 2 only code, and key as String. Then pin and code are
// secret, key is not. s must not be in use by others yet.
func (s *Secrets) Add(d *adf.PipelineDefinition) {
	s.addActivities(d.Name, d.Activities)
	pipeline := strings.ToLower(d.Name)
	older, names := s.names[pipeline], d.SecureParameters()
	for _, name := range older {
		if !hasMember(d.Parameters, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		s.names[pipeline] = names
	case len(older) > 0:
		delete(s.names, pipeline)
	}
}

// With returns s with definitions that are newer, as Add applies them. s stays as
// it is and is not nil.
func (s *Secrets) With(newer []adf.PipelineDefinition) *Secrets {
	out := &Secrets{redact: s.redact, names: maps.Clone(s.names), activities: maps.Clone(s.activities)}
	for i := range newer {
		out.Add(&newer[i])
	}
	return out
}

// Beyond returns what s takes out and older does not: the pipelines with further
// SecureString parameters, in lower case and in order, and whether an activity has
// a further secure input or output. older is nil for nothing.
func (s *Secrets) Beyond(older *Secrets) (pipelines []string, hasActivities bool) {
	if older == nil {
		older = &Secrets{}
	}
	for pipeline, names := range s.names {
		if slices.ContainsFunc(names, func(name string) bool { return !containsFold(older.names[pipeline], name) }) {
			pipelines = append(pipelines, pipeline)
		}
	}
	slices.Sort(pipelines)
	for key, secure := range s.activities {
		before := older.activities[key]
		hasActivities = hasActivities || secure.DropInput && !before.DropInput || secure.DropOutput && !before.DropOutput
	}
	return pipelines, hasActivities
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) })
}

// hasMember reports whether an object has a member, without regard to case.
func hasMember(object json.RawMessage, name string) bool {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return false // none, or of another form
	}
	for key := range members {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// isEmpty reports whether no pipeline has such a parameter, as in most
// factories.
func (s *Secrets) isEmpty() bool { return s == nil || len(s.names) == 0 }

// Run returns the raw row of a run of a pipeline without the values.
func (s *Secrets) Run(pipeline string, raw []byte) (clean []byte, changed bool) {
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

// Runs takes the values out of runs.
func (s *Secrets) Runs(runs []adf.PipelineRun) []adf.PipelineRun {
	for i := range runs {
		raw, changed := s.Run(runs[i].PipelineName, runs[i].Raw)
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

// Activity returns the raw row of a run of an activity without its secure input
// and output, and without the values that it hands to pipelines.
func (s *Secrets) Activity(pipeline, activity string, raw []byte) (clean []byte, changed bool) {
	clean = raw
	if secure := s.secureOf(pipeline, activity); secure != (redact.Options{}) {
		clean, changed = s.redact.ActivityRun(clean, secure)
	}
	clean, handsOn := s.HandedOn(clean, false)
	return clean, changed || handsOn
}

// ActivityRow is Activity for a row of which nothing is known. It is decoded only
// where an activity has a secure input or output, as in few factories.
func (s *Secrets) ActivityRow(raw []byte) (clean []byte, changed bool) {
	if s == nil || len(s.activities) == 0 {
		return s.HandedOn(raw, false)
	}
	row, err := adf.DecodeActivityRun(raw)
	if err != nil {
		return s.HandedOn(raw, false) // it names no activity
	}
	return s.Activity(row.PipelineName, row.ActivityName, raw)
}

// secureOf returns what of an activity's runs must not be kept.
func (s *Secrets) secureOf(pipeline, activity string) redact.Options {
	if s == nil || len(s.activities) == 0 {
		return redact.Options{}
	}
	return s.activities[activityKey(pipeline, activity)]
}

// Activities is Activity for decoded rows.
func (s *Secrets) Activities(rows []adf.ActivityRun) (clean []adf.ActivityRun, changed bool) {
	for i := range rows {
		raw, isChanged := s.Activity(rows[i].PipelineName, rows[i].ActivityName, rows[i].Raw)
		if !isChanged {
			continue
		}
		if row, err := adf.DecodeActivityRun(raw); err == nil {
			rows[i], changed = row, true
		}
	}
	return rows, changed
}

// HandedOn returns raw without the values that it hands to pipelines. In a
// definition an expression says where a value comes from, and stays; in the
// row of a run the same text is the value itself.
func (s *Secrets) HandedOn(raw []byte, isDefinition bool) (clean []byte, changed bool) {
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

// Definition returns the definition of a pipeline without the defaults of its
// own such parameters, and without what it hands to others.
func (s *Secrets) Definition(pipeline string, raw []byte) (clean []byte, changed bool) {
	clean, changed = s.HandedOn(raw, true)
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
