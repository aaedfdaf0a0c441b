package collector

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/store"
)

const (
	// settle is how long after its end a run is asked for its activities when
	// nobody waits for them: then all of its rows are visible, and one request
	// is enough. Azure's Date header, by which the store judges that, cuts off
	// parts of a second.
	settle = store.LateRows + 5*time.Second
	// healAfter is how long after its end a run is asked once more that was
	// asked before, and whatever else was left over.
	healAfter = 2 * time.Minute
	// backlogLength is how many finished runs are taken from the store at
	// once.
	backlogLength = 200
	// runningRuns is how many running runs have their activities read while
	// they run.
	runningRuns = 3
	// longRun is how long a run has to run before anybody wonders about it.
	// Asking for shorter ones would cost more than all else.
	longRun = 5 * time.Minute
	// memoLife is how long a run that was asked for is remembered: longer
	// than any window overlaps the one before it.
	memoLife = 2 * mostOverlap
	// freshMost is how many ended runs wait here. The store knows of further
	// ones, and offers them with the rest of history.
	freshMost = 1000
	// idle is how long the queue rests without being woken.
	idle = time.Minute
	// errorLife is how long an error is repeated to whoever asks for the same
	// run again, instead of asking Azure.
	errorLife = 10 * time.Second
)

// activityJob is a run whose activities are to be read.
type activityJob struct {
	runID   string
	start   adf.Time
	ended   bool // the run is known to have ended
	urgent  bool // somebody waits: not among the background's requests
	recheck bool // the store may have them already
	tries   int  // attempts before this one
	// due is when to ask, by Azure's clock; zero means at once.
	due adf.Time
}

func (j *activityJob) purpose() budget.Purpose {
	if j.urgent {
		return budget.Activities
	}
	return budget.HistoryActivities
}

// memo is what the queue remembers of a run it handed out.
type memo struct {
	busy      bool
	tries     int
	asked     time.Time // when the last attempt ended
	notBefore time.Time
	ended     bool // the last attempt knew that the run had ended
	err       error
}

// activityQueue decides whose activities are read next: first runs that have
// just ended, the failed ones at once and the others when their rows have
// settled, then the newest running ones from time to time, then history,
// failed and newest first, once it is filled. Runs that their pipeline's
// policy doesn't keep are never asked for.
type activityQueue struct {
	now    func() time.Time
	clock  func() adf.Time // Azure's
	policy func(pipeline string) ActivityPolicy
	woken  chan struct{}

	mu        sync.Mutex
	filled    bool
	fresh     []activityJob // ended since the history was filled
	unkept    []string      // runIds of those that a policy doesn't keep, to be noted in the store
	running   []store.RunRef
	backlog   []activityJob
	exhausted bool // the store had nothing more when it was asked last
	reading   bool // one of the backlog is being read: one at a time, so that polls stand behind one request at most
	memos     map[string]*memo
	retry     backoff
	paused    time.Time
}

func newActivityQueue(now func() time.Time) *activityQueue {
	return &activityQueue{
		now: now, clock: func() adf.Time { return adf.TimeOf(now()) }, policy: ActivityPolicies{}.of(""),
		woken: make(chan struct{}, 1), memos: map[string]*memo{},
	}
}

// wake makes the loop look again, also for further history.
func (q *activityQueue) wake() {
	q.mu.Lock()
	q.exhausted = false
	q.forget()
	q.mu.Unlock()
	q.signal()
}

func (q *activityQueue) signal() {
	select {
	case q.woken <- struct{}{}:
	default: // it will look in any case
	}
}

// forget drops what is remembered for longer than needed.
func (q *activityQueue) forget() {
	now := q.now()
	for key, m := range q.memos {
		if !m.busy && now.Sub(m.asked) > memoLife && now.After(m.notBefore) {
			delete(q.memos, key)
		}
	}
}

func (q *activityQueue) setFilled(filled bool) {
	q.mu.Lock()
	changed := q.filled != filled
	q.filled = filled
	q.mu.Unlock()
	if changed {
		q.wake()
	}
}

// isFilled reports whether history is filled.
func (q *activityQueue) isFilled() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.filled
}

// setOpen says which runs are going on.
func (q *activityQueue) setOpen(open []store.RunRef) {
	now := q.clock()
	newest := slices.SortedFunc(slices.Values(open), func(a, b store.RunRef) int { return int(b.RunStart - a.RunStart) })
	newest = slices.DeleteFunc(newest, func(ref store.RunRef) bool { return !q.policy(ref.PipelineName).wantsRunning(now.Sub(ref.RunStart)) })
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = newest[:min(len(newest), runningRuns)]
}

// finished takes in runs as Azure shows them now, and queues those that have
// ended. While history is being filled it takes none: they are part of it.
func (q *activityQueue) finished(runs []adf.PipelineRun) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.filled {
		return
	}
	added := false
	for i := range runs {
		r := &runs[i]
		m := q.memos[strings.ToLower(r.RunID)]
		if !r.Status.Terminal() || m != nil && m.ended {
			continue
		}
		job := activityJob{runID: r.RunID, start: runStartOf(r), ended: true, urgent: true, recheck: true}
		if q.isFresh(job.runID) {
			continue
		}
		added = true
		switch {
		case !q.policy(r.PipelineName).Wants(r.Status, r.DurationInMs):
			q.unkept = append(q.unkept, r.RunID)
			if m == nil { // else it may be read right now, for somebody who asked
				m = &memo{}
				q.memos[strings.ToLower(r.RunID)] = m
			}
			m.ended, m.asked = true, q.now()
		case len(q.fresh) >= freshMost:
			q.exhausted = false
		case r.Status == adf.StatusFailed:
			q.fresh = slices.Insert(q.fresh, 0, job)
		default:
			// An end that lies far ahead is odd, and not waited for.
			now := q.clock()
			job.due = min(runEndOf(r).Add(settle), now.Add(settle))
			q.fresh = append(q.fresh, job)
		}
	}
	if added {
		q.signal()
	}
}

