package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"andon/internal/azure"
)

// Status is how a step, or all steps of a part together, ended.
type Status string

// The statuses, the best first. A part is as bad as its worst step, but that
// steps not reached do not count.
const (
	OK         Status = "ok"
	NotReached Status = "notReached" // not tried; What says why
	Warning    Status = "warning"    // works, and will not for long or not well
	Failed     Status = "failed"
)

// Names of steps beside those of azure.ProbeKinds.
const (
	StepSettings       = "settings"
	StepEntra          = "routeToEntra"
	StepManager        = "routeToResourceManager"
	StepToken          = "token"
	StepSubscriptions  = "subscriptions"
	StepFactories      = "factories"
	StepOperate        = "operate" // rerun and cancel
	StepClock          = "clock"
	StepStoreDirectory = "storeDirectory"
	StepStoreSpace     = "storeSpace"
	StepStoreFile      = "storeFile"
)

// Report is what the doctor found. Every list is there, even when empty.
type Report struct {
	CheckedAt time.Time `json:"checkedAt"`
	Status    Status    `json:"status"` // the worst of all parts
	// Settings are about what all sources share, such as the configuration's
	// file.
	Settings []Step         `json:"settings"`
	Sources  []SourceReport `json:"sources"`
	Store    *StoreReport   `json:"store"` // null when it was not looked at
}

// SourceReport is about one source.
type SourceReport struct {
	Name      string          `json:"name"`
	Status    Status          `json:"status"`
	Steps     []Step          `json:"steps"`
	Factories []FactoryReport `json:"factories"`
	// NotLookedAt are the ids of further factories, which may be broken or
	// not.
	NotLookedAt []string `json:"notLookedAt"`
}

// FactoryReport is about one factory of a source.
type FactoryReport struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	Steps  []Step `json:"steps"`
}

// StoreReport is about where history is kept.
type StoreReport struct {
	Address string `json:"address"` // as --store gives it
	Status  Status `json:"status"`
	Steps   []Step `json:"steps"`
}

// Step is one link of the chain.
type Step struct {
	Step         string    `json:"step"`
	Status       Status    `json:"status"`
	What         string    `json:"what"`     // what was found, or the cause; half a sentence
	Evidence     *Evidence `json:"evidence"` // null unless Azure or the way to it failed
	Advice       string    `json:"advice"`   // what to do next; "" where there is nothing to do
	Command      string    `json:"command"`  // shell commands that mend it, one a line; "" where there are none
	DurationInMs int64     `json:"durationInMs"`
}

// Evidence is what shows the cause. It holds neither secrets nor bodies.
type Evidence struct {
	Host       string     `json:"host"`       // who was asked
	Call       string     `json:"call"`       // for what
	HTTPStatus int        `json:"httpStatus"` // 0 when there was no answer
	Code       string     `json:"code"`       // Azure's own; "" when there was none
	Action     string     `json:"action"`     // the missing right; "" where none is missing
	Scope      string     `json:"scope"`      // where it is missing
	RetryAt    *time.Time `json:"retryAt"`    // when asking again makes sense; null when Azure did not say
	System     string     `json:"system"`     // the operating system's word; "" when there was none
}

// Finish fills in the statuses of all parts from those of their steps.
func (r *Report) Finish() {
	r.Status = worst(r.Settings)
	for i := range r.Sources {
		r.Sources[i].finish()
		r.Status = worse(r.Status, r.Sources[i].Status)
	}
	if r.Store != nil {
		r.Store.Status = worst(r.Store.Steps)
		r.Status = worse(r.Status, r.Store.Status)
	}
}

func (s *SourceReport) finish() {
	s.Status = worst(s.Steps)
	for i := range s.Factories {
		f := &s.Factories[i]
		f.Status = worst(f.Steps)
		s.Status = worse(s.Status, f.Status)
	}
}

// worst is the status of a part that consists of steps.
func worst(steps []Step) Status {
	status := OK
	for _, s := range steps {
		status = worse(status, s.Status)
	}
	return status
}

func worse(a, b Status) Status {
	switch {
	case a == Failed || b == Failed:
		return Failed
	case a == Warning || b == Warning:
		return Warning
	default:
		return OK
	}
}

// failure is a step that failed for the reason of an error of Azure.
func failure(name string, client *azure.Client, err error, o Options) Step {
	s := Step{Step: name, Status: Failed, What: err.Error()}
	e, ok := errors.AsType[*azure.Error](err)
	if !ok {
		return s
	}
	s.What, s.Advice, s.Command = e.What, e.Advice, e.Command
	if e.Status == 0 && e.Call == "" {
		return s // the settings can't work; nothing was asked
	}
	s.Evidence = &Evidence{Call: e.Call, HTTPStatus: e.Status, Code: e.Code, Action: e.Action, Scope: e.Scope, System: system(e)}
	if client != nil {
		entra, manager := client.Hosts()
		s.Evidence.Host = manager
		if e.Call == azure.TokenCall || name == StepEntra {
			s.Evidence.Host = entra
		}
	}
	if e.Kind == azure.KindCanceled && errors.Is(err, context.DeadlineExceeded) {
		s.What, s.Evidence.System = fmt.Sprintf("there was no answer within %s", o.StepTime), ""
		s.Advice = "check the network and the proxies on the way, or give it longer"
		s.Command = fmt.Sprintf("andon doctor --timeout %s", 3*o.StepTime)
	}
	if !e.RetryAt.IsZero() {
		at := e.RetryAt.UTC().Truncate(time.Second)
		s.Evidence.RetryAt = &at
		if s.Command == "" && e.Kind == azure.KindThrottled {
			s.Command = fmt.Sprintf("sleep %d && andon doctor", int(math.Ceil(at.Sub(o.Now()).Seconds())))
		}
	}
	return s
}

// system is the cause that lies in the operating system or the network.
func system(e *azure.Error) string {
	if cause := errors.Unwrap(e); cause != nil {
		return cause.Error()
	}
	return ""
}

func notReached(name, why string) Step { return Step{Step: name, Status: NotReached, What: why} }
