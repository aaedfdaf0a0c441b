package doctor

import (
	"context"
	"errors"
	"fmt"

	"andon/internal/azure"
)

// eachFactory tries the named factories, and of those that were found as many
// as are asked for.
func (w *walk) eachFactory(ctx context.Context, all []found) {
	tried := 0
	for _, f := range all {
		if !f.named && w.options.Most > 0 && tried >= w.options.Most {
			w.report.NotLookedAt = append(w.report.NotLookedAt, string(f.id))
			continue
		}
		tried++
		w.report.Factories = append(w.report.Factories, w.factory(ctx, f))
	}
}

// factory sends one request of each kind.
func (w *walk) factory(ctx context.Context, f found) FactoryReport {
	report := FactoryReport{ID: string(f.id), Name: f.id.Name(), Steps: []Step{}}
	first := map[azure.ProbeKind]string{} // what a kind found to ask further for
	broken := map[azure.ProbeKind]bool{}
	gone := false
	for _, kind := range azure.ProbeKinds() {
		request := azure.ProbeRequest{Kind: kind, Factory: f.id}
		switch {
		case gone:
			report.Steps = append(report.Steps, notReached(string(kind), "the factory was not reached"))
			continue
		case kind == azure.ProbeActivityRuns:
			request.Item = first[azure.ProbePipelineRuns]
		case kind == azure.ProbeRuntimeStatus && broken[azure.ProbeRuntimes]:
			report.Steps = append(report.Steps, notReached(string(kind), "the integration runtimes are not known"))
			continue
		case kind == azure.ProbeRuntimeStatus && first[azure.ProbeRuntimes] == "":
			report.Steps = append(report.Steps, notReached(string(kind), "the factory has no integration runtime to ask about"))
			continue
		case kind == azure.ProbeRuntimeStatus:
			request.Item = first[azure.ProbeRuntimes]
		}
		var err error
		step := timed(ctx, w.options, string(kind), func(ctx context.Context) Step {
			var result azure.ProbeResult
			if result, err = w.source.Client.Probe(ctx, request); err != nil {
				return w.probeFailed(kind, err, worst(report.Steps))
			}
			first[kind] = result.First
			return Step{Status: OK, What: says(kind, result)}
		})
		broken[kind] = step.Status != OK
		gone = kind == azure.ProbeFactory && isGone(err)
		report.Steps = append(report.Steps, step)
	}
	if w.options.Operator {
		report.Steps = append(report.Steps, notReached(StepOperate, "whether it may rerun and cancel shows only when it does"))
	}
	return report
}

// isGone reports whether asking further of a factory makes no sense. One that
// may not be read may still let its runs be queried.
func isGone(err error) bool {
	e, ok := errors.AsType[*azure.Error](err)
	return err != nil && (!ok || e.Kind != azure.KindForbidden)
}

// probeFailed is a step whose probe failed, after steps whose worst is before.
func (w *walk) probeFailed(kind azure.ProbeKind, err error, before Status) Step {
	s := w.failure(string(kind), err)
	if e, ok := errors.AsType[*azure.Error](err); ok && e.Kind == azure.KindThrottled && e.Status == 0 {
		// Nothing was sent: an earlier answer told to wait. Where that was none of
		// this report's, it is said here, since nobody knows how the factory is.
		if before != OK {
			return notReached(string(kind), e.What+", "+e.Advice)
		}
		s.Status = Warning
	}
	return s
}

// says tells what a kind found.
func says(kind azure.ProbeKind, r azure.ProbeResult) string {
	n := func(one, many string) string {
		if r.More {
			return fmt.Sprintf("%d %s and more", r.Rows, many)
		}
		return count(r.Rows, one, many)
	}
	switch kind {
	case azure.ProbePipelineRuns:
		return n("run", "runs") + " in the last minute"
	case azure.ProbeTriggerRuns:
		return n("trigger run", "trigger runs") + " in the last minute"
	case azure.ProbeTriggers, azure.ProbeTriggerList:
		return n("trigger", "triggers")
	case azure.ProbePipelines:
		return n("pipeline", "pipelines")
	case azure.ProbeRuntimes:
		return n("integration runtime", "integration runtimes")
	case azure.ProbeFactory, azure.ProbeActivityRuns, azure.ProbeRuntimeStatus:
	}
	return "answered"
}
