package world

import (
	"math/rand/v2"
	"slices"
	"time"
)

// ActivityState is what ADF shows of one activity run at one time (ADF REST, Activity Runs - Query By Pipeline Run).
// Its JSON is the row itself, in the service's order of members.
type ActivityState struct {
	ActivityRunEnd          *time.Time        `json:"activityRunEnd"` // nil while running
	ActivityName            string            `json:"activityName"`
	ActivityRunStart        time.Time         `json:"activityRunStart"`
	ActivityType            string            `json:"activityType"`
	DurationInMs            *int64            `json:"durationInMs"` // nil while running
	RetryAttempt            *int              `json:"retryAttempt"` // nil for the first attempt; each attempt is a row
	Error                   ActivityError     `json:"error"`
	ActivityRunID           string            `json:"activityRunId"`
	IterationHash           string            `json:"iterationHash"` // the same for all activities of one round of a loop
	Input                   map[string]any    `json:"input"`
	LinkedServiceName       string            `json:"linkedServiceName"`
	Output                  map[string]any    `json:"output"` // nil while running
	UserProperties          map[string]string `json:"userProperties"`
	PipelineName            string            `json:"pipelineName"`
	PipelineRunID           string            `json:"pipelineRunId"`
	Status                  string            `json:"status"`
	RecoveryStatus          string            `json:"recoveryStatus"`
	IntegrationRuntimeNames []string          `json:"integrationRuntimeNames"` // nil for control activities
	ExecutionDetails        map[string]any    `json:"executionDetails"`        // likewise
	ID                      string            `json:"id"`
}

// ActivityError is there on success too, with empty strings.
type ActivityError struct {
	ErrorCode   string `json:"errorCode"`
	Message     string `json:"message"`
	FailureType string `json:"failureType"`
	Target      string `json:"target"`
	Details     any    `json:"details,omitzero"` // absent while running, "" on success, an empty array on failure
}

// activityRun is one planned row of a run: as fixed as the run itself, but made when asked for.
type activityRun struct {
	step       *step
	id         string
	begin, end instant
	status     string // the final one
	attempt    int    // 0 for the first
	iteration  string // iteration hash
	item       string // of a ForEach, for what the input says
	child      *Run   // of an Execute Pipeline activity
	cause      uint8
	message    string // of a failed one
	key        uint64 // of its random details
	depth      int    // inside a container: its place there, counted from 1
}

// Activities are the run's activity runs as ADF shows them at t, in the order of their starts as planned.
func (r *Run) Activities(t time.Time) []ActivityState {
	now := at(t)
	rows := r.layout()
	if e := r.changed.Load(); e != nil && now >= e.asked {
		rows = e.cut(rows)
	}
	var states []ActivityState
	for _, a := range rows {
		if a.begin <= now {
			states = append(states, r.stateOf(&a, now))
		}
	}
	return states
}

// layout plans the activity runs: it divides the run's time among its activities. Where a child run's times are given, the activities between two
// children share the time between them.
func (r *Run) layout() []activityRun {
	if r.flags.has(flagThrottled) {
		return nil
	}
	l := &layout{run: r, rng: dice(r.world().seed, saltActivity, uint64(r.number)), stop: len(r.pipeline.steps) - 1}
	switch {
	case r.outcome == failed || r.flags.has(flagHandled):
		l.stop = int(r.failStep)
	case r.outcome == cancelled:
		l.stop = max(l.rng.IntN(len(r.pipeline.steps)), r.firstStep())
	}
	l.children = r.children()
	l.fill()
	l.afterwards()
	return l.rows
}

// layout is the work of laying out one run.
type layout struct {
	run      *Run
	rng      *rand.Rand
	stop     int // the last step that begins
	children []*Run
	rows     []activityRun
}

// fill lays out the steps up to stop.
func (l *layout) fill() {
	r := l.run
	cursor := r.left
	var waiting []int // steps that share the time up to the next child or the end
	next := 0         // the next child
	for i := r.firstStep(); i <= l.stop; i++ {
		s := &r.pipeline.steps[i]
		if s.onFailure {
			continue
		}
		if s.child == nil {
			waiting = append(waiting, i)
			continue
		}
		n := min(max(1, len(s.items)), len(l.children)-next)
		if n <= 0 {
			continue // a scripted run starts no others
		}
		mine := l.children[next : next+n]
		next += n
		begin := mine[0].start.add(-150 * time.Millisecond)
		l.share(waiting, cursor, begin.add(-50*time.Millisecond))
		waiting = nil
		cursor = l.childStep(i, mine, begin)
	}
	l.share(waiting, cursor, l.lastInstant())
}

