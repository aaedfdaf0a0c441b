package declared

import (
	"encoding/json"
	"strings"

	"andon/internal/adf"
	"andon/internal/redact"
)

// activityKey identifies an activity of a pipeline, without regard to case.
func activityKey(pipeline, activity string) string {
	return strings.ToLower(pipeline) + "\x00" + strings.ToLower(activity)
}

// addActivities notes which activities of a newer version have a secure input or
// output.
func (s *Secrets) addActivities(pipeline string, activities []adf.Activity) {
	for i := range activities {
		a := &activities[i]
		if secure := policyOf(a.Raw); secure != (redact.Options{}) {
			s.activities[activityKey(pipeline, a.Name)] = secure
		} else {
			delete(s.activities, activityKey(pipeline, a.Name))
		}
		s.addActivities(pipeline, a.Inner)
	}
}

// policyOf reads an activity's policy (ADF REST, Activity Policy).
func policyOf(activity []byte) redact.Options {
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

// isOn takes what is neither absent nor false for true, an expression for
// example.
func isOn(v any) bool { return v != nil && v != false && v != "false" }
