package world

import "time"

// throttledMessage is what a run says that came when 100 runs were queued for its pipeline already (azure.md §14). The
// blank at its end is the service's.
const throttledMessage = "Pipeline execution throttled. If the concurrency value is set for a pipeline, a maximum of 100 runs will be queued for execution. "

// oneHourIn says in how many hours a pipeline with a limit of concurrent runs meets it once.
const oneHourIn = 40

// meetLimit makes a run fail at Data Factory's own limits: at once and with the message above, or after two seconds
// without any message. Either way it has no activities. All runs of the pipeline in that hour fail so, as they do in a
// burst. It draws nothing from the planner's stream, so that the rest of the world stays as it is.
func (p *planner) meetLimit(r *Run) {
	if !r.pipeline.habits.limited || r.outcome != succeeded || r.child != nil || r.parent != nil || r.first != nil {
		return
	}
	const hour = instant(time.Hour)
	h := mixAll(p.world.seed, saltLimit, textKey(r.pipeline.factory.Name+"/"+r.pipeline.Name), uint64(r.start/hour)) //nolint:gosec // after 1970
	if h%oneHourIn != 0 {
		return
	}
	r.outcome, r.left = failed, r.start
	r.flags |= flagThrottled
	r.end = r.start.add(100 * time.Millisecond)
	if h>>20%2 == 0 {
		r.flags |= flagUnexplained
		r.end = r.start.add(2100 * time.Millisecond)
	}
}
