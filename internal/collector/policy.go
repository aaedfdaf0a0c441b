package collector

import (
	"fmt"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// Keep says the activities of which runs are kept.
type Keep string

// The ways to keep activities.
const (
	KeepAll    Keep = "all"
	KeepFailed Keep = "failed" // of failed runs, and of slow ones where SlowerThan is given
	KeepNone   Keep = "none"
)

// ActivityPolicy says the activities of which runs of some pipelines are read
// and kept. Factory and Pipeline are globs over names, without regard to
// case; "" is any.
type ActivityPolicy struct {
	Factory    string
	Pipeline   string
	Keep       Keep
	SlowerThan time.Duration // with KeepFailed: runs that took longer are kept too; 0 keeps failed ones only
}

// Wants reports whether the activities of an ended run are kept. durationInMs
// is nil where it is unknown; then the run is not known to have been quick.
func (p ActivityPolicy) Wants(status adf.Status, durationInMs *int64) bool {
	switch p.Keep {
	case KeepNone:
		return false
	case KeepFailed:
		return status == adf.StatusFailed || p.SlowerThan > 0 && (durationInMs == nil || time.Duration(*durationInMs)*time.Millisecond > p.SlowerThan)
	case KeepAll:
	}
	return true
}

// wantsRunning reports whether the activities of a run are worth reading that
// has been going on for so long.
func (p ActivityPolicy) wantsRunning(age time.Duration) bool {
	return p.Keep == KeepAll || p.Keep == KeepFailed && p.SlowerThan > 0 && age > p.SlowerThan
}

// Reason says why a run's activities were not kept, as a sentence.
func (p ActivityPolicy) Reason() string {
	const start = "Not kept: the policy for this pipeline keeps "
	switch {
	case p.Keep == KeepNone:
		return start + "none."
	case p.Keep == KeepFailed && p.SlowerThan > 0:
		return start + fmt.Sprintf("failures and runs slower than %s only.", shortDuration(p.SlowerThan))
	case p.Keep == KeepFailed:
		return start + "failures only."
	default:
		return "Not kept: the policy for this pipeline kept less when the run ended."
	}
}

// shortDuration writes 10m0s as 10m.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ActivityPolicies finds the policy of a pipeline. The zero value keeps all.
type ActivityPolicies struct{ all []matchedPolicy }

type matchedPolicy struct {
	ActivityPolicy

	factory, pipeline adf.NamePattern
}

// NewActivityPolicies prepares a list of policies, of which the first that
// matches counts.
func NewActivityPolicies(list []ActivityPolicy) ActivityPolicies {
	var p ActivityPolicies
	for _, one := range list {
		p.all = append(p.all, matchedPolicy{one, adf.NewNamePattern(one.Factory), adf.NewNamePattern(one.Pipeline)})
	}
	return p
}

// For returns the policy of a pipeline; where none matches all is kept.
func (p ActivityPolicies) For(factory, pipeline string) ActivityPolicy {
	for _, m := range p.all {
		if m.factory.Match(factory) && m.pipeline.Match(pipeline) {
			return m.ActivityPolicy
		}
	}
	return ActivityPolicy{Keep: KeepAll}
}

// of returns the policies that can apply to pipelines of a factory, as a
// function of the pipeline's name.
func (p ActivityPolicies) of(factory string) func(pipeline string) ActivityPolicy {
	var rest ActivityPolicies
	for _, m := range p.all {
		if m.factory.Match(factory) {
			m.factory = adf.NamePattern{}
			rest.all = append(rest.all, m)
		}
	}
	return func(pipeline string) ActivityPolicy { return rest.For(factory, pipeline) }
}

// partition tells the runs of a backlog whose activities are to be read from
// those that the policies don't keep. What was read in time is looked at
// again whatever they say.
func partition(refs []store.RunRef, policy func(pipeline string) ActivityPolicy) (wanted []store.RunRef, unkept []string) {
	for _, ref := range refs {
		if ref.Activities == store.ActivitiesComplete || policy(ref.PipelineName).Wants(ref.Status, ref.DurationInMs) {
			wanted = append(wanted, ref)
		} else {
			unkept = append(unkept, ref.RunID)
		}
	}
	return wanted, unkept
}