// lastInstant leaves room for the failure path of a run that handles its failure.
func (l *layout) lastInstant() instant {
	end := l.run.end - instant(min(int64(2*time.Millisecond), int64(l.run.end-l.run.left)/10)/tick*tick)
	if l.run.flags.has(flagHandled) {
		return l.run.left + (end-l.run.left)/tick*2/3*tick
	}
	return end
}

// share gives each step its weight's part of the time from begin to end, with a little air between.
func (l *layout) share(steps []int, begin, end instant) {
	total := 0.0
	weights := make([]float64, len(steps))
	for n, i := range steps {
		weights[n] = l.run.pipeline.steps[i].weight * (0.7 + 0.6*l.rng.Float64())
		total += weights[n]
	}
	done := 0.0
	for n, i := range steps {
		from := between(begin, end, done/total)
		done += weights[n]
		to := between(begin, end, done/total)
		if n == len(steps)-1 {
			to = end
		}
		air := min(to-from, instant(400*time.Millisecond)*16) / 16 / tick * tick
		l.topStep(i, from+air, max(from+air, to))
	}
}

func between(begin, end instant, part float64) instant {
	return begin + instant(float64(end-begin)*part)/tick*tick
}

// ending is how a top-level step ends.
func (l *layout) ending(i int) string {
	r := l.run
	switch {
	case i < l.stop:
		return StatusSucceeded
	case r.outcome == failed || r.flags.has(flagHandled):
		return StatusFailed
	case r.outcome == cancelled:
		return StatusCancelled
	}
	return StatusSucceeded
}

func (l *layout) topStep(i int, begin, end instant) {
	s := &l.run.pipeline.steps[i]
	row := activityRun{step: s, begin: begin, end: end, status: l.ending(i)}
	l.identify(&row, i, 0, 0)
	if len(s.inner) == 0 {
		l.attempts(row)
		return
	}
	if row.status == StatusFailed {
		row.message = l.run.stepError(s)
	}
	l.rows = append(l.rows, row)
	switch s.kind {
	case kindForEach:
		l.forEach(i, row)
	case kindUntil:
		l.until(i, row)
	default:
		l.round(i, 0, row, l.way(row, true))
	}
}

// way is the way to the leaf that made the container fail; nil when it did not, or not in this round.
func (l *layout) way(container activityRun, here bool) []*step {
	if container.status != StatusFailed || !here {
		return nil
	}
	return container.step.path(l.run.failInner)
}

func (l *layout) identify(row *activityRun, step, item, inner int) {
	r := l.run
	place := uint64(step)<<32 | uint64(item)<<16 | uint64(inner) //nolint:gosec // small and not negative
	row.key = mixAll(r.world().seed, saltActivity, uint64(r.number), place)
	row.id = guid(row.key, saltActivity)
	row.cause = r.cause
}

// forEach lays out the rounds of a ForEach lane by lane: it works on three items at a time.
func (l *layout) forEach(i int, loop activityRun) {
	items := loop.step.items
	lanes := min(batch, len(items))
	perLane := (len(items) + lanes - 1) / lanes
	bad := l.badItem(loop)
	for n, item := range items {
		place := n / lanes
		if place > 0 && loop.status == StatusCancelled {
			return
		}
		from := between(loop.begin, loop.end, float64(place)/float64(perLane))
		to := between(loop.begin, loop.end, (float64(place)+0.6+0.4*l.rng.Float64())/float64(perLane))
		l.round(i, n, loop.inRound(n, item, from, to), l.way(loop, n == bad))
	}
}

// batch is how many items a ForEach works on at a time: the batchCount of its definition.
const batch = 3

// badItem is the item whose round failed; -1 when none did.
func (l *layout) badItem(loop activityRun) int {
	path := l.way(loop, true)
	if path == nil {
		return -1
	}
	items := loop.step.items
	for n := range items {
		bad := int((loop.key + uint64(n)) % uint64(len(items))) //nolint:gosec // below the number of items
		if loop.step.holds(path, items[bad]) {
			return bad
		}
	}
	return 0
}

func (l *layout) until(i int, loop activityRun) {
	rounds := 2 + int(loop.key%2)
	if loop.status == StatusCancelled {
		rounds = 1
	}
	for n := range rounds {
		from := between(loop.begin, loop.end, float64(n)/float64(rounds))
		to := between(loop.begin, loop.end, float64(n+1)/float64(rounds))
		l.round(i, n, loop.inRound(n, "", from, to), l.way(loop, n == rounds-1))
	}
}