func (q *activityQueue) isFresh(runID string) bool {
	return slices.ContainsFunc(q.fresh, func(j activityJob) bool { return strings.EqualFold(j.runID, runID) })
}

// takeUnkept hands out the runs to be noted as not kept.
func (q *activityQueue) takeUnkept() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.unkept
	q.unkept = nil
	return taken
}

// wantsBacklog reports whether history should be taken from the store.
func (q *activityQueue) wantsBacklog() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.filled && len(q.backlog) == 0 && !q.exhausted && !q.now().Before(q.paused)
}

// setBacklog takes in what the store offers.
func (q *activityQueue) setBacklog(refs []store.RunRef) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	for _, ref := range refs {
		if m := q.memos[strings.ToLower(ref.RunID)]; m != nil && (m.busy || now.Before(m.notBefore)) || q.isFresh(ref.RunID) {
			continue
		}
		q.backlog = append(q.backlog, activityJob{runID: ref.RunID, start: ref.RunStart, ended: true})
	}
	q.exhausted = len(q.backlog) == 0
}

// next takes the most urgent job out of the queue. Where there is none, or
// nothing may be asked now, ok is false. pause is how long the answer holds
// unless the queue is woken.
func (q *activityQueue) next() (job activityJob, ok bool, pause time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if now.Before(q.paused) {
		return activityJob{}, false, q.paused.Sub(now)
	}
	pause = idle
	for i := 0; i < len(q.fresh); {
		job = q.fresh[i]
		if rest := job.due.Sub(q.clock()); rest > 0 {
			pause = min(pause, rest)
			i++
			continue
		}
		q.fresh = slices.Delete(q.fresh, i, i+1)
		if q.begin(&job, now) {
			return job, true, idle
		}
	}
	for _, ref := range q.running {
		job = activityJob{runID: ref.RunID, start: ref.RunStart, urgent: true}
		age := now.Sub(ref.RunStart.Time())
		m := q.memos[strings.ToLower(ref.RunID)]
		if age < longRun || m != nil && (m.ended || now.Sub(m.asked) < againAfter(age, 0)) {
			continue
		}
		if q.filled && q.begin(&job, now) {
			return job, true, idle
		}
	}
	for len(q.backlog) > 0 && !q.reading {
		job, q.backlog = q.backlog[0], q.backlog[1:]
		if q.begin(&job, now) {
			q.reading = true
			return job, true, idle
		}
	}
	return activityJob{}, false, pause
}

// begin marks a run as being read, unless it is already or has to rest.
func (q *activityQueue) begin(job *activityJob, now time.Time) bool {
	key := strings.ToLower(job.runID)
	m := q.memos[key]
	if m == nil {
		m = &memo{}
		q.memos[key] = m
	}
	if m.busy || now.Before(m.notBefore) {
		return false
	}
	m.busy, job.tries = true, m.tries
	return true
}

// claim marks a run as being read for somebody who waits. It returns false
// when it is being read already, and the error of an attempt just made.
func (q *activityQueue) claim(runID string) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	job := activityJob{runID: runID}
	if m := q.memos[strings.ToLower(runID)]; m != nil {
		if m.err != nil && now.Sub(m.asked) < errorLife {
			return false, m.err
		}
		m.notBefore = time.Time{}
	}
	return q.begin(&job, now), nil
}

// putBack returns a job that was taken but not begun.
func (q *activityQueue) putBack(job activityJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.memos[strings.ToLower(job.runID)].busy = false
	switch {
	case !job.urgent:
		q.reading = false
		q.backlog = slices.Insert(q.backlog, 0, job)
	case job.ended:
		q.fresh = slices.Insert(q.fresh, 0, job)
	}
}

// release says how a job ended, and returns how often its run was tried in
// vain.
func (q *activityQueue) release(job activityJob, err error) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !job.urgent {
		q.reading = false
		q.signal()
	}
	m := q.memos[strings.ToLower(job.runID)]
	m.busy, m.asked, m.err = false, q.now(), err
	if err == nil {
		m.tries, m.ended = 0, job.ended
		q.retry.reset()
		return 0
	}
	if errors.Is(err, errUnsettled) {
		m.tries++
		m.err = nil // what is there can be shown
		m.notBefore = m.asked.Add(time.Duration(m.tries) * 10 * time.Second)
		return m.tries
	}
	if !concernsFactory(err) {
		m.tries++
		m.notBefore = m.asked.Add(time.Duration(m.tries) * time.Minute)
	}
	return m.tries
}

// pause stops the queue for a while after trouble that is not one run's.
func (q *activityQueue) pause(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	q.paused = now.Add(q.retry.after(err, now))
}

// resume ends a pause whose trouble is over.
func (q *activityQueue) resume() {
	q.mu.Lock()
	q.paused = time.Time{}
	q.mu.Unlock()
	q.signal()
}