// inRound is the loop as its n-th round sees it. All activities of a round have one iteration hash.
func (a activityRun) inRound(n int, item string, from, to instant) activityRun {
	a.iteration, a.item, a.begin, a.end = guid32(a.key, uint64(n)), item, from, to //nolint:gosec // not negative
	return a
}

// round lays out the steps inside a container, once. A failed one ends with the step that failed.
func (l *layout) round(i, n int, container activityRun, failing []*step) {
	inner := container.step.inner
	var bound *step
	if len(failing) > 1 {
		bound = failing[1]
	}
	if bound == nil && container.step.kind == kindIf && inner[0].kind == kindFail {
		return // it holds for a Fail activity only when that is what failed the run
	}
	taken := container.step.taken(container.item, bound, container.key)
	if bound != nil {
		for at, j := range taken {
			if &inner[j] == bound {
				taken = taken[:at+1]
			}
		}
	}
	for at, j := range taken {
		row := activityRun{
			step: &inner[j], status: StatusSucceeded, iteration: container.iteration, item: container.item,
			begin: between(container.begin, container.end, (float64(at)+0.05)/float64(len(taken))),
			end:   between(container.begin, container.end, (float64(at)+0.97)/float64(len(taken))),
		}
		if container.status == StatusCancelled {
			row.status = StatusCancelled
			if at > 0 {
				return // the first one was cancelled, the others never began
			}
			row.end = container.end
		}
		place := j + 1
		if container.depth > 0 {
			place |= container.depth << 8
		}
		l.identify(&row, i, n+1, place)
		row.depth = j + 1
		if bound == &inner[j] {
			row.status = StatusFailed
			l.innerStep(i, n, row, failing[1:])
		} else {
			l.innerStep(i, n, row, nil)
		}
	}
}

func (l *layout) innerStep(i, n int, row activityRun, failing []*step) {
	if len(row.step.inner) == 0 {
		l.attempts(row)
		return
	}
	if failing != nil {
		row.message = l.run.wrapped(failing)
	}
	l.rows = append(l.rows, row)
	l.round(i, n, row, failing)
}

// attempts appends a row, or several where the activity was tried again, as the retry policy of its definition has it.
func (l *layout) attempts(row activityRun) {
	tries := l.tries(&row)
	if tries > 1 && row.status == StatusSucceeded {
		if candidates := l.run.world().causesOf(row.step.kind); len(candidates) > 0 {
			row.cause = candidates[row.key>>20%uint64(len(candidates))]
		}
	}
	length := instant(row.span(tries)) / instant(tries) / tick * tick
	for n := range tries {
		try := row
		try.attempt = n
		try.begin = row.begin + instant(n)*(length+instant(retryInterval))
		try.end = try.begin + length
		if n == tries-1 {
			try.end = row.end
		} else {
			try.status = StatusFailed
		}
		if n > 0 {
			try.id = guid(row.key, saltActivity, uint64(n))
		}
		switch {
		case try.status != StatusFailed:
		case n == tries-1:
			try.message = l.run.lastError(row.step)
		default:
			try.message = l.run.textOf(row.cause, row.step, n+1)
		}
		l.rows = append(l.rows, try)
	}
}

// retryInterval is the retryIntervalInSeconds of all policies, the least that ADF allows.
const retryInterval = 30 * time.Second

// retries is how often the activity is tried again when it fails. Short activities are not: their failures are over
// before the interval is.
func (p *Pipeline) retries(s *step) int {
	mayRetry := []kind{kindCopy, kindWeb, kindNotebook, kindLookup, kindProcedure, kindFunction, kindSynapse, kindCustom}
	if !slices.Contains(mayRetry, s.kind) || p.usual < 5*time.Minute || s.weight < 2 {
		return 0
	}
	return int(textKey(s.name) % 3)
}

// tries is how often the activity was tried, by its retry policy and luck, as far as there was time.
func (l *layout) tries(a *activityRun) int {
	tries := 1
	switch retries := l.run.pipeline.retries(a.step); {
	case l.run.script != nil && l.run.script.isFixed, retries == 0: // of a scripted run one message was ordered, not several
	case a.status == StatusFailed:
		tries += retries
	case a.status == StatusSucceeded && a.key%37 == 0:
		tries++
	}
	for tries > 1 && a.span(tries) < time.Duration(tries)*time.Second {
		tries--
	}
	return tries
}

// span is how much of the activity's time so many tries work, between their pauses.
func (a *activityRun) span(tries int) time.Duration {
	return a.end.sub(a.begin) - retryInterval*time.Duration(tries-1)
}

// lastError is the error of the step that failed the run, without the wrapping of its container.
func (r *Run) lastError(s *step) string {
	if r.script != nil && r.script.message != "" {
		return r.stepError(&r.pipeline.steps[r.failStep])
	}
	return r.causeText(s, 0)
}

// childStep lays out a step that starts other pipelines; it lasts until the last of them has ended.
func (l *layout) childStep(i int, children []*Run, begin instant) instant {
	s := &l.run.pipeline.steps[i]
	end := begin
	for _, c := range children {
		end = max(end, c.end)
	}
	end = end.add(200 * time.Millisecond)
	row := activityRun{step: s, begin: begin, end: end, status: l.ending(i)}
	l.identify(&row, i, 0, 0)
	if row.status == StatusFailed {
		row.message = l.run.stepError(s)
	}
	if len(s.inner) == 0 {
		row.child, row.id = children[0], l.run.childActivityID(children[0].ordinal)
		l.rows = append(l.rows, row)
		return end
	}
	l.rows = append(l.rows, row)
	for n, c := range children {
		inner := activityRun{
			step: &s.inner[0], begin: c.start.add(-100 * time.Millisecond), end: c.end.add(100 * time.Millisecond), status: StatusSucceeded,
			iteration: guid32(row.key, uint64(n)), item: s.items[n], child: c,
		}
		l.identify(&inner, i, n+1, 1)
		inner.id = l.run.childActivityID(c.ordinal)
		if c.outcome == failed {
			inner.status, inner.message = StatusFailed, c.message()
		}
		l.rows = append(l.rows, inner)
	}
	return end
}

// afterwards adds what a failure leaves behind: the failure path that ran, and the steps that were skipped.
func (l *layout) afterwards() {
	r := l.run
	handled := r.flags.has(flagHandled)
	if r.outcome == cancelled || len(l.rows) == 0 {
		return
	}
	over := l.lastInstant()
	for i := range r.pipeline.steps {
		s := &r.pipeline.steps[i]
		row := activityRun{step: s, begin: over, end: over, status: StatusSkipped}
		l.identify(&row, i, 0, 0)
		switch {
		case handled && s.onFailure:
			row.status, row.end = StatusSucceeded, r.end
		case s.onFailure && r.outcome == failed && int(r.failStep)+1 != i:
			continue
		case !s.onFailure && i <= l.stop:
			continue
		}
		l.rows = append(l.rows, row)
	}
}

// childActivityID is the id of the Execute Pipeline activity run that started the child with that ordinal.
func (r *Run) childActivityID(ordinal uint8) string {
	return guid(r.world().seed, saltActivity, uint64(r.number), 1<<40|uint64(ordinal))
}

func (r *Run) stateOf(a *activityRun, now instant) ActivityState {
	s := ActivityState{
		ActivityName: a.step.name, ActivityRunStart: a.begin.time(), ActivityType: a.step.kind.activityType(), ActivityRunID: a.id,
		IterationHash: a.iteration, UserProperties: map[string]string{}, PipelineName: r.PipelineName(), PipelineRunID: r.RunID(),
		Status: StatusInProgress, RecoveryStatus: "None", ID: r.ID() + "/activityruns/" + a.id, Input: r.inputOf(a),
		Error: ActivityError{Target: a.step.name},
	}
	if a.attempt > 0 {
		s.RetryAttempt = &a.attempt
	}
	for _, p := range a.step.userProperties() {
		s.UserProperties[p.Name] = p.Value
	}
	if a.step.secret {
		s.Input = map[string]any{} // the policy's secureInput
	}
	if a.status == StatusSkipped {
		s.Input = map[string]any{}
	} else {
		r.runtimeOf(a, &s)
	}
	if now < a.end {
		return s
	}
	end, length := a.end.time(), a.end.sub(a.begin).Milliseconds()
	s.Status, s.ActivityRunEnd, s.DurationInMs, s.Output = a.status, &end, &length, r.outputOf(a)
	if a.step.secret {
		s.Output = map[string]any{}
	}
	s.Error.Details = ""
	if a.status == StatusFailed {
		s.Error.Message, s.Error.Details = a.message, []string{}
		s.Error.ErrorCode, s.Error.FailureType = r.codeOf(a)
	}
	return s
}

// codeOf are the error code and failure type of a failed activity run; containers have a word where others have a number.
func (r *Run) codeOf(a *activityRun) (code, failureType string) {
	if a.child != nil || len(a.step.inner) > 0 {
		return "ActionFailed", userError
	}
	c := &r.world().causes[a.cause]
	return c.errorCode, c.failureType
}
